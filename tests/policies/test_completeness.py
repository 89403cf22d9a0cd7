"""Completeness before diffing: what a delivery says of itself and the last nights, and who is not taken for gone.

Every sign has its counter-case: a night that looks alike and is complete.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rostersync import undoing
from rostersync.state import copies
from tests.policies.district import District, Report, enrollment, guardian, school_class, student, teacher

STUDENTS = [student(f"S{i}", f"G{i}") for i in range(1, 9)]
GUARDIANS = [guardian(f"G{i}") for i in range(1, 9)]
ROLL = [enrollment("K1", f"S{i}") for i in range(1, 9)]
CLASSES = [school_class("K1"), school_class("K2")]
PEOPLE = [*GUARDIANS, *STUDENTS]
HELD = "INCOMPLETE_DELIVERY"
NO_LIMITS = {"max_removed": "99%", "max_changed": "100%", "small": 1_000}
"""No guard trips, and no window is open."""


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> District:
    district = District(tmp_path_factory.mktemp("lived"))
    district.configure(guards=NO_LIMITS)
    district.night(PEOPLE, CLASSES, ROLL)
    return district


@pytest.fixture
def district(lived: District, tmp_path: Path) -> District:
    return lived.copy(tmp_path / "district")


def verdict(report: Report) -> tuple[str, list[str]]:
    found = report.summary["delivery"]
    return found["verdict"], found["reasons"]


def gone(district: District) -> set[str]:
    """Everybody who is not current, and classes that are not active."""
    classes = district.rows("SELECT id FROM roster_classes WHERE status <> 'active'")
    people = {user for user, status in district.statuses().items() if status != "current"}
    return people | {row["id"] for row in classes}


def changed(folder: Path, file: str, change: Callable[[bytes], bytes]) -> Path:
    (folder / file).write_bytes(change((folder / file).read_bytes()))
    return folder


# --- a file that ends inside a row ---


def test_r_v3_an_incomplete_delivery_removes_nobody_whatever_file_is_torn(district: District) -> None:
    """Enrollments end inside a row; users and classes, which are whole, archive nobody either."""
    rest = [*GUARDIANS[1:], *STUDENTS[1:]]
    files = changed(district.files(rest, CLASSES[:1], ROLL[1:]), "enrollments.csv", lambda raw: raw[:-30])
    report = district.sync(files)
    assert verdict(report) == ("incomplete", ["enrollments.csv ends inside its last row"])
    assert gone(district) == set()
    assert set(district.enrollments().values()) == {"current"}
    text = "Removal held: the delivery is incomplete: enrollments.csv ends inside its last row."
    assert report.notes("S1") == [("held", HELD, text)]
    assert report.codes("K2", "classes") == [HELD]
    assert report.rows("enrollments", user_id="S1")[0]["code"] == "UNREADABLE_ROWS"
    assert district.night(rest, CLASSES[:1], ROLL[1:]).summary["delivery"]["verdict"] == "complete"
    assert gone(district) == {"S1", "G1", "K2"}


def test_r_v3_what_an_incomplete_delivery_adds_and_changes_is_applied(district: District) -> None:
    more = [*PEOPLE[:-1], student("S8", "G8", grades="06"), student("S9", "G9"), guardian("G9")]
    files = changed(district.files(more, CLASSES, ROLL), "classes.csv", lambda raw: raw[:-20])
    report = district.sync(files)
    assert verdict(report)[0] == "incomplete"
    assert report.codes("S9") == ["NEW"]
    assert report.codes("S8") == ["SIS_UPDATE"]


def test_r_g2_a_guardianship_that_both_rows_deny_ends_in_an_incomplete_delivery_too(district: District) -> None:
    people = [*PEOPLE[:-8], student("S1", "G2"), *STUDENTS[1:]]
    files = changed(district.files(people, CLASSES, ROLL), "classes.csv", lambda raw: raw[:-20])
    district.sync(files)
    assert district.guardianships()["G1", "S1"] == "ended"


def test_a_letter_that_the_end_of_the_file_cuts_in_two_changes_no_other_letter(tmp_path: Path) -> None:
    district = District(tmp_path)
    people = [student("S1", "G1", givenName="Zoë"), guardian("G1", givenName="Ngọc")]
    district.night(people)
    files = changed(district.files([*people, teacher("Tệ")]), "users.csv", lambda raw: raw[: raw.rindex(b"\x87")])
    report = district.sync(files)
    assert verdict(report)[0] == "incomplete"
    assert [district.user(user)["given_name"] for user in ("S1", "G1")] == ["Zoë", "Ngọc"]
    assert report.rows("users", action="updated") == []


# --- a file without its last line break ---


def unended(folder: Path, file: str = "users.csv", cut: int = 2) -> Path:
    """The file without its last line break, CR and LF, and so many more bytes."""
    return changed(folder, file, lambda raw: raw[:-cut])


def test_r_v2_the_last_row_is_not_used_where_files_always_ended_with_a_line_break(district: District) -> None:
    """The grade of S8 says 0 instead of 05: nothing tells but the line break that is missing."""
    report = district.sync(unended(district.files(PEOPLE[1:], CLASSES, ROLL, without={"users": ["password"]}), cut=3))
    assert verdict(report) == ("doubtful", ["users.csv ends without a line break, as it never did before"])
    assert [row["code"] for row in report.rows("issues", severity="error")] == ["UNENDED_ROW"]
    assert report.codes("S8") == ["REJECTED_ROW"]
    assert report.codes("G1") == [HELD]
    assert district.user("S8")["grades"] == "05"
    assert gone(district) == set()


def test_r_a1_the_same_file_without_its_line_break_stays_doubtful(district: District) -> None:
    folder = unended(district.files(PEOPLE[1:], CLASSES, ROLL))
    district.sync(folder)
    before = district.everything()
    assert verdict(district.sync(folder))[0] == "doubtful"
    assert district.everything() == before


def test_another_delivery_without_it_shows_that_the_export_is_another(district: District) -> None:
    district.sync(unended(district.files(PEOPLE, CLASSES, ROLL)))
    assert verdict(district.sync(unended(district.files(PEOPLE[1:], CLASSES, ROLL)))) == ("complete", [])
    assert gone(district) == {"G1"}


@pytest.mark.parametrize("file", ["users.csv", "classes.csv", "enrollments.csv", "orgs.csv"])
def test_files_that_never_ended_with_one_are_complete(tmp_path: Path, file: str) -> None:
    district = District(tmp_path)
    district.sync(unended(district.files(PEOPLE, CLASSES, ROLL), file))
    report = district.sync(unended(district.files(PEOPLE[1:], CLASSES, ROLL), file))
    assert verdict(report) == ("complete", [])
    assert gone(district) == {"G1"}


def test_an_override_of_everything_uses_the_row_and_lets_go(district: District) -> None:
    report = district.sync(unended(district.files(PEOPLE[1:], CLASSES, ROLL)), override=["all"])
    assert verdict(report) == ("complete", [])
    assert report.rows("issues", severity="error") == []
    assert gone(district) == {"G1"}


# --- the last rows gone, and named all the same ---


def test_the_last_rows_of_a_file_do_not_leave_while_other_rows_name_them(district: District) -> None:
    report = district.night(PEOPLE[:-3], CLASSES, ROLL)
    reason = "users.csv ends 3 rows earlier than in the last night, and other rows still name 3 of them"
    assert verdict(report) == ("doubtful", [reason])
    assert gone(district) == set()
    assert report.codes("S7") == [HELD]
    before = district.everything()
    assert verdict(district.night(PEOPLE[:-3], CLASSES, ROLL)) == ("doubtful", [reason])
    assert district.everything() == before
    assert verdict(district.night(PEOPLE[:-3], CLASSES, ROLL[:-3]))[0] == "complete"
    assert gone(district) == {"S6", "S7", "S8", "G6", "G7", "G8"}


def lost(district: District) -> None:
    shutil.rmtree(district.folder / "state.db.snapshots")


def taken_back(district: District) -> None:
    district.night([*PEOPLE, student("S9", "G8")], CLASSES, ROLL)
    undoing.undo(district.settings, None, dry_run=False)


def restored(district: District) -> None:
    copy = district.folder / "copy.db"
    copies.backup(district.settings.state.path, copy)
    copies.restore(district.settings.state.path, copy)


@pytest.mark.parametrize("before", [lost, taken_back, restored])
def test_the_last_rows_do_not_leave_where_only_the_state_knows_them(
    district: District, before: Callable[[District], None]
) -> None:
    before(district)
    report = district.night(PEOPLE[:-3], CLASSES, ROLL)
    reason = "users.csv ends about 3 rows earlier than in the last night, and other rows still name 3 of them"
    assert verdict(report) == ("doubtful", [reason])
    assert gone(district) == set()
    assert verdict(district.night(PEOPLE[:-3], CLASSES, ROLL))[0] == "doubtful"
    assert verdict(district.night(PEOPLE[:-3], CLASSES, ROLL[:-3]))[0] == "complete"
    assert gone(district) == {"S6", "S7", "S8", "G6", "G7", "G8"}


@pytest.mark.parametrize("before", [lost, taken_back, restored])
@pytest.mark.parametrize("how", ["with their enrollments", "from the middle", "two of them"])
def test_r_f1_others_leave_where_only_the_state_knows_them(
    district: District, before: Callable[[District], None], how: str
) -> None:
    before(district)
    users, roll, left = LEAVE[how]
    assert verdict(district.night(users, CLASSES, roll)) == ("complete", [])
    assert gone(district) == left


def test_the_last_rows_do_not_leave_on_the_night_of_another_setting(district: District) -> None:
    district.configure(guards=NO_LIMITS, update_active_contacts=True)
    assert verdict(district.night(PEOPLE[:-3], CLASSES, ROLL))[0] == "doubtful"
    assert gone(district) == set()


@pytest.mark.parametrize(("settings", "word"), [({}, "doubtful"), ({"update_active_contacts": True}, "complete")])
def test_a_state_that_does_not_tell_which_schools_took_part_goes_by_the_settings(
    district: District, settings: dict[str, bool], word: str
) -> None:
    """As one of an earlier version is."""
    with contextlib.closing(sqlite3.connect(district.folder / "state.db")) as state, state:
        assert state.execute("DELETE FROM meta WHERE key = 'included'").rowcount == 1
    district.configure(guards=NO_LIMITS, **settings)
    assert verdict(district.night(PEOPLE[:-3], CLASSES, ROLL))[0] == word


def test_r_d1_guards_come_first_where_the_end_of_a_file_is_missing(tmp_path: Path) -> None:
    district = District(tmp_path)
    district.configure(guards={**NO_LIMITS, "max_removed": "10%", "small": 2})
    district.night(PEOPLE, CLASSES, ROLL)
    report = district.night(PEOPLE[:-3], CLASSES, ROLL)
    assert report.summary["run"]["exit_code"] == 5
    assert "students" in {trip["kind"] for trip in report.summary["guards_tripped"]}
    assert report.codes("S7") == ["GUARD_HELD"]
    assert verdict(report) == ("complete", [])
    assert gone(district) == set()


def test_the_last_classes_do_not_go_while_enrollments_name_them(tmp_path: Path) -> None:
    district = District(tmp_path)
    district.configure(guards=NO_LIMITS)
    classes = [school_class(f"K{i}") for i in range(1, 7)]
    roll = [enrollment(f"K{i}", "S1") for i in range(1, 7)]
    district.night(PEOPLE, classes, roll)
    assert verdict(district.night(PEOPLE, classes[:3], roll))[0] == "doubtful"
    assert gone(district) == set()
    assert verdict(district.night(PEOPLE, classes[:3], roll[:3]))[0] == "complete"
    assert gone(district) == {"K4", "K5", "K6"}


def test_the_first_rows_alone_are_no_whole_file(tmp_path: Path) -> None:
    """More than half of a file is missing, and nothing is new in it; with new rows it is another file."""
    district = District(tmp_path)
    district.configure(guards=NO_LIMITS)
    families = [row for pair in zip(STUDENTS, GUARDIANS, strict=True) for row in pair]
    district.night(families, CLASSES, ROLL)
    assert verdict(district.night(families[:6], CLASSES, ROLL)) == (
        "doubtful",
        ["users.csv ends 10 rows earlier than in the last night, and other rows still name 5 of them"],
    )
    assert gone(district) == set()
    assert verdict(district.night([*families[:6], teacher("T")], CLASSES, ROLL)) == ("complete", [])
    assert gone(district) == {f"{kind}{i}" for kind in "SG" for i in range(4, 9)}


def test_last_rows_in_whose_place_others_stand_are_no_cut(district: District) -> None:
    others = [student(f"N{i}", f"G{i}") for i in (6, 7, 8)]
    assert verdict(district.night([*PEOPLE[:-3], *others], CLASSES, ROLL)) == ("complete", [])
    assert gone(district) == {"S6", "S7", "S8"}


# --- what never was missing before ---

_MIDDLE = [*GUARDIANS, *STUDENTS[:3], *STUDENTS[4:]]
"""S4 is missing; the enrollments and G4 still name them."""
_LACKS_S4 = "users.csv lacks 1 of the last night that other rows still name, as in none of the last 5 deliveries"


def agreeing(district: District, nights: int = 5) -> None:
    """So many other nights in which everybody who is named is there."""
    for night in range(nights):
        grown = [*PEOPLE[:-1], student("S8", "G8", grades=f"{night + 6:02}")]
        assert verdict(district.night(grown, CLASSES, ROLL)) == ("complete", [])


def test_who_is_still_named_does_not_leave_where_files_always_agreed(district: District) -> None:
    agreeing(district)
    report = district.night(_MIDDLE, CLASSES, ROLL)
    assert verdict(report) == ("doubtful", [_LACKS_S4])
    assert report.codes("S4") == [HELD]
    assert gone(district) == set()
    before = district.everything()
    for _ in range(3):
        assert verdict(district.night(_MIDDLE, CLASSES, ROLL)) == ("doubtful", [_LACKS_S4])
    assert district.everything() == before


@pytest.mark.parametrize(
    ("next_night", "left"),
    [
        ((_MIDDLE, CLASSES, [*ROLL[:3], *ROLL[4:]]), {"S4", "G4"}),
        (([*_MIDDLE, teacher("T")], CLASSES, ROLL), {"S4", "G4"}),
        ((PEOPLE, CLASSES, ROLL), set()),
    ],
    ids=["all rows agree", "another delivery lacks them too", "they are back"],
)
def test_the_next_night_decides(district: District, next_night: Any, left: set[str]) -> None:
    agreeing(district)
    district.night(_MIDDLE, CLASSES, ROLL)
    assert verdict(district.night(*next_night)) == ("complete", [])
    assert gone(district) == left


def test_a_single_row_at_the_end_counts_as_well(district: District) -> None:
    agreeing(district)
    assert verdict(district.night(PEOPLE[:-1], CLASSES, ROLL))[0] == "doubtful"
    assert gone(district) == set()


def test_a_class_that_is_still_named_stays_where_files_always_agreed(tmp_path: Path) -> None:
    district = District(tmp_path)
    district.configure(guards=NO_LIMITS)
    roll = [*ROLL, enrollment("K2", "S1")]
    for night in range(6):
        district.night([*PEOPLE, teacher(f"T{night + 1}")], CLASSES, roll)
    people = [*PEOPLE, teacher("T6")]
    reason = "classes.csv lacks 1 of the last night that other rows still name, as in none of the last 5 deliveries"
    assert verdict(district.night(people, CLASSES[:1], roll)) == ("doubtful", [reason])
    assert gone(district) == {f"T{night}" for night in range(1, 6)}
    assert verdict(district.night(people, CLASSES[:1], ROLL)) == ("complete", [])
    assert "K2" in gone(district)


@pytest.mark.parametrize(("override", "left"), [("contacts", set()), ("classes", set()), ("students@A", {"S4", "G4"})])
def test_only_an_override_of_such_a_kind_lets_them_go(district: District, override: str, left: set[str]) -> None:
    agreeing(district)
    district.night(_MIDDLE, CLASSES, ROLL, override=[override])
    assert gone(district) == left


def test_r_d1_a_guard_that_trips_elsewhere_lets_nobody_go_in_a_doubtful_delivery(tmp_path: Path) -> None:
    """Six of eight students of A are missing, and one of B; all are still named."""
    district = District(tmp_path)
    district.configure(guards={**NO_LIMITS, "max_removed": "10%", "small": 2})
    others = [student(f"T{i}", f"H{i}", orgSourcedIds="B") for i in range(1, 9)]
    people = [*PEOPLE, *others, *(guardian(f"H{i}") for i in range(1, 9))]
    classes = [*CLASSES, school_class("KB", schoolSourcedId="B")]
    roll = [*ROLL, *(enrollment("KB", f"T{i}") for i in range(1, 9))]
    for night in range(6):
        district.night([*people[:-1], guardian("H8", grades=f"{night:02}")], classes, roll)
    here = [row for row in people if row["sourcedId"] not in {"T2", *(f"S{i}" for i in range(2, 8))}]
    for _ in range(2):
        report = district.night(here, classes, roll)
        assert report.summary["run"]["exit_code"] == 5
        assert {(trip["kind"], trip["school_id"]) for trip in report.summary["guards_tripped"]} >= {("students", "A")}
        assert verdict(report)[0] == "doubtful"
        assert report.codes("T2") == report.codes("S2") == [HELD]
        assert gone(district) == set()
    report = district.night(people, classes, roll)
    assert report.summary["run"]["exit_code"] == 0
    assert verdict(report) == ("complete", [])
    assert gone(district) == set()


AGREES: dict[str, Callable[[District], Report]] = {
    "with their enrollments": lambda d: d.night(
        [row for row in _MIDDLE if row["sourcedId"] != "G4"], CLASSES, [*ROLL[:3], *ROLL[4:]]
    ),
    "too few nights known": lambda d: d.night(_MIDDLE, CLASSES, ROLL),
    "let through": lambda d: d.night(_MIDDLE, CLASSES, ROLL, override=["students"]),
}


@pytest.mark.parametrize("how", AGREES)
def test_r_f1_whoever_leaves_otherwise_leaves(district: District, how: str) -> None:
    agreeing(district, 4 if how == "too few nights known" else 5)
    assert verdict(AGREES[how](district)) == ("complete", [])
    assert gone(district) == {"S4", "G4"}


@pytest.mark.parametrize("before", [lost, taken_back, restored])
def test_who_is_still_named_does_not_leave_where_only_the_state_knows_them(
    district: District, before: Callable[[District], None]
) -> None:
    agreeing(district)
    before(district)
    assert verdict(district.night(_MIDDLE, CLASSES, ROLL)) == ("doubtful", [_LACKS_S4])
    assert gone(district) == set()


def test_r_v3_a_rejected_row_is_not_missing(district: District) -> None:
    agreeing(district)
    broken = [*PEOPLE[:-5], {**PEOPLE[-5], "familyName": ""}, *PEOPLE[-4:]]
    assert verdict(district.night(broken, CLASSES, ROLL)) == ("complete", [])
    assert gone(district) == set()


def test_a_district_whose_rows_name_people_who_left_is_as_it_is(district: District) -> None:
    """Its SIS leaves enrollments of people who left in the file: that tells nothing there."""
    agreeing(district, 3)
    people = list(PEOPLE)
    for number in (8, 7):
        people = [row for row in people if row["sourcedId"] not in {f"S{number}", f"G{number}"}]
        assert verdict(district.night(people, CLASSES, ROLL)) == ("complete", [])
    assert gone(district) == {"S7", "G7", "S8", "G8"}


LEAVE: dict[str, tuple[list[dict[str, str]], list[dict[str, str]], set[str]]] = {
    "with their enrollments": ([*GUARDIANS, *STUDENTS[:-3]], ROLL[:-3], {"S6", "S7", "S8", "G6", "G7", "G8"}),
    "from the middle": ([*GUARDIANS, *STUDENTS[:2], *STUDENTS[5:]], ROLL, {"S3", "S4", "S5", "G3", "G4", "G5"}),
    "two of them": ([*GUARDIANS, *STUDENTS[:-2]], ROLL, {"S7", "S8", "G7", "G8"}),
    "and others too": ([*GUARDIANS[1:], *STUDENTS[1:-3]], ROLL, {f"{k}{i}" for k in "SG" for i in (1, 6, 7, 8)}),
}


@pytest.mark.parametrize("how", LEAVE)
def test_r_f1_people_leave_as_the_rules_say(district: District, how: str) -> None:
    users, roll, left = LEAVE[how]
    assert verdict(district.night(users, CLASSES, roll)) == ("complete", [])
    assert gone(district) == left


def test_r_d4_in_a_window_much_goes_rightly(tmp_path: Path) -> None:
    """The same night as above, in a window of all kinds, which the settings of these tests have."""
    district = District(tmp_path)
    district.night(PEOPLE, CLASSES, ROLL)
    assert verdict(district.night(PEOPLE[:-3], CLASSES, ROLL)) == ("complete", [])
    assert {"S6", "S7", "S8"} <= gone(district)


def test_r_d1_where_all_may_go_the_last_may_go_too(tmp_path: Path) -> None:
    """`max_removed = "100%"`: the district has said that any number of removals is right."""
    district = District(tmp_path)
    district.configure(guards={**NO_LIMITS, "max_removed": "100%"})
    district.night(PEOPLE, CLASSES, ROLL)
    assert verdict(district.night(PEOPLE[:-3], CLASSES, ROLL)) == ("complete", [])
    assert {"S6", "S7", "S8"} <= gone(district)


def test_r_k1_a_rollover_may_name_old_classes_still(tmp_path: Path) -> None:
    district = District(tmp_path)
    district.configure(guards=NO_LIMITS)
    classes = [school_class(f"K{i}") for i in range(1, 7)]
    roll = [enrollment(f"K{i}", "S1") for i in range(1, 7)]
    district.night(PEOPLE, classes, roll)
    assert verdict(district.night(PEOPLE, [school_class("N1"), *classes[:2]], roll)) == ("complete", [])
    assert gone(district) == {"K3", "K4", "K5", "K6"}


def test_r_v7_a_school_that_takes_no_part_any_more_leaves(tmp_path: Path) -> None:
    district = District(tmp_path)
    district.configure(guards=NO_LIMITS)
    people = [*PEOPLE[:-3], *(student(f"S{i}", f"G{i}", orgSourcedIds="B") for i in (6, 7, 8))]
    district.night(people, CLASSES, ROLL)
    district.configure(guards=NO_LIMITS, include=["A"])
    report = district.night(people, CLASSES, ROLL, override=["students", "guardians"])  # all of B would go
    assert verdict(report) == ("complete", [])
    assert {"S6", "S7", "S8"} <= gone(district)


def test_an_override_of_everything_lets_the_last_rows_go(district: District) -> None:
    assert verdict(district.night(PEOPLE[:-3], CLASSES, ROLL, override=["all"]))[0] == "complete"
    assert {"S6", "S7", "S8"} <= gone(district)


# --- files of several nights ---

_HOUR = 3600
_DAY = 24 * _HOUR
_FIRST = 1_790_000_000


def written(folder: Path, night: int, *, users_before: int = 0) -> Path:
    """The files as written on this night, users.csv so many seconds before the others."""
    for file in folder.iterdir():
        moment = _FIRST + night * _DAY - (users_before if file.name == "users.csv" else 0)
        os.utime(file, (moment, moment))
    return folder


def mixed(folder: Path, nights: int, usual: int, tonight: int) -> tuple[District, Report]:
    district = District(folder)
    for night in range(nights):
        people = [*PEOPLE[:-1], student("S8", "G8", grades=f"{night:02}")]
        district.sync(written(district.files(people, CLASSES, ROLL), night, users_before=usual))
    return district, district.sync(written(district.files(PEOPLE[1:], CLASSES, ROLL), nights, users_before=tonight))


def test_a_file_of_another_night_than_the_others_is_doubtful(tmp_path: Path) -> None:
    district, report = mixed(tmp_path, 5, 60, 20 * _HOUR)
    word, reasons = verdict(report)
    assert word == "doubtful"
    assert reasons[0].startswith("users.csv is of 20")
    assert reasons[0].endswith("UTC, 20 hours older than the other files")
    assert gone(district) == set()
    files = written(district.files(PEOPLE[1:], CLASSES, ROLL), 5, users_before=20 * _HOUR)
    for _ in range(2):  # the same files once more are as doubtful
        assert verdict(district.sync(files))[0] == "doubtful"
    assert gone(district) == set()


@pytest.mark.parametrize(
    ("nights", "usual", "tonight"),
    [(4, 60, 20 * _HOUR), (5, 2 * _HOUR, 20 * _HOUR), (5, 60, 10 * _HOUR)],
    ids=["too few nights known", "always apart", "a few hours"],
)
def test_times_that_tell_nothing_are_complete(tmp_path: Path, nights: int, usual: int, tonight: int) -> None:
    district, report = mixed(tmp_path, nights, usual, tonight)
    assert verdict(report) == ("complete", [])
    assert gone(district) == {"G1"}


# --- nights that are as they should be ---

ROLLOVER = """
[[guards.window]]
from = 2000-01-01
to = 2999-12-31
kinds = ["students", "guardians", "classes", "enrollments"]
max_removed = "100%"
"""
"""Other settings than those of the night before, too."""
NEXT_YEAR: dict[str, Any] = {
    "users": [*GUARDIANS[2:], *STUDENTS[2:]],
    "classes": [school_class(f"N{i}") for i in range(1, 4)],
    "enrollments": [enrollment("N1", f"S{i}") for i in range(3, 9)],
}
LEGAL: dict[str, Callable[[District], Report]] = {
    "the same once more": lambda d: d.night(PEOPLE, CLASSES, ROLL),
    "another order": lambda d: d.night(PEOPLE, CLASSES, ROLL, shuffle=5),
    "a family leaves": lambda d: d.night(
        [row for row in PEOPLE if row["sourcedId"] not in {"S8", "G8"}], CLASSES, ROLL[:-1]
    ),
    "the last class goes": lambda d: d.night(PEOPLE, CLASSES[:1], ROLL),
    "a rollover": lambda d: d.night(**NEXT_YEAR),
    "a rollover with the old enrollments": lambda d: d.night(
        NEXT_YEAR["users"], NEXT_YEAR["classes"], [*ROLL, *NEXT_YEAR["enrollments"]]
    ),
    "columns missing": lambda d: d.night(PEOPLE, CLASSES, ROLL, without={"users": ["agentSourcedIds", "phone"]}),
    "optional files missing": lambda d: d.night(PEOPLE, CLASSES, ROLL, absent=["orgs", "courses", "academicSessions"]),
    "files absent by the manifest": lambda d: d.night(
        PEOPLE, CLASSES, absent=["enrollments"], manifest={"enrollments": "absent"}
    ),
    "a delta": lambda d: d.delta([student("S1", "G1", grades="06")]),
    "plain line ends": lambda d: d.sync(
        changed(d.files(PEOPLE, CLASSES, ROLL), "users.csv", lambda raw: raw.replace(b"\r\n", b"\n"))
    ),
    "a byte order mark": lambda d: d.sync(
        changed(d.files(PEOPLE, CLASSES, ROLL), "users.csv", lambda raw: b"\xef\xbb\xbf" + raw)
    ),
    "blank lines at the end": lambda d: d.sync(
        changed(d.files(PEOPLE, CLASSES, ROLL), "users.csv", lambda raw: raw + b"\r\n\r\n")
    ),
}


@pytest.mark.parametrize("night", LEGAL)
def test_what_a_night_may_look_like_is_complete(district: District, night: str) -> None:
    if night.startswith("a rollover"):
        district.configure(guards="[guards]\n" + ROLLOVER)
    assert verdict(LEGAL[night](district)) == ("complete", [])


def test_a_windows_1252_file_that_ends_with_an_accent_is_what_it_is(tmp_path: Path) -> None:
    district = District(tmp_path)
    people = [student("S1", "G1", givenName="Zoë"), guardian("G1", givenName="André")]

    def folder() -> Path:
        return changed(
            district.files(people), "users.csv", lambda raw: raw.decode().encode("cp1252").removesuffix(b"\r\n")
        )

    assert verdict(district.sync(folder())) == ("complete", [])
    assert verdict(district.sync(folder())) == ("complete", [])
    assert district.user("S1")["given_name"] == "Zoë"
