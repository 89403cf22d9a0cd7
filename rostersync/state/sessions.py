"""Keeps the terms of the last import that had any: a delta's classes end with them (policies.md R-K6)."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

from rostersync.model.roster import SESSION_COLUMNS

if TYPE_CHECKING:
    import polars as pl


def read_sessions(connection: sqlite3.Connection) -> pl.DataFrame:
    """SESSION_COLUMNS; all but the sourcedId and the end are null."""
    import polars as pl

    types: dict[str, pl.DataType] = {"line": pl.UInt32(), "start_date": pl.Date(), "end_date": pl.String()}
    rows = connection.execute("SELECT sourced_id, end_date FROM academic_sessions ORDER BY sourced_id").fetchall()
    frame = pl.DataFrame(rows, schema={"sourced_id": pl.String(), "end_date": pl.String()}, orient="row")
    others = [name for name in SESSION_COLUMNS if name not in frame.columns]
    frame = frame.with_columns(pl.lit(None, dtype=types.get(name, pl.String())).alias(name) for name in others)
    return frame.with_columns(pl.col("end_date").str.to_date(strict=False)).select(SESSION_COLUMNS)


def write_sessions(connection: sqlite3.Connection, sessions: pl.DataFrame) -> None:
    """Make the terms those of `sessions`, unless it is empty: then nothing was said; only differences are written."""
    if sessions.is_empty():
        return
    import polars as pl

    said = set(sessions.select("sourced_id", pl.col("end_date").cast(pl.String)).rows())
    stood = set(connection.execute("SELECT sourced_id, end_date FROM academic_sessions"))
    connection.executemany("DELETE FROM academic_sessions WHERE sourced_id = ?", [row[:1] for row in stood - said])
    connection.executemany("INSERT INTO academic_sessions (sourced_id, end_date) VALUES (?, ?)", said - stood)
