"""R-V7: what `schools.include` takes, what it leaves out, and what it no longer takes."""

from __future__ import annotations

from pathlib import Path

import pytest

from rostersync.errors import ImportRefused
from tests.policies.district import District, enrollment, guardian, school_class, student, teacher
from tests.policies.tables import Twins

PEOPLE = [
    student("S1", "G1"),
    guardian("G1", orgSourcedIds="C"),
    student("S2", "G2", orgSourcedIds="B"),
    guardian("G2", orgSourcedIds="A"),
    student("S3", "G3", orgSourcedIds="B,A"),
    guardian("G3", orgSourcedIds="B"),
    student("S4", "G4", orgSourcedIds="B"),
    student("S5", "G4"),
    guardian("G4", orgSourcedIds="B"),
    teacher("T1", orgSourcedIds="A,B"),
    teacher("T2", orgSourcedIds="B"),
]
CLASSES = [school_class("K1"), school_class("K2", schoolSourcedId="B")]
ROSTER = [
    enrollment("K1", "S1"),
    enrollment("K1", "T1", "teacher"),
    enrollment("K2", "S2", schoolSourcedId="B"),
    enrollment("K2", "S3", schoolSourcedId="B"),
    enrollment("K2", "T1", "teacher", schoolSourcedId="B"),
]
TAKEN = {"S1", "S3", "S5", "G1", "G3", "G4", "T1"}


def test_r_v7_takes_people_by_any_school_guardians_by_students_classes_by_school(tmp_path: Path) -> None:
    twins = Twins(tmp_path, include=["A"])
    twins.night(PEOPLE, CLASSES, ROSTER)
    assert twins.state.ids() == TAKEN
    assert twins.state.guardianships() == {("G1", "S1"): "current", ("G3", "S3"): "current", ("G4", "S5"): "current"}
    assert {row["id"] for row in twins.state.rows("SELECT id FROM roster_classes")} == {"K0", "K1"}
    assert twins.state.enrollments() == {("K1", "S1"): "current", ("K1", "T1"): "current"}


def test_r_v7_what_is_left_out_is_dropped_not_rejected_nor_withheld(tmp_path: Path) -> None:
    twins = Twins(tmp_path, include=["A"])
    report = twins.night(PEOPLE, CLASSES, [*ROSTER, enrollment("K1", "S2")])
    dropped = {"S2", "G2", "S4", "T2", "K2"}
    for kind in ("users", "classes", "issues"):
        assert not [row for row in report.rows(kind) if row["id"] in dropped]
    assert not [row for row in report.rows("enrollments") if row["user_id"] in dropped or row["class_id"] in dropped]
    assert not [row for row in report.rows("guardianships") if dropped & {row["guardian_id"], row["student_id"]}]
    assert not [row for row in report.rows("issues") if row["severity"] == "error"]
    assert ("K1", "S2") not in twins.state.enrollments()


def test_r_v7_the_dropped_claim_no_credential(tmp_path: Path) -> None:
    twins = Twins(tmp_path, include=["A"])
    shared = "shared@example.org"
    twins.night([teacher("T1", orgSourcedIds="B", email=shared), student("S1", "G1"), guardian("G1", email=shared)])
    assert twins.user("G1", "email") == (shared,)


def test_r_v7_nobody_joins_the_dropped(tmp_path: Path) -> None:
    twins = Twins(tmp_path, include=["A"])
    same = {"givenName": "Ana", "familyName": "Ruiz", "email": "ana@example.org"}
    report = twins.night([teacher("T1", orgSourcedIds="B", **same), student("S1", "G1"), guardian("G1", **same)])
    assert report.codes("G1") == ["NEW"]


def test_r_v7_a_guardian_goes_with_the_last_student_that_is_taken(tmp_path: Path) -> None:
    twins = Twins(tmp_path, include=["A"])
    twins.night(PEOPLE, CLASSES, ROSTER)
    rows = [row for row in PEOPLE if row["sourcedId"] != "S5"]
    twins.night(rows, CLASSES, ROSTER)
    # S5 left; G4 is in the files still, but no student of theirs is taken
    assert {user: twins.state.statuses()[user] for user in ("S5", "G4")} == {"S5": "archived", "G4": "archived"}


