"""enrollments.csv: rows, references, dates (policies.md R-V2, R-V3, R-K6)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from itertools import permutations

import pytest

from rostersync.importers.references import resolve
from rostersync.model.delivery import Delivery
from rostersync.model.roster import ENROLLMENT_COLUMNS, Roster
from tests.importers.district import (
    CLASS,
    CLASSES,
    ENROLLMENT,
    ENROLLMENTS,
    PARENT,
    STUDENT,
    TEACHER,
    TEACHING,
    USERS,
    codes,
    files_11,
    finding,
    roster,
    table,
)

Deliver = Callable[[dict[str, str | bytes]], Delivery]


def members(found: Roster) -> list[tuple[object, ...]]:
    assert found.enrollments is not None
    return sorted(found.enrollments.select("class_id", "user_id", "role").rows())


@pytest.fixture
def read_enrollments(deliver: Deliver) -> Callable[..., Roster]:
    """The roster of the district with these rows in enrollments.csv."""

    def made(*rows: str, header: str = ENROLLMENTS) -> Roster:
        return roster(deliver(files_11(enrollments=table(header, *rows))))

    return made


def test_every_cell_lands_where_it_belongs(read_enrollments: Callable[..., Roster]):
    found = read_enrollments(ENROLLMENT, TEACHING)
    assert found.enrollments is not None
    assert tuple(found.enrollments.columns) == ENROLLMENT_COLUMNS
    assert found.enrollments.rows() == [
        ("C1", "S1", "student", "E1", 2, False, date(2026, 8, 24), date(2027, 6, 4)),
        ("C1", "T1", "teacher", "E2", 3, True, date(2026, 8, 24), date(2027, 6, 4)),
    ]


def test_only_three_columns_are_needed(read_enrollments: Callable[..., Roster]):
    found = read_enrollments("C1,S1,student", header="classSourcedId,userSourcedId,role")
    assert members(found) == [("C1", "S1", "student")]
    assert found.missing["enrollments"] == {"sourced_id", "is_primary", "begin_date", "end_date"}


@pytest.mark.parametrize(
    ("role", "kept", "code"),
    [
        ("student", "student", None),
        ("teacher", "teacher", None),
        ("proctor", "proctor", None),
        ("administrator", "administrator", None),
        ("aide", "aide", "AIDE_ENROLLMENT"),
        ("Student", "student", "ROLE_CASE"),
        ("parent", None, "UNKNOWN_ROLE"),
        ("ext:coach", None, "UNKNOWN_ROLE"),
        ("", None, "REQUIRED_VALUE_MISSING"),
    ],
)
def test_roles_of_an_enrollment(read_enrollments: Callable[..., Roster], role: str, kept: str | None, code: str | None):
    found = read_enrollments(ENROLLMENT.replace("student", role))
    assert [row[2] for row in members(found)] == ([kept] if kept else [])
    assert codes(found) == ([("enrollments.csv", code, "role")] if code else [])
    assert found.rejected_enrollments.rows() == ([] if kept else [("E1", "C1", "S1", 2)])


@pytest.mark.parametrize(
    ("row", "unreadable"),
    [
        ("E1,,,,NORTH,S1,student,,,", False),
        (",,,,NORTH,S1,student,,,", True),
        (",,,C1,NORTH,,student,,,", True),
        (",,,C1,NORTH,S1,,,,", False),
        ('E1,,,C1,NORTH,"S1,S2",student,,,', False),
        (',,,C1,NORTH,"S\t1",student,,,', True),
    ],
)
def test_what_a_rejected_row_leaves_readable(read_enrollments: Callable[..., Roster], row: str, *, unreadable: bool):
    found = read_enrollments(TEACHING, row)
    assert members(found) == [("C1", "T1", "teacher")]
    assert found.rejected_enrollments.height == 1
    assert found.unreadable == ({"enrollments"} if unreadable else frozenset())


def test_rows_of_one_id(read_enrollments: Callable[..., Roster]):
    assert members(read_enrollments(ENROLLMENT, ENROLLMENT)) == [("C1", "S1", "student")]
    found = read_enrollments(ENROLLMENT, ENROLLMENT.replace("student", "teacher"))
    assert members(found) == []
    assert found.rejected_enrollments.height == 2
    assert codes(found) == [("enrollments.csv", "DUPLICATE_ID", "sourcedId")] * 2


def test_rows_of_one_class_user_and_role_become_one(read_enrollments: Callable[..., Roster]):
    rows = (
        "E9,,,C1,NORTH,T1,teacher,true,2026-09-01,",
        "E5,,,C1,NORTH,T1,teacher,false,2026-08-24,2027-06-04",
        ",,,C1,NORTH,T1,teacher,,2026-10-01,",
    )
    for order in permutations(rows):
        found = read_enrollments(*order).enrollments
        assert found is not None
        assert found.drop("line").rows() == [("C1", "T1", "teacher", "E5", True, date(2026, 8, 24), date(2027, 6, 4))]


@pytest.mark.parametrize(
    ("end", "there"),
    [
        ("2026-11-20", False),
        ("2026-11-21", False),
        ("2026-11-22", True),
        ("2027-06-04", True),
        ("", True),
        ("soon", True),
    ],
)
def test_an_enrollment_that_ended_long_before_its_class_was_dropped(
    read_enrollments: Callable[..., Roster], end: str, *, there: bool
):
    found = read_enrollments(ENROLLMENT.replace("2027-06-04", end), TEACHING)
    assert (("C1", "S1", "student") in members(found)) is there
    assert found.rejected_enrollments.height == 0
    assert codes(found) == ([("enrollments.csv", "INVALID_DATE", "endDate")] if end == "soon" else [])


@pytest.mark.parametrize(("class_end", "there"), [("2026-11-24", True), ("2026-11-25", False)])
def test_the_last_fortnight_of_a_class_drops_nobody(deliver: Deliver, class_end: str, *, there: bool):
    sessions = table(
        "sourcedId,title,type,startDate,endDate,parentSourcedId", f"FALL,Fall,term,2026-08-24,{class_end},"
    )
    classes = table(CLASSES, CLASS.replace('"FALL,SPRING"', "FALL"))
    enrollments = table(ENROLLMENTS, ENROLLMENT.replace("2027-06-04", "2026-11-10"), TEACHING)
    found = roster(deliver(files_11(academicSessions=sessions, classes=classes, enrollments=enrollments)))
    assert (("C1", "S1", "student") in members(found)) is there


def test_an_enrollment_stays_while_one_of_its_rows_was_not_dropped(read_enrollments: Callable[..., Roster]):
    found = read_enrollments(
        "E1,,,C1,NORTH,S1,student,,2026-08-24,2026-09-15", "E2,,,C1,NORTH,S1,student,,2026-10-01,2027-06-04"
    )
    assert found.enrollments is not None
    assert found.enrollments["sourced_id"].to_list() == ["E2"]


def test_deleted_rows_are_simply_gone(read_enrollments: Callable[..., Roster]):
    found = read_enrollments(ENROLLMENT.replace("E1,", "E1,tobedeleted", 1), TEACHING)
    assert members(found) == [("C1", "T1", "teacher")]
    assert found.rejected_enrollments.height == 0
    assert codes(found) == [("enrollments.csv", "STATUS_IN_BULK", "status")]


def test_references_are_known_whatever_became_of_the_rows(deliver: Deliver):
    users = table(
        USERS,
        STUDENT.replace("Ada", ""),
        TEACHER.replace("T1,", "T1,tobedeleted", 1),
        PARENT.replace("S1", ""),
    )
    found = roster(deliver(files_11(users=users)))
    assert found.unresolved.height == 0
    assert members(found) == [("C1", "S1", "student"), ("C1", "T1", "teacher")]


def test_enrollments_of_strangers_wait_for_the_state(read_enrollments: Callable[..., Roster]):
    strangers = (
        "E3,,,C9,NORTH,S1,student,,,",
        "E4,,,C1,NORTH,S9,student,,,",
        "E5,,,C9,NORTH,S9,student,,,",
        "E6,,,C1,NORTH,S8,student,,,",
        "E7,,,C1,NORTH,S8,student,true,,",
    )
    found = read_enrollments(ENROLLMENT, *strangers)
    assert members(found) == [("C1", "S1", "student")]
    assert found.unresolved["sourced_id"].to_list() == ["E3", "E4", "E5", "E6", "E7"]
    assert codes(found) == []

    known = resolve(found, {"S8"}, {"C8"})
    assert members(known) == [("C1", "S1", "student"), ("C1", "S8", "student")]
    assert known.enrollments is not None
    assert known.enrollments.filter(user_id="S8").select("sourced_id", "is_primary").rows() == [("E6", True)]
    assert known.rejected_enrollments["sourced_id"].to_list() == ["E3", "E4", "E5"]
    assert known.unresolved.height == 0
    assert codes(known) == [
        ("enrollments.csv", "UNKNOWN_CLASS", "classSourcedId"),
        ("enrollments.csv", "UNKNOWN_CLASS", "classSourcedId"),
        ("enrollments.csv", "UNKNOWN_USER", "userSourcedId"),
        ("enrollments.csv", "UNKNOWN_USER", "userSourcedId"),
    ]


def test_without_a_users_file_the_state_knows_the_users(deliver: Deliver):
    manifest = "propertyName,value\nfile.users,absent\nfile.classes,bulk\nfile.enrollments,bulk\n"
    found = roster(deliver(files_11(users=None, manifest=manifest)))
    assert found.users is None
    assert found.unresolved.height == 2
    known = resolve(found, {"S1", "T1"}, set())
    assert members(known) == [("C1", "S1", "student"), ("C1", "T1", "teacher")]


def test_unknown_agents_and_orgs_of_users_are_reported(deliver: Deliver):
    found = roster(deliver(files_11(users=table(USERS, STUDENT, PARENT.replace("NORTH", "WEST"), TEACHER))))
    assert codes(found) == [
        ("users.csv", "UNKNOWN_REFERENCE", "agentSourcedIds"),
        ("users.csv", "UNKNOWN_REFERENCE", "orgSourcedIds"),
    ]
    assert finding(found.findings.filter(column="agentSourcedIds"), "UNKNOWN_REFERENCE")["value"] == "P2"
