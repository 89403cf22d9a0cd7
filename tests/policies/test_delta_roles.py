"""Delta files of OneRoster 1.2: users.csv and roles.csv tell a user, each with its own mode (policies.md R-V5)."""

from __future__ import annotations

from pathlib import Path

import pytest

from rostersync.errors import ImportRefused
from tests.policies.district import District, Row, guardian, role, student, teacher
from tests.policies.test_delta import gone, issues, said

USERS = [student("S1"), guardian("G1", "S1"), teacher("T1")]
ROLES = [
    role("S1", "student", "primary"),
    role("G1", "parent", "primary"),
    role("T1", "teacher", "primary"),
    role("T1", "teacher", org="B"),
]
ROLES_ALONE = {"users": "absent", "classes": "absent", "enrollments": "absent"}
USERS_ALONE = {"roles": "absent", "classes": "absent", "enrollments": "absent"}


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> District:
    district = District(tmp_path_factory.mktemp("loaded"))
    district.night(USERS, roles=ROLES)
    return district


@pytest.fixture
def district(loaded: District, tmp_path: Path) -> District:
    return loaded.copy(tmp_path / "copy")


def roles_only(district: District, *rows: Row):
    return district.delta(roles=rows, modes=ROLES_ALONE)


def test_r_v5_a_delta_of_nothing(district: District) -> None:
    before = district.everything()
    assert said(district.delta(roles=[])) == set()
    assert said(roles_only(district)) == set()
    assert district.everything() == before


def test_r_v5_users_and_roles_together(district: District) -> None:
    report = district.delta([student("S2"), gone(student("S1"))], roles=[role("S2", "student", "primary")])
    assert said(report) == {"S2 NEW", "S1 FAMILY_LEFT", "G1 FAMILY_LEFT"}
    assert district.user("S2")["roles"] == "student"


def test_r_v5_a_row_of_users_alone_keeps_the_roles(district: District) -> None:
    assert said(district.delta([teacher("T1", givenName="Tess")], roles=[], modes=USERS_ALONE)) == {"T1 SIS_UPDATE"}
    assert (district.user("T1")["roles"], district.user("T1")["school_ids"]) == ("teacher", "A,B")


def test_r_v5_a_row_of_roles_alone_changes_the_user(district: District) -> None:
    report = roles_only(district, role("T1", "parent", org="C"), gone(role("T1", "teacher", org="B")))
    assert said(report) == {"T1 SIS_UPDATE"}
    assert (district.user("T1")["roles"], district.user("T1")["school_ids"]) == ("teacher,guardian", "A,C")
    assert said(roles_only(district, gone(role("T1", "parent", org="C")))) == {"T1 SIS_UPDATE"}
    assert (district.user("T1")["roles"], district.user("T1")["school_ids"]) == ("teacher", "A")


def test_r_v5_one_row_of_roles_moves_to_another_school(district: District) -> None:
    roles_only(district, role("T1", "teacher", org="C", sourcedId=role("T1", "teacher", org="B")["sourcedId"]))
    assert district.user("T1")["school_ids"] == "A,C"


def test_r_v3_a_user_whose_last_role_goes_keeps_the_base(district: District) -> None:
    report = roles_only(district, gone(role("S1", "student")))
    assert said(report) == {"S1 REJECTED_ROW"}
    assert issues(report) == {("S1", "REQUIRED_VALUE_MISSING")}
    assert set(district.statuses().values()) == {"current"}
    assert said(district.delta(roles=[])) == {"S1 REJECTED_ROW"}, "judged again"
    assert said(roles_only(district, role("S1", "student"))) == set()


def test_r_v5_a_new_user_waits_for_a_role(district: District) -> None:
    assert said(district.delta([student("S2"), guardian("G2", "S2")], roles=[role("G2", "wizard")])) == {
        "S2 REJECTED_ROW",
        "G2 REJECTED_ROW",
    }
    assert said(roles_only(district, role("S2", "student"))) == {"S2 NEW", "G2 REJECTED_ROW"}
    assert said(roles_only(district, role("G2", "guardian"))) == {"G2 NEW", "G2-S2 NEW"}


def test_r_v5_bulk_roles_beside_a_delta_of_users(district: District) -> None:
    bulk = [role("T0", "teacher", "primary"), *ROLES[:3], role("S2", "student")]
    folder = district.files(
        [student("S2") | {"status": "active"}],
        roles=bulk,
        absent=("classes", "enrollments"),
        manifest={"users": "delta", "roles": "bulk", "classes": "absent", "enrollments": "absent"},
        standing=False,
    )
    assert said(district.sync(folder)) == {"S2 NEW", "T1 SIS_UPDATE"}
    assert district.user("T1")["school_ids"] == "A"


def test_r_v5_a_delta_of_1_2_needs_roles_to_be_laid_over(tmp_path: Path) -> None:
    district = District(tmp_path)
    district.night(USERS)
    with pytest.raises(ImportRefused, match=r"no bulk set of 1\.2"):
        district.delta([student("S2")], roles=[role("S2", "student")])
    assert set(district.statuses()) == {"S1", "G1", "T1"}
