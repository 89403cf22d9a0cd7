"""The runs before one, for the trend of its report; the run whose report is never removed; those taken back."""

from __future__ import annotations

import json
import sqlite3

from rostersync.model.findings_ledger import found_by_code
from rostersync.model.past_run import TREND, PastRun


def runs_before(connection: sqlite3.Connection, run_id: str) -> tuple[PastRun, ...]:
    """The runs that came before this one, oldest first, so many as a trend shows.

    A run that was taken back since counts as it ended: the report of a run that came after it stays the same.
    """
    # SQLite takes these few out: a summary also holds every school and every file
    rows = connection.execute(
        "SELECT run_id, coalesce(json_extract(summary, '$.run.status'), status), json_extract(summary, '$.counts'), "
        "CASE WHEN undoes IS NULL THEN json_extract(summary, '$.findings') END, json_extract(summary, '$.ledger') "
        "FROM runs WHERE run_id < ? ORDER BY run_id DESC LIMIT ?",
        (run_id, TREND - 1),
    ).fetchall()
    return tuple(
        PastRun(
            earlier,
            status,
            counts=json.loads(counts) if counts else {},
            findings=found_by_code(json.loads(findings), json.loads(ledger or "{}")) if findings else None,
        )
        for earlier, status, counts, findings, ledger in rows[::-1]
    )


def last_applied(connection: sqlite3.Connection) -> str | None:
    """The latest run that was applied and not taken back, if there is any."""
    found = connection.execute("SELECT max(run_id) FROM runs WHERE applied").fetchone()[0]
    return None if found is None else str(found)


def taken_back(connection: sqlite3.Connection) -> frozenset[str]:
    """The runs that were taken back since."""
    return frozenset(run_id for (run_id,) in connection.execute("SELECT run_id FROM runs WHERE status = 'undone'"))
