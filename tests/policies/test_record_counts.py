"""How many records guards count their shares of, kept from night to night (policies.md R-D1, R-D5)."""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path

import pytest

from rostersync import two_steps, undoing
from rostersync.model.record_counts import KINDS
from rostersync.plans import file as plan_file
from rostersync.settings.overrides import parse
from rostersync.state import first_load, record_counts, schema
from tests.laws.counts import check_counts
from tests.policies import by_hand
from tests.policies.district import District, Row, enrollment, guardian, school_class, student, teacher
from tests.state.first_schema import make_first_schema

Night = tuple[list[Row], list[Row], list[Row]]


def kept(district: District) -> dict[str, dict[str, int]]:
    """The kept counts by kind and school, after they were found true."""
    check_counts(district, must_stand=True)
    with contextlib.closing(sqlite3.connect(district.folder / "state.db")) as connection:
        rows = record_counts.kept(connection)
    return {kind: {school: rows[key, school] for key, school in sorted(rows) if key == kind} for kind in KINDS}


def live(folder: Path, *nights: Night, full: bool = False, **policy: object) -> District:
    """The nights, of which all but the first move the counts; they are true after each."""
    district = District(folder, **policy)
    for users, classes, enrollments in nights:
        district.night(users, classes, enrollments, full=full)
        kept(district)
    return district


AT_A = student("S1", "G1")
AT_B = student("S1", "G1", orgSourcedIds="B")
ANA = guardian("G1", "S1,S2")
SIBLING = student("S2", "G1", orgSourcedIds="C")
CLASS = school_class("K1")
IN_CLASS = [enrollment("K1", "S1"), enrollment("K1", "S2")]


def test_a_first_load_counts_every_kind(tmp_path: Path):
    district = live(tmp_path, ([AT_A, SIBLING, ANA, guardian("G9", "S1", orgSourcedIds="B")], [CLASS], IN_CLASS))
    assert kept(district) == {
        "students": {"A": 1, "C": 1},
        "staff": {"A": 1},
        "guardians": {"A": 2, "C": 1},
        "classes": {"A": 2},
        "enrollments": {"A": 3},
        "guardianships": {"A": 2, "C": 1},
        "contacts": {"A": 4, "C": 2},
    }


def test_a_large_first_load_counts_as_a_small_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    night = ([AT_A, SIBLING, ANA], [CLASS], IN_CLASS)
    small = live(tmp_path / "small", night) if (tmp_path / "small").mkdir() is None else None
    monkeypatch.setattr(first_load, "WORTH_IT", 0)
    (tmp_path / "large").mkdir()
    large = live(tmp_path / "large", night)
    assert small is not None
    assert kept(large) == kept(small)
    large.night([AT_B, SIBLING, ANA], [CLASS], IN_CLASS)
    assert kept(large)["students"] == {"B": 1, "C": 1}


@pytest.mark.parametrize("full", [False, True])
def test_a_student_who_moves_takes_guardian_guardianship_and_contacts_along(tmp_path: Path, full: bool):
    district = live(tmp_path, ([AT_A, ANA], [], []), ([AT_B, ANA], [], []), full=full)
    found = kept(district)
    assert found["students"] == found["guardians"] == found["guardianships"] == {"B": 1}
    assert found["contacts"] == {"A": 1, "B": 2}  # T0 stays at A


def test_a_guardian_counts_in_the_schools_of_all_students(tmp_path: Path):
    both = ([AT_A, SIBLING, ANA], [], [])
    district = live(tmp_path, both, ([AT_A, student("S2", "", orgSourcedIds="C"), guardian("G1", "S1")], [], []))
    assert kept(district)["guardians"] == {"A": 1}
    district.night(*both)
    assert kept(district)["guardians"] == {"A": 1, "C": 1}


def test_a_guardian_whose_student_left_counts_by_the_ones_who_stay(tmp_path: Path):
    district = live(tmp_path, ([AT_A, SIBLING, ANA], [], []), ([SIBLING, ANA], [], []))
    found = kept(district)
    assert (found["students"], found["guardianships"]) == ({"C": 1}, {"C": 1})


def test_an_archived_class_takes_its_enrollments_along(tmp_path: Path):
    users = [AT_A, SIBLING, ANA]
    rolls = IN_CLASS
    district = live(tmp_path, (users, [CLASS], rolls), (users, [], []))
    assert district.rows("SELECT status FROM roster_classes WHERE id = 'K1'") == [{"status": "archived"}]
    assert kept(district)["enrollments"] == {"A": 1}
    assert kept(district)["classes"] == {"A": 1}


def test_a_class_that_moves_to_another_school_takes_its_enrollments_along(tmp_path: Path):
    users = [AT_A, SIBLING, ANA]
    moved = school_class("K1", schoolSourcedId="B")
    district = live(tmp_path, (users, [CLASS], IN_CLASS), (users, [moved], IN_CLASS))
    assert kept(district)["enrollments"] == {"A": 1, "B": 2}


