"""Classes and enrollments: which rule, setting, run and line (policies.md R-K1 to R-K6, R-U8)."""

from __future__ import annotations

import sqlite3
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from tests.explaining.explained import explain, rule, run_of
from tests.policies.district import District, enrollment, person, school_class, student, teacher


@pytest.fixture
def district(tmp_path: Path) -> District:
    return District(tmp_path)


def status(district: District, class_id: str) -> tuple[str, str, str, str | None]:
    row = explain(district, class_id, "class")["status"]
    return row["rule"], row["platform"], row["run"], row["setting"]


def test_r_k1_a_class_that_is_gone_and_r_k2_one_that_is_back(district):
    restore = "policy.restore_classes = true"
    first = run_of(district.night([student("S1")], [school_class("K1")], [enrollment("K1", "S1")]))
    assert status(district, "K1") == ("R-K1", "active", first, None)
    second = run_of(district.night([student("S1")]))
    assert status(district, "K1") == ("R-K1", "archived", second, restore)
    found = explain(district, "K1", "class")
    assert (found["status"]["file"], found["status"]["line"], found["status"]["read_in"]) == ("classes.csv", 3, first)
    assert (found["S1 student"]["rule"], found["S1 student"]["platform"]) == ("R-K1", "current")
    third = run_of(district.night([student("S1")], [school_class("K1")], [enrollment("K1", "S1")]))
    assert status(district, "K1") == ("R-K2", "active", third, restore)


def test_r_k2_a_class_stays_archived_by_the_setting_of_its_school(tmp_path):
    district = District(tmp_path, schools={"A": {"restore_classes": False}})
    classes = [school_class("K1"), school_class("K2", schoolSourcedId="B")]
    district.night((), classes)
    second = run_of(district.night())
    third = run_of(district.night((), classes))
    assert status(district, "K1") == ("R-K2", "archived", second, 'policy.schools."A".restore_classes = false')
    assert explain(district, "K1", "class")["last row"]["rule"] == "R-K2"
    assert status(district, "K2") == ("R-K2", "active", third, "policy.restore_classes = true")


def test_r_k3_a_title_edited_here_stays(district):
    first = run_of(district.night((), [school_class("K1"), school_class("K2")]))
    with sqlite3.connect(district.folder / "state.db") as state:
        state.execute("UPDATE classes SET title = 'Own' WHERE id = 'K1'")
    found = explain(district, "K1", "class")
    assert (found["title"]["rule"], found["title"]["platform"], found["title"]["sis"]) == ("R-K3", "Own", "Class K1")
    assert "edited here" in found["title"]["why"]
    assert (found["course_id"]["rule"], found["course_id"]["run"]) == ("R-K3", first)
    assert "edited" not in explain(district, "K2", "class")["title"]["why"]


def test_r_k4_and_r_k6_tell_apart_what_the_dates_of_the_state_tell(district):
    people = [student("S1"), student("S2"), student("S3")]
    today = datetime.now(district.settings.district.zone).date()
    soon = (today + timedelta(days=1)).isoformat()
    rows = [enrollment("K1", "S1"), enrollment("K1", "S2", endDate=soon), enrollment("K1", "S3", endDate="2099-06-29")]
    district.night(people, [school_class("K1")], rows)
    with sqlite3.connect(district.folder / "state.db") as state:  # as if the day had come
        state.execute("UPDATE enrollments SET end_date = ? WHERE user_id = 'S2'", (today.isoformat(),))
    second = run_of(district.night(people, [school_class("K1")], [{**rows[1], "endDate": today.isoformat()}]))
    found = explain(district, "K1", "class")
    assert {user: found[f"{user} student"]["rule"] for user in ("S1", "S2", "S3")} == {
        "S1": "R-K4 or R-K6",
        "S2": "R-K6",
        "S3": "R-K4 or R-K6",
    }
    assert {found[f"{user} student"]["run"] for user in ("S1", "S2", "S3")} == {second}
    assert "2099-06-30" in found["S2 student"]["why"]


def test_r_k4_alone_where_no_term_ends(district):
    rows = [enrollment("K1", "S1"), enrollment("K1", "S2")]
    people, endless = [student("S1"), student("S2")], [school_class("K1", termSourcedIds="")]
    district.night(people, endless, rows)
    second = run_of(district.night(people, endless, rows[:1]))
    found = explain(district, "K1", "class")
    assert (found["S2 student"]["rule"], found["S2 student"]["run"]) == ("R-K4", second)
    assert (found["S1 student"]["rule"], found["S1 student"]["platform"]) == ("R-K4", "current")


def test_r_u8_enrollments_of_staff_who_left(district):
    district.night(
        [teacher("T1"), teacher("T2")],
        [school_class("K1")],
        [enrollment("K1", "T1", "teacher"), enrollment("K1", "T2", "teacher")],
    )
    district.night([teacher("T2")], [school_class("K1")])
    found = explain(district, "K1", "class")
    assert (found["T1 teacher"]["rule"], found["T2 teacher"]["rule"]) == ("R-U8", "R-K4 or R-K6")


def test_r_k5_a_class_made_by_hand(district):
    district.night([student("S1")], [school_class("K1")])
    with sqlite3.connect(district.folder / "state.db") as state:
        state.execute("UPDATE classes SET origin = 'manual' WHERE id = 'K1'")
    assert {row["rule"] for row in explain(district, "K1", "class").values()} == {"R-K5"}
    assert rule(district, "K0", "status", "class") == "R-K1"


def test_an_id_that_is_a_user_and_a_class_is_explained_as_both(district):
    district.night([student("X1")], [school_class("X1")])
    assert rule(district, "X1", "title", "class") == "R-K3"
    assert rule(district, "X1", "given_name") == "R-U2"


def test_r_v3_a_rejected_row_of_a_class(district):
    district.night((), [school_class("K1")])
    district.night([person("S1", "student")], [school_class("K1", title="")])
    row = explain(district, "K1", "class")["last row"]
    assert (row["rule"], row["file"], row["line"]) == ("R-V3", "classes.csv", 3)


def test_rows_of_enrollments_without_effect_are_explained(district):
    district.configure(restore_classes=False)
    district.night([student("S1")], [school_class("K1")])
    district.night([student("S1")])
    district.night([student("S1")], [school_class("K1")], [enrollment("K1", "S1"), enrollment("K0", "nobody")])
    row = explain(district, "K1", "class")["S1 student, row K1-S1-student"]
    assert (row["rule"], row["platform"], row["file"], row["line"]) == (
        "R-K1",
        "row without effect",
        "enrollments.csv",
        3,
    )
    row = explain(district, "K0", "class")["nobody student, row K0-nobody-student"]
    assert (row["rule"], row["line"]) == ("R-V2", 4)
