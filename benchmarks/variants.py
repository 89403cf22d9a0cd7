"""The same district written in another way: what a sync costs must hang on what changed, not on how files look.

Each variant is a folder made of another one; ids, order, line ends or quotes differ, or some rows cannot be used.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl
    from polars._typing import CsvQuoteStyle

SEED = 11
REJECTED = 20
"""One in so many users has no given name, which is required (policies.md R-V2)."""
_LARGE = ("users.csv", "classes.csv", "enrollments.csv")
_PLAIN = ("manifest.csv",)


def shuffled(source: Path, target: Path) -> None:
    """The rows of the large files in random order."""

    def change(name: str, rows: pl.DataFrame) -> pl.DataFrame:
        return rows.sample(fraction=1, shuffle=True, seed=SEED) if name in _LARGE else rows

    _written(source, target, change)


def with_guids(source: Path, target: Path) -> None:
    """Every sourcedId is a GUID, lists of them too: nothing lies beside what it belongs to any more."""

    def change(_name: str, rows: pl.DataFrame) -> pl.DataFrame:
        ids = [name for name in rows.columns if name.endswith("ourcedId")]
        lists = [name for name in rows.columns if name.endswith("ourcedIds")]
        one = [_guid(rows[name]).alias(name) for name in ids]
        return rows.with_columns(*one, *(_guids(rows, name) for name in lists))

    _written(source, target, change)


def with_plain_line_ends(source: Path, target: Path) -> None:
    """Lines end in LF alone; the generator writes CRLF, as the specification has it."""
    _copied(source, target)
    for path in target.glob("*.csv"):
        path.write_bytes(path.read_bytes().replace(b"\r\n", b"\n"))


def quoted(source: Path, target: Path) -> None:
    """Every cell in quotes."""
    _written(source, target, lambda _name, rows: rows, always=True)


def with_rejected_rows(source: Path, target: Path) -> None:
    """One in REJECTED users lacks a required value, the same ones every night."""
    import polars as pl

    def change(name: str, rows: pl.DataFrame) -> pl.DataFrame:
        if name != "users.csv":
            return rows
        unusable = rows["sourcedId"].hash(SEED) % REJECTED == 0
        return rows.with_columns(givenName=pl.when(unusable).then(pl.lit("")).otherwise("givenName"))

    _written(source, target, change)


VARIANTS: dict[str, Callable[[Path, Path], None]] = {
    "rows shuffled": shuffled,
    "GUID ids": with_guids,
    "LF": with_plain_line_ends,
    "quoted throughout": quoted,
    "5 % rejected rows": with_rejected_rows,
}


def made(name: str, source: Path, target: Path) -> Path:
    """The variant of a folder; one that is there already is used again."""
    if not target.exists():
        part = target.with_name(target.name + ".part")
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir(parents=True)
        VARIANTS[name](source, part)
        part.rename(target)
    return target


def _copied(source: Path, target: Path) -> None:
    for path in source.glob("*.csv"):
        shutil.copyfile(path, target / path.name)


def _written(
    source: Path, target: Path, change: Callable[[str, pl.DataFrame], pl.DataFrame], *, always: bool = False
) -> None:
    import polars as pl

    _copied(source, target)
    for path in sorted(source.glob("*.csv")):
        if path.name not in _PLAIN:
            rows = change(path.name, pl.read_csv(path, infer_schema=False).fill_null(""))
            if not always:  # an empty text would be written in quotes, as no export does
                rows = rows.with_columns(pl.when(pl.all() != "").then(pl.all()))
            style: CsvQuoteStyle = "always" if always else "necessary"
            rows.write_csv(target / path.name, quote_style=style, line_terminator="\r\n")


def _guid(ids: pl.Series) -> pl.Series:
    """8-4-4-4-12 digits of two hashes; a blank stays blank."""
    import polars as pl

    digits = pl.concat_str(
        *(pl.lit(ids.hash(SEED + number)).cast(pl.String).str.zfill(20) for number in range(2))
    ).alias("digits")
    parts, start = [], 0
    for length in (8, 4, 4, 4, 12):
        parts.append(pl.col("digits").str.slice(start, length))
        start += length
    frame = pl.DataFrame({"id": ids}).with_columns(digits)
    made_up = pl.concat_str(*parts, separator="-")
    return frame.select(pl.when(pl.col("id") != "").then(made_up).otherwise(pl.lit(""))).to_series()


def _guids(rows: pl.DataFrame, name: str) -> pl.Series:
    """The same of a list of ids in one cell."""
    import polars as pl

    each = rows.select(pl.col(name).str.split(",").alias("id")).with_row_index("row").explode("id")
    each = each.with_columns(id=_guid(each["id"].fill_null("").str.strip_chars()))
    return each.group_by("row", maintain_order=True).agg(pl.col("id").str.join(",")).sort("row")["id"].alias(name)
