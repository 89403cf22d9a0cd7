"""`validate --strict`: the whole OneRoster specification."""

from __future__ import annotations

from collections.abc import Callable

import polars as pl
import pytest

from rostersync.errors import ImportRefused
from rostersync.importers.specification import specification
from rostersync.importers.validate import validate
from rostersync.model.delivery import Delivery
from rostersync.model.findings import FINDING_COLUMNS
from tests.importers import district
from tests.importers.district import (
    CLASS,
    ENROLLMENT,
    ENROLLMENTS,
    PROFILES,
    ROLES,
    STUDENT,
    TEACHER,
    TODAY,
    codes,
    files_11,
    files_12,
    finding,
    manifest,
    table,
)

Deliver = Callable[[dict[str, str | bytes]], Delivery]


@pytest.fixture
def check(deliver: Deliver) -> Callable[..., pl.DataFrame]:
    """What strict validation says of these files."""

    def made(files: dict[str, str | bytes], *, strict: bool = True) -> pl.DataFrame:
        return validate(deliver(files), region="US", encoding="auto", today=TODAY, strict=strict)

    return made


@pytest.mark.parametrize("files", [files_11(), files_12()], ids=["1.1", "1.2"])
def test_a_set_to_the_letter_of_the_specification(check: Callable[..., pl.DataFrame], files: dict[str, str | bytes]):
    found = check(files)
    assert codes(found) == []
    assert tuple(found.columns) == FINDING_COLUMNS


def test_the_specification_is_whole():
    assert {version: len(specification(version)) for version in ("1.1", "1.2")} == {"1.1": 13, "1.2": 21}
    header = [column.name for column in specification("1.1")["users"].columns]
    assert ",".join(header) == district.USERS
    header = [column.name for column in specification("1.2")["users"].columns]
    assert ",".join(header) == district.USERS_12


def change(file: str, old: str, new: str) -> dict[str, str | bytes]:
    files = files_11()
    return files | {file: str(files[file]).replace(old, new, 1)}


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        (change("users", "enabledUser", "EnabledUser"), ("users.csv", "HEADER_CASE", "EnabledUser")),
        (change("users", "password", "secret"), ("users.csv", "UNKNOWN_COLUMN", "secret")),
        (change("users", "password", "secret"), ("users.csv", "MISSING_COLUMN", "password")),
        (change("users", "givenName,familyName", "familyName,givenName"), ("users.csv", "COLUMN_ORDER", None)),
        (change("users", ",true,", ",TRUE,"), ("users.csv", "UNKNOWN_WORD", "enabledUser")),
        (change("users", ",student,ada,", ",Student,ada,"), ("users.csv", "UNKNOWN_WORD", "role")),
        (change("users", ",ada,", ",,"), ("users.csv", "REQUIRED_VALUE_MISSING", "username")),
        (change("users", "S1,,,", "S1,,2026-01-01T00:00:00Z,"), ("users.csv", "STATUS_IN_BULK", "dateLastModified")),
        (change("users", "S1,,,", "S1,gone,,"), ("users.csv", "UNKNOWN_WORD", "status")),
        (change("users", '"P1,P2"', '"P1, P2"'), ("users.csv", "INVALID_ID", "agentSourcedIds")),
        (change("users", '"P1,P2"', "P9"), ("users.csv", "UNKNOWN_REFERENCE", "agentSourcedIds")),
        (change("users", "T-1", '"T\n1"'), ("users.csv", "LINE_BREAK", "identifier")),
        (change("users", "secret-1", "secret-1,more"), ("users.csv", "CELL_COUNT", None)),
        (change("classes", "scheduled", "Scheduled"), ("classes.csv", "UNKNOWN_WORD", "classType")),
        (change("classes", ",K1,", ",,"), ("classes.csv", "REQUIRED_VALUE_MISSING", "courseSourcedId")),
        (change("classes", ",Art,A,", ',"Art,Drama",A,'), ("classes.csv", "SUBJECT_PAIRS", "subjectCodes")),
        (change("classes", "C1,", "C:1,"), ("classes.csv", "INVALID_ID", "sourcedId")),
        (change("enrollments", "false", "true"), ("enrollments.csv", "PRIMARY_NOT_TEACHER", "primary")),
        (change("enrollments", "2026-08-24", "24.8.2026"), ("enrollments.csv", "INVALID_DATE", "beginDate")),
        (change("enrollments", "2026-08-24", "2026-02-30"), ("enrollments.csv", "INVALID_DATE", "beginDate")),
        (change("enrollments", "E2,", "E1,"), ("enrollments.csv", "DUPLICATE_ID", "sourcedId")),
        (change("academicSessions", "2027", "27"), ("academicSessions.csv", "WRONG_TYPE", "schoolYear")),
        (change("orgs", "district", "diocese"), ("orgs.csv", "UNKNOWN_WORD", "type")),
        (change("manifest", "file.results,absent\n", ""), ("manifest.csv", "MANIFEST_ENTRY", "file.results")),
        (change("manifest", "manifest.version,1.0", "manifest.version,2"), ("manifest.csv", "MANIFEST_ENTRY", None)),
        (files_11(demographics="sourcedId\n"), ("demographics.csv", "EMPTY_FILE", None)),
        (files_11(results=table("sourcedId", "R1")), ("results.csv", "MISSING_COLUMN", "score")),
        (files_11(manifest=None), ("manifest.csv", "MANIFEST_MISSING", None)),
        (files_11() | {"students.csv": "a,b\n"}, ("students.csv", "UNKNOWN_FILE", None)),
    ],
)
def test_what_is_not_to_the_letter(
    check: Callable[..., pl.DataFrame], files: dict[str, str | bytes], expected: tuple[str, str, str | None]
):
    found = codes(check(files))
    file, code, column = expected
    assert any(row[:2] == (file, code) and column in {None, row[2]} for row in found), found


