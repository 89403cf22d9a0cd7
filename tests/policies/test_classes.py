"""R-K1 and R-K2: classes that vanish and come back."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.policies.district import District, enrollment, guardian, school_class, student, teacher
from tests.policies.story import Story, Town

TOWN = Town("class")
story = TOWN.story
STAYS_ARCHIVED = Town("stays", restore_classes=False)
stays_archived = STAYS_ARCHIVED.story

K1, K2 = school_class("K1"), school_class("K2")
S1, S2, S3 = student("S1"), student("S2"), student("S3")
T1 = teacher("T1")
IN_K1 = [enrollment("K1", "S1"), enrollment("K1", "S2"), enrollment("K1", "T1", "teacher")]


# --- R-K1: a class no longer in the import --------------------------------------------------------------------------


@story
def test_r_k1_a_class_whose_row_is_gone_is_archived_and_its_enrollments_stay(it: Story) -> None:
    it.night([S1, S2, T1], [K1, K2], IN_K1).gives(
        classes="K1, K2",
        enrolled="K1-S1, K1-S2, K1-T1",
        said="S1 NEW, S2 NEW, T1 NEW, K1 NEW, K2 NEW, K1-S1 NEW, K1-S2 NEW, K1-T1 NEW",
    )
    it.night([S1, S2, T1], [K2], IN_K1).gives(
        classes="K1 archived, K2", enrolled="K1-S1, K1-S2, K1-T1", said="K1 LEFT_SIS"
    )


@story
def test_r_k1_even_if_the_rows_of_its_enrollments_are_gone_too(it: Story) -> None:
    it.night([S1, S2, T1], [K1], IN_K1)
    it.night([S1, S2, T1], [], []).gives(classes="K1 archived", enrolled="K1-S1, K1-S2, K1-T1", said="K1 LEFT_SIS")


@story
def test_r_k1_the_rows_of_its_enrollments_may_go_later(it: Story) -> None:
    it.night([S1, S2, T1], [K1], IN_K1)
    it.night([S1, S2, T1], [], IN_K1).gives(classes="K1 archived", said="K1 LEFT_SIS")
    it.night([S1, S2, T1], [], IN_K1[:1]).gives(enrolled="K1-S1, K1-S2, K1-T1", said="")
    it.night([S1, S2, T1], [], []).gives(enrolled="K1-S1, K1-S2, K1-T1", said="")


@story
def test_r_k1_as_they_were_that_night_ended_ones_stay_ended(it: Story) -> None:
    it.night([S1, S2, T1], [K1], IN_K1)
    it.night([S1, S2, T1], [K1], IN_K1[1:]).gives(enrolled="K1-S1 ended, K1-S2, K1-T1", said="K1-S1 ENROLLMENT_ENDED")
    it.night([S1, S2, T1], [], []).gives(
        classes="K1 archived", enrolled="K1-S1 ended, K1-S2, K1-T1", said="K1 LEFT_SIS"
    )


@story
def test_r_k1_new_enrollments_in_a_class_that_left_have_no_effect(it: Story) -> None:
    it.night([S1, S2, S3, T1], [K1], IN_K1)
    more = [*IN_K1, enrollment("K1", "S3")]
    it.night([S1, S2, S3, T1], [], more).gives(enrolled="K1-S1, K1-S2, K1-T1", said="K1 LEFT_SIS")
    it.night([S1, S2, S3, T1], [], more).gives(enrolled="K1-S1, K1-S2, K1-T1", said="")


@story
def test_r_k1_a_row_tobedeleted_is_a_class_that_left(it: Story) -> None:
    it.night([S1, S2, T1], [K1], IN_K1)
    it.night([S1, S2, T1], [school_class("K1", status="tobedeleted")], IN_K1).gives(
        classes="K1 archived", enrolled="K1-S1, K1-S2, K1-T1", said="K1 LEFT_SIS"
    )


@story
def test_r_k1_a_student_who_leaves_in_the_same_night_keeps_the_enrollment(it: Story) -> None:
    it.night([S1, S2, T1], [K1, K2], [*IN_K1, enrollment("K2", "S1")])
    it.night([S2, T1], [K2], []).gives(
        users="S1 archived, S2, T1",
        classes="K1 archived, K2",
        enrolled="K1-S1, K1-S2, K1-T1, K2-S1 ended",
        said="S1 FAMILY_LEFT, K1 LEFT_SIS, K2-S1 ENROLLMENT_ENDED",
    )


@story
def test_r_k1_a_teacher_who_leaves_in_the_same_night_keeps_the_enrollment(it: Story) -> None:
    it.night([S1, S2, T1], [K1, K2], [*IN_K1, enrollment("K2", "T1", "teacher")])
    it.night([S1, S2], [K2], []).gives(
        users="S1, S2, T1 archived",
        enrolled="K1-S1, K1-S2, K1-T1, K2-T1 ended",
        said="T1 LEFT_SIS, K1 LEFT_SIS, K2-T1 ENROLLMENT_ENDED",
    )


@story
def test_r_k1_people_who_leave_later_keep_it_too(it: Story) -> None:
    it.night([S1, S2, T1], [K1], IN_K1)
    it.night([S1, S2, T1], [], [])
    it.night([S2], [], []).gives(
        users="S1 archived, S2, T1 archived", enrolled="K1-S1, K1-S2, K1-T1", said="S1 FAMILY_LEFT, T1 LEFT_SIS"
    )


@story
def test_r_k1_counter_a_class_without_members_whose_row_stands_stays_active(it: Story) -> None:
    it.night([S1, S2, T1], [K1], IN_K1)
    it.night([S1, S2, T1], [K1], []).gives(
        classes="K1",
        enrolled="K1-S1 ended, K1-S2 ended, K1-T1 ended",
        said="K1-S1 ENROLLMENT_ENDED, K1-S2 ENROLLMENT_ENDED, K1-T1 ENROLLMENT_ENDED",
    )


@story
def test_r_k1_guardians_of_students_in_an_archived_class_are_untouched(it: Story) -> None:
    family = [student("S1", "G1"), guardian("G1")]
    it.night(family, [K1], [enrollment("K1", "S1")])
    it.night(family, [], []).gives(users="S1, G1", access="S1@A, G1@A", said="K1 LEFT_SIS")


# --- R-K2: an archived class back in the import ---------------------------------------------------------------------


@story
def test_r_k2_it_is_active_again_with_its_members(it: Story) -> None:
    it.night([S1, S2, T1], [K1], IN_K1)
    it.night([S1, S2, T1], [], [])
    it.night([S1, S2, T1], [K1], IN_K1).gives(classes="K1", enrolled="K1-S1, K1-S2, K1-T1", said="K1 RETURNED")


@story
def test_r_k2_with_other_members_the_old_ones_end_and_the_new_ones_begin(it: Story) -> None:
    it.night([S1, S2, S3, T1], [K1], IN_K1)
    it.night([S1, S2, S3, T1], [], [])
    it.night([S1, S2, S3, T1], [K1], [enrollment("K1", "S3"), *IN_K1[1:]]).gives(
        classes="K1",
        enrolled="K1-S1 ended, K1-S2, K1-S3, K1-T1",
        said="K1 RETURNED, K1-S1 ENROLLMENT_ENDED, K1-S3 NEW",
    )


@story
def test_r_k2_whose_enrollment_rows_were_in_the_files_all_the_time(it: Story) -> None:
    it.night([S1, S2, S3, T1], [K1], IN_K1)
    more = [*IN_K1, enrollment("K1", "S3")]
    it.night([S1, S2, S3, T1], [], more)
    it.night([S1, S2, S3, T1], [K1], more).gives(
        classes="K1", enrolled="K1-S1, K1-S2, K1-S3, K1-T1", said="K1 RETURNED, K1-S3 NEW"
    )


@story
def test_r_k2_a_member_who_left_meanwhile_and_has_no_row_is_enrolled_no_more(it: Story) -> None:
    it.night([S1, S2, T1], [K1], IN_K1)
    it.night([S2, T1], [], []).gives(users="S1 archived, S2, T1", enrolled="K1-S1, K1-S2, K1-T1")
    it.night([S2, T1], [K1], IN_K1[1:]).gives(
        classes="K1", enrolled="K1-S1 ended, K1-S2, K1-T1", said="K1 RETURNED, K1-S1 ENROLLMENT_ENDED"
    )


@story
def test_r_k2_class_and_student_come_back_together(it: Story) -> None:
    it.night([S1, S2, T1], [K1], IN_K1)
    it.night([S2, T1], [], [])
    it.night([S1, S2, T1], [K1], IN_K1).gives(
        users="S1, S2, T1", enrolled="K1-S1, K1-S2, K1-T1", said="K1 RETURNED, S1 RETURNED"
    )


@story
def test_r_k2_it_vanishes_and_returns_again_and_again(it: Story) -> None:
    for _ in range(2):
        it.night([S1, S2, T1], [K1], IN_K1).gives(classes="K1", enrolled="K1-S1, K1-S2, K1-T1")
        it.night([S1, S2, T1], [], IN_K1).gives(classes="K1 archived", enrolled="K1-S1, K1-S2, K1-T1")


@stays_archived
def test_r_k2_by_policy_it_stays_archived_and_the_report_says_so_every_night(it: Story) -> None:
    it.night([S1, S2, T1], [K1], IN_K1)
    it.night([S1, S2, T1], [], []).gives(classes="K1 archived", said="K1 LEFT_SIS")
    for _ in range(3):
        it.night([S1, S2, T1], [K1], IN_K1).gives(
            classes="K1 archived", enrolled="K1-S1, K1-S2, K1-T1", said="K1 CLASS_STAYS_ARCHIVED"
        )


@stays_archived
def test_r_k2_by_policy_its_enrollments_stay_as_they_were(it: Story) -> None:
    it.night([S1, S2, S3, T1], [K1], IN_K1)
    it.night([S1, S2, S3, T1], [], [])
    it.night([S1, S2, S3, T1], [K1], [enrollment("K1", "S3")]).gives(
        classes="K1 archived", enrolled="K1-S1, K1-S2, K1-T1", said="K1 CLASS_STAYS_ARCHIVED"
    )
    it.night([S2, S3, T1], [K1], [enrollment("K1", "S3")]).gives(
        users="S1 archived, S2, S3, T1",
        enrolled="K1-S1, K1-S2, K1-T1",
        said="S1 FAMILY_LEFT, K1 CLASS_STAYS_ARCHIVED",
    )


@stays_archived
def test_r_k2_by_policy_nothing_is_said_while_it_is_away(it: Story) -> None:
    it.night([S1, S2, T1], [K1], IN_K1)
    it.night([S1, S2, T1], [], [])
    it.night([S1, S2, T1], [K1], IN_K1).gives(said="K1 CLASS_STAYS_ARCHIVED")
    it.night([S1, S2, T1], [], IN_K1).gives(classes="K1 archived", said="")
    it.night([S1, S2, T1], [K1], IN_K1).gives(said="K1 CLASS_STAYS_ARCHIVED")


@pytest.mark.parametrize("full", [False, True])
def test_r_k2_a_change_of_policy_brings_it_back(tmp_path: Path, full: bool) -> None:
    district = District(tmp_path, restore_classes=False)
    district.night([S1, S2, T1], [K1], IN_K1)
    district.night([S1, S2, T1], [], [])
    district.night([S1, S2, T1], [K1], IN_K1, full=full)
    district.configure(restore_classes=True)
    report = district.night([S1, S2, T1], [K1], IN_K1, full=full)
    assert report.notes("K1", "classes") == [("restored", "RETURNED", "Back in the SIS import.")]
    assert set(district.enrollments().values()) == {"current"}


@pytest.mark.parametrize("full", [False, True])
def test_r_k2_the_schools_own_setting_rules_its_classes(tmp_path: Path, full: bool) -> None:
    district = District(tmp_path, schools={"B": {"restore_classes": False}})
    classes = [K1, school_class("K2", schoolSourcedId="B")]
    district.night([S1], classes)
    district.night([S1], [])
    for _ in range(2):
        report = district.night([S1], classes, full=full)
        assert report.codes("K2", "classes") == ["CLASS_STAYS_ARCHIVED"]
    found = {row["id"]: row["status"] for row in district.rows("SELECT * FROM roster_classes")}
    assert found == {"K0": "active", "K1": "active", "K2": "archived"}


# --- The reports ----------------------------------------------------------------------------------------------------


def test_r_k1_the_report_names_school_class_and_person(tmp_path: Path) -> None:
    district = District(tmp_path)
    district.night([S1, T1], [K1, K2], [enrollment("K1", "S1"), enrollment("K2", "S1")])
    report = district.night([S1, T1], [K1], [])
    assert report.rows("classes", id="K2") == [
        {
            "action": "archived",
            "school": "School A",
            "id": "K2",
            "title": "Class K2",
            "sis_title": "Class K2",
            "status": "archived",
            "code": "LEFT_SIS",
            "notes": "No longer in the SIS import.",
        }
    ]
    assert report.rows("enrollments") == [
        {
            "action": "ended",
            "school": "School A",
            "class_id": "K1",
            "class_title": "Class K1",
            "user_id": "S1",
            "user_name": "GivenS1 Family",
            "role": "student",
            "code": "ENROLLMENT_ENDED",
            "notes": "No longer in the SIS import.",
        }
    ]
