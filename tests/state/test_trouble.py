"""A disk that is full or fails is called that: nobody is told to restore a backup, or to begin a new district."""

import sqlite3
from pathlib import Path

import pytest

from rostersync.errors import StateBusy, StateError
from rostersync.state import copies, schema, upgrading
from rostersync.state.connection import reading, writing
from rostersync.state.trouble import told
from tests.state.first_schema import make_first_schema

ADVICE = {
    sqlite3.SQLITE_FULL: "make room on its disk, or see whether the disk fails, then run again",
    sqlite3.SQLITE_IOERR: "make room on its disk, or see whether the disk fails, then run again",
    sqlite3.SQLITE_IOERR_SHMSIZE: "make room on its disk, or see whether the disk fails, then run again",
    sqlite3.SQLITE_CANTOPEN: "make it and its folder writable for the account that runs rostersync",
    sqlite3.SQLITE_READONLY_DIRECTORY: "make it and its folder writable for the account that runs rostersync",
    sqlite3.SQLITE_CORRUPT: "restore a backup: rostersync state restore FILE",
    sqlite3.SQLITE_NOTADB: "restore a backup: rostersync state restore FILE",
    None: "restore a backup: rostersync state restore FILE",
}


@pytest.fixture
def state(tmp_path: Path) -> Path:
    path = tmp_path / "state.db"
    schema.create_state(path)
    return path


def error_of(code: int | None) -> sqlite3.DatabaseError:
    error = sqlite3.DatabaseError("why")
    if code is not None:
        error.sqlite_errorcode = code
    return error


@pytest.mark.parametrize(("code", "advice"), ADVICE.items())
def test_what_to_do_hangs_on_why(code: int | None, advice: str):
    found = told(Path("/district/state.db"), error_of(code), "read as a state")
    assert str(found) == f"/district/state.db cannot be read as a state (why); nothing was changed; {advice}"
    assert isinstance(found, StateError)
    assert found.exit_code == 2


@pytest.mark.parametrize("code", [sqlite3.SQLITE_BUSY, sqlite3.SQLITE_BUSY_SNAPSHOT, sqlite3.SQLITE_LOCKED])
def test_another_program_is_exit_6(code: int):
    found = told(Path("/district/state.db"), error_of(code), "written")
    assert isinstance(found, StateBusy)
    assert str(found) == "/district/state.db is locked by another program; nothing was changed; try again later"


def overfill(state: Path) -> None:
    """A small change, and one that the file has no room for."""
    with writing(state) as connection:
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
        connection.execute(f"PRAGMA max_page_count = {pages + 4}")
        connection.execute("INSERT INTO meta (key, value) VALUES ('small', 'x')")
        connection.execute("INSERT INTO meta (key, value) VALUES ('large', zeroblob(1000000))")


def test_a_write_without_room_is_rolled_back_and_called_that(state: Path):
    with pytest.raises(
        StateError, match=r"cannot be written \(database or disk is full\); nothing was changed; make room"
    ):
        overfill(state)
    with reading(state) as connection:
        assert connection.execute("SELECT count(*) FROM meta WHERE key IN ('small', 'large')").fetchone() == (0,)
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_a_damaged_file_is_still_one_to_restore(state: Path):
    state.write_bytes(b"SQLite format 3\0" + b"\xff" * 4096)
    with (
        pytest.raises(
            StateError, match=r"restore a backup \(rostersync state restore FILE\), or run `rostersync init`"
        ),
        reading(state),
    ):
        pass


def test_a_migration_tried_again_in_the_same_second_copies_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    state = tmp_path / "state.db"
    make_first_schema(state)
    with sqlite3.connect(state) as connection:
        connection.execute("INSERT INTO meta (key, value) VALUES ('generation', '4')")
        connection.execute(f"PRAGMA application_id = {schema.APPLICATION_ID}")
        connection.execute("PRAGMA user_version = 1")
    connection.close()
    monkeypatch.setattr(copies, "_stamp", lambda: "20261121T213000Z")

    def fails(path: Path) -> None:
        raise told(path, error_of(sqlite3.SQLITE_FULL), "brought up to date")

    with monkeypatch.context() as patch:
        patch.setattr(upgrading, "upgrade", fails)
        with pytest.raises(
            StateError, match=r"nothing was changed.*a copy of it is .*before-schema-4-20261121T213000Z.db"
        ):
            upgrading.bring_up_to_date(state)
    upgrading.bring_up_to_date(state)
    names = {path.name for path in (tmp_path / "backups").iterdir()}
    assert names == {"before-schema-4-20261121T213000Z.db", "before-schema-4-20261121T213000Z-2.db"}
    assert [path.name for path in copies.copies_beside(state)] == sorted(names)
