"""What a plan reports: its tables with names of schools and people, and its summary."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Executor, Future
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from rostersync.errors import GuardTripped, RosterSyncError
from rostersync.model.delivery import Delivery
from rostersync.model.plan import Plan
from rostersync.model.roster import Roster
from rostersync.settings import Settings

if TYPE_CHECKING:
    import sqlite3

    import polars as pl

    from rostersync.model.findings_ledger import LedgerMoves
    from rostersync.model.report import DeliveryVerdict, ReportTables, RunSummary, SourceFacts
    from rostersync.reports.formats import About
    from rostersync.state.reader import StateReader


@dataclass(frozen=True)
class Standing:
    """What the state says of the runs so far: the last applied one, and those that were taken back."""

    last_applied: str | None
    taken_back: frozenset[str]


class StandingNotes:
    """What is said every night, as the state has it; read by another thread from when a core is free for it."""

    def __init__(self, settings: Settings, beside: Executor) -> None:
        # Imported here: two threads that import parts of one package can block each other.
        from rostersync.state.connection import reading
        from rostersync.state.reader import StateReader

        def read() -> tuple[pl.DataFrame, pl.DataFrame]:
            with reading(settings.state.path) as connection:
                return _standing_notes(StateReader(connection))

        self._read, self._beside = read, beside
        self._found: Future[tuple[pl.DataFrame, pl.DataFrame]] | None = None

    def begin(self) -> None:
        """Begin to read, unless that was done before."""
        if self._found is None:
            self._found = self._beside.submit(self._read)

    def found(self) -> tuple[pl.DataFrame, pl.DataFrame]:
        """The notes of users, and of classes.

        Raises:
            StateError: the state cannot be read.
        """
        return self._read() if self._found is None else self._found.result()


def _standing_notes(state: StateReader) -> tuple[pl.DataFrame, pl.DataFrame]:
    return state.standing_user_notes(), state.standing_class_notes()


def tables(settings: Settings, plan: Plan, standing: StandingNotes | None = None) -> ReportTables:
    """The report's tables; names of schools and bystanders, and since when findings are there, come from the state."""
    from rostersync.reports.rows import FromState, report_tables, unnamed
    from rostersync.state.connection import reading
    from rostersync.state.reader import StateReader

    with reading(settings.state.path) as connection:
        state = StateReader(connection)
        orgs, names = _org_names(plan, state), state.names(unnamed(plan))
        user_notes, class_notes = standing.found() if standing else _standing_notes(state)
    from_state = FromState(orgs=orgs, names=names, user_notes=user_notes, class_notes=class_notes)
    return marked(settings, plan, report_tables(plan, from_state))


def marked(settings: Settings, plan: Plan, rows: ReportTables) -> ReportTables:
    """The report's tables of a plan, with what the state's ledger says of its findings now."""
    from rostersync.reports.marks import with_marks
    from rostersync.state.connection import reading
    from rostersync.state.findings_ledger import first_nights

    with reading(settings.state.path) as connection:
        moves, nights = ledger_moves(plan, connection), first_nights(connection)
    return with_marks(rows, moves, nights, settings.district.zone)


def _org_names(plan: Plan, state: StateReader) -> dict[str, str]:
    named = plan.orgs.filter(plan.orgs["name"].is_not_null())
    return {**state.orgs(), **dict(named.select("sourced_id", "name").rows())}


def summary(
    settings: Settings,
    plan: Plan,
    roster: Roster,
    delivery: Delivery,
    rows: ReportTables,
    *,
    dry_run: bool,
    seconds: Mapping[str, float],
) -> RunSummary:
    """The summary of the run, as it stands now."""
    from rostersync.importers.layouts import LAYOUTS
    from rostersync.model.report import DeliveryVerdict, RunFacts, SourceFacts, SourceFile
    from rostersync.policies.delivery import since, unchanged_too_long
    from rostersync.reports.guards import removals_by_school, tripped_guards
    from rostersync.reports.summary import summarise
    from rostersync.state.connection import reading
    from rostersync.state.reader import StateReader

    with reading(settings.state.path) as connection:
        orgs = _org_names(plan, StateReader(connection))
        ledger = ledger_moves(plan, connection).counts
    stale = unchanged_too_long(plan.facts, plan.started_at, settings)
    tripped = (*tripped_guards(plan.judgement, orgs), *(() if stale is None else (stale,)))
    counts = {name.lower(): count for name, count in roster.row_counts.items()}
    modes = {layout.file.lower(): roster.modes.get(layout.table) for layout in LAYOUTS}
    files = tuple(
        SourceFile(
            name=file.name,
            size=file.size,
            digest=file.digest,
            rows=counts.get(file.name.lower()),
            mode=modes.get(file.name.lower()),
        )
        for file in delivery.files
    )
    return summarise(
        rows,
        run=RunFacts(
            run_id=plan.run_id,
            started_at=plan.started_at,
            finished_at=datetime.now(UTC).replace(microsecond=0),
            status=plan.judgement.status,
            dry_run=dry_run,
            exit_code=GuardTripped.exit_code if tripped else 0,
        ),
        source=SourceFacts(name=plan.source, files=files, unchanged_since=since(plan.facts)),
        schools=removals_by_school(plan.judgement, orgs),
        guards_tripped=tripped,
        diagnosis=plan.judgement.diagnosis,
        ledger=ledger,
        seconds=seconds,
        report=settings.reports.path / plan.run_id,
        settings_digest=plan.settings_digest,
        delivery=DeliveryVerdict(verdict=roster.verdict.word, reasons=roster.verdict.reasons),
    )


