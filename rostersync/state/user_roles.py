"""Keeps the rows of 1.2's roles.csv: a delta names those that changed by their own sourcedId (policies.md R-V5)."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

from rostersync.model.roster import USER_ROLE_COLUMNS

if TYPE_CHECKING:
    import polars as pl

_STORED = ("sourced_id", "user_id", "role", "is_primary", "org_id")


def read_user_roles(connection: sqlite3.Connection) -> pl.DataFrame:
    """All of them: USER_ROLE_COLUMNS."""
    import polars as pl

    columns = list(zip(*connection.execute(f"SELECT {', '.join(_STORED)} FROM user_roles"), strict=True))
    types: dict[str, pl.DataType] = {"primary": pl.Int64()}
    frame = pl.DataFrame(
        [
            pl.Series(name, values, dtype=types.get(name, pl.String()))
            for name, values in zip(USER_ROLE_COLUMNS, columns or [()] * len(USER_ROLE_COLUMNS), strict=True)
        ]
    )
    return frame.with_columns(pl.col("primary").cast(pl.Boolean))


def write_user_roles(connection: sqlite3.Connection, roles: pl.DataFrame | None) -> None:
    """Make them those of `roles`, None where the set has none; only differences are written."""
    if roles is None:
        return
    said = roles.select(USER_ROLE_COLUMNS).unique()
    stood = read_user_roles(connection)
    keys = list(USER_ROLE_COLUMNS)
    gone = stood.join(said, on=keys, how="anti", nulls_equal=True)
    new = said.join(stood, on=keys, how="anti", nulls_equal=True)
    where = " AND ".join(f"{name} IS ?" for name in _STORED)
    connection.executemany(f"DELETE FROM user_roles WHERE {where}", gone.select(keys).rows())
    marks = ", ".join("?" * len(_STORED))
    connection.executemany(
        f"INSERT INTO user_roles ({', '.join(_STORED)}) VALUES ({marks})", new.select(keys).sort(keys).rows()
    )
