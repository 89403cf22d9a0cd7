"""Keeps the rows of the import that the state does not reflect (policies.md R-V5)."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

from rostersync.model.night import ENROLLMENT_KEY
from rostersync.model.waiting import WAITING_COLUMNS, Waiting, waiting_schema
from rostersync.state.unusable import NO_OBJECT

if TYPE_CHECKING:
    import polars as pl

_SLICE = 100_000  # rows that are turned into Python values at a time


def read_waiting(connection: sqlite3.Connection) -> pl.DataFrame:
    """All of them: WAITING_COLUMNS, in order of kind and id.

    Raises:
        DatabaseError: one of them is no row of a file.
    """
    import polars as pl

    numbers = "typeof(deleted) <> 'integer' OR typeof(line) NOT IN ('integer', 'null')"
    query = f"SELECT id FROM waiting WHERE ({NO_OBJECT.format('cells')}) OR {numbers} LIMIT 1"
    for (row_id,) in connection.execute(query):
        raise sqlite3.DatabaseError(f"what waits of {row_id} is no row of a file")

    query = f"SELECT {', '.join(WAITING_COLUMNS)} FROM waiting ORDER BY kind, id"
    columns = list(zip(*connection.execute(query), strict=True)) or [()] * len(WAITING_COLUMNS)
    frame = pl.DataFrame(dict(zip(WAITING_COLUMNS, columns, strict=True)), schema_overrides={"deleted": pl.Int64})
    return frame.select(pl.col(name).cast(dtype) for name, dtype in waiting_schema().items())


def held_enrollments(connection: sqlite3.Connection) -> pl.DataFrame:
    """ENROLLMENT_KEY of enrollments whose row was held, or that stand though they are no longer in the import."""
    import polars as pl

    cells = ", ".join(f"json_extract(cells, '$.{name}')" for name in ENROLLMENT_KEY)
    rows = connection.execute(
        f"SELECT {cells} FROM waiting WHERE kind = 'enrollments' AND (deleted OR code = 'GUARD_HELD')"
    ).fetchall()
    return pl.DataFrame(rows, schema=dict.fromkeys(ENROLLMENT_KEY, pl.String), orient="row")


def write_waiting(connection: sqlite3.Connection, waiting: Waiting, number: int) -> None:
    """Write what moved; `number` is that of the run which read the rows."""
    connection.executemany("DELETE FROM waiting WHERE kind = ? AND id = ?", waiting.gone.select("kind", "id").rows())
    marks = ", ".join("?" * len(WAITING_COLUMNS))
    for rows in waiting.rows.select(WAITING_COLUMNS).iter_slices(_SLICE):
        connection.executemany(
            f"INSERT OR REPLACE INTO waiting ({', '.join(WAITING_COLUMNS)}, run) VALUES ({marks}, {number})",
            rows.rows(),
        )
