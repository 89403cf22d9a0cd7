"""Rebuilds what the last applied import said (model/last_import.py)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from rostersync.model.last_import import LastImport
from rostersync.model.night import CLASS_IMPORT, SIS_CONTACTS, USER_IMPORT
from rostersync.model.roster import CLASS_COLUMNS, ENROLLMENT_COLUMNS, USER_COLUMNS
from rostersync.state.reader import StateReader

if TYPE_CHECKING:
    import polars as pl


def last_import(state: StateReader) -> LastImport:
    """What the state knows of the last applied import: the whole district."""
    missing = json.loads(state.meta().get("missing") or "{}")
    classes = _classes(state)
    return LastImport(
        users=_users(state),
        classes=classes,
        enrollments=_enrollments(state, classes),
        sessions=state.sessions(),
        roles=state.user_roles(),
        waiting=state.waiting(),
        missing={table: frozenset(columns) for table, columns in missing.items()},
    )


def _users(state: StateReader) -> pl.DataFrame:
    import polars as pl

    stored = state.users(None).filter((pl.col("origin") == "sis") & (pl.col("roster_status") == "current"))
    base = {
        ("phone" if name == "telephone" else name): pl.col(f"sis_{name}" if name in SIS_CONTACTS else name)
        for name in USER_IMPORT
    }
    rows = _blank_as_null(stored.select(sourced_id="id", **base))
    flags = {name: pl.lit(value=False) for name in ("email_invalid", "sms_invalid", "phone_invalid")}
    return rows.with_columns(line=pl.lit(None, dtype=pl.UInt32), enabled=pl.col("enabled") == "1", **flags).select(
        USER_COLUMNS
    )


def _classes(state: StateReader) -> pl.DataFrame:
    import polars as pl

    stored = state.classes(None).filter((pl.col("origin") == "sis") & (pl.col("status") == "active"))
    base = {name: pl.col("sis_title" if name == "title" else name) for name in CLASS_IMPORT}
    rows = _blank_as_null(stored.select(sourced_id="id", **base))
    return rows.with_columns(
        line=pl.lit(None, dtype=pl.UInt32), ends_on=pl.col("ends_on").str.to_date(strict=False)
    ).select(CLASS_COLUMNS)


def _enrollments(state: StateReader, classes: pl.DataFrame) -> pl.DataFrame:
    """Those of archived classes are none of the import's: they stay as they were (R-K1)."""
    import polars as pl

    stored = state.enrollments().filter((pl.col("origin") == "sis") & (pl.col("status") == "current"))
    stored = stored.filter(pl.col("class_id").is_in(classes["sourced_id"].implode()))
    return (
        _blank_as_null(stored)
        .with_columns(pl.col("begin_date", "end_date").str.to_date(strict=False), line=pl.lit(None, dtype=pl.UInt32))
        .select(ENROLLMENT_COLUMNS)
    )


def _blank_as_null(frame: pl.DataFrame) -> pl.DataFrame:
    import polars as pl

    return frame.with_columns(pl.when(pl.col(pl.String) != "").then(pl.col(pl.String)).name.keep())
