"""From a plan to the rows of the report: one per record and note (contract.md, Reports)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rostersync.model.findings import FINDING_COLUMNS
from rostersync.model.notes import Action
from rostersync.model.plan import Plan
from rostersync.model.report import (
    CLASSES_COLUMNS,
    ENROLLMENTS_COLUMNS,
    GUARDIANSHIPS_COLUMNS,
    USERS_COLUMNS,
    ReportTables,
)

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl


@dataclass(frozen=True)
class FromState:
    """What the report needs of records that the plan did not look at.

    `orgs`: names of orgs by sourcedId. `names`: `id`, `name` of users that only an enrollment brings in.
    `user_notes`, `class_notes`: what is said every night, as the state has it.
    """

    orgs: Mapping[str, str]
    names: pl.DataFrame
    user_notes: pl.DataFrame
    class_notes: pl.DataFrame


def report_tables(plan: Plan, state: FromState) -> ReportTables:
    """The tables of a plan's report: its notes, and the standing notes of those it did not look at."""
    import polars as pl

    orgs, names = state.orgs, state.names

    people = _people(plan)
    known_names = pl.concat([people.select("id", name=_full_name()), names.select("id", "name")]).unique(
        subset="id", keep="first"
    )
    return ReportTables(
        users=pl.concat([_users(plan, people, orgs), _standing_users(plan, state)]),
        classes=pl.concat([_classes(plan, orgs), _standing_classes(plan, state)]),
        enrollments=_enrollments(plan, orgs, known_names),
        guardianships=_guardianships(plan, known_names),
        issues=plan.findings.select(FINDING_COLUMNS),
    )


def unnamed(plan: Plan) -> list[str]:
    """Users whom a row names and the plan did not look at: their names are in the state."""
    import polars as pl

    looked_at = _polars(plan.decisions.users, ["id"])
    enrolled = _polars(plan.notes["enrollments"], ["user_id"])["user_id"].unique()
    related = _polars(plan.notes["guardianships"], ["guardian_id", "student_id"])
    named = pl.DataFrame({"id": pl.concat([enrolled, related["guardian_id"], related["student_id"]]).unique()})
    return named.join(looked_at, on="id", how="anti")["id"].to_list()


def _people(plan: Plan) -> pl.DataFrame:
    """Everybody in scope as after tonight: who is withheld shows what the SIS says, and no platform values."""
    import polars as pl

    users = _polars(
        plan.decisions.users,
        [
            "id",
            "account_id",
            "to_role",
            "role",
            "to_status",
            "to_school_ids",
            "to_identifier",
            "to_grades",
            "to_given_name",
            "to_family_name",
            "to_email",
            "to_mobile",
        ],
    ).rename(
        {
            "to_given_name": "sis_given_name",
            "to_family_name": "sis_family_name",
            "to_email": "sis_email",
            "to_mobile": "sis_mobile",
        }
    )
    table = plan.decisions.accounts
    accounts = _polars(
        table.assign(account=table["state"].mask(table["to_disabled"], "disabled")),
        ["account_id", "to_given_name", "to_family_name", "to_email", "to_mobile", "account"],
    )
    joined = users.join(accounts, on="account_id", how="left")
    return joined.with_columns(
        given_name=pl.coalesce("to_given_name", "sis_given_name"),
        family_name=pl.coalesce("to_family_name", "sis_family_name"),
    )


def _users(plan: Plan, people: pl.DataFrame, orgs: Mapping[str, str]) -> pl.DataFrame:
    notes = _polars(plan.notes["users"], ["id", "action", "code", "notes"])
    rows = notes.join(people, on="id", how="left")
    return (
        rows.rename(
            {
                "to_identifier": "identifier",
                "to_grades": "grades",
                "to_status": "roster_status",
                "to_email": "email",
                "to_mobile": "mobile",
            }
        )
        .with_columns(
            _leading_role(),
            school=_school_names("to_school_ids", rows, orgs),
        )
        .select(USERS_COLUMNS)
    )


