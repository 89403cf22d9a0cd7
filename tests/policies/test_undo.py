"""A run taken back: what goes, what people did since and stays (contract.md, `runs undo`)."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from rostersync import undoing
from rostersync.errors import ConfigurationError, RefusedByPolicy, StateBusy
from rostersync.state.lock import hold
from tests.policies.district import District, Report, Row, enrollment, guardian, school_class, student, teacher


@contextmanager
def by_hand(district: District) -> Iterator[sqlite3.Connection]:
    """What commands for manual records write, written directly."""
    with closing(sqlite3.connect(district.folder / "state.db")) as state, state:
        yield state


def undo(district: District, run_id: str | None = None) -> Report:
    """Take a run back."""
    done = undoing.undo(district.settings, run_id, dry_run=False)
    assert done.outcome is not None
    return Report(done.outcome.report_folder, done.outcome.summary.to_json())


def runs(district: District) -> list[tuple[str, int]]:
    """(status, applied) of all runs, oldest first."""
    return [(r["status"], r["applied"]) for r in district.rows("SELECT * FROM roster_runs ORDER BY run_id")]


def run_ids(district: District) -> list[str]:
    return [row["run_id"] for row in district.rows("SELECT run_id FROM roster_runs ORDER BY run_id")]


def contents(district: District) -> dict[str, list[Any]]:
    """Every table that holds what runs decide on."""
    tables = ("users", "accounts", "classes", "enrollments", "guardianships", "standing_notes", "waiting", "orgs")
    with closing(sqlite3.connect(district.folder / "state.db")) as state:
        found = {name: sorted(state.execute(f"SELECT * FROM {name}"), key=repr) for name in (*tables, "guard_totals")}
        facts = "SELECT * FROM meta WHERE key NOT IN ('generation', 'snapshot', 'record_counts') ORDER BY key"
        return {**found, "meta": state.execute(facts).fetchall()}


def changed(row: Row, **values: str) -> Row:
    """The row with other values."""
    return row | values


SIX = {name: student(name) for name in ("S1", "S2", "S3", "S4", "S5", "S6")}
PAIRS = {f"{letter}{number}": number for number in (20, 22, 23, 24, 25, 30, 31, 32, 40, 41, 50, 51) for letter in "SG"}
FAMILIES = {
    name: student(name, f"G{number}") if name[0] == "S" else guardian(name, phone=f"206-555-01{number}")
    for name, number in PAIRS.items()
}
OTHERS = {name: student(name) for name in ("S21", "S26")}
BEFORE = {**SIX, **FAMILIES, **OTHERS}
MOVED = {
    **{name: changed(row, email=f"new-{name.lower()}@x.example", grades="06") for name, row in SIX.items()},
    "S4": SIX["S4"],
    "G20": changed(FAMILIES["G20"], email="b20@x.example"),
    "G22": changed(FAMILIES["G22"], email=FAMILIES["G23"]["email"]),
    "G23": changed(FAMILIES["G23"], email=FAMILIES["G22"]["email"]),
    "G24": changed(FAMILIES["G24"], email=FAMILIES["G25"]["email"]),
    "G25": changed(FAMILIES["G25"], email="r25@x.example"),
    "G51": changed(FAMILIES["G51"], phone=""),
    "S31": changed(FAMILIES["S31"], agentSourcedIds=""),
    "S32": changed(FAMILIES["S32"], agentSourcedIds=""),
}
GONE = {"S30", "G30"}
ADDED = [
    *(student(name) for name in ("S10", "S12", "S13", "S14")),
    student("S11", "G11"),
    guardian("G11"),
    *(
        teacher(name, email=FAMILIES[of]["email"], phone=FAMILIES[of]["phone"], givenName=FAMILIES[of]["givenName"])
        for name, of in (("T40", "G40"), ("T41", "G41"))
    ),
]
CLASSES = [school_class(name) for name in ("K1", "K40", "K41", "K45")]
NEW_CLASSES = [
    school_class("K1"),
    *(school_class(name, title=f"New {name}") for name in ("K40", "K41")),
    *(school_class(name) for name in ("K42", "K43", "K44")),
]
PLACES = [enrollment("K1", "S30"), enrollment("K1", "S1")]
NEW_PLACES = [enrollment("K1", "S1", primary="true"), enrollment("K1", "S11"), enrollment("K42", "S1")]


@dataclass
class Lived:
    """The district before the night, and after that was taken back."""

    district: District
    users: dict[str, dict[str, Any]]
    pairs: dict[tuple[str, str], str]
    enrolled: dict[tuple[str, str], str]
    report: Report

    def said(self, record: str, kind: str = "users") -> dict[str, str]:
        """Note by code."""
        return {code: text for _, code, text in self.report.notes(record, kind)}


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Lived:
    """Two nights, a day of people's deeds, and the second night taken back."""
    district = District(tmp_path_factory.mktemp("lived"))
    district.night(BEFORE.values(), CLASSES, PLACES)
    with by_hand(district) as state:
        state.execute("INSERT INTO enrollments VALUES ('K40', 'S30', 'student', NULL, 0, NULL, NULL, 'current', "
                      "'manual', NULL, 0)")  # fmt: skip
    users = {row["id"]: row for row in district.rows("SELECT * FROM roster_users")}
    pairs, enrolled = district.guardianships(), district.enrollments()
    tonight = [row for name, row in {**BEFORE, **MOVED}.items() if name not in GONE]
    district.night([*tonight, *ADDED], NEW_CLASSES, NEW_PLACES)
    assert district.user("T40")["account_id"] == users["G40"]["account_id"], "the night joined them"
    assert district.enrollments()["K40", "S30"] == "ended", "the night ended it"
    _deeds(district)
    report = undo(district)
    return Lived(district, users, pairs, enrolled, report)


