"""What of a plan is kept in its file, and the plan made of it again.

Kept are the rows that are written or spoken of, in the columns that the writer reads: what the state has, what becomes
of it (`to`, `to_X`), and FACTS. What the rules alone need (tonight's cells, row numbers, settings per person) is not,
nor what only the reports read, for their rows stand beside it. Who reads either from a plan of a file gets a KeyError,
never a guess.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from rostersync import __version__
from rostersync.model.decisions import Decisions
from rostersync.model.night import ACCOUNT_COLUMNS, CLASS_STATE, ENROLLMENT_KEY, ENROLLMENT_VALUES, USER_STATE
from rostersync.model.plan import Plan
from rostersync.model.plan_file import KeptTable, PlanFile, PlannedState
from rostersync.model.report import TABLE_COLUMNS, ReportTables, RunSummary
from rostersync.model.waiting import Waiting
from rostersync.plans.tables import from_pandas, from_polars, to_pandas, to_polars

if TYPE_CHECKING:
    import pandas as pd

STATE: Mapping[str, tuple[str, ...]] = {
    "users": ("id", *USER_STATE),
    "accounts": ACCOUNT_COLUMNS,
    "pairs": ("guardian_id", "student_id", "stored", "origin"),
    "classes": ("id", *CLASS_STATE),
    "enrollments": (*ENROLLMENT_KEY, "stored", "origin", "ended_with_person", *ENROLLMENT_VALUES),
    "messages": ("user_id", "channel", "template", "address", "subject", "body"),
}
"""Frame of the decisions -> its columns that say what the state has."""

FACTS: Mapping[str, tuple[str, ...]] = {
    "users": (
        *("known", "line", "presence", "in_import", "rejected", "held", "guard", "status_code", "same_as"),
        "by_waiting",
    ),
    "accounts": ("new", "lead"),
    "pairs": ("code",),
    "classes": ("known", "line", "presence", "rejected", "held", "guard", "status_code", "title_kept"),
    "enrollments": ("code", "waits"),
    "messages": (),
}
"""Frame of the decisions -> what the writer reads beside the state and what becomes of it, and why that is."""


def kept_plan(
    plan: Plan,
    tables: ReportTables,
    summary: RunSummary,
    *,
    mark: str,
    standing: Mapping[str, Iterable[str]],
    source_path: Path | None,
    override_guards: tuple[str, ...],
) -> PlanFile:
    """The plan as a file holds it.

    `standing`: users and classes of whom the state says something every night; `mark`: of the state.
    """
    return PlanFile(
        program=__version__,
        run_id=plan.run_id,
        made_at=plan.started_at,
        as_of=plan.as_of,
        source=plan.source,
        source_path=None if source_path is None else str(source_path.absolute()),
        state=PlannedState(generation=plan.generation, mark=mark),
        settings_digest=plan.settings_digest,
        override_guards=override_guards,
        summary=summary,
        report={name: _kept_report(tables, name) for name in TABLE_COLUMNS},
        missing={table: sorted(columns) for table, columns in plan.missing.items()},
        orgs=from_polars(plan.orgs),
        decisions={name: from_pandas(frame) for name, frame in _decisions(plan, standing).items()},
        notes={kind: from_pandas(plan.notes[kind]) for kind in ("users", "classes")},
        changes={kind: from_pandas(frame) for kind, frame in plan.changes.items()},
        waiting={"rows": from_polars(plan.waiting.rows), "gone": from_polars(plan.waiting.gone)},
        sessions=from_polars(plan.sessions),
        roles={} if plan.roles is None else {"all": from_polars(plan.roles)},
        facts=plan.facts,
        judgement=plan.judgement,
    )


def _kept_report(tables: ReportTables, name: str) -> KeptTable:
    import polars as pl

    frame = getattr(tables, name)
    return from_polars(frame) if isinstance(frame, pl.DataFrame) else from_pandas(frame)


def planned(file: PlanFile, run_id: str, started_at: datetime) -> Plan:
    """The plan again, for a run of its own."""
    import pandas as pd

    frames = {name: to_pandas(table) for name, table in file.decisions.items()}
    return Plan(
        run_id=run_id,
        started_at=started_at,
        as_of=file.as_of,
        source=file.source,
        generation=file.state.generation,
        settings_digest=file.settings_digest,
        decisions=Decisions(**frames, people=pd.DataFrame()),
        notes={kind: to_pandas(table) for kind, table in file.notes.items()},
        changes={kind: to_pandas(table) for kind, table in file.changes.items()},
        orgs=to_polars(file.orgs),
        findings=to_polars(file.report["issues"]),
        missing={table: frozenset(columns) for table, columns in file.missing.items()},
        snapshot=None,
        snapshot_moved=True,
        waiting=Waiting(**{name: to_polars(table) for name, table in file.waiting.items()}),
        sessions=to_polars(file.sessions),
        roles=to_polars(file.roles["all"]) if file.roles else None,
        # What names the run that was planned names the one that applies it.
        facts={name: run_id if value == file.run_id else value for name, value in file.facts.items()},
        judgement=file.judgement,
    )


def report_tables(file: PlanFile) -> ReportTables:
    """The rows of the report."""
    return ReportTables(**{name: to_polars(table) for name, table in file.report.items()})


def _decisions(plan: Plan, standing: Mapping[str, Iterable[str]]) -> dict[str, pd.DataFrame]:
    decided = plan.decisions
    users, classes = decided.users, decided.classes
    noted = {
        kind: frame["id"].isin([*plan.notes[kind]["id"], *standing[kind]])
        for kind, frame in (("users", users), ("classes", classes))
    }
    waiting = _flagged("users", users) | users["by_waiting"]
    users = users[~users["known"] | _moves(users) | noted["users"] | waiting]
    classes = classes[~classes["known"] | _moves(classes) | noted["classes"] | _flagged("classes", classes)]
    accounts, pairs, enrollments = decided.accounts, decided.pairs, decided.enrollments
    frames = {
        "users": users,
        "accounts": accounts[accounts["new"] | _moves(accounts) | accounts["account_id"].isin(users["account_id"])],
        "pairs": pairs[_moves(pairs) | (pairs["code"] != "")],
        "classes": classes,
        "enrollments": enrollments[_moves(enrollments) | (enrollments["code"] != "") | enrollments["waits"]],
        "messages": decided.messages,
    }
    return {name: _written_columns(name, frame) for name, frame in frames.items()}


def _written_columns(name: str, frame: pd.DataFrame) -> pd.DataFrame:
    named = {*STATE[name], *FACTS[name], "to"}
    return frame[[column for column in frame.columns if column in named or column.startswith("to_")]]


def _flagged(name: str, frame: pd.DataFrame) -> pd.Series:
    """Records that the state marks, to be looked at again: the writer may take the mark away."""
    marks = [column for column in STATE[name] if column in frame and frame[column].dtype == bool]
    return frame[marks].any(axis="columns")


def _moves(frame: pd.DataFrame) -> pd.Series:
    """Rows of which anything is another one afterwards; all where a column does not say what was before."""
    import pandas as pd

    moves = pd.Series(data=False, index=frame.index)
    for after in frame.columns:
        if after == "to" or after.startswith("to_"):
            before = _before(after, frame)
            moves |= True if before is None else frame[before] != frame[after]
    return moves


def _before(after: str, frame: pd.DataFrame) -> str | None:
    """The column that holds what `after` was; of a person's contacts that is the base, not the platform."""
    if after == "to":
        return "stored"
    name = after.removeprefix("to_")
    candidates = ("roster_status",) if "roster_status" in frame and name == "status" else (name, f"sis_{name}")
    return next((column for column in candidates if column in frame), None)
