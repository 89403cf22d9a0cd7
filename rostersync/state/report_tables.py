"""Keeps what a run reported, so that its report can be written again as long as reports are kept."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from typing import NamedTuple


class KeptTable(NamedTuple):
    """A packed table of a run's report."""

    run_id: str
    started_at: str
    content: bytes


def keep(connection: sqlite3.Connection, run_id: str, contents: Mapping[str, bytes], newest: int) -> None:
    """Keep the tables of a run (name -> packed rows), in the transaction that writes the run's row.

    Of all runs that left tables only the `newest` keep theirs; the last applied one keeps them in any case.
    """
    (number,) = connection.execute("SELECT number FROM runs WHERE run_id = ?", (run_id,)).fetchone()
    connection.executemany(
        "INSERT OR REPLACE INTO report_tables (run, name, content) VALUES (?, ?, ?)",
        [(number, name, content) for name, content in contents.items()],
    )
    connection.execute(
        "DELETE FROM report_tables WHERE run NOT IN (SELECT run FROM report_tables GROUP BY run ORDER BY run DESC "
        "LIMIT ?) AND run <> (SELECT max(t.run) FROM report_tables t JOIN runs r ON r.number = t.run WHERE r.applied)",
        (newest,),
    )


def latest(connection: sqlite3.Connection) -> str | None:
    """The id of the latest run whose tables are kept."""
    found = connection.execute(
        "SELECT run_id FROM runs WHERE number = (SELECT max(run) FROM report_tables)",
    ).fetchone()
    return None if found is None else str(found[0])


def kept(connection: sqlite3.Connection, run_id: str) -> dict[str, bytes]:
    """The packed tables of a run; empty where none are kept."""
    query = "SELECT t.name, t.content FROM report_tables t JOIN runs r ON r.number = t.run WHERE r.run_id = ?"
    return dict(connection.execute(query, (run_id,)))


def run_summary(connection: sqlite3.Connection, run_id: str) -> str | None:
    """What the run's row holds of its summary, as JSON (blank where it has none); None for an unknown run."""
    found = connection.execute("SELECT coalesce(summary, '') FROM runs WHERE run_id = ?", (run_id,)).fetchone()
    return None if found is None else str(found[0])


def kept_nights(connection: sqlite3.Connection, table: str) -> Iterator[KeptTable]:
    """This table of every kept report of a night that was applied and not taken back, the latest first."""
    query = (
        "SELECT r.run_id, r.started_at, t.content FROM report_tables t JOIN runs r ON r.number = t.run "
        "WHERE t.name = ? AND r.applied AND r.undoes IS NULL "
        "AND NOT EXISTS (SELECT 1 FROM runs u WHERE u.undoes = r.number) ORDER BY r.number DESC"
    )
    return map(KeptTable._make, connection.execute(query, (table,)))


def runs_kept(connection: sqlite3.Connection) -> tuple[str, ...]:
    """The runs whose tables are kept, the first one first."""
    query = "SELECT DISTINCT r.run_id FROM report_tables t JOIN runs r ON r.number = t.run ORDER BY r.number"
    return tuple(run_id for (run_id,) in connection.execute(query))


def replace(connection: sqlite3.Connection, run_id: str, contents: Mapping[str, bytes]) -> None:
    """Put other tables in the place of those that are kept of a run (name -> packed rows)."""
    connection.executemany(
        "UPDATE report_tables SET content = ? WHERE name = ? AND run = (SELECT number FROM runs WHERE run_id = ?)",
        [(content, name, run_id) for name, content in contents.items()],
    )
