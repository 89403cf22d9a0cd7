"""Files from a real OpenSSH server."""

from __future__ import annotations

import hashlib
import os
import random
import stat
import zipfile

import pytest
from pydantic import SecretStr

from rostersync.errors import ConfigurationError, ImportRefused, SourceError
from rostersync.sources import fetch, sftp
from tests.sources import sshd
from tests.sources.test_folder import Watcher

pytestmark = pytest.mark.sshd


def test_a_remote_folder_gives_private_copies(openssh, staging, umask):
    contents = {
        "Users.CSV": b"sourcedId\nS1\n",
        "classes.csv": b"",
        "enrollments.csv": random.Random(1).randbytes(3_000_001),
    }
    for name, content in contents.items():
        (openssh.files / name).write_bytes(content)
    os.utime(openssh.files / "classes.csv", (1_790_000_000, 1_790_000_000))
    for name in (
        ".hidden.csv",
        "orgs.csv.part",
        "readme.txt",
        b"M\xe4rz.txt".decode("utf-8", "surrogateescape"),
    ):
        (openssh.files / name).write_bytes(b"x")
    watcher = Watcher()
    with fetch(openssh.source(), staging=staging, progress=watcher) as delivery:
        assert [file.name for file in delivery.files] == ["classes.csv", "enrollments.csv", "Users.CSV"]
        for file in delivery.files:
            assert file.path.read_bytes() == contents[file.name]
            assert file.size == len(contents[file.name])
            assert file.digest == hashlib.sha256(contents[file.name]).hexdigest()
            assert stat.S_IMODE(file.path.stat().st_mode) == 0o600
        assert stat.S_IMODE(delivery.folder.stat().st_mode) == 0o700
        assert delivery.files[0].modified.timestamp() == 1_790_000_000
        assert delivery.source == f"sftp://{openssh.source().username}@127.0.0.1:{openssh.port}{openssh.files}"
    assert list(staging.iterdir()) == []
    assert [seen[1] for seen in watcher.seen] == [seen[2] for seen in watcher.seen]
    assert {seen[3] for seen in watcher.seen} == {"done"}


@pytest.mark.parametrize("path", ["{}", "{}/oneroster.zip", "{}/"])
def test_a_remote_zip_named_or_alone_in_its_folder(openssh, staging, path):
    with zipfile.ZipFile(openssh.files / "oneroster.zip", "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("export/users.csv", "sourcedId\nS1\n")
        packed.writestr("export/classes.csv", "sourcedId\nC1\n")
    with fetch(openssh.source(path.format(openssh.files)), staging=staging) as delivery:
        assert [file.name for file in delivery.files] == ["classes.csv", "users.csv"]
        assert delivery.files[1].path.read_bytes() == b"sourcedId\nS1\n"
        assert sorted(path.name for path in delivery.folder.iterdir()) == ["01.csv", "02.csv"]


def test_an_unsafe_remote_zip_is_refused(openssh, staging):
    (openssh.files / "oneroster.zip").write_bytes(b"PK\x03\x04 torn")
    with pytest.raises(ImportRefused, match="not a whole zip file"), fetch(openssh.source(), staging=staging):
        pass


def test_remote_links_are_the_servers_own_affair(openssh, staging):
    (openssh.files / "2026-11-21.txt").write_bytes(b"sourcedId\nS1\n")
    (openssh.files / "users.csv").symlink_to("2026-11-21.txt")
    with fetch(openssh.source(), staging=staging) as delivery:
        assert delivery.files[0].size == 13


@pytest.mark.parametrize(
    ("target", "said"),
    [("/dev/zero", "not a regular file"), ("users.csv", "does not exist"), ("gone", "does not exist")],
)
def test_a_remote_link_to_what_is_no_file_is_refused(openssh, staging, target, said):
    """One that never ends, one to itself, one to nothing."""
    (openssh.files / "users.csv").symlink_to(target)
    with pytest.raises(SourceError, match=said), fetch(openssh.source(), staging=staging):
        pass
    assert list(staging.iterdir()) == []


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("{}/missing", "does not exist"),
        ("{}", "no CSV files"),
        ("{}/readme.txt", "neither a folder nor a zip"),
    ],
)
def test_nothing_there_is_exit_3(openssh, staging, path, said):
    (openssh.files / "readme.txt").write_bytes(b"x")
    with (
        pytest.raises(SourceError, match=said) as caught,
        fetch(openssh.source(path.format(openssh.files)), staging=staging),
    ):
        pass
    assert caught.value.exit_code == 3
    assert f"127.0.0.1:{openssh.port}" in str(caught.value)
    assert list(staging.iterdir()) == []


