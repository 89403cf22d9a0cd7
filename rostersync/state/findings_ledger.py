"""The ledger of findings in the state: since when each has been there, and in which run it was fixed."""

from __future__ import annotations

import json
import sqlite3
from typing import TYPE_CHECKING, Any

from rostersync.model.findings_ledger import (
    CONTENT,
    LEDGER_COLUMNS,
    UNLISTED_COLUMNS,
    LedgerMoves,
    ledger_schema,
    unlisted_schema,
)

if TYPE_CHECKING:
    import polars as pl

_LATEST = 30
"""So many of the latest runs are asked which files they read."""

_OPEN = (
    "WITH latest AS (SELECT run_id, summary FROM runs WHERE applied AND undoes IS NULL AND summary IS NOT NULL "
    f"ORDER BY number DESC LIMIT {_LATEST}), reads AS MATERIALIZED (SELECT lower(f.value ->> '$.name') AS file, "
    "max(run_id) AS run_id FROM latest, json_each(summary, '$.source.files') f "
    "WHERE f.value ->> '$.mode' = 'bulk' GROUP BY 1) "
    "SELECT l.code, l.severity, l.file, l.record_id AS id, l.column_name AS column, l.value, l.message, "
    "f.started_at, f.run_id AS first_run, max(s.run_id, coalesce(d.run_id, '')) AS last_run "
    "FROM findings_ledger l JOIN runs f ON f.number = l.first_run JOIN runs s ON s.number = l.last_run "
    "LEFT JOIN reads d ON d.file = lower(l.file) WHERE l.fixed_run IS NULL"
)


def read_ledger(connection: sqlite3.Connection) -> tuple[pl.DataFrame, pl.DataFrame]:
    """All rows of the ledger, LEDGER_COLUMNS, and what is not listed one by one, UNLISTED_COLUMNS."""
    import polars as pl

    rows = connection.execute(f"SELECT {', '.join(LEDGER_COLUMNS)} FROM findings_ledger").fetchall()
    more = connection.execute(f"SELECT {', '.join(UNLISTED_COLUMNS)} FROM findings_unlisted").fetchall()
    unlisted = pl.DataFrame(more, schema=unlisted_schema(), orient="row")
    blank = pl.when(pl.col("column_name") != "").then("column_name").alias("column_name")
    return pl.DataFrame(rows, schema=ledger_schema(), orient="row"), unlisted.with_columns(blank)


def write_ledger(connection: sqlite3.Connection, moves: LedgerMoves, run_id: str, keep: int) -> None:
    """Write what moved, in the transaction of the run, whose row must be there.

    What was fixed before the newest `keep` applied runs is forgotten.
    """
    import polars as pl

    (number,) = connection.execute("SELECT number FROM runs WHERE run_id = ?", (run_id,)).fetchone()
    marks = ", ".join("?" * len(CONTENT))
    replaced = ", ".join(f"{name} = excluded.{name}" for name in (*CONTENT, "last_run"))
    connection.executemany(
        f"INSERT INTO findings_ledger (identity, {', '.join(CONTENT)}, first_run, last_run) "
        f"VALUES (?, {marks}, {number}, {number}) ON CONFLICT (identity) DO UPDATE SET {replaced}",
        moves.found.select("identity", *CONTENT).rows(),
    )
    connection.executemany(
        f"UPDATE findings_ledger SET first_run = {number}, fixed_run = NULL WHERE identity = ? "
        f"AND first_run <> {number}",
        [(identity,) for identity in moves.again],
    )
    connection.executemany(
        f"UPDATE findings_ledger SET fixed_run = {number} WHERE identity = ?", [(identity,) for identity in moves.fixed]
    )
    connection.execute(
        "DELETE FROM findings_ledger WHERE fixed_run < (SELECT min(number) FROM (SELECT number FROM runs "
        "WHERE applied AND undoes IS NULL ORDER BY number DESC LIMIT ?))",
        (keep,),
    )
    unlisted = moves.unlisted.with_columns(pl.col("column_name").fill_null("")).rows()
    columns = ", ".join(UNLISTED_COLUMNS)
    stored = connection.execute(f"SELECT {columns} FROM findings_unlisted").fetchall()
    if set(stored) != set(unlisted):
        connection.execute("DELETE FROM findings_unlisted")
        connection.executemany(f"INSERT INTO findings_unlisted ({columns}) VALUES (?, ?, ?, ?, ?)", unlisted)


def first_nights(connection: sqlite3.Connection) -> dict[int, str]:
    """Runs that found what the ledger holds first -> when each began, ISO 8601 in UTC."""
    query = "SELECT number, started_at FROM runs WHERE number IN (SELECT first_run FROM findings_ledger)"
    return dict(connection.execute(query))


def open_findings(connection: sqlite3.Connection, code: str | None = None) -> list[dict[str, Any]]:
    """Findings that are not fixed: columns of issues.csv but for the line, `started_at`, `first_run`, `last_run`.

    `started_at` and `first_run` are of the run that found it first, `last_run` the last one that read its file.
    """
    cursor = connection.execute(
        f"{_OPEN}{'' if code is None else ' AND l.code = ?'} "
        "ORDER BY l.severity, l.code, l.file, l.column_name, l.record_id, l.value, l.message",
        () if code is None else (code,),
    )
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor]


def findings_of_nights(connection: sqlite3.Connection) -> list[tuple[str, str, dict[str, Any]]]:
    """Per applied night that is not taken back, the first one first: `run_id`, `started_at` and the parsed summary."""
    rows = connection.execute(
        "SELECT r.run_id, r.started_at, r.summary FROM runs r WHERE r.applied AND r.undoes IS NULL "
        "AND r.summary IS NOT NULL AND NOT EXISTS (SELECT 1 FROM runs u WHERE u.undoes = r.number) ORDER BY r.number"
    )
    return [(run_id, started_at, json.loads(summary)) for run_id, started_at, summary in rows]


def unlisted_findings(connection: sqlite3.Connection) -> dict[str, int]:
    """Per code how many more there are that no file lists one by one."""
    return dict(connection.execute("SELECT code, sum(count) FROM findings_unlisted GROUP BY code"))
