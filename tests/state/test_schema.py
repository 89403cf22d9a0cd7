"""The schema of the state: its declaration, its migrations, and states that an older version made."""

import sqlite3
from pathlib import Path

import pytest
from alembic.migration import MigrationContext
from sqlalchemy import create_engine
from sqlmodel import SQLModel

import rostersync.state.tables  # noqa: F401 - registers the tables
from rostersync.errors import StateBusy
from rostersync.state import schema
from rostersync.state.connection import reading, writing
from rostersync.state.lock import hold
from tests.state.first_schema import make_first_schema


@pytest.fixture
def state(tmp_path: Path) -> Path:
    path = tmp_path / "state.db"
    schema.create_state(path)
    return path


@pytest.fixture
def old_state(tmp_path: Path) -> Path:
    """A state as the first schema had it, with one user in it."""
    path = tmp_path / "state.db"
    make_first_schema(path)
    with sqlite3.connect(path) as connection:
        connection.execute("INSERT INTO meta (key, value) VALUES ('generation', '4')")
        connection.execute("INSERT INTO accounts (account_id, state, disabled) VALUES (1, 'active', 0)")
        connection.execute(
            "INSERT INTO users (id, origin, role, roles, roster_status, account_id, review) "
            "VALUES ('T1', 'sis', 'teacher', 'teacher', 'current', 1, 0)"
        )
        connection.execute(
            "INSERT INTO edits (user_id, account_id, made_at, made_by, field, before, after, generation) "
            "VALUES ('T1', 1, '2026-11-21T21:30:00Z', 'self', 'state', 'invitee', 'active', 4)"
        )
        connection.execute(f"PRAGMA application_id = {schema.APPLICATION_ID}")
        connection.execute("PRAGMA user_version = 1")
    return path


def shape(path: Path) -> dict[str, list[tuple[object, ...]]]:
    """Columns of every table: name, type, not null, place in the primary key."""
    with sqlite3.connect(path) as connection:
        names = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {
            name: sorted((*r[1:4], r[5]) for r in connection.execute(f"PRAGMA table_info({name})")) for name in names
        }


def test_the_migrations_make_what_the_tables_declare(state: Path):
    engine = create_engine(f"sqlite:///{state}")
    with engine.connect() as connection:
        from alembic.autogenerate import compare_metadata

        differences = compare_metadata(MigrationContext.configure(connection), SQLModel.metadata)
    engine.dispose()
    assert [difference for difference in differences if "alembic_version" not in str(difference)] == []


def test_an_older_state_is_brought_up_to_date_when_it_is_opened(old_state: Path, tmp_path: Path):
    with reading(old_state) as connection:
        assert connection.execute("SELECT id, account FROM roster_users").fetchall() == [("T1", "active")]
        assert connection.execute("PRAGMA user_version").fetchone() == (schema.SCHEMA_VERSION,)
        assert connection.execute("SELECT value FROM meta WHERE key = 'generation'").fetchone() == ("4",)
        edits = "SELECT user_id, account_id, field, before, after, generation, kind, record_id FROM edits"
        assert connection.execute(edits).fetchall() == [("T1", 1, "state", "invitee", "active", 4, "users", "T1")]
    fresh = tmp_path / "fresh.db"
    schema.create_state(fresh)
    assert shape(old_state) == shape(fresh)


def test_an_older_state_that_another_run_holds_stays_as_it_is(old_state: Path):
    with hold(old_state), pytest.raises(StateBusy), writing(old_state):
        pass
    with sqlite3.connect(old_state) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (1,)


@pytest.mark.parametrize("made", ["state", "old_state"])
def test_a_user_is_current_archived_or_removed(request: pytest.FixtureRequest, made: str) -> None:
    path: Path = request.getfixturevalue(made)
    if made == "old_state":
        schema.upgrade(path)
    with sqlite3.connect(path) as connection:
        connection.execute("INSERT OR IGNORE INTO accounts (account_id, state, disabled) VALUES (1, 'active', 0)")
        insert = (
            "INSERT INTO users (id, origin, role, roles, roster_status, account_id, review) "
            "VALUES (?1, 'sis', 'student', 'student', ?1, 1, 0)"
        )
        for status in ("current", "archived", "removed"):
            connection.execute(insert, (status,))
        for status in ("gone", "", "Removed", "active", None):
            with pytest.raises(sqlite3.IntegrityError):
                connection.execute(insert, (status,))
