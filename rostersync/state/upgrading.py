"""Brings a state that an older version made up to date, after a copy of it."""

from __future__ import annotations

import logging
import sqlite3
from contextlib import closing
from pathlib import Path

from rostersync.errors import ConfigurationError, StateError
from rostersync.state.copies import before_migration
from rostersync.state.lock import hold
from rostersync.state.schema import SCHEMA_VERSION, upgrade
from rostersync.state.trouble import told

NOTICES = "rostersync.state"
"""Name of the logger that tells people what happened to their state."""


def bring_up_to_date(path: Path) -> None:
    """Copy the state beside it, then bring it to this version's schema, whole or not at all; the copy is named.

    Raises:
        StateBusy: a run holds the state.
        StateError: no copy can be made, or the file cannot be written; the state is as it was.
    """
    with hold(path, "bringing it up to date"):
        version = _version(path)
        if version >= SCHEMA_VERSION:  # another process did it meanwhile
            return
        try:
            copy = before_migration(path, SCHEMA_VERSION)
        except ConfigurationError as error:
            raise StateError(
                f"{path} was made by an older rostersync and stays as it was: it cannot be copied before it is brought "
                f"up to date: {error}"
            ) from error
        try:
            upgrade(path)
        except StateError as error:
            raise StateError(f"{error}; a copy of it is {copy}") from error
    logging.getLogger(NOTICES).warning(
        "%s was brought from schema %d to %d; a copy of it as it was is %s", path, version, SCHEMA_VERSION, copy
    )


def _version(path: Path) -> int:
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as connection:
            return int(connection.execute("PRAGMA user_version").fetchone()[0])
    except sqlite3.Error as error:
        raise told(path, error, "read as a state") from error
