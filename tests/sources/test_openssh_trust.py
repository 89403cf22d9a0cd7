"""Whom a credential goes to, with OpenSSH's own server: what it has seen of us stands in its log."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from rostersync.errors import SourceError
from rostersync.sources import fetch
from tests.sources import sshd

pytestmark = pytest.mark.sshd
PASSWORD = "canary-of-the-password"
OPTIONS = "LogLevel DEBUG2\nPasswordAuthentication yes\nPermitRootLogin yes\nMaxAuthTries 6"


@pytest.fixture
def talking(tmp_path: Path) -> Iterator[sshd.Sshd]:
    """A server that takes passwords and tells everything in its log."""
    with sshd.running(tmp_path, OPTIONS) as server:
        (server.files / "users.csv").write_bytes(b"sourcedId\nS1\n")
        while "Connection from" not in log(server):  # it writes a little later than it answers
            time.sleep(0.05)
        yield server


def log(server: sshd.Sshd) -> str:
    return (server.key_file.parent / "log").read_text()


def asked_to_log_in(server: sshd.Sshd) -> list[str]:
    """By which methods somebody asked, as the server understood it."""
    return re.findall(r"userauth-request for user \S+ service \S+ method (\S+)", log(server))


def connections(server: sshd.Sshd) -> int:
    """But for the one by which the test saw that the server was up."""
    return log(server).count("Connection from 127.0.0.1") - 1


def refused(source, staging) -> str:
    with pytest.raises(SourceError) as caught, fetch(source, staging=staging):
        pass
    assert caught.value.exit_code == 3
    assert PASSWORD not in str(caught.value)
    assert list(staging.iterdir()) == []
    return str(caught.value)


def credentials() -> list[dict[str, object]]:
    """A password, and the key of the settings."""
    return [{"key_file": None, "password": SecretStr(PASSWORD)}, {}]


def test_an_unknown_server_gets_not_even_a_connection(talking, staging):
    talking.known_hosts.write_text("")
    for credential in credentials():
        assert "rostersync trust-host" in refused(talking.source(**credential), staging)
    assert connections(talking) == 0


@pytest.mark.parametrize("kind", ["ssh-ed25519", "ssh-rsa", "ecdsa-sha2-nistp256"])
def test_an_impostor_at_the_address_gets_no_credential(talking, staging, tmp_path, kind):
    """The pinned key is another server's: of the same type, and of one that this server does not have."""
    other = sshd.make_key(tmp_path / "other", kind=kind)
    host, port = "127.0.0.1", talking.port
    talking.known_hosts.write_text(f"[{host}]:{port} {other.with_suffix('.pub').read_text()}")
    for credential in credentials():
        said = refused(talking.source(**credential), staging)
        assert "no credential was sent" in said
    assert connections(talking) == 2
    assert asked_to_log_in(talking) == []


def test_a_changed_key_shows_both_fingerprints_and_gets_no_credential(tmp_path, staging):
    with sshd.running(tmp_path, OPTIONS) as before:
        known, pinned = before.known_hosts, sshd.ssh_keygen("-lf", before.host_key_file).split()[1]
    for left in (before.files, before.host_key_file):
        left.rmdir() if left.is_dir() else left.unlink()
    line = known.read_text()
    with sshd.running(tmp_path, OPTIONS) as after:
        known.write_text(line.replace(f":{before.port} ", f":{after.port} "))
        said = refused(after.source(key_file=None, password=SecretStr(PASSWORD)), staging)
        assert pinned in said
        assert sshd.ssh_keygen("-lf", after.host_key_file).split()[1] in said
        assert asked_to_log_in(after) == []


def test_a_wrong_password_is_tried_once(talking, staging):
    said = refused(talking.source(key_file=None, password=SecretStr(PASSWORD), retries=3), staging)
    assert "tried once" in said
    assert connections(talking) == 1
    assert asked_to_log_in(talking).count("password") == 1
    assert PASSWORD not in log(talking)
