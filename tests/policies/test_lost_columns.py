"""R-V4: a column missing from the header says nothing, whatever rule would have read it."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

import pytest

from rostersync.errors import StateError
from rostersync.state import snapshot
from tests.policies.district import District, enrollment, guardian, school_class, student, teacher

PEOPLE = [
    student("S1", "G1"),
    guardian("G1"),
    teacher("T1"),
    student("S2", orgSourcedIds="B"),
]
CLASSES = [school_class("K1")]
MEMBERS = [enrollment("K1", "S1"), enrollment("K1", "T1", "teacher", primary="true")]


@pytest.mark.parametrize(
    "lost",
    [
        {"users": ["orgSourcedIds"]},
        {"classes": ["schoolSourcedId"]},
        {"users": ["agentSourcedIds"]},
        {"enrollments": ["primary"]},
        {"enrollments": ["sourcedId", "beginDate", "endDate"]},
        {"classes": ["termSourcedIds"]},
    ],
    ids=str,
)
@pytest.mark.parametrize("include", [(), ("A",)], ids=["all schools", "school A alone"])
def test_r_v4_and_r_v7_a_lost_column_changes_nothing(
    tmp_path: Path, lost: dict[str, list[str]], include: tuple[str, ...]
) -> None:
    district = District(tmp_path, include=include)
    district.night(PEOPLE, CLASSES, MEMBERS)
    before = district.everything()
    district.night(PEOPLE, CLASSES, MEMBERS, without=lost)
    assert district.everything() == before


@pytest.mark.parametrize("lost", [{"classes": ["termSourcedIds"]}, {"enrollments": ["endDate"]}], ids=str)
def test_r_v4_and_r_k6_a_lost_column_brings_no_dropped_enrollment_back(
    tmp_path: Path, lost: dict[str, list[str]]
) -> None:
    district = District(tmp_path)
    district.night(PEOPLE, CLASSES, [enrollment("K1", "S1")])
    dropped = [enrollment("K1", "S1", endDate="2026-09-15")]
    district.night(PEOPLE, CLASSES, dropped)
    assert district.enrollments() == {("K1", "S1"): "ended"}
    district.night(PEOPLE, CLASSES, dropped, without=lost)
    assert district.enrollments() == {("K1", "S1"): "ended"}


def test_r_v7_a_night_whose_files_are_all_absent_changes_nothing(tmp_path: Path) -> None:
    district = District(tmp_path, include=("A",))
    district.night(PEOPLE, CLASSES, MEMBERS)
    before = district.everything()
    manifest = tmp_path / "manifest only"
    manifest.mkdir()
    names = ("academicSessions", "classes", "courses", "enrollments", "orgs", "users")
    rows = ["propertyName,value", "manifest.version,1.0", "oneroster.version,1.1"]
    rows += [f"file.{name},absent" for name in names]
    (manifest / "manifest.csv").write_text("\r\n".join(rows) + "\r\n", encoding="utf-8")
    district.sync(manifest)
    assert district.everything() == before


def test_a_school_that_only_a_list_of_the_state_names_may_have_settings(tmp_path: Path) -> None:
    district = District(tmp_path)
    people = [student("S1", orgSourcedIds="A,Z")]
    district.night(people)
    district.configure(schools={"Z": {"restore_classes": False}})
    district.night([student("S1")])
    assert district.user("S1")["school_ids"] == "A"


def test_a_snapshot_folder_that_cannot_be_written_is_said_plainly(tmp_path: Path) -> None:
    district = District(tmp_path)
    snapshot.folder_of(tmp_path / "state.db").write_text("in the way")
    with pytest.raises(StateError, match="cannot be written"):
        district.night([student("S1")])
    assert district.ids() == set()


def test_a_reader_may_look_while_a_first_load_is_killed(tmp_path: Path) -> None:
    district = District(tmp_path)
    connection = sqlite3.connect(tmp_path / "state.db")
    try:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        district.night(PEOPLE, CLASSES, MEMBERS)
        assert connection.execute("SELECT count(*) FROM roster_users").fetchone()[0] == len(PEOPLE) + 1
    finally:
        connection.close()
    assert not os.path.exists(tmp_path / "state.db-journal")  # noqa: PTH110 - a plain look
