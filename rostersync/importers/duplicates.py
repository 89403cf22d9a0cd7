"""Rows that share a sourcedId (policies.md R-V2): identical ones count once, lists that differ are merged."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rostersync.importers.values import joined_union
from rostersync.model.findings import Severity

if TYPE_CHECKING:
    import polars as pl

    from rostersync.importers.finding_list import FindingList


@dataclass(frozen=True)
class Unique:
    """`rows`: one per sourcedId, and every row without. `conflicting`: those that contradict each other."""

    rows: pl.DataFrame
    conflicting: pl.DataFrame


def one_row_each(
    rows: pl.DataFrame, unusable: pl.DataFrame, file: str, findings: FindingList, lists: tuple[str, ...] = ()
) -> Unique:
    """Tell rows of one `sourced_id` apart by every column but `line`, whatever the order of rows.

    `unusable` are rows that cannot be compared; a row that shares its sourcedId with one is in conflict.
    """
    import polars as pl

    taken = unusable["sourced_id"].drop_nulls()
    known = rows["sourced_id"].drop_nulls()
    if taken.is_empty() and known.hash().n_unique() == known.len():  # far quicker than to compare the texts
        return Unique(rows, rows.clear())
    shares = rows["sourced_id"].is_not_null() & rows["sourced_id"].is_duplicated()
    if not taken.is_empty():
        shares = shares | rows["sourced_id"].is_in(taken.unique().implode()).fill_null(value=False)
    if not shares.any():
        return Unique(rows, rows.clear())
    compared = [name for name in rows.columns if name not in {"line", "sourced_id", *lists}]
    sharing = rows.filter(shares).with_columns(
        _differ=pl.struct(compared).n_unique().over("sourced_id") > 1,
        _lists=(pl.struct(lists).n_unique().over("sourced_id") > 1) if lists else pl.lit(value=False),
    )
    in_conflict = pl.col("_differ") | pl.col("sourced_id").is_in(taken.unique().implode())
    conflicting = sharing.filter(in_conflict).select(rows.columns)
    message = "Rows of one sourcedId contradict each other; none was used. Have the SIS export one row for it."
    findings.rows(
        Severity.ERROR,
        file,
        conflicting,
        code="DUPLICATE_ID",
        message=message,
        column="sourcedId",
        value="sourced_id",
    )
    merging = sharing.filter(~in_conflict)
    merged = merging.group_by("sourced_id").agg(
        pl.col("line").min(),
        *(pl.col(name).first() for name in compared),
        *(
            pl.when(pl.col("_lists").first()).then(joined_union(name)).otherwise(pl.col(name).first()).alias(name)
            for name in lists
        ),
        _lists=pl.col("_lists").first(),
    )
    message = "Several rows of this sourcedId differ only in their lists; the lists were joined."
    findings.rows(
        Severity.WARNING,
        file,
        merged.filter(pl.col("_lists")),
        code="DUPLICATE_ID_MERGED",
        message=message,
        column="sourcedId",
        value="sourced_id",
    )
    kept = pl.concat([rows.filter(~shares), merged.select(rows.columns)]).sort("line")
    return Unique(kept, conflicting)
