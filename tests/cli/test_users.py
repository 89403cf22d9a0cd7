"""`users list|show|accept|edit` from outside (contract.md, Commands)."""

import csv
import io
import json
import sqlite3

import pytest

from rostersync.commands.users import COLUMNS, SHOWN


def directory(folder):
    """The view roster_users, by id."""
    with sqlite3.connect(folder / "state.db") as state:
        state.row_factory = sqlite3.Row
        return {row["id"]: dict(row) for row in state.execute("SELECT * FROM roster_users")}


def listed(run, *filters):
    return json.loads(run("users", "list", "--format", "json", *filters).stdout)


@pytest.fixture
def student(synced):
    """A student with guardians."""
    with sqlite3.connect(synced / "state.db") as state:
        return state.execute("SELECT min(student_id) FROM roster_guardianships").fetchone()[0]


@pytest.fixture
def guardian(synced):
    """A guardian who has an e-mail and a mobile."""
    with sqlite3.connect(synced / "state.db") as state:
        return state.execute(
            "SELECT min(id) FROM roster_users WHERE role = 'guardian' AND email IS NOT NULL AND mobile IS NOT NULL"
        ).fetchone()[0]


class TestList:
    def test_json_is_the_view_with_its_types(self, run, synced):
        view = directory(synced)
        assert {row["id"]: row for row in listed(run)} == view
        assert list(listed(run)[0]) == list(COLUMNS)

    def test_csv_has_every_column_and_no_formula(self, run, synced):
        text = run("users", "list", "--format", "csv").stdout
        rows = list(csv.DictReader(io.StringIO(text, newline="")))
        assert tuple(rows[0]) == COLUMNS
        assert len(rows) == len(directory(synced))
        mobiles = [row["mobile"] for row in rows if row["mobile"]]
        assert mobiles
        assert all(mobile.startswith("'+") for mobile in mobiles)

    def test_the_table_is_for_people(self, run, synced):
        head, *lines = run("users", "list").stdout.splitlines()
        assert tuple(head.split()) == SHOWN
        assert len(lines) == len(directory(synced))

    @pytest.mark.parametrize(
        ("option", "value", "column"),
        [
            ("--account", "invitee", "account"),
            ("--account", "active", "account"),
            ("--status", "current", "roster_status"),
            ("--status", "archived", "roster_status"),
            ("--origin", "sis", "origin"),
            ("--origin", "manual", "origin"),
        ],
    )
    def test_a_filter_keeps_what_has_the_value(self, run, synced, option, value, column):
        expected = {user for user, row in directory(synced).items() if row[column] == value}
        assert {row["id"] for row in listed(run, option, value)} == expected

    def test_the_role_is_any_of_a_users_roles(self, run, synced):
        expected = {user for user, row in directory(synced).items() if "teacher" in row["roles"].split(",")}
        assert expected
        assert {row["id"] for row in listed(run, "--role", "teacher")} == expected

    def test_the_school_is_one_of_theirs_or_of_their_students(self, run, synced):
        school = listed(run, "--role", "student")[0]["school_ids"].split(",")[0]
        found = {row["id"]: row["role"] for row in listed(run, "--school", school)}
        own = {u for u, row in directory(synced).items() if school in (row["school_ids"] or "").split(",")}
        assert own <= set(found)
        assert {found[user] for user in set(found) - own} <= {"guardian"}
        assert listed(run, "--school", "nowhere") == []

    def test_the_search_ignores_case_and_looks_at_names(self, run, synced, guardian):
        name = directory(synced)[guardian]["family_name"]
        assert guardian in {row["id"] for row in listed(run, "--search", name.upper())}
        assert listed(run, "--search", "%") == []

    def test_filters_are_laid_over_each_other_and_limited(self, run, synced):
        assert len(listed(run, "--role", "student", "--account", "invitee", "--limit", "3")) == 3


class TestShow:
    def test_a_user_with_what_belongs_to_it(self, run, synced, student):
        shown = json.loads(run("users", "show", student, "--format", "json").stdout)
        assert {name: shown[name] for name in COLUMNS} == directory(synced)[student]
        assert {row["student_id"] for row in shown["guardianships"]} == {student}
        assert {row["user_id"] for row in shown["enrollments"]} == {student}
        assert [row["school_id"] for row in shown["access"]] == shown["school_ids"].split(",")

    def test_for_people_it_is_a_field_a_line(self, run, synced, student):
        lines = run("users", "show", student).stdout.splitlines()
        assert lines[0].split() == ["id", student]
        assert any(line.startswith("guardianships (") for line in lines)

    def test_an_unknown_user_is_named(self, run, synced):
        assert "knows no user nobody" in run("users", "show", "nobody", code=2).stderr


