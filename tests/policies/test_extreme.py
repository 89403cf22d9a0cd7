"""R-F2, and R-F3, R-F4, R-F7, R-U9 where the mode is extreme: families that are removed.

School A is extreme and school B soft, so that every story has its counter-case next door.
"""

from __future__ import annotations

from tests.policies.district import Row, enrollment, guardian, person, school_class, student
from tests.policies.story import Story, Town

TOWN = Town("ext", schools={"A": {"abandoned_families": "extreme"}})
story = TOWN.story

AT_B = {"orgSourcedIds": "B"}
AT_BOTH = {"orgSourcedIds": "A,B"}
TEACHING = {"email": "g1@families.example.org"}


def enrolled(*pairs: str) -> list[Row]:
    return [enrollment(*pair.split("-")) for pair in pairs]


# --- R-F2: the family is abandoned ----------------------------------------------------------------------------------


@story
def test_r_f2_student_and_guardians_become_removed_and_the_guardianships_stay(it: Story) -> None:
    it.night([student("S1", "G1,G2"), guardian("G1"), guardian("G2")])
    it.night().gives(
        users="S1 removed, G1 removed, G2 removed",
        pairs="G1-S1, G2-S1",
        access="",
        said="S1 FAMILY_REMOVED, G1 FAMILY_REMOVED, G2 FAMILY_REMOVED",
    )


@story
def test_r_f2_counter_at_a_soft_school_they_become_archived(it: Story) -> None:
    it.night([student("S1", "G1,G2", **AT_B), guardian("G1"), guardian("G2")])
    it.night().gives(
        users="S1 archived, G1 archived, G2 archived",
        pairs="G1-S1, G2-S1",
        access="",
        said="S1 FAMILY_LEFT, G1 FAMILY_LEFT, G2 FAMILY_LEFT",
    )


@story
def test_r_f2_a_student_without_guardians_is_a_family_of_one(it: Story) -> None:
    it.night([student("S1")])
    it.night().gives(users="S1 removed", said="S1 FAMILY_REMOVED")


@story
def test_r_f2_enrollments_end_in_archived_classes_too(it: Story) -> None:
    rows = enrolled("K1-S1", "K2-S1", "K3-S1", "K2-S2")
    family = [student("S1", "G1"), guardian("G1"), student("S2", **AT_B)]
    it.night(family, [school_class(k) for k in ("K1", "K2", "K3")], rows)
    it.night(family, [school_class("K1"), school_class("K3")], rows).gives(classes="K1, K2 archived, K3")
    it.night([], [school_class("K1")]).gives(
        users="S1 removed, G1 removed, S2 archived",
        classes="K1, K2 archived, K3 archived",
        enrolled="K1-S1 ended, K2-S1 ended, K3-S1 ended, K2-S2",
        said="""S1 FAMILY_REMOVED, G1 FAMILY_REMOVED, S2 FAMILY_LEFT, K3 LEFT_SIS, K1-S1 ENROLLMENT_ENDED,
        K2-S1 ENROLLMENT_ENDED, K3-S1 ENROLLMENT_ENDED""",
    )


@story
def test_r_f2_guardian_rows_left_behind_do_not_keep_the_family(it: Story) -> None:
    it.night([student("S1", "G1,G2"), guardian("G1", "S1"), guardian("G2")])
    for said in ("S1 FAMILY_REMOVED, G1 FAMILY_REMOVED, G2 FAMILY_REMOVED", ""):
        it.night([guardian("G1", "S1"), guardian("G2")]).gives(
            users="S1 removed, G1 removed, G2 removed", pairs="G1-S1, G2-S1", access="", said=said
        )


@story
def test_r_f2_a_guardian_who_is_staff_stays_while_the_staff_role_stands(it: Story) -> None:
    teaching = person("G1", "teacher", **TEACHING)
    it.night([student("S1", "G1"), guardian("G1")])
    it.night([student("S1", "G1"), teaching])
    it.night([teaching]).gives(users="S1 removed, G1", pairs="G1-S1", access="G1@A", said="S1 FAMILY_REMOVED")
    it.night([]).gives(users="S1 removed, G1 archived", said="G1 LEFT_SIS")


