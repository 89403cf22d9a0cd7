"""Fingerprints of the rows that the state already reflects (design.md, *Scope: cost follows change, not size*)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl

TABLE_KEYS = {"users": ("id",), "classes": ("id",), "enrollments": ("class_id", "user_id", "role")}
"""Snapshot table -> its key columns."""

RECOGNISED = ("text", "sourced", "ends")
"""What a row can be recognised by without being read: `text` (u64, hash of its line; null: it has to be read again).

Of enrollments also `sourced` (u64, hash of the sourcedId, null where there is none) and `ends` (date).
"""


class Doubt(Exception):
    """Something about tonight's files that only a reading of them as a whole can tell."""


@dataclass(frozen=True)
class Snapshot:
    """Per table a frame: the key columns, `key` (u64, hash of the key), `row` (u64, hash of the whole row), RECOGNISED.

    It holds exactly the records of the SIS that are current in the state and asserted by the last applied import.
    A row whose record was rejected keeps its old fingerprint, so that it is found again. `seed` makes the hashes.
    `agents`: `key` of a user and `agent` (u64, hash of a sourcedId that their row names). `read_as`: what besides its
    line decides how a row is read; "" where no row can be recognised.
    """

    users: pl.DataFrame
    classes: pl.DataFrame
    enrollments: pl.DataFrame
    agents: pl.DataFrame
    seed: int
    read_as: str = ""

    def table(self, name: str) -> pl.DataFrame:
        """The frame of one table."""
        frame: pl.DataFrame = getattr(self, name)
        return frame


def snapshot_schema(table: str) -> dict[str, pl.DataType]:
    """Column types of one table of a snapshot, `agents` among them."""
    import polars as pl

    if table == "agents":
        return {"key": pl.UInt64(), "agent": pl.UInt64()}
    types: dict[str, pl.DataType] = {**dict.fromkeys(TABLE_KEYS[table], pl.String())}
    types |= {"key": pl.UInt64(), "row": pl.UInt64(), "text": pl.UInt64()}
    if table == "enrollments":
        types |= {"sourced": pl.UInt64(), "ends": pl.Date()}
    return types


def hashed(texts: pl.Series, seed: int) -> pl.Series:
    """A u64 per text; of a sourcedId that which `key` and `agent` have."""
    return texts.to_frame().hash_rows(seed=seed)
