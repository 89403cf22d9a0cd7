"""`users link|unlink`, `guardians` and the edits of `classes` from outside (contract.md, Commands)."""

import csv
import io
import json
import sqlite3

import pytest

from rostersync.state.lock import hold


def ask(folder, query, *values):
    """The rows of a query on the public views."""
    with sqlite3.connect(folder / "state.db") as state:
        return state.execute(query, values).fetchall()


@pytest.fixture
def people(synced):
    """Ids of the small district, by what they are."""

    def first(query):
        return ask(synced, query)[0][0]

    alone = (
        "SELECT min(id) FROM roster_users WHERE email IS NOT NULL AND account_id IN "
        "(SELECT account_id FROM roster_users GROUP BY 1 HAVING count(*) = 1) AND roles = "
    )
    guardian = first(f"{alone} 'guardian'")
    student = first(f"SELECT min(student_id) FROM roster_guardianships WHERE guardian_id = '{guardian}'")
    school = first(f"SELECT school_ids FROM roster_users WHERE id = '{student}'").split(",")[0]
    enrolled = "SELECT min(class_id) FROM roster_enrollments WHERE role = 'student'"
    return {
        "student": student,
        "school": school,
        "guardian": guardian,
        "teacher": first(f"{alone} 'teacher'"),
        "class": first(f"{enrolled} AND user_id <> '{student}'"),
        "theirs": first(f"{enrolled} AND user_id = '{student}'"),
        "sibling": first(f"SELECT max(id) FROM roster_users WHERE role = 'student' AND id <> '{student}'"),
    }


def account_of(folder, user):
    return ask(folder, "SELECT account_id FROM roster_users WHERE id = ?", user)[0][0]


def one_line(result):
    """stderr of a refusal: one line, and nothing on stdout."""
    assert result.stdout == ""
    (line,) = result.stderr.splitlines()
    return line


class TestLink:
    def test_two_records_get_one_account_and_part_again(self, run, synced, people):
        teacher, guardian = people["teacher"], people["guardian"]
        stays = account_of(synced, teacher)
        rows = json.loads(run("users", "link", guardian, teacher, "--format", "json").stdout)
        assert [(row["id"], row["account_id"], row["note"]) for row in rows] == [
            (teacher, stays, ""),
            (guardian, stays, "joined"),
        ]
        run("--quiet", "sync")
        assert account_of(synced, guardian) == account_of(synced, teacher) == stays
        assert "was on this account already" in run("users", "link", teacher, guardian).stdout
        assert guardian in run("users", "unlink", guardian).stdout
        run("--quiet", "sync")
        assert account_of(synced, guardian) != account_of(synced, teacher) == stays
        assert "had an account of its own already" in run("users", "unlink", guardian).stdout

    def test_who_ends_without_a_login_is_told_so_on_stdout(self, run, synced, people):
        guardian, teacher = people["guardian"], people["teacher"]
        run("users", "link", teacher, guardian)
        with sqlite3.connect(synced / "state.db") as state:
            state.execute("UPDATE users SET sis_email = NULL, sis_mobile = NULL WHERE id = ?", (guardian,))
        assert "no e-mail and no mobile: nobody can log in" in run("users", "unlink", guardian).stdout

    def test_students_are_never_linked(self, run, synced, people):
        said = one_line(run("users", "link", people["teacher"], people["student"], code=7))
        assert people["student"] in said
        assert "nothing was changed" in said

    def test_unknown_ids_are_named(self, run, people):
        assert "no user nobody" in one_line(run("users", "link", people["teacher"], "nobody", code=2))
        assert "no user nobody" in one_line(run("users", "unlink", "nobody", code=2))
        assert "named twice" in one_line(run("users", "link", "nobody", "nobody", code=2))


