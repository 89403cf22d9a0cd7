"""A word of its own in every personal field and every secret: none is in a log, a message or an argument; no secret,
and nothing of a column that is not used, is in any file.
"""

from __future__ import annotations

import csv
import json
import os
import shutil
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import asyncssh
import pytest

from rostersync.sources import sftp
from rostersync.state.lock import hold
from tests import figures
from tests.cli.conftest import clean_environment
from tests.inside import Said, call
from tests.sources import faults, sshd

FIELDS = (
    *("username", "userIds", "givenName", "familyName", "middleName", "identifier", "email", "sms", "phone"),
    *("preferredFirstName", "preferredLastName"),
)
WHO = ("s0000003", "g0000003", "t000001")
UNUSED = {"password": "canarypassofthepupil", "birthDate": "2011-03-canarybirth"}
PASSWORD, PASSPHRASE = "canary-of-the-password", "canary-of-the-passphrase"
SETTINGS = """
[district]
name = "Canary Valley"
region = "US"
timezone = "UTC"
[state]
url = "sqlite:///state.db"
[source]
kind = "sftp"
path = "/"
host = "127.0.0.1"
port = {port}
username = "district"
known_hosts = "known_hosts"
timeout = 5
retries = 1
{more}
[reports]
path = "reports"
formats = ["csv", "html", "xlsx"]
"""


def canary(who: str, field: str) -> str:
    """Valid where it has to be, so that it gets as far as it can."""
    number = WHO.index(who)
    if field in {"sms", "phone"}:
        return f"+1206555{7000 + 10 * number + FIELDS.index(field)}"
    word = f"canary{field.lower()}{'abc'[number]}"
    return f"{word}@home.example.org" if field == "email" else word


PERSONAL = {canary(who, field) for who in WHO for field in FIELDS}
TOLD = {each.partition("@")[0].removeprefix("+1") for each in PERSONAL}
SECRETS = {PASSWORD, PASSPHRASE}


