"""A night, start to end: fetch, read, compare, decide, apply, report (design.md, *The run*)."""

from __future__ import annotations

import contextlib
import importlib
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rostersync import errors
from rostersync.model.delivery import Delivery
from rostersync.settings import Settings

if TYPE_CHECKING:
    from rostersync.model.plan import Plan
    from rostersync.model.report import RunSummary
    from rostersync.model.roster import Roster
    from rostersync.sources.interface import Progress


RUN_ID_FORMAT = "%Y%m%dT%H%M%SZ"


@dataclass(frozen=True)
class Outcome:
    """What a run did: its id, where the report lies, its summary (as summary.json) and its exit code."""

    run_id: str
    report_folder: Path
    summary: Any
    exit_code: int


@dataclass
class Stopwatch:
    """Seconds per stage of a run."""

    seconds: dict[str, float] = field(default_factory=dict)

    @contextlib.contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Adds the time of the block to the stage."""
        begun = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[name] = self.seconds.get(name, 0.0) + time.perf_counter() - begun


def sync(
    settings: Settings,
    *,
    source: Path | None,
    dry_run: bool,
    full: bool,
    progress: Progress | None = None,
) -> Outcome:
    """Run one night; a dry run writes a report and nothing to the state.

    Raises:
        RosterSyncError: the run cannot go on; the state is as it was, but for a row about the run.
    """
    from rostersync.reports.folder import writable
    from rostersync.state.lock import hold

    writable(settings.reports.path)
    # The rules need pandas; it loads while the files are read, which is polars' work and leaves a core free.
    threading.Thread(target=importlib.import_module, args=("pandas",), daemon=True).start()
    if dry_run:
        return _night(settings, source, dry_run=True, full=full, progress=progress)
    _check_state(settings)
    with hold(settings.state.path):
        return _night(settings, source, dry_run=False, full=full, progress=progress)


def _check_state(settings: Settings) -> None:
    """A lost state is said before anything else: no lock beside it, no row in it."""
    from rostersync.state.connection import reading

    with reading(settings.state.path):
        pass


def _night(settings: Settings, source: Path | None, *, dry_run: bool, full: bool, progress: Progress | None) -> Outcome:
    from rostersync import intake

    run_id, started_at = new_run(settings)
    watch = Stopwatch()
    shown = str(source) if source is not None else intake.shown_source(settings)
    try:
        with contextlib.ExitStack() as stack:
            with watch.stage("fetch"):
                delivery = stack.enter_context(intake.fetch(settings, source, progress))
            shown = delivery.source
            plan, roster = propose(settings, delivery, run_id, started_at, full=full, watch=watch)
        return _finish(settings, plan, roster, delivery, dry_run=dry_run, watch=watch)
    except BaseException as error:
        # A damaged state is not written to, not even to say so.
        if not dry_run and not isinstance(error, errors.StateError):
            _record_failure(settings, run_id, started_at, shown, error)
        raise


def propose(
    settings: Settings,
    delivery: Delivery,
    run_id: str,
    started_at: datetime,
    *,
    full: bool,
    watch: Stopwatch,
) -> tuple[Plan, Roster]:
    """Everything up to the plan, from a state that is only read."""
    from rostersync import intake, planning, policies
    from rostersync.diff import diff, fingerprints
    from rostersync.model.plan import Plan
    from rostersync.scope import scope
    from rostersync.state import snapshot
    from rostersync.state.connection import reading
    from rostersync.state.reader import StateReader

    today = started_at.astimezone(settings.district.zone).date()
    with reading(settings.state.path) as connection:
        state = StateReader(connection)
        meta = state.meta()
        with watch.stage("read"):
            roster = intake.read(settings, delivery, state, today)
        with watch.stage("compare"):
            before = snapshot.read(settings.state.path, meta.get("snapshot"))
            tonight = fingerprints(roster, before.seed if before else snapshot.new_seed())
            everything = full or intake.needs_full_look(settings, roster, meta)
            changes = None if everything or before is None else diff(tonight, before)
        with watch.stage("scope"):
            night = scope(roster, changes, state, today)
        with watch.stage("decide"):
            decisions = policies.decide(night, settings.policy)
            notes, changed = planning.notes_and_changes(decisions)
            afterwards = planning.snapshot_afterwards(tonight, decisions)
            moved = not planning.same_snapshot(afterwards, before)
    plan = Plan(
        run_id=run_id,
        started_at=started_at,
        as_of=today,
        source=delivery.source,
        generation=int(meta["generation"]),
        settings_digest=settings.digest(),
        decisions=decisions,
        notes=notes,
        changes=changed,
        orgs=roster.orgs,
        findings=roster.findings,
        missing=roster.missing,
        snapshot=afterwards,
        snapshot_moved=moved,
    )
    return plan, roster


def carry_out(settings: Settings, plan: Plan, summary: dict[str, Any]) -> None:
    """Write the plan in one transaction, with the run's row and the name of the new snapshot in it."""
    from rostersync.state import journal, snapshot
    from rostersync.state.connection import writing
    from rostersync.state.writer import apply, record_run

    path = settings.state.path
    written: Future[None] | None = None
    with writing(path) as connection, contextlib.ExitStack() as stack:
        row = connection.execute("SELECT value FROM meta WHERE key = 'snapshot'").fetchone()
        name = row[0] if row else None
        if plan.snapshot_moved or not name:
            name = plan.run_id
            written = stack.enter_context(ThreadPoolExecutor(1)).submit(snapshot.write, path, name, plan.snapshot)
        record_run(connection, plan.run_id, plan.started_at, plan.source, "applied", applied=True)
        stack.enter_context(journal.recording(connection, plan.run_id, settings.reports.keep))
        apply(connection, plan, name)
        try:
            if written is not None:
                written.result()  # on the disk before the commit that names it
        except OSError as error:
            raise errors.StateError(
                f"{snapshot.folder_of(path)} cannot be written ({error.strerror}); nothing was changed; "
                "make it writable for the account that runs rostersync"
            ) from error
        record_run(connection, plan.run_id, plan.started_at, plan.source, "applied", applied=True, summary=summary)
    snapshot.sweep(path, name)


