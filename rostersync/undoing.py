"""Takes a run back, as a run of its own: lay out, write, report (contract.md, `runs undo`)."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rostersync import errors
from rostersync.outcome import Outcome, Stopwatch
from rostersync.run_records import new_run
from rostersync.settings import Settings

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable

    import polars as pl

    from rostersync.model.report import RunSummary
    from rostersync.model.undo import Undo


@dataclass(frozen=True)
class Undone:
    """A run that was, or would be, taken back.

    `rows`: `kind`, `id`, `action`, `code`, `notes` of all that goes back and all that stays (action `kept`).
    `withdrawn`: messages that are not sent any more. `outcome`: that of the undo itself; None of a dry run.
    """

    run_id: str
    rows: pl.DataFrame
    withdrawn: int
    outcome: Outcome | None


def undo(settings: Settings, run_id: str | None, *, dry_run: bool) -> Undone:
    """Take the latest applied run back that is not taken back yet; a dry run only says what that would do.

    Raises:
        ConfigurationError: the state does not know `run_id`.
        RefusedByPolicy: `run_id` is not the run whose turn it is, or nothing can be taken back.
        StateBusy: another run holds the state.
    """
    from rostersync.reports.folder import writable
    from rostersync.state.connection import reading
    from rostersync.state.lock import hold
    from rostersync.state.undo.target import find

    path = settings.state.path
    with reading(path) as connection:
        found = find(connection, run_id)
        if dry_run:
            return _undone(_laid_out(connection, found.run_id), None)
    writable(settings.reports.path)
    with hold(path, "runs undo"):
        return _take_back(settings, found.run_id)


def _laid_out(connection: sqlite3.Connection, run_id: str | None) -> Undo:
    from rostersync.state.undo.frames import read
    from rostersync.state.undo.layout import lay_out
    from rostersync.state.undo.target import find

    run = find(connection, run_id)
    lay_out(connection, run)
    return read(connection, run)


def _undone(undo: Undo, outcome: Outcome | None) -> Undone:
    from rostersync.reports.undone import said

    rows = said(undo).select("kind", "id", "action", "code", "notes")
    return Undone(undo.run.run_id, rows, undo.withdrawn, outcome)


def _take_back(settings: Settings, run_id: str) -> Undone:
    """The undo under the lock: the report is written while the transaction commits, as after a sync."""
    from rostersync import reporting, reports
    from rostersync.model.report import SourceFacts
    from rostersync.reports.packing import pack
    from rostersync.reports.undone import undo_tables
    from rostersync.state import report_tables, snapshot
    from rostersync.state.connection import writing
    from rostersync.state.undo.frames import involved
    from rostersync.state.undo.writing import carry_out
    from rostersync.state.writer import record_run

    own_id, started_at = new_run(settings)
    source = f"undo of {run_id}"
    watch = Stopwatch()
    applied = False
    with contextlib.ExitStack() as transaction:
        connection = transaction.enter_context(writing(settings.state.path))
        with watch.stage("apply"):
            undo = _laid_out(connection, run_id)
            before = involved(connection, undo)
            record_run(connection, own_id, started_at, source, "applied", applied=True)
            carry_out(connection, undo.run, _number(connection, own_id))
            tables = undo_tables(undo, before, involved(connection, undo))
        facts = SourceFacts(name=source, files=())
        summary = reporting.unguarded_summary(settings, tables, own_id, started_at, facts)

        def commit(known: Callable[[RunSummary], None]) -> None:
            nonlocal applied, summary
            summary = reporting.finished(summary, watch.seconds)
            told = summary.to_json()
            record_run(connection, own_id, started_at, source, "applied", applied=True, summary=told)
            report_tables.keep(connection, own_id, pack(tables), settings.reports.keep)
            known(summary)
            transaction.close()
            applied = True

        try:
            about, standing = reporting.about(settings, own_id), reporting.standing(settings)
            folder = reports.write(settings.reports.path, own_id, tables, about, commit)
        except errors.RosterSyncError as error:
            if not applied:
                raise reporting.before_the_run(error) from error
            raise errors.RosterSyncError(
                f"{error} Run {run_id} itself is taken back, do not ask for it again; only the report of that is "
                f"missing: `rostersync report {own_id}` writes it."
            ) from error
    snapshot.sweep(settings.state.path, None)
    reporting.tidy(settings, standing, applied=True, undone=run_id)
    return _undone(undo, Outcome(own_id, folder, summary, 0))


def _number(connection: sqlite3.Connection, run_id: str) -> int:
    return int(connection.execute("SELECT number FROM runs WHERE run_id = ?", (run_id,)).fetchone()[0])
