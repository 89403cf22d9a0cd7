"""Headers: names, their old and misspelt forms, what is missing, what is there twice (policies.md R-V1, R-V4)."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from rostersync.errors import ImportRefused
from rostersync.model.delivery import Delivery
from rostersync.model.roster import Roster
from tests.importers.district import CLASSES, ENROLLMENTS, STUDENT, USERS, codes, files_11, finding, roster, table, user

Deliver = Callable[[dict[str, str | bytes]], Delivery]


def renamed(old: str, new: str) -> dict[str, str | bytes]:
    users = str(files_11()["users"])
    return files_11(users=users.replace(old, new, 1))


@pytest.mark.parametrize("name", ["givenname", "GIVENNAME", "GivenName"])
def test_letter_case(deliver: Deliver, name: str):
    found = roster(deliver(renamed("givenName", name)))
    assert user(found, "S1")["given_name"] == "Ada"
    assert codes(found) == [("users.csv", "HEADER_CASE", "givenName")]
    assert finding(found, "HEADER_CASE")["value"] == name


@pytest.mark.parametrize(
    ("old", "new", "column", "value"),
    [
        ("orgSourcedIds", "orgs", "school_ids", "NORTH"),
        ("agentSourcedIds", "agents", "agents", "P1,P2"),
        ("agentSourcedIds", "agentSourceIds", "agents", "P1,P2"),
        ("userIds", "userId", "user_ids", "{Fed:1}"),
        ("grades", "grade", "grades", "05"),
        ("sourcedId", "sourceID", "sourced_id", "S1"),
        ("dateLastModified", "dataLastModified", "sourced_id", "S1"),
    ],
)
def test_old_and_misspelt_names(deliver: Deliver, old: str, new: str, column: str, value: str):
    found = roster(deliver(renamed(old, new)))
    assert user(found, "S1")[column] == value
    assert codes(found) == [("users.csv", "OLD_HEADER", old)]
    assert finding(found, "OLD_HEADER")["value"] == new


def test_an_old_name_beside_the_right_one_is_a_column_of_the_districts_own(deliver: Deliver):
    users = table(f"{USERS},grade", f"{STUDENT},99")
    found = roster(deliver(files_11(users=users, enrollments=table(ENROLLMENTS, "E,,,C1,,S1,student,,,"))))
    assert user(found, "S1")["grades"] == "05"


def test_extra_columns_are_ignored(deliver: Deliver):
    users = table(f"{USERS},metadata.bus,ext_house,lunch,,", f"{STUDENT},7,red,yes,,", "T1,,,true,,teacher,,,Dee,Moss")
    found = roster(deliver(files_11(users=users)))
    assert user(found, "S1")["grades"] == "05"
    assert codes(found.findings.filter(column="lunch")) == []


def test_a_near_miss_is_named(deliver: Deliver):
    found = roster(deliver(renamed("familyName", "familyName").copy() | renamed("middleName", "midleName")))
    assert ("users.csv", "UNKNOWN_COLUMN", "midleName") in codes(found)
    assert "middleName" in str(finding(found, "UNKNOWN_COLUMN")["message"])
    assert ("users.csv", "MISSING_COLUMN", "middleName") in codes(found)


@pytest.mark.parametrize(
    ("file", "column"),
    [
        ("users", "sourcedId"),
        ("users", "givenName"),
        ("users", "familyName"),
        ("users", "role"),
        ("classes", "sourcedId"),
        ("classes", "title"),
        ("enrollments", "classSourcedId"),
        ("enrollments", "userSourcedId"),
        ("enrollments", "role"),
    ],
)
def test_a_required_column_missing_refuses_the_set(deliver: Deliver, file: str, column: str):
    content = str(files_11()[file]).replace(column, "shoeSize", 1)
    with pytest.raises(ImportRefused, match=rf"{file}\.csv line 1: required column {column} is missing.*Nothing"):
        roster(deliver(files_11(**{file: content})))


def test_a_missing_optional_column_says_nothing(deliver: Deliver):
    header = "sourcedId,role,givenName,familyName"
    users = table(header, "S1,student,Ada,Birch", "T1,teacher,Dee,Moss")
    found = roster(deliver(files_11(users=users)))
    assert {"email", "sms", "phone", "agents", "grades", "enabled", "school_ids"} <= found.missing["users"]
    assert not {"role", "given_name", "status"} & found.missing["users"]
    warned = {column for file, code, column in codes(found) if (file, code) == ("users.csv", "MISSING_COLUMN")}
    assert warned == set(USERS.split(",")) - set(header.split(",")) - {"status", "dateLastModified", "password"}
    ada = user(found, "S1")
    assert (ada["email"], ada["email_invalid"], ada["enabled"]) == (None, False, None)


@pytest.mark.parametrize(
    ("header", "advice"),
    [
        (USERS.replace("sourcedId", "USERS.sourcedId", 1), "USERS.sourcedId carries a prefix of the SIS"),
        (USERS.replace("sourcedId", "a_sourcedId", 1), "a_sourcedId carries a prefix of the SIS"),
        (USERS.replace(",", ";"), "separated by ';'"),
        (USERS.replace(",", "\t"), "separated by tabs"),
        (USERS.replace("familyName", "famillyName"), r"Is it famillyName\?"),
    ],
)
def test_a_refusal_says_what_to_do(deliver: Deliver, header: str, advice: str):
    with pytest.raises(ImportRefused, match=advice):
        roster(deliver(files_11(users=table(header, STUDENT))))


def test_a_column_named_twice(deliver: Deliver):
    def read(second: str) -> Roster:
        rows = table(f"{USERS},role", f"{STUDENT},{second}")
        return roster(deliver(files_11(users=rows, enrollments=table(ENROLLMENTS, "E,,,C1,,S1,student,,,"))))

    assert ("users.csv", "DUPLICATE_COLUMN", "role") in codes(read(" student "))
    for second in ("teacher", ""):
        with pytest.raises(
            ImportRefused, match=r"users\.csv: the header names role twice.*line 2.*Nothing was changed"
        ):
            read(second)


def test_an_unused_column_named_twice_is_nobodys_business(deliver: Deliver):
    rows = table(f"{CLASSES},lunch,lunch,dateLastModified", "C1,,,Art,,K1,,,,NORTH,FALL,,,,a,b,c")
    assert codes(roster(deliver(files_11(classes=rows)))) == []
