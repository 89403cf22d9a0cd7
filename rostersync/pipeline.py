"""A night, start to end: fetch, read, compare, decide, apply, report (design.md, *The run*)."""

from __future__ import annotations

import contextlib
import importlib
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from rostersync import errors
from rostersync.carrying_out import finish
from rostersync.model.delivery import Delivery
from rostersync.outcome import Outcome, Stopwatch
from rostersync.proposing import Tonight, propose
from rostersync.settings import Settings
from rostersync.settings.overrides import NO_OVERRIDES, Overrides
from rostersync.settings.pauses import paused_until

if TYPE_CHECKING:
    from rostersync.model.plan import Plan
    from rostersync.model.report import ReportTables, RunSummary
    from rostersync.sources.interface import Progress


def sync(
    settings: Settings,
    *,
    source: Path | None,
    dry_run: bool,
    full: bool,
    progress: Progress | None = None,
    overrides: Overrides = NO_OVERRIDES,
    refetch: bool = False,
    now: datetime | None = None,
) -> Outcome:
    """Run one night; a dry run writes a report and nothing to the state.

    Args:
        settings: what decides.
        source: a folder or zip instead of the configured source.
        dry_run: only report.
        full: look at every record.
        progress: is told how far the fetch is.
        overrides: what guards let through.
        refetch: fetch from a server although it says that its files did not change.
        now: when this run starts; the clock's time where it is not given.

    Raises:
        RosterSyncError: the run cannot go on; the state is as it was, but for a row about the run.
    """
    from rostersync.reports.folder import writable
    from rostersync.state.lock import hold

    writable(settings.reports.path)
    if dry_run:
        return night(settings, source, dry_run=True, full=full, progress=progress, overrides=overrides, now=now)
    check_state(settings)
    with hold(settings.state.path, "sync"):
        found = paused(settings, source, now)
        if found is not None:
            return found
        if source is None:
            settings = settings.model_copy(update={"source": settings.source.require_usable()})
        return night(
            settings,
            source,
            dry_run=False,
            full=full,
            progress=progress,
            overrides=overrides,
            refetch=refetch,
            now=now,
        )


def check_state(settings: Settings) -> None:
    """A lost state is said before anything else: no lock beside it, no row in it."""
    from rostersync.state.connection import reading

    with reading(settings.state.path):
        pass


def paused(settings: Settings, source: Path | None, now: datetime | None) -> Outcome | None:
    """R-D4: in a pause nothing is fetched or applied; only that this run was there is written. None outside of one."""
    from rostersync import intake
    from rostersync.run_records import record_pause

    now = now or datetime.now(UTC)
    until = paused_until(settings.pause, now.astimezone(settings.district.zone).date())
    if until is None:
        return None
    return Outcome(record_pause(settings, intake.shown_source(settings, source), until, now), None, None, 0, until)


def night(
    settings: Settings,
    source: Path | None,
    *,
    dry_run: bool,
    full: bool,
    progress: Progress | None,
    overrides: Overrides = NO_OVERRIDES,
    refetch: bool = False,
    now: datetime | None = None,
    keep: Callable[[Plan, ReportTables, RunSummary], None] | None = None,
) -> Outcome:
    """One night, under the state's lock unless it is a dry run; `keep` is handed the plan and what was reported."""
    from rostersync import intake, messages, reporting
    from rostersync.repeating import Repeat
    from rostersync.run_records import new_run, record_failure
    from rostersync.state.first_load import ahead

    messages.load(settings.messages.templates)  # a mistake in one is said before a file is fetched or a row is written
    run_id, started_at = new_run(settings, now)
    watch = Stopwatch()
    may_repeat = not (dry_run or full) and overrides == NO_OVERRIDES
    shown = intake.shown_source(settings, source)
    delivery: Delivery | None = None
    try:
        with contextlib.ExitStack() as held, contextlib.ExitStack() as stack:
            repeats = Repeat(settings, run_id, started_at, watch)
            if may_repeat and (outcome := repeats.of_folder(source, shown)) is not None:
                return outcome
            threading.Thread(target=_load_ahead, daemon=True).start()
            with watch.stage("fetch"):
                known = repeats.known_listing(source) if may_repeat and not refetch else None
                delivery = stack.enter_context(intake.fetch(settings, source, progress, known))
            shown = delivery.source
            if may_repeat and (outcome := repeats.of_delivery(delivery)) is not None:
                return outcome
            if delivery.unchanged:  # and what the last run left for its report is gone
                with watch.stage("fetch"):
                    delivery = stack.enter_context(intake.fetch(settings, source, progress))
            begun = None if dry_run else held.enter_context(ahead(settings.state.path))
            standing = reporting.StandingNotes(settings, held.enter_context(ThreadPoolExecutor(1)))
            tonight = Tonight(settings, run_id, started_at, watch, full, overrides)
            plan, roster = propose(tonight, delivery, begun=begun, scoped=standing.begin)
            stack.close()  # the files have been read
            with watch.stage("report"):
                tables = reporting.tables(settings, plan, standing)
            summary = reporting.summary(
                settings, plan, roster, delivery, tables, dry_run=dry_run, seconds=watch.seconds
            )
            del roster  # a large part of a first load's memory
            outcome = finish(settings, plan, tables, summary, dry_run=dry_run, watch=watch, begun=begun)
    except BaseException as error:
        # A damaged state is not written to, not even to say so.
        if not dry_run and not isinstance(error, errors.StateError):
            record_failure(settings, run_id, started_at, shown, error, delivery)
        raise
    if keep is not None:
        keep(plan, tables, outcome.summary)
    return outcome


def _load_ahead() -> None:
    """The libraries load while the files are fetched and read, which leaves a core free.

    Of our own modules none: two threads that import parts of one package can block each other.
    """
    for library in ("polars", "pandas"):
        importlib.import_module(library)
