"""Which findings are new tonight, still there, or fixed. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import TYPE_CHECKING

from rostersync.model.findings import MORE_ROWS
from rostersync.model.findings_ledger import (
    CONTENT,
    EVERY_OTHER,
    FIXED_COLUMNS,
    TOLD,
    LedgerMoves,
    Mark,
    unlisted_schema,
)

if TYPE_CHECKING:
    import polars as pl

LISTED = 10_000
"""So many findings of a code about a column are followed one by one, by record; of the others their number is."""
_GROUP = ["file", "code", "column_name"]
_MORE = "^" + MORE_ROWS.format(more="([0-9]+)").replace(".", r"\.") + "$"


def told_files(modes: Mapping[str, str], run_id: str) -> dict[str, str]:
    """What an import says of its files: TOLD and name -> the run where the file was read whole, else "".

    `modes`: file -> bulk, delta or absent. A file that is absent or a delta says nothing about what it does not hold.
    """
    told = {file: mode == "bulk" for file, mode in modes.items()}
    told[EVERY_OTHER] = "delta" not in modes.values()
    return {TOLD + name: run_id if whole else "" for name, whole in told.items()}


def ledger_moves(
    findings: pl.DataFrame, stored: pl.DataFrame, unlisted: pl.DataFrame, facts: Mapping[str, str], run_id: str
) -> LedgerMoves:
    """What the findings of a night (model/findings.py) move in the ledger.

    Args:
        findings: those of the night.
        stored: LEDGER_COLUMNS as the state has them.
        unlisted: UNLISTED_COLUMNS as the state has them.
        facts: what `told_files` says of this run.
        run_id: this run.
    """
    import polars as pl

    identified, rows, beyond = _split(findings)
    known = stored.select("identity", *(pl.col(name).alias(f"was_{name}") for name in (*CONTENT, "fixed_run")))
    found = rows.join(known.with_columns(known=True), on="identity", how="left")
    begins = pl.col("known").is_null() | pl.col("was_fixed_run").is_not_null()
    other = pl.any_horizontal(pl.col(name).ne_missing(pl.col(f"was_{name}")) for name in CONTENT)
    told = _told("file", facts, run_id)
    # What an earlier night had beyond its list is not new because it is listed now.
    listed_now = found.join(unlisted, on=_GROUP, how="left", nulls_equal=True).filter(
        begins & (pl.col("record_id") > pl.col("last_id"))
    )
    found = found.with_columns(
        begins=begins,
        writes=begins | other | ~told,
        is_new=begins & ~pl.col("identity").is_in(listed_now["identity"].implode()),
    )
    fixed = _fixed(stored, found, beyond, told)
    stays = unlisted.filter(~told).join(beyond, on=_GROUP, how="anti", nulls_equal=True)
    return LedgerMoves(
        found=found.filter("writes").select("identity", *CONTENT),
        again=found.filter("begins")["identity"],
        fixed=fixed["identity"],
        unlisted=pl.concat([stays, beyond]).sort(_GROUP),
        counts=_counts(found, fixed, beyond),
        marks=_marks(findings, identified, found, stored),
        gone=fixed.rename({"record_id": "id", "column_name": "column"}).select(FIXED_COLUMNS),
    )


def _contents(findings: pl.DataFrame) -> pl.DataFrame:
    return findings.select(
        column_name="column",
        record_id="id",
        **{name: name for name in ("severity", "file", "code", "value", "message")},
    )


def _split(findings: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """All findings that are listed with `named` and `identity`, those of them that are followed one by one, the rest.

    The first two have CONTENT too, each finding once; the rest are UNLISTED_COLUMNS.
    """
    import polars as pl

    rows = _contents(findings).with_columns(count=pl.col("message").str.extract(_MORE).cast(pl.Int64))
    rows = rows.with_columns(count=pl.when(pl.col("record_id").is_null()).then("count"))
    listed = rows.filter(pl.col("count").is_null())
    # Lists of several messages are cut one by one: what the shortest of them reaches is listed of all.
    last = (
        listed.group_by(*_GROUP, "message")
        .agg(pl.col("record_id").max())
        .group_by(_GROUP)
        .agg(last_id=pl.col("record_id").min())
    )
    beyond = rows.filter(pl.col("count").is_not_null()).group_by(_GROUP).agg(pl.col("count").sum())
    beyond = beyond.join(last, on=_GROUP, how="left", nulls_equal=True)
    identified = _with_identity(listed.select(CONTENT))
    followed, more = _cut(identified.drop("named"))
    both = pl.concat([beyond, more], how="vertical_relaxed")
    both = both.group_by(_GROUP).agg(pl.col("count").sum(), pl.col("last_id").min())
    return identified, followed, both.select(pl.col(name).cast(dtype) for name, dtype in unlisted_schema().items())


def _cut(rows: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The first LISTED rows of each group, and how many more there are (UNLISTED_COLUMNS)."""
    import polars as pl

    crowded = rows.group_by(_GROUP).len("total").filter(pl.col("total") > LISTED)
    if crowded.is_empty():
        return rows, pl.DataFrame(schema=unlisted_schema()).select(*_GROUP, "count", "last_id")
    ordered = rows.sort("record_id", "value", "message", nulls_last=True)
    kept = ordered.filter(pl.int_range(pl.len()).over(_GROUP) < LISTED)
    last = kept.group_by(_GROUP).agg(last_id=pl.col("record_id").max())
    more = crowded.select(*_GROUP, count=pl.col("total").cast(pl.Int64) - LISTED)
    return kept, more.join(last, on=_GROUP, how="left", nulls_equal=True)


