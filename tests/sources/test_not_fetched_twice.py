"""What did not change on the server is not fetched twice, and is another night all the same."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from rostersync import pipeline, settings
from rostersync.sources import sftp
from rostersync.state.store import create_state
from tests.sources.sshd import Sshd

pytestmark = pytest.mark.sshd

OLD = time.time() - 3600
SETTINGS = """
[source]
kind = "sftp"
host = "127.0.0.1"
port = {port}
username = "{user}"
path = "{path}"
known_hosts = "{known_hosts}"
key_file = "{key}"
[state]
url = "sqlite:///state.db"
[reports]
formats = ["csv"]
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made") / "oneroster"
    command = [sys.executable, "-m", "rostersync", "generate", str(folder), "--students", "20"]
    subprocess.run(command, check=True, capture_output=True)
    return folder


@pytest.fixture
def found(openssh: Sshd, made: Path, tmp_path: Path) -> settings.Settings:
    """Settings of a district whose files lie on the server since an hour."""
    for file in made.iterdir():
        shutil.copy(file, openssh.files)
        os.utime(openssh.files / file.name, (OLD, OLD))
    values = {"port": openssh.port, "path": openssh.files, "known_hosts": openssh.known_hosts, "key": openssh.key_file}
    text = SETTINGS.format(user=openssh.source().username, **values)
    (tmp_path / "rostersync.toml").write_text(text, encoding="utf-8")
    read = settings.load(tmp_path / "rostersync.toml", {})
    create_state(read.state.path)
    return read


@pytest.fixture
def fetched(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The files that were downloaded since it was cleared last."""
    names: list[str] = []
    real = sftp._download

    def download(connection: object, source: object, here: object, before: sftp.RemoteFile) -> object:
        names.append(before.name)
        return real(connection, source, here, before)

    monkeypatch.setattr(sftp, "_download", download)
    return names


def night(found: settings.Settings, fetched: list[str], **options: bool) -> tuple[pipeline.Outcome, list[str]]:
    fetched.clear()
    chosen = {"dry_run": False, "full": False} | options
    return pipeline.sync(found, source=None, **chosen), list(fetched)


def test_a_second_night_fetches_nothing_and_is_a_run_of_its_own(found, fetched):
    first, names = night(found, fetched)
    assert "users.csv" in names
    second, names = night(found, fetched)
    assert names == []
    assert second.exit_code == 0
    assert second.run_id > first.run_id
    told = [{"name": file.name, "digest": file.digest} for file in second.summary.source.files]
    assert told == [{"name": file.name, "digest": file.digest} for file in first.summary.source.files]
    assert list(found.state.path.with_name("state.db.staging").iterdir()) == []


@pytest.mark.parametrize("options", [{"refetch": True}, {"full": True}, {"dry_run": True}])
def test_who_asks_for_the_files_gets_them(found, fetched, options):
    night(found, fetched)
    _, names = night(found, fetched, **options)
    assert "users.csv" in names


def another_time(folder: Path) -> None:
    os.utime(folder / "users.csv", (OLD + 1, OLD + 1))


def another_size(folder: Path) -> None:
    (folder / "orgs.csv").write_bytes((folder / "orgs.csv").read_bytes() + b"\n")
    os.utime(folder / "orgs.csv", (OLD, OLD))


def a_file_more(folder: Path) -> None:
    (folder / "more.csv").write_bytes(b"sourcedId\n")
    os.utime(folder / "more.csv", (OLD, OLD))


@pytest.mark.parametrize("change", [another_time, another_size, a_file_more])
def test_whatever_changed_there_is_fetched(found, fetched, openssh, change: Callable[[Path], None]):
    night(found, fetched)
    change(openssh.files)
    _, names = night(found, fetched)
    assert "users.csv" in names


def test_a_file_that_was_written_just_now_tells_nothing_by_its_time(found, fetched, openssh):
    now = time.time()
    os.utime(openssh.files / "users.csv", (now, now))
    night(found, fetched)
    _, names = night(found, fetched)
    assert "users.csv" in names


def test_where_the_last_report_is_not_kept_the_files_are_fetched(found, fetched, monkeypatch):
    from rostersync import quiet_night

    night(found, fetched)
    monkeypatch.setattr(quiet_night, "tables_of", lambda *_: None)
    outcome, names = night(found, fetched)
    assert "users.csv" in names
    assert outcome.exit_code == 0
