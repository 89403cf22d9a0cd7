"""Name, e-mail, mobile and phone: which rule, setting, run and line (policies.md R-U2 to R-U5, R-C2, R-U10, R-G4)."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from tests.explaining.explained import explain, rule, run_of
from tests.policies.district import District, guardian, student, teacher

M1, M2 = "206-555-0101", "206-555-0102"
E1 = "+12065550101"
NEW = "new@example.org"
LOCK = "policy.update_active_contacts"


@pytest.fixture
def district(tmp_path: Path) -> District:
    return District(tmp_path)


def test_r_u2_an_invitee_has_the_sis_values(district):
    first = run_of(district.night([student("S1")]))
    second = run_of(district.night([teacher("T1"), student("S1", email=NEW)]))
    found = explain(district, "S1")
    assert (found["email"]["rule"], found["email"]["setting"]) == ("R-U2", None)
    assert (found["email"]["platform"], found["email"]["sis"]) == (NEW, NEW)
    assert (found["email"]["file"], found["email"]["line"], found["email"]["read_in"]) == ("users.csv", 4, second)
    assert found["email"]["run"] == second
    assert (found["given_name"]["rule"], found["given_name"]["run"]) == ("R-U2", first)


def test_r_u2_an_edit_of_an_invitee_lasts_until_the_next_sync(district):
    district.night([student("S1")])
    district.edit("S1", by="manager", given_name="Own")
    row = explain(district, "S1")["given_name"]
    assert (row["rule"], row["platform"], row["sis"], row["run"]) == ("R-U2", "Own", "GivenS1", None)
    assert row["edited"].startswith("by manager on 20")
    assert "next one sets the SIS value" in row["why"]
    last = run_of(district.night([student("S1")]))
    row = explain(district, "S1")["given_name"]
    assert (row["rule"], row["platform"], row["run"], row["edited"]) == ("R-U2", "GivenS1", last, None)


def test_r_u3_an_active_user_keeps_what_is_here(district):
    first = run_of(district.night([student("S1")]))
    district.accept("S1")
    second = run_of(district.night([student("S1", email=NEW)]))
    row = explain(district, "S1")["email"]
    assert (row["rule"], row["setting"], row["set_by"]) == ("R-U3", f"{LOCK} = false", "the district")
    assert (row["platform"], row["sis"], row["run"]) == ("s1@students.example.org", NEW, first)
    assert (row["line"], row["read_in"]) == (3, second)
    assert "policy.update_active_contacts to true" in row["to_change"]


def test_r_u4_with_the_lock_the_sis_sets_it(tmp_path):
    district = District(tmp_path, update_active_contacts=True)
    district.night([student("S1")])
    district.accept("S1")
    second = run_of(district.night([student("S1", email=NEW)]))
    row = explain(district, "S1")["email"]
    assert (row["rule"], row["setting"], row["run"]) == ("R-U4", f"{LOCK} = true", second)


def test_the_setting_is_that_of_the_schools_that_decide(tmp_path):
    district = District(tmp_path, schools={"B": {"update_active_contacts": True}})
    district.night(
        [student("S1", "G1", orgSourcedIds="B"), guardian("G1"), student("S2", orgSourcedIds="A,B"), teacher("T1")]
    )
    district.accept("G1", "S2", "T1")
    own = f'policy.schools."B".{LOCK.removeprefix("policy.")} = true'
    found = explain(district, "G1")["email"]  # the guardian's own org is A
    assert (found["rule"], found["setting"], found["set_by"]) == ("R-U4", own, "school B")
    for user in ("S2", "T1"):
        found = explain(district, user)["email"]
        assert (found["rule"], found["setting"], found["set_by"]) == ("R-U3", f"{LOCK} = false", "the district")


def test_r_u5_a_blank_clears_only_while_the_other_is_there(district):
    district.night([student("S1", sms=M1), student("S2", sms=M2)])
    second = run_of(district.night([student("S1", sms=M1, email=""), student("S2", email="")]))
    cleared, kept = explain(district, "S1")["email"], explain(district, "S2")["email"]
    assert (cleared["rule"], cleared["platform"], cleared["run"]) == ("R-U5", None, second)
    assert (kept["rule"], kept["platform"], kept["sis"]) == ("R-U5", "s2@students.example.org", None)
    assert "both stay" in kept["why"]
    never = explain(district, "S1")["phone"]
    assert (never["rule"], never["platform"]) == ("R-U2", None)


def test_r_c2_names_who_has_the_credential(district):
    district.night([student("S1"), teacher("T1", email="shared@example.org")])
    district.night([student("S1", email="shared@example.org"), teacher("T1", email="shared@example.org")])
    row = explain(district, "S1")["email"]
    assert (row["rule"], row["platform"], row["sis"]) == ("R-C2", "s1@students.example.org", "shared@example.org")
    assert "belongs to T1" in row["why"]
    assert "T1" in row["to_change"]
    holder = explain(district, "T1")["email"]
    assert holder["rule"] == "R-U2"
    assert "S1" in holder["why"]
    district.night([student("S1", email="shared@example.org"), teacher("T1")])
    assert rule(district, "S1", "email") == "R-U2"


def test_r_c2_takes_the_value_of_somebody_who_left(district):
    district.night([teacher("T1", sms=M1), teacher("T2")])
    second = run_of(district.night([teacher("T2", sms=M1)]))
    found = explain(district, "T1")
    assert (found["mobile"]["rule"], found["mobile"]["platform"], found["mobile"]["run"]) == ("R-C2", None, second)
    assert "T2" in found["mobile"]["why"]
    assert (found["email"]["rule"], found["email"]["platform"]) == ("Wanted values", "t1@staff.example.org")


def test_the_mobile_names_the_setting_that_chose_the_number(tmp_path):
    district = District(tmp_path)
    district.night([student("S1", phone=M1), student("S2", sms=M2)])
    row = explain(district, "S1")["mobile"]
    assert (row["platform"], row["setting"]) == (E1, 'policy.phone_credential = "sms-then-phone"')
    assert explain(district, "S2")["mobile"]["setting"] is None
    district.configure(phone_credential="sms")
    assert "reads these numbers otherwise" in explain(district, "S1")["mobile"]["why"]
    district.night([student("S1", phone=M1), student("S2", sms=M2)])
    found = explain(district, "S1")
    assert found["phone"]["platform"] == E1
    assert found["phone"]["setting"] == 'policy.phone_credential = "sms"'
    assert "otherwise" not in found["phone"]["why"]


def test_r_u10_a_record_that_differs_names_the_leading_one(district):
    same = {"givenName": "Ann", "familyName": "Lee", "email": "ann@example.org"}
    first = [teacher("T1", **same), student("S1", "G1"), guardian("G1", **same)]
    run = run_of(district.night(first))
    found = explain(district, "G1")
    assert found["T1"]["part"] == "account"
    assert (found["T1"]["rule"], found["email"]["rule"]) == ("R-U10", "R-U2")
    assert "T1 leads" in found["T1"]["why"]
    assert "led by T1" in explain(district, "T1")["G1"]["why"]
    assert found["T1"]["run"] == explain(district, "T1")["G1"]["run"] == run
    district.night([teacher("T1", **same), student("S1", "G1"), guardian("G1", **{**same, "email": NEW})])
    row = explain(district, "G1")["email"]
    assert (row["rule"], row["platform"], row["sis"]) == ("R-U10", "ann@example.org", NEW)
    assert "T1" in row["why"]
    assert rule(district, "T1", "email") == "R-U2"


def test_r_g4_an_unmanaged_guardian_keeps_the_stored_values(district):
    rows = [student("S1", "G1"), guardian("G1")]
    district.night(rows)
    district.configure(manage_guardians=False)
    district.night([rows[0], guardian("G1", email=NEW)])
    found = explain(district, "G1")
    for field in ("email", "username", "roster_status", "last row"):
        assert found[field]["rule"] == "R-G4"
        assert found[field]["setting"] == "policy.manage_guardians = false"
    assert rule(district, "S1", "email") == "R-U2"
    assert rule(district, "S1", "guardian G1") == "R-G4"


def test_r_v4_a_missing_column_is_named(district):
    district.night([student("S1")])
    district.night([student("S1")], without={"users": ["grades", "email"]})
    found = explain(district, "S1")
    assert (found["grades"]["rule"], found["grades"]["platform"]) == ("R-V4", "05")
    assert found["username"]["rule"] == "R-U6"
    assert "no such column" in found["email"]["why"]
    assert "no such column" not in found["mobile"]["why"]


def test_r_u10_by_hand_says_by_whom(district):
    district.night([teacher("T1"), student("S1", "G1"), guardian("G1")])
    with sqlite3.connect(district.folder / "state.db") as state:  # as a link by hand leaves it
        account, former = (
            state.execute("SELECT account_id FROM users WHERE id = ?", (user,)).fetchone()[0] for user in ("T1", "G1")
        )
        state.execute("UPDATE users SET account_id = ? WHERE id = 'G1'", (account,))
        state.execute(
            "INSERT INTO edits "
            "(user_id, account_id, made_at, made_by, field, before, after, generation, kind, record_id) "
            "VALUES ('G1', ?, '2026-11-21T08:00:00Z', 'manager', 'account_id', ?, ?, 9, 'users', 'G1')",
            (former, former, account),
        )
    row = explain(district, "T1")["G1"]
    assert (row["rule"], row["run"], row["edited"]) == ("R-U10", None, "by manager on 2026-11-21")
    assert "by hand" in row["why"]
    assert explain(district, "G1")["email"]["rule"] == "R-U10"