def _finish(
    settings: Settings, plan: Plan, roster: Roster, delivery: Delivery, *, dry_run: bool, watch: Stopwatch
) -> Outcome:
    from rostersync import reporting, reports
    from rostersync.reports.folder import prune

    with watch.stage("report"):
        tables = reporting.tables(settings, plan)
    summary = reporting.summary(settings, plan, roster, delivery, tables, dry_run=dry_run, seconds=watch.seconds)
    applied = False

    def meanwhile() -> RunSummary:
        nonlocal applied, summary
        if not dry_run:
            with watch.stage("apply"):
                carry_out(settings, plan, summary.to_json())
            applied = True
        summary = reporting.finished(summary, watch.seconds)
        return summary

    try:
        folder = reports.write(settings.reports.path, plan.run_id, tables, meanwhile)
        prune(settings.reports.path, settings.reports.keep)
    except errors.RosterSyncError as error:
        if not applied:
            raise
        raise errors.RosterSyncError(
            f"{error} Run {plan.run_id} itself is applied and kept in the state; only its report is missing."
        ) from error
    return Outcome(plan.run_id, folder, summary, 0)


def new_run(settings: Settings) -> tuple[str, datetime]:
    """A run id, the UTC start, later than that of every run and report before; and the start itself."""
    from rostersync.reports.folder import latest_run_id
    from rostersync.state.connection import reading
    from rostersync.state.reader import StateReader

    with reading(settings.state.path) as connection:
        last = max(StateReader(connection).last_run_id() or "", latest_run_id(settings.reports.path) or "")
    started_at = datetime.now(UTC).replace(microsecond=0)
    if last:
        after = datetime.strptime(last, RUN_ID_FORMAT).replace(tzinfo=UTC) + timedelta(seconds=1)
        if after > started_at:
            return after.strftime(RUN_ID_FORMAT), started_at
    return started_at.strftime(RUN_ID_FORMAT), started_at


def _record_failure(settings: Settings, run_id: str, started_at: datetime, source: str, error: BaseException) -> None:
    """A row about a run that applied nothing; a state that cannot take it is not made worse by a second error."""
    from rostersync.state.connection import writing
    from rostersync.state.writer import record_run

    status = "refused" if isinstance(error, errors.ImportRefused) else "failed"
    told = str(error) if isinstance(error, errors.RosterSyncError) else type(error).__name__
    with contextlib.suppress(errors.RosterSyncError), writing(settings.state.path) as connection:
        if connection.execute("SELECT 1 FROM runs WHERE run_id = ?", (run_id,)).fetchone() is None:
            record_run(connection, run_id, started_at, source, status, applied=False, summary={"error": told})
