"""`state check` from outside: what is sound passes, and whatever breaks a rule is named by ids alone."""

import csv
import io
import json
import sqlite3
from contextlib import closing

import pytest

from rostersync.state.invariants import INVARIANTS
from rostersync.state.lock import hold


def write(folder, *statements):
    """Writes past every rule, as a defect would."""
    with closing(sqlite3.connect(folder / "state.db")) as state, state:
        for statement in statements:
            state.execute(statement)


def one(folder, query):
    with closing(sqlite3.connect(folder / "state.db")) as state:
        return state.execute(query).fetchone()[0]


def checked(run, code=0):
    done = run("state", "check", "--format", "json", code=code)
    return {row["check"]: row for row in json.loads(done.stdout)}, done.stderr


def test_a_sound_state_passes_every_check(run, synced):
    rows, _ = checked(run)
    assert {row["result"] for row in rows.values()} == {"ok"}
    assert {each.name for each in INVARIANTS} < rows.keys()
    assert {"pages", "schema", "references", "counts"} < rows.keys()
    table = list(csv.DictReader(io.StringIO(run("state", "check", "--format", "csv").stdout, newline="")))
    assert [row["check"] for row in table] == list(rows)
    assert "every user has an account" in run("state", "check").stdout


def test_it_stays_sound_after_a_second_night_an_undo_and_edits(run, synced):
    run("generate", "second", "--students", "60", "--night", "2")
    run("--quiet", "sync", "--source", "second")
    checked(run)
    run("users", "accept", one(synced, "SELECT min(id) FROM users"))
    run("--quiet", "runs", "undo")
    checked(run)


def test_it_works_while_a_run_holds_the_state_and_changes_no_byte(run, synced):
    before = (synced / "state.db").read_bytes()
    with hold(synced / "state.db"):
        checked(run)
    assert (synced / "state.db").read_bytes() == before


STUDENT = "(SELECT min(id) FROM users WHERE role = 'student' AND id IN (SELECT user_id FROM enrollments))"
GUARDIAN = "(SELECT min(guardian_id) FROM guardianships)"
BROKEN = {
    "credentials": [
        "DROP INDEX accounts_email",
        "UPDATE accounts SET email = 'same@example.org' WHERE account_id IN (1, 2)",
    ],
    "accounts": [f"UPDATE users SET account_id = 999999 WHERE id = {STUDENT}"],
    "abandoned accounts": ["INSERT INTO accounts (email, state, disabled) VALUES ('a@example.org', 'invitee', 0)"],
    "roles": [f"UPDATE users SET roles = 'teacher' WHERE id = {STUDENT}"],
    "access": [
        "DROP VIEW roster_access",
        "CREATE VIEW roster_access AS SELECT id AS user_id, school_ids AS school_id FROM users",
        f"UPDATE users SET roster_status = 'archived' WHERE id = {STUDENT}",
    ],
    "access of guardians": [
        "DROP VIEW roster_access",
        "CREATE VIEW roster_access AS SELECT id AS user_id, 'elsewhere' AS school_id FROM users",
    ],
    "enrollments": [f"UPDATE enrollments SET user_id = 'nobody' WHERE user_id = {STUDENT}"],
    "enrollments of people who left": [f"UPDATE users SET roster_status = 'archived' WHERE id = {STUDENT}"],
    "guardianships": [f"DELETE FROM users WHERE id = {GUARDIAN}"],
    "messages": ["INSERT INTO outbox SELECT 7, 'nobody', 'email', 't', 'a@example.org', 1, 'now', NULL, NULL, NULL"],
    "runs": [f"UPDATE users SET added_in = 77 WHERE id = {STUDENT}"],
    "generation": ["UPDATE meta SET value = '0' WHERE key = 'generation'"],
    "references": ["INSERT INTO changes VALUES (7, 77, 'users', 'x', 'updated', 'SIS_UPDATE', 'email', NULL, NULL)"],
    "schema": ["CREATE TRIGGER t AFTER UPDATE ON users BEGIN DELETE FROM runs; END"],
    "counts": ["UPDATE record_counts SET count = count + 1 WHERE kind = 'students'"],
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_breaks_a_rule_is_named_by_ids(run, synced, name):
    write(synced, *BROKEN[name])
    rows, said = checked(run, code=1)
    assert rows[name]["result"] == "failed"
    assert rows[name]["found"] > 0
    assert rows[name]["ids"]
    assert name in said
    assert len(said.splitlines()) == 1
    assert "@" not in "".join(row["ids"] or "" for row in rows.values() if row["check"] != "counts")


def test_an_enrollment_whose_end_a_guard_holds_is_none_of_somebody_who_left(run, synced):
    write(
        synced,
        *BROKEN["enrollments of people who left"],
        "INSERT INTO waiting (kind, id, deleted, run, code, cells) "
        "SELECT 'enrollments', class_id || user_id || role, 1, 1, 'GUARD_HELD', "
        "json_object('class_id', class_id, 'user_id', user_id, 'role', role) FROM enrollments "
        f"WHERE user_id = {STUDENT}",
    )
    assert run("state", "check", "--format", "json", code=1).stdout.count('"failed"') == 1, "the counts alone"


def test_a_trigger_is_named_and_not_restored(run, synced):
    run("state", "backup", "sound.db")
    write(synced, "CREATE TRIGGER swept AFTER INSERT ON runs BEGIN DELETE FROM users; END")
    run("state", "backup", "hostile.db")
    rows, _ = checked(run, code=1)
    assert "trigger swept" in rows["schema"]["ids"]
    said = run("state", "restore", "hostile.db", code=2).stderr
    assert "has triggers, which no rostersync makes" in said
    assert said.count("\n") == 1
    run("state", "restore", "sound.db")
    run("--quiet", "sync")


@pytest.mark.parametrize("command", [["users", "list"], ["explain", "s0000001"], ["support-bundle", "b.zip"]])
def test_a_text_that_is_no_utf_8_is_not_repeated(run, synced, command):
    write(synced, "UPDATE accounts SET given_name = CAST(x'5365637265744e616d65ff' AS TEXT)")
    said = run(*command, code=2).stderr
    assert "a text in it is not UTF-8" in said
    assert said.count("\n") == 1
    assert "SecretName" not in said


def test_every_rule_has_a_state_that_breaks_it():
    assert {each.name for each in INVARIANTS} | {"references", "schema", "counts"} == BROKEN.keys()


def test_damaged_pages_are_said_with_what_to_do(run, synced):
    write(synced, "PRAGMA wal_checkpoint(TRUNCATE)")
    with (synced / "state.db").open("r+b") as file:
        size = file.seek(0, 2)
        for at in range(8192, size, 4096):
            file.seek(at)
            file.write(b"\xff" * 64)
    said = run("state", "check", code=2).stderr
    assert "rostersync state restore" in said
    assert len(said.splitlines()) == 1


def test_a_lost_state_and_a_newer_one_are_refused(run, synced):
    write(synced, "PRAGMA user_version = 99")
    assert "newer rostersync" in run("state", "check", code=2).stderr
    (synced / "state.db").unlink()
    assert "missing" in run("state", "check", code=2).stderr
