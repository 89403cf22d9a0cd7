"""R-K3, R-K4, R-K5, R-F6, R-U9: titles, classes and enrollments that people made."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from rostersync.errors import ConfigurationError, RefusedByPolicy
from tests.policies import by_hand
from tests.policies.district import District, Report, Row, enrollment, guardian, school_class, student, teacher
from tests.policies.tables import Twins

Classes = dict[str, tuple[str, str | None, str]]

S1, S2, T1, K1, K2 = student("S1"), student("S2"), teacher("T1"), school_class("K1"), school_class("K2")


@pytest.fixture
def twins(tmp_path: Path) -> Twins:
    return Twins(tmp_path)


def titles(twins: Twins, class_id: str) -> tuple[str, str | None]:
    """Title and SIS title of a class."""
    (row,) = twins.state.rows("SELECT title, sis_title FROM roster_classes WHERE id = ?", class_id)
    return row["title"], row["sis_title"]


def enrolled(twins: Twins, class_id: str, user_id: str) -> list[tuple[str, str, str]]:
    """Role, status and origin of a user in a class."""
    query = "SELECT role, status, origin FROM roster_enrollments WHERE class_id = ? AND user_id = ? ORDER BY role"
    return [tuple(row.values()) for row in twins.state.rows(query, class_id, user_id)]


def notes(report: Report, class_id: str, user_id: str) -> list[str]:
    """Codes said of an enrollment."""
    return [row["code"] for row in report.rows("enrollments", class_id=class_id, user_id=user_id)]


# --- R-K3: titles ---------------------------------------------------------------------------------------------------


def test_r_k3_an_edited_title_stays_and_is_told_every_night(twins: Twins) -> None:
    twins.night([], [K1])
    twins.in_both(lambda it: by_hand.rename(it, "K1", "  Room  12 "))
    told = [("kept", "TITLE_KEPT", "Title edited here; the SIS import says Class K1.")]
    for _ in range(2):
        assert twins.night([], [K1]).notes("K1", "classes") == told
        assert titles(twins, "K1") == ("Room 12", "Class K1")
    report = twins.night([], [school_class("K1", title="Biology", location="9")])
    assert ("kept", "TITLE_KEPT", "Title edited here; the SIS import says Biology.") in report.notes("K1", "classes")
    assert titles(twins, "K1") == ("Room 12", "Biology")


def test_r_k3_counter_a_title_that_nobody_edited_follows_the_sis(twins: Twins) -> None:
    twins.night([], [K1])
    assert twins.night([], [school_class("K1", title="Biology")]).codes("K1", "classes") == ["SIS_UPDATE"]
    assert titles(twins, "K1") == ("Biology", "Biology")


@pytest.mark.parametrize("back", ["Class  K1", "Class K1"])
def test_r_k3_renaming_back_to_the_title_of_the_sis_ends_it(twins: Twins, back: str) -> None:
    twins.night([], [K1])
    twins.in_both(lambda it: by_hand.rename(it, "K1", "Room 12"))
    twins.night([], [K1])
    twins.in_both(lambda it: by_hand.rename(it, "K1", back))
    assert twins.night([], [K1]).codes("K1", "classes") == []
    twins.night([], [school_class("K1", title="Biology")])
    assert titles(twins, "K1") == ("Biology", "Biology")


def test_r_k3_when_the_sis_says_the_edited_title_the_two_agree(twins: Twins) -> None:
    twins.night([], [K1])
    twins.in_both(lambda it: by_hand.rename(it, "K1", "Room 12"))
    twins.night([], [K1])
    assert "TITLE_KEPT" not in twins.night([], [school_class("K1", title="Room 12")]).codes("K1", "classes")
    assert titles(twins, "K1") == ("Room 12", "Room 12")


def test_r_k3_an_edited_title_outlasts_the_archive(twins: Twins) -> None:
    twins.night([], [K1])
    twins.in_both(lambda it: by_hand.rename(it, "K1", "Room 12"))
    assert twins.night().codes("K1", "classes") == ["LEFT_SIS"]
    assert twins.night([], [K1]).codes("K1", "classes") == ["RETURNED", "TITLE_KEPT"]
    assert titles(twins, "K1") == ("Room 12", "Class K1")


def test_r_k3_a_blank_title_and_an_unknown_class_are_refused(tmp_path: Path) -> None:
    district = District(tmp_path)
    district.night([], [K1])
    for class_id, title in (("K1", "  "), ("K9", "Room 12")):
        with pytest.raises(ConfigurationError):
            by_hand.rename(district, class_id, title)


# --- R-K4: manual enrollments in classes of the SIS -----------------------------------------------------------------


def test_r_k4_what_was_enrolled_by_hand_stays(twins: Twins) -> None:
    twins.night([S1, T1], [K1])
    twins.in_both(lambda it: by_hand.enroll(it, "K1", "S1"))
    twins.in_both(lambda it: by_hand.enroll(it, "K1", "T1", role="teacher"))
    for _ in range(2):
        report = twins.night([S1, T1], [K1])
        assert enrolled(twins, "K1", "S1") == [("student", "current", "manual")]
        assert enrolled(twins, "K1", "T1") == [("teacher", "current", "manual")]
        assert notes(report, "K1", "S1") == notes(report, "K1", "T1") == []


def test_r_k4_it_stays_manual_beside_a_row_of_the_sis_and_after_it(twins: Twins) -> None:
    twins.night([S1], [K1])
    twins.in_both(lambda it: by_hand.enroll(it, "K1", "S1"))
    twins.night([S1], [K1], [enrollment("K1", "S1", primary="true")])
    assert enrolled(twins, "K1", "S1") == [("student", "current", "manual")]
    assert notes(twins.night([S1], [K1]), "K1", "S1") == []
    assert enrolled(twins, "K1", "S1") == [("student", "current", "manual")]


def test_r_k4_counter_a_row_of_the_sis_that_nobody_added_by_hand_ends(twins: Twins) -> None:
    twins.night([S1], [K1], [enrollment("K1", "S1")])
    twins.in_both(lambda it: _equal(by_hand.enroll(it, "K1", "S1"), ["enrolled already by the SIS"]))
    assert notes(twins.night([S1], [K1]), "K1", "S1") == ["ENROLLMENT_ENDED"]
    assert enrolled(twins, "K1", "S1") == [("student", "ended", "sis")]
    twins.in_both(lambda it: _equal(by_hand.enroll(it, "K1", "S1"), ["added"]))
    twins.night([S1], [K1])
    assert enrolled(twins, "K1", "S1") == [("student", "current", "manual")]


def test_r_k4_removed_by_hand_a_row_of_the_sis_speaks_and_is_the_sis_s(twins: Twins) -> None:
    twins.night([S1], [K1])
    twins.in_both(lambda it: by_hand.enroll(it, "K1", "S1"))
    twins.night([S1], [K1], [enrollment("K1", "S1")])
    twins.in_both(lambda it: _equal(by_hand.remove(it, "K1", "S1"), ["removed"]))
    assert notes(twins.night([S1], [K1], [enrollment("K1", "S1")]), "K1", "S1") == ["RETURNED"]
    assert enrolled(twins, "K1", "S1") == [("student", "current", "sis")]
    assert notes(twins.night([S1], [K1]), "K1", "S1") == ["ENROLLMENT_ENDED"]


def test_r_k4_counter_removed_by_hand_without_a_row_it_is_over(twins: Twins) -> None:
    twins.night([S1], [K1])
    twins.in_both(lambda it: by_hand.enroll(it, "K1", "S1"))
    twins.in_both(lambda it: by_hand.remove(it, "K1", "S1"))
    twins.night([S1], [K1])
    assert enrolled(twins, "K1", "S1") == [("student", "ended", "manual")]
    twins.in_both(lambda it: _equal(by_hand.remove(it, "K1", "S1"), ["removed already"]))


@pytest.mark.parametrize(
    ("act", "error"),
    [
        (lambda it: by_hand.remove(it, "K1", "S2"), RefusedByPolicy),  # the SIS has S2 there
        (lambda it: by_hand.remove(it, "K1", "T1"), ConfigurationError),  # never was there
        (lambda it: by_hand.enroll(it, "K9", "S1"), ConfigurationError),
        (lambda it: by_hand.enroll(it, "K1", "S1", "S9"), ConfigurationError),
        (lambda it: by_hand.enroll(it, "K1", "S1", "G1"), RefusedByPolicy),  # a guardian
        (lambda it: by_hand.enroll(it, "K1", "S1", "S3"), RefusedByPolicy),  # left
        (lambda it: by_hand.enroll(it, "K1", "S1", role="teacher"), RefusedByPolicy),
        (lambda it: by_hand.enroll(it, "K2", "S1"), RefusedByPolicy),  # archived
        (lambda it: by_hand.archive(it, "K1"), RefusedByPolicy),  # of the SIS
        (lambda it: by_hand.create_class(it, "local:c", " "), ConfigurationError),
        (lambda it: by_hand.create_class(it, "local:c", school="Z"), ConfigurationError),
    ],
)
def test_r_k4_r_k5_what_is_refused_changes_nothing(
    tmp_path: Path, act: Callable[[District], object], error: type[Exception]
) -> None:
    district = District(tmp_path)
    family = [student("S1", "G1"), S2, T1, guardian("G1")]
    district.night([*family, student("S3")], [K1, K2], [enrollment("K1", "S2")])
    district.night(family, [K1], [enrollment("K1", "S2")])
    before = district.everything()
    with pytest.raises(error):
        act(district)
    assert district.everything() == before
    assert by_hand.edits(district) == []


# --- R-K5: manual classes -------------------------------------------------------------------------------------------


def test_r_k5_a_class_made_by_hand_is_left_alone(twins: Twins) -> None:
    twins.night([S1, T1])
    twins.in_both(lambda it: by_hand.create_class(it, "local:c", "Chess"))
    twins.in_both(lambda it: by_hand.enroll(it, "local:c", "S1"))
    twins.in_both(lambda it: by_hand.enroll(it, "local:c", "T1", role="teacher"))
    before = twins.state.rows("SELECT * FROM roster_classes WHERE id = 'local:c'")
    assert before[0] | {"title": "Chess", "school_id": "A", "status": "active", "origin": "manual"} == before[0]
    for _ in range(2):
        report = twins.night([S1, T1])
        assert twins.state.rows("SELECT * FROM roster_classes WHERE id = 'local:c'") == before
        assert report.codes("local:c", "classes") == []
        assert enrolled(twins, "local:c", "S1") == [("student", "current", "manual")]
    assert by_hand.to_review(twins.state) == set()


def test_r_k5_not_even_when_its_school_takes_no_part_any_more(twins: Twins) -> None:
    twins.night([S1])
    twins.in_both(lambda it: by_hand.create_class(it, "local:c", "Chess", "B"))
    twins.in_both(lambda it: by_hand.enroll(it, "local:c", "S1"))
    twins.configure(include=["A"])
    twins.night([S1])
    assert enrolled(twins, "local:c", "S1") == [("student", "current", "manual")]


def test_r_k5_archived_by_hand_it_keeps_its_enrollments_even_when_somebody_leaves(twins: Twins) -> None:
    twins.night([S1])
    twins.in_both(lambda it: by_hand.create_class(it, "local:c"))
    twins.in_both(lambda it: by_hand.enroll(it, "local:c", "S1"))
    twins.in_both(lambda it: _equal(by_hand.archive(it, "local:c"), "archived"))
    twins.night()
    assert enrolled(twins, "local:c", "S1") == [("student", "current", "manual")]
    twins.in_both(lambda it: _equal(by_hand.archive(it, "local:c"), "archived already"))


def test_r_k5_a_class_made_by_hand_can_be_renamed(twins: Twins) -> None:
    twins.night([S1])
    twins.in_both(lambda it: by_hand.create_class(it, "local:c"))
    twins.in_both(lambda it: by_hand.rename(it, "local:c", "Go"))
    assert twins.night([S1]).codes("local:c", "classes") == []
    assert titles(twins, "local:c") == ("Go", None)


# --- R-F6 and R-U9: with the person ---------------------------------------------------------------------------------


@pytest.mark.parametrize(("who", "role"), [(S1, "student"), (T1, "teacher")], ids=["student", "staff"])
@pytest.mark.parametrize("class_id", ["K1", "local:c"])
def test_r_f6_r_u9_it_ends_with_the_person_and_comes_back_with_them(
    twins: Twins, who: Row, role: str, class_id: str
) -> None:
    user_id = who["sourcedId"]
    twins.night([who], [K1])
    twins.in_both(lambda it: by_hand.create_class(it, "local:c"))
    twins.in_both(lambda it: by_hand.enroll(it, class_id, user_id, role=role))
    assert notes(twins.night([], [K1]), class_id, user_id) == ["ENROLLMENT_ENDED"]
    assert enrolled(twins, class_id, user_id) == [(role, "ended", "manual")]
    assert notes(twins.night([], [K1]), class_id, user_id) == []
    report = twins.night([who], [K1])
    assert [(row["action"], row["code"]) for row in report.rows("enrollments", user_id=user_id)] == [
        ("restored", "RETURNED")
    ]
    assert enrolled(twins, class_id, user_id) == [(role, "current", "manual")]
    twins.night([], [K1])
    assert enrolled(twins, class_id, user_id) == [(role, "ended", "manual")]


def test_r_u9_counter_what_was_removed_by_hand_does_not_come_back(twins: Twins) -> None:
    twins.night([S1], [K1, K2])
    twins.in_both(lambda it: by_hand.enroll(it, "K1", "S1"))
    twins.in_both(lambda it: by_hand.enroll(it, "K2", "S1"))
    twins.in_both(lambda it: by_hand.remove(it, "K1", "S1"))
    twins.night([], [K1, K2])
    twins.in_both(lambda it: _equal(by_hand.remove(it, "K2", "S1"), ["removed"]))
    twins.night([S1], [K1, K2])
    assert enrolled(twins, "K1", "S1") == enrolled(twins, "K2", "S1") == [("student", "ended", "manual")]


def test_r_u9_counter_in_a_class_archived_meanwhile_it_does_not_come_back_not_even_later(twins: Twins) -> None:
    twins.night([S1], [K1])
    twins.in_both(lambda it: by_hand.create_class(it, "local:c"))
    for class_id in ("K1", "local:c"):
        twins.in_both(lambda it, class_id=class_id: by_hand.enroll(it, class_id, "S1"))
    twins.night([], [K1])
    twins.in_both(lambda it: by_hand.archive(it, "local:c"))
    twins.night()
    for classes in ([], [K1]):
        twins.night([S1], classes)
        assert enrolled(twins, "K1", "S1") == enrolled(twins, "local:c", "S1") == [("student", "ended", "manual")]
    twins.night([], [K1])
    twins.night([S1], [K1])
    assert enrolled(twins, "K1", "S1") == [("student", "ended", "manual")]


def test_r_u9_counter_what_the_sis_ended_comes_back_only_with_its_row(twins: Twins) -> None:
    twins.night([S1], [K1], [enrollment("K1", "S1")])
    twins.night([], [K1])
    twins.night([S1], [K1])
    assert enrolled(twins, "K1", "S1") == [("student", "ended", "sis")]


def test_r_f6_counter_in_an_archived_class_it_stays_until_the_class_is_back(twins: Twins) -> None:
    twins.night([S1], [K1])
    twins.in_both(lambda it: by_hand.enroll(it, "K1", "S1"))
    twins.night([S1])
    twins.night()
    assert enrolled(twins, "K1", "S1") == [("student", "current", "manual")]
    assert notes(twins.night([], [K1]), "K1", "S1") == ["ENROLLMENT_ENDED"]
    twins.night([S1], [K1])
    assert enrolled(twins, "K1", "S1") == [("student", "current", "manual")]


def test_r_u9_beside_a_row_of_the_sis_it_comes_back_as_what_somebody_made(twins: Twins) -> None:
    twins.night([S1], [K1])
    twins.in_both(lambda it: by_hand.enroll(it, "K1", "S1"))
    rows = [enrollment("K1", "S1")]
    twins.night([S1], [K1], rows)
    twins.night([], [K1], rows)
    twins.night([S1], [K1], rows)
    assert enrolled(twins, "K1", "S1") == [("student", "current", "manual")]
    twins.night([S1], [K1])
    assert enrolled(twins, "K1", "S1") == [("student", "current", "manual")]


def test_r_k4_every_edit_leaves_a_trace_and_is_looked_at(tmp_path: Path) -> None:
    district = District(tmp_path)
    district.night([S1], [K1])
    by_hand.rename(district, "K1", "Room 12")
    by_hand.create_class(district, "local:c")
    by_hand.enroll(district, "local:c", "S1")
    by_hand.remove(district, "local:c", "S1")
    by_hand.archive(district, "local:c")
    by_hand.rename(district, "K1", "Room 12")
    assert by_hand.edits(district) == [
        ("classes", "K1", "title", "Class K1", "Room 12"),
        ("classes", "local:c", "status", None, "active"),
        ("enrollments", "local:c S1 student", "status", None, "current"),
        ("enrollments", "local:c S1 student", "status", "current", "ended"),
        ("classes", "local:c", "status", "active", "archived"),
    ]
    assert by_hand.to_review(district) == {"K1", "local:c", "S1"}


def _equal(found: object, expected: object) -> None:
    assert found == expected
