"""*Access*: derived, per school, for students, staff and guardians while they are current."""

from __future__ import annotations

from pathlib import Path

from tests.policies.district import enrollment, guardian, person, school_class, student, teacher
from tests.policies.tables import Twins

SAME = {"givenName": "Ana", "familyName": "Ruiz", "email": "ana@example.org"}


def test_access_of_students_and_staff_is_to_their_schools(tmp_path: Path) -> None:
    twins = Twins(tmp_path)
    twins.night(
        [
            student("S1"),
            student("S2", orgSourcedIds="A,B"),
            teacher("T1", orgSourcedIds="B,C"),
            person("P1", "administrator", orgSourcedIds="C"),
        ]
    )
    assert twins.state.access() == {
        ("S1", "A"),
        ("S2", "A"),
        ("S2", "B"),
        ("T1", "B"),
        ("T1", "C"),
        ("P1", "C"),
    }
    assert twins.user("S1", "school_access", "announcements") == (1, 1)


def test_access_follows_a_change_of_school(tmp_path: Path) -> None:
    twins = Twins(tmp_path)
    twins.night([student("S1", "G1"), guardian("G1"), teacher("T1")])
    twins.night([student("S1", "G1", orgSourcedIds="B"), guardian("G1"), teacher("T1", orgSourcedIds="B,C")])
    assert twins.state.access() == {("S1", "B"), ("G1", "B"), ("T1", "B"), ("T1", "C")}


def test_access_of_a_guardian_is_to_the_schools_of_the_students_own_orgs_ignored(tmp_path: Path) -> None:
    twins = Twins(tmp_path)
    twins.night(
        [
            student("S1", "G1"),
            student("S2", "G1", orgSourcedIds="B"),
            guardian("G1", orgSourcedIds="C"),
            student("S3", "G2"),
            guardian("G2", orgSourcedIds="A,B,C"),
        ]
    )
    assert twins.state.access() == {("S1", "A"), ("S2", "B"), ("G1", "A"), ("G1", "B"), ("S3", "A"), ("G2", "A")}


def test_access_of_a_guardian_ends_with_the_last_student_at_a_school(tmp_path: Path) -> None:
    twins = Twins(tmp_path)
    siblings = [student("S1", "G1"), student("S2", "G1", orgSourcedIds="B")]
    twins.night([*siblings, guardian("G1")])
    twins.night([siblings[1], guardian("G1")])  # R-F3: S1 is archived, the guardian untouched
    assert twins.state.access() == {("S2", "B"), ("G1", "B")}
    assert twins.user("S1", "school_access", "announcements") == (0, 0)
    assert twins.user("G1", "school_access", "announcements", "roster_status") == (1, 1, "current")
    twins.night([*siblings, guardian("G1")])
    assert twins.state.access() == {("S1", "A"), ("S2", "B"), ("G1", "A"), ("G1", "B")}


def test_access_ends_with_the_guardianship(tmp_path: Path) -> None:
    twins = Twins(tmp_path)
    twins.night([student("S1", "G1"), student("S2", "G1", orgSourcedIds="B"), guardian("G1")])
    twins.night([student("S1"), student("S2", "G1", orgSourcedIds="B"), guardian("G1")])
    assert twins.state.access() == {("S1", "A"), ("S2", "B"), ("G1", "B")}


def test_access_is_lost_by_all_who_leave(tmp_path: Path) -> None:
    twins = Twins(tmp_path)
    classes, roster = [school_class("K1")], [enrollment("K1", "S1"), enrollment("K1", "T1", "teacher")]
    twins.night([student("S1", "G1"), guardian("G1"), teacher("T1"), student("S2")], classes, roster)
    twins.night([student("S2")])  # the class is archived the same night: its enrollments stay, access does not
    assert twins.state.access() == {("S2", "A")}
    for user_id in ("S1", "G1", "T1"):
        assert twins.user(user_id, "school_access", "announcements", "roster_status") == (0, 0, "archived")


def test_access_of_a_disabled_account_is_none(tmp_path: Path) -> None:
    twins = Twins(tmp_path)
    twins.night(
        [
            student("S1", "G1", enabledUser="false"),
            guardian("G1"),
            student("S2", "G2"),
            guardian("G2", enabledUser="false"),
        ]
    )
    assert twins.state.access() == {("G1", "A"), ("S2", "A")}  # a disabled student does not shut the guardian out
    assert twins.user("S1", "school_access", "announcements") == (0, 0)
    assert twins.user("G2", "school_access", "announcements") == (0, 0)


def test_access_of_an_account_with_two_records_is_by_record(tmp_path: Path) -> None:
    twins = Twins(tmp_path)
    twins.night([teacher("T1", **SAME), student("S1", "G1", orgSourcedIds="B"), guardian("G1", **SAME)])
    assert twins.user("T1", "account_id") == twins.user("G1", "account_id")
    assert twins.state.access() == {("T1", "A"), ("S1", "B"), ("G1", "B")}
    twins.night([student("S1", "G1", orgSourcedIds="B"), guardian("G1", **SAME)])
    assert twins.state.access() == {("S1", "B"), ("G1", "B")}


def test_access_is_the_invitees_too(tmp_path: Path) -> None:
    twins = Twins(tmp_path)
    twins.night([student("S1", "G1"), guardian("G1")])
    twins.accept("G1")
    assert twins.state.access() == {("S1", "A"), ("G1", "A")}


def test_access_is_none_for_guardians_not_added(tmp_path: Path) -> None:
    twins = Twins(tmp_path)
    twins.night([student("S1", "G1"), guardian("G1", email="")])
    assert twins.state.access() == {("S1", "A")}
