"""The ledger of findings: new, still there or fixed, whatever line a row stands in (R-V2 to R-V5)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from rostersync import undoing
from rostersync.importers import finding_list
from rostersync.policies import findings_ledger
from rostersync.state.connection import reading
from rostersync.state.findings_ledger import open_findings
from tests.policies.district import District, Report, school_class, student, teacher

BAD = {"email": "no address"}
LEDGER = ("findings_ledger", "findings_unlisted", "meta")


@pytest.fixture
def district(tmp_path: Path) -> District:
    return District(tmp_path)


def moved(report: Report, code: str = "INVALID_EMAIL") -> tuple[int, int, int]:
    """How many were new, still there, fixed."""
    counts = report.summary["ledger"].get(code, {"new": 0, "still": 0, "fixed": 0})
    return counts["new"], counts["still"], counts["fixed"]


def still_open(district: District, code: str = "INVALID_EMAIL") -> dict[str, tuple[str, str]]:
    """Record -> first and last run of its open finding."""
    with reading(district.settings.state.path) as connection:
        return {row["id"]: (row["first_run"], row["last_run"]) for row in open_findings(connection, code)}


def ledger(district: District) -> list[list[dict[str, Any]]]:
    own = ("snapshot", "generation", "record_counts")
    return [
        [r for r in district.rows(f"SELECT * FROM {t} ORDER BY 1, 2, 3") if r.get("key") not in own] for t in LEDGER[:2]
    ]


def run_of(report: Report) -> str:
    return str(report.summary["run"]["run_id"])


def test_new_then_still_there_then_fixed(district: District) -> None:
    first = district.night([student("S1", **BAD), teacher("T1")])
    assert moved(first) == (1, 0, 0)
    second = district.night([student("S1", **BAD), teacher("T1", **BAD)])
    assert moved(second) == (1, 1, 0)
    assert still_open(district) == {"S1": (run_of(first), run_of(second)), "T1": (run_of(second), run_of(second))}
    third = district.night([student("S1"), teacher("T1", **BAD)])
    assert moved(third) == (0, 1, 1)
    assert set(still_open(district)) == {"T1"}


def test_a_row_that_moves_to_another_line_is_the_same_finding(district: District) -> None:
    first = district.night([student("S1", **BAD), student("S2")])
    assert moved(district.night([student("S3"), student("S2"), student("S1", **BAD)])) == (0, 1, 0)
    assert still_open(district)["S1"][0] == run_of(first)


def test_another_wrong_value_is_the_same_finding_and_another_column_is_not(district: District) -> None:
    district.night([student("S1", sms="1-2")])
    assert moved(district.night([student("S1", sms="3-4")]), "INVALID_PHONE") == (0, 1, 0)
    assert moved(district.night([student("S1", phone="3-4")]), "INVALID_PHONE") == (1, 0, 1)


def test_what_comes_back_is_new_again(district: District) -> None:
    district.night([student("S1", **BAD)])
    district.night([student("S1")])
    third = district.night([student("S1", **BAD)])
    assert moved(third) == (1, 0, 0)
    assert still_open(district) == {"S1": (run_of(third), run_of(third))}


def test_the_same_files_once_more_write_nothing_of_it(district: District) -> None:
    district.night([student("S1", **BAD)])
    before = ledger(district)
    assert moved(district.night([student("S1", **BAD)])) == (0, 1, 0)
    assert ledger(district) == before


def test_a_dry_run_says_it_and_moves_nothing(district: District) -> None:
    assert moved(district.night([student("S1", **BAD)], dry_run=True)) == (1, 0, 0)
    assert still_open(district) == {}


def test_a_delta_says_nothing_about_what_it_does_not_hold(district: District) -> None:
    first = district.night([student("S1", **BAD), student("S2")])
    assert moved(district.delta([student("S2", status="active", **BAD)])) == (1, 0, 0)
    assert set(still_open(district)) == {"S1", "S2"}
    assert still_open(district)["S1"] == (run_of(first), run_of(first))
    assert moved(district.night([student("S1"), student("S2")])) == (0, 0, 2)


def test_an_absent_file_says_nothing_and_a_bulk_one_beside_it_does(district: District) -> None:
    bad_org = {"users": "bulk", "classes": "bulk", "enrollments": "bulk", "orgs": "bulk"}
    district.night([student("S1", **BAD)], manifest=bad_org)
    kept = district.night([], manifest={"users": "absent"}, absent=["users"], standing=True)
    assert moved(kept) == (0, 0, 0)
    assert set(still_open(district)) == {"S1"}


def test_a_held_night_moves_it_and_a_stopped_one_does_not(tmp_path: Path) -> None:
    people = [student(f"S{n}", **BAD) for n in range(12)]
    for on_trip, expected in (("hold", {"S0"}), ("stop", {f"S{n}" for n in range(12)})):
        folder = tmp_path / on_trip
        folder.mkdir()
        district = District(folder, guards={"on_trip": on_trip})
        district.night(people)
        report = district.night(people[:1])
        assert report.summary["run"]["exit_code"] == 5
        assert set(still_open(district)) == expected


def test_an_undo_gives_the_ledger_back_as_it_was(district: District) -> None:
    district.night([student("S1", **BAD), student("S2", **BAD)])
    district.night([student("S1"), student("S2", **BAD)])
    before = ledger(district)
    district.night([student("S1", **BAD), student("S2", email="other"), student("S3", **BAD)])
    assert ledger(district) != before
    undoing.undo(district.settings, None, dry_run=False)
    assert ledger(district) == before
    undoing.undo(district.settings, None, dry_run=False)
    undoing.undo(district.settings, None, dry_run=False)
    assert ledger(district) == [[], []]


def test_what_slides_into_a_full_list_is_not_new_and_what_slides_out_is_not_fixed(
    district: District, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(findings_ledger, "LISTED", 2)
    first = district.night([student(f"S{n}", **BAD) for n in (1, 2, 3, 4)])
    assert first.summary["ledger"]["INVALID_EMAIL"] == {"new": 2, "still": 0, "fixed": 0, "unlisted": 2}
    # S1 is right now: S3 slides in
    second = district.night([student("S1"), *(student(f"S{n}", **BAD) for n in (2, 3, 4))])
    assert second.summary["ledger"]["INVALID_EMAIL"] == {"new": 0, "still": 2, "fixed": 1, "unlisted": 1}
    # S0 comes: S3 slides out, and nobody says that it is fixed
    third = district.night([student(f"S{n}", **BAD) for n in (0, 2, 3, 4)])
    assert third.summary["ledger"]["INVALID_EMAIL"] == {"new": 1, "still": 1, "fixed": 0, "unlisted": 2}
    assert set(still_open(district)) == {"S0", "S2", "S3"}


def test_a_list_that_the_importer_cuts_is_no_different(district: District, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(finding_list, "LISTED", 2)

    def night(wrong: str, right: str = "") -> dict[str, int]:
        classes = [school_class(f"K{n}", courseSourcedId="nowhere") for n in wrong]
        report = district.night([], [*classes, *(school_class(f"K{n}") for n in right)])
        counts: dict[str, int] = report.summary["ledger"]["UNKNOWN_REFERENCE"]
        return counts

    assert night("2345") == {"new": 2, "still": 0, "fixed": 0, "unlisted": 2}
    assert night("345", "2") == {"new": 0, "still": 2, "fixed": 1, "unlisted": 1}
    assert night("1345") == {"new": 1, "still": 1, "fixed": 0, "unlisted": 2}
    assert set(still_open(district, "UNKNOWN_REFERENCE")) == {"K1", "K3", "K4"}
    assert night("", "12345"[:1]) == {"new": 0, "still": 0, "fixed": 3, "unlisted": 0}