@story
def test_r_u8_counter_staff_who_leave_an_extreme_school_are_archived_and_keep_archived_classes(it: Story) -> None:
    rows = [enrollment("K1", "T1", "teacher"), enrollment("K2", "T1", "teacher")]
    it.night([person("T1", "teacher")], [school_class("K1"), school_class("K2")], rows)
    it.night([], [school_class("K1")]).gives(users="T1 archived", enrolled="K1-T1 ended, K2-T1")


# --- R-F3, R-F7: a sibling stays at first ---------------------------------------------------------------------------


@story
def test_r_f3_while_a_sibling_stays_the_student_is_archived_in_either_mode(it: Story) -> None:
    rows = enrolled("K1-S1", "K2-S1")
    family = [student("S1", "G1"), student("S2", "G1"), guardian("G1")]
    it.night(family, [school_class("K1"), school_class("K2")], rows)
    it.night(family, [school_class("K1")], rows)
    for said in ("S1 LEFT_SIS, K1-S1 ENROLLMENT_ENDED", ""):
        it.night(family[1:], [school_class("K1")], []).gives(
            users="S1 archived, S2, G1", enrolled="K1-S1 ended, K2-S1", access="S2@A, G1@A", said=said
        )


@story
def test_r_f7_the_sibling_archived_earlier_is_removed_when_the_family_is_abandoned(it: Story) -> None:
    rows = enrolled("K1-S1", "K2-S1", "K2-S2")
    family = [student("S1", "G1"), student("S2", "G1"), guardian("G1")]
    it.night(family, [school_class("K1"), school_class("K2")], rows)
    it.night(family, [school_class("K1")], rows)
    it.night(family[1:], [school_class("K1")], rows)
    it.night([], [school_class("K1")]).gives(
        users="S1 removed, S2 removed, G1 removed",
        enrolled="K1-S1 ended, K2-S1 ended, K2-S2 ended",
        pairs="G1-S1, G1-S2",
        said="""S1 FAMILY_REMOVED, S2 FAMILY_REMOVED, G1 FAMILY_REMOVED, K2-S1 ENROLLMENT_ENDED,
        K2-S2 ENROLLMENT_ENDED""",
    )


@story
def test_r_f7_counter_at_a_soft_school_the_sibling_stays_archived_and_nothing_is_said(it: Story) -> None:
    rows = enrolled("K2-S1")
    family = [student("S1", "G1", **AT_B), student("S2", "G1", **AT_B), guardian("G1")]
    it.night(family, [school_class("K2")], rows)
    it.night(family[1:])
    it.night().gives(
        users="S1 archived, S2 archived, G1 archived", enrolled="K2-S1", said="S2 FAMILY_LEFT, G1 FAMILY_LEFT"
    )


@story
def test_r_f7_siblings_of_schools_that_differ_keep_a_school_of_their_own_each(it: Story) -> None:
    family = [student("S1", "G1"), student("S2", "G1", **AT_B), guardian("G1")]
    it.night(family)
    it.night(family[1:]).gives(users="S1 archived, S2, G1", said="S1 LEFT_SIS")
    it.night().gives(
        users="S1 removed, S2 archived, G1 archived", said="S1 FAMILY_REMOVED, S2 FAMILY_LEFT, G1 FAMILY_LEFT"
    )


@story
def test_r_f7_the_other_guardian_archived_earlier_goes_with_the_family(it: Story) -> None:
    it.night([student("S1", "G1,G2"), student("S2", "G1"), guardian("G1"), guardian("G2")])
    it.night([student("S2", "G1"), guardian("G1")]).gives(users="S1 archived, S2, G1, G2 archived")
    it.night().gives(
        users="S1 removed, S2 removed, G1 removed, G2 removed",
        said="S1 FAMILY_REMOVED, S2 FAMILY_REMOVED, G1 FAMILY_REMOVED, G2 FAMILY_REMOVED",
    )


@story
def test_r_f7_counter_a_family_abandoned_at_a_soft_school_is_not_decided_again(it: Story) -> None:
    # S1 was abandoned at B. The guardian comes back with S2 and leaves A: what was decided of S1 stands.
    it.night([student("S1", "G1", **AT_B), guardian("G1")])
    it.night().gives(users="S1 archived, G1 archived")
    it.night([student("S2", "G1"), guardian("G1")]).gives(users="S1 archived, S2, G1")
    it.night().gives(users="S1 archived, S2 removed, G1 removed", said="S2 FAMILY_REMOVED, G1 FAMILY_REMOVED")