def _deeds(district: District) -> None:
    district.edit("S2", email="mine@x.example")
    district.accept("S3", "S11")
    district.edit("S4", email="mine4@x.example")
    for value in ("other@x.example", "new-s5@x.example"):
        district.edit("S5", email=value)
    district.edit("S6", email=SIX["S6"]["email"])
    district.edit("S12", phone="206-555-0112")
    district.edit("S21", email=FAMILIES["G20"]["email"])
    district.edit("S26", email=FAMILIES["G24"]["email"])
    with by_hand(district) as state:
        state.execute("INSERT INTO guardianships VALUES ('G31', 'S13', 'current', 'manual', NULL)")
        for place in ("'K1', 'S14'", "'K44', 'S1'"):
            state.execute(f"INSERT INTO enrollments VALUES ({place}, 'student', NULL, 0, NULL, NULL, 'current', "
                          "'manual', NULL, 0)")  # fmt: skip
        state.execute("UPDATE guardianships SET status = 'current', origin = 'manual' WHERE student_id = 'S32'")
        state.execute("UPDATE classes SET title = 'Mine' WHERE id IN ('K41', 'K43')")
        state.execute("INSERT INTO accounts (account_id, given_name, family_name, state, disabled) "
                      "VALUES (9000, 'GivenT41', 'Family', 'invitee', 0)")  # fmt: skip
        state.execute("UPDATE users SET account_id = 9000 WHERE id = 'T41'")
        account = "(SELECT account_id FROM users WHERE id = 'G5{}')"
        emptied = "UPDATE accounts SET given_name = NULL, family_name = NULL, email = NULL WHERE account_id = "
        state.execute(emptied + account.format(1))
        state.execute(f"UPDATE users SET account_id = {account.format(0)} WHERE id = 'G51'")


