"""Delta files as they are read, before they are laid over the base (policies.md R-V5)."""

from __future__ import annotations

from collections.abc import Callable

import polars as pl
import pytest

from rostersync.importers.validate import validate
from rostersync.model.delivery import Delivery
from tests.importers.district import (
    CLASSES,
    ENROLLMENTS,
    ROLES,
    TODAY,
    USERS,
    USERS_12,
    codes,
    files_11,
    files_12,
    finding,
    manifest,
    roster,
    table,
)

Deliver = Callable[[dict[str, str | bytes]], Delivery]
ROW = "{},{},{},true,NORTH,student,ada,,Ada,Birch,,,,,,,05,"


def users(deliver: Deliver, *rows: tuple[str, str]):
    """A delta of users with these sourcedIds and statuses."""
    lines = [ROW.format(sourced_id, status, "2026-11-20T00:00:00Z") for sourced_id, status in rows]
    return roster(deliver(files_11(users=table(USERS, *lines), manifest=manifest(users="delta"))))


def test_which_file_is_taken_as_what(deliver: Deliver):
    found = users(deliver, ("S1", "active"))
    assert dict(found.modes) == {
        "users": "delta",
        "roles": "absent",
        "profiles": "absent",
        "classes": "bulk",
        "enrollments": "bulk",
        "orgs": "bulk",
        "courses": "bulk",
        "academic_sessions": "bulk",
    }
    assert codes(found) == [], "a filled status is what a delta has"


@pytest.mark.parametrize("word", ["tobedeleted", "inactive", "TOBEDELETED"])
def test_rows_that_delete(deliver: Deliver, word: str):
    found = users(deliver, ("S1", word), ("S2", "active"))
    assert (found.users["sourced_id"].to_list(), found.deleted_users, codes(found)) == (["S2"], {"S1"}, [])


def test_a_blank_status_is_active_with_a_warning(deliver: Deliver):
    found = users(deliver, ("S1", ""), ("S2", ""), ("S3", "active"))
    assert found.users["sourced_id"].to_list() == ["S1", "S2", "S3"]
    assert codes(found) == [("users.csv", "STATUS_BLANK", "status")]
    assert "2 rows" in str(finding(found, "STATUS_BLANK")["message"])


def test_another_word_rejects_the_row(deliver: Deliver):
    found = users(deliver, ("S1", "deleted"), ("S2", "active"))
    assert (found.users["sourced_id"].to_list(), found.rejected_users["sourced_id"].to_list()) == (["S2"], ["S1"])
    assert finding(found, "UNKNOWN_STATUS")["value"] == "deleted"


def test_a_sourced_id_that_is_asserted_and_deleted(deliver: Deliver):
    found = users(deliver, ("S1", "active"), ("S1", "tobedeleted"), ("S2", "tobedeleted"), ("S2", "tobedeleted"))
    assert (found.users.height, found.deleted_users, set(found.rejected_users["sourced_id"])) == (0, {"S2"}, {"S1"})
    assert codes(found) == [("users.csv", "DUPLICATE_ID", "sourcedId")] * 2


def test_the_same_in_a_bulk_file_counts_as_before(deliver: Deliver):
    lines = [ROW.format("S1", status, "") for status in ("", "tobedeleted")]
    found = roster(deliver(files_11(users=table(USERS, *lines))))
    assert found.users["sourced_id"].to_list() == ["S1"]
    assert ("users.csv", "STATUS_IN_BULK", "status") in codes(found)


@pytest.mark.parametrize("file", ["users", "classes", "enrollments", "orgs", "academicSessions"])
def test_a_delta_file_may_have_no_rows(deliver: Deliver, file: str):
    header = {"users": USERS, "classes": CLASSES, "enrollments": ENROLLMENTS}.get(file, "sourcedId,status")
    found = roster(deliver(files_11(**{file: table(header)}, manifest=manifest(**{file: "delta"}))))
    assert "EMPTY_FILE" not in {code for _, code, _ in codes(found)}


def test_enrollments_of_a_delta_are_all_to_be_resolved(deliver: Deliver):
    rows = ("E1,active,,C1,NORTH,S1,student,,,", "E2,tobedeleted,,,,,,,,", "E3,active,,C9,NORTH,S9,student,,,")
    found = roster(deliver(files_11(enrollments=table(ENROLLMENTS, *rows), manifest=manifest(enrollments="delta"))))
    assert (found.enrollments.height, found.unresolved["sourced_id"].to_list()) == (0, ["E1", "E3"])
    assert found.deleted_enrollments["sourced_id"].to_list() == ["E2"]
    assert codes(found) == []


def test_a_delta_of_1_2_is_validated_by_itself(deliver: Deliver):
    modes = {"users": "delta", "roles": "delta", "classes": "absent", "enrollments": "absent"}
    files = files_12(
        users=table(USERS_12, "S9,active,,true,ada,,Ada,,,,,,,,,,,,,,,", "S8,active,,true,bo,,Bo,Birch,,,,,,,,,,,,,,"),
        roles=table(ROLES, "R9,active,,S9,primary,wizard,,,NORTH,"),
        classes=None,
        enrollments=None,
        manifest=manifest("1.2", **modes),
    )
    found = validate(deliver(files), region="US", encoding="auto", today=TODAY, strict=False)
    errors = found.filter(pl.col("severity") == "error").select("id", "code", "column").rows()
    assert sorted(errors, key=str) == [
        ("R9", "UNKNOWN_ROLE", "role"),
        ("S9", "REQUIRED_VALUE_MISSING", "familyName"),
        ("S9", "ROLE_ROW_REJECTED", "role"),
    ]
