"""What the report of a night says of findings beside the nights before: new, still there since when, fixed."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from rostersync import pipeline, plans, rewriting, settings, two_steps, undoing
from rostersync.importers import finding_list
from rostersync.policies import findings_ledger
from tests.policies.district import District, student, teacher

BAD = {"email": "no address"}
# in Los Angeles it is still the 20th, the 21st, the 22nd
FIRST, SECOND, THIRD = (datetime(2026, 11, day, 5, 30, tzinfo=UTC) for day in (21, 22, 23))
ONE = "2026-11-20"


class Marked(District):
    """A district whose reports are workbooks too."""

    @property
    def settings(self) -> settings.Settings:
        return settings.load(
            self.folder / "rostersync.toml",
            {"ROSTERSYNC_REPORTS__FORMATS": "csv,html,xlsx", "ROSTERSYNC_DISTRICT__TIMEZONE": "America/Los_Angeles"},
        )


@pytest.fixture
def district(tmp_path: Path) -> Marked:
    return Marked(tmp_path)


def sheet(folder: Path, name: str) -> list[dict[str, Any]]:
    book = openpyxl.load_workbook(folder / "report.xlsx")
    if name not in book.sheetnames:
        return []
    header, *rows = book[name].iter_rows(values_only=True)
    return [dict(zip(map(str, header), row, strict=True)) for row in rows]


def marks(folder: Path, code: str = "INVALID_EMAIL") -> dict[str | None, tuple[str | None, str | None]]:
    """Record -> what is said of its finding."""
    return {row["id"]: (row["mark"], row["since"]) for row in sheet(folder, "issues") if row["code"] == code}


def fixed(folder: Path) -> dict[str, tuple[str, str]]:
    return {row["id"]: (row["code"], row["since"]) for row in sheet(folder, "fixed")}


def test_new_then_still_there_since_the_district_s_day_then_fixed(district: Marked) -> None:
    first = district.night([student("S1", **BAD), teacher("T1")], now=FIRST)
    assert marks(first.folder) == {"S1": ("new", None)}
    assert fixed(first.folder) == {}
    second = district.night([student("S1", **BAD), teacher("T1", **BAD)], now=SECOND)
    assert marks(second.folder) == {"S1": ("still", ONE), "T1": ("new", None)}
    third = district.night([student("S1"), teacher("T1", **BAD)], now=THIRD)
    assert marks(third.folder) == {"T1": ("still", "2026-11-21")}
    assert fixed(third.folder) == {"S1": ("INVALID_EMAIL", ONE)}
    (row,) = third.rows("issues", id="T1")
    assert list(row) == ["severity", "file", "line", "id", "column", "code", "value", "message"]


def test_what_comes_back_after_it_was_fixed_is_new(district: Marked) -> None:
    district.night([student("S1", **BAD)], now=FIRST)
    district.night([student("S1")], now=SECOND)
    third = district.night([student("S1", **BAD)], now=THIRD)
    assert (marks(third.folder), fixed(third.folder)) == ({"S1": ("new", None)}, {})


def test_every_row_stands_beside_its_own_mark_whatever_the_order(district: Marked) -> None:
    district.night([student(f"S{n}", **BAD) for n in (1, 4, 7)], now=FIRST)
    people = [student(f"S{n}", sms="1-2", **BAD) for n in range(9)]
    second = district.night(people, shuffle=3, now=SECOND)
    expected = {f"S{n}": ("still", ONE) if n in (1, 4, 7) else ("new", None) for n in range(9)}
    assert marks(second.folder) == expected
    assert set(marks(second.folder, "INVALID_PHONE").values()) == {("new", None)}


def test_a_delta_and_an_absent_file_call_nothing_fixed(district: Marked) -> None:
    district.night([student("S1", **BAD), student("S2")], now=FIRST)
    delta = district.delta([student("S2", status="active", **BAD)])
    assert (marks(delta.folder), fixed(delta.folder)) == ({"S2": ("new", None)}, {})


def test_what_slides_into_a_list_is_still_there_nobody_knows_since_when(
    district: Marked, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(findings_ledger, "LISTED", 2)
    first = district.night([student(f"S{n}", **BAD) for n in (1, 2, 3, 4)], now=FIRST)
    # S3 and S4 are listed in the file, and beyond what is followed
    assert marks(first.folder) == {"S1": ("new", None), "S2": ("new", None), "S3": (None, None), "S4": (None, None)}
    second = district.night([student("S1"), *(student(f"S{n}", **BAD) for n in (2, 3, 4))], now=SECOND)
    assert marks(second.folder) == {"S2": ("still", ONE), "S3": ("still", None), "S4": (None, None)}
    assert set(fixed(second.folder)) == {"S1"}
    third = district.night([student(f"S{n}", **BAD) for n in (0, 2, 3, 4)], now=THIRD)
    # S3 slid out again: it is known by now
    assert marks(third.folder)["S0"] == ("new", None)
    assert marks(third.folder)["S3"][0] == "still"
    assert fixed(third.folder) == {}


def test_a_row_that_stands_for_others_has_no_mark(district: Marked, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(finding_list, "LISTED", 2)
    report = district.night([student(f"S{n}", orgSourcedIds=f"nowhere{n}") for n in range(4)], now=FIRST)
    rows = [row for row in sheet(report.folder, "issues") if row["code"] == "UNKNOWN_REFERENCE"]
    assert [(row["id"], row["mark"]) for row in rows if row["id"] is not None] == [("S0", "new"), ("S1", "new")]
    assert [row["mark"] for row in rows if row["id"] is None] == [None]


def test_a_dry_run_says_what_the_sync_after_it_says(district: Marked) -> None:
    district.night([student("S1", **BAD), student("S2", **BAD)], now=FIRST)
    people = [student("S1"), student("S2", **BAD), student("S3", **BAD)]
    dry = district.night(people, dry_run=True, now=SECOND)
    real = district.night(people, now=SECOND)
    for folder in (dry.folder, real.folder):
        assert marks(folder) == {"S2": ("still", ONE), "S3": ("new", None)}
        assert fixed(folder) == {"S1": ("INVALID_EMAIL", ONE)}


def test_an_applied_plan_is_marked_by_what_the_ledger_knows_by_then(district: Marked) -> None:
    district.night([student("S1", **BAD), student("S2", **BAD)], now=FIRST)
    folder = district.files([student("S1"), student("S2", **BAD), student("S3", email="")])
    kept = district.folder / "plan.json"
    two_steps.plan(district.settings, kept, source=folder)
    done = two_steps.apply(district.settings, plans.read(kept))
    assert done.report_folder is not None
    assert marks(done.report_folder) == {"S2": ("still", ONE)}
    assert fixed(done.report_folder) == {"S1": ("INVALID_EMAIL", ONE)}


def test_a_plan_whose_findings_a_night_took_down_meanwhile_calls_them_still_there(district: Marked) -> None:
    people = [student("S1"), student("S2", email="")]
    district.night(people, now=FIRST)
    folder = district.files([people[0], student("S2", **BAD)])
    kept = district.folder / "plan.json"
    planned = two_steps.plan(district.settings, kept, source=folder)
    assert planned.report_folder is not None
    assert marks(planned.report_folder) == {"S2": ("new", None)}
    # this night changes no record: the plan still is of the state
    pipeline.sync(district.settings, source=folder, dry_run=False, full=False)
    done = two_steps.apply(district.settings, plans.read(kept))
    assert done.report_folder is not None
    assert marks(done.report_folder)["S2"][0] == "still"
    assert done.summary.ledger["INVALID_EMAIL"] == {"new": 0, "still": 1, "fixed": 0, "unlisted": 0}


@pytest.mark.parametrize("on_trip", ["hold", "stop"])
def test_a_held_or_stopped_night_is_marked_too(tmp_path: Path, on_trip: str) -> None:
    district = Marked(tmp_path, guards={"on_trip": on_trip})
    people = [student(f"S{n}", **BAD) for n in range(12)]
    district.night(people, now=FIRST)
    second = district.night([*people[:1], student("S99", **BAD)], now=SECOND)
    assert second.summary["run"]["exit_code"] == 5
    assert marks(second.folder) == {"S0": ("still", ONE), "S99": ("new", None)}
    assert set(fixed(second.folder)) == {f"S{n}" for n in range(1, 12)}
    third = district.night([*people[:1], student("S99", **BAD)], now=THIRD)
    assert marks(third.folder)["S99"] == (("still", "2026-11-21") if on_trip == "hold" else ("new", None))
    assert bool(fixed(third.folder)) == (on_trip == "stop")


def test_an_undo_marks_nothing_and_the_night_after_it_is_marked_as_before(district: Marked) -> None:
    district.night([student("S1", **BAD), student("S2", **BAD)], now=FIRST)
    second = district.night([student("S1", **BAD), student("S2")], now=SECOND)
    undone = undoing.undo(district.settings, None, dry_run=False)
    assert undone.outcome is not None
    assert undone.outcome.report_folder is not None
    assert sheet(undone.outcome.report_folder, "issues") == sheet(undone.outcome.report_folder, "fixed") == []
    again = district.night([student("S1", **BAD), student("S2")], now=THIRD)
    assert marks(again.folder) == marks(second.folder) == {"S1": ("still", ONE)}
    assert fixed(again.folder) == fixed(second.folder)


def test_a_night_that_repeats_the_last_one_has_the_marks_of_its_own(district: Marked) -> None:
    district.night([student("S1", **BAD), student("S2", **BAD)], now=FIRST)
    second = district.night([student("S1", **BAD), student("S2"), student("S3", **BAD)], now=SECOND)
    assert (marks(second.folder)["S3"], set(fixed(second.folder))) == (("new", None), {"S2"})
    district.recognises = True
    third = district.sync(district.folder / "night2", now=THIRD)
    assert "read" not in third.summary["seconds"], "it was not recognised"
    assert marks(third.folder) == {"S1": ("still", ONE), "S3": ("still", "2026-11-21")}
    assert fixed(third.folder) == {}


def test_a_report_written_again_is_marked_as_it_was(district: Marked) -> None:
    district.night([student("S1", **BAD), student("S2", **BAD)], now=FIRST)
    second = district.night([student("S1", **BAD), student("S2"), student("S3", **BAD)], now=SECOND)
    before = {path.name: path.read_bytes() for path in second.folder.iterdir()}
    district.night([student("S1"), student("S2", **BAD), student("S3")], now=THIRD)
    shutil.rmtree(second.folder)
    rewriting.rewrite(district.settings, second.summary["run"]["run_id"], None)
    assert {path.name: path.read_bytes() for path in second.folder.iterdir()} == before