class TestValues:
    def test_what_the_night_changed_goes_back(self, lived: Lived) -> None:
        assert lived.district.user("S1") == lived.users["S1"]
        text = "email new-s1@x.example -> s1@students.example.org; grades 06 -> 05"
        assert lived.said("S1") == {"UNDONE": f"Run {run_ids(lived.district)[1]} taken back: {text}"}

    def test_an_edit_since_stays_and_the_rest_goes_back(self, lived: Lived) -> None:
        user = lived.district.user("S2")
        assert (user["email"], user["sis_email"], user["grades"]) == ("mine@x.example", "s2@students.example.org", "05")
        assert lived.said("S2")["EDIT_STANDS"].startswith("email was changed here after run ")
        assert lived.said("S2")["EDIT_STANDS"].endswith("; stays mine@x.example.")

    def test_who_accepted_since_stays_active_and_the_rest_goes_back(self, lived: Lived) -> None:
        user = lived.district.user("S3")
        assert (user["account"], user["email"]) == ("active", "s3@students.example.org")
        assert lived.said("S3")["EDIT_STANDS"].startswith("account was changed here after run ")

    def test_an_edit_of_what_the_night_left_alone_is_no_matter(self, lived: Lived) -> None:
        assert lived.district.user("S4")["email"] == "mine4@x.example"
        assert lived.said("S4") == {}

    def test_an_edit_back_to_what_the_night_wrote_is_an_edit(self, lived: Lived) -> None:
        assert lived.district.user("S5")["email"] == "new-s5@x.example"
        assert "EDIT_STANDS" in lived.said("S5")

    def test_an_edit_to_what_was_before_needs_no_word(self, lived: Lived) -> None:
        assert lived.district.user("S6")["email"] == lived.users["S6"]["email"]
        assert "EDIT_STANDS" not in lived.said("S6")


class TestCredentials:
    def test_one_that_somebody_holds_by_now_is_not_given_back(self, lived: Lived) -> None:
        user = lived.district.user("G20")
        assert (user["email"], user["sis_email"]) == ("b20@x.example", "g20@families.example.org")
        assert (
            lived.said("G20")["NOT_RESTORED"] == "Email g20@families.example.org belongs to S21 by now; not given back."
        )

    def test_two_that_swapped_swap_back(self, lived: Lived) -> None:
        for user_id in ("G22", "G23"):
            assert lived.district.user(user_id) == lived.users[user_id]
            assert set(lived.said(user_id)) == {"UNDONE"}

    def test_who_does_not_get_theirs_gives_up_what_goes_back_to_another(self, lived: Lived) -> None:
        assert lived.district.user("G25") == lived.users["G25"]
        assert lived.district.user("G24")["email"] is None
        assert lived.said("G24")["NOT_RESTORED"].startswith("Email g24@families.example.org belongs to S26")
        assert "email g25@families.example.org -> none" in lived.said("G24")["UNDONE"]


class TestAdded:
    def test_who_the_night_added_goes_with_the_account(self, lived: Lived) -> None:
        assert not {"S10", "G11"} & lived.district.ids()
        assert lived.district.rows("SELECT * FROM roster_users WHERE email = 's10@students.example.org'") == []
        with closing(sqlite3.connect(lived.district.folder / "state.db")) as state:
            assert state.execute("SELECT * FROM accounts WHERE email = 's10@students.example.org'").fetchall() == []
        assert lived.report.rows("users", id="S10")[0]["action"] == "removed"
        assert set(lived.said("S10")) == {"ADDED_UNDONE"}

    @pytest.mark.parametrize(
        ("user_id", "reason"),
        [
            ("S11", "accepted"),
            ("S12", "edited"),
            ("S13", "given a guardianship or class by hand"),
            ("S14", "given a guardianship or class by hand"),
            ("T41", "linked or unlinked"),
        ],
    )
    def test_who_was_used_since_stays(self, lived: Lived, user_id: str, reason: str) -> None:
        assert lived.district.user(user_id)["roster_status"] == "current"
        [note] = lived.said(user_id).values()
        assert note == f"Added by run {run_ids(lived.district)[1]} and {reason} since; stays."

    def test_what_the_night_gave_to_who_stays_goes(self, lived: Lived) -> None:
        assert ("G11", "S11") not in lived.district.guardianships()
        assert ("K1", "S11") not in lived.district.enrollments()
        assert lived.district.guardianships()["G31", "S13"] == "current"
        assert lived.district.enrollments()["K1", "S14"] == "current"

    def test_a_record_that_joined_an_account_goes_and_the_account_stays(self, lived: Lived) -> None:
        assert "T40" not in lived.district.ids()
        assert lived.district.user("G40") == lived.users["G40"]


