"""People of the last import who are not in the directory (policies.md R-C1, R-C3, R-C5, R-G4, R-V2)."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest

from rostersync.commands.explain import explanations
from rostersync.state.connection import reading
from tests.explaining.explained import explain, run_of
from tests.policies.district import District, guardian, person, student, teacher

M1 = "206-555-0101"


@pytest.fixture
def district(tmp_path: Path) -> District:
    return District(tmp_path)


def test_r_c1_says_who_holds_each_credential_now(district):
    people = [
        teacher("T1", email="one@example.org"),
        student("S1", "G1"),
        student("S2", "G2"),
        teacher("T2", sms=M1),
        guardian("G1", email="one@example.org", sms=M1),
        guardian("G2"),
    ]
    run = run_of(district.night(people))
    found = explain(district, "G1", "waiting")
    assert (found["added"]["rule"], found["added"]["line"], found["added"]["run"]) == ("R-C1", 7, run)
    assert (found["email"]["platform"], found["email"]["sis"]) == ("held by T1", "one@example.org")
    assert (found["mobile"]["platform"], found["mobile"]["sis"]) == ("held by T2", "+12065550101")
    assert found["email"]["rule"] == found["mobile"]["rule"] == "R-C2"
    assert "T1" in found["email"]["to_change"]
    assert found["S1"]["part"] == "guardianship"
    assert found["role"]["sis"] == "guardian"
    assert explain(district, "G2")["roster_status"]["rule"] == "R-U1"  # the counter-case is there


def test_r_c1_says_when_a_credential_is_free_now(district):
    people = [student("S1", "G1"), guardian("G1", email="one@example.org"), teacher("T1", email="one@example.org")]
    district.night(people)
    district.edit("T1", by="manager", email="own@example.org")
    found = explain(district, "G1", "waiting")
    assert (found["email"]["rule"], found["email"]["platform"]) == ("R-C1", None)
    assert "next sync adds" in found["email"]["to_change"]


def test_r_c1_of_a_guardian_without_any_contact(district):
    district.night([student("S1", "G1"), guardian("G1", email="")])
    found = explain(district, "G1", "waiting")
    assert found["added"]["rule"] == "R-C1"
    assert "gives neither" in found["added"]["why"]
    assert "email" not in found


def test_r_c3_is_named_where_nobody_has_it_and_the_setting_is_strict(district):
    people = [student("S1", "G1"), guardian("G1", email="one@example.org"), teacher("T1", email="one@example.org")]
    district.night(people)
    district.edit("T1", by="manager", email="own@example.org")
    district.configure(unique_credentials="strict")
    row = explain(district, "G1", "waiting")["email"]
    assert (row["rule"], row["setting"]) == ("R-C3", 'policy.unique_credentials = "strict"')


def test_r_c5_a_guardian_without_a_student(district):
    run = run_of(district.night([guardian("G1", "S9"), student("S1", "G2"), guardian("G2")]))
    found = explain(district, "G1", "waiting")
    assert (found["added"]["rule"], found["added"]["line"], found["added"]["read_in"]) == ("R-C5", 3, run)
    assert "S9" in found["added"]["why"]
    assert "agentSourcedIds" in found["added"]["to_change"]


def test_r_v2_a_rejected_newcomer_waits(district):
    district.night([person("S1", "pupil"), student("S2")])
    row = explain(district, "S1", "waiting")["added"]
    assert (row["rule"], row["file"], row["line"]) == ("R-V2", "users.csv", 3)
    assert "role" in row["why"]


def test_r_g4_guardians_of_the_import_are_ignored(tmp_path):
    district = District(tmp_path, schools={"B": {"manage_guardians": False}})
    district.night(
        [student("S1", "G1", orgSourcedIds="B"), guardian("G1"), student("S2", "G2"), guardian("G2", orgSourcedIds="B")]
    )
    row = explain(district, "G1", "waiting")["added"]
    assert (row["rule"], row["set_by"]) == ("R-G4", "school B")
    assert row["setting"] == 'policy.schools."B".manage_guardians = false'
    assert explain(district, "G2")["roster_status"]["rule"] == "R-U1"


def test_nobody_is_explained_who_is_nowhere(district):
    district.night([student("S1")])
    with reading(district.folder / "state.db") as connection:
        assert explanations(connection, district.settings, "nobody") == []


@pytest.mark.parametrize(
    ("notes", "rule"),
    [
        ("Removal held: students at A would lose 9 of 10 (limit 10%).", "R-D2"),
        ("Change held: contacts at A would change 9 of 10 (limit 20%).", "R-D5"),
        ("Addition held: guardianships at A would gain 9 of 10 (limit 20%).", "R-D5"),
        ("Addition held: students at A would gain 9 of 10 (limit 10%).", "R-D2"),
    ],
)
def test_what_a_guard_holds_is_named_with_its_note(district, notes, rule):
    district.night([student("S1"), student("S2")])
    with sqlite3.connect(district.folder / "state.db") as state:
        state.execute(
            "INSERT INTO waiting (kind, id, deleted, run, code, notes, cells) VALUES ('users', 'S1', 1, 1, "
            "'GUARD_HELD', ?, ?)",
            (notes, json.dumps({})),
        )
    row = explain(district, "S1")["last row"]
    assert row["rule"] == rule
    assert notes in row["why"]
    assert "last row" not in explain(district, "S2")


def test_what_a_row_without_effect_says_is_shown(district):
    rows = [student("S1", "G1"), guardian("G1")]
    district.night(rows)
    district.configure(manage_guardians=False)
    district.night([rows[0], guardian("G1", email="new@example.org")])
    row = explain(district, "G1")["in the last row, email"]
    assert (row["platform"], row["sis"], row["rule"]) == ("g1@families.example.org", "new@example.org", "R-G4")
    assert "in the last row, family_name" not in explain(district, "G1")


def test_r_v7_a_school_that_takes_no_part_any_more_is_named(district):
    people = [student("S1", orgSourcedIds="B"), student("S2"), student("S3")]
    district.night(people)
    district.configure(include=["A"])
    district.night(people[:2])
    left, gone = explain(district, "S1")["roster_status"], explain(district, "S3")["roster_status"]
    assert left["rule"] == gone["rule"] == "R-F1"
    assert "schools.include" in left["to_change"]
    assert "schools.include" not in gone["to_change"]


def test_r_c4_staff_without_any_credential_of_their_own(district):
    shared = "one@example.org"
    district.night(
        [teacher("T1", email=shared), teacher("T2", email=shared), student("S1", "G1"), guardian("G1", email=shared)]
    )
    row = explain(district, "T2")["email"]
    assert row["rule"] == "R-C2"
    assert "R-C4" in row["why"]
    holder = explain(district, "T1")["email"]
    assert holder["rule"] == "R-U2"
    assert "G1" in holder["why"]
    assert "T2" in holder["why"]
