"""What a report says of findings beside the nights before, against the ledger as it stood then (R-V2 to R-V5)."""

from __future__ import annotations

import sqlite3
from typing import Any

from rostersync.reports.packing import unpack
from tests.policies.district import District, Report

Finding = tuple[Any, ...]


def open_findings(district: District) -> dict[Finding, str]:
    """Findings of the ledger that are not fixed -> the day of the run that found them first."""
    rows = district.rows(
        "SELECT l.*, date(r.started_at) AS day FROM findings_ledger l JOIN runs r ON r.number = l.first_run "
        "WHERE l.fixed_run IS NULL"
    )
    return {_known_by(row | {"column": row["column_name"], "id": row["record_id"]}): row["day"] for row in rows}


def _known_by(row: dict[str, Any]) -> Finding:
    named = row["file"], row["code"], row["column"], row["id"]
    return named if row["id"] is not None else (*named, row["value"], row["message"])


def check_marks(before: dict[Finding, str], district: District, report: Report) -> None:
    """A finding is still there where the ledger had it, else new; what is fixed was there, and is not found."""
    with sqlite3.connect(district.folder / "state.db") as connection:
        query = "SELECT t.name, t.content FROM report_tables t JOIN runs r ON r.number = t.run WHERE r.run_id = ?"
        tables = unpack(dict(connection.execute(query, (report.folder.name,)).fetchall()))
    connection.close()
    issues, marks, fixed = (list(frame.to_dicts()) for frame in (tables.issues, tables.marks, tables.fixed))  # type: ignore[union-attr, operator]
    found = [_known_by(row) for row in issues]
    for finding, mark in zip(found, marks, strict=True):
        assert mark["mark"] == ("still" if finding in before else "new"), f"{finding} is marked {mark}"
        # the nights of a story are of one day in the district's time zone, or the day before in UTC
        assert (mark["since"] is not None) == (finding in before), f"{finding} is marked {mark}"
    gone = {_known_by(row) for row in fixed}
    assert gone <= before.keys(), f"{gone - before.keys()} are fixed and were not there"
    assert not gone & set(found), f"{gone & set(found)} are fixed and found"
    after = open_findings(district).keys()
    assert after == (before.keys() - gone) | set(found), "the ledger goes another way than the report says"