class TestLinked:
    def test_the_account_that_a_link_emptied_gets_nothing_back(self, lived: Lived) -> None:
        with closing(sqlite3.connect(lived.district.folder / "state.db")) as state:
            unused = "SELECT email, mobile, phone FROM accounts WHERE account_id NOT IN (SELECT account_id FROM users)"
            assert state.execute(unused).fetchall() == [(None, None, None)]
        linked, of = lived.district.user("G51"), lived.users["G50"]
        assert (linked["account_id"], linked["mobile"], linked["sis_mobile"]) == (
            of["account_id"],
            of["mobile"],
            lived.users["G51"]["sis_mobile"],
        )


class TestFamilies:
    def test_a_family_that_left_is_back_with_all_it_had(self, lived: Lived) -> None:
        for user_id in ("S30", "G30"):
            assert lived.district.user(user_id) == lived.users[user_id]
            assert [action for action, *_ in lived.report.notes(user_id)] == ["restored"]
        enrolled = lived.district.enrollments()
        assert enrolled["K1", "S30"] == enrolled["K40", "S30"] == "current"

    def test_a_guardianship_that_ended_is_current_again(self, lived: Lived) -> None:
        assert lived.district.guardianships()["G31", "S31"] == "current"
        [row] = lived.report.rows("guardianships", student_id="S31")
        assert (row["action"], row["code"], row["guardian_name"]) == ("restored", "UNDONE", "GivenG31 Family")

    def test_one_that_was_made_manual_since_stays_so(self, lived: Lived) -> None:
        [row] = lived.district.rows("SELECT * FROM roster_guardianships WHERE student_id = 'S32'")
        assert (row["status"], row["origin"]) == ("current", "manual")
        assert lived.report.rows("guardianships", student_id="S32") == []


class TestClasses:
    @pytest.mark.parametrize(
        ("class_id", "title", "sis_title"),
        [
            ("K40", "Class K40", "Class K40"),
            ("K41", "Mine", "Class K41"),
            ("K43", "Mine", "Class K43"),
            ("K44", "Class K44", "Class K44"),
            ("K45", "Class K45", "Class K45"),
        ],
    )
    def test_titles_go_back_unless_edited_since(self, lived: Lived, class_id: str, title: str, sis_title: str) -> None:
        [row] = lived.district.rows("SELECT * FROM roster_classes WHERE id = ?", class_id)
        assert (row["title"], row["sis_title"], row["status"]) == (title, sis_title, "active")

    def test_a_class_the_night_added_goes_unless_used_since(self, lived: Lived) -> None:
        classes = {row["id"] for row in lived.district.rows("SELECT id FROM roster_classes")}
        assert not {"K42"} & classes
        assert {"K43", "K44"} < classes
        assert lived.report.codes("K43", "classes") == lived.report.codes("K44", "classes") == ["ADDED_STANDS"]

    def test_enrollments_have_their_values_of_before(self, lived: Lived) -> None:
        primary = "SELECT is_primary FROM roster_enrollments WHERE class_id = 'K1' AND user_id = 'S1'"
        assert lived.district.rows(primary) == [{"is_primary": 0}]
        assert ("K42", "S1") not in lived.district.enrollments()
        [row] = lived.report.rows("enrollments", class_id="K1", user_id="S1")
        assert (row["action"], row["class_title"], row["school"]) == ("updated", "Class K1", "School A")
        assert row["notes"].endswith("is_primary true -> false")


