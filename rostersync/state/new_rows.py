"""The rows that a night adds to the tables of the state."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rostersync.model.night import ACCOUNT_CONTACTS, CLASS_IMPORT, ENROLLMENT_KEY, ENROLLMENT_VALUES, VALID
from rostersync.model.roster import USER_DETAILS
from rostersync.state.binding import bound, slices

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl

    from rostersync.model.decisions import Decisions

USER_COLUMNS = {
    "role": "to_role",
    "roles": "to_roles",
    "school_ids": "to_school_ids",
    "roster_status": "to_status",
    "family_left": "to_family_left",
    "account_id": "account_id",
    "enabled": "to_enabled",
    "sis_given_name": "to_given_name",
    "sis_family_name": "to_family_name",
    "sis_email": "to_email",
    "sis_sms": "to_sms",
    "sis_telephone": "to_telephone",
    "sis_mobile": "to_mobile",
    "sis_phone": "to_phone",
    "agents": "to_agents",
    **{name: f"to_{name}" for name in USER_DETAILS},
    "review": "to_review",
    "guard_held": "to_guard_held",
}


CLASS_COLUMNS = {
    "title": "to_title",
    "sis_title": "to_sis_title",
    **{name: f"to_{name}" for name in CLASS_IMPORT if name != "title"},
    "status": "to_status",
    "review": "to_review",
}


@dataclass(frozen=True)
class NewRows:
    """Rows to insert into one table: a frame with the table's column names, blanks null; empty columns left out."""

    table: str
    frame: pl.DataFrame


def new_rows(decisions: Decisions, number: int) -> Iterator[NewRows]:
    """The rows that the decisions add, in the order in which they refer to each other; `number` is that of the run."""
    accounts = decisions.accounts
    accounts = accounts[accounts["new"]].sort_values("account_id")
    fields = {name: f"to_{name}" for name in (*ACCOUNT_CONTACTS, "disabled")}
    yield from _new_rows("accounts", accounts, {**fields, "account_id": "account_id"}, {"state": "invitee"})

    ours: dict[str, object] = {"origin": "sis", "added_in": number}
    read = {**ours, "read_in": number}
    users = with_read_line(decisions.users).assign(to_review=decisions.users["by_waiting"])
    columns = {name: value for name, value in USER_COLUMNS.items() if name != "guard_held"}  # nobody new is held
    columns |= {"line": "to_line", "id": "id", "sourced_id": "id"}
    users = users[list(dict.fromkeys(columns.values()))][~users["known"] & (users["to_status"] != "")]
    yield from _new_rows("users", users, columns, read)

    classes = with_read_line(decisions.classes).assign(to_review=False)
    classes = classes[~classes["known"] & (classes["to_status"] != "")]
    columns = {**CLASS_COLUMNS, "line": "to_line", "id": "id", "sourced_id": "id"}
    yield from _new_rows("classes", classes, columns, read)

    enrollments = decisions.enrollments
    enrollments = enrollments[(enrollments["stored"] == "") & (enrollments["to"] == "current")]
    columns = {**{name: name for name in ENROLLMENT_KEY}, **{name: f"to_{name}" for name in ENROLLMENT_VALUES}}
    yield from _new_rows("enrollments", enrollments, columns, {"status": "current", **ours})

    pairs = decisions.pairs
    pairs = pairs[(pairs["stored"] == "") & (pairs["to"] == "current")]
    columns = {name: name for name in ("guardian_id", "student_id")}
    yield from _new_rows("guardianships", pairs, columns, {"status": "current", **ours})


def _new_rows(
    table: str, frame: pd.DataFrame, columns: dict[str, str], constants: dict[str, object]
) -> Iterator[NewRows]:
    """`columns` are those of the table and where their values stand, `constants` the same for all.

    Columns without any value are left out: binding them costs as much as binding values.
    """
    import polars as pl

    if frame.empty:
        return
    values = bound(frame, list(columns.values()))
    values.columns = list(columns)
    filled = [name for name in values.columns if values[name].null_count() < values.height]
    yield NewRows(table, values.select(*filled, *(pl.lit(value).alias(name) for name, value in constants.items())))


def insert(connection: sqlite3.Connection, rows: NewRows) -> None:
    """Writes them one by one."""
    names = rows.frame.columns
    statement = f"INSERT INTO {rows.table} ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})"
    for part in slices(rows.frame):
        connection.executemany(statement, part)


def with_read_line(frame: pd.DataFrame) -> pd.DataFrame:
    """`frame` with `to_line`: where the row stands that speaks tonight; missing where the base speaks."""
    return frame.assign(to_line=frame["line"].where(frame["presence"] == VALID).astype("Int64"))
