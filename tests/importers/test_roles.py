"""OneRoster 1.2: roles.csv and userProfiles.csv laid onto users (policies.md, Words)."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from rostersync.errors import ImportRefused
from rostersync.model.delivery import Delivery
from tests.importers.district import (
    PROFILES,
    ROLES,
    codes,
    files_11,
    files_12,
    finding,
    manifest,
    roster,
    table,
    user,
)

Deliver = Callable[[dict[str, str | bytes]], Delivery]
STUDENT = "R1,,,S1,primary,student,,,NORTH,"


def test_a_sound_set_says_nothing(deliver: Deliver):
    found = roster(deliver(files_12()))
    assert (found.version, codes(found)) == ("1.2", [])
    assert found.missing["users"] == {"profiles"}


def test_roles_and_schools_of_a_user(deliver: Deliver):
    found = roster(deliver(files_12()))
    bo = user(found, "P1")
    assert (bo["role"], bo["roles"], bo["school_ids"]) == ("teacher", "teacher,guardian", "SOUTH,NORTH")
    ada = user(found, "S1")
    assert (ada["role"], ada["roles"], ada["school_ids"]) == ("student", "student", "NORTH")
    assert (ada["preferred_given_name"], ada["primary_org_id"], ada["pronouns"]) == ("Addie", "NORTH", "she/her")


@pytest.mark.parametrize(
    ("rows", "roles", "schools"),
    [
        (["secondary,teacher,,,NORTH", "secondary,principal,,,SOUTH"], "administrator,teacher", "SOUTH,NORTH"),
        (["primary,parent,,,NORTH", "secondary,principal,,,SOUTH"], "guardian,administrator", "SOUTH,NORTH"),
        (["primary,parent,,,NORTH", "primary,teacher,,,DISTRICT"], "teacher,guardian", "DISTRICT,NORTH"),
        (["secondary,aide,,,NORTH", "secondary,teacher,,,DISTRICT"], "teacher", "DISTRICT,NORTH"),
        (["secondary,student,,,NORTH", "primary,aide,,,DISTRICT", "secondary,parent,,,SOUTH"], None, None),
    ],
)
def test_which_role_leads(deliver: Deliver, rows: list[str], roles: str | None, schools: str | None):
    lines = [f"R{number + 2},,,P1,{row}," for number, row in enumerate(rows)]
    for order in (lines, lines[::-1]):
        found = user(roster(deliver(files_12(roles=table(ROLES, STUDENT, *order)))), "P1")
        assert found["roles"] == (roles or "teacher,guardian,student")
        assert found["school_ids"] == (schools or "SOUTH,DISTRICT,NORTH")


def test_a_user_without_a_role_is_rejected(deliver: Deliver):
    found = roster(deliver(files_12(roles=table(ROLES, STUDENT))))
    assert found.rejected_users["sourced_id"].to_list() == ["P1"]
    error = finding(found, "REQUIRED_VALUE_MISSING")
    assert (error["file"], error["line"], error["column"]) == ("users.csv", 3, "role")


def test_an_unknown_role_rejects_its_row_and_keeps_the_user_as_he_was(deliver: Deliver):
    rows = (STUDENT, "R2,,,P1,primary,teacher,,,SOUTH,", "R3,,,P1,secondary,wizard,,,NORTH,")
    found = roster(deliver(files_12(roles=table(ROLES, *rows))))
    assert found.rejected_users["sourced_id"].to_list() == ["P1"]
    assert codes(found) == [("roles.csv", "UNKNOWN_ROLE", "role"), ("users.csv", "ROLE_ROW_REJECTED", "role")]


def test_a_role_of_the_districts_own_is_ignored(deliver: Deliver):
    rows = (STUDENT, "R2,,,P1,primary,teacher,,,SOUTH,", "R3,,,P1,secondary,ext:coach,,,NORTH,")
    found = roster(deliver(files_12(roles=table(ROLES, *rows))))
    assert user(found, "P1")["roles"] == "teacher"
    assert codes(found) == [("roles.csv", "EXTENSION_ROLE", "role")]
    alone = roster(deliver(files_12(roles=table(ROLES, STUDENT, rows[2]))))
    assert alone.rejected_users["sourced_id"].to_list() == ["P1"]
    assert finding(alone, "UNKNOWN_ROLE")["file"] == "users.csv"


def test_a_role_row_without_its_user_makes_users_unreadable(deliver: Deliver):
    rows = (STUDENT, "R2,,,P1,primary,teacher,,,SOUTH,", "R3,,,,secondary,parent,,,NORTH,")
    found = roster(deliver(files_12(roles=table(ROLES, *rows))))
    assert found.unreadable == {"users"}
    assert finding(found, "REQUIRED_VALUE_MISSING")["file"] == "roles.csv"


def test_deleted_role_rows_do_not_count(deliver: Deliver):
    rows = (STUDENT, "R2,,,P1,primary,teacher,,,SOUTH,", "R3,tobedeleted,,P1,secondary,parent,,,NORTH,")
    found = roster(deliver(files_12(roles=table(ROLES, *rows))))
    assert user(found, "P1")["roles"] == "teacher"


def test_roles_of_unknown_users_and_orgs_are_warned_of(deliver: Deliver):
    rows = (STUDENT, "R2,,,P1,primary,teacher,,,WEST,", "R3,,,X9,secondary,parent,,,NORTH,")
    found = roster(deliver(files_12(roles=table(ROLES, *rows))))
    assert codes(found) == [
        ("roles.csv", "UNKNOWN_REFERENCE", "orgSourcedId"),
        ("roles.csv", "UNKNOWN_REFERENCE", "userSourcedId"),
    ]


def test_profiles_are_one_text_without_the_password(deliver: Deliver):
    profiles = table(
        PROFILES,
        "U2,,,P1,login,mail,,,password,bo2,secret-3",
        "U1,,,P1,login,library,app,text,card,bo,secret-4",
        "U3,tobedeleted,,P1,login,old,,,card,bo,",
    )
    found = roster(deliver(files_12(userProfiles=profiles, manifest=manifest("1.2", userProfiles="bulk"))))
    assert user(found, "P1")["profiles"] == "login|library|card|bo; login|mail|password|bo2"
    assert user(found, "S1")["profiles"] is None
    assert "profiles" not in found.missing["users"]


def test_a_set_without_manifest_is_what_its_columns_say(deliver: Deliver):
    assert roster(deliver(files_12(manifest=None))).version == "1.2"


@pytest.mark.parametrize(("said", "there"), [("1.1", "1.2"), ("1.2", "1.1")])
def test_the_columns_win_over_the_manifest(deliver: Deliver, said: str, there: str):
    files = files_12 if there == "1.2" else files_11
    modes = {"roles": "bulk"} if said == "1.1" else {"roles": "absent"}
    found = roster(deliver(files(manifest=manifest(said, **modes))))
    assert found.version == there
    assert finding(found, "MANIFEST_DISAGREES")["column"] == "oneroster.version"


def test_without_any_role_the_set_is_refused(deliver: Deliver):
    for mode in ("bulk", ""):
        with pytest.raises(ImportRefused, match=r"role is missing.*mark roles absent"):
            roster(deliver(files_12(roles=None, manifest=manifest("1.2", roles=mode))))
    with pytest.raises(ImportRefused, match=r"roles\.csv has a header but no rows"):
        roster(deliver(files_12(roles=table(ROLES))))


def test_roles_that_the_manifest_marks_absent_say_nothing(deliver: Deliver):
    found = roster(deliver(files_12(roles=None, manifest=manifest("1.2", roles="absent"))))
    assert (found.version, codes(found)) == ("1.2", [])
    assert found.missing["users"] == {"profiles", "role", "roles", "school_ids"}
    assert [user(found, "S1")[name] for name in ("role", "roles", "school_ids", "given_name")] == [None] * 3 + ["Ada"]
    assert found.rejected_users.is_empty()
    assert not found.unreadable


def test_users_with_a_role_of_their_own_are_read_by_it(deliver: Deliver):
    """A manifest of 1.2 that marks roles absent over users of 1.1: nothing is unsaid."""
    found = roster(deliver(files_11(manifest=manifest("1.2", roles="absent"))))
    assert found.version == "1.1"
    assert user(found, "S1")["role"] == "student"
