"""A large first load is written by a process of its own into a new file (R-A4: whole or not at all)."""

import contextlib
import csv
import shutil
import sqlite3
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from rostersync import pipeline, settings
from rostersync.errors import StateError
from rostersync.outcome import Outcome
from rostersync.state import draft, first_load
from rostersync.state.store import create_state

TABLES = ("accounts", "users", "classes", "enrollments", "guardianships", "orgs", "standing_notes", "outbox", "changes")


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A made-up district with everything that a first load can have."""
    folder = tmp_path_factory.mktemp("files") / "oneroster"
    command = [sys.executable, "-m", "rostersync", "generate", str(folder), "--students", "150", "--seed", "3"]
    subprocess.run(command, check=True, capture_output=True)
    return folder


def district(folder: Path) -> settings.Settings:
    folder.mkdir(exist_ok=True)
    text = '[state]\nurl = "sqlite:///state.db"\n[guards]\nmax_rejected = "100%"\n'
    (folder / "rostersync.toml").write_text(text, encoding="utf-8")
    found = settings.load(folder / "rostersync.toml", {})
    create_state(found.state.path)
    return found


def load(found: settings.Settings, files: Path) -> Outcome:
    return pipeline.sync(found, source=files, dry_run=False, full=False)


def content(found: settings.Settings) -> dict[str, list[tuple[object, ...]]]:
    with contextlib.closing(sqlite3.connect(found.state.path)) as connection:
        tables = {name: sorted(connection.execute(f"SELECT * FROM {name}"), key=repr) for name in TABLES}
        schema = connection.execute(
            "SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY type, name"
        ).fetchall()
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    return {**tables, "schema": schema}


def companions(found: settings.Settings) -> set[str]:
    path = found.state.path
    return {file.name.removeprefix(path.name) for file in path.parent.glob(f"{path.name}*")}


@pytest.fixture
def always(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every first load is large enough."""
    monkeypatch.setattr(first_load, "WORTH_IT", 0)


def test_the_new_file_holds_what_the_ordinary_way_writes(tmp_path: Path, files: Path, monkeypatch):
    ordinary, bulk = district(tmp_path / "ordinary"), district(tmp_path / "bulk")
    load(ordinary, files)
    inode = bulk.state.path.stat().st_ino
    monkeypatch.setattr(first_load, "WORTH_IT", 0)
    load(bulk, files)
    assert bulk.state.path.stat().st_ino != inode
    assert content(bulk) == content(ordinary)
    assert len(content(bulk)["users"]) > 300


def test_enrollments_that_the_rules_do_not_take_over_are_not_in_the_new_file(tmp_path: Path, files: Path, monkeypatch):
    """They are on their way to the file before it is decided that their class or their user is not added."""
    odd = tmp_path / "odd"
    shutil.copytree(files, odd)
    for name, column in (("classes.csv", "title"), ("users.csv", "familyName")):
        header, *rows = list(csv.reader((odd / name).open(encoding="utf-8", newline="")))
        place = header.index(column)
        for row in rows[::5]:
            row[place] = ""
        with (odd / name).open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([header, *rows])
    ordinary, bulk = district(tmp_path / "ordinary"), district(tmp_path / "bulk")
    load(ordinary, odd)
    settled: list[tuple[int, int]] = []
    real = draft.Draft.settle

    def settle(self: draft.Draft, connection: sqlite3.Connection) -> None:
        count = "SELECT count(*) FROM enrollments"
        before = connection.execute(count).fetchone()[0]
        real(self, connection)
        settled.append((before, connection.execute(count).fetchone()[0]))

    monkeypatch.setattr(draft.Draft, "settle", settle)
    monkeypatch.setattr(first_load, "WORTH_IT", 0)
    load(bulk, odd)
    assert content(bulk) == content(ordinary)
    ((before, after),) = settled
    assert 0 < after < before


@pytest.mark.usefixtures("always")
def test_the_new_file_is_private_and_leaves_nothing_beside_it(tmp_path: Path, files: Path):
    found = district(tmp_path)
    load(found, files)
    assert stat.S_IMODE(found.state.path.stat().st_mode) == 0o600
    assert companions(found) == {"", ".lock", ".snapshots", ".staging"}


@pytest.mark.usefixtures("always")
def test_the_same_files_once_more_change_nothing(tmp_path: Path, files: Path):
    found = district(tmp_path)
    load(found, files)
    before = content(found)
    load(found, files)
    assert content(found) == before


@pytest.mark.usefixtures("always")
def test_a_state_that_somebody_reads_is_not_swapped_away(tmp_path: Path, files: Path):
    found = district(tmp_path)
    inode = found.state.path.stat().st_ino
    with contextlib.closing(sqlite3.connect(found.state.path, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        assert reader.execute("SELECT count(*) FROM users").fetchone() == (0,)
        load(found, files)
        assert reader.execute("SELECT count(*) FROM users").fetchone() == (0,)
        reader.execute("COMMIT")
        assert reader.execute("SELECT count(*) > 300 FROM users").fetchone() == (1,)
    assert found.state.path.stat().st_ino == inode


@pytest.mark.usefixtures("always")
def test_a_loader_that_fails_leaves_the_empty_state(tmp_path: Path, files: Path, monkeypatch):
    found = district(tmp_path)
    before = content(found)
    with monkeypatch.context() as patch:
        patch.setattr(draft.sys, "executable", "/bin/false")
        with pytest.raises(StateError, match="nothing was changed"):
            load(found, files)
    assert content(found) == before
    assert ".first-load" not in companions(found)
    load(found, files)
    assert len(content(found)["users"]) > 300


KILLED = """
import os, signal, sys
from pathlib import Path
from rostersync import pipeline, settings
from rostersync.state import first_load, writer
first_load.WORTH_IT = 0
def kill(*args, **kwargs):
    os.kill(os.getpid(), signal.SIGKILL)
point = sys.argv[3]
if point == "loaded":
    writer.apply = kill
elif point == "written":
    first_load.flush = kill
else:
    real, calls = first_load.flush, []
    def flush(path):
        calls.append(path)
        real(path) if len(calls) == 1 else kill()
    first_load.flush = flush
pipeline.sync(settings.load(Path(sys.argv[1]), {}), source=Path(sys.argv[2]), dry_run=False, full=False)
"""


@pytest.mark.parametrize(("point", "whole"), [("loaded", False), ("written", False), ("renamed", True)])
def test_a_killed_first_load_leaves_the_old_or_the_new_state(tmp_path: Path, files: Path, point: str, whole: bool):
    found = district(tmp_path)
    command = [sys.executable, "-c", KILLED, str(found.file), str(files), point]
    assert subprocess.run(command, check=False, capture_output=True).returncode == -9
    assert bool(content_size(found)) is whole
    load(found, files)
    assert content_size(found) > 300
    assert ".first-load" not in companions(found)


def content_size(found: settings.Settings) -> int:
    with contextlib.closing(sqlite3.connect(f"file:{found.state.path}?mode=ro", uri=True)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        return int(connection.execute("SELECT count(*) FROM users").fetchone()[0])
