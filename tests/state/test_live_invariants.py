"""A sync asks the rules of every state of what it writes: a defect stops the night, and the state stays whole.

Each mutant is a program that writes something wrong; the same night goes through with the program as it is.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from rostersync import planning
from rostersync.errors import InvariantBroken, RosterSyncError
from rostersync.policies import credentials, guards
from rostersync.state import class_edits, draft, first_load, guard_totals, live_invariants
from rostersync.state.invariants import Invariant
from rostersync.state.live_invariants import LIVE
from tests import inside
from tests.laws.moments import OF_THE_CLOCK, Rows, rows_of
from tests.policies.district import District, Report, enrollment, guardian, school_class, student, teacher

Patch = pytest.MonkeyPatch

PEOPLE = [
    *(student(f"S{i}", f"G{i}") for i in (1, 2, 3)),
    *(guardian(f"G{i}") for i in (1, 2, 3)),
    teacher("T1"),
]
ROLL = [*(enrollment("K1", f"S{i}") for i in (1, 2, 3)), enrollment("K1", "T1", "teacher")]
TONIGHT = [
    student("S1", "G1", grades="06"),
    student("S2", "G2"),
    student("S4", "G4"),
    guardian("G1", givenName="New", email="new@families.example.org"),
    guardian("G2", givenName="Other"),
    guardian("G4"),
    teacher("T1", givenName="Renamed"),
]
"""S3 and G3 leave, S4 and G4 come, G1 is active and has another e-mail and name in the SIS, G2 another name."""
LAST_YEAR = [
    "INSERT INTO classes (id, origin, title, status, review) VALUES ('OLD', 'sis', 'Last year', 'archived', 0)",
    (
        "INSERT INTO enrollments (class_id, user_id, role, is_primary, status, origin, ended_with_person) "
        "VALUES ('OLD', 'S2', 'student', 0, 'ended', 'sis', 0)"
    ),
    "INSERT INTO guardianships VALUES ('G1', 'S2', 'ended', 'sis', NULL)",
]
"""What ended before: no night of these tests has a row of it."""


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> District:
    district = District(tmp_path_factory.mktemp("lived"))
    district.night(PEOPLE, [school_class("K1")], ROLL)
    district.accept("G1")
    path = district.folder / "state.db"
    class_edits.create(path, "By hand", "A")
    with contextlib.closing(sqlite3.connect(path)) as state, state:
        for statement in LAST_YEAR:
            state.execute(statement)
    return district


@pytest.fixture
def district(lived: District, tmp_path: Path) -> District:
    return lived.copy(tmp_path / "district")


@pytest.mark.parametrize("rule", LIVE, ids=lambda rule: str(rule.name))
def test_a_rule_looks_only_at_what_the_run_wrote(lived: District, rule: Invariant) -> None:
    """Through indexes: neither a table of the state, nor what waits, is gone through for every record."""
    with contextlib.closing(sqlite3.connect(lived.folder / "state.db")) as state:
        live_invariants._make_tables(state)
        values = {"run": 1, "lock_off": 1, "last_message": 0, "generation": 1}
        steps = [str(row[3]) for row in state.execute(f"EXPLAIN QUERY PLAN {rule.query}", values)]
    gone_through = {step.split()[1] for step in steps if step.startswith("SCAN")}
    assert gone_through <= {"t", "f", "CONSTANT"}, steps  # temp.touched_*, and the members of one image
    waiting = [steps[at - 1] for at, step in enumerate(steps) if " waiting " in step]
    assert all(step.startswith("LIST SUBQUERY") for step in waiting), steps


def tonight(district: District) -> Report:
    return district.night(TONIGHT, [school_class("K1", title="Renamed")], [*ROLL[:2], ROLL[3], enrollment("K1", "S4")])


def content(district: District) -> Rows:
    """Every row of the state but those about runs."""
    rows = rows_of(district.folder / "state.db", without=OF_THE_CLOCK)
    return {name: found for name, found in rows.items() if name != "runs"}


def refused(district: District, night: Callable[[District], object] = tonight) -> str:
    """What is said of a night that must stop and leave everything as it was."""
    before = content(district)
    with pytest.raises(InvariantBroken) as caught:
        night(district)
    assert caught.value.exit_code == 1
    assert content(district) == before
    last = district.rows("SELECT status, applied FROM roster_runs ORDER BY run_id DESC LIMIT 1")
    assert last == [{"status": "failed", "applied": 0}]
    return str(caught.value)


def test_the_night_goes_through_as_it_is(district: District) -> None:
    report = tonight(district)
    assert district.statuses()["S3"] == "archived"
    assert report.codes("G1") == ["ACTIVE_EMAIL_KEPT", "ACTIVE_NAME_KEPT"]


# --- a writer that writes something wrong -----------------------------------------------------------------------------

WRITES = {
    "credentials": [
        (
            "UPDATE accounts SET email = upper((SELECT email FROM roster_users WHERE id = 'S1')) "
            "WHERE account_id = (SELECT account_id FROM users WHERE id = 'S2')"
        )
    ],
    "accounts": ["PRAGMA defer_foreign_keys = ON", "UPDATE users SET account_id = 999 WHERE id = 'S1'"],
    "abandoned accounts": ["INSERT INTO accounts (email, state, disabled) VALUES ('x@example.org', 'invitee', 0)"],
    "roles": ["UPDATE users SET role = 'teacher' WHERE id = 'S1'"],
    "what ends": ["UPDATE guardianships SET status = 'ended' WHERE guardian_id = 'G1'"],
    "contact lock": ["UPDATE accounts SET email = 'x@example.org' WHERE state = 'active'"],
    "account states": [
        "UPDATE accounts SET state = 'active' WHERE account_id = (SELECT account_id FROM users WHERE id = 'S2')"
    ],
    "shared accounts": [
        "UPDATE users SET account_id = (SELECT account_id FROM users WHERE id = 'S2') WHERE id = 'S1'",
    ],
    "what people made": ["UPDATE classes SET title = 'Other' WHERE origin = 'manual'"],
    "enrollments": [
        (
            "INSERT INTO enrollments (class_id, user_id, role, is_primary, status, origin, ended_with_person) "
            "VALUES ('K1', 'nobody', 'student', 0, 'current', 'sis', 0)"
        )
    ],
    "enrollments of archived classes": [
        (
            "INSERT INTO enrollments (class_id, user_id, role, is_primary, status, origin, ended_with_person) "
            "VALUES ('OLD', 'S1', 'student', 0, 'current', 'sis', 0)"
        )
    ],
    "enrollments of people who left": ["UPDATE enrollments SET status = 'current' WHERE user_id = 'S3'"],
    "guardianships": ["INSERT INTO guardianships VALUES ('G1', 'G1', 'current', 'sis', NULL)"],
    "what begins": ["INSERT INTO guardianships VALUES ('G2', 'S1', 'current', 'sis', NULL)"],
    "messages": [
        (
            "INSERT INTO outbox (user_id, channel, template, address, run, created_at) "
            "SELECT 'nobody', 'email', 'invitation', 'x@example.org', max(number), '' FROM runs"
        )
    ],
    "runs": ["UPDATE users SET added_in = 999 WHERE id = 'S1'"],
    "generation": ["UPDATE meta SET value = 99 WHERE key = 'generation'"],
    "schema": ["UPDATE users SET roster_status = 'lost' WHERE id = 'S1'"],
}
"""Name of the rule -> statements that break it, and no other."""


def test_every_rule_has_a_mutant() -> None:
    assert WRITES.keys() == {each.name for each in LIVE} | {"schema"}


def writes_too(patch: Patch, statements: list[str]) -> None:
    keep = guard_totals.keep_totals

    def mutant(connection: sqlite3.Connection, *args: Any) -> None:
        keep(connection, *args)
        for statement in statements:
            connection.execute(statement)

    patch.setattr(guard_totals, "keep_totals", mutant)


@pytest.mark.parametrize("rule", WRITES)
def test_what_breaks_a_rule_is_not_written(district: District, monkeypatch: Patch, rule: str) -> None:
    writes_too(monkeypatch, WRITES[rule])
    assert f"a rule of the state, {rule} (" in refused(district)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE users SET roster_status = 'archived' WHERE id = 'T1'",
        "UPDATE users SET roster_status = 'removed' WHERE id = 'S3'",
        "UPDATE classes SET status = 'archived' WHERE id = 'K1'",
        "UPDATE enrollments SET status = 'ended' WHERE user_id = 'S2'",
        "DELETE FROM enrollments WHERE user_id = 'S2'",
        "DELETE FROM guardianships WHERE student_id = 'S2'",
        "UPDATE users SET roster_status = 'archived' WHERE id = 'S4'",
    ],
)
def test_nobody_goes_unsaid(district: District, monkeypatch: Patch, statement: str) -> None:
    if "'removed'" in statement:  # S3 is said to be archived: it is removed on a later night of which nothing is said
        tonight(district)
    writes_too(monkeypatch, [statement])
    assert "of which the report does not say so" in refused(district)


@pytest.mark.parametrize(
    ("rule", "statement"),
    [
        ("contact lock", "UPDATE accounts SET email = NULL WHERE state = 'active'"),
        ("contact lock", "UPDATE accounts SET mobile = '+12025550199' WHERE state = 'active'"),
        ("contact lock", "UPDATE accounts SET phone = '+12025550199' WHERE state = 'active'"),
        ("contact lock", "UPDATE accounts SET family_name = NULL WHERE state = 'active'"),
        ("account states", "UPDATE accounts SET state = 'invitee' WHERE state = 'active'"),
        ("account states", "INSERT INTO accounts (state, disabled) VALUES ('active', 0)"),
        ("what begins", "UPDATE guardianships SET status = 'current' WHERE student_id = 'S2'"),
        ("enrollments of archived classes", "UPDATE enrollments SET status = 'current' WHERE class_id = 'OLD'"),
    ],
)
def test_other_ways_to_break_a_rule(district: District, monkeypatch: Patch, rule: str, statement: str) -> None:
    writes_too(monkeypatch, [statement])
    assert f"a rule of the state, {rule} (" in refused(district)


def test_nobody_new_shares_an_account_with_a_student(district: District, monkeypatch: Patch) -> None:
    account = "(SELECT account_id FROM users WHERE id = '{0}')"
    writes_too(
        monkeypatch,
        [
            f"UPDATE accounts SET email = NULL, mobile = NULL WHERE account_id = {account.format('G4')}",
            f"UPDATE users SET account_id = {account.format('S1')} WHERE id = 'G4'",
        ],
    )
    said = refused(district)
    assert "a rule of the state, shared accounts (" in said
    assert "G4" in said


# --- a rule that decides something wrong ------------------------------------------------------------------------------


def active_people_follow_the_sis(patch: Patch) -> None:
    decide = credentials.platform_values
    patch.setattr(credentials, "platform_values", lambda table: decide(table.assign(follows=True)))


def the_report_forgets(patch: Patch) -> None:
    tell = planning.notes_and_changes

    def mutant(*args: Any) -> Any:
        notes, changes = tell(*args)
        return {kind: rows[rows["code"] != "FAMILY_LEFT"] for kind, rows in notes.items()}, changes

    patch.setattr(planning, "notes_and_changes", mutant)


def one_address_for_two(patch: Patch) -> None:
    decide = credentials.platform_values

    def mutant(table: Any) -> Any:
        return decide(table).assign(to_email="same@families.example.org")

    patch.setattr(credentials, "platform_values", mutant)


@pytest.mark.parametrize(
    ("mutant", "rule"),
    [
        (active_people_follow_the_sis, "contact lock"),
        (the_report_forgets, "what ends"),
        (one_address_for_two, "schema"),
    ],
)
def test_a_wrong_rule_stops_the_night(
    district: District, monkeypatch: Patch, mutant: Callable[[Patch], None], rule: str
) -> None:
    mutant(monkeypatch)
    assert f"a rule of the state, {rule} (" in refused(district)


def test_the_process_ends_with_1_and_one_plain_line(district: District, monkeypatch: Patch) -> None:
    writes_too(monkeypatch, WRITES["guardianships"])
    files = district.files(TONIGHT, [school_class("K1")], ROLL[:1])
    before = content(district)
    said = inside.done(district.folder, "sync", "--source", files, "--override-guards", "all", code=1)
    assert said.out == ""
    assert said.err.count("\n") == 1
    assert "G1 G1" in said.err
    assert "nothing was changed" in said.err
    assert "families.example.org" not in said.err
    assert content(district) == before


# --- a first load -----------------------------------------------------------------------------------------------------


def _users(decisions: Any, **values: Any) -> Any:
    return replace(decisions, users=decisions.users.assign(**values))


DECIDES: dict[str, Callable[[Any], Any]] = {
    "credentials": lambda d: replace(
        d, accounts=d.accounts.assign(to_email=["A@example.org", "a@example.org"] + [""] * (len(d.accounts) - 2))
    ),
    "accounts": lambda d: replace(d, accounts=d.accounts.iloc[1:]),
    "abandoned accounts": lambda d: _users(d, account_id=d.users["account_id"].iloc[0]),
    "roles": lambda d: _users(d, to_role="administrator"),
    "enrollments of people who left": lambda d: _users(
        d, to_status=d.users["to_status"].mask(d.users["id"] == "G1", "archived")
    ),
    "enrollments": lambda d: replace(
        d, enrollments=d.enrollments.assign(user_id=d.enrollments["user_id"].replace("S1", "nobody"))
    ),
    "guardianships": lambda d: replace(d, pairs=d.pairs.assign(guardian_id=d.pairs["guardian_id"].replace("G1", "x"))),
}
"""Name of the rule -> what makes decisions of a first load break it."""


def first(district: District) -> Report:
    return district.night(PEOPLE, [school_class("K1")], ROLL)


def test_a_first_load_goes_through_as_it_is(tmp_path: Path, monkeypatch: Patch) -> None:
    monkeypatch.setattr(first_load, "WORTH_IT", 0)
    district = District(tmp_path)
    first(district)
    assert len(district.ids()) == 7


@pytest.mark.parametrize("rule", DECIDES)
@pytest.mark.parametrize("worth_it", [0, 50_000], ids=["new file", "in place"])
def test_a_wrong_first_load_leaves_the_state_empty(
    tmp_path: Path, monkeypatch: Patch, rule: str, worth_it: int
) -> None:
    decide = guards.decide_with_guards

    def mutant(*args: Any) -> Any:
        decisions, judgement = decide(*args)
        return DECIDES[rule](decisions), judgement

    monkeypatch.setattr(guards, "decide_with_guards", mutant)
    monkeypatch.setattr(first_load, "WORTH_IT", worth_it)
    district = District(tmp_path)
    before = content(district)
    with pytest.raises(RosterSyncError) as caught:
        first(district)
    assert content(district) == before
    if worth_it == 0:
        assert isinstance(caught.value, InvariantBroken)
        assert f"a rule of the state, {rule} (" in str(caught.value)


def test_a_first_load_that_loses_rows_leaves_the_state_empty(tmp_path: Path, monkeypatch: Patch) -> None:
    monkeypatch.setattr(first_load, "WORTH_IT", 0)
    rows = draft.new_rows
    monkeypatch.setattr(draft, "new_rows", lambda *args: (r for r in rows(*args) if r.table != "guardianships"))
    assert "guardianships has 0 rows instead of 3" in refused(District(tmp_path), first)
