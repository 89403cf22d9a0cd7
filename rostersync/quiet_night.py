"""A night in which nothing changed: told before anything is read, recorded and reported all the same.

Where files, settings, program and the dates that rules go by are those of the last applied run, and nothing else has
written to the state since, the night would decide what is there already (policies.md R-A1).
"""

from __future__ import annotations

import dataclasses
import json
import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rostersync import __version__
from rostersync.errors import RosterSyncError
from rostersync.model.inputs import INPUTS, InputFile, Inputs
from rostersync.settings import Settings

if TYPE_CHECKING:
    from rostersync.model.delivery import Delivery, Listing
    from rostersync.model.findings_ledger import LedgerMoves
    from rostersync.model.report import ReportTables, RunSummary
    from rostersync.model.roster import Roster

_SETTLED = 60
"""Seconds that a server's file must not have changed for before its time is taken for a sign."""
_STANDING = ("withheld", "rejected")
"""Actions that a report repeats every night while their cause lasts; `kept` has its own list of codes (NIGHTLY)."""


@dataclass(frozen=True)
class Standing:
    """The last applied run, which tonight repeats: its summary, and the facts of the state that it left."""

    run_id: str
    summary: dict[str, Any]
    meta: dict[str, str]
    inputs: Inputs


def inputs_of(settings: Settings, delivery: Delivery, roster: Roster, started_at: datetime) -> Inputs | None:
    """What this night is decided from; None where a later one cannot be told to be the same."""
    today = started_at.astimezone(settings.district.zone).date()
    from rostersync.importers.enrollments import next_end
    from rostersync.sources.content import digests

    if roster.users is None or roster.classes is None or roster.enrollments is None:
        return None
    if "delta" in roster.modes.values() or roster.unreadable:
        return None
    dated = [each for each in (roster.enrollments, roster.unresolved, roster.spare_enrollments) if each is not None]
    ends = [end for end in (next_end(each, today) for each in dated) if end is not None]
    fast = digests([file.path for file in delivery.files])
    return Inputs(
        version=__version__,
        settings_digest=settings.digest(),
        files=tuple(
            InputFile(file.name, file.size, file.digest, xxh3) for file, xxh3 in zip(delivery.files, fast, strict=True)
        ),
        since=today,
        until=min(ends, default=None),
        listing=_settled(delivery.listing, started_at),
    )


def _settled(listing: Listing | None, started_at: datetime) -> Listing | None:
    """A listing by which a later change can be told: a server's times have no parts of a second, or of two."""
    if listing is None or any(modified > started_at.timestamp() - _SETTLED for _, _, modified in listing):
        return None
    return listing


def known_listing(settings: Settings, source: Path | None, now: datetime) -> Listing | None:
    """What a server said of the files of the last applied run, where tonight repeats it if it says the same."""
    if source is not None or settings.source.kind != "sftp":
        return None
    standing = _standing(settings, now)
    return None if standing is None else standing.inputs.listing


def in_folder(settings: Settings, source: Path | None, now: datetime) -> Standing | None:
    """The run that tonight repeats, where the files lie in a folder of this machine; they are not copied."""
    if source is None and settings.source.kind == "folder":
        source = Path(str(settings.source.path))
    if source is None or not source.is_dir():
        return None
    standing = _standing(settings, now)
    return standing if standing is not None and _lies_in(source, standing.inputs) else None


def delivered(settings: Settings, delivery: Delivery, now: datetime) -> Standing | None:
    """The run that tonight repeats, where the files were fetched."""
    standing = _standing(settings, now)
    if standing is None or delivery.unchanged:
        return standing
    found = {(file.name, file.size, file.digest) for file in delivery.files}
    same = found == {(file.name, file.size, file.sha256) for file in standing.inputs.files}
    return standing if same else None


def _lies_in(folder: Path, inputs: Inputs) -> bool:
    """Whether a folder holds these files and no other CSV file; what cannot be told so is looked at the long way."""
    from rostersync.sources.content import digests
    from rostersync.sources.folder import list_folder

    try:
        listing = list_folder(folder)
        found = [(file.path.name, file.size) for file in listing.csv_files]
        if found != [(file.name, file.size) for file in inputs.files]:
            return False
        read = digests([file.path for file in listing.csv_files])
        return read == [file.xxh3 for file in inputs.files] and list_folder(folder) == listing
    except (OSError, RosterSyncError):
        return False


def _standing(settings: Settings, now: datetime) -> Standing | None:
    """The last applied run, where nothing but the files can differ from what it was decided from."""
    from rostersync.policies.delivery import unchanged_too_long
    from rostersync.state.connection import reading

    with reading(settings.state.path) as connection:
        meta = dict(connection.execute("SELECT key, value FROM meta").fetchall())
        last = connection.execute(
            "SELECT run_id, status, generation, undoes, summary FROM runs WHERE applied ORDER BY number DESC LIMIT 1"
        ).fetchone()
    inputs = Inputs.of_text(meta.get(INPUTS))
    if inputs is None or last is None:
        return None
    run_id, status, generation, undoes, summary = last
    same = (
        (status, undoes) == ("applied", None)
        and _untouched(generation, meta)
        and _decides_the_same(inputs, settings, now.astimezone(settings.district.zone).date())
        and unchanged_too_long(meta, now, settings) is None
    )
    return Standing(run_id, json.loads(summary), meta, inputs) if same and summary else None