def _with_identity(rows: pl.DataFrame) -> pl.DataFrame:
    """`named` and `identity` first: the same finding in another line, or with another wrong value, is the same one."""
    import polars as pl

    rows = rows.with_columns(named=_named()).unique("named", keep="first", maintain_order=True)
    digests = [hashlib.sha256(text.encode()).hexdigest()[:32] for text in rows["named"]]
    return rows.select("named", pl.Series("identity", digests, dtype=pl.String), *CONTENT)


def _named() -> pl.Expr:
    """What a finding is known by, of its CONTENT."""
    import polars as pl

    anonymous = pl.col("record_id").is_null()
    return pl.struct(
        "file",
        "code",
        "column_name",
        "record_id",
        *(pl.when(anonymous).then(name).alias(name) for name in ("value", "message")),
    ).struct.json_encode()


def _marks(findings: pl.DataFrame, identified: pl.DataFrame, found: pl.DataFrame, stored: pl.DataFrame) -> pl.DataFrame:
    """MARKED_COLUMNS of the findings of a night, row by row.

    Nothing is said of a row that stands for others, nor of one beyond those that are followed one by one. One that an
    earlier night had beyond its list is still there, nobody knows since when.
    """
    import polars as pl

    open_ones = stored.filter(pl.col("fixed_run").is_null()).select("identity", "first_run")
    known = (
        identified.select("named", "identity")
        .join(open_ones, on="identity", how="left")
        .join(found.select("identity", "is_new"), on="identity", how="left")
    )
    mark = (
        pl.when(pl.col("first_run").is_not_null() | ~pl.col("is_new"))
        .then(pl.lit(Mark.STILL.value))
        .when(pl.col("is_new"))
        .then(pl.lit(Mark.NEW.value))
    )
    rows = _contents(findings).select(named=_named())
    return rows.join(known, on="named", how="left", maintain_order="left").select(mark.alias("mark"), "first_run")


def _told(file: str, facts: Mapping[str, str], run_id: str) -> pl.Expr:
    """Whether this run read all of a file: what it does not say of it is no longer so."""
    import polars as pl

    whole = [name.removeprefix(TOLD) for name, run in facts.items() if name.startswith(TOLD) and run == run_id]
    named = [name.removeprefix(TOLD) for name in facts if name.startswith(TOLD)]
    other = ~pl.col(file).is_in(named) if EVERY_OTHER in whole else pl.lit(value=False)
    return pl.col(file).is_in(whole) | other


def _fixed(stored: pl.DataFrame, found: pl.DataFrame, beyond: pl.DataFrame, told: pl.Expr) -> pl.DataFrame:
    """Open ones of files that were read whole which are not found, and could not be beyond the list of tonight."""
    import polars as pl

    gone = stored.filter(pl.col("fixed_run").is_null() & told).join(found, on="identity", how="anti")
    gone = gone.join(beyond, on=_GROUP, how="left", nulls_equal=True)
    return gone.filter(pl.col("count").is_null() | (pl.col("record_id") <= pl.col("last_id")).fill_null(value=False))


def _counts(found: pl.DataFrame, fixed: pl.DataFrame, beyond: pl.DataFrame) -> dict[str, dict[str, int]]:
    import polars as pl

    counted = {
        "new": found.filter("is_new").group_by("code").len(),
        "still": found.filter(~pl.col("is_new")).group_by("code").len(),
        "fixed": fixed.group_by("code").len(),
        "unlisted": beyond.group_by("code").agg(len=pl.col("count").sum()),
    }
    codes = sorted({code for frame in counted.values() for code in frame["code"]})
    by_kind = {kind: dict(frame.iter_rows()) for kind, frame in counted.items()}
    return {code: {kind: int(of.get(code, 0)) for kind, of in by_kind.items()} for code in codes}
