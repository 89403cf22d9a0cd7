"""users.csv of OneRoster 1.1: what becomes of rows (policies.md R-V2 to R-V4)."""

from __future__ import annotations

from collections.abc import Callable
from itertools import permutations

import pytest

from rostersync.model.delivery import Delivery
from rostersync.model.roster import USER_COLUMNS, Roster
from tests.importers.district import (
    OTHER_PARENT,
    PARENT,
    STUDENT,
    TEACHER,
    USERS,
    codes,
    files_11,
    finding,
    roster,
    table,
    user,
)

Deliver = Callable[[dict[str, str | bytes]], Delivery]


@pytest.fixture
def read_users(deliver: Deliver) -> Callable[..., Roster]:
    """The roster of the district with these rows in users.csv."""

    def made(*rows: str, header: str = USERS) -> Roster:
        return roster(deliver(files_11(users=table(header, *rows), enrollments=None, manifest=None) | _absent()))

    return made


def _absent() -> dict[str, str]:
    return {"manifest": "propertyName,value\nfile.enrollments,absent\n" + _bulk()}


def _bulk() -> str:
    return "".join(f"file.{name},bulk\n" for name in ("users", "classes", "orgs", "courses", "academicSessions"))


def rejected(found: Roster) -> list[str]:
    return found.rejected_users["sourced_id"].to_list()


def current(found: Roster) -> list[str]:
    assert found.users is not None
    return sorted(found.users["sourced_id"])


def test_a_sound_set_says_nothing(deliver: Deliver):
    found = roster(deliver(files_11()))
    assert codes(found) == []
    assert found.version == "1.1"
    assert found.users is not None
    assert tuple(found.users.columns) == USER_COLUMNS
    assert found.row_counts == {
        "orgs.csv": 3,
        "academicSessions.csv": 2,
        "courses.csv": 1,
        "users.csv": 4,
        "classes.csv": 1,
        "enrollments.csv": 2,
    }


def test_every_cell_lands_where_it_belongs(read_users: Callable[..., Roster]):
    found = read_users(STUDENT, PARENT, OTHER_PARENT, TEACHER)
    ada = user(found, "S1")
    assert {name: value for name, value in ada.items() if value is not None} == {
        "sourced_id": "S1",
        "line": 2,
        "role": "student",
        "roles": "student",
        "school_ids": "NORTH",
        "enabled": True,
        "given_name": "Ada",
        "family_name": "Birch",
        "email": "ada@school.example",
        "email_invalid": False,
        "sms_invalid": False,
        "phone_invalid": False,
        "agents": "P1,P2",
        "identifier": "1001",
        "username": "ada",
        "grades": "05",
        "user_ids": "{Fed:1}",
    }
    assert user(found, "P1")["sms"] == "+12065550101"
    assert user(found, "P1")["phone"] == "+12065550102"
    assert user(found, "T1")["school_ids"] == "NORTH,SOUTH"


def test_a_password_is_nowhere(read_users: Callable[..., Roster]):
    found = read_users(STUDENT.replace("05,secret-1", "05,secret-1,secret-1"), PARENT, OTHER_PARENT)
    assert "secret-1" not in str(found.users.rows()) + str(found.findings.rows()) + str(found.rejected_users.rows())
    assert rejected(found) == ["S1"]


@pytest.mark.parametrize(
    ("word", "role"),
    [
        ("student", "student"),
        ("guardian", "guardian"),
        ("parent", "guardian"),
        ("relative", "guardian"),
        ("teacher", "teacher"),
        ("aide", "teacher"),
        ("proctor", "teacher"),
        ("counselor", "teacher"),
        ("administrator", "administrator"),
        ("districtAdministrator", "administrator"),
        ("principal", "administrator"),
        ("siteAdministrator", "administrator"),
        ("systemAdministrator", "administrator"),
    ],
)
def test_role_words_of_both_versions(read_users: Callable[..., Roster], word: str, role: str):
    found = read_users(TEACHER.replace("teacher", word))
    assert user(found, "T1")["role"] == role
    assert codes(found) == []


def test_a_role_in_other_letter_case_is_read_with_a_warning(read_users: Callable[..., Roster]):
    found = read_users(TEACHER.replace("teacher", "DISTRICTadministrator"))
    assert user(found, "T1")["role"] == "administrator"
    assert finding(found, "ROLE_CASE")["value"] == "DISTRICTadministrator"


@pytest.mark.parametrize(
    ("old", "new", "code", "column", "value"),
    [
        ("teacher", "wizard", "UNKNOWN_ROLE", "role", "wizard"),
        ("teacher", "ext:coach", "UNKNOWN_ROLE", "role", "ext:coach"),
        ("teacher", "", "REQUIRED_VALUE_MISSING", "role", None),
        ("Dee", "", "REQUIRED_VALUE_MISSING", "givenName", None),
        ("Moss", " ", "REQUIRED_VALUE_MISSING", "familyName", None),
    ],
)
def test_rejected_rows_count_as_present(
    read_users: Callable[..., Roster], old: str, new: str, code: str, column: str, value: str | None
):
    found = read_users(STUDENT, PARENT, OTHER_PARENT, TEACHER.replace(old, new, 1))
    assert rejected(found) == ["T1"]
    assert current(found) == ["P1", "P2", "S1"]
    error = finding(found, code)
    assert (error["severity"], error["line"], error["id"]) == ("error", 5, "T1")
    assert (error["column"], error["value"]) == (column, value)
    assert found.unreadable == frozenset()


