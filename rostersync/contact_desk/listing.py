"""From problems to the rows that people read: who holds what, what it costs, what to do, the most useful first."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from rostersync.model.contact_desk import COLUMNS, CONTESTED, FIXES, FREE, NO_VALUE, SHARED, SHARED_FIXES
from rostersync.model.notes import Code

if TYPE_CHECKING:
    import polars as pl

    from rostersync.state.contact_desk import ContactDeskReader

_CREDENTIALS = ("email", "mobile")
_WITHHELD = Code.NO_UNIQUE_CREDENTIAL.value


def listing(
    problems: pl.DataFrame, school: str | None, desk: ContactDeskReader, orgs: Mapping[str, str]
) -> pl.DataFrame:
    """COLUMNS of these problems (with `since`), those of one school or all, the most useful first."""
    import polars as pl

    rows = _with_holder(_with_affected(problems), desk)
    if school is not None:
        rows = rows.filter(pl.col("school_ids").list.contains(school))
    rows = _with_schools(_with_fix(rows), orgs)
    waits = pl.col("problem").eq(_WITHHELD).any().over("id")  # not in the directory: goes before all others
    rank = pl.col("problem").replace_strict({problem: at for at, problem in enumerate(FIXES)}, return_dtype=pl.Int64)
    order = (~waits, rank, -pl.col("affected").fill_null(0), "contact", "sis_value", "school", "id")
    return rows.sort(*order, nulls_last=True).select(COLUMNS)


def _with_affected(rows: pl.DataFrame) -> pl.DataFrame:
    """Adds `affected`: how many people of the whole listing go without the value of this row, blank without a value."""
    import polars as pl

    shared = pl.col("problem").is_in(SHARED) & pl.col("sis_value").is_not_null()
    people = rows.filter(shared).group_by("contact", "sis_value").agg(affected=pl.col("id").n_unique().cast(pl.Int64))
    joined = rows.join(people, on=["contact", "sis_value"], how="left")
    return joined.with_columns(affected=pl.when(shared).then("affected"))


def _with_holder(rows: pl.DataFrame, desk: ContactDeskReader) -> pl.DataFrame:
    """Adds `holder`, `holder_name` and `kind` (of SHARED_FIXES, blank for the plain sentence).

    The holder is who has the value by now; where nobody has it, whom the last sync named: several want it then.
    """
    import polars as pl

    parts = []
    for contact in _CREDENTIALS:
        values = rows.filter(pl.col("contact") == contact)["sis_value"].drop_nulls().unique()
        held = desk.holders(contact, values).join(desk.wanted(contact, values), on="value", how="full", coalesce=True)
        parts.append(held.with_columns(contact=pl.lit(contact)))
    found = pl.concat(parts).rename({"value": "sis_value", "people": "wanted"})
    rows = rows.join(found, on=["contact", "sis_value"], how="left")
    rows = rows.with_columns(
        pl.when(pl.col("holder_account").ne_missing(pl.col("account_id"))).then(name).alias(name)
        for name in ("holder", "holder_name")
    )
    shared = pl.col("problem").is_in(SHARED)
    claims = pl.col("wanted").fill_null(0) + pl.col("withheld").fill_null(0)
    withheld = rows.filter(pl.col("problem") == _WITHHELD).group_by("contact", "sis_value").agg(withheld=pl.len())
    rows = rows.join(withheld, on=["contact", "sis_value"], how="left").with_columns(
        kind=pl.when(~shared | pl.col("holder").is_not_null())
        .then(None)
        .when(pl.col("sis_value").is_null())
        .then(pl.lit(NO_VALUE))
        .when(claims > 1)
        .then(pl.lit(CONTESTED))
        .otherwise(pl.lit(FREE))
    )
    named = pl.col("kind").eq_missing(pl.lit(CONTESTED)) | ~shared
    return rows.with_columns(holder=pl.coalesce("holder", pl.when(named).then("others")))


def _with_fix(rows: pl.DataFrame) -> pl.DataFrame:
    """Adds `fix`: the sentence of the problem, with the contact and the holder in it."""
    import polars as pl

    sentence = pl.coalesce(
        pl.col("kind").replace_strict(dict(SHARED_FIXES), default=None, return_dtype=pl.String),
        pl.col("problem").replace_strict(dict(FIXES), return_dtype=pl.String),
    )
    word = pl.col("contact").replace({"email": "e-mail"}).fill_null("e-mail or mobile")
    fix = sentence.str.replace_all("{contact}", word, literal=True)
    fix = fix.str.replace_all("an mobile", "a mobile", literal=True)
    return rows.with_columns(
        fix=fix.str.replace_all("{holder}", pl.col("holder").fill_null("whoever has it"), literal=True)
    )


def _with_schools(rows: pl.DataFrame, orgs: Mapping[str, str]) -> pl.DataFrame:
    """Adds `school`: names of the schools, the id where a name is not known."""
    import polars as pl

    named = pl.col("school_ids").list.eval(pl.element().replace(dict(orgs))).list.join("; ")
    return rows.with_columns(school=pl.when(named != "").then(named))
