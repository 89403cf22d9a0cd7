"""Which records differ from the last applied import, by the fingerprints of their rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rostersync.model.roster import CLASS_COLUMNS, ENROLLMENT_COLUMNS, USER_COLUMNS, Roster
from rostersync.model.snapshot import TABLE_KEYS, Snapshot

if TYPE_CHECKING:
    import polars as pl

_COLUMNS = {"users": USER_COLUMNS, "classes": CLASS_COLUMNS, "enrollments": ENROLLMENT_COLUMNS}
_NOT_CONTENT = {"line"}  # where a row stands says nothing about the record (policies.md R-A2)


@dataclass(frozen=True)
class Changes:
    """What moved since the last applied import.

    `touched` and `gone`: per table a frame of key columns; touched rows are new or different, gone keys were in the
    snapshot and are not among tonight's sound rows (rejected ones among them).
    """

    touched: dict[str, pl.DataFrame]
    gone: dict[str, pl.DataFrame]


def fingerprints(roster: Roster, seed: int) -> Snapshot:
    """Fingerprints of every sound row of tonight, as in `model.snapshot.Snapshot`; order and lines do not matter."""
    return Snapshot(
        users=_fingerprints("users", roster.users, seed),
        classes=_fingerprints("classes", roster.classes, seed),
        enrollments=_fingerprints("enrollments", roster.enrollments, seed),
        seed=seed,
    )


def _fingerprints(table: str, frame: pl.DataFrame | None, seed: int) -> pl.DataFrame:
    import polars as pl

    keys = TABLE_KEYS[table]
    if frame is None:
        return pl.DataFrame(schema={**dict.fromkeys(keys, pl.String), "key": pl.UInt64, "row": pl.UInt64})
    content = [column for column in _COLUMNS[table] if column not in _NOT_CONTENT]
    named = frame.rename({"sourced_id": "id"}) if keys == ("id",) else frame
    return named.select(keys).with_columns(
        key=named.select(keys).hash_rows(seed=seed),
        row=frame.select(content).hash_rows(seed=seed + 1),
    )


def diff(tonight: Snapshot, before: Snapshot) -> Changes:
    """The records whose rows are new, different or gone."""
    touched, gone = {}, {}
    for table, keys in TABLE_KEYS.items():
        new, old = tonight.table(table), before.table(table)
        touched[table] = new.filter(~new["row"].is_in(old["row"].implode())).select(keys)
        gone[table] = old.filter(~old["key"].is_in(new["key"].implode())).select(keys)
    return Changes(touched, gone)
