"""Everything up to the plan of a night, from a state that is only read: read, compare, scope, decide."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING

from rostersync.model.delivery import Delivery
from rostersync.outcome import Stopwatch
from rostersync.settings import Settings
from rostersync.settings.overrides import NO_OVERRIDES, Overrides

if TYPE_CHECKING:
    import sqlite3

    from rostersync.diff import Changes
    from rostersync.model.decisions import Decisions
    from rostersync.model.guards import Judgement
    from rostersync.model.night import Night
    from rostersync.model.plan import Plan
    from rostersync.model.roster import Roster
    from rostersync.model.snapshot import Snapshot
    from rostersync.state.first_load import Ahead
    from rostersync.state.reader import StateReader


@dataclass(frozen=True)
class Tonight:
    """What a night is decided under, whatever its files say.

    `full`: every record is looked at. `overrides`: what guards let through.
    """

    settings: Settings
    run_id: str
    started_at: datetime
    watch: Stopwatch
    full: bool = False
    overrides: Overrides = NO_OVERRIDES

    @property
    def today(self) -> date:
        """The district's date."""
        return self.started_at.astimezone(self.settings.district.zone).date()


def propose(
    tonight: Tonight,
    delivery: Delivery,
    *,
    begun: Ahead | None = None,
    scoped: Callable[[], None] = lambda: None,
) -> tuple[Plan, Roster]:
    """The plan, and the roster it was made of; `begun` is told what a first load can begin with.

    `scoped` is called when the state was read and a core is free. Rows of the last applied import are recognised,
    unless something needs all files as a whole.
    """
    from rostersync.model.snapshot import Doubt

    def proposed(*, recognise: bool, absent: bool = True) -> tuple[Plan, Roster]:
        return _propose(tonight, delivery, begun, scoped, recognise=recognise, absent=absent)

    if not tonight.full:
        with contextlib.suppress(Doubt):
            return proposed(recognise=True)
    plan, roster = proposed(recognise=False)
    if roster.verdict.of_absent:  # what is missing is held already, but where it is too much guards have to say so
        guarded = proposed(recognise=False, absent=False)
        if guarded[0].judgement.trips and not roster.verdict.never_so:
            return guarded  # one night tells little: what guards do not hold is believed
        return dataclasses.replace(plan, judgement=plan.judgement.beside(guarded[0].judgement)), roster
    return plan, roster


def _propose(
    tonight: Tonight,
    delivery: Delivery,
    begun: Ahead | None,
    scoped: Callable[[], None],
    *,
    recognise: bool,
    absent: bool,
) -> tuple[Plan, Roster]:
    from rostersync import planning, quiet_night
    from rostersync.diff import with_unread
    from rostersync.model.inputs import INPUTS, inputs_fact
    from rostersync.model.plan import Plan
    from rostersync.policies.waiting import waiting_rows
    from rostersync.scope import scope
    from rostersync.state.connection import reading
    from rostersync.state.reader import StateReader

    settings, watch = tonight.settings, tonight.watch
    with reading(settings.state.path) as connection:
        state = StateReader(connection)
        meta = state.meta()
        found = _compared(tonight, delivery, state, meta, begun, recognise=recognise, absent=absent)
        roster = found.roster
        with watch.stage("scope"):
            night = scope(roster, found.changes, state, tonight.today)
            if roster.unread is not None:
                roster.unread.give_up_lines("users")
        with watch.stage("decide"):
            scoped()
            decisions, judgement = _decided(tonight, night, roster, state, connection, begun)
            del night  # a large part of a large night's memory
            notes, changed = planning.notes_and_changes(decisions, judgement, roster)
            waiting = waiting_rows(roster, decisions, notes, state.waiting())
            inputs = quiet_night.inputs_of(settings, delivery, roster, tonight.started_at)
            if judgement.status != "applied":
                inputs = None
            afterwards = planning.snapshot_afterwards(with_unread(found.read, found.before, roster), decisions)
            moved = not planning.same_snapshot(afterwards, found.before)
    plan = Plan(
        run_id=tonight.run_id,
        started_at=tonight.started_at,
        as_of=tonight.today,
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
        judgement=judgement,
        waiting=waiting,
        sessions=roster.academic_sessions,
        roles=roster.roles,
        facts={**_facts(tonight, delivery, roster, meta), **inputs_fact(inputs, meta.get(INPUTS))},
    )
    # The texts of large files are given up before they are applied.
    return plan, dataclasses.replace(roster, unread=None)


