"""Status, account state, SIS fields and access: which rule, what would change it (R-U1, R-U6 to R-U9)."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from tests.explaining.explained import explain, rule, run_of
from tests.policies.district import District, guardian, person, student, teacher


@pytest.fixture
def district(tmp_path: Path) -> District:
    return District(tmp_path)


def test_r_u1_and_r_u6_of_a_newcomer(district):
    first = run_of(district.night([student("S1")]))
    second = run_of(district.night([student("S1", grades="06")]))
    found = explain(district, "S1")
    assert (found["roster_status"]["rule"], found["roster_status"]["run"]) == ("R-U1", first)
    assert (found["account"]["rule"], found["account"]["platform"]) == ("R-U1", "invitee")
    assert (found["grades"]["rule"], found["grades"]["platform"], found["grades"]["run"]) == ("R-U6", "06", second)
    assert (found["username"]["rule"], found["username"]["run"]) == ("R-U6", first)
    assert (found["roles"]["sis"], found["school_ids"]["sis"]) == ("student", "A")
    assert "middle_name" not in found


def test_an_accepted_invitation_says_by_whom(district):
    district.night([student("S1")])
    district.accept("S1")
    row = explain(district, "S1")["account"]
    assert (row["rule"], row["platform"], row["run"]) == ("Account state", "active", None)
    assert row["edited"].startswith("by self on 20")


def test_r_u7_a_disabled_account_and_what_keeps_one_enabled(district):
    district.night([student("S1"), student("S2")])
    second = run_of(district.night([student("S1", enabledUser="false"), student("S2")]))
    row = explain(district, "S1")["account"]
    assert (row["rule"], row["platform"], row["run"]) == ("R-U7", "disabled", second)
    assert (row["sis"], row["setting"]) == ("enabledUser false", "policy.follow_enabled_user = true")
    assert rule(district, "S2", "account") == "R-U1"
    assert "disabled account" in explain(district, "S1")["school_access"]["why"]
    district.configure(follow_enabled_user=False)
    district.night([student("S1", enabledUser="false"), student("S2")])
    row = explain(district, "S1")["account"]
    assert (row["rule"], row["platform"]) == ("R-U7", "invitee")
    assert row["setting"] == "policy.follow_enabled_user = false"


def test_r_u8_staff_who_left_and_r_u9_who_are_back(district):
    first = run_of(district.night([teacher("T1"), teacher("T2")]))
    second = run_of(district.night([teacher("T2")]))
    row = explain(district, "T1")["roster_status"]
    assert (row["rule"], row["platform"], row["run"]) == ("R-U8", "archived", second)
    assert (row["line"], row["read_in"]) == (3, first)
    assert "R-U9" in row["to_change"]
    assert rule(district, "T2", "roster_status") == "R-U1"
    third = run_of(district.night([teacher("T1"), teacher("T2")]))
    row = explain(district, "T1")["roster_status"]
    assert (row["rule"], row["platform"], row["run"]) == ("R-U9", "current", third)


def test_access_follows_from_status_students_and_account(district):
    district.night(
        [
            student("S1", "G1,G2", orgSourcedIds="A,B"),
            guardian("G1"),
            student("S2", "G2"),
            guardian("G2"),
            teacher("T1"),
        ]
    )
    found = explain(district, "G1")["school_access"]
    assert (found["rule"], found["platform"]) == ("Access", "A,B")
    assert "S1" in found["why"]
    assert explain(district, "T1")["school_access"]["platform"] == "A"
    district.night([student("S2", "G2"), guardian("G2"), guardian("G1")])
    found = explain(district, "G2")["school_access"]
    assert found["platform"] == "A"
    assert "S2" in found["why"]
    assert "S1" not in found["why"]
    assert "archived" in explain(district, "G1")["school_access"]["why"]
    assert explain(district, "T1")["school_access"]["platform"] is None


def test_r_v3_a_rejected_row_keeps_the_last_good_values(district):
    first = run_of(district.night([student("S1"), student("S2")]))
    second = run_of(district.night([person("S1", "pupil"), student("S2")]))
    found = explain(district, "S1")
    row = found["last row"]
    assert (row["rule"], row["file"], row["line"], row["read_in"]) == ("R-V3", "users.csv", 3, second)
    assert "role" in row["why"]
    assert (found["username"]["line"], found["username"]["read_in"]) == (3, first)
    assert "last row" not in explain(district, "S2")


def test_a_run_that_was_taken_back_decided_nothing(district):
    first = run_of(district.night([student("S1"), student("S2")]))
    second = run_of(district.night([student("S1", grades="06"), student("S2")]))
    with sqlite3.connect(district.folder / "state.db") as state:  # as `runs undo` leaves it
        state.execute("UPDATE runs SET status = 'undone', applied = 0 WHERE run_id = ?", (second,))
        state.execute("UPDATE users SET grades = '05' WHERE id = 'S1'")
        state.execute(
            "INSERT INTO runs (number, run_id, started_at, status, applied, generation, undoes) "
            "VALUES (3, '29990101T000000Z', '2999-01-01T00:00:00Z', 'applied', 1, 3, 2)"
        )
        state.execute(
            "INSERT INTO changes (run, kind, id, action, code, field, before, after) "
            "VALUES (3, 'users', 'S1', 'updated', 'UNDONE', 'grades', '06', '05')"
        )
    found = explain(district, "S1")
    assert (found["grades"]["platform"], found["grades"]["run"]) == ("05", first)
    assert (found[second]["rule"], found[second]["run"]) == ("Undo", "29990101T000000Z")
    assert second not in explain(district, "S2")
