"""A run that repeats the last one, because nothing changed: recorded and reported without reading anything."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from rostersync import quiet_night
from rostersync.outcome import Outcome, Stopwatch
from rostersync.settings import Settings

if TYPE_CHECKING:
    from rostersync.model.delivery import Delivery, Listing
    from rostersync.model.findings_ledger import LedgerMoves
    from rostersync.model.report import ReportTables, RunSummary
    from rostersync.quiet_night import Standing

_STANDING = ("withheld", "rejected")
"""Actions that a report repeats every night while their cause lasts; `kept` has its own list of codes (NIGHTLY)."""

_KINDS = ("users", "classes", "enrollments", "guardianships")


@dataclass(frozen=True)
class Repeat:
    """A run that may turn out to repeat the last one."""

    settings: Settings
    run_id: str
    started_at: datetime
    watch: Stopwatch

    def of_folder(self, source: Path | None, shown: str) -> Outcome | None:
        """Carries it out where a folder still has the same files, before they are copied; None where it may not."""
        with self.watch.stage("recognise"):
            standing = quiet_night.in_folder(self.settings, source, self.started_at)
        return None if standing is None else self._carry_out(standing, shown)

    def known_listing(self, source: Path | None) -> Listing | None:
        """What a server must say of its files for tonight to repeat the last run."""
        return quiet_night.known_listing(self.settings, source, self.started_at)

    def of_delivery(self, delivery: Delivery) -> Outcome | None:
        """Carries it out where the same files were fetched; None where something may have changed."""
        standing = quiet_night.delivered(self.settings, delivery, self.started_at)
        return None if standing is None else self._carry_out(standing, delivery.source)

    def _carry_out(self, standing: Standing, source: str) -> Outcome | None:
        """None, and nothing is written, where the last run's tables are not kept."""
        from rostersync import reporting, reports
        from rostersync.errors import RosterSyncError
        from rostersync.state import snapshot
        from rostersync.state.connection import writing

        with self.watch.stage("report"):
            found = standing_tables(self.settings, standing, self.run_id)
        if found is None:
            return None
        tables, moves = found
        told: list[RunSummary] = []

        def meanwhile(known: Callable[[RunSummary], None]) -> None:
            with writing(self.settings.state.path) as connection:
                with self.watch.stage("apply"):
                    self._record(connection, standing, tables, moves, source)
                summary = self._summary(standing, tables, source, moves.counts)
                self._write_row(connection, source, summary)
                known(summary)
            told.append(summary)

        try:
            about, before = reporting.about(self.settings, self.run_id), reporting.standing(self.settings)
            folder = reports.write(self.settings.reports.path, self.run_id, tables, about, meanwhile)
        except RosterSyncError as error:
            raise (reporting.without_report(error, told[0]) if told else reporting.before_the_run(error)) from error
        snapshot.sweep(self.settings.state.path, standing.meta.get("snapshot"))  # what a run before could not remove
        reporting.tidy(self.settings, before, applied=True)
        return Outcome(self.run_id, folder, told[0], told[0].run.exit_code)

    def _record(
        self, connection: sqlite3.Connection, standing: Standing, tables: ReportTables, moves: LedgerMoves, source: str
    ) -> None:
        """Writes what any applied run writes, its row unfinished."""
        from rostersync.importers.chain import chain_facts
        from rostersync.reports.packing import pack
        from rostersync.state import journal, report_tables
        from rostersync.state.findings_ledger import write_ledger

        keep = self.settings.reports.keep
        self._write_row(connection, source, None)
        with journal.recording(connection, self.run_id, keep):
            facts = chain_facts(_modes(standing), standing.meta, self.run_id, self.settings.schools.include)
            connection.executemany("INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)", facts.items())
            write_ledger(connection, moves, self.run_id, keep)
        report_tables.keep(connection, self.run_id, pack(tables), keep)

    def _write_row(self, connection: sqlite3.Connection, source: str, summary: RunSummary | None) -> None:
        from rostersync.state.writer import record_run

        told = None if summary is None else summary.to_json()
        record_run(connection, self.run_id, self.started_at, source, "applied", applied=True, summary=told)

    def _summary(
        self, standing: Standing, tables: ReportTables, source: str, ledger: dict[str, dict[str, int]]
    ) -> RunSummary:
        from rostersync import reporting
        from rostersync.model.report import DeliveryVerdict, SourceFacts, SourceFile
        from rostersync.policies.delivery import since

        files = tuple(SourceFile.model_validate(file) for file in standing.summary["source"]["files"])
        facts = SourceFacts(name=source, files=files, unchanged_since=since(standing.meta))
        summary = reporting.unguarded_summary(
            self.settings,
            tables,
            self.run_id,
            self.started_at,
            facts,
            ledger=ledger,
            delivery=DeliveryVerdict(verdict="complete"),  # another one is never repeated
        )
        return reporting.finished(summary, self.watch.seconds)


def standing_tables(settings: Settings, standing: Standing, run_id: str) -> tuple[ReportTables, LedgerMoves] | None:
    """What is reported again: of the last run's rows those that stand, its findings with the marks of tonight.

    Also what the same findings once more move in the ledger, to which only runs write. None where the last run's tables
    are not kept.
    """
    import polars as pl

    from rostersync.model.notes import NIGHTLY, Action
    from rostersync.reports.marks import with_marks
    from rostersync.reports.packing import unpack
    from rostersync.state import report_tables
    from rostersync.state.connection import reading
    from rostersync.state.findings_ledger import first_nights

    nightly = (pl.col("action") == Action.KEPT.value) & pl.col("code").is_in([code.value for code in NIGHTLY])
    stands = nightly | pl.col("action").is_in(_STANDING)
    with reading(settings.state.path) as connection:
        try:
            tables = unpack(report_tables.kept(connection, standing.run_id), dict.fromkeys(_KINDS, stands))
        except KeyError:
            return None
        moves, nights = _moves(connection, standing, tables, run_id), first_nights(connection)
    return with_marks(tables, moves, nights, settings.district.zone), moves


def _modes(standing: Standing) -> dict[str, str]:
    """Table -> bulk or absent, as in the run that tonight repeats."""
    from rostersync.importers.layouts import LAYOUTS

    of_file = {file["name"].lower(): file["mode"] for file in standing.summary["source"]["files"]}
    return {layout.table: of_file.get(layout.file.lower()) or "absent" for layout in LAYOUTS}


def _moves(connection: sqlite3.Connection, standing: Standing, tables: ReportTables, run_id: str) -> LedgerMoves:
    """What the same findings once more move in the ledger."""
    from rostersync.importers.layouts import LAYOUTS
    from rostersync.model.findings import FINDING_COLUMNS
    from rostersync.policies.findings_ledger import ledger_moves, told_files
    from rostersync.reports.frames import polars_frame
    from rostersync.state.findings_ledger import read_ledger

    modes = _modes(standing)
    told = told_files({layout.file: modes[layout.table] for layout in LAYOUTS}, run_id)
    return ledger_moves(polars_frame(tables.issues, FINDING_COLUMNS), *read_ledger(connection), told, run_id)