def planted(folder: Path) -> None:
    """The canaries in the files of a district, a password column and demographics among them."""
    with (folder / "users.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    header = list(dict.fromkeys([*rows[0], *FIELDS, "password"]))
    for row in rows:
        if row["sourcedId"] in WHO:
            row.update({field: canary(row["sourcedId"], field) for field in FIELDS}, password=UNUSED["password"])
    with (folder / "users.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, header, restval="")
        writer.writeheader()
        writer.writerows(rows)
    (folder / "demographics.csv").write_text(f"sourcedId,birthDate\ns0000003,{UNUSED['birthDate']}\n")


class Watched:
    """Calls of the command line, and what all of them wrote."""

    def __init__(self, folder: Path, server: faults.FaultyServer) -> None:
        self.folder, self.server = folder, server
        self.calls = 0

    def __call__(self, *arguments: object, code: int, environ=None, shown=False, once=False) -> Said:
        """Expects the exit code, in plain and verbose; `shown`: its result on stdout is about people."""
        known = {"ROSTERSYNC_SOURCE__PASSWORD": PASSWORD} if environ is None else environ
        for options in ((), ("--verbose", "--log-format", "json"))[once:]:
            said = call(self.folder, *options, *arguments, environ=known)
            assert said.code == code, (arguments, said.out, said.err)
            self.calls += 1
            written = said.err if shown else said.err + said.out
            found = {word for word in TOLD | set(UNUSED.values()) if word.casefold() in written.casefold()}
            assert not found, (arguments, found)
            assert not [secret for secret in SECRETS if secret in said.err + said.out], arguments
        return said

    @property
    def users(self) -> Path:
        return self.server.folder / "users.csv"


@pytest.fixture
def watched(made_once, home, monkeypatch):
    monkeypatch.setattr(sftp, "FIRST_WAIT", 0.01)
    monkeypatch.setattr(faults, "PASSWORD", PASSWORD)
    with faults.running(home / "remote") as server:
        shutil.copytree(made_once / "oneroster", home / "remote", dirs_exist_ok=True)
        planted(home / "remote")
        (home / "rostersync.toml").write_text(SETTINGS.format(port=server.port, more=""))
        call(home, "init")
        yield Watched(home, server)


def contents(folder: Path):
    """All that lies in the folder but for the server's own, workbooks and bundles unpacked."""
    for path in sorted(folder.rglob("*")):
        if not path.is_file() or path.is_relative_to(folder / "remote"):
            continue
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as packed:
                yield path, b"".join(packed.read(name) for name in packed.namelist())
        else:
            yield path, path.read_bytes()


def test_success_and_every_failure_name_ids_alone(watched, monkeypatch):
    home, server, good = watched.folder, watched.server, watched.users.read_bytes()
    watched("doctor", code=0)
    watched("sync", "--dry-run", code=0)
    watched("plan", "--out", "kept.plan", code=0)
    watched("sync", code=0)
    watched("state", "check", code=0)
    watched("support-bundle", "bundle.zip", code=0, once=True)
    # The source
    watched("sync", code=2, environ={"PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring"})
    watched("sync", code=3, environ={"ROSTERSYNC_SOURCE__PASSWORD": PASSPHRASE})
    known = server.known_hosts.read_text()
    faults.pin_line(server.known_hosts, server.port, faults.public_key(asyncssh.generate_private_key("ssh-ed25519")))
    watched("sync", code=3)
    server.known_hosts.write_text("")
    watched("sync", code=3)
    server.known_hosts.write_text(known)

    async def drop(connection, path, offset):
        connection.abort()

    server.before_read = drop
    watched("sync", "--full", code=3)
    server.before_read = None
    # The files
    head, _, rest = good.partition(b"\n")
    person = next(line for line in rest.splitlines(keepends=True) if b"canarygivennamea" in line)
    for broken in (
        good + b'"' + person,  # never closed
        good.replace(b"givenName", b"givenNames", 1),
        head + b"\n",
        rest,  # without a header: the first person stands for it
        good + person.replace(b"canarygivennamea", b"canarygivennameb") * 30,
        head + b"\n" + person,
    ):
        watched.users.write_bytes(broken)
        watched("sync", code=4)
    watched.users.write_bytes(b"".join(line for line in good.splitlines(keepends=True) if b"student" not in line))
    watched("sync", "--dry-run", code=5)
    watched.users.write_bytes(good.replace(canary("g0000003", "email").encode(), b"canaryemailb new@x", 1))
    watched("sync", code=0)
    # The state, the reports, the settings, the people at the command line
    with hold(home / "state.db"):
        watched("sync", "--full", code=6)
    watched("apply", "kept.plan", code=7)
    watched("users", "show", "g0000003", code=0, shown=True)
    watched("users", "edit", "g0000003", "--email", "not an address", "--by", "self", code=2)
    watched("users", "edit", "g0000003", "--email", canary("t000001", "email"), "--by", "self", code=7)
    watched("users", "accept", "nobody", code=2)
    watched("explain", "s0000003", code=0, shown=True)
    watched("forget", "s0000003", "--yes", code=7)
    (home / "blocked").write_text("")
    blocked = {"ROSTERSYNC_SOURCE__PASSWORD": PASSWORD, "ROSTERSYNC_REPORTS__PATH": str(home / "blocked")}
    watched("sync", "--full", code=2, environ=blocked)
    watched("sync", code=2, environ={"ROSTERSYNC_SOURCE__PASSWRD": PASSWORD})
    with (home / "rostersync.toml").open("a") as settings:
        settings.write(f'[sourc]\npassword = "{PASSWORD}"\n')
    watched("sync", code=2)
    (home / "rostersync.toml").write_text(SETTINGS.format(port=server.port, more=""))
    damaged = home / "state.db"
    content = damaged.read_bytes()
    damaged.write_bytes(content[:4096] + b"\xff" * (len(content) - 4096))
    watched("sync", "--full", code=2)
    figures.write("canaries", {"personal fields": len(PERSONAL), "secrets": len(SECRETS), "commands": watched.calls})


def test_an_unexpected_error_in_the_night_shows_no_secret_even_with_its_traceback(watched, monkeypatch):
    def fail(*_: object, **__: object):
        raise RuntimeError("made up")

    monkeypatch.setattr("rostersync.importers.oneroster.read", fail)
    watched("sync", code=1)


def test_no_secret_and_no_unused_column_is_in_any_file(watched):
    key = sshd.make_key(watched.folder / "id", PASSPHRASE)
    (watched.folder / "word").write_text(PASSPHRASE)
    (watched.folder / "word").chmod(0o600)
    for command in (("sync",), ("plan", "--out", "kept.plan"), ("support-bundle",), ("state", "backup")):
        assert call(watched.folder, *command, environ={"ROSTERSYNC_SOURCE__PASSWORD": PASSWORD}).code == 0
    with_key = 'key_file = "id"\nkey_passphrase_file = "word"'
    (watched.folder / "rostersync.toml").write_text(SETTINGS.format(port=watched.server.port, more=with_key))
    watched("sync", "--full", code=3)
    watched("doctor", code=3)
    (watched.folder / "word").unlink()
    key.unlink()
    found = {
        (path.name, word)
        for path, content in contents(watched.folder)
        for word in (*SECRETS, *UNUSED.values())
        if word.encode() in content
    }
    assert found == set()
    state = (watched.folder / "state.db").read_bytes() + (watched.folder / "state.db-wal").read_bytes()[:0]
    assert all(word.casefold().encode() in state for word in TOLD if "preferred" not in word), "the canaries came in"
    bundle = next(content for path, content in contents(watched.folder) if path.suffix == ".zip")
    assert not [word for word in TOLD if word.encode() in bundle.lower()]


def test_no_secret_is_an_argument_or_reaches_a_child(watched):
    async def wait(*_: object):
        import asyncio

        await asyncio.sleep(20)

    watched.server.before_read = wait
    environ = clean_environment() | {"ROSTERSYNC_SOURCE__PASSWORD": PASSWORD}
    command = [sys.executable, "-m", "rostersync", "--quiet", "sync"]
    with subprocess.Popen(command, cwd=watched.folder, env=environ, stderr=subprocess.PIPE) as process:
        while not watched.server.opened:
            assert process.poll() is None
            time.sleep(0.05)
        arguments = Path(f"/proc/{process.pid}/cmdline").read_bytes()
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        process.terminate()
        said = process.stderr.read()
    assert b"sync" in arguments
    assert children == []
    assert PASSWORD.encode() not in arguments + said


def test_everything_written_is_its_owners_alone(watched):
    before = os.umask(0)
    try:
        for command in (("sync",), ("plan", "--out", "kept.plan"), ("support-bundle",), ("state", "backup")):
            assert call(watched.folder, *command, environ={"ROSTERSYNC_SOURCE__PASSWORD": PASSWORD}).code == 0
    finally:
        os.umask(before)
    own = {"rostersync.toml", "known_hosts", "blocked"}
    loose = {
        f"{path.relative_to(watched.folder)} {path.stat().st_mode & 0o777:o}"
        for path in watched.folder.rglob("*")
        if path.stat().st_mode & 0o077 and not path.is_relative_to(watched.folder / "remote") and path.name not in own
    }
    assert loose == set()
    assert json.loads(call(watched.folder, "runs", "list", "--format", "json").out)
