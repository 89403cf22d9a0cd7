"""Opens the state with the stdlib's SQLite: reading only, or as its one writer."""

from __future__ import annotations

import contextlib
import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from rostersync.errors import StateError
from rostersync.state.schema import verify
from rostersync.state.trouble import told
from rostersync.state.upgrading import bring_up_to_date

_BUSY_TIMEOUT = 30.0  # seconds that a short-lived other writer, such as a database browser, is waited for
_DAMAGE = (
    sqlite3.DatabaseError,
    json.JSONDecodeError,
    UnicodeDecodeError,  # damage in a name that SQLite's own complaint would quote
)


def _open(path: Path, mode: str) -> sqlite3.Connection:
    """A connection to a state of this version's schema; one of an older schema is brought up to date first."""
    if not path.exists():
        raise StateError(
            f"{path} is missing: the state is lost or was never made; nothing was changed; "
            "restore a backup (rostersync state restore FILE), or run `rostersync init` for a new district"
        )
    try:
        connection = sqlite3.connect(
            f"{path.absolute().as_uri()}?mode={mode}",
            uri=True,
            timeout=_BUSY_TIMEOUT,
            isolation_level=None,
            check_same_thread=mode != "ro",  # SQLite is built serialized; what only reads may do so beside other work
        )
    except sqlite3.Error as error:
        raise told(path, error, "opened") from error
    try:
        if not verify(connection, path):
            connection.close()
            bring_up_to_date(path)
            return _open(path, mode)
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA trusted_schema = OFF")
        connection.execute("PRAGMA cell_size_check = ON")
        connection.execute("PRAGMA temp_store = MEMORY")
        connection.execute("PRAGMA cache_size = -131072")  # KiB: a night's pages of a large district
    except BaseException:
        connection.close()
        raise
    return connection


@contextlib.contextmanager
def reading(path: Path) -> Iterator[sqlite3.Connection]:
    """A connection that cannot write, on one consistent snapshot of the state.

    Raises:
        StateError: the file is missing, empty, foreign or damaged.
    """
    connection = _open(path, "ro")
    try:
        connection.execute("BEGIN")
        yield connection
    except _DAMAGE as error:
        raise told(path, error, "read as a state") from error
    finally:
        connection.close()


@contextlib.contextmanager
def writing(path: Path) -> Iterator[sqlite3.Connection]:
    """A connection in one immediate transaction, committed at the end of the block or rolled back.

    Raises:
        StateBusy: another program holds a write lock on the file.
        StateError: the file is missing, empty, foreign or damaged.
    """
    connection = _open(path, "rw")
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA cache_size = -1048576")  # KiB, used as needed: each page is written once
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield connection
        except BaseException:
            connection.rollback()
            raise
        connection.execute("COMMIT")
    except sqlite3.IntegrityError:
        raise
    except sqlite3.OperationalError as error:
        raise told(path, error, "written", "run again with --verbose for details") from error
    except _DAMAGE as error:
        raise told(path, error, "read as a state") from error
    finally:
        connection.close()
