"""`state backup`, `state restore` and the copy before a migration, from outside."""

import json
import os
import resource
import shutil
import sqlite3
import stat
import subprocess
import sys
import time
from contextlib import closing

import pytest

from rostersync.state import copies, schema
from rostersync.state.lock import hold
from tests.cli.conftest import clean_environment
from tests.state.first_schema import make_first_schema


def rows(file, query="SELECT * FROM roster_users ORDER BY id"):
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as state:
        return state.execute(query).fetchall()


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def beside(folder, pattern="state.db*"):
    return sorted(path.name for path in folder.glob(pattern))


@pytest.fixture
def saved(run, synced):
    """A backup, after which somebody accepted and a second night came."""
    run("state", "backup", "saved.db")
    run("users", "accept", rows(synced / "saved.db", "SELECT min(id) FROM users")[0][0])
    run("generate", "second", "--students", "60", "--night", "2")
    run("--quiet", "sync", "--source", "second")
    assert rows(synced / "saved.db") != rows(synced / "state.db")
    return synced / "saved.db"


def test_a_backup_is_the_whole_state_in_one_private_file(run, synced):
    said = run("state", "backup", "saved.db").stdout
    assert said.strip() == str(synced / "saved.db")
    tables = [name for (name,) in rows(synced / "state.db", "SELECT name FROM sqlite_master WHERE type = 'table'")]
    for table in tables:
        assert rows(synced / "saved.db", f"SELECT * FROM {table}") == rows(
            synced / "state.db", f"SELECT * FROM {table}"
        )
    assert mode(synced / "saved.db") == 0o600
    assert beside(synced, "*saved*") == ["saved.db"]


def test_without_a_name_it_goes_to_a_private_folder_beside_the_state(run, synced):
    run("state", "backup")
    (copy,) = (synced / "backups").iterdir()
    assert mode(synced / "backups") == 0o700
    assert mode(copy) == 0o600
    assert rows(copy) == rows(synced / "state.db")


def test_it_never_goes_over_a_file_that_is_there(run, synced):
    (synced / "mine.txt").write_text("mine")
    assert "left as it is" in run("state", "backup", "mine.txt", code=2).stderr
    assert (synced / "mine.txt").read_text() == "mine"
    (synced / "link.db").symlink_to(synced / "elsewhere.db")
    run("state", "backup", "link.db", code=2)
    assert not (synced / "elsewhere.db").exists()
    assert "cannot be written" in run("state", "backup", "nowhere/copy.db", code=2).stderr


