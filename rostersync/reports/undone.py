"""From an undo to its report: one row per record and note (contract.md, Reports)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rostersync.model.findings import FINDING_COLUMNS
from rostersync.model.notes import BLANK, CHANGE, LIST_SEPARATOR, Action, Code, template
from rostersync.model.report import (
    CLASSES_COLUMNS,
    ENROLLMENTS_COLUMNS,
    GUARDIANSHIPS_COLUMNS,
    USERS_COLUMNS,
    ReportTables,
)
from rostersync.model.undo import KEYS, STATUS_ACTIONS, Involved, Undo

if TYPE_CHECKING:
    import polars as pl

_RECORD = ("kind", "key_1", "key_2", "key_3", "id")
SAID = (*_RECORD, "action", "code", "notes")


def said(undo: Undo) -> pl.DataFrame:
    """Everything an undo says, a row per record and note: columns SAID, what goes back first."""
    import polars as pl

    run = pl.lit(undo.run.run_id)
    rows = [
        _taken_back(undo),
        _noted(undo.added, Action.REMOVED, Code.ADDED_UNDONE, run=run),
        _noted(undo.taken, Action.KEPT, Code.NOT_RESTORED, field=_capital("field")),
        _noted(undo.standing, Action.KEPT, Code.ADDED_STANDS, run=run),
        _noted(undo.edited, Action.KEPT, Code.EDIT_STANDS, run=run),
        _noted(undo.sent, Action.KEPT, Code.MESSAGE_SENT, run=run).unique(maintain_order=True),
    ]
    return pl.concat(rows)


def _capital(column: str) -> pl.Expr:
    import polars as pl

    return pl.col(column).str.to_titlecase()


def _noted(frame: pl.DataFrame, action: Action, code: Code, **values: pl.Expr) -> pl.DataFrame:
    """Rows of one code; the values of its note are `values`, else the frame's columns of that name (`id`: holder)."""
    import string

    import polars as pl

    parts: list[pl.Expr] = []
    for literal, name, _, _ in string.Formatter().parse(template(code)):
        parts.append(pl.lit(literal))
        if name is not None:
            value = values.get(name, pl.col("holder" if name == "id" else name))
            parts.append(_shown(value))
    return frame.select(
        *_RECORD, action=pl.lit(action.value), code=pl.lit(code.value), notes=pl.concat_str(parts)
    ).with_columns(pl.col(name).cast(pl.String) for name in SAID)


def _shown(value: pl.Expr) -> pl.Expr:
    import polars as pl

    return pl.when(value.is_null() | (value == "")).then(pl.lit(BLANK)).otherwise(value)


def _taken_back(undo: Undo) -> pl.DataFrame:
    """Records that were there before the run: one note with all fields; the SIS's value only where it moved alone."""
    import polars as pl

    moved = undo.fields.join(
        undo.fields.select("kind", "id", "before", "after", field="sis_" + pl.col("field")),
        on=["kind", "id", "field", "before", "after"],
        how="anti",
        nulls_equal=True,
    )
    change = pl.format(
        CHANGE.format(field="{}", before="{}", after="{}"), "field", _shown(pl.col("before")), _shown(pl.col("after"))
    )
    status = pl.col("after").filter(pl.col("field").is_in(["roster_status", "status"])).first()
    words = {name: action.value for name, action in STATUS_ACTIONS.items()}
    rows = (
        moved.sort("kind", "id", "field")
        .group_by(_RECORD, maintain_order=True)
        .agg(
            changes=change.str.join(LIST_SEPARATOR),
            action=status.replace_strict(words, default=None, return_dtype=pl.String).fill_null(Action.UPDATED.value),
        )
    )
    noted = _noted(rows, Action.UPDATED, Code.UNDONE, run=pl.lit(undo.run.run_id))
    return noted.with_columns(action=rows["action"])


def undo_tables(undo: Undo, before: Involved, after: Involved) -> ReportTables:
    """The tables of the report: records as they are now, those that went as they were."""
    import polars as pl

    rows = said(undo)
    gone = before.users.join(after.users, on="id", how="anti")
    blank = pl.lit(None, dtype=pl.String)
    users = pl.concat([after.users, gone.with_columns(roster_status=blank, account=blank)])
    classes = pl.concat([after.classes, before.classes.join(after.classes, on="id", how="anti")])
    users = users.with_columns(school=_schools(users["school_ids"], before.orgs | after.orgs))
    classes = classes.with_columns(school=_schools(classes["school_id"], before.orgs | after.orgs))
    name = pl.concat_str("given_name", "family_name", separator=" ", ignore_nulls=True).str.strip_chars()
    names = users.select("id", name=name)
    of = {kind: _of_kind(rows, kind) for kind in KEYS}
    titles = classes.select(class_id="id", class_title="title", school="school")
    return ReportTables(
        users=of["users"].join(users, on="id", how="left").select(USERS_COLUMNS),
        classes=of["classes"].join(classes, on="id", how="left").select(CLASSES_COLUMNS),
        enrollments=of["enrollments"]
        .join(titles, on="class_id", how="left")
        .join(names.rename({"id": "user_id", "name": "user_name"}), on="user_id", how="left")
        .select(ENROLLMENTS_COLUMNS),
        guardianships=of["guardianships"]
        .join(names.rename({"id": "guardian_id", "name": "guardian_name"}), on="guardian_id", how="left")
        .join(names.rename({"id": "student_id", "name": "student_name"}), on="student_id", how="left")
        .select(GUARDIANSHIPS_COLUMNS),
        issues=pl.DataFrame(schema={column: pl.Int64 if column == "line" else pl.String for column in FINDING_COLUMNS}),
    )


def _of_kind(rows: pl.DataFrame, kind: str) -> pl.DataFrame:
    import polars as pl

    keys = {name: pl.col(f"key_{place}") for place, name in enumerate(KEYS[kind], start=1)}
    return rows.filter(pl.col("kind") == kind).select("action", "code", "notes", **keys)


def _schools(lists: pl.Series, orgs: dict[str, str]) -> pl.Series:
    """Names of the schools of comma-separated lists, joined by "; "."""
    import polars as pl

    distinct = lists.unique().drop_nulls().to_list()
    names = ["; ".join(orgs.get(school) or school for school in one.split(",") if school) for one in distinct]
    return lists.replace_strict(
        pl.Series(distinct, dtype=pl.String), pl.Series(names, dtype=pl.String), default=None, return_dtype=pl.String
    )
