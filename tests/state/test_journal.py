"""What is noted of a run, whatever statements write its rows, and that all of it can be brought back."""

import json
import sqlite3
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest

from rostersync.state import schema
from rostersync.state.connection import writing
from rostersync.state.journal import ACCOUNT_IDS, FACTS, RECORDS, recording, shape
from rostersync.state.undo.frames import read
from rostersync.state.undo.layout import lay_out
from rostersync.state.undo.target import find
from rostersync.state.undo.writing import carry_out
from rostersync.state.writer import record_run

START = datetime(2026, 11, 21, tzinfo=UTC)
PERSON = "INSERT INTO users (id, origin, role, roles, roster_status, account_id, review, added_in) VALUES "
ACCOUNT = "INSERT INTO accounts (account_id, email, state, disabled) VALUES "


@pytest.fixture
def state(tmp_path):
    """Three people of an earlier run, and a note about one."""
    path = tmp_path / "state.db"
    schema.create_state(path)
    with writing(path) as connection:
        for number in (1, 2, 3):
            connection.execute(f"{ACCOUNT} ({number}, 'a{number}@x.example', 'invitee', 0)")
            connection.execute(f"{PERSON} ('U{number}', 'sis', 'student', 'student', 'current', {number}, 0, NULL)")
        connection.execute("INSERT INTO orgs (sourced_id, name) VALUES ('A', 'Ash'), ('B', 'Birch')")
        connection.execute("INSERT INTO guard_totals VALUES ('removed', 'students', 'A', 3)")
        connection.execute("INSERT INTO standing_notes VALUES ('users', 'U1', 'BLANK_KEPT', 'a note')")
        connection.execute(
            "INSERT INTO classes (id, origin, title, status, review) VALUES ('K1', 'sis', 'One', 'active', 0)"
        )
        connection.execute(
            "INSERT INTO guardianships (guardian_id, student_id, status, origin) VALUES ('U1', 'U2', 'current', 'sis')"
        )
    return path


@contextmanager
def run(path, name, keep=60):
    """A run that writes what the block writes."""
    with writing(path) as connection:
        record_run(connection, name, START, "files", "applied", applied=True)
        with recording(connection, name, keep):
            yield connection


def contents(path):
    with sqlite3.connect(path) as connection:
        found = {
            name: sorted(connection.execute(f"SELECT * FROM {name}"), key=repr)
            for name in (*RECORDS, *FACTS)
            if name != "meta"
        }
        return {**found, "meta": connection.execute("SELECT * FROM meta WHERE key NOT IN ('generation', 'snapshot')")
                .fetchall()}  # fmt: skip


def noted(path, name):
    """(table, key) -> (before, after) of a run."""
    with sqlite3.connect(path) as connection:
        rows = connection.execute(
            "SELECT table_name, key, image, after FROM before_images JOIN runs ON number = run WHERE run_id = ?",
            (name,),
        ).fetchall()
    return {
        (table, *json.loads(key)): tuple(None if text is None else json.loads(text) for text in texts)
        for table, key, *texts in rows
    }


def fill(path, table):
    """Gives an empty table a row; what it says does not matter."""
    with sqlite3.connect(path) as connection:
        if not connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]:
            names = [row[1] for row in connection.execute(f"PRAGMA table_info({table})") if row[3]]
            connection.execute(f"INSERT INTO {table} ({', '.join(names)}) VALUES ({', '.join('1' for _ in names)})")


def take_back(path, name):
    with writing(path) as connection:
        undone = find(connection, None)
        lay_out(connection, undone)
        read(connection, undone)
        record_run(connection, name, START, "undo", "applied", applied=True)
        carry_out(connection, undone, connection.execute("SELECT max(number) FROM runs").fetchone()[0])


STATEMENTS = {
    "an update": ["UPDATE accounts SET email = 'new@x.example' WHERE account_id = 1"],
    "several updates of a row": [
        "UPDATE accounts SET email = NULL WHERE account_id < 3",
        "UPDATE accounts SET email = 'a2@x.example' WHERE account_id = 1",
        "UPDATE accounts SET email = 'a1@x.example' WHERE account_id = 2",
    ],
    "a chain of e-mails": [
        "UPDATE accounts SET email = NULL",
        "UPDATE accounts SET email = 'a2@x.example' WHERE account_id = 1",
        "UPDATE accounts SET email = 'a3@x.example' WHERE account_id = 2",
    ],
    "rows that are replaced": [
        "INSERT OR REPLACE INTO orgs (sourced_id, name) VALUES ('A', 'Aspen'), ('C', 'Cedar')",
        "INSERT OR REPLACE INTO meta (key, value) VALUES ('missing', '{}')",
    ],
    "rows that are written or updated": [
        """INSERT INTO guard_totals VALUES ('removed', 'students', 'A', 9), ('removed', 'staff', 'A', 1)
        ON CONFLICT (guard, kind, school_id) DO UPDATE SET total = excluded.total"""
    ],
    "facts that are deleted and written anew": [
        "DELETE FROM standing_notes",
        "INSERT INTO standing_notes VALUES ('users', 'U2', 'BLANK_KEPT', 'x'), ('users', 'U1', 'BLANK_KEPT', 'a note')",
    ],
    "records that are deleted": [
        "DELETE FROM guardianships",
        "DELETE FROM users WHERE id = 'U3'",
        "DELETE FROM accounts WHERE account_id = 3",
        "UPDATE accounts SET email = 'a3@x.example' WHERE account_id = 2",
        "DELETE FROM classes",
    ],
    "a record that is deleted and written anew": [
        "DELETE FROM classes",
        "INSERT INTO classes (id, origin, title, status, review) VALUES ('K1', 'sis', 'Two', 'active', 0)",
    ],
    "records that are added, and updated": [
        f"{ACCOUNT} (4, 'a4@x.example', 'invitee', 0)",
        f"{PERSON} ('U4', 'sis', 'student', 'student', 'current', 4, 0, (SELECT max(number) FROM runs))",
        "UPDATE accounts SET email = NULL, phone = '1' WHERE account_id = 4",
        "UPDATE users SET grades = '05' WHERE id = 'U4'",
    ],
    "a text that looks like JSON": ["""UPDATE users SET profiles = '[1, "two"]', grades = '05' WHERE id = 'U1'"""],
    "a number in a text": ["UPDATE users SET identifier = '007', grades = '1.0' WHERE id = 'U1'"],
    "a waiting row": [
        """INSERT INTO waiting (kind, id, deleted, run, cells)
        VALUES ('users', 'U9', 0, (SELECT max(number) FROM runs), '{"a": null}')"""
    ],
}