@pytest.mark.parametrize("kind", ["ssh-ed25519", "ssh-rsa", "ecdsa-sha2-nistp256"])
def test_keys_with_a_passphrase(openssh, staging, tmp_path, kind):
    (openssh.files / "users.csv").write_bytes(b"a\n")
    key = sshd.make_key(tmp_path / "id", "open sesame", kind)
    with (openssh.key_file.parent / "authorized_keys").open("a") as stream:
        stream.write((tmp_path / "id.pub").read_text())
    source = openssh.source(key_file=key, key_passphrase=SecretStr("open sesame"))
    with fetch(source, staging=staging) as delivery:
        assert delivery.files[0].size == 2
    for wrong in (SecretStr("wrong"), None):
        with (
            pytest.raises(SourceError, match="no connection was made") as caught,
            fetch(openssh.source(key_file=key, key_passphrase=wrong), staging=staging),
        ):
            pass
        assert str(key) in str(caught.value)


def test_a_key_that_the_server_does_not_know(openssh, staging, tmp_path):
    key = sshd.make_key(tmp_path / "stranger")
    with (
        pytest.raises(SourceError, match=r"does not let .* in with the key .*; tried once") as caught,
        fetch(openssh.source(key_file=key), staging=staging),
    ):
        pass
    assert f"127.0.0.1:{openssh.port}" in str(caught.value)


def test_a_key_file_that_others_can_read_or_that_is_none(openssh, staging, tmp_path):
    key = sshd.make_key(tmp_path / "open")
    key.chmod(0o644)
    (tmp_path / "text").write_text("no key")
    (tmp_path / "text").chmod(0o600)
    for path, said in (
        (key, "chmod 600"),
        (tmp_path / "text", "no private key"),
        (tmp_path / "none", "cannot be read"),
    ):
        with pytest.raises(SourceError, match=said), fetch(openssh.source(key_file=path), staging=staging):
            pass


@pytest.mark.parametrize("missing", ["host", "username", "key_file"])
def test_missing_settings_are_a_matter_of_configuration(openssh, staging, missing):
    with (
        pytest.raises(ConfigurationError, match=missing),
        fetch(openssh.source(**{missing: None}), staging=staging),
    ):
        pass


def test_neither_agent_nor_the_users_keys_and_hosts_are_used(openssh, staging, tmp_path, monkeypatch):
    home = tmp_path / "home" / ".ssh"
    home.mkdir(parents=True)
    (home / "known_hosts").write_text(openssh.known_hosts.read_text())
    (home / "id_ed25519").write_text(openssh.key_file.read_text())
    (home / "id_ed25519").chmod(0o600)
    monkeypatch.setenv("HOME", str(home.parent))
    (tmp_path / "empty").write_text("")
    with (
        pytest.raises(SourceError, match="No host key is pinned"),
        fetch(openssh.source(known_hosts=tmp_path / "empty"), staging=staging),
    ):
        pass
    stranger = sshd.make_key(tmp_path / "stranger")
    with (
        pytest.raises(SourceError, match="tried once"),
        fetch(openssh.source(key_file=stranger), staging=staging),
    ):
        pass


def test_a_pinned_rsa_key_is_asked_for_first(openssh, staging, tmp_path):
    """A known_hosts with several types, the server's own not the first, is no changed key."""
    (openssh.files / "users.csv").write_bytes(b"a\n")
    sshd.make_key(tmp_path / "other", kind="ssh-rsa")
    name = f"[127.0.0.1]:{openssh.port}"
    known = tmp_path / "several"
    known.write_text(f"{name} {(tmp_path / 'other.pub').read_text()}{openssh.known_hosts.read_text()}")
    with fetch(openssh.source(known_hosts=known), staging=staging) as delivery:
        assert len(delivery.files) == 1


def test_a_password_where_only_keys_are_taken(openssh, staging):
    source = openssh.source(key_file=None, password=SecretStr("correct horse"))
    with pytest.raises(SourceError, match="accepts: publickey") as caught, fetch(source, staging=staging):
        pass
    assert "correct horse" not in str(caught.value)


def test_a_second_factor_is_never_asked_for_at_the_terminal(staging, tmp_path, monkeypatch):
    monkeypatch.setattr("builtins.input", lambda *_: pytest.fail("asked at the terminal"))
    options = "AuthenticationMethods publickey,password\nPasswordAuthentication yes"
    with (
        sshd.running(tmp_path, options) as server,
        pytest.raises(SourceError, match="The server accepts: password"),
        fetch(server.source(), staging=staging),
    ):
        pass


def test_a_large_file_arrives_whole(openssh, staging):
    content = random.Random(2).randbytes(50_000_000)
    (openssh.files / "enrollments.csv").write_bytes(content)
    with fetch(openssh.source(), staging=staging) as delivery:
        assert delivery.files[0].digest == hashlib.sha256(content).hexdigest()


def test_the_address_is_shown_without_secrets(openssh):
    source = openssh.source("roster/out", password=SecretStr("correct horse"))
    assert sftp.address(source) == f"sftp://{source.username}@127.0.0.1:{openssh.port}/roster/out"
