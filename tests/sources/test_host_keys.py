"""Pinning the server's key: what it offers, what the file says, what is written."""

from __future__ import annotations

import ast
import stat
from pathlib import Path

import pytest

import rostersync
from rostersync.errors import ConfigurationError, SourceError
from rostersync.sources import fetch
from rostersync.sources.host_keys import HostKey, known_name, offered_key, pin, pinned
from tests.sources import sshd

OTHERS = """# the district's servers
other.example ssh-ed25519 {0}

[127.0.0.1]:2222 ssh-ed25519 {0}
@revoked * ssh-rsa {0}
"""


@pytest.fixture
def key(tmp_path: Path) -> HostKey:
    kind, base64 = sshd.make_key(tmp_path / "key").with_suffix(".pub").read_text().split()[:2]
    return HostKey(kind, base64)


@pytest.fixture
def known_hosts(tmp_path: Path) -> Path:
    return tmp_path / "trust" / "known_hosts"


def test_the_fingerprint_is_the_one_that_openssh_shows(key, tmp_path):
    shown = sshd.ssh_keygen("-l", "-E", "sha256", "-f", tmp_path / "key.pub")
    assert key.fingerprint_sha256 in shown.split()


@pytest.mark.sshd
def test_the_offered_key_is_the_servers(openssh):
    key = offered_key("127.0.0.1", openssh.port, 5)
    assert f"{key.type} {key.base64}" == openssh.host_key_file.with_suffix(".pub").read_text().strip()


def test_the_offered_key_is_asked_for_without_a_credential(faulty):
    key = offered_key("127.0.0.1", faulty.port, 5)
    assert (key,) == pinned(faulty.known_hosts, "127.0.0.1", faulty.port)
    assert faulty.logins == []
    assert faulty.passwords == []


def test_a_key_of_nobody():
    with pytest.raises(SourceError, match="cannot be reached"):
        offered_key("127.0.0.1", sshd.free_port(), 1)
    with pytest.raises(SourceError, match="cannot be reached"):
        offered_key("..", 22, 1)


def test_what_is_offered_pinned_and_then_trusted(faulty, staging, known_hosts):
    pin(known_hosts, "127.0.0.1", faulty.port, offered_key("127.0.0.1", faulty.port, 5))
    with fetch(faulty.source(known_hosts=known_hosts), staging=staging) as delivery:
        assert len(delivery.files) == 1


@pytest.mark.parametrize(
    ("host", "port", "name"),
    [("SFTP.Example", 22, "sftp.example"), ("sftp.example", 2222, "[sftp.example]:2222"), ("::1", 22, "::1")],
)
def test_a_pinned_key_is_found_by_us_and_by_openssh(key, known_hosts, host, port, name):
    pin(known_hosts, host, port, key)
    assert known_name(host, port) == name
    assert known_hosts.read_text() == f"{name} {key.type} {key.base64}\n"
    assert pinned(known_hosts, host, port) == (key,)
    assert pinned(known_hosts, host, port + 1) == ()
    assert key.base64 in sshd.ssh_keygen("-F", name, "-f", known_hosts)


def test_pinning_replaces_every_older_key_of_that_server_alone(key, known_hosts, tmp_path):
    known_hosts.parent.mkdir()
    before = OTHERS.format(key.base64)
    old = (tmp_path / "key.pub").read_text().strip()
    known_hosts.write_text(f"{before}a.example,sftp.example,10.0.0.7 {old}\nsftp.example {old}\n")
    hashed = known_hosts.with_name("hashed")
    hashed.write_text(f"sftp.example {old}\n")
    sshd.ssh_keygen("-H", "-f", hashed)
    with known_hosts.open("a") as stream:
        stream.write(hashed.read_text())
    new = HostKey("ssh-ed25519", sshd.make_key(tmp_path / "new").with_suffix(".pub").read_text().split()[1])
    pin(known_hosts, "sftp.example", 22, new)
    assert known_hosts.read_text() == f"{before}a.example,10.0.0.7 {old}\nsftp.example {new.type} {new.base64}\n"


def test_a_hashed_name_is_found(key, known_hosts):
    pin(known_hosts, "sftp.example", 2222, key)
    sshd.ssh_keygen("-H", "-f", known_hosts)
    assert "sftp.example" not in known_hosts.read_text()
    assert pinned(known_hosts, "sftp.example", 2222) == (key,)


def test_the_file_is_the_owners_alone_and_replaced_in_one_step(key, known_hosts, umask, tmp_path):
    known_hosts.parent.mkdir()
    victim = tmp_path / "victim"
    victim.write_text("precious\n")
    known_hosts.symlink_to(victim)
    pin(known_hosts, "sftp.example", 22, key)
    assert victim.read_text() == "precious\n"
    assert not known_hosts.is_symlink()
    assert stat.S_IMODE(known_hosts.stat().st_mode) == 0o600
    assert [path.name for path in known_hosts.parent.iterdir()] == ["known_hosts"]


def test_no_file_pins_nothing(tmp_path):
    assert pinned(tmp_path / "none", "sftp.example", 22) == ()


@pytest.mark.parametrize("content", [b"sftp.example ssh-ed25519 A\n", b"\xff\xfe\n"])
def test_a_file_that_is_no_known_hosts_trusts_nobody(tmp_path, content):
    (tmp_path / "known_hosts").write_bytes(content)
    with pytest.raises(SourceError, match="cannot be read as a known_hosts file"):
        pinned(tmp_path / "known_hosts", "sftp.example", 22)


def test_a_place_that_cannot_be_written(key, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigurationError, match="stays as it was"):
        pin(tmp_path / "file" / "known_hosts", "sftp.example", 22, key)


def test_no_code_of_the_project_can_accept_an_unknown_key():
    """Only `SSHClient` checks host keys, and only with the Reject policy (reliability.md, security 1)."""
    named: set[str] = set()
    makers: set[str] = set()
    for path in Path(rostersync.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Attribute | ast.Name):
                named.add(node.attr if isinstance(node, ast.Attribute) else node.id)
            if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("Transport"):
                makers.add(path.name)
    assert not {"AutoAddPolicy", "WarningPolicy", "load_system_host_keys"} & named
    assert "RejectPolicy" in named
    assert makers == {"transport.py"}