class TestRun:
    def test_it_is_a_run_of_its_own(self, lived: Lived) -> None:
        assert runs(lived.district) == [("applied", 1), ("undone", 0), ("applied", 1)]
        _, second, own = lived.district.rows("SELECT * FROM roster_runs ORDER BY run_id")
        assert own["source"] == f"undo of {second['run_id']}"
        assert lived.report.folder.name == own["run_id"]
        assert lived.report.summary["run"]["status"] == "applied"

    def test_its_changes_are_in_the_view(self, lived: Lived) -> None:
        query = "SELECT kind, id, action, code, field, before, after FROM roster_changes WHERE run_id = ?"
        rows = {tuple(row.values()) for row in lived.district.rows(query, run_ids(lived.district)[2])}
        assert ("users", "S1", "updated", "UNDONE", "email", "new-s1@x.example", "s1@students.example.org") in rows
        assert ("users", "S30", "restored", "UNDONE", "roster_status", "archived", "current") in rows
        assert ("users", "S10", "removed", "ADDED_UNDONE", "roster_status", "current", None) in rows
        assert not [row for row in rows if row[1] in {"S4", "S12", "K44"}]

    def test_the_next_sync_brings_the_night_again(self, lived: Lived) -> None:
        district = lived.district.copy(lived.district.folder.with_name("again"))
        tonight = [row for name, row in {**BEFORE, **MOVED}.items() if name not in GONE]
        district.night([*tonight, *ADDED], NEW_CLASSES, NEW_PLACES)
        assert district.user("S1")["email"] == "new-s1@x.example"
        assert district.statuses()["S30"] == "archived"
        assert district.user("S10")["roster_status"] == "current"
        assert district.guardianships()["G31", "S31"] == "ended"


@pytest.fixture
def district(tmp_path: Path) -> District:
    """A district with one night."""
    district = District(tmp_path)
    district.night([student("S1", "G1"), guardian("G1")])
    return district


SECOND = [student("S1", "G1", grades="07"), guardian("G1"), student("S2")]


def test_the_next_undo_takes_the_run_before(district: District) -> None:
    first = contents(district)
    district.night(SECOND)
    undo(district)
    assert contents(district) == first
    undo(district)
    empty = contents(district)
    assert [key for key, _ in empty.pop("meta")] == ["created_at"]
    assert not any(empty.values())
    assert runs(district) == [("undone", 0), ("undone", 0), ("applied", 1), ("applied", 1)]
    with pytest.raises(RefusedByPolicy, match="no applied run is left to take back"):
        undo(district)


def test_a_night_brought_again_is_taken_back_before_the_one_before_it(district: District) -> None:
    first = contents(district)
    for _ in range(2):
        district.night(SECOND)
        undo(district)
        assert contents(district) == first
    undo(district, run_ids(district)[0])
    assert district.ids() == set()


def test_only_the_latest_applied_run_has_its_turn(district: District) -> None:
    district.night(SECOND)
    first, second = run_ids(district)
    with pytest.raises(RefusedByPolicy, match=f"run {first} cannot .*runs after it come first.*{second}"):
        undo(district, first)
    with pytest.raises(ConfigurationError, match="knows no run 20200101T000000Z"):
        undo(district, "20200101T000000Z")
    undo(district, second)
    own = run_ids(district)[-1]
    with pytest.raises(RefusedByPolicy, match=f"done already.*{first}"):
        undo(district, second)
    with pytest.raises(RefusedByPolicy, match=f"it took another run back.*{first}"):
        undo(district, own)
    undo(district, first)


def test_a_refused_run_is_none_to_take_back(district: District) -> None:
    (district.folder / "wrong").mkdir()
    (district.folder / "wrong" / "users.csv").write_text("sourcedId\n")
    with pytest.raises(Exception, match="missing"):
        district.sync(district.folder / "wrong")
    assert runs(district) == [("applied", 1), ("refused", 0)]
    with pytest.raises(RefusedByPolicy, match="it applied nothing"):
        undo(district, run_ids(district)[1])
    undo(district)
    assert district.ids() == set()


def test_a_night_without_changes_is_taken_back_without_any(district: District) -> None:
    before = contents(district)
    district.night([student("S1", "G1"), guardian("G1")])
    assert undo(district).rows() == []
    assert contents(district) == before


def test_settings_of_the_night_are_those_of_before(district: District) -> None:
    before = contents(district)
    district.configure(restore_classes=False)
    district.night(SECOND, without={"users": ["grades"]})
    assert contents(district)["meta"] != before["meta"]
    undo(district)
    assert contents(district) == before


