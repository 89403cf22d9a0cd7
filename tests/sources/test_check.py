"""What doctor is told of the source."""

from __future__ import annotations

import zipfile

import pytest
from pydantic import SecretStr

from rostersync.sources.check import check
from rostersync.sources.host_keys import offered_key
from tests.sources import sshd
from tests.sources.settings import Source


def said(source):
    """Name and verdict of each check, and the last message."""
    checks = check(source)
    assert all(each.message.isprintable() for each in checks)
    return [(each.name, each.ok) for each in checks], checks[-1].message


def test_a_good_folder(delivery_folder):
    verdicts, message = said(Source("folder", str(delivery_folder)))
    assert verdicts == [("folder", True)]
    assert message == f"{delivery_folder}: 2 files: classes.csv 13 bytes, users.csv 13 bytes"


def test_a_good_zip_and_one_alone_in_a_folder(tmp_path):
    path = tmp_path / "oneroster.zip"
    with zipfile.ZipFile(path, "w") as packed:
        packed.writestr("export/users.csv", b"x" * 1500)
    for source in (Source("zip", str(path)), Source("folder", str(tmp_path))):
        assert said(source) == ([("zip", True)], f"{path}: 1 file: users.csv 1.5 KB")


@pytest.mark.parametrize("kind", ["folder", "zip"])
def test_nothing_there(tmp_path, kind):
    verdicts, message = said(Source(kind, str(tmp_path / "none")))
    assert verdicts == [(kind, False)]
    assert str(tmp_path / "none") in message


def test_a_torn_zip(tmp_path):
    (tmp_path / "oneroster.zip").write_bytes(b"PK")
    verdicts, message = said(Source("zip", str(tmp_path / "oneroster.zip")))
    assert verdicts == [("zip", False)]
    assert "not a whole zip file" in message


@pytest.mark.sshd
def test_a_good_server(openssh):
    (openssh.files / "users.csv").write_bytes(bytes(1_234_567))
    checks = check(openssh.source())
    assert [(each.name, each.ok) for each in checks] == [
        ("known hosts", True),
        ("connection", True),
        ("host key", True),
        ("login", True),
        ("files", True),
    ]
    key = offered_key("127.0.0.1", openssh.port, 5)
    assert checks[2].message == f"ssh-ed25519 {key.fingerprint_sha256}, as pinned"
    assert checks[4].message.endswith(f"{openssh.files}: 1 file: users.csv 1.2 MB")


@pytest.mark.sshd
def test_a_server_with_no_files(openssh):
    verdicts, message = said(openssh.source())
    assert verdicts[-1] == ("files", False)
    assert "no CSV files" in message


def test_each_failure_answers_its_question(faulty, tmp_path):
    assert said(faulty.source(password=SecretStr("wrong")))[0] == [("known hosts", True), ("login", False)]
    assert faulty.passwords == ["wrong"]
    nobody = faulty.source(host="localhost", known_hosts=tmp_path / "none")
    assert said(nobody)[0] == [("host key", False)]
    assert said(faulty.source(username=None))[0] == [("known hosts", True), ("sftp", False)]
    faulty.refuse = 99
    assert said(faulty.source())[0] == [("known hosts", True), ("connection", False)]


def test_a_changed_key(faulty, tmp_path):
    base64 = sshd.make_key(tmp_path / "other").with_suffix(".pub").read_text().split()[1]
    faulty.known_hosts.write_text(f"[127.0.0.1]:{faulty.port} ssh-ed25519 {base64}\n")
    verdicts, message = said(faulty.source())
    assert verdicts == [("known hosts", True), ("host key", False)]
    assert "no credential was sent" in message
    assert faulty.logins == []