@dataclass(frozen=True)
class _Compared:
    """Tonight's import beside the last applied one: `before` its fingerprints, `read` those of the rows that were read.

    `changes` None: every record is looked at.
    """

    roster: Roster
    before: Snapshot | None
    read: Snapshot
    changes: Changes | None


def _compared(
    tonight: Tonight,
    delivery: Delivery,
    state: StateReader,
    meta: dict[str, str],
    begun: Ahead | None,
    *,
    recognise: bool,
    absent: bool,
) -> _Compared:
    """Reads the files, and finds what changed.

    Raises:
        Doubt: rows were recognised, and something needs all files as a whole.
    """
    from rostersync import intake
    from rostersync.diff import diff, fingerprints
    from rostersync.model.snapshot import Doubt
    from rostersync.state import snapshot

    settings, overrides = tonight.settings, tonight.overrides
    with tonight.watch.stage("read"):
        before = snapshot.read(settings.state.path, meta.get("snapshot"))
        seed = before.seed if before else snapshot.new_seed()
        known = before if recognise and intake.may_recognise(settings, overrides, meta) else None
        roster = intake.read(settings, delivery, state, tonight.today, overrides, seed=seed, before=known)
        intake.check_overrides(overrides, roster, state)
        if begun is not None:
            roster = begun.read(roster)
    with tonight.watch.stage("compare"):
        roster = intake.weighed(settings, roster, delivery, before, state, tonight.today, overrides, absent=absent)
        rows = fingerprints(roster, seed)
        everything = tonight.full or intake.needs_full_look(settings, roster, meta)
        if everything and roster.unread is not None:
            raise Doubt
        changes = None if everything or before is None else diff(rows, before, roster.unread)
        return _Compared(roster, before, rows, changes)


def _decided(
    tonight: Tonight,
    night: Night,
    roster: Roster,
    state: StateReader,
    connection: sqlite3.Connection,
    begun: Ahead | None,
) -> tuple[Decisions, Judgement]:
    """What the rules decide, with the texts of messages."""
    from rostersync import messages, planning
    from rostersync.policies.guards import decide_with_guards
    from rostersync.state.guard_totals import GuardTotals

    settings = tonight.settings
    templates = messages.load(settings.messages.templates)
    decisions, judgement = decide_with_guards(
        night,
        settings.policy,
        settings.guards,
        tonight.overrides,
        GuardTotals(connection),
        planning.school_names(roster, state.orgs()),
    )
    if begun is not None:
        begun.decided(decisions)
    texts = messages.with_texts(decisions.messages, templates, settings.district.name)
    return dataclasses.replace(decisions, messages=texts), judgement


def _facts(tonight: Tonight, delivery: Delivery, roster: Roster, meta: dict[str, str]) -> dict[str, str]:
    """What the state will know of this import, besides its records."""
    from rostersync import intake
    from rostersync.importers.chain import chain_facts
    from rostersync.importers.layouts import LAYOUTS
    from rostersync.importers.limits import dangling_facts
    from rostersync.policies.delivery import first_seen
    from rostersync.policies.findings_ledger import told_files

    return {
        **first_seen(delivery, meta, tonight.started_at),
        **dangling_facts(roster, meta),
        **intake.last_deliveries(delivery, roster.verdict, meta),
        **chain_facts(roster.modes, meta, tonight.run_id, tonight.settings.schools.include),
        **told_files({each.file: roster.modes.get(each.table, "absent") for each in LAYOUTS}, tonight.run_id),
    }