def test_columns_of_ones_own_come_last(check: Callable[..., pl.DataFrame]):
    users = str(files_11()["users"]).splitlines()
    last = table(f"{users[0]},metadata.bus", *(f"{row},7" for row in users[1:]))
    assert codes(check(files_11(users=last))) == []
    first = table(f"metadata.bus,{users[0]}", *(f"7,{row}" for row in users[1:]))
    assert codes(check(files_11(users=first))) == [("users.csv", "COLUMN_ORDER", "metadata.bus")]


def test_encoding_and_file_name(check: Callable[..., pl.DataFrame]):
    files = files_11()
    users = str(files.pop("users")).replace("Ada", "Zoë").encode("cp1252")
    found = codes(check(files | {"USERS.csv": users}))
    assert found == [
        ("users.csv", "ENCODING", None),
        ("users.csv", "FILE_NAME", None),
        ("users.csv", "WINDOWS_1252", None),
    ]


def test_delta_files_that_the_sync_does_not_read_fill_status(check: Callable[..., pl.DataFrame]):
    header = "sourcedId,status,dateLastModified,title"
    files = files_11(categories=table(header, "K1,,,Homework"), manifest=manifest(categories="delta"))
    assert codes(check(files)) == [
        ("categories.csv", "REQUIRED_VALUE_MISSING", "dateLastModified"),
        ("categories.csv", "REQUIRED_VALUE_MISSING", "status"),
    ]
    filled = table(header, "K1,active,2026-11-20T08:00:00.000Z,Homework")
    assert codes(check(files | {"categories": filled})) == []


def test_words_of_a_districts_own_in_1_2(check: Callable[..., pl.DataFrame]):
    enrollments = table(ENROLLMENTS, ENROLLMENT)
    orgs = str(files_12()["orgs"]).replace("district", "ext:diocese", 1)
    assert codes(check(files_12(orgs=orgs, enrollments=enrollments))) == []
    orgs = str(files_11()["orgs"]).replace("district", "ext:diocese", 1)
    assert codes(check(files_11(orgs=orgs))) == [("orgs.csv", "UNKNOWN_WORD", "type")]


def test_users_of_1_2_0_have_a_column_more(check: Callable[..., pl.DataFrame]):
    users = str(files_12()["users"]).replace("userMasterIdentifier,", "userMasterIdentifier,resourceSourcedIds,")
    users = users.replace(",secret-1,,", ",secret-1,,,").replace(",secret-2,,", ",secret-2,,,")
    assert codes(check(files_12(users=users))) == []


def test_one_primary_role_per_user_and_org(check: Callable[..., pl.DataFrame]):
    rows = ("R1,,,S1,primary,student,,,NORTH,", "R2,,,P1,primary,parent,,,NORTH,", "R3,,,P1,primary,aide,,,NORTH,")
    assert codes(check(files_12(roles=table(ROLES, *rows)))) == [("roles.csv", "SECOND_PRIMARY", "roleType")] * 2


def test_no_password_is_shown(check: Callable[..., pl.DataFrame]):
    profiles = table(PROFILES, 'U1,,,P1,login,mail,,,card,bo,"secret\n9"')
    files = files_12(userProfiles=profiles, manifest=manifest("1.2", userProfiles="bulk"))
    found = check(files)
    assert codes(found) == [("userProfiles.csv", "LINE_BREAK", "password")]
    assert "secret" not in str(found.rows())


def test_without_strict_only_what_a_sync_minds(check: Callable[..., pl.DataFrame]):
    files = change("classes", "scheduled", "Scheduled")
    assert codes(check(files, strict=False)) == []


def test_references_have_to_resolve_in_the_files(check: Callable[..., pl.DataFrame]):
    files = files_11(enrollments=table(ENROLLMENTS, ENROLLMENT.replace("S1", "S9")))
    assert finding(check(files, strict=False), "UNKNOWN_USER")["value"] == "S9"
    absent = files_11(users=None, manifest=manifest(users="absent"))
    assert codes(check(absent, strict=False)) == []


def test_a_refused_set_is_refused_here_too(check: Callable[..., pl.DataFrame]):
    for strict in (True, False):
        with pytest.raises(ImportRefused):
            check(files_11(users=table(district.USERS)), strict=strict)


def test_the_district_of_these_tests_has_what_they_change():
    assert all(text in str(files_11()) for text in (STUDENT, TEACHER, CLASS))