def test_the_agents_and_schools_of_a_rejected_row_are_kept(read_users: Callable[..., Roster]):
    found = read_users(STUDENT.replace("Ada", ""), PARENT, OTHER_PARENT)
    assert found.rejected_users.select("sourced_id", "line", "agents").rows() == [("S1", 2, "P1,P2")]
    assert found.rejected_users["school_ids"].to_list() == ["NORTH"]


@pytest.mark.parametrize("sourced_id", ["", '"S1,S2"', '"S\t1"', "x" * 256, "local:1"])
def test_an_unusable_sourced_id(read_users: Callable[..., Roster], sourced_id: str):
    found = read_users(STUDENT.replace("S1", sourced_id, 1), PARENT.replace("S1", ""))
    assert current(found) == ["P1"]
    nobody_can_read_it = sourced_id in {"", '"S\t1"'}
    assert found.unreadable == (frozenset({"users"}) if nobody_can_read_it else frozenset())
    assert len(rejected(found)) == (0 if nobody_can_read_it else 1)


def test_a_row_with_too_many_cells_is_rejected_by_its_id(read_users: Callable[..., Roster]):
    found = read_users(PARENT, OTHER_PARENT, STUDENT.replace("Birch", "Birch, Jr."))
    assert rejected(found) == ["S1"]
    assert finding(found, "TOO_MANY_CELLS")["line"] == 4
    assert finding(found, "TOO_MANY_CELLS")["value"] == "19"


def test_a_short_row_is_read_as_blank(read_users: Callable[..., Roster]):
    found = read_users("S1,,,true,NORTH,student,ada,,Ada,Birch")
    assert user(found, "S1")["email"] is None
    assert finding(found, "SHORT_ROW")["severity"] == "warning"


def test_a_last_row_cut_short_is_rejected(deliver: Deliver):
    users = table(USERS, STUDENT, PARENT, OTHER_PARENT, TEACHER)
    cut = roster(deliver(files_11(users=users[: users.index("Dee") + 1])))
    assert rejected(cut) == ["T1"]
    assert finding(cut, "TRUNCATED_ROW")["line"] == 5
    torn_id = roster(deliver(files_11(users=users[: users.index("T1") + 1])))
    assert rejected(torn_id) == []
    assert torn_id.unreadable == {"users"}


def test_the_same_row_twice_counts_once(read_users: Callable[..., Roster]):
    found = read_users(STUDENT, PARENT, OTHER_PARENT, STUDENT)
    assert current(found) == ["P1", "P2", "S1"]
    assert user(found, "S1")["line"] == 2
    assert codes(found) == []


def test_rows_that_differ_in_lists_only_are_merged_in_any_order(read_users: Callable[..., Roster]):
    rows = (
        STUDENT,
        STUDENT.replace("NORTH", "SOUTH").replace('"P1,P2"', "P2"),
        STUDENT.replace('"P1,P2"', "P3").replace("05", "06"),
    )
    seen = set()
    for order in permutations(rows):
        found = read_users(*order, PARENT, OTHER_PARENT)
        ada = user(found, "S1")
        seen.add((ada["school_ids"], ada["agents"], ada["grades"], finding(found, "DUPLICATE_ID_MERGED")["id"]))
    assert seen == {("NORTH,SOUTH", "P1,P2,P3", "05,06", "S1")}


def test_rows_that_contradict_each_other_are_all_rejected_in_any_order(read_users: Callable[..., Roster]):
    rows = (STUDENT, STUDENT, STUDENT.replace("Ada", "Eva"))
    for order in permutations(rows):
        found = read_users(*order, PARENT, OTHER_PARENT)
        assert current(found) == ["P1", "P2"]
        assert rejected(found) == ["S1", "S1", "S1"]
        assert codes(found) == [("users.csv", "DUPLICATE_ID", "sourcedId")] * 3


def test_a_row_that_cannot_be_compared_contradicts_too(read_users: Callable[..., Roster]):
    found = read_users(STUDENT, STUDENT.replace("Birch", "Birch, Jr."), PARENT, OTHER_PARENT)
    assert current(found) == ["P1", "P2"]
    assert sorted(rejected(found)) == ["S1", "S1"]


@pytest.mark.parametrize("word", ["tobedeleted", "ToBeDeleted", "inactive"])
def test_deleted_rows_are_not_in_the_import(read_users: Callable[..., Roster], word: str):
    found = read_users(STUDENT.replace("S1,,", f"S1,{word},"), PARENT, OTHER_PARENT, TEACHER)
    assert current(found) == ["P1", "P2", "T1"]
    assert found.deleted_users == {"S1"}
    assert codes(found) == [("users.csv", "STATUS_IN_BULK", "status")]