def _untouched(generation: int, meta: Mapping[str, str]) -> bool:
    """Whether nothing was written since the run that left this generation: no edit, no acceptance."""
    return str(generation) == meta["generation"]


def _decides_the_same(inputs: Inputs, settings: Settings, today: date) -> bool:
    return (inputs.version, inputs.settings_digest) == (__version__, settings.digest()) and inputs.holds_on(today)


def tables_of(settings: Settings, standing: Standing, run_id: str) -> ReportTables | None:
    """What is reported again: of the last run's rows those that stand, its findings with the marks of tonight.

    None where its tables are not kept.
    """
    from rostersync.model.notes import NIGHTLY, Action
    from rostersync.reports.marks import with_marks
    from rostersync.reports.packing import unpack
    from rostersync.state import report_tables
    from rostersync.state.connection import reading
    from rostersync.state.findings_ledger import first_nights

    with reading(settings.state.path) as connection:
        try:
            tables = unpack(report_tables.kept(connection, standing.run_id))
        except KeyError:
            return None
        moves, nights = _moves(connection, standing, tables, run_id), first_nights(connection)
    tables = with_marks(tables, moves, nights, settings.district.zone)
    import polars as pl

    nightly = (pl.col("action") == Action.KEPT.value) & pl.col("code").is_in([code.value for code in NIGHTLY])
    stands = nightly | pl.col("action").is_in(_STANDING)
    kinds = ("users", "classes", "enrollments", "guardianships")
    return dataclasses.replace(tables, **{kind: getattr(tables, kind).filter(stands) for kind in kinds})


def summary_of(
    settings: Settings,
    standing: Standing,
    tables: ReportTables,
    run_id: str,
    started_at: datetime,
    source: str,
    ledger: dict[str, dict[str, int]],
    seconds: dict[str, float],
) -> RunSummary:
    """The summary of a run that repeats another one."""
    from rostersync.model.report import RunFacts, SourceFacts, SourceFile
    from rostersync.policies.delivery import since
    from rostersync.reports.summary import summarise

    files = tuple(SourceFile.model_validate(file) for file in standing.summary["source"]["files"])
    return summarise(
        tables,
        run=RunFacts(
            run_id=run_id,
            started_at=started_at,
            finished_at=datetime.now(UTC).replace(microsecond=0),
            status="applied",
            dry_run=False,
            exit_code=0,
        ),
        source=SourceFacts(name=source, files=files, unchanged_since=since(standing.meta)),
        schools={},
        guards_tripped=(),
        ledger=ledger,
        seconds=seconds,
        report=settings.reports.path / run_id,
        settings_digest=standing.inputs.settings_digest,
    )


def carry_out(
    settings: Settings,
    standing: Standing,
    run_id: str,
    started_at: datetime,
    source: str,
    seconds: dict[str, float],
) -> tuple[Path, RunSummary] | None:
    """Record and report a run that changes nothing; gives the report's folder and the summary.

    None, and nothing is written, where the last run's tables are not kept.

    Raises:
        RosterSyncError: the state or the report cannot be written.
    """
    from rostersync import reporting, reports
    from rostersync.state.connection import writing

    tables = tables_of(settings, standing, run_id)
    if tables is None:
        return None
    told: list[RunSummary] = []

    def meanwhile(known: Callable[[RunSummary], None]) -> None:
        with writing(settings.state.path) as connection:
            ledger = _record(connection, settings, standing, tables, run_id, started_at, source)
            summary = summary_of(settings, standing, tables, run_id, started_at, source, ledger, seconds)
            _complete(connection, summary)
            told.append(summary)
            known(summary)

    about, before = reporting.about(settings, run_id), reporting.standing(settings)
    folder = reports.write(settings.reports.path, run_id, tables, about, meanwhile)
    reporting.tidy(settings, before, applied=True)
    return folder, told[0]


def _record(
    connection: sqlite3.Connection,
    settings: Settings,
    standing: Standing,
    tables: ReportTables,
    run_id: str,
    started_at: datetime,
    source: str,
) -> dict[str, dict[str, int]]:
    """Writes what any applied run writes, its row unfinished; gives the counts of the ledger."""
    from rostersync.importers.chain import chain_facts
    from rostersync.reports.packing import pack
    from rostersync.state import journal, report_tables
    from rostersync.state.findings_ledger import write_ledger
    from rostersync.state.writer import record_run

    record_run(connection, run_id, started_at, source, "applied", applied=True)
    moves = _moves(connection, standing, tables, run_id)
    with journal.recording(connection, run_id, settings.reports.keep):
        facts = chain_facts(_modes(standing), standing.meta, run_id, settings.schools.include)
        connection.executemany("INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)", facts.items())
        write_ledger(connection, moves, run_id, settings.reports.keep)
    report_tables.keep(connection, run_id, pack(tables), settings.reports.keep)
    return moves.counts


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


def _complete(connection: sqlite3.Connection, summary: RunSummary) -> None:
    from rostersync.state.writer import record_run

    run = summary.run
    told = summary.to_json()
    record_run(connection, run.run_id, run.started_at, summary.source.name, run.status, applied=True, summary=told)
