"""Fingerprints of the rows that the state already reflects (design.md, *Scope: cost follows change, not size*)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl

TABLE_KEYS = {"users": ("id",), "classes": ("id",), "enrollments": ("class_id", "user_id", "role")}
"""Snapshot table -> its key columns."""


@dataclass(frozen=True)
class Snapshot:
    """Per table a frame: the key columns, `key` (u64, hash of the key), `row` (u64, hash of the whole row).

    It holds exactly the records of the SIS that are current in the state and asserted by the last applied import.
    A row whose record was rejected keeps its old fingerprint, so that it is found again. `seed` makes the hashes.
    """

    users: pl.DataFrame
    classes: pl.DataFrame
    enrollments: pl.DataFrame
    seed: int

    def table(self, name: str) -> pl.DataFrame:
        """The frame of one table."""
        frame: pl.DataFrame = getattr(self, name)
        return frame
