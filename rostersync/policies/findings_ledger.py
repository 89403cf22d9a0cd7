"""Which findings are new tonight, still there, or fixed. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import TYPE_CHECKING

from rostersync.model.findings import MORE_ROWS
from rostersync.model.findings_ledger import (
    CONTENT,
    EVERY_OTHER,
    TOLD,
    LedgerMoves,
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

    rows, beyond = _split(findings)
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
    )


def _split(findings: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The findings one by one (`identity` and CONTENT, each once), and what is beyond the lists (UNLISTED_COLUMNS)."""
    import polars as pl

    rows = findings.select(
        column_name="column",
        record_id="id",
        **{name: name for name in ("severity", "file", "code", "value", "message")},
    ).with_columns(count=pl.col("message").str.extract(_MORE).cast(pl.Int64))
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
    followed, more = _cut(_with_identity(listed.select(CONTENT)))
    both = pl.concat([beyond, more], how="vertical_relaxed")
    both = both.group_by(_GROUP).agg(pl.col("count").sum(), pl.col("last_id").min())
    return followed, both.select(pl.col(name).cast(dtype) for name, dtype in unlisted_schema().items())


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
    """`identity` first: the same finding in another line, or with another wrong value, is the same one."""
    import polars as pl

    anonymous = pl.col("record_id").is_null()
    named = pl.struct(
        "file",
        "code",
        "column_name",
        "record_id",
        *(pl.when(anonymous).then(name).alias(name) for name in ("value", "message")),
    ).struct.json_encode()
    rows = rows.with_columns(named=named).unique("named", keep="first", maintain_order=True)
    digests = [hashlib.sha256(text.encode()).hexdigest()[:32] for text in rows["named"]]
    return rows.select(pl.Series("identity", digests, dtype=pl.String), *CONTENT)


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