def unguarded_summary(
    settings: Settings,
    rows: ReportTables,
    run_id: str,
    started_at: datetime,
    source: SourceFacts,
    *,
    ledger: Mapping[str, dict[str, int]] | None = None,
    delivery: DeliveryVerdict | None = None,
) -> RunSummary:
    """The summary of a run that applied what no guard judges: an undo, or a night that repeats the last one."""
    from rostersync.model.report import RunFacts
    from rostersync.reports.summary import summarise

    return summarise(
        rows,
        run=RunFacts(
            run_id=run_id,
            started_at=started_at,
            finished_at=datetime.now(UTC).replace(microsecond=0),
            status="applied",
            dry_run=False,
            exit_code=0,
        ),
        source=source,
        schools={},
        guards_tripped=(),
        ledger=ledger,
        seconds={},
        report=settings.reports.path / run_id,
        settings_digest=settings.digest(),
        delivery=delivery,
    )


def before_the_run(error: RosterSyncError) -> RosterSyncError:
    """What is said where something failed before the run was carried out; only of reports that is not said yet."""
    from rostersync.reports.folder import ReportNotWritten

    if not isinstance(error, ReportNotWritten):
        return error
    return RosterSyncError(f"{error} The run was not carried out: nothing was changed. Then run again.")


def without_report(error: RosterSyncError, summary: RunSummary) -> RosterSyncError:
    """What is said where the run stands and only its report could not be written."""
    run = summary.run
    return RosterSyncError(
        f"{error} Run {run.run_id} itself is {run.status} and kept in the state; only its report is missing: "
        f"`rostersync report {run.run_id}` writes it."
    )


def ledger_moves(plan: Plan, connection: sqlite3.Connection) -> LedgerMoves:
    """What the findings of a plan move in the ledger of this state."""
    from rostersync.policies import findings_ledger
    from rostersync.state.findings_ledger import read_ledger

    stored, unlisted = read_ledger(connection)
    return findings_ledger.ledger_moves(plan.findings, stored, unlisted, plan.facts, plan.run_id)


def about(settings: Settings, run_id: str) -> About:
    """What the report of a run says beside its tables and summary."""
    from rostersync.reports.formats import About
    from rostersync.state.connection import reading
    from rostersync.state.run_history import runs_before

    with reading(settings.state.path) as connection:
        before = runs_before(connection, run_id)
    return About(settings.district.name, settings.district.timezone, settings.reports.formats, before)


def standing(settings: Settings) -> Standing:
    """Read before a run's transaction: a reader after it would leave files of SQLite beside the state."""
    from rostersync.state.connection import reading
    from rostersync.state.run_history import last_applied, taken_back

    with reading(settings.state.path) as connection:
        return Standing(last_applied(connection), taken_back(connection))


def tidy(settings: Settings, before: Standing, *, applied: bool, undone: str | None = None) -> None:
    """Once a report is in place: removes those past `reports.keep`, never that of the last applied run; lists the rest.

    `applied`: the run is an applied one, held in part or not, and so the last one itself. `undone`: the run that
    it took back.

    Raises:
        RosterSyncError: a report cannot be removed, or the list not written.
    """
    from rostersync.reports import index
    from rostersync.reports.folder import prune

    prune(settings.reports.path, settings.reports.keep, None if applied else before.last_applied)
    taken_back = before.taken_back | ({undone} if undone else set())
    index.write(settings.reports.path, settings.district.name, taken_back)


def finished(summary: RunSummary, seconds: Mapping[str, float]) -> RunSummary:
    """The summary at the end of the run."""
    run = summary.run.model_copy(update={"finished_at": datetime.now(UTC).replace(microsecond=0)})
    rounded = {stage: round(value, 3) for stage, value in seconds.items()}
    return summary.model_copy(update={"run": run, "seconds": rounded})


def of_run(summary: RunSummary, settings: Settings, plan: Plan) -> RunSummary:
    """The summary of a kept plan as that of the run which applies it; a night since may have found the same already."""
    from rostersync.state.connection import reading

    with reading(settings.state.path) as connection:
        ledger = ledger_moves(plan, connection).counts
    run = summary.run.model_copy(update={"run_id": plan.run_id, "started_at": plan.started_at, "dry_run": False})
    return summary.model_copy(update={"run": run, "ledger": ledger, "report": str(settings.reports.path / plan.run_id)})