class TestGuardians:
    def test_one_is_added_related_removed_and_archived(self, run, synced, people):
        names = ("--given-name", "Ida", "--family-name", "Holt")
        text = run(
            "guardians", "add", people["student"], *names, "--email", "Ida@Holt.example", "--format", "csv"
        ).stdout
        (row,) = csv.DictReader(io.StringIO(text, newline=""))
        guardian = row["guardian_id"]
        assert (row["student_id"], row["result"]) == (people["student"], "added")
        query = "SELECT role, origin, account, roster_status, email, school_access FROM roster_users WHERE id = ?"
        assert ask(synced, query, guardian) == [("guardian", "manual", "invitee", "current", "ida@holt.example", 1)]
        run("guardians", "add", people["sibling"], "--guardian", guardian)
        run("--quiet", "sync")
        query = "SELECT student_id, status, origin FROM roster_guardianships WHERE guardian_id = ? ORDER BY 1"
        both = sorted((people[name], "current", "manual") for name in ("student", "sibling"))
        assert ask(synced, query, guardian) == both
        run("guardians", "remove", guardian, people["sibling"])
        assert "is archived" in run("guardians", "remove", guardian, people["student"]).stdout
        assert "ended already" in run("guardians", "remove", guardian, people["student"]).stdout
        assert ask(synced, "SELECT roster_status FROM roster_users WHERE id = ?", guardian) == [("archived",)]

    def test_the_invitation_is_accepted_and_the_contacts_edited_under_the_lock(self, run, synced, people):
        lock = {"ROSTERSYNC_POLICY__UPDATE_ACTIVE_CONTACTS": "true"}
        add = ("guardians", "add", people["student"], "--given-name", "Ida", "--family-name", "Holt")
        (row,) = json.loads(run(*add, "--mobile", "206-555-0177", "--format", "json").stdout)
        run("users", "accept", row["guardian_id"], environ=lock)
        run("users", "edit", row["guardian_id"], "--email", "ida@holt.example", "--by", "self", environ=lock)
        run("--quiet", "sync", environ=lock)
        query = "SELECT account, email, mobile FROM roster_users WHERE id = ?"
        assert ask(synced, query, row["guardian_id"]) == [("active", "ida@holt.example", "+12065550177")]

    def test_what_somebody_else_holds_is_refused_with_their_id_and_without_the_value(self, run, synced, people):
        guardian = people["guardian"]
        taken = ask(synced, "SELECT email FROM roster_users WHERE id = ?", guardian)[0][0]
        add = ("guardians", "add", people["student"], "--given-name", "Ida", "--family-name", "Holt")
        said = one_line(run(*add, "--email", taken, "--mobile", "206-555-0177", code=7))
        assert guardian in said
        assert taken not in said
        assert ask(synced, "SELECT count(*) FROM roster_users WHERE origin = 'manual'") == [(0,)]

    @pytest.mark.parametrize(
        ("whom", "options", "code", "said"),
        [
            ("student", [], 2, "needs --given-name and --family-name"),
            ("student", ["--given-name", "Ida", "--family-name", "Holt"], 7, "needs an e-mail or a mobile"),
            (
                "student",
                ["--given-name", "Ida", "--family-name", "Holt", "--email", "no mail"],
                2,
                "email is not valid",
            ),
            ("student", ["--given-name", "Ida", "--family-name", " ", "--email", "i@holt.example"], 2, "is blank"),
            ("student", ["--guardian", "local:1", "--email", "i@holt.example"], 2, "leave the rest out"),
            ("student", ["--guardian", "local:1"], 2, "no user local:1"),
            ("student", ["--guardian", "GUARDIAN"], 7, "comes from the SIS"),
            ("teacher", ["--given-name", "Ida", "--family-name", "Holt", "--email", "i@holt.example"], 7, "no student"),
        ],
    )
    def test_what_cannot_be_added(self, run, people, whom, options, code, said):
        options = [people["guardian"] if option == "GUARDIAN" else option for option in options]
        assert said in one_line(run("guardians", "add", people[whom], *options, code=code))

    def test_what_cannot_be_removed(self, run, people):
        guardian, student = people["guardian"], people["student"]
        assert "end it in the SIS" in one_line(run("guardians", "remove", guardian, student, code=7))
        assert "is no guardian of" in one_line(run("guardians", "remove", people["teacher"], student, code=2))
        assert "no user nobody" in one_line(run("guardians", "remove", "nobody", student, code=2))


