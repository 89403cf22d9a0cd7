"""Broken variants of the program: each breaks one promise, as a mistake in the code would.

A mutant takes a `MonkeyPatch` and puts a mistake in the place of a function of the program.
"""

from __future__ import annotations

import os
import sqlite3
from dataclasses import replace
from typing import Any

import pandas as pd
import pytest

from rostersync import carrying_out, pipeline, planning, plans, policies, quiet_night, repeating
from rostersync.importers import overlay
from rostersync.model.night import VALID
from rostersync.policies import classes, credentials, families, guardianships
from rostersync.policies import messages as contact
from rostersync.policies.guards import judge
from rostersync.reports import folder
from rostersync.reports.packing import unpack
from rostersync.scope import people
from rostersync.state import connection as opening
from rostersync.state import guard_totals, reader, report_tables, snapshot, writer
from rostersync.state.undo import writing as undo_writing

Patch = pytest.MonkeyPatch

# --- R-A4 -------------------------------------------------------------------------------------------------------------


def commits_in_the_middle(patch: Patch) -> None:
    """A night in two transactions."""
    write = writer._update_enrollments

    def mutant(connection: sqlite3.Connection, plan: Any) -> None:
        connection.execute("COMMIT")
        connection.execute("BEGIN IMMEDIATE")
        write(connection, plan)

    patch.setattr(writer, "_update_enrollments", mutant)


def tells_after_the_commit(patch: Patch) -> None:
    """Messages are queued when the night is applied, in a transaction of their own."""
    carry_out, write = carrying_out.carry_out, writer._write_messages

    def mutant(settings: Any, plan: Any, *others: Any) -> Any:
        done = carry_out(settings, plan, *others)
        with opening.writing(settings.state.path) as connection:
            (number,) = connection.execute("SELECT max(number) FROM runs").fetchone()
            write(connection, plan, number)
        return done

    patch.setattr(writer, "_write_messages", lambda *_: None)
    patch.setattr(carrying_out, "carry_out", mutant)


def names_a_snapshot_first(patch: Patch) -> None:
    """The state names a snapshot that is written only then."""
    write, sweep, late = snapshot.write, snapshot.sweep, []

    def swept(*args: Any) -> None:
        for waiting in late:
            write(*waiting)
        late.clear()
        sweep(*args)

    patch.setattr(snapshot, "write", lambda *args: late.append(args))
    patch.setattr(snapshot, "sweep", swept)


def flushes_nothing(patch: Patch) -> None:
    """What is written is left to the system to bring to the disk; SQLite flushes its own files."""
    patch.setattr(os, "fsync", lambda _: None)


def an_undo_commits_in_the_middle(patch: Patch) -> None:
    """An undo in two transactions."""
    settle = undo_writing._settle

    def mutant(connection: sqlite3.Connection, *args: Any) -> None:
        connection.execute("COMMIT")
        connection.execute("BEGIN IMMEDIATE")
        settle(connection, *args)

    patch.setattr(undo_writing, "_settle", mutant)


def shows_the_report_first(patch: Patch) -> None:
    """The report has its name before the night is applied."""

    def mutant(path: Any, run_id: str, fill: Any) -> Any:
        target = path / run_id
        target.mkdir()
        fill(target)
        return target

    patch.setattr(folder, "publish", mutant)


# --- the same again, in another order, foretold -----------------------------------------------------------------------


def tells_everybody_again(patch: Patch) -> None:
    """R-A1: who is active is told of every night, whether anything changed or not."""
    changed = contact.contact_messages

    def mutant(table: pd.DataFrame) -> pd.DataFrame:
        return changed(table.assign(mobile=table["mobile"] + " "))

    patch.setattr(policies, "contact_messages", mutant)


def the_order_decides(patch: Patch) -> None:
    """R-A2: who stands first in the file gets what several want."""
    lead = policies.accounts.lead_accounts

    def mutant(users: pd.DataFrame, *args: Any) -> pd.DataFrame:
        table = lead(users, *args)
        lines = users["line"].astype("float64").fillna(0.0).to_numpy()
        return table.assign(rank=lines[table["lead_at"].to_numpy()])

    patch.setattr(policies.accounts, "lead_accounts", mutant)


def a_dry_run_writes(patch: Patch) -> None:
    """R-A3: a dry run leaves a row about itself."""
    finish = pipeline.finish

    def mutant(settings: Any, plan: Any, *args: Any, dry_run: bool, **others: Any) -> Any:
        if dry_run:
            with opening.writing(settings.state.path) as connection:
                writer.record_run(connection, plan.run_id, plan.started_at, plan.source, "stopped", applied=False)
        return finish(settings, plan, *args, dry_run=dry_run, **others)

    patch.setattr(pipeline, "finish", mutant)


