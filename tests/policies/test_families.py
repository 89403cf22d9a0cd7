"""R-F1, R-F3 to R-F5, R-F7: students who leave, and what becomes of their families; R-F2 is in test_extreme.py."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from tests.policies.district import District, enrollment, guardian, person, school_class, student, teacher
from tests.policies.story import Story, Town

TOWN = Town("fam")
story = TOWN.story


# --- R-F1: abandoned families, soft ---------------------------------------------------------------------------------


@story
def test_r_f1_student_and_guardians_become_archived_and_the_guardianships_stay(it: Story) -> None:
    it.night([student("S1", "G1,G2"), guardian("G1"), guardian("G2")])
    it.night().gives(
        users="S1 archived, G1 archived, G2 archived",
        pairs="G1-S1, G2-S1",
        access="",
        said="S1 FAMILY_LEFT, G1 FAMILY_LEFT, G2 FAMILY_LEFT",
    )


@story
def test_r_f1_a_student_without_guardians_is_a_family_of_one(it: Story) -> None:
    it.night([student("S1")])
    it.night().gives(users="S1 archived", access="", said="S1 FAMILY_LEFT")


@story
def test_r_f1_guardian_rows_left_behind_do_not_keep_the_family(it: Story) -> None:
    it.night([student("S1", "G1"), guardian("G1", "S1")])
    it.night([guardian("G1", "S1")]).gives(
        users="S1 archived, G1 archived", pairs="G1-S1", access="", said="S1 FAMILY_LEFT, G1 FAMILY_LEFT"
    )


@story
def test_r_f1_guardian_rows_left_behind_that_name_nobody_do_not_either(it: Story) -> None:
    it.night([student("S1", "G1"), guardian("G1")])
    it.night([guardian("G1")]).gives(
        users="S1 archived, G1 archived", pairs="G1-S1", access="", said="S1 FAMILY_LEFT, G1 FAMILY_LEFT"
    )


@story
def test_r_f1_enrollments_in_active_classes_end_and_those_in_archived_ones_stay(it: Story) -> None:
    both = [enrollment("K1", "S1"), enrollment("K2", "S1")]
    it.night([student("S1", "G1"), guardian("G1")], [school_class("K1"), school_class("K2")], both)
    it.night([student("S1", "G1"), guardian("G1")], [school_class("K1")], both).gives(
        classes="K1, K2 archived", enrolled="K1-S1, K2-S1", said="K2 LEFT_SIS"
    )
    it.night([], [school_class("K1")]).gives(
        users="S1 archived, G1 archived",
        enrolled="K1-S1 ended, K2-S1",
        said="S1 FAMILY_LEFT, G1 FAMILY_LEFT, K1-S1 ENROLLMENT_ENDED",
    )


@story
def test_r_f1_classes_are_decided_first_those_archived_tonight_keep_the_enrollment(it: Story) -> None:
    both = [enrollment("K1", "S1"), enrollment("K2", "S1")]
    it.night([student("S1", "G1"), guardian("G1")], [school_class("K1"), school_class("K2")], both)
    it.night([], [school_class("K1")]).gives(
        classes="K1, K2 archived",
        enrolled="K1-S1 ended, K2-S1",
        said="S1 FAMILY_LEFT, G1 FAMILY_LEFT, K2 LEFT_SIS, K1-S1 ENROLLMENT_ENDED",
    )


@story
def test_r_f1_enrollment_rows_of_a_student_who_left_have_no_effect(it: Story) -> None:
    rows = [enrollment("K1", "S1")]
    it.night([student("S1")], [school_class("K1")], rows)
    for _ in range(2):
        it.night([], [school_class("K1")], rows).gives(users="S1 archived", enrolled="K1-S1 ended")


@story
def test_r_f1_all_siblings_leave_in_one_night(it: Story) -> None:
    it.night([student("S1", "G1"), student("S2", "G1,G2"), guardian("G1"), guardian("G2")])
    it.night().gives(
        users="S1 archived, S2 archived, G1 archived, G2 archived",
        pairs="G1-S1, G1-S2, G2-S2",
        said="S1 FAMILY_LEFT, S2 FAMILY_LEFT, G1 FAMILY_LEFT, G2 FAMILY_LEFT",
    )


@story
def test_r_f1_a_row_tobedeleted_is_a_student_who_left(it: Story) -> None:
    it.night([student("S1", "G1"), guardian("G1")])
    it.night([student("S1", "G1", status="tobedeleted"), guardian("G1")]).gives(
        users="S1 archived, G1 archived", pairs="G1-S1", said="S1 FAMILY_LEFT, G1 FAMILY_LEFT"
    )


@story
def test_r_f1_a_row_with_the_old_word_inactive_is_one_too(it: Story) -> None:
    it.night([student("S1", "G1"), guardian("G1")])
    it.night([student("S1", "G1", status="inactive"), guardian("G1", status="inactive")]).gives(
        users="S1 archived, G1 archived", pairs="G1-S1", said="S1 FAMILY_LEFT, G1 FAMILY_LEFT"
    )


@story
def test_r_f1_counter_a_student_whose_account_is_disabled_has_not_left(it: Story) -> None:
    it.night([student("S1", "G1"), guardian("G1")]).gives(access="S1@A, G1@A")
    it.night([student("S1", "G1", enabledUser="false"), guardian("G1")]).gives(users="S1, G1", access="G1@A")


@story
def test_r_f1_a_guardian_of_two_abandoned_families_goes_with_both(it: Story) -> None:
    it.night([student("S1", "G1,G3"), student("S2", "G2,G3"), guardian("G1"), guardian("G2"), guardian("G3")])
    it.night().gives(
        users="S1 archived, S2 archived, G1 archived, G2 archived, G3 archived",
        pairs="G1-S1, G3-S1, G2-S2, G3-S2",
        said="S1 FAMILY_LEFT, S2 FAMILY_LEFT, G1 FAMILY_LEFT, G2 FAMILY_LEFT, G3 FAMILY_LEFT",
    )


@story
def test_r_f1_a_guardian_who_is_staff_stays_while_the_staff_role_stands(it: Story) -> None:
    it.night([student("S1", "G1"), guardian("G1")])
    it.night([student("S1", "G1"), person("G1", "teacher", email="g1@x.example.org")]).gives(pairs="G1-S1")
    it.night([person("G1", "teacher", email="g1@x.example.org")]).gives(
        users="S1 archived, G1", pairs="G1-S1", access="G1@A"
    )


# --- R-F3: not abandoned --------------------------------------------------------------------------------------------


@story
def test_r_f3_the_sibling_who_stays_keeps_the_family(it: Story) -> None:
    it.night([student("S1", "G1"), student("S2", "G1"), guardian("G1")])
    it.night([student("S2", "G1"), guardian("G1")]).gives(
        users="S1 archived, S2, G1", pairs="G1-S1, G1-S2", access="S2@A, G1@A", said="S1 LEFT_SIS"
    )


@story
def test_r_f3_the_link_may_stand_on_the_guardians_row_alone(it: Story) -> None:
    it.night([student("S1"), student("S2"), guardian("G1", "S1,S2")])
    it.night([student("S2"), guardian("G1", "S1,S2")]).gives(
        users="S1 archived, S2, G1", pairs="G1-S1, G1-S2", said="S1 LEFT_SIS"
    )


@story
def test_r_f3_the_guardian_loses_the_school_of_the_child_who_left(it: Story) -> None:
    it.night([student("S1", "G1", orgSourcedIds="B"), student("S2", "G1"), guardian("G1", orgSourcedIds="A,B")]).gives(
        access="S1@B, S2@A, G1@A, G1@B"
    )
    it.night([student("S2", "G1"), guardian("G1", orgSourcedIds="A,B")]).gives(
        users="S1 archived, S2, G1", access="S2@A, G1@A", said="S1 LEFT_SIS"
    )


@story
def test_r_f3_the_enrollments_end_as_in_r_f1(it: Story) -> None:
    rows = [enrollment(k, s) for k in ("K1", "K2", "K3") for s in ("S1", "S2")]
    classes = [school_class("K1"), school_class("K2"), school_class("K3")]
    it.night([student("S1", "G1"), student("S2", "G1"), guardian("G1")], classes, rows)
    it.night([student("S1", "G1"), student("S2", "G1"), guardian("G1")], classes[:2], rows)
    it.night([student("S2", "G1"), guardian("G1")], classes[:1], rows).gives(
        users="S1 archived, S2, G1",
        enrolled="K1-S1 ended, K2-S1, K3-S1, K1-S2, K2-S2, K3-S2",
        said="S1 LEFT_SIS, K2 LEFT_SIS, K1-S1 ENROLLMENT_ENDED",
    )


@story
def test_r_f3_the_other_guardian_without_a_current_student_becomes_archived(it: Story) -> None:
    it.night([student("S1", "G1,G2"), student("S2", "G1"), guardian("G1"), guardian("G2")])
    it.night([student("S2", "G1"), guardian("G1")]).gives(
        users="S1 archived, S2, G1, G2 archived",
        pairs="G1-S1, G2-S1, G1-S2",
        access="S2@A, G1@A",
        said="S1 LEFT_SIS, G2 GUARDIAN_LEFT",
    )


@story
def test_r_f3_the_other_guardian_goes_though_their_row_is_left_behind(it: Story) -> None:
    it.night([student("S1", "G1,G2"), student("S2", "G1"), guardian("G1"), guardian("G2", "S1")])
    it.night([student("S2", "G1"), guardian("G1"), guardian("G2", "S1")]).gives(
        users="S1 archived, S2, G1, G2 archived", pairs="G1-S1, G2-S1, G1-S2", said="S1 LEFT_SIS, G2 GUARDIAN_LEFT"
    )


@story
def test_r_f3_counter_a_step_parent_with_a_child_elsewhere_stays_and_keeps_both_from_being_abandoned(
    it: Story,
) -> None:
    it.night([student("S1", "G1,G2"), student("S2", "G2,G3"), guardian("G1"), guardian("G2"), guardian("G3")])
    it.night([student("S2", "G2,G3"), guardian("G2"), guardian("G3")]).gives(
        users="S1 archived, G1 archived, S2, G2, G3",
        pairs="G1-S1, G2-S1, G2-S2, G3-S2",
        access="S2@A, G2@A, G3@A",
        said="S1 LEFT_SIS, G1 GUARDIAN_LEFT",
    )


@story
def test_r_f3_counter_a_half_sibling_of_another_guardian_keeps_nobody(it: Story) -> None:
    # G2 stays with S2 and is a guardian of S3, not of S1: S1 has only G1, who is in the SIS no more.
    it.night([student("S1", "G1"), student("S3", "G1,G2"), student("S2", "G2"), guardian("G1"), guardian("G2")])
    it.night([student("S2", "G2"), guardian("G2")]).gives(
        users="S1 archived, S3 archived, S2, G1 archived, G2",
        pairs="G1-S1, G1-S3, G2-S3, G2-S2",
        said="S1 FAMILY_LEFT, S3 LEFT_SIS, G1 FAMILY_LEFT",
    )


@story
def test_r_f3_a_sibling_who_leaves_a_year_later_takes_the_guardians_along(it: Story) -> None:
    it.night([student("S1", "G1"), student("S2", "G1"), guardian("G1")])
    it.night([student("S2", "G1"), guardian("G1")]).gives(users="S1 archived, S2, G1", said="S1 LEFT_SIS")
    it.night([student("S2", "G1"), guardian("G1")]).gives(users="S1 archived, S2, G1", said="")
    it.night([guardian("G1")]).gives(
        users="S1 archived, S2 archived, G1 archived",
        pairs="G1-S1, G1-S2",
        access="",
        said="S2 FAMILY_LEFT, G1 FAMILY_LEFT",
    )


@story
def test_r_f3_a_sibling_known_by_tonights_rows_alone_keeps_the_guardian(it: Story) -> None:
    it.night([student("S1", "G1"), guardian("G1")])
    it.night([student("S2", "G1"), guardian("G1")]).gives(
        users="S1 archived, S2, G1", pairs="G1-S1, G1-S2", said="S1 LEFT_SIS, S2 NEW, G1-S2 NEW"
    )


@story
def test_r_f3_counter_a_guardian_of_tonight_only_is_no_guardian_of_the_child_who_left(it: Story) -> None:
    # G9's row names S1, who is gone; the two were never a pair, and S1 is not in the import.
    it.night([student("S1", "G1"), guardian("G1")])
    it.night([student("S2", "G9"), guardian("G9", "S2")]).gives(
        users="S1 archived, G1 archived, S2, G9",
        pairs="G1-S1, G9-S2",
        said="""S1 FAMILY_LEFT, G1 FAMILY_LEFT, S2 NEW,
        G9 NEW, G9-S2 NEW""",
    )


@story
def test_r_f3_counter_a_guardianship_that_ended_keeps_no_family(it: Story) -> None:
    it.night([student("S1", "G1,G2"), student("S2", "G2"), guardian("G1"), guardian("G2")])
    it.night([student("S1", "G1"), student("S2", "G2"), guardian("G1"), guardian("G2")]).gives(
        pairs="G1-S1, G2-S1 ended, G2-S2", said="G2-S1 GUARDIANSHIP_ENDED"
    )
    it.night([student("S2", "G2"), guardian("G2")]).gives(
        users="S1 archived, G1 archived, S2, G2", said="S1 FAMILY_LEFT, G1 FAMILY_LEFT"
    )


# --- R-F4: guardians no longer in the SIS while a student stays ----------------------------------------------------


@story
def test_r_f4_a_guardian_whose_row_is_gone_becomes_archived_and_the_guardianship_ends(it: Story) -> None:
    it.night([student("S1", "G1,G2"), guardian("G1"), guardian("G2")])
    it.night([student("S1", "G1"), guardian("G1")]).gives(
        users="S1, G1, G2 archived",
        pairs="G1-S1, G2-S1 ended",
        access="S1@A, G1@A",
        said="G2 GUARDIAN_LEFT, G2-S1 GUARDIANSHIP_ENDED",
    )


@story
def test_r_f4_even_though_the_students_row_still_names_them(it: Story) -> None:
    it.night([student("S1", "G1,G2"), guardian("G1"), guardian("G2")])
    it.night([student("S1", "G1,G2"), guardian("G1")]).gives(
        users="S1, G1, G2 archived",
        pairs="G1-S1, G2-S1 ended",
        access="S1@A, G1@A",
        said="G2 GUARDIAN_LEFT, G2-S1 GUARDIANSHIP_ENDED",
    )


@story
def test_r_f4_even_where_it_is_the_students_only_guardian(it: Story) -> None:
    it.night([student("S1", "G1"), guardian("G1")])
    it.night([student("S1", "G1")]).gives(
        users="S1, G1 archived",
        pairs="G1-S1 ended",
        access="S1@A",
        said="G1 GUARDIAN_LEFT, G1-S1 GUARDIANSHIP_ENDED",
    )


@story
def test_r_f4_the_guardianships_with_students_who_left_stay(it: Story) -> None:
    it.night([student("S1", "G1"), student("S2", "G1"), guardian("G1")])
    it.night([student("S2", "G1")]).gives(
        users="S1 archived, S2, G1 archived",
        pairs="G1-S1, G1-S2 ended",
        said="S1 FAMILY_LEFT, G1 GUARDIAN_LEFT, G1-S2 GUARDIANSHIP_ENDED",
    )


@story
def test_r_f4_a_guardian_whose_row_stays_but_names_nobody_any_more_is_not_in_the_sis(it: Story) -> None:
    it.night([student("S1", "G1,G2"), guardian("G1"), guardian("G2")])
    it.night([student("S1", "G1"), guardian("G1"), guardian("G2")]).gives(
        users="S1, G1, G2 archived",
        pairs="G1-S1, G2-S1 ended",
        said="G2 GUARDIAN_LEFT, G2-S1 GUARDIANSHIP_ENDED",
    )


@story
def test_r_f4_counter_a_guardian_with_another_student_in_the_import_stays(it: Story) -> None:
    it.night([student("S1", "G1,G2"), student("S2", "G2"), guardian("G1"), guardian("G2")])
    it.night([student("S1", "G1"), student("S2", "G2"), guardian("G1"), guardian("G2")]).gives(
        users="S1, S2, G1, G2", pairs="G1-S1, G2-S1 ended, G2-S2", said="G2-S1 GUARDIANSHIP_ENDED"
    )


@story
def test_r_f4_a_step_parent_whose_row_is_gone_leaves_the_students_of_both_families(it: Story) -> None:
    it.night([student("S1", "G1,G2"), student("S2", "G2,G3"), guardian("G1"), guardian("G2"), guardian("G3")])
    it.night([student("S1", "G1,G2"), student("S2", "G2,G3"), guardian("G1"), guardian("G3")]).gives(
        users="S1, S2, G1, G2 archived, G3",
        pairs="G1-S1, G2-S1 ended, G2-S2 ended, G3-S2",
        said="G2 GUARDIAN_LEFT, G2-S1 GUARDIANSHIP_ENDED, G2-S2 GUARDIANSHIP_ENDED",
    )


@story
def test_r_f4_a_guardian_who_comes_back_becomes_current_with_the_guardianship(it: Story) -> None:
    both = [student("S1", "G1,G2"), guardian("G1"), guardian("G2")]
    it.night(both)
    it.night([student("S1", "G1"), guardian("G1")]).gives(users="S1, G1, G2 archived")
    it.night(both).gives(
        users="S1, G1, G2",
        pairs="G1-S1, G2-S1",
        access="S1@A, G1@A, G2@A",
        said="G2 RETURNED, G2-S1 RETURNED",
    )


@story
def test_r_f4_counter_a_row_that_comes_back_without_a_student_brings_nobody_back(it: Story) -> None:
    it.night([student("S1", "G1,G2"), guardian("G1"), guardian("G2")])
    it.night([student("S1", "G1"), guardian("G1")])
    it.night([student("S1", "G1"), guardian("G1"), guardian("G2")]).gives(
        users="S1, G1, G2 archived", pairs="G1-S1, G2-S1 ended", said=""
    )


@story
def test_r_f4_the_row_tobedeleted_of_a_guardian_is_a_guardian_gone(it: Story) -> None:
    it.night([student("S1", "G1,G2"), guardian("G1"), guardian("G2")])
    it.night([student("S1", "G1,G2"), guardian("G1"), guardian("G2", "S1", status="tobedeleted")]).gives(
        users="S1, G1, G2 archived",
        pairs="G1-S1, G2-S1 ended",
        said="G2 GUARDIAN_LEFT, G2-S1 GUARDIANSHIP_ENDED",
    )


# --- A guardian who is absent and has no guardianship any more ------------------------------------------------------


@story
def test_r_f4_a_guardian_who_is_absent_and_has_no_guardianship_any_more_is_archived(it: Story) -> None:
    teaching = person("G1", "teacher", email="g1@x.example.org")
    it.night([student("S1", "G1"), guardian("G1", email="g1@x.example.org")])
    it.night([student("S1", "G1"), teaching]).gives(pairs="G1-S1")
    it.night([student("S1"), teaching]).gives(users="S1, G1", pairs="G1-S1 ended")
    it.night([student("S1"), guardian("G1", email="g1@x.example.org")])
    it.night([student("S1")]).gives(users="S1, G1 archived", pairs="G1-S1 ended")


# --- Families that return -------------------------------------------------------------------------------------------


@story
def test_r_f1_a_family_that_returns_is_current_again_and_its_guardianships_never_ended(it: Story) -> None:
    rows = [student("S1", "G1"), student("S2", "G1"), guardian("G1")]
    it.night(rows, [school_class("K1")], [enrollment("K1", "S1")])
    it.night([], [school_class("K1")]).gives(users="S1 archived, S2 archived, G1 archived", enrolled="K1-S1 ended")
    it.night(rows, [school_class("K1")], [enrollment("K1", "S1")]).gives(
        users="S1, S2, G1",
        pairs="G1-S1, G1-S2",
        enrolled="K1-S1",
        access="S1@A, S2@A, G1@A",
        said="S1 RETURNED, S2 RETURNED, G1 RETURNED, K1-S1 RETURNED",
    )


@story
def test_r_f1_a_student_who_returns_alone_leaves_the_guardian_archived(it: Story) -> None:
    it.night([student("S1", "G1"), guardian("G1")])
    it.night().gives(users="S1 archived, G1 archived", pairs="G1-S1")
    it.night([student("S1")]).gives(
        users="S1, G1 archived", pairs="G1-S1 ended", access="S1@A", said="S1 RETURNED, G1-S1 GUARDIANSHIP_ENDED"
    )


@story
def test_r_f1_a_student_who_returns_with_another_guardian(it: Story) -> None:
    it.night([student("S1", "G1"), guardian("G1")])
    it.night()
    it.night([student("S1", "G2"), guardian("G2")]).gives(
        users="S1, G1 archived, G2",
        pairs="G1-S1 ended, G2-S1",
        access="S1@A, G2@A",
        said="S1 RETURNED, G1-S1 GUARDIANSHIP_ENDED, G2 NEW, G2-S1 NEW",
    )


@story
def test_r_f3_one_sibling_returns_and_brings_the_guardian_back(it: Story) -> None:
    it.night([student("S1", "G1"), student("S2", "G1"), guardian("G1")])
    it.night().gives(users="S1 archived, S2 archived, G1 archived")
    it.night([student("S2", "G1"), guardian("G1")]).gives(
        users="S1 archived, S2, G1",
        pairs="G1-S1, G1-S2",
        access="S2@A, G1@A",
        said="S2 RETURNED, G1 RETURNED",
    )


@story
def test_r_f1_a_guardian_row_alone_does_not_bring_the_guardian_back(it: Story) -> None:
    it.night([student("S1", "G1"), guardian("G1", "S1")])
    it.night()
    it.night([guardian("G1", "S1")]).gives(users="S1 archived, G1 archived", pairs="G1-S1", access="", said="")


@story
def test_r_f7_what_was_decided_is_not_decided_again(it: Story) -> None:
    it.night([student("S1", "G1"), student("S2", "G2"), guardian("G1"), guardian("G2")])
    it.night([student("S2", "G2"), guardian("G2")]).gives(users="S1 archived, G1 archived, S2, G2")
    it.night([student("S2", "G2", grades="06"), guardian("G2")]).gives(
        users="S1 archived, G1 archived, S2, G2", said="S2 SIS_UPDATE"
    )
    it.night().gives(users="S1 archived, G1 archived, S2 archived, G2 archived", said="S2 FAMILY_LEFT, G2 FAMILY_LEFT")


# --- R-F5: manual guardians -----------------------------------------------------------------------------------------


def add_manual_guardian(district: District, guardian_id: str, *students: str) -> None:
    """A guardian added by hand, as the directory stores one."""
    connection = sqlite3.connect(district.folder / "state.db")
    with connection:
        account = connection.execute(
            "INSERT INTO accounts (given_name, family_name, email, state, disabled) "
            "VALUES ('By', 'Hand', ?, 'invitee', 0) RETURNING account_id",
            (f"{guardian_id}@hand.example.org",),
        ).fetchone()[0]
        connection.execute(
            "INSERT INTO users (id, origin, role, roles, roster_status, account_id, review) "
            "VALUES (?, 'manual', 'guardian', 'guardian', 'current', ?, 0)",
            (guardian_id, account),
        )
        connection.executemany(
            "INSERT INTO guardianships (guardian_id, student_id, status, origin) VALUES (?, ?, 'current', 'manual')",
            [(guardian_id, student_id) for student_id in students],
        )
    connection.close()


@pytest.mark.parametrize("full", [False, True])
def test_r_f5_manual_guardians_never_keep_a_family_and_have_access_through_a_current_student(
    tmp_path: Path, full: bool
) -> None:
    district = District(tmp_path)
    abandoned, alone, stays = student("S1", "G1"), student("S2"), student("S3", "G3")
    district.night([abandoned, alone, stays, guardian("G1"), guardian("G3")])
    add_manual_guardian(district, "local:1", "S1", "S2")
    add_manual_guardian(district, "local:2", "S1", "S3")
    report = district.night([stays, guardian("G3")], full=full)
    assert district.statuses() == {
        "S1": "archived",
        "S2": "archived",
        "G1": "archived",
        "S3": "current",
        "G3": "current",
        "local:1": "current",
        "local:2": "current",
    }
    assert report.codes("S1") == report.codes("S2") == report.codes("G1") == ["FAMILY_LEFT"]
    assert report.codes("local:1") == report.codes("local:2") == []
    assert district.access() == {("S3", "A"), ("G3", "A"), ("local:2", "A")}
    assert district.guardianships()["local:1", "S1"] == district.guardianships()["local:2", "S3"] == "current"
    district.night([stays, alone, guardian("G3")], full=full)
    assert ("local:1", "A") in district.access()


@pytest.mark.parametrize("full", [False, True])
def test_r_f5_counter_a_sis_guardian_in_the_sis_keeps_the_family_beside_a_manual_one(
    tmp_path: Path, full: bool
) -> None:
    district = District(tmp_path)
    district.night([student("S1", "G1"), student("S2", "G1"), guardian("G1")])
    add_manual_guardian(district, "local:1", "S1")
    report = district.night([student("S2", "G1"), guardian("G1")], full=full)
    assert report.codes("S1") == ["LEFT_SIS"]
    assert district.access() == {("S2", "A"), ("G1", "A")}


# --- Staff are no family --------------------------------------------------------------------------------------------


@story
def test_r_f1_counter_staff_who_leave_are_no_family(it: Story) -> None:
    it.night([teacher("T1")], [school_class("K1")], [enrollment("K1", "T1", "teacher")])
    it.night([], [school_class("K1")], [enrollment("K1", "T1", "teacher")]).gives(
        users="T1 archived", enrolled="K1-T1 ended", said="T1 LEFT_SIS, K1-T1 ENROLLMENT_ENDED"
    )