def test_what_a_run_replaced_is_kept_of_as_many_runs_as_reports(district: District) -> None:
    config = district.folder / "rostersync.toml"
    config.write_text("[reports]\nkeep = 1\n", encoding="utf-8")
    district.night(SECOND)
    undo(district)
    first = run_ids(district)[0]
    with pytest.raises(RefusedByPolicy, match=f"run {first} cannot be taken back: what it replaced is not kept"):
        undo(district)
    assert district.ids() == {"S1", "G1"}


def test_a_dry_run_writes_nothing(district: District) -> None:
    district.night(SECOND)
    before, reports = contents(district), sorted((district.folder / "reports").iterdir())
    said = undoing.undo(district.settings, None, dry_run=True)
    assert said.outcome is None
    assert {(row["id"], row["code"]) for row in said.rows.iter_rows(named=True)} == {
        ("S1", "UNDONE"),
        ("S2", "ADDED_UNDONE"),
    }
    assert contents(district) == before
    assert sorted((district.folder / "reports").iterdir()) == reports
    assert runs(district) == [("applied", 1), ("applied", 1)]


def test_a_run_that_holds_the_state_is_not_disturbed(district: District) -> None:
    before = contents(district)
    with hold(district.folder / "state.db"), pytest.raises(StateBusy):
        undo(district)
    assert contents(district) == before


def test_an_undo_that_fails_leaves_everything_as_it_was(district: District) -> None:
    district.night(SECOND)
    before = contents(district)
    with by_hand(district) as state:
        state.execute("CREATE TRIGGER no BEFORE UPDATE ON runs WHEN NEW.undoes BEGIN SELECT RAISE(ABORT, 'no'); END")
    with pytest.raises(sqlite3.IntegrityError):
        undo(district)
    assert contents(district) == before
    assert runs(district) == [("applied", 1), ("applied", 1)]
    assert len(list((district.folder / "reports").glob("2*"))) == 2


def test_messages_that_are_not_sent_are_withdrawn_and_sent_ones_are_told(tmp_path: Path) -> None:
    district = District(tmp_path, update_active_contacts=True)
    families = [row for n in "12" for row in (student(f"S{n}", f"G{n}"), guardian(f"G{n}"))]
    district.night(families)
    district.accept("G1", "G2")
    moved = [changed(row, email=f"new-{row['email']}") if row["role"] == "parent" else row for row in families]
    district.night(moved)
    messages = district.rows("SELECT * FROM roster_outbox")
    assert {row["user_id"] for row in messages} == {"G1", "G2"}
    with by_hand(district) as state:
        state.execute("UPDATE outbox SET sent_at = '2026-11-22T00:00:00Z' WHERE user_id = 'G2'")
        state.execute(
            "INSERT INTO outbox (user_id, channel, template, address, run, created_at) "
            "SELECT 'G1', channel, 'by-hand', address, run, '2099-01-01T00:00:00Z' FROM outbox WHERE user_id = 'G1'"
        )
    report = undo(district)
    left = district.rows("SELECT DISTINCT user_id, template FROM roster_outbox ORDER BY user_id")
    assert [tuple(row.values()) for row in left] == [("G1", "by-hand"), ("G2", "contact-updated")]
    assert "MESSAGE_SENT" in report.codes("G2")
    assert "MESSAGE_SENT" not in report.codes("G1")
    assert district.user("G2")["email"] == "g2@families.example.org"


def test_a_login_that_came_before_the_invitation_was_accepted_stays(tmp_path: Path) -> None:
    """An active person would never get it again (R-U3); a mere change goes back."""
    district = District(tmp_path)
    blank, other = student("S1", email=""), student("S2")
    district.night([blank, other])
    filled = [changed(blank, email="new-s1@x.example"), changed(other, email="new-s2@x.example")]
    district.night(filled)
    district.accept("S1", "S2")
    report = undo(district)
    assert district.user("S1")["email"] == "new-s1@x.example"
    assert "EDIT_STANDS" in report.codes("S1")
    assert district.user("S2")["email"] == other["email"]