# --- scope ------------------------------------------------------------------------------------------------------------


def scope_forgets_edits(patch: Patch) -> None:
    """Whoever was edited or accepted since is not looked at."""
    patch.setattr(reader.StateReader, "users_to_review", lambda _: set())


def scope_forgets_guardians(patch: Patch) -> None:
    """The guardians of a student whose row goes are not looked at."""
    patch.setattr(people._Families, "guardians", lambda *_: set())


def scope_forgets_who_is_held(patch: Patch) -> None:
    """What a guard held is not looked at the night after."""
    patch.setattr(planning, "snapshot_afterwards", lambda tonight, _: tonight)
    patch.setattr(reader.StateReader, "users_to_review", lambda _: set())
    patch.setattr(reader.StateReader, "held_rows", lambda *_: set())


# --- deltas -----------------------------------------------------------------------------------------------------------


def a_delta_removes_nobody(patch: Patch) -> None:
    """R-V5: who is `tobedeleted` in a delta stays in the import."""
    lay_over = overlay._with_records

    def mutant(roster: Any, last: Any, table: str) -> Any:
        return lay_over(replace(roster, **{f"deleted_{table}": frozenset()}), last, table)

    patch.setattr(overlay, "_with_records", mutant)


def rows_do_not_wait(patch: Patch) -> None:
    """R-V5: a row of a delta that had no effect is forgotten."""
    patch.setattr(writer, "write_waiting", lambda *_: None)


# --- undo -------------------------------------------------------------------------------------------------------------


def an_undo_forgets_values(patch: Patch) -> None:
    """What a night changed of accounts stays."""
    bring = undo_writing._set_values
    patch.setattr(undo_writing, "_set_values", lambda c, table: None if table == "accounts" else bring(c, table))


def an_undo_leaves_messages(patch: Patch) -> None:
    """Messages about what never was are sent all the same."""
    patch.setattr(undo_writing, "withdraw", lambda *_: None)


# --- every night ------------------------------------------------------------------------------------------------------


def a_credential_for_all(patch: Patch) -> None:
    """R-C2: everybody gets what they want; the schema would not allow it, so that its index goes first."""
    grant = credentials._grant

    def granted(table: pd.DataFrame, credential: str) -> pd.DataFrame:
        found = grant(table, credential)
        return found.assign(**{f"to_{credential}": found[f"want_{credential}"], f"taken_{credential}": ""})

    free = writer._update_accounts

    def without_index(connection: sqlite3.Connection, plan: Any) -> None:
        query = "SELECT name FROM sqlite_master WHERE type = 'index' AND tbl_name = 'accounts' AND sql LIKE '%UNIQUE%'"
        for (name,) in connection.execute(query).fetchall():
            connection.execute(f"DROP INDEX {name}")
        free(connection, plan)

    patch.setattr(credentials, "_grant", granted)
    patch.setattr(writer, "_update_accounts", without_index)


def a_class_by_hand_is_archived(patch: Patch) -> None:
    """R-K5: a class made by hand goes as one of the SIS whose row is gone."""
    decide = classes.decide_classes
    patch.setattr(classes, "decide_classes", lambda table, *args: decide(table.assign(origin="sis"), *args))


def a_guardianship_by_hand_ends(patch: Patch) -> None:
    """R-G2 for what people made: no row names it, and it ends."""
    decide = guardianships.decide_guardianships

    def mutant(users: pd.DataFrame, pairs: pd.DataFrame, **options: Any) -> pd.DataFrame:
        ours = pairs.assign(origin="sis", managed=True, by_guardian_role=True, guardian_in=False)
        return decide(users, ours.where(pairs["origin"] == "manual", pairs), **options).assign(origin=pairs["origin"])

    patch.setattr(guardianships, "decide_guardianships", mutant)


def says_what_did_not_happen(patch: Patch) -> None:
    """A row about somebody who did not change."""
    tell = planning.notes_and_changes

    def mutant(decisions: Any, *args: Any) -> Any:
        notes, changes = tell(decisions, *args)
        known = decisions.users.loc[decisions.users["known"], ["id"]]
        rows = known.assign(action="updated", code="SIS_UPDATE", notes="Updated from the SIS: grades 05 -> 06")
        return {**notes, "users": pd.concat([notes["users"], rows], ignore_index=True)}, changes

    patch.setattr(planning, "notes_and_changes", mutant)


