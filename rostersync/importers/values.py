"""Whole columns of cells brought into the form the Roster holds them in (policies.md R-V2, R-V4)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rostersync.importers.layouts import Kind
from rostersync.importers.text import HIDDEN, INVISIBLE

if TYPE_CHECKING:
    import polars as pl

TRUE_WORDS = ("true", "yes", "y", "t", "1")
FALSE_WORDS = ("false", "no", "n", "f", "0")
NULL_WORD = r"(?i)^(?:null|\(null\))$"
ID_LIMIT = 255
"""Characters of a sourcedId (type GUID of the OneRoster CSV bindings)."""

_CONTROL = r"[\x00-\x1f\x7f]"
_NO_ID = r"[\x00-\x1f\x7f,]|^local:"


def without_hidden(column: str, kind: Kind) -> pl.Expr:
    """The cells of `column` without hidden characters; control characters in identifiers stay, to be rejected."""
    import polars as pl

    return pl.col(column).str.replace_all(f"[{INVISIBLE if kind is Kind.ID else HIDDEN}]", "")


def trimmed(column: str) -> pl.Expr:
    """The cells of `column` without blanks around them; blank ones are null."""
    import polars as pl

    text = pl.col(column).str.strip_chars()
    return pl.when(text.str.len_bytes() > 0).then(text)


def is_null_word(column: str) -> pl.Expr:
    """Whether a trimmed cell is a database's word for nothing."""
    import polars as pl

    text = pl.col(column)
    return pl.when(text.str.len_bytes().is_in([4, 6])).then(text).str.contains(NULL_WORD).fill_null(value=False)


def unusable_id(column: str) -> pl.Expr:
    """Whether an identifier has a comma or a control character, is too long, or one of the program's own."""
    import polars as pl

    text = pl.col(column)
    too_long = (text.str.len_bytes() > ID_LIMIT) & (text.str.len_chars() > ID_LIMIT)
    return (text.str.contains(_NO_ID) | too_long).fill_null(value=False)


def has_control(column: str) -> pl.Expr:
    """Whether a cell has a control character: a line break, a tab, something worse."""
    import polars as pl

    return pl.col(column).str.contains(_CONTROL)


def tidied(cells: pl.Series, kind: Kind) -> pl.Series:
    """Trimmed cells in the form of their kind: names collapsed and NFC, lists without blanks and doubles."""
    if kind is Kind.NAME:
        return _tidy_names(cells)
    if kind in {Kind.IDS, Kind.IDS_SORTED, Kind.WORDS}:
        return _tidy_lists(cells, kind)
    return cells


def joined_union(column: str) -> pl.Expr:
    """Of several list cells in a group the sorted union, one cell again; null where all are blank."""
    import polars as pl

    items = pl.col(column).drop_nulls().str.split(",").explode().drop_nulls().unique().sort()
    return pl.when(items.len() > 0).then(items.str.join(","))


def truth(words: pl.Series) -> pl.Series:
    """Words for yes and no as booleans; null where blank or anything else."""
    import polars as pl

    name = words.name
    lowered = pl.col(name).str.to_lowercase()
    reading = (
        pl.when(pl.col(name) == "true")
        .then(pl.lit(value=True))
        .when(pl.col(name) == "false")
        .then(pl.lit(value=False))
        .when(lowered.is_in(TRUE_WORDS))
        .then(pl.lit(value=True))
        .when(lowered.is_in(FALSE_WORDS))
        .then(pl.lit(value=False))
    )
    return words.to_frame().lazy().select(reading.alias(name)).collect().to_series()


def dates(cells: pl.Series) -> tuple[pl.Series, pl.Series]:
    """ISO dates and those of the US form M/D/YYYY as dates (null where neither), and which are US ones.

    An ISO date with a time is the date it names.
    """
    import polars as pl

    distinct = cells.unique().drop_nulls()
    iso = distinct.str.extract(r"^(\d{4}-\d{2}-\d{2})(?:[T ][0-9:.]+(?:Z|[+-]\d{2}:?\d{2})?)?$").str.to_date(
        "%Y-%m-%d", strict=False
    )
    parts = distinct.str.extract_groups(r"^(\d{1,2})/(\d{1,2})/(\d{4})$").struct.unnest()
    padded = parts.select(
        pl.concat_str(pl.col("3"), pl.col("1").str.zfill(2), pl.col("2").str.zfill(2), separator="-").str.to_date(
            "%Y-%m-%d", strict=False
        )
    ).to_series()
    known = pl.DataFrame({"cell": distinct, "date": iso.fill_null(padded), "us": iso.is_null() & padded.is_not_null()})
    read = cells.alias("cell").to_frame().join(known, on="cell", how="left", maintain_order="left")
    return read["date"].alias(cells.name), read["us"].fill_null(value=False)


def _tidy_names(cells: pl.Series) -> pl.Series:
    if cells.str.contains(r"\s\s|[^\S ]").any():
        cells = cells.str.replace_all(r"\s+", " ")
    accented = cells.filter(cells.str.len_bytes() != cells.str.len_chars())
    if (accented.str.normalize("NFC") != accented).any():
        cells = cells.str.normalize("NFC")
    return cells


def _tidy_lists(cells: pl.Series, kind: Kind) -> pl.Series:
    """Items trimmed, empty ones and (but for words, whose positions can mean something) doubles dropped."""
    import polars as pl

    several = _untidy_lists(cells, kind)
    if not several.any():
        return cells
    items = pl.col("cell").str.split(",").list.eval(pl.element().str.strip_chars())
    kept = items.list.eval(pl.element().filter(pl.element() != "")).list.unique(maintain_order=True)
    if kind is Kind.IDS_SORTED:
        kept = kept.list.sort()
    elif kind is Kind.WORDS:
        kept = pl.when(items.list.eval(pl.element() != "").list.any()).then(items).otherwise(None)
    text = kept.list.join(",")
    distinct = cells.filter(several).unique().alias("cell").to_frame()
    known = (
        distinct.lazy()
        .with_columns(tidy=pl.when(text.str.len_bytes() > 0).then(text), several=pl.lit(value=True))
        .collect()
    )
    read = cells.alias("cell").to_frame().join(known, on="cell", how="left", maintain_order="left")
    chosen = pl.when(pl.col("several")).then(pl.col("tidy")).otherwise(pl.col("cell"))
    return read.select(chosen.alias(cells.name)).to_series()


def _untidy_lists(cells: pl.Series, kind: Kind) -> pl.Series:
    """Which cells hold a list that may need tidying: nearly all of a plain file's have one item or two sound ones."""
    import polars as pl

    cell = pl.col("cell")
    commas = cell.str.count_matches(",", literal=True)
    halves = cell.str.split_exact(",", 1).struct
    first, second = halves.field("field_0"), halves.field("field_1")
    in_order = {Kind.IDS_SORTED: first < second, Kind.WORDS: pl.lit(value=True)}.get(kind, first != second)
    sound = (commas == 1) & in_order & ~cell.str.contains(r"\s|^,|,$")
    frame = cells.alias("cell").to_frame().lazy()
    return frame.select((commas > 0) & ~sound).collect().to_series().fill_null(value=False)
