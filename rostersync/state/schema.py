"""Makes a new state and tells whether a file is one: a lost state is no new district (contract.md, `init`)."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from rostersync.errors import StateError
from rostersync.state.trouble import told
from rostersync.state.views import VIEWS

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

APPLICATION_ID = 0x524F5354  # "ROST"
SCHEMA_VERSION = 4
"""Number of the newest migration; kept in `user_version`."""


def create_state(path: Path) -> None:
    """Write an empty state at `path`, readable by its owner alone.

    Raises:
        StateError: something stands there already, or the folder cannot be written.
    """
    if path.exists():
        raise StateError(f"{path} exists already; it was left as it is")
    draft = path.with_name(path.name + ".new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        draft.unlink(missing_ok=True)
        os.close(os.open(draft, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
        _build(draft)
        os.link(draft, path)  # unlike a rename, this never replaces a state that appeared meanwhile
        draft.unlink()
    except FileExistsError as error:
        raise StateError(f"{path} appeared meanwhile; it was left as it is") from error
    except OSError as error:
        raise StateError(f"{path}: cannot write a state here ({error.strerror}); nothing was changed") from error


def _build(path: Path) -> None:
    """Run every migration on an empty file and sign it."""
    from sqlalchemy import text

    with _migrating(path) as connection:
        created = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        for key, value in {"created_at": created, "generation": "0"}.items():
            connection.execute(
                text("INSERT INTO meta (key, value) VALUES (:key, :value)"), {"key": key, "value": value}
            )
        connection.execute(text(f"PRAGMA application_id = {APPLICATION_ID}"))


def upgrade(path: Path) -> None:
    """Bring a state of an older schema to this version's, whole or not at all; the caller holds the state's lock.

    Raises:
        StateError: the file cannot be written.
        StateBusy: another program locks it.
    """
    from sqlalchemy.exc import SQLAlchemyError

    try:
        with _migrating(path):
            pass
    except SQLAlchemyError as error:
        doing, otherwise = "brought up to date", "run again with --verbose for details"
        if isinstance(error.__cause__, sqlite3.Error):
            raise told(path, error.__cause__, doing, otherwise) from error
        raise StateError(f"{path} cannot be {doing} ({error}); nothing was changed; {otherwise}") from error


@contextlib.contextmanager
def _migrating(path: Path) -> Iterator[Connection]:
    """A connection in one transaction, after the migrations; committed with the version at the end of the block."""
    from sqlalchemy import create_engine, event, text

    engine = create_engine(f"sqlite:///{path}")

    @event.listens_for(engine, "connect")
    def _manual_transactions(connection: sqlite3.Connection, _record: object) -> None:
        connection.isolation_level = None  # else DDL commits on its own

    try:
        with engine.connect() as connection:
            connection.execute(text("PRAGMA journal_mode = WAL"))
            connection.execute(text("BEGIN IMMEDIATE"))
            migrate(connection)
            yield connection
            connection.execute(text(f"PRAGMA user_version = {SCHEMA_VERSION}"))
            connection.execute(text("COMMIT"))
    finally:
        engine.dispose()


def migrate(connection: Connection) -> None:
    """Bring the schema behind an open connection to the newest version, in the caller's transaction.

    The views are derived: they are made anew, whatever version made the tables.
    """
    from alembic import command
    from alembic.config import Config
    from sqlalchemy import text

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
    for name, definition in VIEWS.items():
        connection.execute(text(f"DROP VIEW IF EXISTS {name}"))
        connection.execute(text(definition))


def refuse_triggers(connection: sqlite3.Connection, path: Path) -> None:
    """Refuse a file that would do more than it is told: no version of rostersync makes a trigger in a state.

    Raises:
        StateError: it has one.
    """
    found = connection.execute("SELECT count(*) FROM main.sqlite_master WHERE type = 'trigger'").fetchone()[0]
    if found:
        raise StateError(
            f"{path} has triggers, which no rostersync makes: they would change what is written; nothing was changed; "
            "`rostersync state check` names them; restore a backup (rostersync state restore FILE)"
        )


def verify(connection: sqlite3.Connection, path: Path) -> bool:
    """Refuse a file that is no state; False where it is one of an older schema.

    Raises:
        StateError: the file is empty, foreign, damaged, unfinished, of a newer version, or cannot be read.
        StateBusy: another program locks it.
    """
    restore = (
        "nothing was changed; restore a backup (rostersync state restore FILE), or run `rostersync init` for a new "
        "district"
    )
    try:
        (application_id,) = connection.execute("PRAGMA application_id").fetchone()
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
        if tables == 0:
            raise StateError(f"{path} is empty: the state is lost; {restore}")
        if application_id != APPLICATION_ID:
            raise StateError(f"{path} is no state of rostersync; {restore}")
        if version > SCHEMA_VERSION:
            raise StateError(
                f"{path} was made by a newer rostersync (schema {version}, this one knows {SCHEMA_VERSION}); "
                "nothing was changed; update rostersync"
            )
        numbered = "SELECT count(*) FROM meta WHERE key = 'generation' AND value <> '' AND value NOT GLOB '*[^0-9]*'"
        if connection.execute(numbered).fetchone()[0] != 1:
            raise StateError(f"{path} is unfinished: it names no generation; {restore}")
    except (sqlite3.DatabaseError, UnicodeDecodeError) as error:
        raise told(path, error, "read as a state", restore.partition("; ")[2]) from error
    return bool(version == SCHEMA_VERSION)
