"""Families: why somebody is archived, who is related by which row (policies.md R-G1 to R-G3, R-F1 to R-F7)."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from tests.explaining.explained import explain, run_of
from tests.policies.district import District, enrollment, guardian, school_class, student


@pytest.fixture
def district(tmp_path: Path) -> District:
    return District(tmp_path)


def rules(district: District, *records: str) -> dict[str, str]:
    return {record: explain(district, record)["roster_status"]["rule"] for record in records}


def test_r_f1_a_family_that_left(district):
    first = run_of(district.night([student("S1", "G1"), guardian("G1"), student("S2"), student("S3")]))
    second = run_of(district.night([student("S3")]))
    child, parent = explain(district, "S1"), explain(district, "G1")
    for row in (child["roster_status"], parent["roster_status"]):
        assert (row["rule"], row["platform"], row["run"]) == ("R-F1", "archived", second)
        assert row["setting"] == 'policy.abandoned_families = "soft"'
        assert row["read_in"] == first
    assert "G1" in child["roster_status"]["why"]
    assert "S1" in parent["roster_status"]["why"]
    assert child["guardian G1"]["rule"] == parent["student S1"]["rule"] == "R-G3"
    assert rules(district, "S2", "S3") == {"S2": "R-F1", "S3": "R-U1"}
    district.configure(abandoned_families="extreme")
    row = explain(district, "S1")["roster_status"]
    assert row["rule"] == "R-F1"  # what was decided stays
    assert "R-F7" in row["why"]


def test_r_f2_is_named_by_the_status_that_was_decided(district):
    district.night([student("S1", "G1"), guardian("G1"), student("S3")])
    district.configure(abandoned_families="extreme")
    district.night([student("S3")])
    with sqlite3.connect(district.folder / "state.db") as state:  # as a sync in this mode leaves them
        state.execute("UPDATE users SET roster_status = 'removed' WHERE id IN ('S1', 'G1')")
        state.execute("UPDATE changes SET after = 'removed', action = 'removed' WHERE code = 'FAMILY_LEFT'")
    assert rules(district, "S1", "G1") == {"S1": "R-F2", "G1": "R-F2"}
    row = explain(district, "S1")["roster_status"]
    assert row["setting"] == 'policy.abandoned_families = "extreme"'
    assert "R-F7" not in row["why"]


def test_r_f3_a_sibling_stays(district):
    district.night([student("S1", "G1,G2"), student("S2", "G1"), guardian("G1"), guardian("G2")])
    second = run_of(district.night([student("S2", "G1"), guardian("G1")]))
    assert rules(district, "S1", "G1", "G2", "S2") == {"S1": "R-F3", "G1": "R-U1", "G2": "R-F3", "S2": "R-U1"}
    row = explain(district, "S1")["roster_status"]
    assert row["run"] == second
    assert "guardian G1" in row["why"]
    assert "S2" in row["why"]
    assert "S1" in explain(district, "G2")["roster_status"]["why"]


def test_r_f4_a_guardian_left_and_the_student_stays(district):
    district.night([student("S1", "G1,G2"), guardian("G1"), guardian("G2")])
    second = run_of(district.night([student("S1", "G1"), guardian("G1")]))
    assert rules(district, "G1", "G2") == {"G1": "R-U1", "G2": "R-F4"}
    found = explain(district, "G2")
    assert (found["roster_status"]["run"], found["student S1"]["run"]) == (second, second)
    assert "S1" in found["roster_status"]["why"]
    assert (found["student S1"]["rule"], found["student S1"]["platform"]) == ("R-F4", "ended")
    assert explain(district, "S1")["guardian G1"]["rule"] == "R-G1"


def test_r_g2_neither_row_names_the_other(district):
    district.night([student("S1", "G1,G2"), guardian("G1"), guardian("G2", "S2"), student("S2")])
    second = run_of(district.night([student("S1"), guardian("G1"), guardian("G2", "S2"), student("S2")]))
    alone, other = explain(district, "G1"), explain(district, "G2")
    # G1 has no student any more and is archived with it; the guardianship ended because no row says it.
    assert (alone["student S1"]["rule"], alone["roster_status"]["rule"]) == ("R-G2", "R-F4")
    assert alone["last row"]["rule"] == "R-C5"
    assert (other["student S1"]["rule"], other["student S1"]["run"]) == ("R-G2", second)
    assert (other["student S2"]["rule"], other["student S2"]["platform"]) == ("R-G1", "current")


def test_r_g1_says_whose_row_relates_them(district):
    district.night(
        [student("S1", "G1,G3"), guardian("G1"), student("S2"), guardian("G2", "S2"), guardian("G3", "S1")],
    )
    assert explain(district, "S1")["guardian G1"]["sis"] == "student's row"
    row = explain(district, "G2")["student S2"]
    assert (row["sis"], row["file"], row["line"]) == ("guardian's row", "users.csv", 6)
    assert explain(district, "G3")["student S1"]["sis"] == "both rows"
    district.night([student("S1", "G1"), guardian("G1"), student("S2"), guardian("G2", "S2"), guardian("G3", "S1")])
    assert explain(district, "G3")["student S1"]["sis"] == "guardian's row"


@pytest.mark.parametrize("named_by", ["guardian", "student"])
def test_r_d2_a_guardianship_whose_end_is_held(tmp_path: Path, named_by: str) -> None:
    district = District(tmp_path, guards="")
    pairs = [(f"S{number}", f"G{number}") for number in range(3)]

    def rows(*, named: bool) -> list[dict[str, str]]:
        by_student = named and named_by == "student"
        by_guardian = named and named_by == "guardian"
        children = [student(child, parent if by_student else "") for child, parent in pairs]
        return children + [guardian(parent, child if by_guardian else "") for child, parent in pairs]

    district.night(rows(named=True))
    held = district.night(rows(named=False))
    assert held.summary["run"]["status"] == "held"
    for one, other in (("S0", "guardian G0"), ("G0", "student S0")):
        row = explain(district, one)[other]
        assert (row["rule"], row["sis"]) == ("R-D2", "neither row")
        assert "--override-guards" in row["to_change"]


def test_enrollments_that_end_with_their_person(district):
    family = [student("S1", "G1"), guardian("G1"), student("S2", "G2"), student("S3", "G2"), guardian("G2")]
    classes = [school_class("K1"), school_class("K2"), school_class("K3")]
    rows = [enrollment("K1", each) for each in ("S1", "S2", "S3")] + [enrollment("K2", "S1"), enrollment("K3", "S3")]
    district.night(family, classes, rows)
    district.night([student("S3", "G2"), guardian("G2")], [school_class("K1"), school_class("K3")], [rows[2]])
    left, sibling, stays = (explain(district, each) for each in ("S1", "S2", "S3"))
    assert (left["K1 student"]["rule"], left["K1 student"]["platform"]) == ("R-F1", "ended")
    assert (left["K2 student"]["rule"], left["K2 student"]["platform"]) == ("R-K1", "current")
    assert sibling["K1 student"]["rule"] == "R-F3"
    assert (stays["K1 student"]["rule"], stays["K1 student"]["platform"]) == ("R-K4", "current")
    assert (stays["K3 student"]["rule"], stays["K3 student"]["platform"]) == ("R-K4 or R-K6", "ended")
