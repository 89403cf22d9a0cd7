"""Run ids, and the rows of runs that apply nothing: paused, stopped, refused, failed (contract.md, `roster_runs`)."""

from __future__ import annotations

import contextlib
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

from rostersync import errors
from rostersync.settings import Settings

if TYPE_CHECKING:
    from rostersync.model.delivery import Delivery
    from rostersync.model.plan import Plan
    from rostersync.model.report import ReportTables, RunSummary

RUN_ID_FORMAT = "%Y%m%dT%H%M%SZ"


def new_run(settings: Settings, now: datetime | None = None) -> tuple[str, datetime]:
    """A run id, the UTC start, later than that of every run and report before; and the start itself.

    Raises:
        StateError: the state holds values that no run could go on from.
    """
    from rostersync.reports.folder import latest_run_id
    from rostersync.state import unusable
    from rostersync.state.connection import reading
    from rostersync.state.reader import StateReader

    started_at = (now or datetime.now(UTC)).astimezone(UTC).replace(microsecond=0)
    with reading(settings.state.path) as connection:
        unusable.refuse(connection, settings.state.path)
        last = max(StateReader(connection).last_run_id() or "", latest_run_id(settings.reports.path) or "")
    if last:
        after = datetime.strptime(last, RUN_ID_FORMAT).replace(tzinfo=UTC) + timedelta(seconds=1)
        if after > started_at:
            return after.strftime(RUN_ID_FORMAT), started_at
    return started_at.strftime(RUN_ID_FORMAT), started_at


def record_pause(settings: Settings, source: str, until: date, now: datetime) -> str:
    """R-D4: a row about a run in a pause; gives its id. The caller holds the state's lock."""
    from rostersync.state.connection import writing
    from rostersync.state.writer import record_run

    run_id, started_at = new_run(settings, now)
    with writing(settings.state.path) as connection:
        summary: dict[str, object] = {"paused_until": until.isoformat()}
        record_run(connection, run_id, started_at, source, "paused", applied=False, summary=summary)
    return run_id


def record_stop(settings: Settings, plan: Plan, tables: ReportTables, summary: RunSummary) -> None:
    """R-D2, stop: a row about a run that applied nothing, and its report's tables."""
    from rostersync.reports.packing import pack
    from rostersync.state import report_tables
    from rostersync.state.connection import writing
    from rostersync.state.writer import record_run

    status, told = summary.run.status, summary.to_json()
    with writing(settings.state.path) as connection:
        record_run(connection, plan.run_id, plan.started_at, plan.source, status, applied=False, summary=told)
        report_tables.keep(connection, plan.run_id, pack(tables), settings.reports.keep)


def record_failure(
    settings: Settings,
    run_id: str,
    started_at: datetime,
    source: str,
    error: BaseException,
    delivery: Delivery | None,
) -> None:
    """A row about a run that applied nothing; a state that cannot take it is not made worse by a second error.

    It names the files that the run saw: a delta set that comes after them does not follow on what was applied (R-V5).
    """
    from rostersync.importers.chain import seen_files
    from rostersync.state.connection import writing
    from rostersync.state.writer import record_run

    status = "refused" if isinstance(error, errors.ImportRefused) else "failed"
    told = str(error) if isinstance(error, errors.RosterSyncError) else type(error).__name__
    with contextlib.suppress(errors.RosterSyncError), writing(settings.state.path) as connection:
        if connection.execute("SELECT 1 FROM runs WHERE run_id = ?", (run_id,)).fetchone() is None:
            summary: dict[str, object] = {"error": told, **({"source": seen_files(delivery)} if delivery else {})}
            record_run(connection, run_id, started_at, source, status, applied=False, summary=summary)
