"""A plan becomes true: one transaction, and the report of it (design.md, *One writer, whole or nothing*)."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING

from rostersync import errors
from rostersync.model.notes import Action
from rostersync.outcome import Outcome, Stopwatch
from rostersync.settings import Settings

if TYPE_CHECKING:
    import sqlite3

    from rostersync.model.plan import Plan
    from rostersync.model.report import ReportTables, RunSummary
    from rostersync.policies.first_load_invariants import FirstLoad
    from rostersync.state.first_load import Ahead


_KEYS: Mapping[str, tuple[str, ...]] = {
    "users": ("id",),
    "classes": ("id",),
    "enrollments": ("class_id", "user_id", "role"),
    "guardianships": ("guardian_id", "student_id"),
}
"""Table of the report -> what names its records."""


def carry_out(
    settings: Settings,
    plan: Plan,
    tables: ReportTables,
    summary: RunSummary,
    watch: Stopwatch,
    known: Callable[[RunSummary], None],
    begun: Ahead | None = None,
) -> tuple[RunSummary, bool]:
    """Write the plan in one transaction, with the run's row, its report's tables and the new snapshot's name in it.

    Gives the summary as the run's row keeps it, which is that of the report, and whether the run is an applied one;
    `known` is told before the commit.
    """
    from rostersync import reporting
    from rostersync.policies.first_load_invariants import first_load
    from rostersync.policies.guards import counts
    from rostersync.reports.changes import changes
    from rostersync.reports.packing import pack
    from rostersync.state import journal, record_counts, report_tables, snapshot
    from rostersync.state.findings_ledger import write_ledger
    from rostersync.state.first_load import suits, transaction
    from rostersync.state.guard_totals import keep_totals
    from rostersync.state.writer import apply, record_run

    path, status = settings.state.path, summary.run.status
    began = time.perf_counter()
    written: Future[None] | None = None
    with contextlib.ExitStack() as stack:
        beside = stack.enter_context(ThreadPoolExecutor(2))
        packed = beside.submit(pack, tables)
        draft = begun.draft if begun else None
        first = draft is not None or suits(plan)
        counted = beside.submit(counts.of_first_load, plan.decisions) if first else None
        asked = beside.submit(first_load, plan.decisions) if first else None
        connection, loaded = stack.enter_context(transaction(path, plan, draft))
        name = _snapshot_name(connection)
        if plan.snapshot is None:
            name = ""  # a plan from a file: the next sync compares everything
        elif plan.snapshot_moved or not name:
            name = plan.run_id
            written = beside.submit(snapshot.write, path, name, plan.snapshot)
        record_run(connection, plan.run_id, plan.started_at, plan.source, status, applied=True)
        before = int(plan.decisions.accounts["account_id"].min()) - 1 if loaded else None
        with (
            _checked(connection, plan, tables, settings, asked, loaded=loaded),
            # Outside of the journal: an undo takes no count back, the next sync counts anew.
            record_counts.following(
                connection,
                lambda: counts.touched(plan.decisions),
                counted.result if counted else lambda: counts.of_first_load(plan.decisions),
                loaded=loaded,
            ),
            journal.recording(connection, plan.run_id, settings.reports.keep, first_account=before),
        ):
            holds_all = status == "held" and not changes(status, summary.to_json())
            changed = apply(connection, plan, name, loaded=loaded, holds_all=holds_all)
            keep_totals(connection, plan.judgement.totals)
            write_ledger(connection, reporting.ledger_moves(plan, connection), plan.run_id, settings.reports.keep)
        applied = changed or status == "applied"  # a held night may have nothing left that could be applied
        # Said already here: which tables are kept hangs on which run is the last applied one.
        record_run(connection, plan.run_id, plan.started_at, plan.source, status, applied=applied)
        report_tables.keep(connection, plan.run_id, packed.result(), settings.reports.keep)
        try:
            if written is not None:
                written.result()  # on the disk before the commit that names it
        except OSError as error:
            raise errors.StateError(
                f"{snapshot.folder_of(path)} cannot be written ({error.strerror or error}); nothing was changed; "
                "make room on its disk, and make it writable for the account that runs rostersync"
            ) from error
        watch.seconds["apply"] = time.perf_counter() - began
        summary = reporting.finished(summary, watch.seconds)
        told = summary.to_json()
        record_run(connection, plan.run_id, plan.started_at, plan.source, status, applied=applied, summary=told)
        known(summary)
    snapshot.sweep(path, name)
    return summary, applied


def _snapshot_name(connection: sqlite3.Connection) -> str | None:
    """The snapshot that the state names; what cannot be a name is taken out, so that the journal can note its place."""
    from rostersync.state import unusable

    unusable.drop_disposable(connection)
    row = connection.execute("SELECT value FROM meta WHERE key = 'snapshot'").fetchone()
    return row[0] if row else None


@contextlib.contextmanager
def _checked(
    connection: sqlite3.Connection,
    plan: Plan,
    tables: ReportTables,
    settings: Settings,
    first: Future[FirstLoad] | None,
    *,
    loaded: bool,
) -> Iterator[None]:
    """The block writes the plan of `tables`, and what it writes keeps the rules of every state.

    `first`: what a first load writes.

    Raises:
        InvariantBroken: it does not; the transaction must not be committed.
    """
    from rostersync.state.live_invariants import check_first_load, is_empty, watching

    if first is not None and (loaded or is_empty(connection)):
        yield
        check_first_load(connection, first.result().rows, first.result().broken)
        return
    own = settings.policy.schools.values()
    lock_on = settings.policy.update_active_contacts or any(each.update_active_contacts for each in own)
    with watching(connection, plan.run_id) as watch:
        yield
        watch.check(_told_to_end(tables), _told_to_begin(tables), lock_off=not lock_on)


def _told_to_end(tables: ReportTables) -> Iterator[tuple[str, str]]:
    """Kind and id, as roster_changes names it, of what the report says is archived, removed or ended."""
    import polars as pl

    from rostersync.reports.frames import polars_frame

    endings = [Action.ARCHIVED.value, Action.REMOVED.value, Action.ENDED.value]
    for kind, keys in _KEYS.items():
        rows = polars_frame(getattr(tables, kind), ("action", *keys)).filter(pl.col("action").is_in(endings))
        yield from ((kind, " ".join(ids)) for ids in rows.select(keys).unique().rows())


def _told_to_begin(tables: ReportTables) -> Iterator[str]:
    """The guardianships that the report says are added or restored, as roster_changes names them."""
    import polars as pl

    from rostersync.reports.frames import polars_frame

    keys = _KEYS["guardianships"]
    rows = polars_frame(tables.guardianships, ("action", *keys))
    rows = rows.filter(pl.col("action").is_in([Action.ADDED.value, Action.RESTORED.value]))
    return (" ".join(ids) for ids in rows.select(keys).rows())


def finish(
    settings: Settings,
    plan: Plan,
    tables: ReportTables,
    summary: RunSummary,
    *,
    dry_run: bool,
    watch: Stopwatch,
    begun: Ahead | None = None,
) -> Outcome:
    """Carry the plan out, unless it is a dry run or guards stopped it, and leave its report."""
    from rostersync import reporting, reports
    from rostersync.run_records import record_stop

    ended = is_last_applied = False

    def meanwhile(known: Callable[[RunSummary], None]) -> None:
        nonlocal ended, is_last_applied, summary
        if dry_run or summary.run.status == "stopped":
            summary = reporting.finished(summary, watch.seconds)
            known(summary)
            if not dry_run:
                record_stop(settings, plan, tables, summary)
        else:
            summary, is_last_applied = carry_out(settings, plan, tables, summary, watch, known, begun)
        ended = not dry_run

    try:
        about, before = reporting.about(settings, plan.run_id), reporting.standing(settings)
        folder = reports.write(settings.reports.path, plan.run_id, tables, about, meanwhile)
    except errors.RosterSyncError as error:
        if not ended:
            raise reporting.before_the_run(error) from error
        raise reporting.without_report(error, summary) from error
    reporting.tidy(settings, before, applied=is_last_applied)
    return Outcome(plan.run_id, folder, summary, summary.run.exit_code)
