"""Report tables made up by the tests."""

from __future__ import annotations

import csv
from datetime import UTC, datetime

import pandas as pd
import polars as pl
import pytest

from rostersync.model.report import (
    MARK_COLUMNS,
    SHOWN_COLUMNS,
    TABLE_COLUMNS,
    ReportTables,
    RunFacts,
    SourceFacts,
    SourceFile,
)
from rostersync.reports.summary import summarise


def frame_of(table, rows):
    """Rows (dicts, what is left out is blank) as the pandas frame the program hands over."""
    columns = MARK_COLUMNS if table == "marks" else SHOWN_COLUMNS[table] if table == "fixed" else TABLE_COLUMNS[table]
    frame = pd.DataFrame({column: pd.Series([row.get(column) for row in rows], dtype="str") for column in columns})
    if table == "issues":
        frame["line"] = pd.Series([row.get("line") for row in rows], dtype="Int64")
    return frame


@pytest.fixture(scope="session")
def make_tables():
    """make_tables(users=[{…}], …) -> ReportTables; `mark` and `since` stand in the rows of `issues`."""

    def make(**rows):
        beside = {table: frame_of(table, rows[table]) for table in ("fixed",) if table in rows}
        if any(row.keys() & set(MARK_COLUMNS) for row in rows.get("issues", [])):
            beside["marks"] = frame_of("marks", rows["issues"])
        return ReportTables(**{table: frame_of(table, rows.get(table, [])) for table in TABLE_COLUMNS}, **beside)

    return make


@pytest.fixture(scope="session")
def as_polars():
    """The same tables as polars frames."""

    def convert(tables):
        return ReportTables(**{table: pl.from_pandas(getattr(tables, table)) for table in TABLE_COLUMNS})

    return convert


@pytest.fixture(scope="session")
def read_rows():
    """What a reader sees in a CSV: a list of dicts."""

    def read(path):
        with path.open(encoding="utf-8-sig", newline="") as file:
            return list(csv.DictReader(file, strict=True))

    return read


@pytest.fixture(scope="session")
def make_summary():
    """make_summary(tables, status=…, …) -> RunSummary of a run on 21 November."""

    def make(tables, *, dry_run=False, status="applied", exit_code=0, schools=None, guards=(), folder="reports"):
        return summarise(
            tables,
            run=RunFacts(
                run_id="20261121T213000Z",
                started_at=datetime(2026, 11, 21, 21, 30, tzinfo=UTC),
                finished_at=datetime(2026, 11, 21, 21, 30, 4, 500_000, tzinfo=UTC),
                status=status,
                dry_run=dry_run,
                exit_code=exit_code,
            ),
            source=SourceFacts(
                name="/srv/oneroster",
                files=(SourceFile(name="users.csv", size=1234, digest="ab" * 32, rows=12, mode="bulk"),),
            ),
            schools=schools or {},
            guards_tripped=guards,
            seconds={"read": 0.12345},
            report=folder,
            settings_digest="cd" * 32,
        )

    return make