@story
def test_r_f7_a_sibling_who_returns_and_leaves_again_is_decided_anew(it: Story) -> None:
    family = [student("S1", "G1", **AT_B), guardian("G1")]
    it.night(family)
    it.night().gives(users="S1 archived, G1 archived")
    it.night([student("S1", "G1"), guardian("G1")]).gives(
        users="S1, G1", said="S1 RETURNED, G1 RETURNED, S1 SIS_UPDATE"
    )
    it.night().gives(users="S1 removed, G1 removed", said="S1 FAMILY_REMOVED, G1 FAMILY_REMOVED")


# --- Guardians of several schools and families ----------------------------------------------------------------------


@story
def test_r_f7_a_guardian_of_several_schools_is_removed_only_if_all_of_that_night_say_extreme(it: Story) -> None:
    it.night([student("S1", "G1,G2"), student("S2", "G2", **AT_B), guardian("G1"), guardian("G2")])
    it.night().gives(
        users="S1 removed, S2 archived, G1 removed, G2 archived",
        said="S1 FAMILY_REMOVED, S2 FAMILY_LEFT, G1 FAMILY_REMOVED, G2 FAMILY_LEFT",
    )


@story
def test_r_f2_a_student_of_schools_that_differ_is_archived(it: Story) -> None:
    it.night([student("S1", "G1", **AT_BOTH), guardian("G1")])
    it.night().gives(users="S1 archived, G1 archived", said="S1 FAMILY_LEFT, G1 FAMILY_LEFT")


@story
def test_r_f2_the_school_is_that_of_the_last_import_the_student_was_in(it: Story) -> None:
    it.night([student("S1", "G1"), student("S2", "G2", **AT_B), guardian("G1"), guardian("G2")])
    it.night([student("S1", "G1", **AT_B), student("S2", "G2"), guardian("G1"), guardian("G2")])
    it.night().gives(
        users="S1 archived, G1 archived, S2 removed, G2 removed",
        said="S1 FAMILY_LEFT, G1 FAMILY_LEFT, S2 FAMILY_REMOVED, G2 FAMILY_REMOVED",
    )


@story
def test_r_f2_counter_a_step_parent_with_a_child_elsewhere_keeps_the_one_who_left_from_being_removed(it: Story) -> None:
    it.night([student("S1", "G1,G2"), student("S2", "G2,G3"), guardian("G1"), guardian("G2"), guardian("G3")])
    it.night([student("S2", "G2,G3"), guardian("G2"), guardian("G3")]).gives(
        users="S1 archived, G1 archived, S2, G2, G3", said="S1 LEFT_SIS, G1 GUARDIAN_LEFT"
    )
    it.night().gives(
        users="S1 removed, G1 removed, S2 removed, G2 removed, G3 removed",
        said="""S1 FAMILY_REMOVED, G1 FAMILY_REMOVED, S2 FAMILY_REMOVED, G2 FAMILY_REMOVED,
        G3 FAMILY_REMOVED""",
    )


@story
def test_r_f4_a_guardian_gone_while_a_student_stays_is_archived(it: Story) -> None:
    it.night([student("S1", "G1,G2"), guardian("G1"), guardian("G2")])
    it.night([student("S1", "G1,G2"), guardian("G1")]).gives(
        users="S1, G1, G2 archived", pairs="G1-S1, G2-S1 ended", said="G2 GUARDIAN_LEFT, G2-S1 GUARDIANSHIP_ENDED"
    )


@story
def test_r_f4_or_removed_if_a_student_of_theirs_is_removed_that_night(it: Story) -> None:
    it.night([student("S1", "G1"), student("S2", "G1"), guardian("G1")])
    it.night([student("S2", "G1")]).gives(
        users="S1 removed, S2, G1 removed",
        pairs="G1-S1, G1-S2 ended",
        access="S2@A",
        said="S1 FAMILY_REMOVED, G1 FAMILY_REMOVED, G1-S2 GUARDIANSHIP_ENDED",
    )