@pytest.mark.parametrize("statements", STATEMENTS.values(), ids=STATEMENTS.keys())
def test_whatever_a_run_wrote_is_brought_back(state, statements):
    before = contents(state)
    with run(state, "r1") as connection:
        for statement in statements:
            connection.execute(statement)
    assert contents(state) != before
    take_back(state, "r2")
    assert contents(state) == before


def test_two_runs_are_brought_back_one_by_one(state):
    begun = contents(state)
    with run(state, "r1") as connection:
        connection.execute("UPDATE waiting SET line = 1")
        connection.execute("UPDATE users SET grades = '05', review = 1")
    between = contents(state)
    with run(state, "r2") as connection:
        connection.execute("UPDATE users SET grades = '06', review = 0 WHERE id = 'U1'")
    take_back(state, "u2")
    assert contents(state) == between
    take_back(state, "u1")
    assert contents(state) == begun


def test_only_what_differs_is_noted(state):
    with run(state, "r1") as connection:
        connection.execute("UPDATE users SET grades = '05' WHERE id = 'U1'")
        connection.execute("UPDATE users SET grades = '06' WHERE id = 'U1'")
        connection.execute("UPDATE users SET grades = '05' WHERE id = 'U2'")
        connection.execute("UPDATE users SET grades = NULL WHERE id = 'U2'")
    assert noted(state, "r1") == {
        ("users", "U1"): ({"grades": None}, {"grades": "06"}),
        (ACCOUNT_IDS,): ({"account_id": 3}, {"account_id": 3}),
    }


def test_records_that_are_added_cost_no_note(state):
    with run(state, "r1") as connection:
        connection.execute(f"{ACCOUNT} (4, NULL, 'invitee', 0)")
        connection.execute(f"{PERSON} ('U4', 'sis', 'student', 'student', 'current', 4, 0, 1)")
    assert noted(state, "r1") == {(ACCOUNT_IDS,): ({"account_id": 3}, {"account_id": 4})}


def test_a_run_that_fails_is_not_noted(state):
    before = contents(state)
    with pytest.raises(sqlite3.IntegrityError), run(state, "r1") as connection:
        connection.execute("UPDATE users SET origin = CASE id WHEN 'U3' THEN 'nowhere' ELSE 'manual' END")
    assert contents(state) == before
    assert noted(state, "r1") == {}


def test_the_notes_of_the_newest_runs_are_kept(state):
    for number in range(4):
        with run(state, f"r{number}", keep=2) as connection:
            connection.execute("UPDATE users SET grades = ?", (str(number),))
    assert [bool(noted(state, f"r{number}")) for number in range(4)] == [False, False, True, True]


def test_every_table_of_the_state_is_noted_or_tells_of_runs_and_edits(state):
    of_runs = {
        "runs",
        "changes",
        "edits",
        "outbox",
        "report_tables",
        "before_images",
        "record_counts",
        "alembic_version",
    }
    with sqlite3.connect(state) as connection:
        names = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        assert names - of_runs == {*RECORDS, *FACTS}
        assert all(shape(connection, name).key for name in (*RECORDS, *FACTS))


@pytest.mark.parametrize("table", [*RECORDS, *FACTS])
def test_what_is_noted_already_is_looked_up_by_its_key(state, table):
    """A table of noted rows whose columns have no types is gone through for every row that is written."""
    if table in FACTS:
        fill(state, table)
    with run(state, "r1") as connection:
        same = " AND ".join(f"r.{name} = t.{name}" for name in shape(connection, table).key)
        query = f"EXPLAIN QUERY PLAN SELECT 1 FROM main.{table} t CROSS JOIN temp.replaced_{table} r ON {same}"
        plan = [row[3] for row in connection.execute(query)]
    assert any(step.startswith("SEARCH r USING PRIMARY KEY") for step in plan), plan


def test_what_a_run_adds_to_an_empty_table_is_noted_as_any_other(state):
    """A first load fills whole tables: what stands in them at its end is what it added, whatever came and went."""
    before = contents(state)
    with run(state, "r1") as connection:
        connection.execute("INSERT INTO academic_sessions VALUES ('T1', '2027-06-04'), ('T2', NULL), ('T3', NULL)")
        connection.execute("UPDATE academic_sessions SET end_date = '2027-01-29' WHERE sourced_id = 'T2'")
        connection.execute("DELETE FROM academic_sessions WHERE sourced_id = 'T3'")
    found = {key: texts for key, texts in noted(state, "r1").items() if key[0] == "academic_sessions"}
    assert found == {
        ("academic_sessions", "T1"): (None, {"sourced_id": "T1", "end_date": "2027-06-04"}),
        ("academic_sessions", "T2"): (None, {"sourced_id": "T2", "end_date": "2027-01-29"}),
    }
    take_back(state, "r1")
    assert contents(state) == before
