"""What the last applied import said, rebuilt of the state: what a delta file is laid over (policies.md, *Import*)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl

TABLES = ("users", "classes", "enrollments")
"""The tables whose rows become records of the state."""


@dataclass(frozen=True)
class LastImport:
    """The base, and the rows that the state does not reflect.

    `users`, `classes`, `enrollments`: USER_COLUMNS, CLASS_COLUMNS, ENROLLMENT_COLUMNS of `sis` records that are current
    (active; of enrollments those of active classes), their values those of the base and `line` null. `waiting`:
    WAITING_COLUMNS, which take the place of the base's rows. `sessions`: SESSION_COLUMNS, as far as the state has
    them; `roles`: USER_ROLE_COLUMNS of 1.2. `missing`: per table the columns that the files did not have.
    """

    users: pl.DataFrame
    classes: pl.DataFrame
    enrollments: pl.DataFrame
    sessions: pl.DataFrame
    roles: pl.DataFrame
    waiting: pl.DataFrame
    missing: Mapping[str, frozenset[str]]