class TestAccept:
    def test_invitees_become_active(self, run, synced, student, guardian):
        rows = json.loads(run("users", "accept", student, guardian, "--format", "json").stdout)
        assert [row["id"] for row in rows] == [student, guardian]
        users = directory(synced)
        assert (users[student]["account"], users[guardian]["account"]) == ("active", "active")

    def test_ids_come_from_a_csv_too(self, run, synced, student, guardian):
        (synced / "accepted.csv").write_bytes(f"\ufeffname,id\r\nAna,{student}\r\n,\r\nBo,{guardian}\r\n".encode())
        run("users", "accept", "--from-file", "accepted.csv")
        active = {user for user, row in directory(synced).items() if row["account"] == "active"}
        assert {student, guardian} <= active

    def test_an_unknown_id_is_named_and_nobody_is_accepted(self, run, synced, student):
        assert "nobody" in run("users", "accept", student, "nobody", code=2).stderr
        assert directory(synced)[student]["account"] == "invitee"

    @pytest.mark.parametrize(
        ("content", "said"),
        [
            (b"user\r\nx\r\n", "has no column `id`"),
            (b"", "has no column `id`"),
            (b"id\r\n\r\n", "names no user"),
            (b'id\r\n"x\r\n', "accepted.csv, line 1: "),
            (b"id\r\n\xff\r\n", "is not UTF-8 text"),
            (None, "cannot be read: No such file or directory"),
        ],
    )
    def test_a_csv_that_says_nothing_is_refused(self, run, synced, content, said):
        if content is not None:
            (synced / "accepted.csv").write_bytes(content)
        assert said in run("users", "accept", "--from-file", "accepted.csv", code=2).stderr

    def test_somebody_has_to_be_named(self, run, synced):
        assert "give IDs or --from-file" in run("users", "accept", code=2).stderr


class TestEdit:
    def test_what_changed_is_shown(self, run, synced, guardian):
        run("users", "accept", guardian)
        before = directory(synced)[guardian]
        arguments = ("--email", "new@example.org", "--by", "self", "--format", "json")
        assert json.loads(run("users", "edit", guardian, *arguments).stdout) == [
            {"field": "email", "before": before["email"], "after": "new@example.org"}
        ]
        assert directory(synced)[guardian]["email"] == "new@example.org"
        assert directory(synced)[guardian]["sis_email"] == before["sis_email"]

    def test_an_empty_value_clears(self, run, synced, guardian):
        run("users", "accept", guardian)
        run("users", "edit", guardian, "--mobile", "", "--by", "self")
        assert directory(synced)[guardian]["mobile"] is None

    def test_a_value_that_is_none_is_refused(self, run, synced, guardian):
        run("users", "accept", guardian)
        before = directory(synced)[guardian]
        assert (
            "nothing was changed" in run("users", "edit", guardian, "--email", "no mail", "--by", "self", code=2).stderr
        )
        assert directory(synced)[guardian] == before

    def test_a_credential_that_somebody_else_holds_is_refused(self, run, synced, guardian):
        run("users", "accept", guardian)
        account = directory(synced)[guardian]["account_id"]
        taken = next(
            row["email"] for row in directory(synced).values() if row["email"] and row["account_id"] != account
        )
        run("users", "edit", guardian, "--email", taken, "--by", "self", code=7)

    def test_under_the_lock_an_edit_is_refused(self, run, synced, guardian):
        run("users", "accept", guardian)
        lock = {"ROSTERSYNC_POLICY__UPDATE_ACTIVE_CONTACTS": "true"}
        edit = ("users", "edit", guardian, "--email", "new@example.org", "--by", "manager")
        run(*edit, environ=lock, code=7)

    def test_an_unknown_user_is_named(self, run, synced):
        edit = ("users", "edit", "nobody", "--email", "new@example.org", "--by", "manager")
        assert "nobody" in run(*edit, code=2).stderr

    def test_something_has_to_be_edited(self, run, synced, guardian):
        assert "no edit named" in run("users", "edit", guardian, "--by", "self", code=2).stderr
