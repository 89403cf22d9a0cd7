"""What in a report comes first: the one order of every format that has one of its own."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

from rostersync.model.notes import Action, Code
from rostersync.reports.csv import ORDER
from rostersync.reports.frames import polars_frame

if TYPE_CHECKING:
    import polars as pl

    from rostersync.model.report import Frame

SERIOUSNESS: Mapping[Action, tuple[Code, ...]] = MappingProxyType(
    {
        # what somebody has to look at before it can happen at all
        Action.HELD: (Code.UNREADABLE_ROWS, Code.INCOMPLETE_DELIVERY, Code.GUARD_HELD),
        Action.REJECTED: (Code.REJECTED_ROW,),
        Action.WITHHELD: (Code.NO_UNIQUE_CREDENTIAL, Code.NO_STUDENT),
        # what was taken away
        Action.REMOVED: (Code.FAMILY_LEFT, Code.ADDED_UNDONE, Code.UNDONE),
        Action.ARCHIVED: (Code.FAMILY_LEFT, Code.GUARDIAN_LEFT, Code.LEFT_SIS, Code.UNDONE),
        Action.ENDED: (Code.GUARDIANSHIP_ENDED, Code.ENROLLMENT_ENDED, Code.UNDONE),
        # where SIS and platform differ: logins first, wording last
        Action.KEPT: (
            Code.NOT_RESTORED,
            Code.MESSAGE_SENT,
            Code.CREDENTIAL_TAKEN,
            Code.LINKED_RECORD_DIFFERS,
            Code.ACTIVE_EMAIL_KEPT,
            Code.ACTIVE_PHONE_KEPT,
            Code.ACTIVE_NAME_KEPT,
            Code.BLANK_KEPT,
            Code.ADDED_STANDS,
            Code.EDIT_STANDS,
            Code.CLASS_STAYS_ARCHIVED,
            Code.TITLE_KEPT,
        ),
        # what came or changed as the SIS wants it
        Action.RESTORED: (Code.RETURNED, Code.UNDONE),
        Action.LINKED: (Code.SAME_PERSON,),
        Action.UPDATED: (Code.SIS_UPDATE, Code.UNDONE),
        Action.ADDED: (Code.NEW,),
    }
)
"""Actions, the most serious first, and within each its codes; rows of one code go by their notes, then by id."""


_ORDER: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {**ORDER, "fixed": tuple(name for name in ORDER["issues"] if name != "line")}
)


def most_serious(frame: Frame, table: str, columns: tuple[str, ...], most: int) -> pl.DataFrame:
    """These columns of the `most` most serious rows of a table of SHOWN_COLUMNS, in that order; blanks are "".

    By SERIOUSNESS, then as in the CSV: notes, ids. Findings come as in the CSV: errors, then where to look.
    What the order does not know (a code of a later version) comes first.
    """
    import polars as pl

    rows = polars_frame(frame, tuple(dict.fromkeys((*columns, *_ORDER[table]))))
    if "action" in rows.columns:
        rows = rows.with_columns(_rank().alias("rank"))
    keys = [name for name in ("rank", *_ORDER[table]) if name in rows.columns and _differs(rows[name])]
    if rows.height > most and keys:
        rows = rows.with_columns(pl.col(name).fill_null("") for name in keys if rows.schema[name] == pl.String)
        rows = rows.bottom_k(most, by=keys)  # sorting all of a first load for these few takes six times as long
    return rows.sort(keys).head(most).select(pl.col(name).cast(pl.String).fill_null("") for name in columns)


def _differs(column: pl.Series) -> bool:
    return bool(column.len()) and bool(column.ne_missing(column[0]).any())


def _rank() -> pl.Expr:
    import polars as pl

    pairs = [f"{action} {code}" for action, codes in SERIOUSNESS.items() for code in codes]
    return pl.concat_str("action", "code", separator=" ", ignore_nulls=True).replace_strict(
        pairs, list(range(1, len(pairs) + 1)), default=0, return_dtype=pl.Int16
    )
