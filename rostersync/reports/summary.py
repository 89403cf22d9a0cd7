"""The summary of a run: counted from its report tables, written as summary.json."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from rostersync.model.notes import Action
from rostersync.model.report import (
    DeliveryVerdict,
    RunFacts,
    RunSummary,
    SchoolRemovals,
    SourceFacts,
    TrippedGuard,
)
from rostersync.reports.attention import people
from rostersync.reports.folder import create_private
from rostersync.reports.frames import polars_frame

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from rostersync.model.report import Frame, ReportTables

SUMMARY_FILE = "summary.json"
PEOPLE = {"student": "students", "guardian": "guardians", "teacher": "staff", "administrator": "staff"}
"""Leading role -> kind."""


def summarise(
    tables: ReportTables,
    *,
    run: RunFacts,
    source: SourceFacts,
    schools: Mapping[str, Mapping[str, SchoolRemovals]],
    guards_tripped: Sequence[TrippedGuard],
    diagnosis: Sequence[str] = (),
    ledger: Mapping[str, dict[str, int]] | None = None,
    seconds: Mapping[str, float],
    report: Path,
    settings_digest: str,
    delivery: DeliveryVerdict | None = None,
) -> RunSummary:
    """The summary of one run; counts are rows of the tables, as a filter in the spreadsheet shows them."""
    counts: dict[str, dict[str, int]] = {}
    codes: dict[str, dict[str, int]] = {}
    for kind, action, code, rows in _tally(tables):
        by_action = counts.setdefault(kind, {each.value: 0 for each in Action})
        codes.setdefault(kind, {})
        if rows:
            by_action[action] = by_action.get(action, 0) + rows
            codes[kind][code] = codes[kind].get(code, 0) + rows
    return RunSummary(
        run=run,
        source=source,
        delivery=delivery,
        counts=counts,
        people=people(tables),
        codes={kind: dict(sorted(found.items())) for kind, found in codes.items()},
        schools={kind: dict(sorted(found.items())) for kind, found in schools.items()},
        guards_tripped=tuple(guards_tripped),
        diagnosis=tuple(diagnosis),
        findings=_findings(tables.issues),
        ledger=dict(ledger or {}),
        seconds={stage: round(value, 3) for stage, value in seconds.items()},
        report=str(report),
        settings_digest=settings_digest,
    )


def write_summary(folder: Path, summary: RunSummary) -> None:
    """Writes `summary.json` (UTF-8, LF) into a folder that has none, for its owner alone."""
    write_kept_summary(folder, summary.to_json())


def write_kept_summary(folder: Path, summary: Mapping[str, Any]) -> None:
    """The same of a summary as the state keeps it."""
    text = json.dumps(summary, indent=2, ensure_ascii=False) + "\n"
    with create_private(folder / SUMMARY_FILE) as file:
        file.write(text.encode())


def _tally(tables: ReportTables) -> Iterable[tuple[str, str, str, int]]:
    """(kind, action, code, rows), every kind at least once."""
    for kind in ("users", "students", "guardians", "staff"):
        yield kind, "", "", 0
    for role, action, code, rows in _grouped(tables.users, ("role", "action", "code")):
        yield "users", action, code, rows
        if role in PEOPLE:
            yield PEOPLE[role], action, code, rows
    for kind in ("classes", "enrollments", "guardianships"):
        yield kind, "", "", 0
        for action, code, rows in _grouped(getattr(tables, kind), ("action", "code")):
            yield kind, action, code, rows


def _findings(issues: Frame) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    for severity, code, rows in _grouped(issues, ("severity", "code")):
        found.setdefault(severity, {})[code] = rows
    return found


def _grouped(frame: Frame, columns: tuple[str, ...]) -> Iterable[tuple[Any, ...]]:
    return polars_frame(frame, columns).group_by(columns).len().sort(columns).iter_rows()
