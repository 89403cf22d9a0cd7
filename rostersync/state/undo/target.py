"""Which run can be taken back: the latest applied one that is not taken back yet."""

from __future__ import annotations

import sqlite3

from rostersync.errors import ConfigurationError, RefusedByPolicy
from rostersync.model.undo import UndoableRun
from rostersync.state.journal import ACCOUNT_IDS


def find(connection: sqlite3.Connection, run_id: str | None) -> UndoableRun:
    """The run to take back.

    Raises:
        ConfigurationError: the state does not know `run_id`.
        RefusedByPolicy: there is nothing to take back, `run_id` is not the run whose turn it is, or what that run
            replaced is not kept any more.
    """
    asked = None if run_id is None else _known(connection, run_id)
    row = connection.execute(
        "SELECT number, run_id, generation FROM runs WHERE applied AND undoes IS NULL ORDER BY number DESC LIMIT 1"
    ).fetchone()
    if row is None:
        raise RefusedByPolicy("no applied run is left to take back; nothing was changed; see `rostersync runs list`")
    latest = UndoableRun(*row)
    if asked is not None and run_id != latest.run_id:
        raise RefusedByPolicy(
            f"run {run_id} cannot be taken back: {asked}; nothing was changed; "
            f"the one that can be is {latest.run_id}: `rostersync runs undo {latest.run_id}`"
        )
    query = "SELECT EXISTS (SELECT 1 FROM before_images WHERE run = ? AND table_name = ?)"
    if not connection.execute(query, (latest.number, ACCOUNT_IDS)).fetchone()[0]:
        raise RefusedByPolicy(
            f"run {latest.run_id} cannot be taken back: what it replaced is not kept (only of the newest reports.keep "
            "runs, and of none that an older version applied); nothing was changed; restore a backup instead"
        )
    return latest


def _known(connection: sqlite3.Connection, run_id: str) -> str:
    """Why a run of the state is not the one to take back, if it is not."""
    query = "SELECT status, applied, undoes FROM runs WHERE run_id = ?"
    row = connection.execute(query, (run_id,)).fetchone()
    if row is None:
        raise ConfigurationError(
            f"the state knows no run {run_id}; nothing was changed; see `rostersync runs list` (dry runs are not in it)"
        )
    status, applied, undoes = row
    if status == "undone":
        return "that is done already"
    if undoes is not None:
        return "it took another run back, and the next sync brings that night again"
    return "runs after it come first" if applied else "it applied nothing"
