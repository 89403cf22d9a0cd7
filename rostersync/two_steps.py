"""A night in two steps: planned and kept in a file, then, reviewed by somebody, applied."""

from __future__ import annotations

import contextlib
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from rostersync import errors
from rostersync.carrying_out import finish
from rostersync.outcome import Outcome, Stopwatch
from rostersync.pipeline import check_state, night, paused
from rostersync.proposing import Tonight, propose
from rostersync.run_records import new_run, record_failure
from rostersync.settings import Settings
from rostersync.settings.overrides import NO_OVERRIDES, Overrides

if TYPE_CHECKING:
    from rostersync.model.plan import Plan
    from rostersync.model.plan_file import PlanFile
    from rostersync.model.report import ReportTables, RunSummary
    from rostersync.sources.interface import Progress


def plan(
    settings: Settings,
    out: Path | None,
    *,
    source: Path | None,
    let_through: Overrides = NO_OVERRIDES,
    progress: Progress | None = None,
) -> Outcome:
    """A dry run; `out` keeps what it found, for a person to review and `apply` to carry out.

    Raises:
        RosterSyncError: as `sync`; the plan cannot be kept, or another run changed the state meanwhile.
    """
    from rostersync import plans
    from rostersync.reports.folder import writable

    def keep(plan: Plan, tables: ReportTables, summary: RunSummary) -> None:
        if out is None:
            return
        mark, standing = _planned_state(settings, plan)
        kept = plans.kept_plan(
            plan,
            tables,
            summary,
            mark=mark,
            standing=standing,
            source_path=source,
            override_guards=let_through.words,
        )
        plans.write(out, kept)

    if out is not None:
        plans.check_target(out)
    writable(settings.reports.path)
    return night(settings, source, dry_run=True, full=False, progress=progress, overrides=let_through, keep=keep)


def _planned_state(settings: Settings, plan: Plan) -> tuple[str, dict[str, list[str]]]:
    """The mark of the state that a plan was made from, and of whom it says something every night."""
    from rostersync.state.connection import reading
    from rostersync.state.mark import mark
    from rostersync.state.reader import StateReader

    with reading(settings.state.path) as connection:
        state = StateReader(connection)
        if int(state.meta()["generation"]) != plan.generation:
            raise errors.StateBusy("another run changed the state meanwhile; no plan was kept; run again")
        standing = {
            "users": state.standing_user_notes()["id"].to_list(),
            "classes": state.standing_class_notes()["id"].to_list(),
        }
        return mark(connection), standing


def apply(
    settings: Settings,
    file: PlanFile,
    *,
    let_through: Overrides = NO_OVERRIDES,
    progress: Progress | None = None,
    now: datetime | None = None,
) -> Outcome:
    """Carry out a kept plan: the same writer, transaction and report as of the sync that it stands for.

    With overrides other than those of the plan, the night is decided again with them, on files and a state that were
    found to be the plan's. In a pause nothing is applied (R-D4).

    Raises:
        RefusedByPolicy: program, state, settings, date or a file is no longer that of the plan; nothing is changed.
        RosterSyncError: the run cannot go on; the state is as it was, but for a row about the run.
    """
    from rostersync.reports.folder import writable
    from rostersync.state.lock import hold

    writable(settings.reports.path)
    check_state(settings)
    source = None if file.source_path is None else Path(file.source_path)
    with hold(settings.state.path, "apply"):
        found = paused(settings, source, now)
        if found is not None:
            return found
        if source is None:
            settings = settings.model_copy(update={"source": settings.source.require_usable()})
        run_id, started_at = new_run(settings, now)
        try:
            return _apply(settings, file, run_id, started_at, let_through, progress)
        except BaseException as error:
            if not isinstance(error, errors.StateError | errors.RefusedByPolicy):
                record_failure(settings, run_id, started_at, file.source, error, None)
            raise


def _apply(
    settings: Settings,
    file: PlanFile,
    run_id: str,
    started_at: datetime,
    let_through: Overrides,
    progress: Progress | None,
) -> Outcome:
    from rostersync import intake, plans, reporting

    watch = Stopwatch()
    source = None if file.source_path is None else Path(file.source_path)
    moved = _moved(settings, file, started_at)
    with contextlib.ExitStack() as stack:
        try:
            with watch.stage("fetch"):
                delivery = stack.enter_context(intake.fetch(settings, source, progress))
            moved += plans.moved_files(file, delivery)
        except errors.SourceError:
            if not moved:
                raise
        if moved:
            raise errors.RefusedByPolicy(
                f"the plan is not of today's files, state, settings and date: {'; '.join(moved)}; nothing was changed; "
                "make a new one with `rostersync plan --out FILE`"
            )
        if let_through != NO_OVERRIDES and let_through.words != file.override_guards:
            plan, roster = propose(Tonight(settings, run_id, started_at, watch, overrides=let_through), delivery)
            with watch.stage("report"):
                tables = reporting.tables(settings, plan)
            summary = reporting.summary(settings, plan, roster, delivery, tables, dry_run=False, seconds=watch.seconds)
            return finish(settings, plan, tables, summary, dry_run=False, watch=watch)
    plan = plans.planned(file, run_id, started_at)
    tables = reporting.marked(settings, plan, plans.report_tables(file))
    summary = reporting.of_run(file.summary, settings, plan)
    return finish(settings, plan, tables, summary, dry_run=False, watch=watch)


def _moved(settings: Settings, file: PlanFile, started_at: datetime) -> list[str]:
    """What of program, state, settings and date is no longer as in the plan."""
    from rostersync import plans
    from rostersync.model.plan_file import PlannedState
    from rostersync.state.connection import reading
    from rostersync.state.mark import mark
    from rostersync.state.reader import StateReader

    with reading(settings.state.path) as connection:
        state = PlannedState(generation=int(StateReader(connection).meta()["generation"]), mark=mark(connection))
    return list(plans.moved_since(file, settings, state, started_at.astimezone(settings.district.zone).date()))