def test_an_account_of_staff_and_guardian_counts_once_per_school(tmp_path: Path):
    same = {"email": "t1@staff.example.org", "givenName": "Ana"}
    staff = teacher("T1", orgSourcedIds="A", **same)
    mother = guardian("G1", "S1", **same)
    district = live(
        tmp_path, ([AT_A, mother], [], []), ([AT_A, mother, staff], [], []), ([AT_B, mother, staff], [], [])
    )
    assert len(district.rows("SELECT DISTINCT account_id FROM roster_users WHERE id IN ('T1', 'G1')")) == 1
    assert kept(district)["contacts"] == {"A": 2, "B": 2}


def test_a_family_that_is_removed_counts_no_more(tmp_path: Path):
    policy = {"abandoned_families": "extreme"}
    district = live(tmp_path, ([AT_A, guardian("G1", "S1")], [], []), ([], [], []), **policy)
    found = kept(district)
    assert {kind for kind, schools in found.items() if schools} == {"staff", "classes", "enrollments", "contacts"}
    assert "removed" in district.statuses().values()


def test_who_and_what_was_made_by_hand_never_counts(tmp_path: Path):
    night = ([AT_A, ANA], [CLASS], [])
    district = live(tmp_path, night)
    before = kept(district)
    by_hand.add_guardian(district, "S1", "local:g1", email="hand@x.example")
    by_hand.create_class(district, "local:k1")
    by_hand.enroll(district, "local:k1", "S1")
    by_hand.enroll(district, "K1", "S1")
    assert kept(district) == before
    by_hand.remove(district, "K1", "S1")
    by_hand.remove_guardian(district, "local:g1", "S1")
    assert kept(district) == before
    by_hand.archive(district, "local:k1")
    assert not check_counts(district)
    district.night(*night)
    assert kept(district) == before


def test_an_edit_of_contacts_keeps_the_counts_and_a_link_drops_them(tmp_path: Path):
    other = guardian("G2", "S1")
    night = ([student("S1", "G1,G2"), guardian("G1", "S1"), other], [], [])
    district = live(tmp_path, night)
    district.accept("G1")
    district.edit("G1", email="new@families.example.org")
    kept(district)
    assert [row["note"] for row in by_hand.link(district, "G1", "G2")] == ["", "joined"]
    assert not check_counts(district)
    district.night(*night)
    assert kept(district)["contacts"] == {"A": 3}


def test_an_undo_drops_the_counts_and_the_next_night_has_them_again(tmp_path: Path):
    district = live(tmp_path, ([AT_A, ANA], [], []), ([AT_B, ANA], [], []))
    undoing.undo(district.settings, None, dry_run=False)
    assert not check_counts(district)
    district.night([AT_B, ANA])
    assert kept(district)["students"] == {"B": 1}
    for _ in range(2):
        undoing.undo(district.settings, None, dry_run=False)
        assert not check_counts(district)


def test_a_plan_that_is_applied_from_its_file_moves_the_counts(tmp_path: Path):
    district = District(tmp_path)
    for number, users in enumerate(([AT_A, ANA], [AT_B, ANA])):
        kept_in = tmp_path / f"plan{number}.json"
        source = district.files(users, [CLASS], [enrollment("K1", "S1")])
        override = parse(("students",))
        two_steps.plan(district.settings, kept_in, source=source, let_through=override)
        two_steps.apply(district.settings, plan_file.read(kept_in), let_through=override)
        kept(district)
    assert kept(district)["guardians"] == {"B": 1}


def test_a_guard_that_holds_counts_what_stays(tmp_path: Path):
    pupils = [student(f"S{number}") for number in range(40)]
    district = District(tmp_path)
    district.configure(guards={"max_removed": "10%", "small": 2})
    district.night(pupils)
    district.night(pupils[:30])
    assert kept(district)["students"] == {"A": 40}


def test_an_older_state_is_counted_by_its_next_night(tmp_path: Path):
    district = District(tmp_path)
    state = tmp_path / "state.db"
    state.unlink()
    make_first_schema(state)
    with contextlib.closing(sqlite3.connect(state)) as connection, connection:
        connection.execute("INSERT INTO meta (key, value) VALUES ('generation', '4')")
        connection.execute("INSERT INTO accounts (account_id, state, disabled) VALUES (1, 'active', 0)")
        connection.execute(
            "INSERT INTO users (id, origin, role, roles, school_ids, roster_status, account_id, review) "
            "VALUES ('T1', 'sis', 'teacher', 'teacher', 'A', 'current', 1, 0)"
        )
        connection.execute(f"PRAGMA application_id = {schema.APPLICATION_ID}")
        connection.execute("PRAGMA user_version = 1")
    district.night([teacher("T1"), AT_A], dry_run=True)
    assert not check_counts(district)
    district.night([teacher("T1"), AT_A])
    assert kept(district)["staff"] == {"A": 2}


def test_counts_that_would_fall_below_zero_are_dropped(tmp_path: Path):
    district = live(tmp_path, ([AT_A, ANA], [], []))
    with contextlib.closing(sqlite3.connect(tmp_path / "state.db")) as connection, connection:
        connection.execute("UPDATE record_counts SET count = 0 WHERE kind = 'students'")
    district.night([AT_B, ANA])
    assert not check_counts(district)
    district.night([AT_B, ANA])
    assert kept(district)["students"] == {"B": 1}
