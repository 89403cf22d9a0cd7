"""A 1.2 delivery whose manifest marks roles.csv absent: the base says what people are (R-V1, R-V3, *Import*)."""

from __future__ import annotations

from pathlib import Path

import pytest

from rostersync.errors import ImportRefused
from tests.policies.district import District, Report, enrollment, guardian, role, school_class, student, teacher

K1 = school_class("K1")
PEOPLE = [student("S1", "G1"), student("S2"), guardian("G1"), teacher("T1")]
ROLES = [
    role("S1", "student", "primary"),
    role("S2", "student", "primary", org="B"),
    role("G1", "parent", "primary"),
    role("T1", "teacher", "primary"),
    role("T1", "parent"),
]
ROLL = [enrollment("K1", "S1")]
ABSENT = {"roles": [], "absent": ["roles"], "manifest": {"roles": "absent"}}


@pytest.fixture
def district(tmp_path: Path) -> District:
    """Four people after a first night with roles."""
    found = District(tmp_path)
    found.night(PEOPLE, [K1], ROLL, roles=ROLES)
    return found


def night(district: District, *people: dict[str, str], full: bool = False) -> Report:
    return district.night(people, [K1], ROLL, **ABSENT, full=full)


@pytest.mark.parametrize("full", [False, True])
def test_known_people_keep_their_roles_and_schools(district: District, full: bool) -> None:
    before = district.everything()
    for _ in range(2):
        report = night(district, *PEOPLE, full=full)
        assert report.rows("issues", severity="error") == []
        assert report.rows() == []
        assert district.everything() == before
    assert (district.user("T1")["roles"], district.user("S2")["school_ids"]) == ("teacher,guardian", "B")


def test_other_columns_still_speak(district: District) -> None:
    renamed = {**PEOPLE[1], "givenName": "Other", "grades": "06"}
    night(district, PEOPLE[0], renamed, *PEOPLE[2:])
    assert [district.user("S2")[name] for name in ("given_name", "grades", "role")] == ["Other", "06", "student"]


def test_who_is_not_in_users_has_left(district: District) -> None:
    report = night(district, PEOPLE[0], *PEOPLE[2:])
    assert report.codes("S2") == ["FAMILY_LEFT"]
    assert district.statuses() == {"S1": "current", "S2": "archived", "G1": "current", "T1": "current"}


def test_who_left_comes_back_with_the_roles_of_before(district: District) -> None:
    night(district, PEOPLE[0], *PEOPLE[2:])
    assert night(district, *PEOPLE).codes("S2") == ["RETURNED"]
    assert [district.user("S2")[name] for name in ("roster_status", "role", "school_ids")] == [
        "current",
        "student",
        "B",
    ]


def test_somebody_new_waits_until_the_roles_come(district: District) -> None:
    people = [*PEOPLE, student("S3", "G1")]
    for _ in range(2):
        report = night(district, *people)
        (issue,) = report.rows("issues", severity="error")
        assert (issue["id"], issue["code"], issue["column"]) == ("S3", "REQUIRED_VALUE_MISSING", "role")
        assert "roles.csv is absent" in issue["message"]
        ((action, code, note),) = report.notes("S3")
        assert (action, code) == ("rejected", "REJECTED_ROW")
        assert note.endswith("; new, and not added until the row is correct.")
        assert district.ids() == {"S1", "S2", "G1", "T1"}
    district.night(people, [K1], ROLL, roles=[*ROLES, role("S3", "student", "primary")])
    assert district.user("S3")["roster_status"] == "current"
    assert district.guardianships() == {("G1", "S1"): "current", ("G1", "S3"): "current"}


def test_a_first_import_without_roles_is_refused(tmp_path: Path) -> None:
    """Everybody would wait (R-D3)."""
    district = District(tmp_path)
    district.configure(guards={"max_rejected": "5%"})
    with pytest.raises(ImportRefused, match=r"users\.csv: 7 of 7 rows"):
        night(district, *PEOPLE, student("S3"), student("S4"))


def test_a_role_that_ended_is_seen_when_the_roles_are_back(district: District) -> None:
    night(district, *PEOPLE)
    district.night(PEOPLE, [K1], ROLL, roles=[row for row in ROLES if row["sourcedId"] != "T1-parent-A"])
    assert district.user("T1")["roles"] == "teacher"


def test_schools_that_take_part_are_known_by_the_base(district: District) -> None:
    district.configure(include=["A"], guards={"max_removed": "100%"})
    night(district, *PEOPLE)
    assert district.statuses() == {"S1": "current", "S2": "archived", "G1": "current", "T1": "current"}
