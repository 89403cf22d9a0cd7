"""Rows of the import that the state does not reflect: they stand for themselves (policies.md, *Import*, R-V5).

A row waits while what it says is not in the state: a guardian withheld, a new record whose row was rejected, an
enrollment without effect, a change that a guard held. `deleted` marks the opposite: a record that is no longer in the
import and is current in the state all the same. Base and waiting rows together are the last import.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl

WAITING_COLUMNS = ("kind", "id", "deleted", "line", "code", "notes", "cells")
"""`kind`: users, classes or enrollments; `id`: the sourcedId, of an enrollment without one class and user and role;
`code`, `notes`: of what the report says of it every night, null where nothing; `cells`: the roster's row as JSON, or
`{"rejected": [what could be read of the rows], "findings": [what is wrong with them]}`."""


@dataclass(frozen=True)
class Waiting:
    """What moves in the table of waiting rows: `rows` (WAITING_COLUMNS) to write, `gone` (`kind`, `id`) to remove."""

    rows: pl.DataFrame
    gone: pl.DataFrame


def waiting_schema() -> dict[str, pl.DataType]:
    """Column types of a frame of waiting rows."""
    import polars as pl

    types: dict[str, pl.DataType] = {"deleted": pl.Boolean(), "line": pl.UInt32()}
    return {name: types.get(name, pl.String()) for name in WAITING_COLUMNS}


def enrollment_id() -> pl.Expr:
    """What names an enrollment row: its sourcedId, else class, user and role with blanks between."""
    import polars as pl

    return pl.coalesce("sourced_id", pl.concat_str("class_id", "user_id", "role", separator=" "))