@story
def test_r_f4_their_going_abandons_the_sibling_who_left_earlier(it: Story) -> None:
    it.night([student("S1", "G1"), student("S2", "G1"), guardian("G1")])
    it.night([student("S2", "G1"), guardian("G1")]).gives(users="S1 archived, S2, G1")
    it.night([student("S2", "G1")]).gives(
        users="S1 removed, S2, G1 removed",
        pairs="G1-S1, G1-S2 ended",
        said="S1 FAMILY_REMOVED, G1 FAMILY_REMOVED, G1-S2 GUARDIANSHIP_ENDED",
    )


@story
def test_r_f4_or_removed_if_a_student_of_theirs_was_removed_before(it: Story) -> None:
    it.night([student("S1", "G1"), guardian("G1")])
    it.night()
    it.night([student("S2", "G1,G2", **AT_B), guardian("G1"), guardian("G2")]).gives(users="S1 removed, S2, G1, G2")
    it.night([student("S2", "G2", **AT_B), guardian("G2")]).gives(
        users="S1 removed, S2, G1 removed, G2",
        pairs="G1-S1, G1-S2 ended, G2-S2",
        said="G1 FAMILY_REMOVED, G1-S2 GUARDIANSHIP_ENDED",
    )


@story
def test_r_g2_a_guardianship_that_ends_abandons_the_sibling_who_left_earlier(it: Story) -> None:
    # Custody of S2 went from G1 to G2: nobody of S1's is in the SIS any more.
    it.night([student("S1", "G1"), student("S2", "G1"), guardian("G1")])
    it.night([student("S2", "G1"), guardian("G1")]).gives(users="S1 archived, S2, G1")
    it.night([student("S2", "G2"), guardian("G1"), guardian("G2")]).gives(
        users="S1 removed, S2, G1 removed, G2",
        pairs="G1-S1, G1-S2 ended, G2-S2",
        said="S1 FAMILY_REMOVED, G1 FAMILY_REMOVED, G1-S2 GUARDIANSHIP_ENDED, G2 NEW, G2-S2 NEW",
    )


# --- R-U9: back again -----------------------------------------------------------------------------------------------


@story
def test_r_u9_a_removed_family_that_returns_is_current_with_its_guardianships_and_rows(it: Story) -> None:
    rows = enrolled("K1-S1", "K2-S1")
    family = [student("S1", "G1"), guardian("G1")]
    it.night(family, [school_class("K1"), school_class("K2")], rows)
    it.night([], [school_class("K1")]).gives(users="S1 removed, G1 removed", enrolled="K1-S1 ended, K2-S1 ended")
    it.night(family, [school_class("K1")], rows[:1]).gives(
        users="S1, G1",
        pairs="G1-S1",
        enrolled="K1-S1, K2-S1 ended",
        access="S1@A, G1@A",
        said="S1 RETURNED, G1 RETURNED, K1-S1 RETURNED",
    )


@story
def test_r_u9_one_removed_sibling_returns_and_brings_the_guardian_back(it: Story) -> None:
    it.night([student("S1", "G1"), student("S2", "G1"), guardian("G1")])
    it.night().gives(users="S1 removed, S2 removed, G1 removed")
    it.night([student("S2", "G1"), guardian("G1")]).gives(
        users="S1 removed, S2, G1", pairs="G1-S1, G1-S2", access="S2@A, G1@A", said="S2 RETURNED, G1 RETURNED"
    )


@story
def test_r_u9_a_removed_student_who_returns_alone_leaves_the_guardian_removed(it: Story) -> None:
    it.night([student("S1", "G1"), guardian("G1")])
    it.night()
    it.night([student("S1")]).gives(
        users="S1, G1 removed", pairs="G1-S1 ended", said="S1 RETURNED, G1-S1 GUARDIANSHIP_ENDED"
    )


@story
def test_r_u9_counter_a_guardian_row_alone_brings_no_removed_guardian_back(it: Story) -> None:
    it.night([student("S1", "G1"), guardian("G1", "S1")])
    it.night()
    it.night([guardian("G1", "S1")]).gives(users="S1 removed, G1 removed", pairs="G1-S1", access="", said="")