class TestClasses:
    def test_a_title_stays_until_it_is_the_sis_s_again(self, run, synced, people):
        query = "SELECT title, sis_title FROM roster_classes WHERE id = ?"
        ((_, sis_title),) = ask(synced, query, people["class"])
        run("classes", "rename", people["class"], "Room 12")
        run("--quiet", "sync")
        assert ask(synced, query, people["class"]) == [("Room 12", sis_title)]
        (row,) = json.loads(run("classes", "rename", people["class"], sis_title, "--format", "json").stdout)
        assert row == {"id": people["class"], "before": "Room 12", "after": sis_title, "sis_title": sis_title}

    def test_a_class_is_made_filled_emptied_and_archived(self, run, synced, people):
        create = ("classes", "create", "Chess", "--school", people["school"], "--format", "json")
        (made,) = json.loads(run(*create).stdout)
        assert (made["title"], made["school_id"], made["status"], made["origin"]) == (
            "Chess",
            people["school"],
            "active",
            "manual",
        )
        students = (people["student"], people["sibling"])
        rows = json.loads(run("classes", "add", made["id"], *students, "--format", "json").stdout)
        assert [(row["user_id"], row["role"], row["result"]) for row in rows] == [
            (user, "student", "added") for user in students
        ]
        run("classes", "add", made["id"], people["teacher"], "--role", "teacher")
        run("--quiet", "sync")
        assert "removed" in run("classes", "remove", made["id"], people["sibling"]).stdout
        assert "archived" in run("classes", "archive", made["id"]).stdout
        query = "SELECT user_id, role, status FROM roster_enrollments WHERE class_id = ? AND origin = 'manual'"
        assert sorted(ask(synced, query, made["id"])) == sorted(
            [
                (people["student"], "student", "current"),
                (people["sibling"], "student", "ended"),
                (people["teacher"], "teacher", "current"),
            ]
        )

    @pytest.mark.parametrize(
        ("arguments", "code", "said"),
        [
            (["rename", "nowhere", "Chess"], 2, "no class nowhere"),
            (["rename", "CLASS", " "], 2, "title is blank"),
            (["create", "Chess", "--school", "nowhere"], 2, "no school nowhere"),
            (["add", "CLASS", "STUDENT", "nobody"], 2, "no user nobody"),
            (["add", "nowhere", "STUDENT"], 2, "no class nowhere"),
            (["add", "CLASS", "STUDENT", "GUARDIAN"], 7, "is a guardian"),
            (["add", "CLASS", "STUDENT", "--role", "teacher"], 7, "is a student"),
            (["add", "CLASS", "STUDENT", "--role", "wizard"], 2, "wizard"),
            (["remove", "THEIRS", "STUDENT"], 7, "end the enrollment in the SIS"),
            (["remove", "CLASS", "TEACHER"], 2, "is not in"),
            (["remove", "CLASS", "nobody"], 2, "no user nobody"),
            (["archive", "CLASS"], 7, "a class of the SIS"),
            (["archive", "nowhere"], 2, "no class nowhere"),
        ],
    )
    def test_what_is_refused(self, run, synced, people, arguments, code, said):
        with sqlite3.connect(synced / "state.db") as state:
            state.execute(
                "DELETE FROM enrollments WHERE class_id = ? AND user_id = ?", (people["class"], people["teacher"])
            )
        before = ask(synced, "SELECT * FROM roster_enrollments"), ask(synced, "SELECT * FROM roster_classes")
        result = run(
            "classes", *(people.get(word.lower(), word) if word.isupper() else word for word in arguments), code=code
        )
        assert said in result.stderr
        after = ask(synced, "SELECT * FROM roster_enrollments"), ask(synced, "SELECT * FROM roster_classes")
        assert after == before


def test_while_a_run_holds_the_state_nothing_is_edited(run, synced, people):
    student, teacher, guardian = people["student"], people["teacher"], people["guardian"]
    new = ("--given-name", "Ida", "--family-name", "Holt", "--email", "ida@holt.example")
    with hold(synced / "state.db"):
        for arguments in (
            ("users", "link", teacher, guardian),
            ("users", "unlink", guardian),
            ("guardians", "add", student, *new),
            ("guardians", "remove", guardian, student),
            ("classes", "rename", people["class"], "Room 12"),
            ("classes", "create", "Chess", "--school", people["school"]),
            ("classes", "add", people["class"], student),
            ("classes", "remove", people["class"], student),
            ("classes", "archive", people["class"]),
        ):
            assert "another run holds" in one_line(run(*arguments, code=6))
