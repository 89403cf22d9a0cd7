"""The contact desk: who goes without a login, through whom, and what to change first (R-C1, R-C2, R-C3, R-V4)."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from rostersync.contact_desk import contact_desk
from rostersync.errors import ConfigurationError
from tests.policies.district import District, Row, guardian, student, teacher

ONE, FOUR = "+12065550101", "+12065550104"


def desk(district: District, *columns: str, school: str | None = None) -> list[Any]:
    """The rows of the contact desk; of several columns as tuples."""
    rows = contact_desk(district.settings, school)
    return rows.select(columns).rows() if columns else rows.rows(named=True)


def family(number: int, phone: str, org: str = "A") -> list[Row]:
    """A student and a guardian who has nothing but this phone."""
    child = student(f"S{number}", f"G{number}", orgSourcedIds=org)
    return [child, guardian(f"G{number}", orgSourcedIds="", email="", sms=phone)]


@pytest.fixture
def district(tmp_path: Path) -> District:
    return District(tmp_path)


def test_a_number_that_keeps_four_guardians_out_comes_before_one_that_keeps_one(district: District) -> None:
    one = [teacher("T1", sms="206-555-0101"), *family(1, "206-555-0101")]
    four = [teacher("T4", sms="206-555-0104"), *(row for n in (2, 3, 4, 5) for row in family(n, "206-555-0104"))]
    district.night([*one, *four])
    assert desk(district, "problem", "id", "sis_value", "holder", "affected") == [
        *[("NO_UNIQUE_CREDENTIAL", f"G{n}", FOUR, "T4", 4) for n in (2, 3, 4, 5)],
        ("NO_UNIQUE_CREDENTIAL", "G1", ONE, "T1", 1),
    ]


def test_a_withheld_guardian_counts_in_the_schools_of_the_students(district: District) -> None:
    district.night(
        [teacher("T1", sms="206-555-0101"), *family(1, "206-555-0101", "B"), *family(2, "206-555-0101", "A")]
    )
    assert desk(district, "id", school="B") == [("G1",)]
    assert desk(district, "id", "affected", school="A") == [("G2", 2)]


def test_the_guardian_s_own_row_relates_them_as_well(district: District) -> None:
    child = student("S1", orgSourcedIds="B")
    district.night([teacher("T1"), child, guardian("G1", "S1", email="t1@staff.example.org")])
    assert desk(district, "id", "contact", "holder", "holder_name", school="B") == [
        ("G1", "email", "T1", "GivenT1 Family")
    ]


def test_a_school_that_nobody_knows_is_refused_with_those_that_are_known(district: District) -> None:
    district.night([student("S1", orgSourcedIds="B"), teacher("T1")])
    with pytest.raises(ConfigurationError, match=r"no school Z; .* knows A .*, B .*, C "):
        desk(district, school="Z")


def test_a_guardian_without_any_contact_is_told_so(district: District) -> None:
    district.night([teacher("T1"), student("S1", "G1"), guardian("G1", email="")])
    assert desk(district, "id", "contact", "holder", "fix") == [
        ("G1", None, None, "In the SIS, enter an e-mail or a mobile of this guardian's own.")
    ]


def test_a_contact_that_a_student_shares_names_who_has_it(district: District) -> None:
    child = student("S1", "G1", email="home@families.example.org")
    district.night([teacher("T1"), child, guardian("G1", email="home@families.example.org")])
    assert desk(district, "problem", "id", "contact", "sis_value", "here", "holder") == [
        ("CREDENTIAL_TAKEN", "S1", "email", "home@families.example.org", None, "G1")
    ]


def test_strict_names_the_others_who_want_it(tmp_path: Path) -> None:
    district = District(tmp_path, unique_credentials="strict")
    district.night([*family(1, "206-555-0101"), *family(2, "206-555-0101")])
    rows = desk(district, "id", "holder", "fix")
    assert [row[:2] for row in rows] == [("G1", "G2"), ("G2", "G1")]
    assert all("give each a mobile of their own" in row[2] for row in rows)


def test_an_active_user_who_differs_until_somebody_settles_it(district: District) -> None:
    before = [student("S1", "G1"), guardian("G1")]
    district.night(before)
    district.accept("G1")
    district.night([before[0], guardian("G1", email="new@families.example.org")])
    assert desk(district, "problem", "id", "sis_value", "here") == [
        ("ACTIVE_EMAIL_KEPT", "G1", "new@families.example.org", "g1@families.example.org")
    ]
    district.edit("G1", email="new@families.example.org")
    assert desk(district) == []


def test_an_invalid_contact_says_what_the_cell_holds(district: District) -> None:
    district.night([student("S1", "G1"), guardian("G1", sms="12-34"), teacher("T1", email="nobody at school")])
    assert desk(district, "problem", "id", "contact", "sis_value", "here") == [
        ("INVALID_EMAIL", "T1", "email", "nobody at school", None),
        ("INVALID_PHONE", "G1", "sms", "12-34", None),
    ]


def test_an_invalid_contact_of_somebody_who_is_not_in_the_directory_comes_first(district: District) -> None:
    rows = [student("S1", "G1", email="x"), guardian("G1", email="", sms="12-34")]
    district.night([*rows, teacher("T1")])
    assert desk(district, "problem", "id", "name") == [
        ("NO_UNIQUE_CREDENTIAL", "G1", "GivenG1 Family"),
        ("INVALID_PHONE", "G1", "GivenG1 Family"),
        ("INVALID_EMAIL", "S1", "GivenS1 Family"),
    ]


def test_since_is_the_first_night_without_a_break(district: District) -> None:
    holder, shared = teacher("T1", sms="206-555-0101"), family(1, "206-555-0101")
    for number, users in enumerate((shared, [], shared, shared)):
        now = datetime(2026, 11, 20 + number, 21, 30, tzinfo=district.settings.district.zone)
        district.night([holder, *users], now=now)
    assert desk(district, "id", "since") == [("G1", "2026-11-22")]


def test_nothing_is_left_once_the_sis_is_right(district: District) -> None:
    district.night([teacher("T1", sms="206-555-0101"), *family(1, "206-555-0101")])
    assert desk(district) != []
    district.night([teacher("T1", sms="206-555-0101"), *family(1, "206-555-0109")])
    assert desk(district) == []