def a_rejected_row_is_nobody(patch: Patch) -> None:
    """R-V3: a row that cannot be used counts as one that is not there."""
    values = policies.people.sis_values

    def mutant(users: pd.DataFrame, *args: Any) -> pd.DataFrame:
        return values(users, *args).assign(in_import=users["presence"] == VALID)

    patch.setattr(policies.people, "sis_values", mutant)


# --- messages (R-U4) --------------------------------------------------------------------------------------------------


def tells_twice(patch: Patch) -> None:
    """A message is queued twice."""
    told = contact.contact_messages
    patch.setattr(policies, "contact_messages", lambda table: pd.concat([told(table)] * 2, ignore_index=True))


def tells_only_the_new_address(patch: Patch) -> None:
    """The old address hears nothing of it: whoever took an account over is not found out."""
    told = contact.contact_messages

    def mutant(table: pd.DataFrame) -> pd.DataFrame:
        messages = told(table)
        return messages[~messages["address"].isin([*table["email"], *table["mobile"]])].reset_index(drop=True)

    patch.setattr(policies, "contact_messages", mutant)


# --- guards -----------------------------------------------------------------------------------------------------------


def what_is_held_goes(patch: Patch) -> None:
    """R-D2: a guard trips, and the students are archived all the same."""
    decide = families.decide_status
    patch.setattr(families, "decide_status", lambda users, pairs: decide(users.assign(guard=0), pairs))


def one_more_may_go(patch: Patch) -> None:
    """R-D1: the limit is off by one."""
    allowed = judge.allowed
    patch.setattr(judge, "allowed", lambda share, total: allowed(share, total) + 1)


def one_less_may_go(patch: Patch) -> None:
    """R-D1: the limit is off by one, the other way."""
    allowed = judge.allowed
    patch.setattr(judge, "allowed", lambda share, total: allowed(share, total) - 1)


def what_is_added_makes_room(patch: Patch) -> None:
    """R-D1: the share is of what is current tonight, what the held night added among it."""
    patch.setattr(guard_totals.GuardTotals, "stored", lambda _: {})


def none_may_be_left(patch: Patch) -> None:
    """R-D1: all of a kind may go, if the share lets so many."""
    patch.setattr(judge, "_NONE_LEFT", 1000)


def held_contacts_change(patch: Patch) -> None:
    """R-D5: the report says that a login is held, and it changes."""
    patch.setattr(credentials, "hold_contacts", lambda users, table: (users, table))


# --- plans ------------------------------------------------------------------------------------------------------------


def a_plan_forgets_messages(patch: Patch) -> None:
    """Who is told of a sync is not told of a plan."""
    planned = plans.planned

    def mutant(*args: Any) -> Any:
        plan = planned(*args)
        nobody = plan.decisions.messages.iloc[:0]
        return replace(plan, decisions=replace(plan.decisions, messages=nobody))

    patch.setattr(plans, "planned", mutant)


def a_plan_reports_less(patch: Patch) -> None:
    """The report of an applied plan leaves classes out."""
    tables = plans.report_tables

    def mutant(file: Any) -> Any:
        found = tables(file)
        return replace(found, classes=found.classes.clear())

    patch.setattr(plans, "report_tables", mutant)


# --- nights in which nothing changed ----------------------------------------------------------------------------------


def a_quiet_night_forgets_edits(patch: Patch) -> None:
    """What somebody edited since the last run does not count."""
    patch.setattr(quiet_night, "_untouched", lambda *_: True)


def a_quiet_night_tells_everything_again(patch: Patch) -> None:
    """What the last run did is said once more."""

    tables_of = repeating.standing_tables

    def mutant(settings: Any, standing: Any, run_id: str) -> Any:
        found = tables_of(settings, standing, run_id)
        with opening.reading(settings.state.path) as connection:
            return found and (unpack(report_tables.kept(connection, standing.run_id)), found[1])

    patch.setattr(repeating, "standing_tables", mutant)


def a_quiet_night_tells_nothing(patch: Patch) -> None:
    """What is kept and withheld is not said again."""
    tables_of = repeating.standing_tables

    def mutant(settings: Any, standing: Any, run_id: str) -> Any:
        found = tables_of(settings, standing, run_id)
        return found and (replace(found[0], users=found[0].users.clear()), found[1])

    patch.setattr(repeating, "standing_tables", mutant)


def a_quiet_night_forgets_settings(patch: Patch) -> None:
    """Other settings than those of the last run do not count."""
    patch.setattr(quiet_night, "_decides_the_same", lambda *_: True)
