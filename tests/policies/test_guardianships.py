"""R-G1 to R-G4: who is whose guardian, and when that ends."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.policies.district import District, Row, guardian, person, role, student, teacher
from tests.policies.story import Story, Town

TOWN = Town("pair")
story = TOWN.story


# --- R-G1: from agentSourcedIds of either side ----------------------------------------------------------------------


@story
def test_r_g1_the_students_row_alone_is_enough(it: Story) -> None:
    it.night([student("S1", "G1,G2"), guardian("G1"), guardian("G2")]).gives(
        users="S1, G1, G2",
        pairs="G1-S1, G2-S1",
        said="S1 NEW, G1 NEW, G2 NEW, G1-S1 NEW, G2-S1 NEW",
    )


@story
def test_r_g1_the_guardians_row_alone_is_enough(it: Story) -> None:
    it.night([student("S1"), student("S2"), guardian("G1", "S1,S2")]).gives(users="S1, S2, G1", pairs="G1-S1, G1-S2")


@story
def test_r_g1_both_rows_make_one_guardianship(it: Story) -> None:
    it.night([student("S1", "G1"), guardian("G1", "S1")]).gives(pairs="G1-S1", said="S1 NEW, G1 NEW, G1-S1 NEW")


@story
def test_r_g1_the_union_of_both_sides(it: Story) -> None:
    it.night([student("S1", "G1"), student("S2"), guardian("G1", "S2"), guardian("G2", "S1,S2")]).gives(
        pairs="G1-S1, G1-S2, G2-S1, G2-S2"
    )


@story
def test_r_g1_blanks_and_repetitions_in_the_list_do_not_matter(it: Story) -> None:
    it.night([student("S1", "G1,G1"), guardian("G1")]).gives(pairs="G1-S1", said="S1 NEW, G1 NEW, G1-S1 NEW")


@story
def test_r_g1_guardian_parent_and_relative_are_guardians(it: Story) -> None:
    people = [person(word, word, email=f"{word}@x.example.org") for word in ("guardian", "parent", "relative")]
    it.night([student("S1", "guardian,parent,relative"), *people]).gives(pairs="guardian-S1, parent-S1, relative-S1")


@story
def test_r_g1_counter_a_link_between_students_is_no_guardianship(it: Story) -> None:
    it.night([student("S1", "S2"), student("S2", "S1")]).gives(users="S1, S2", pairs="")


@story
def test_r_g1_counter_a_link_to_a_teacher_is_no_guardianship(it: Story) -> None:
    it.night([student("S1", "T1"), teacher("T1", agentSourcedIds="S1")]).gives(users="S1, T1", pairs="")


@story
def test_r_g1_counter_a_link_between_guardians_is_no_guardianship(it: Story) -> None:
    it.night([student("S1", "G1"), guardian("G1", "G2"), guardian("G2", "G1")]).gives(
        users="S1, G1",
        pairs="G1-S1",
        said="S1 NEW, G1 NEW, G1-S1 NEW, G2 NO_STUDENT",
    )


@story
def test_r_g1_counter_a_link_to_oneself_or_to_nobody_is_none(it: Story) -> None:
    it.night([student("S1", "S1,X9"), guardian("G1", "G1,X9")]).gives(users="S1", pairs="")


@story
def test_r_g1_a_pair_stays_when_the_guardians_row_turns_into_a_teachers(it: Story) -> None:
    it.night([student("S1", "G1"), guardian("G1")])
    for _ in range(2):
        it.night([student("S1", "G1"), person("G1", "teacher", email="g1@families.example.org")]).gives(
            users="S1, G1", pairs="G1-S1"
        )


@story
def test_r_g1_a_pair_of_the_guardians_own_row_stays_too(it: Story) -> None:
    it.night([student("S1"), guardian("G1", "S1")])
    it.night([student("S1"), person("G1", "aide", email="g1@families.example.org", agentSourcedIds="S1")]).gives(
        pairs="G1-S1"
    )


@story
def test_r_g1_counter_of_the_teacher_the_guardian_became_a_new_link_is_none(it: Story) -> None:
    it.night([student("S1", "G1"), student("S2"), guardian("G1")])
    it.night([student("S1", "G1"), student("S2", "G1"), person("G1", "teacher", email="g1@x.example.org")]).gives(
        pairs="G1-S1"
    )


@story
def test_r_g1_a_student_who_turns_into_a_guardian_of_the_younger_one(it: Story) -> None:
    it.night([student("S1", "S2"), student("S2")]).gives(pairs="")
    it.night([student("S1", "S2"), guardian("S2", email="s2@students.example.org")]).gives(
        users="S1, S2", pairs="S2-S1", access="S1@A, S2@A"
    )


@story
def test_r_g1_a_new_link_between_people_known_before(it: Story) -> None:
    it.night([student("S1", "G1"), student("S2", "G2"), guardian("G1"), guardian("G2")])
    it.night([student("S1", "G1"), student("S2", "G2"), guardian("G1"), guardian("G2", "S1")]).gives(
        users="S1, S2, G1, G2", pairs="G1-S1, G2-S1, G2-S2", said="G2-S1 NEW"
    )


# --- R-G2: neither row names the other any more ---------------------------------------------------------------------


@story
def test_r_g2_a_custody_change_is_not_delayed(it: Story) -> None:
    it.night([student("S1", "G1"), student("S2", "G1"), guardian("G1")])
    it.night([student("S1", "G1"), student("S2", "G3"), guardian("G1"), guardian("G3")]).gives(
        users="S1, S2, G1, G3",
        pairs="G1-S1, G1-S2 ended, G3-S2",
        said="G1-S2 GUARDIANSHIP_ENDED, G3 NEW, G3-S2 NEW",
    )


@story
def test_r_g2_neither_row_names_the_other_where_both_did(it: Story) -> None:
    it.night([student("S1", "G1,G2"), guardian("G1"), guardian("G2", "S1,S2"), student("S2", "G2")])
    it.night([student("S1", "G1"), guardian("G1"), guardian("G2", "S2"), student("S2", "G2")]).gives(
        users="S1, S2, G1, G2", pairs="G1-S1, G2-S1 ended, G2-S2", said="G2-S1 GUARDIANSHIP_ENDED"
    )


@story
def test_r_g2_counter_one_row_still_names_the_other(it: Story) -> None:
    it.night([student("S1", "G1"), guardian("G1", "S1")])
    it.night([student("S1"), guardian("G1", "S1")]).gives(users="S1, G1", pairs="G1-S1", said="")
    it.night([student("S1", "G1"), guardian("G1")]).gives(users="S1, G1", pairs="G1-S1", said="")


@story
def test_r_g2_the_link_may_move_from_one_side_to_the_other(it: Story) -> None:
    it.night([student("S1", "G1"), guardian("G1")])
    it.night([student("S1"), guardian("G1", "S1")]).gives(pairs="G1-S1", said="")
    it.night([student("S1"), guardian("G1")]).gives(
        users="S1, G1 archived", pairs="G1-S1 ended", said="G1-S1 GUARDIANSHIP_ENDED, G1 GUARDIAN_LEFT"
    )


@story
def test_r_g2_a_guardian_swaps_one_student_for_another(it: Story) -> None:
    it.night([student("S1", "G1,G2"), student("S2", "G2"), guardian("G1"), guardian("G2")])
    it.night([student("S1", "G2"), student("S2", "G1,G2"), guardian("G1"), guardian("G2")]).gives(
        users="S1, S2, G1, G2",
        pairs="G1-S1 ended, G2-S1, G1-S2, G2-S2",
        said="G1-S1 GUARDIANSHIP_ENDED, G1-S2 NEW",
    )


@story
def test_r_g2_what_ended_begins_again_when_a_row_names_it_again(it: Story) -> None:
    it.night([student("S1", "G1,G2"), guardian("G1"), guardian("G2"), student("S2", "G2")])
    it.night([student("S1", "G1"), guardian("G1"), guardian("G2"), student("S2", "G2")]).gives(
        pairs="G1-S1, G2-S1 ended, G2-S2"
    )
    it.night([student("S1", "G1"), guardian("G1"), guardian("G2", "S1"), student("S2", "G2")]).gives(
        pairs="G1-S1, G2-S1, G2-S2", said="G2-S1 RETURNED"
    )


@story
def test_r_g2_a_link_of_the_teacher_who_was_a_guardian_ends_like_any_other(it: Story) -> None:
    teaching = person("G1", "teacher", email="g1@x.example.org")
    it.night([student("S1", "G1"), guardian("G1")])
    it.night([student("S1", "G1"), teaching])
    it.night([student("S1"), teaching]).gives(
        users="S1, G1", pairs="G1-S1 ended", said="G1-S1 GUARDIANSHIP_ENDED", access="S1@A, G1@A"
    )


# --- R-G3: the student has left -------------------------------------------------------------------------------------


@story
def test_r_g3_the_guardianship_stays_when_the_student_has_left(it: Story) -> None:
    it.night([student("S1", "G1"), student("S2", "G1"), guardian("G1", "S1,S2")])
    it.night([student("S2"), guardian("G1", "S2")]).gives(
        users="S1 archived, S2, G1", pairs="G1-S1, G1-S2", said="S1 LEFT_SIS"
    )


@story
def test_r_g3_counter_back_in_the_import_without_a_link_it_ends(it: Story) -> None:
    it.night([student("S1", "G1"), student("S2", "G1"), guardian("G1")])
    it.night([student("S2", "G1"), guardian("G1")]).gives(pairs="G1-S1, G1-S2")
    it.night([student("S1"), student("S2", "G1"), guardian("G1")]).gives(
        users="S1, S2, G1", pairs="G1-S1 ended, G1-S2", said="S1 RETURNED, G1-S1 GUARDIANSHIP_ENDED"
    )


@story
def test_r_g3_a_guardian_new_for_a_student_who_left_gets_no_guardianship(it: Story) -> None:
    it.night([student("S1", "G1"), student("S2", "G1"), guardian("G1")])
    it.night([student("S2", "G1,G2"), guardian("G1"), guardian("G2", "S1")]).gives(
        users="S1 archived, S2, G1, G2",
        pairs="G1-S1, G1-S2, G2-S2",
        said="S1 LEFT_SIS, G2 NEW, G2-S2 NEW",
    )


# --- OneRoster 1.2: several roles -----------------------------------------------------------------------------------


def _in_1_2(sourced_id: str, agents: str = "") -> Row:
    return {**person(sourced_id, "", email=f"{sourced_id.lower()}@x.example.org"), "agentSourcedIds": agents}


@pytest.mark.parametrize("full", [False, True])
def test_r_g1_whoever_has_a_guardian_role_among_others_is_a_guardian(tmp_path: Path, full: bool) -> None:
    district = District(tmp_path)
    users = [_in_1_2("S1", "P1,T1"), _in_1_2("P1"), _in_1_2("T1")]
    both = [role("S1", "student", "primary"), role("P1", "teacher", "primary"), role("T1", "teacher", "primary")]
    roles = [*both, role("P1", "parent")]
    district.night(users, roles=roles, full=full)
    assert district.guardianships() == {("P1", "S1"): "current"}
    assert district.user("P1")["roles"] == "teacher,guardian"
    # R-U8 decides while the staff role stands: the student leaves, the teacher stays and keeps their school.
    district.night([_in_1_2("P1"), _in_1_2("T1")], roles=[*both[1:], role("P1", "parent")], full=full)
    assert district.statuses() == {"S1": "archived", "P1": "current", "T1": "current"}
    assert district.access() == {("P1", "A"), ("T1", "A")}
    assert district.guardianships() == {("P1", "S1"): "current"}


@pytest.mark.parametrize("full", [False, True])
def test_r_g2_a_staff_record_that_loses_the_guardian_role_keeps_the_pair_it_had(tmp_path: Path, full: bool) -> None:
    district = District(tmp_path)
    users = [_in_1_2("S1", "P1"), _in_1_2("P1")]
    staff = [role("S1", "student", "primary"), role("P1", "teacher", "primary")]
    district.night(users, roles=[*staff, role("P1", "parent")], full=full)
    district.night(users, roles=staff, full=full)
    assert district.guardianships() == {("P1", "S1"): "current"}
    report = district.night([_in_1_2("S1"), _in_1_2("P1")], roles=staff, full=full)
    assert district.guardianships() == {("P1", "S1"): "ended"}
    assert district.statuses() == {"S1": "current", "P1": "current"}
    assert [row["code"] for row in report.rows("guardianships")] == ["GUARDIANSHIP_ENDED"]


# --- R-G4: guardians are not managed --------------------------------------------------------------------------------

NOBODY: list[Row] = []
FAMILY = [student("S1", "G1"), student("S2", "G1"), guardian("G1", "S1,S2")]


@pytest.mark.parametrize("full", [False, True])
def test_r_g4_guardians_and_guardianships_of_the_import_are_ignored(tmp_path: Path, full: bool) -> None:
    district = District(tmp_path, manage_guardians=False)
    district.night(FAMILY, full=full)
    assert district.statuses() == {"S1": "current", "S2": "current"}
    assert district.guardianships() == {}
    district.configure(manage_guardians=True)
    report = district.night(FAMILY, full=full)
    assert district.statuses() == {"S1": "current", "S2": "current", "G1": "current"}
    assert district.guardianships() == {("G1", "S1"): "current", ("G1", "S2"): "current"}
    assert report.codes("G1") == ["NEW"]


@pytest.fixture(scope="module")
def unmanaged(tmp_path_factory: pytest.TempPathFactory) -> District:
    """FAMILY in the state, and guardians no longer managed since last night."""
    district = District(tmp_path_factory.mktemp("unmanaged"))
    district.night(FAMILY)
    district.configure(manage_guardians=False)
    district.night(FAMILY)
    return district


@pytest.mark.parametrize(
    ("tonight", "students", "codes"),
    [
        pytest.param([FAMILY[0], FAMILY[1], FAMILY[2]], {}, {}, id="all-there"),
        pytest.param([FAMILY[0], FAMILY[1]], {}, {}, id="guardian-row-gone"),
        pytest.param([student("S1"), student("S2"), guardian("G1")], {}, {}, id="links-gone"),
        pytest.param(
            [student("S1", "G9"), student("S2", "G9"), guardian("G9")], {}, {}, id="another-guardian-in-the-import"
        ),
        pytest.param([FAMILY[1], FAMILY[2]], {"S1": "archived"}, {"S1": "LEFT_SIS"}, id="a-sibling-stays"),
        pytest.param([FAMILY[1]], {"S1": "archived"}, {"S1": "LEFT_SIS"}, id="a-sibling-stays-guardian-row-gone"),
        pytest.param(
            [FAMILY[2]],
            {"S1": "archived", "S2": "archived"},
            {"S1": "FAMILY_LEFT", "S2": "FAMILY_LEFT"},
            id="all-students-left",
        ),
        pytest.param(
            NOBODY,
            {"S1": "archived", "S2": "archived"},
            {"S1": "FAMILY_LEFT", "S2": "FAMILY_LEFT"},
            id="all-rows-gone",
        ),
        pytest.param(
            [FAMILY[0], FAMILY[1], guardian("G1", email="other@x.example.org", givenName="Other")],
            {},
            {},
            id="other-contacts-in-the-import",
        ),
    ],
)
@pytest.mark.parametrize("full", [False, True])
def test_r_g4_those_in_the_state_are_untouched_and_stored_guardianships_decide_who_has_left(
    unmanaged: District, tmp_path: Path, tonight: list[Row], students: dict[str, str], codes: dict[str, str], full: bool
) -> None:
    district = unmanaged.copy(tmp_path)
    stored, pairs = district.user("G1"), district.guardianships()
    report = district.night(tonight, full=full)
    assert district.statuses() == {"S1": "current", "S2": "current", "G1": "current"} | students
    assert {k: v for k, v in district.user("G1").items() if k not in {"school_access", "announcements"}} == {
        k: v for k, v in stored.items() if k not in {"school_access", "announcements"}
    }
    assert district.guardianships() == pairs
    assert report.codes("G1") == []
    assert {row["id"]: row["code"] for row in report.rows() if row["id"] != "T0"} == codes
    assert report.rows("guardianships") == []


def _schools(**off: bool) -> dict[str, Any]:
    return {"schools": {school: {"manage_guardians": value} for school, value in off.items()}}


@pytest.mark.parametrize("full", [False, True])
def test_r_g4_for_one_school_the_schools_of_a_guardian_are_those_of_the_students(tmp_path: Path, full: bool) -> None:
    district = District(tmp_path, **_schools(B=False))
    district.night(
        [
            student("S1", "G1"),
            student("S2", "G2", orgSourcedIds="B"),
            student("S3", "G3"),
            student("S4", "G3", orgSourcedIds="B"),
            guardian("G1", orgSourcedIds="B"),
            guardian("G2", orgSourcedIds="A"),
            guardian("G3"),
        ],
        full=full,
    )
    # G1's student is at A, where guardians are managed; G2's at B; of G3's one: false if any.
    assert district.ids() == {"S1", "S2", "S3", "S4", "G1"}
    assert district.guardianships() == {("G1", "S1"): "current"}