def test_a_backup_is_made_while_a_run_holds_the_state_and_writes(run, synced):
    before = rows(synced / "state.db")
    with hold(synced / "state.db"), closing(sqlite3.connect(synced / "state.db", isolation_level=None)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        writer.execute("UPDATE accounts SET state = 'active'")
        run("state", "backup", "saved.db")
        writer.execute("ROLLBACK")
    assert rows(synced / "saved.db") == before


def test_a_lost_or_damaged_state_gives_no_backup(run, synced):
    with (synced / "state.db").open("r+b") as file:
        for at in range(8192, file.seek(0, 2), 4096):
            file.seek(at)
            file.write(b"\xff" * 64)
    assert "state restore" in run("state", "backup", "saved.db", code=2).stderr
    (synced / "state.db").unlink()
    run("state", "backup", "saved.db", code=2)
    assert beside(synced, "*saved*") == []


def test_a_restored_state_is_the_backup_and_the_replaced_one_is_kept(run, synced, saved):
    later = rows(synced / "state.db")
    said = run("state", "restore", "saved.db").stdout
    assert rows(synced / "state.db") == rows(saved)
    (kept,) = synced.glob("state.db.replaced-*")
    assert str(kept) in said
    assert rows(kept) == later
    assert mode(synced / "state.db") == mode(kept) == 0o600
    assert not (synced / "state.db.snapshots").exists()
    assert rows(synced / "state.db", "PRAGMA journal_mode") == [("wal",)]
    run("state", "check")
    run("--quiet", "sync", "--source", "second")
    statuses = "SELECT id, roster_status, email, mobile FROM roster_users ORDER BY id"
    assert rows(synced / "state.db", statuses) == rows(kept, statuses)


@pytest.mark.parametrize("harm", ["missing", "empty", "noise"])
def test_a_lost_or_ruined_state_comes_back(run, synced, saved, harm):
    state = synced / "state.db"
    if harm == "missing":
        for path in synced.glob("state.db*"):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    else:
        state.write_bytes(b"" if harm == "empty" else os.urandom(100_000))
        (synced / "state.db-wal").write_bytes(b"left over")
    run("doctor", code=2)
    run("state", "restore", "saved.db")
    assert rows(state) == rows(saved)
    run("state", "check")
    assert len(list(synced.glob("state.db.replaced-*[0-9]Z"))) == (harm != "missing")


def test_what_is_no_sound_backup_is_refused_and_the_state_stays(run, synced, saved):
    state, before = synced / "state.db", rows(synced / "state.db")
    shutil.copy(saved, synced / "broken.db")
    with (synced / "broken.db").open("r+b") as file:
        for at in range(8192, file.seek(0, 2), 4096):
            file.seek(at)
            file.write(b"\xff" * 64)
    shutil.copy(saved, synced / "newer.db")
    with closing(sqlite3.connect(synced / "newer.db")) as newer:
        newer.execute("PRAGMA user_version = 99")
    (synced / "text.db").write_text("no database at all, but long enough to be looked at as one" * 30)
    (synced / "zero.db").touch()
    with closing(sqlite3.connect(synced / "other.db")) as other, other:
        other.execute("CREATE TABLE t (x)")
    for name in ("broken.db", "newer.db", "text.db", "zero.db", "other.db", "gone.db", "state.db"):
        said = run("state", "restore", name, code=2).stderr
        assert len(said.splitlines()) == 1
        assert "left as it" in said, name
        assert rows(state) == before
    assert "newer rostersync" in run("state", "restore", "newer.db", code=2).stderr
    assert not list(synced.glob("state.db.re*"))


def test_nothing_is_restored_under_a_run_or_a_reader(run, synced, saved):
    before = rows(synced / "state.db")
    with hold(synced / "state.db"):
        assert "another run holds" in run("state", "restore", "saved.db", code=6).stderr
    with closing(sqlite3.connect(synced / "state.db")) as reader:
        reader.execute("SELECT * FROM users").fetchone()
        assert "has" in run("state", "restore", "saved.db", code=6).stderr
    assert rows(synced / "state.db") == before
    assert not list(synced.glob("state.db.re*"))


def old_state(folder):
    """A state of the first schema in the place of the present one."""
    (folder / "state.db").unlink()
    make_first_schema(folder / "state.db")
    with closing(sqlite3.connect(folder / "state.db")) as state, state:
        state.execute("INSERT INTO meta (key, value) VALUES ('generation', '0')")
        state.execute(f"PRAGMA application_id = {schema.APPLICATION_ID}")
        state.execute("PRAGMA user_version = 1")


def test_an_older_state_is_copied_and_named_before_it_is_brought_up_to_date(run, district):
    old_state(district)
    said = run("--quiet", "users", "list").stderr
    (copy,) = (district / "backups").iterdir()
    assert len(said.splitlines()) == 1
    assert str(copy) in said
    assert rows(copy, "PRAGMA user_version") == [(1,)]
    assert rows(district / "state.db", "PRAGMA user_version") == [(schema.SCHEMA_VERSION,)]
    assert run("users", "list").stderr == ""
    run("state", "restore", copy)
    line = json.loads(run("--log-format", "json", "runs", "list").stderr)
    assert line["level"] == "warning"
    assert "brought from schema 1" in line["event"]


def test_an_older_state_that_cannot_be_copied_stays_as_it_is(run, district):
    old_state(district)
    (district / "backups").write_text("in the way")
    assert "cannot be copied before" in run("users", "list", code=2).stderr
    assert rows(district / "state.db", "PRAGMA user_version") == [(1,)]


def test_a_restore_that_is_killed_leaves_one_whole_state(synced, run, saved):
    states = [rows(saved), rows(synced / "state.db")]
    for pause in (0.05, 0.2, 0.4, 0.5, 0.55, 0.6, 0.65, 0.7):
        process = subprocess.Popen(
            [sys.executable, "-m", "rostersync", "state", "restore", "saved.db"],
            cwd=synced,
            env=clean_environment(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        time.sleep(pause)
        process.kill()
        process.wait()
        assert rows(synced / "state.db") in states
    run("state", "restore", "saved.db")
    run("state", "check")
    assert not list(synced.glob("state.db.restore*"))
    assert (synced / "state.db").stat().st_nlink == 1


def test_several_restores_in_one_second_keep_every_state(run, synced, saved):
    for _ in range(3):
        copies.restore(synced / "state.db", saved)
    assert len(list(synced.glob("state.db.replaced-*"))) == 3


def test_a_second_name_that_a_killed_restore_left_goes(run, synced, saved):
    os.link(synced / "state.db", synced / "state.db.replaced-20260101T000000Z")
    run("state", "restore", "saved.db")
    (kept,) = synced.glob("state.db.replaced-*")
    assert kept.name != "state.db.replaced-20260101T000000Z"


@pytest.mark.parametrize("command", [("backup", "copy.db"), ("backup",), ("restore", "saved.db")])
def test_where_there_is_no_room_nothing_is_left_and_the_state_stays(run, synced, saved, command):
    """A limit on the size of files stands for a full disk."""
    before, there = rows(synced / "state.db"), {path.name for path in synced.iterdir()} | {"backups"}
    limit = saved.stat().st_size // 2
    done = subprocess.run(
        [sys.executable, "-m", "rostersync", "state", *command],
        cwd=synced,
        env=clean_environment(),
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)),
    )
    assert done.returncode == 2, done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert "make room" in done.stderr
    assert {path.name for path in synced.iterdir()} <= there
    assert list(synced.glob("backups/.*")) == []
    assert rows(synced / "state.db") == before
