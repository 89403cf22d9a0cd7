"""`state check` from outside: what is sound passes, and whatever breaks a rule is named by ids alone."""

import csv
import io
import json
import sqlite3
from contextlib import closing

import pytest

from rostersync.state.invariants import INVARIANTS
from rostersync.state.lock import hold
from tests.inside import done


def write(folder, *statements):
    """Writes past every rule, as a defect would."""
    with closing(sqlite3.connect(folder / "state.db")) as state, state:
        for statement in statements:
            state.execute(statement)


def one(folder, query):
    with closing(sqlite3.connect(folder / "state.db")) as state:
        return state.execute(query).fetchone()[0]


def checked(run, code=0):
    said = run("state", "check", "--format", "json", code=code)
    return {row["check"]: row for row in json.loads(said.stdout)}, said.stderr


def test_a_sound_state_passes_every_check(run, synced):
    rows, _ = checked(run)
    assert {row["result"] for row in rows.values()} == {"ok"}
    assert {each.name for each in INVARIANTS} < rows.keys()
    assert {"pages", "schema", "references", "counts", "values"} < rows.keys()
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
    "values": ["UPDATE meta SET value = '2026-11-2fT21:29:29Z' WHERE key = 'delivery_since'"],
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


FACT = "UPDATE meta SET value = {1} WHERE key = '{0}'"
LAST = "WHERE number = (SELECT max(number) FROM runs)"
UNUSABLE = {
    "meta delivery_since": FACT.format("delivery_since", "'2026-11-2fT21:29:29Z'"),
    "meta dangling": FACT.format("dangling", "'[1]'"),
    "meta missing": FACT.format("missing", "'{\"users\": 1}'"),
    "meta generation": FACT.format("generation", "'99999999999999999999999'"),
    "meta last_deliveries": FACT.format("last_deliveries", "'{secret'"),
    "meta based_on": FACT.format("based_on", "'zz'"),
    "meta settings_digest": FACT.format("settings_digest", "x'00'"),
    "run number 1": "UPDATE runs SET run_id = 'zz'",
    "run number 1 ": "UPDATE runs SET run_id = '99991231T235959Z'",
    "run 2": f"UPDATE runs SET started_at = 'x' {LAST}",
    "summary of run number 1": f"UPDATE runs SET summary = '{{' {LAST}",
    "summary of run number 1 ": f"UPDATE runs SET summary = '[1]' {LAST}",
    "record_counts.count": "UPDATE record_counts SET count = 'x'",
    "waiting x": "INSERT INTO waiting (kind, id, deleted, run, cells) VALUES ('other', 'x', 0, 1, '{}')",
    "waiting.line": (
        "INSERT INTO waiting (kind, id, deleted, line, run, cells) VALUES ('users', 'y', 0, 'secret', 1, '{}')"
    ),
    "waiting y": "INSERT INTO waiting (kind, id, deleted, run, cells) VALUES ('users', 'y', 0, 1, 'secret')",
}
"""What names it -> how it comes about; a blank at the end tells two of one name apart."""
ALL_LOOKED_AT = {"waiting y", "waiting.line"}
"""What a night that repeats the last one does not look at."""


@pytest.mark.parametrize("name", UNUSABLE)
def test_a_value_that_cannot_be_used_is_named_and_nothing_goes_on_from_it(synced, name):
    write(synced, UNUSABLE[name])
    found = json.loads(done(synced, "state", "check", "--format", "json", code=1).out)
    (values,) = [row for row in found if row["check"] == "values"]
    assert values["result"] == "failed"
    assert name.strip() in values["ids"]
    before = one(synced, "SELECT count(*) || max(rowid) FROM changes"), one(synced, "SELECT count(*) FROM runs")
    for options in (["--full"], ["--full", "--dry-run"]) if name in ALL_LOOKED_AT else ([], ["--full"], ["--dry-run"]):
        said = done(synced, "sync", *options, code=2).err
        assert "rostersync state restore FILE" in said
        assert said.count("\n") == 1
        assert "secret" not in said
    assert before == (
        one(synced, "SELECT count(*) || max(rowid) FROM changes"),
        one(synced, "SELECT count(*) FROM runs"),
    )


@pytest.mark.parametrize("column", ["users.school_ids", "classes.school_id"])
def test_a_school_that_is_no_text_is_named_and_not_repeated(synced, column):
    table, name = column.split(".")
    write(synced, f"UPDATE {table} SET {name} = CAST('secret' AS BLOB)")
    found = {row["check"]: row for row in json.loads(done(synced, "state", "check", "--format", "json", code=1).out)}
    assert (found["values"]["ids"], found["counts"]["ids"]) == (column, "everything")
    before = one(synced, "SELECT count(*) || max(rowid) FROM changes")
    said = done(synced, "sync", "--full", code=2).err
    assert "names schools by values that are no text" in said
    assert said.count("\n") == 1
    assert "secret" not in said
    assert before == one(synced, "SELECT count(*) || max(rowid) FROM changes")


@pytest.mark.parametrize("value", ["x'00ff'", "'../state.db.snapshots'", "'nowhere'", "17"])
def test_a_snapshot_that_cannot_be_used_is_made_again(run, synced, value):
    write(synced, FACT.format("snapshot", value))
    checked(run)
    run("--quiet", "sync", "--full")
    run("generate", "second", "--students", "60", "--night", "2")
    run("--quiet", "sync", "--source", "second")
    name = one(synced, "SELECT value FROM meta WHERE key = 'snapshot'")
    assert [folder.name for folder in (synced / "state.db.snapshots").iterdir()] == [name]


@pytest.mark.parametrize("value", ["x'00ff'", "'{'", "'[1]'"])
def test_inputs_that_cannot_be_used_cost_a_whole_look_alone(run, synced, value):
    write(synced, FACT.format("inputs", value))
    checked(run)
    run("--quiet", "sync")
    assert json.loads(one(synced, "SELECT value FROM meta WHERE key = 'inputs'"))["files"]


def test_every_rule_has_a_state_that_breaks_it():
    assert {each.name for each in INVARIANTS} | {"references", "schema", "counts", "values"} == BROKEN.keys()


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
