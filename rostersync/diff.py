"""Which records differ from the last applied import, by the fingerprints of their rows."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rostersync.model.roster import CLASS_COLUMNS, ENROLLMENT_COLUMNS, USER_COLUMNS, Roster, Unread
from rostersync.model.snapshot import TABLE_KEYS, Snapshot, hashed, snapshot_schema

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
    """Fingerprints of every sound row that was read, as in `model.snapshot.Snapshot`; order and lines do not matter."""
    return Snapshot(
        users=_fingerprints("users", roster.users, roster, seed),
        classes=_fingerprints("classes", roster.classes, roster, seed),
        enrollments=_fingerprints("enrollments", roster.enrollments, roster, seed),
        agents=_agents(roster.users, seed),
        seed=seed,
        read_as=roster.read_as,
    )


def _fingerprints(table: str, frame: pl.DataFrame | None, roster: Roster, seed: int) -> pl.DataFrame:
    import polars as pl

    schema, keys = snapshot_schema(table), TABLE_KEYS[table]
    if frame is None:
        return pl.DataFrame(schema=schema)
    content = [column for column in _COLUMNS[table] if column not in _NOT_CONTENT]
    named = frame.rename({"sourced_id": "id"}) if keys == ("id",) else frame
    texts = roster.texts.get(table)
    found = named.select(keys).with_columns(
        key=named.select(keys).hash_rows(seed=seed),
        row=frame.select(content).hash_rows(seed=seed + 1),
        text=pl.lit(None, dtype=pl.UInt64) if texts is None else texts.of(frame["line"]),
    )
    if table == "enrollments":
        named_by = hashed(frame["sourced_id"], seed)
        found = found.with_columns(sourced=named_by, ends=frame["end_date"]).with_columns(
            sourced=pl.when(frame["sourced_id"].is_not_null()).then(pl.col("sourced"))
        )
        spare = roster.spare_enrollments
        if spare is not None and spare.height:  # several lines made one row
            shared = found["key"].is_in(spare.select(keys).hash_rows(seed=seed).implode())
            found = found.with_columns(text=pl.when(~shared).then(pl.col("text")))
    return found.select(list(schema))


def _agents(users: pl.DataFrame | None, seed: int) -> pl.DataFrame:
    """Who names whom, as hashes."""
    import polars as pl

    if users is None:
        return pl.DataFrame(schema=snapshot_schema("agents"))
    naming = users.filter(pl.col("agents").is_not_null())
    pairs = naming.select(
        key=hashed(naming["sourced_id"], seed), agent=pl.col("agents").cast(pl.String).str.split(",")
    ).explode("agent")
    return pairs.with_columns(agent=hashed(pairs["agent"], seed))


def diff(read: Snapshot, before: Snapshot, unread: Unread | None) -> Changes:
    """The records whose rows are new, different or gone; `read` has the rows that were read, `unread` the others."""
    touched, gone = {}, {}
    for table, keys in TABLE_KEYS.items():
        new, old = read.table(table), before.table(table)
        touched[table] = new.filter(~new["row"].is_in(old["row"].implode())).select(keys)
        if unread is not None and table != "classes":
            old = old.filter(~unread.kept(table))
        gone[table] = old.filter(~old["key"].is_in(new["key"].implode())).select(keys)
    return Changes(touched, gone)


def with_unread(read: Snapshot, before: Snapshot | None, roster: Roster) -> Snapshot:
    """`read` and the fingerprints of the rows of `roster` that were recognised as those of `before`.

    Users stand in the order of their file.
    """
    import polars as pl

    unread = roster.unread
    if unread is None or before is None or roster.users is None:
        return read
    kept = {table: before.table(table).filter(unread.kept(table)) for table in ("users", "enrollments")}
    naming = before.agents.filter(pl.col("key").is_in(kept["users"]["key"].implode()))
    texts = roster.texts["users"]
    lines = pl.DataFrame({"text": texts.hashes}).with_row_index("line", texts.first).drop_nulls()
    placed = [
        kept["users"].join(lines, on="text", how="left", maintain_order="left"),
        read.users.with_columns(line=roster.users["line"]),
    ]
    return dataclasses.replace(
        read,
        users=pl.concat(placed).sort("line").drop("line"),
        enrollments=pl.concat([kept["enrollments"], read.enrollments]),
        agents=pl.concat([naming, read.agents]),
    )
