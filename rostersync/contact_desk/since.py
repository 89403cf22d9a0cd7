"""Since when a problem has been told, from the reports that the state keeps."""

from __future__ import annotations

import sqlite3
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import zoneinfo

    import polars as pl

KEY = ("id", "problem", "told_of")


def since(connection: sqlite3.Connection, problems: pl.DataFrame, zone: zoneinfo.ZoneInfo) -> pl.DataFrame:
    """KEY and `since`: the local day of the first of the kept nights without a break in which this was said.

    Where the ledger of findings says it (`began`), that day; blank where nothing does.
    """
    import polars as pl

    from rostersync.contact_desk.problems import with_subject
    from rostersync.reports.packing import read_columns
    from rostersync.state import report_tables

    def day(moment: str) -> str:
        return datetime.fromisoformat(moment).astimezone(zone).date().isoformat()

    begun = problems.filter(pl.col("began").is_not_null())
    days = {moment: day(moment) for moment in begun["began"].unique()}
    dated = begun.select(*KEY, since=pl.col("began").replace_strict(days, default=None, return_dtype=pl.String))
    dated = dated.group_by(KEY).agg(pl.col("since").min())
    standing = problems.select(KEY).unique().join(dated, on=KEY, how="anti", nulls_equal=True)
    standing = standing.with_columns(since=pl.lit(None, dtype=pl.String))
    done = standing.clear()
    for kept in report_tables.kept_nights(connection, "users"):
        codes = standing["problem"].unique()
        told = read_columns(kept.content, ("id", "code", "notes")).filter(pl.col("code").is_in(codes.implode()))
        told = with_subject(told).select("id", "told_of", problem="code").unique()
        said = standing.join(told, on=KEY, how="semi", nulls_equal=True)
        done = pl.concat([done, standing.join(told, on=KEY, how="anti", nulls_equal=True)])
        standing = said.with_columns(since=pl.lit(day(kept.started_at)))
        if standing.is_empty():
            break
    return pl.concat([dated, done, standing]).drop_nulls("since")