def test_r_v7_what_it_no_longer_takes_leaves_as_if_gone(tmp_path: Path) -> None:
    twins = Twins(tmp_path)
    twins.night(PEOPLE, CLASSES, ROSTER)
    assert set(twins.state.statuses()) == {row["sourcedId"] for row in PEOPLE}
    twins.configure(include=["A"])
    report = twins.night(PEOPLE, CLASSES, ROSTER)
    statuses = twins.state.statuses()
    assert {user for user, status in statuses.items() if status == "current"} == TAKEN
    assert {user for user, status in statuses.items() if status == "archived"} == {"S2", "G2", "S4", "T2"}
    assert report.notes("T2") == [("archived", "LEFT_SIS", "No longer in the SIS import.")]
    assert report.codes("S2") == report.codes("G2") == ["FAMILY_LEFT"]
    assert report.codes("K2", "classes") == ["LEFT_SIS"]
    assert twins.state.rows("SELECT status FROM roster_classes WHERE id = 'K2'") == [{"status": "archived"}]
    assert set(twins.state.enrollments().values()) == {"current"}  # those of an archived class stay
    assert twins.state.guardianships()["G4", "S4"] == "current"  # the student has left: it stays
    before = twins.state.everything()
    twins.night(PEOPLE, CLASSES, ROSTER)
    assert twins.state.everything() == before


def test_r_v7_what_it_takes_again_returns(tmp_path: Path) -> None:
    twins = Twins(tmp_path)
    twins.night(PEOPLE, CLASSES, ROSTER)
    account = twins.user("T2", "account_id")
    twins.configure(include=["A"])
    twins.night(PEOPLE, CLASSES, ROSTER)
    twins.configure(include=["A", "B"])
    report = twins.night(PEOPLE, CLASSES, ROSTER)
    assert set(twins.state.statuses().values()) == {"current"}
    assert twins.user("T2", "account_id") == account
    assert "RETURNED" in report.codes("T2")
    assert twins.state.rows("SELECT status FROM roster_classes WHERE id = 'K2'") == [{"status": "active"}]


def test_r_v7_a_wider_list_adds_people(tmp_path: Path) -> None:
    twins = Twins(tmp_path, include=["A"])
    twins.night(PEOPLE, CLASSES, ROSTER)
    twins.configure(include=["B", "A"])
    report = twins.night(PEOPLE, CLASSES, ROSTER)
    for user_id in ("S2", "G2", "S4", "T2"):
        assert report.codes(user_id) == ["NEW"]
    assert twins.state.guardianships()["G4", "S4"] == "current"
    assert set(twins.state.enrollments().values()) == {"current"}
    assert len(twins.state.enrollments()) == len(ROSTER)


def test_r_v7_a_person_who_moves_out_of_the_list_leaves(tmp_path: Path) -> None:
    twins = Twins(tmp_path, include=["A"])
    twins.night([student("S1", "G1"), guardian("G1"), teacher("T1"), teacher("T2")])
    moved = {"orgSourcedIds": "B"}
    twins.night([student("S1", "G1", **moved), guardian("G1"), teacher("T1", **moved), teacher("T2")])
    assert twins.state.statuses() == {"S1": "archived", "G1": "archived", "T1": "archived", "T2": "current"}
    assert twins.state.access() == {("T2", "A")}


def test_r_v7_a_school_that_the_import_does_not_know_refuses_it(tmp_path: Path) -> None:
    district = District(tmp_path)
    district.night([student("S1")])
    before = district.everything()
    district.configure(include=["A", "NOWHERE"])
    with pytest.raises(ImportRefused, match="NOWHERE") as error:
        district.night([student("S1"), student("S2")])
    assert error.value.exit_code == 4
    assert district.everything() == before
