"""What `explain` says of a record of a test district."""

from __future__ import annotations

from typing import Any

from rostersync.commands.explain import explanations
from rostersync.state.connection import reading
from tests.policies.district import District, Report


def explain(district: District, record: str, kind: str = "user") -> dict[str, dict[str, Any]]:
    """The rows of one record by their field: COLUMNS of `rostersync.explaining`."""
    with reading(district.folder / "state.db") as connection:
        found = {each.kind: each for each in explanations(connection, district.settings, record)}
    assert kind in found, f"{record} is explained as {list(found)}"
    rows = [row.as_row() for row in found[kind].rows]
    by_field = {row["field"]: row for row in rows}
    assert len(by_field) == len(rows)
    for row in rows:
        assert row["why"].endswith(".")
        assert row["to_change"]
    return by_field


def rule(district: District, record: str, field: str, kind: str = "user") -> str:
    """The rule that decided a value."""
    return str(explain(district, record, kind)[field]["rule"])


def run_of(report: Report) -> str:
    """The run that a night was."""
    return report.folder.name