def test_a_filled_status_is_reported_once_per_file(read_users: Callable[..., Roster]):
    rows = [row.replace(",,", ",active,", 1) for row in (STUDENT, PARENT, OTHER_PARENT)]
    found = read_users(*rows)
    assert current(found) == ["P1", "P2", "S1"]
    assert codes(found) == [("users.csv", "STATUS_IN_BULK", "status")]


def test_a_person_deleted_in_one_row_and_there_in_another_is_there(read_users: Callable[..., Roster]):
    found = read_users(STUDENT.replace("S1,,", "S1,tobedeleted,"), STUDENT, PARENT, OTHER_PARENT)
    assert "S1" in current(found)
    assert found.deleted_users == frozenset()


@pytest.mark.parametrize(
    ("word", "enabled", "code"),
    [
        ("true", True, None),
        ("false", False, None),
        ("", True, None),  # nobody says false
        ("TRUE", True, "BOOLEAN_WORD"),
        ("No", False, "BOOLEAN_WORD"),
        ("1", True, "BOOLEAN_WORD"),
        ("0", False, "BOOLEAN_WORD"),
        ("maybe", None, "INVALID_BOOLEAN"),
    ],
)
def test_enabled_user(read_users: Callable[..., Roster], word: str, enabled: bool | None, code: str | None):
    found = read_users(TEACHER.replace("true", word))
    assert user(found, "T1")["enabled"] is enabled
    assert codes(found) == ([("users.csv", code, "enabledUser")] if code else [])


def test_contacts_that_are_none_say_nothing_and_are_reported(read_users: Callable[..., Roster]):
    row = "P1,,,true,NORTH,parent,,,Bo,Birch,,,bo at home,206-555-0101 x7,12,,,"
    found = read_users(row)
    bo = user(found, "P1")
    assert (bo["email"], bo["sms"], bo["phone"]) == (None, None, None)
    assert (bo["email_invalid"], bo["sms_invalid"], bo["phone_invalid"]) == (True, True, True)
    assert codes(found) == [
        ("users.csv", "INVALID_EMAIL", "email"),
        ("users.csv", "INVALID_PHONE", "phone"),
        ("users.csv", "INVALID_PHONE", "sms"),
    ]
    assert finding(found, "INVALID_EMAIL")["value"] == "bo at home"


def test_names_are_collapsed_and_composed(read_users: Callable[..., Roster]):
    found = read_users(TEACHER.replace("Dee", "Dee  Jose\u0301").replace("Moss", "Null"))
    assert user(found, "T1")["given_name"] == "Dee José"
    assert user(found, "T1")["family_name"] == "Null"
    assert codes(found) == []


def test_blanks_null_words_and_hidden_characters_are_dropped_with_a_warning(read_users: Callable[..., Roster]):
    row = "T1,,,true, NORTH ,teacher,NULL,,De\u200be,Moss,,(null),dee@school.example ,,null,,,"
    found = read_users(row)
    dee = user(found, "T1")
    assert (dee["school_ids"], dee["username"], dee["identifier"]) == ("NORTH", None, None)
    assert (dee["given_name"], dee["email"], dee["phone"]) == ("Dee", "dee@school.example", None)
    assert codes(found) == [
        ("users.csv", "BLANKS_AROUND", "email"),
        ("users.csv", "BLANKS_AROUND", "orgSourcedIds"),
        ("users.csv", "HIDDEN_CHARACTERS", "givenName"),
        ("users.csv", "NULL_WORD", "identifier"),
        ("users.csv", "NULL_WORD", "phone"),
        ("users.csv", "NULL_WORD", "username"),
    ]


def test_lists_are_tidied(read_users: Callable[..., Roster]):
    row = STUDENT.replace('"P1,P2"', '" P2, P1 ,,P2"').replace(",NORTH,", ',"SOUTH, NORTH,SOUTH",')
    found = read_users(row, PARENT, OTHER_PARENT)
    assert user(found, "S1")["agents"] == "P1,P2"
    assert user(found, "S1")["school_ids"] == "SOUTH,NORTH"


def test_a_line_break_in_a_cell_is_kept_out_of_names(read_users: Callable[..., Roster]):
    found = read_users(TEACHER.replace("Dee", '"Dee\nAnn"'), STUDENT.replace('"P1,P2"', ""))
    assert user(found, "T1")["given_name"] == "Dee Ann"
    assert user(found, "S1")["line"] == 4


def test_rows_without_any_value_are_no_rows(read_users: Callable[..., Roster]):
    found = read_users(TEACHER, "," * 17, '"' + '","' * 17 + '"')
    assert current(found) == ["T1"]
    assert found.row_counts["users.csv"] == 1
    assert found.unreadable == frozenset()


def test_many_warnings_of_a_kind_are_counted_not_listed(read_users: Callable[..., Roster]):
    rows = [f"T{number},,,TRUE,NORTH,teacher,,,Dee,Moss,,,,,,,," for number in range(1500)]
    found = read_users(*rows)
    assert found.findings.height == 1001
    assert "500 more rows" in str(found.findings["message"].to_list())
