"""users.csv as the users of a Roster (policies.md R-V2 to R-V4)."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rostersync.importers.checks import report_missing_values, with_checked_ids, with_truth, without_deleted
from rostersync.importers.contacts import emails, phones
from rostersync.importers.duplicates import one_row_each
from rostersync.importers.finding_list import FindingList
from rostersync.importers.layouts import USERS
from rostersync.importers.roles import ROLE_OF_WORD, UserRoles, canonical_word
from rostersync.model.findings import Severity
from rostersync.model.roster import REJECTED_USER_COLUMNS, USER_COLUMNS

if TYPE_CHECKING:
    import polars as pl

    from rostersync.importers.absent_roles import AbsentRoles
    from rostersync.importers.tables import Table

_FILE = USERS.file
_LISTS = ("school_ids", "agents", "grades")
_INVALID_EMAIL = "No valid e-mail address; it says nothing. Correct it in the SIS."
_INVALID_PHONE = "No valid phone number; it says nothing. Correct it in the SIS."
_WORTH_A_THREAD = 10_000  # rows from which on the columns of contacts are read side by side


@dataclass(frozen=True)
class Users:
    """`users` (USER_COLUMNS), `rejected` (REJECTED_USER_COLUMNS), and the sourcedIds of deleted rows.

    `unreadable`: there are rows of which nobody can read whom they are about. `without_role`: USER_COLUMNS of those
    rejected ones of 1.2 that lack nothing but a role.
    """

    users: pl.DataFrame
    rejected: pl.DataFrame
    deleted: frozenset[str]
    unreadable: bool
    without_role: pl.DataFrame


def users_of(
    table: Table,
    roles: UserRoles | AbsentRoles | None,
    profiles: pl.DataFrame | None,
    region: str,
    findings: FindingList,
) -> Users:
    """The users of a delivery: in 1.2 `roles` says what they are, in 1.1 (None) the column role.

    `profiles` has `user_id` and `profiles`.
    """
    import polars as pl

    rows, deleted = without_deleted(table.rows, _FILE, findings, delta=table.delta)
    rows = with_checked_ids(rows, {"sourced_id": "sourcedId"}, _FILE, findings)
    blank = rows["enabled"].is_null()
    rows = with_truth(rows, "enabled", "enabledUser", _FILE, findings)
    if "enabled" not in table.missing:  # R-U7: a blank cell is not false; a word that cannot be read says nothing
        rows = rows.with_columns(enabled=pl.when(blank).then(pl.lit(value=True)).otherwise("enabled"))
    rows = _with_role(rows, findings) if roles is None else roles.joined(rows)
    if profiles is None:
        rows = rows.with_columns(profiles=pl.lit(None, dtype=pl.String))
    else:
        rows = rows.join(profiles, left_on="sourced_id", right_on="user_id", how="left", maintain_order="left")
    unique = one_row_each(rows, table.rejected, _FILE, findings, _LISTS)
    rows = unique.rows
    required = {"sourced_id": "sourcedId", "given_name": "givenName", "family_name": "familyName"}
    complete = report_missing_values(rows, required, _FILE, findings)
    sound = complete & pl.col("role_fault").is_null()
    report_roles(rows, findings)
    kept = rows.filter(sound)
    lacking = rows.filter(~sound & complete & pl.lit(value=roles is not None))
    parts = (table.rejected, unique.conflicting, rows.filter(~sound))
    rejected = pl.concat([_what_is_readable(part) for part in parts])
    unreadable = table.torn or rejected["sourced_id"].null_count() > 0 or (roles is not None and roles.unreadable)
    rejected = rejected.filter(pl.col("sourced_id").is_not_null()).sort("line")
    users = _with_contacts(kept, region, findings).select(USER_COLUMNS)
    without_role = _with_contacts(lacking, region, FindingList()).select(USER_COLUMNS)
    return Users(users, rejected, deleted, unreadable, without_role)


def _what_is_readable(rows: pl.DataFrame) -> pl.DataFrame:
    """REJECTED_USER_COLUMNS of rejected rows; of 1.2 the schools stand in another file."""
    import polars as pl

    there = set(rows.columns)
    return rows.select(
        pl.col(name) if name in there else pl.lit(None, dtype=pl.String).alias(name) for name in REJECTED_USER_COLUMNS
    )


def _with_role(rows: pl.DataFrame, findings: FindingList) -> pl.DataFrame:
    """1.1: `role` of the cell's word, `roles` the same, `role_fault` what is wrong with it."""
    import polars as pl

    words = rows["role"]
    read = rows.select("line", "sourced_id", "role", word=canonical_word("role"))
    odd = read.filter(pl.col("word").is_not_null() & (pl.col("word") != pl.col("role")))
    message = "A role in other letter case, read as it is spelt in OneRoster. Correct the export."
    findings.rows(Severity.WARNING, _FILE, odd, code="ROLE_CASE", message=message, column="role", value="role")
    role = read["word"].replace_strict(ROLE_OF_WORD, default=None, return_dtype=pl.String)
    fault = (
        pl.when(words.is_null())
        .then(pl.lit("REQUIRED_VALUE_MISSING"))
        .when(role.is_null())
        .then(pl.lit("UNKNOWN_ROLE"))
    )
    shown = pl.when(role.is_null()).then(words)
    return rows.with_columns(role=role, roles=role, role_fault=fault, role_cell=shown)


def report_roles(rows: pl.DataFrame, findings: FindingList) -> None:
    """Report users who have no role, by `role_fault`."""
    messages = {
        "REQUIRED_VALUE_MISSING": "No role for this user; the row was not used. Give one in the SIS.",
        "UNKNOWN_ROLE": "Not a role of OneRoster; the row was not used. Correct it in the SIS or the export.",
        "ROLE_ROW_REJECTED": "A row of roles.csv for this user was not used, so neither was the user.",
    }
    for code, message in messages.items():
        found = rows.filter(role_fault=code)
        findings.rows(Severity.ERROR, _FILE, found, code=code, message=message, column="role", value="role_cell")


def _with_contacts(rows: pl.DataFrame, region: str, findings: FindingList) -> pl.DataFrame:
    """`email`, `sms`, `phone` normalised, and beside each whether the cell held something that is none."""
    import polars as pl

    columns: dict[str, Callable[[], pl.Series]] = {
        "email": lambda: emails(rows["email"]),
        "sms": lambda: phones(rows["sms"], region, allow_extension=False),
        "phone": lambda: phones(rows["phone"], region, allow_extension=True),
    }
    if rows.height < _WORTH_A_THREAD:
        read = {column: normalised() for column, normalised in columns.items()}
    else:
        with ThreadPoolExecutor(2, thread_name_prefix="contacts") as beside:  # a column is work for one core
            begun = {column: beside.submit(normalised) for column, normalised in columns.items()}
        read = {column: each.result() for column, each in begun.items()}
    for column, values in read.items():
        invalid = values.is_null() & rows[column].is_not_null()
        code, message = ("INVALID_EMAIL", _INVALID_EMAIL) if column == "email" else ("INVALID_PHONE", _INVALID_PHONE)
        found = rows.filter(invalid)
        findings.rows(Severity.WARNING, _FILE, found, code=code, message=message, column=column, value=column, listed=0)
        rows = rows.with_columns(values.alias(column), invalid.alias(f"{column}_invalid").cast(pl.Boolean))
    return rows