def _standing_users(plan: Plan, state: FromState) -> pl.DataFrame:
    """Notes of users whose cause lasts although nothing of theirs was looked at tonight."""
    import polars as pl

    looked_at = _polars(plan.decisions.users, ["id"])
    rows = state.user_notes.join(looked_at, on="id", how="anti").with_columns(action=pl.lit(Action.KEPT.value))
    return _nulled(rows.with_columns(school=_school_names("school_ids", rows, state.orgs)).select(USERS_COLUMNS))


def _standing_classes(plan: Plan, state: FromState) -> pl.DataFrame:
    import polars as pl

    looked_at = _polars(plan.decisions.classes, ["id"])
    rows = state.class_notes.join(looked_at, on="id", how="anti").with_columns(action=pl.lit(Action.KEPT.value))
    return _nulled(rows.with_columns(school=_school_names("school_id", rows, state.orgs)).select(CLASSES_COLUMNS))


def _leading_role() -> pl.Expr:
    import polars as pl

    return pl.when(pl.col("to_role") != "").then("to_role").otherwise("role").alias("role")


def _classes(plan: Plan, orgs: Mapping[str, str]) -> pl.DataFrame:
    notes = _polars(plan.notes["classes"], ["id", "action", "code", "notes"])
    classes = _polars(plan.decisions.classes, ["id", "to_title", "to_sis_title", "to_status", "to_school_id"])
    rows = notes.join(classes, on="id", how="left")
    return (
        rows.rename({"to_title": "title", "to_sis_title": "sis_title", "to_status": "status"})
        .with_columns(school=_school_names("to_school_id", rows, orgs))
        .select(CLASSES_COLUMNS)
    )


def _enrollments(plan: Plan, orgs: Mapping[str, str], names: pl.DataFrame) -> pl.DataFrame:
    notes = _polars(plan.notes["enrollments"], ["class_id", "user_id", "role", "action", "code", "notes"])
    classes = _polars(plan.decisions.classes, ["id", "to_title", "to_school_id"])
    classes = classes.with_columns(school=_school_names("to_school_id", classes, orgs))
    return (
        notes.join(classes.rename({"id": "class_id", "to_title": "class_title"}), on="class_id", how="left")
        .join(names.rename({"id": "user_id", "name": "user_name"}), on="user_id", how="left")
        .select(ENROLLMENTS_COLUMNS)
    )


def _guardianships(plan: Plan, names: pl.DataFrame) -> pl.DataFrame:
    notes = _polars(plan.notes["guardianships"], ["guardian_id", "student_id", "action", "code", "notes"])
    return (
        notes.join(names.rename({"id": "guardian_id", "name": "guardian_name"}), on="guardian_id", how="left")
        .join(names.rename({"id": "student_id", "name": "student_name"}), on="student_id", how="left")
        .select(GUARDIANSHIPS_COLUMNS)
    )


def _full_name() -> pl.Expr:
    import polars as pl

    return pl.concat_str(pl.col("given_name", "family_name"), separator=" ", ignore_nulls=True).str.strip_chars()


def _school_names(column: str, rows: pl.DataFrame, orgs: Mapping[str, str]) -> pl.Series:
    """Names of a row's schools joined by "; ", the id where a name is not known; looked up per distinct list."""
    import polars as pl

    lists = rows[column].unique().drop_nulls().to_list()
    shown = ["; ".join(orgs.get(school) or school for school in one.split(",") if school) for one in lists]
    return rows[column].replace_strict(
        pl.Series(lists, dtype=pl.String),
        pl.Series(shown, dtype=pl.String),
        default=None,
        return_dtype=pl.String,
    )


def _polars(frame: pd.DataFrame, columns: list[str]) -> pl.DataFrame:
    """A frame of the rules as polars; blank texts become null."""
    import polars as pl

    return _nulled(pl.from_pandas(frame[columns]))


def _nulled(table: pl.DataFrame) -> pl.DataFrame:
    """Blank texts become null; columns without any value are texts."""
    import polars as pl

    texts = [name for name, dtype in table.schema.items() if dtype == pl.String]
    empty = [name for name, dtype in table.schema.items() if dtype == pl.Null]
    return table.with_columns(
        *[pl.when(pl.col(name) != "").then(pl.col(name)).alias(name) for name in texts],
        *[pl.col(name).cast(pl.String) for name in empty],
    )
