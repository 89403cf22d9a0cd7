"""R-D1, R-D2, R-D5: what a night may remove and change, and what is held where it is too much."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from rostersync import undoing
from rostersync.errors import ConfigurationError
from rostersync.settings.overrides import Overrides, parse
from tests.policies.district import Report, enrollment, guardian, student, teacher
from tests.policies.guarded import DEFAULT, Guarded, Town, ended_as, held, tripped

Change = Callable[[Town], object]
FINE = ("applied", 0)
HELD = ("held", 5)


def window(kinds: str, share: str, first: str = "2000-01-01", last: str = "2999-12-31") -> str:
    """A [[guards.window]]."""
    names = ", ".join(f'"{kind}"' for kind in kinds.split())
    return f'[[guards.window]]\nfrom = {first}\nto = {last}\nkinds = [{names}]\nmax_removed = "{share}"\n'


def classes_go(town: Town, school: str, numbers: range) -> None:
    for number in numbers:
        class_id = f"K{school}{number}"
        del town.classes[class_id]
        town.enrollments = {key: row for key, row in town.enrollments.items() if key[0] != class_id}


def places_end(town: Town, count: int) -> None:
    for number in range(count):
        del town.enrollments[f"KA{number % 8}", f"SA{number}"]


def links_go(town: Town, school: str, numbers: range) -> None:
    """Neither row names the other any more."""
    for number in numbers:
        town.set(f"S{school}{number}", agentSourcedIds="")


# --- R-D1: when a guard trips ---------------------------------------------------------------------------------------

TRIPS: list[tuple[str, str, Change, set[str]]] = [
    ("five may always go", DEFAULT, lambda t: t.drop(*(f"SB{n}" for n in range(5))), set()),
    (
        "six of thirty are more than a tenth and more than five",
        DEFAULT,
        lambda t: t.drop(*(f"SB{n}" for n in range(6))),
        {f"Removal {kind}@B 6 of 30 (10%)" for kind in ("students", "guardians", "enrollments")},
    ),
    (
        "a share is not passed where exactly it goes",
        "[guards]\nsmall = 0",
        lambda t: t.drop(*(f"SB{n}" for n in range(3))),
        set(),
    ),
    (
        "one more passes it",
        "[guards]\nsmall = 0",
        lambda t: t.drop(*(f"SB{n}" for n in range(4))),
        {f"Removal {kind}@B 4 of 30 (10%)" for kind in ("students", "guardians", "enrollments")},
    ),
    (
        "the last four of a kind at a school, though five may go",
        DEFAULT,
        lambda t: t.drop("TB0", "TB1", "TB2", "TB3"),
        {"Removal staff@B 4 of 4 (10%)"},
    ),
    ("all but one of them", DEFAULT, lambda t: t.drop("TB0", "TB1", "TB2"), set()),
    (
        "a share of all is no window",
        '[guards]\nmax_removed = "100%"',
        lambda t: t.drop("TB0", "TB1", "TB2", "TB3"),
        {"Removal staff@B 4 of 4 (100%)"},
    ),
    (
        "a window of all lets a kind go to none",
        window("staff", "100%"),
        lambda t: t.drop("TB0", "TB1", "TB2", "TB3"),
        set(),
    ),
    (
        "a window of another kind does not",
        window("classes", "100%"),
        lambda t: t.drop("TB0", "TB1", "TB2", "TB3"),
        {"Removal staff@B 4 of 4 (10%)"},
    ),
    (
        "a window that is over does not",
        window("staff", "100%", "2000-01-01", "2000-01-02"),
        lambda t: t.drop("TB0", "TB1", "TB2", "TB3"),
        {"Removal staff@B 4 of 4 (10%)"},
    ),
    (
        "a window may be narrower",
        "[guards]\nsmall = 0\n" + window("students enrollments", "1%"),
        lambda t: t.drop("SB0"),
        {"Removal students@B 1 of 30 (1%)", "Removal enrollments@B 1 of 30 (1%)"},
    ),
    (
        "a school with limits of its own",
        '[guards.schools.A]\nsmall = 1\nmax_removed = "1%"',
        lambda t: t.drop("SA0", "SA1", "SB0", "SB1"),
        {"Removal students@A 2 of 40 (1%)", "Removal guardians@A 2 of 40 (1%)", "Removal enrollments@A 2 of 41 (1%)"},
    ),
    (
        "classes",
        DEFAULT,
        lambda t: classes_go(t, "A", range(6)),
        {"Removal classes@A 6 of 9 (10%)"},
    ),
    (
        "enrollments belong to the class's school",
        DEFAULT,
        lambda t: places_end(t, 6),
        {"Removal enrollments@A 6 of 41 (10%)"},
    ),
    (
        "guardians belong to the schools of their students, not to their own",
        DEFAULT,
        lambda t: [t.set(f"GB{n}", orgSourcedIds="A") for n in range(30)] and t.drop(*(f"GB{n}" for n in range(6))),
        {"Removal guardians@B 6 of 30 (10%)", "Removal guardianships@B 6 of 30 (10%)"},
    ),
    (
        "a guardianship counts where the student has nobody left",
        window("guardians", "100%"),
        lambda t: links_go(t, "A", range(6)),
        {"Removal guardianships@A 6 of 40 (10%)"},
    ),
    (
        "and not where somebody else comes",
        DEFAULT,
        lambda t: [
            (
                t.add(guardian(f"N{n}", f"SA{n}")),
                t.set(f"SA{n}", agentSourcedIds=""),
                t.set(f"GA{n}", agentSourcedIds=f"SA{n + 20}"),
            )
            for n in range(7)
        ],
        set(),
    ),
    (
        "students who move to another school are not gone",
        DEFAULT,
        lambda t: [t.set(f"SA{n}", orgSourcedIds="B") for n in range(9)],
        set(),
    ),
    (
        "nearly everybody leaves a school",
        DEFAULT,
        lambda t: t.families_leave("B", range(29)),
        {
            "Removal students@B 29 of 30 (10%)",
            "Removal guardians@B 29 of 30 (10%)",
            "Removal enrollments@B 29 of 30 (10%)",
        },
    ),
]


@pytest.mark.parametrize(("guards", "change", "expected"), [row[1:] for row in TRIPS], ids=[row[0] for row in TRIPS])
def test_r_d1_when_a_guard_trips(tmp_path: Path, guards: str, change: Change, expected: set[str]) -> None:
    it = Guarded(tmp_path, guards)
    change(it.town)
    report = it.night()
    assert tripped(report) == expected
    assert ended_as(report) == (HELD if expected else FINE)
    kinds = ("users", "classes", "enrollments", "guardianships")
    assert any(held(report, kind) for kind in kinds) == bool(expected)


def test_r_d1_what_a_held_night_adds_makes_no_room_for_its_removals(tmp_path: Path) -> None:
    it = Guarded(tmp_path)
    it.town.drop(*(f"SB{number}" for number in range(6)))
    it.night()
    for number in range(100, 170):  # with these, six would be less than a tenth
        it.town.add(student(f"SB{number}", orgSourcedIds="B"))
    assert "Removal students@B 6 of 30 (10%)" in tripped(it.night())
    assert it.current("SB") == 100
    report = it.night()
    assert ended_as(report) == HELD
    assert "Removal students@B 6 of 30 (10%)" in tripped(report)
    for number in range(6):  # once the guard does not trip, its share is of what is there then
        it.town.add(student(f"SB{number}", f"GB{number}", orgSourcedIds="B"))
        it.town.enroll(f"KB{number % 8}", f"SB{number}")
    assert ended_as(it.night()) == FINE
    it.town.drop(*(f"SB{number}" for number in range(100, 110)))
    assert ended_as(it.night()) == FINE


def test_r_d1_summary_says_what_was_tried_and_what_is_allowed(tmp_path: Path) -> None:
    it = Guarded(tmp_path, '[guards.schools.A]\nmax_removed = "50%"')
    it.town.families_leave("A", range(2))
    schools = it.night().summary["schools"]
    expected = {"school": "School A", "tried_to_remove": 2, "allowed": 20}
    assert schools["students"] == schools["guardians"] == schools["enrollments"] == {"A": expected}


# --- R-D2: what is held ---------------------------------------------------------------------------------------------


def test_r_d2_the_school_that_tripped_is_held_and_all_else_is_applied(tmp_path: Path) -> None:
    it = Guarded(tmp_path)
    it.town.families_leave("A", range(10))
    it.town.drop("TA0", "TB0")
    it.town.families_leave("B", [0])
    it.town.add(student("SA99", "GA20"))
    it.town.set("SA30", grades="06")
    before = it.district.guardianships()
    report = it.night()
    assert ended_as(report) == HELD
    gone = {f"{letter}A{number}" for letter in "SG" for number in range(10)} | {"TA0"}
    assert held(report) == gone
    assert it.district.enrollments()["KA0", "SA0"] == "current"
    assert {it.district.statuses()[user] for user in gone} == {"current"}
    assert {it.district.statuses()[user] for user in ("TB0", "SB0", "GB0")} == {"archived"}
    assert it.district.user("SA99")["roster_status"] == "current"
    assert it.district.user("SA30")["grades"] == "06"
    assert {pair: it.district.guardianships()[pair] for pair in before} == before
    notes = {row["notes"] for row in report.rows(code="GUARD_HELD")}
    assert notes == {
        "Removal held: students at School A would lose 10 of 40 (limit 10%).",
        "Removal held: guardians at School A would lose 10 of 40 (limit 10%).",
    }
    assert it.district.rows("SELECT status, applied FROM roster_runs")[-1] == {"status": "held", "applied": 1}


@pytest.mark.parametrize("full", [False, True], ids=["quick", "full"])
def test_r_d2_a_held_night_is_judged_again_and_writes_nothing(tmp_path: Path, full: bool) -> None:
    it = Guarded(tmp_path)
    it.town.families_leave("A", range(10))
    classes_go(it.town, "B", range(7))
    first = it.night()
    before = it.district.everything()
    again = it.night(full=full)
    assert it.district.everything() == before
    for kind in ("users", "classes", "enrollments", "guardianships"):
        assert held(again, kind) == held(first, kind)
        assert [row for row in again.rows(kind) if row["action"] != "held"] == []
    assert tripped(again) == tripped(first)
    assert it.district.rows("SELECT status, applied FROM roster_runs")[-1] == {"status": "held", "applied": 0}
    it.town.add(*(Town().users[f"{letter}A{number}"] for letter in "SG" for number in range(5)))
    assert held(it.night()) == {f"{letter}A{number}" for letter in "SG" for number in range(5, 10)}


def test_r_d2_a_night_that_is_held_whole_applies_nothing_and_is_not_what_an_undo_takes_back(tmp_path: Path) -> None:
    it = Guarded(tmp_path)
    start = it.district.everything()
    it.town.set("SA39", grades="06")
    it.night()
    before = it.district.everything()
    it.town.families_leave("A", range(10))
    report = it.night()
    assert ended_as(report) == HELD
    assert it.district.everything() == before
    (last,) = it.district.rows("SELECT status, applied FROM roster_runs ORDER BY run_id DESC LIMIT 1")
    assert last == {"status": "held", "applied": 0}
    undoing.undo(it.district.settings, None, dry_run=False)
    views = ("users", "classes", "enrollments", "guardianships", "access")
    assert {view: it.district.everything()[view] for view in views} == {view: start[view] for view in views}
    again = it.night()
    assert held(again) == held(report), "what was held is found again"
    assert it.district.user("SA39")["grades"] == "06"
    let = it.night(override=("all",))
    assert ended_as(let) == FINE
    assert {it.district.statuses()[f"SA{number}"] for number in range(10)} == {"archived"}


def test_r_d2_somebody_of_two_schools_is_held_with_all_enrollments(tmp_path: Path) -> None:
    it = Guarded(tmp_path)
    it.town.add(student("SAB", orgSourcedIds="A,B"), student("SBB", orgSourcedIds="B"))
    it.town.enrollments |= {(k, u): enrollment(k, u) for k, u in (("KB0", "SAB"), ("KB0", "SBB"))}
    it.night()
    it.town.families_leave("A", range(10))
    it.town.drop("SAB", "SBB")
    report = it.night()
    assert "SAB" in held(report)
    assert it.district.enrollments()["KB0", "SAB"] == "current"
    assert it.district.statuses()["SBB"] == "archived"
    assert it.district.enrollments()["KB0", "SBB"] == "ended"


def test_r_d2_guardianships_are_held_only_with_their_guardian_or_where_they_tripped(tmp_path: Path) -> None:
    it = Guarded(tmp_path, window("guardianships", "100%"))
    for number in range(4):  # second guardians
        it.town.set(f"SA{number}", agentSourcedIds=f"GA{number},GA{number + 20}")
    it.night()
    it.town.drop("GA0", *(f"GA{number}" for number in range(30, 40)))
    it.town.set("SA1", agentSourcedIds="GA21")  # custody: both rows are there
    report = it.night()
    assert tripped(report) == {"Removal guardians@A 12 of 40 (10%)"}  # GA1 has no other student
    pairs = it.district.guardianships()
    assert pairs["GA0", "SA0"] == "current"
    assert pairs["GA1", "SA1"] == "ended"
    assert "GA0-SA0" in held(report, "guardianships")
    assert "GA1-SA1" not in held(report, "guardianships")
    assert it.district.statuses()["GA1"] == "current"  # at a school that tripped nobody is archived
    again = it.night()
    assert "GA1" in held(again)
    it.night(override=["all"])
    assert it.district.statuses()["GA1"] == "archived"
    assert it.district.guardianships()["GA0", "SA0"] == "ended"


def test_r_d2_a_held_class_stays_with_its_enrollments(tmp_path: Path) -> None:
    it = Guarded(tmp_path)
    classes_go(it.town, "A", range(6))
    report = it.night()
    assert held(report, "classes") == {f"KA{number}" for number in range(6)}
    assert it.district.enrollments()["KA0", "SA0"] == "current"
    row = report.rows("classes", id="KA0")[0]
    assert row["notes"] == "Removal held: classes at School A would lose 6 of 9 (limit 10%)."
    it.night(override=["classes"])
    assert it.district.rows("SELECT status FROM roster_classes WHERE id = 'KA0'") == [{"status": "archived"}]


def test_r_d2_a_changed_id_scheme_adds_nobody(tmp_path: Path) -> None:
    it = Guarded(tmp_path)
    it.town.renamed("B", lambda user: f"X{user}")
    it.town.add(student("SA99", "GA99"), guardian("GA99"))  # at another school people come
    report = it.night()
    assert it.current("XS") == it.current("XG") == 0
    assert it.current("SB") == it.current("GB") == 30
    assert it.current("SA99") == it.current("GA99") == 1
    (row,) = report.rows(id="XSB0")
    assert row["notes"] == "Addition held: students at School B would gain 30 of 30 (limit 10%)."
    assert "sourcedIds than before" in " ".join(report.summary["diagnosis"])
    assert it.district.user("SB0")["email"] == "sb0@students.example.org"
    before = it.district.everything()
    it.night()
    assert it.district.everything() == before
    it.night(override=["students@B", "guardians@B", "enrollments@B", "staff@B", "guardianships"])
    assert it.current("XS") == it.current("XG") == 30
    assert it.current("SB") == 0


def test_r_d2_counter_where_half_stay_the_new_ones_come(tmp_path: Path) -> None:
    it = Guarded(tmp_path)
    it.town.families_leave("B", range(15))
    for number in range(100, 115):
        it.town.family("B", number)
    report = it.night()
    assert ended_as(report) == HELD
    assert it.current("SB") == it.current("GB") == 45
    assert not [row for row in report.rows(code="GUARD_HELD") if row["notes"].startswith("Addition")]


def test_r_d2_counter_under_twenty_people_the_new_ones_come(tmp_path: Path) -> None:
    it = Guarded(tmp_path)
    it.town.drop("TB0", "TB1", "TB2", "TB3")
    it.town.add(*(teacher(f"TX{number}", orgSourcedIds="B") for number in range(4)))
    report = it.night()
    assert held(report) == {"TB0", "TB1", "TB2", "TB3"}
    assert it.current("TX") == 4


def test_r_d2_guardians_of_held_new_students_only_are_held_too(tmp_path: Path) -> None:
    it = Guarded(tmp_path, window("guardians", "100%"))
    it.town.drop(*(f"SB{number}" for number in range(16)))
    it.town.add(student("SBX"), guardian("NG", "SX"), student("SX", orgSourcedIds="B"), guardian("BG", "SX,SA0"))
    report = it.night()
    assert {"SX", "NG"} <= held(report)
    assert it.district.guardianships()[("BG", "SA0")] == "current"
    assert ("BG", "SX") not in it.district.guardianships()
    assert "NG" not in it.district.ids()


# --- R-D2: stop, overrides, dry runs --------------------------------------------------------------------------------


def test_r_d2_stop_applies_nothing_at_all(tmp_path: Path) -> None:
    it = Guarded(tmp_path, '[guards]\non_trip = "stop"')
    it.town.families_leave("A", range(10))
    it.town.add(student("SA99"))
    before = it.district.everything()
    report = it.night()
    assert ended_as(report) == ("stopped", 5)
    assert it.district.everything() == before
    assert held(report) == {f"{letter}A{number}" for letter in "SG" for number in range(10)}
    assert it.district.rows("SELECT status, applied FROM roster_runs")[-1] == {"status": "stopped", "applied": 0}
    assert ended_as(it.night(override=["all"])) == FINE
    assert it.current("SA") == 31


@pytest.mark.parametrize("on_trip", ["hold", "stop"])
def test_r_d2_a_dry_run_is_judged_alike_and_leaves_no_total(tmp_path: Path, on_trip: str) -> None:
    it = Guarded(tmp_path, f'[guards]\non_trip = "{on_trip}"')
    it.town.families_leave("A", range(10))
    before = it.district.everything()
    dry = it.night(dry_run=True)
    assert it.district.everything() == before
    wet = it.night()
    assert ended_as(dry) == ended_as(wet)
    assert tripped(dry) == tripped(wet)
    assert [row["notes"] for row in dry.rows()] == [row["notes"] for row in wet.rows()]


OVERRIDES = [
    (["all"], 30, 20, FINE),
    (["students", "guardians", "enrollments"], 30, 20, FINE),
    (["students@A", "guardians@A", "enrollments@A"], 30, 30, HELD),
    (["students@A"], 30, 30, HELD),
    (["guardians"], 40, 30, HELD),
    (["staff", "classes"], 40, 30, HELD),
]


@pytest.mark.parametrize(("override", "at_a", "at_b", "ending"), OVERRIDES, ids=[" ".join(row[0]) for row in OVERRIDES])
def test_r_d2_an_override_lets_this_kind_through_once(
    tmp_path: Path, override: list[str], at_a: int, at_b: int, ending: tuple[str, int]
) -> None:
    it = Guarded(tmp_path)
    it.town.families_leave("A", range(10))
    it.town.families_leave("B", range(10))
    report = it.night(override=override)
    assert (it.current("SA"), it.current("SB"), ended_as(report)) == (at_a, at_b, ending)
    assert ended_as(it.night()) == ending


def test_r_d2_words_of_overrides() -> None:
    assert parse([]) == Overrides()
    assert parse(["all"]).lets_through("staff", "A")
    assert parse(["staff", "contacts@A"]) == Overrides(
        kinds=frozenset({"staff"}), at_schools=frozenset({("contacts", "A")})
    )
    assert not parse(["staff@A"]).lets_through("staff", "B")
    for word in ("", "teachers", "all@A", "staff@", "@A", "Staff"):
        with pytest.raises(ConfigurationError, match="--override-guards"):
            parse([word])


def test_r_d2_an_override_at_a_school_nobody_knows_is_an_error(tmp_path: Path) -> None:
    it = Guarded(tmp_path)
    with pytest.raises(ConfigurationError, match="names Z"):
        it.night(override=["staff@Z"])


# --- R-D5 -----------------------------------------------------------------------------------------------------------


def shifted(town: Town, ids: list[str], column: str) -> None:
    """A mis-sorted column: everybody has the next one's value."""
    values = [town.users[user][column] for user in ids]
    for user, value in zip(ids, values[1:] + values[:1], strict=True):
        town.set(user, **{column: value})


GUARDIANS_A = [f"GA{number}" for number in range(40)]


def test_r_d5_a_mis_sorted_column_of_emails_changes_nobody(tmp_path: Path) -> None:
    it = Guarded(tmp_path)
    shifted(it.town, GUARDIANS_A, "email")
    it.town.set("GA0", grades="09")
    report = it.night()
    assert tripped(report) == {"Change contacts@A 40 of 85 (20%)"}
    assert held(report) == set(GUARDIANS_A)
    user = it.district.user("GA0")
    assert (user["email"], user["sis_email"], user["grades"]) == ("ga0@families.example.org",) * 2 + ("09",)
    assert report.notes("GA0")[0] == (
        "held",
        "GUARD_HELD",
        "Change held: contacts at School A would change 40 of 85 (limit 20%).",
    )
    before = it.district.everything()
    assert ended_as(it.night()) == HELD
    assert it.district.everything() == before
    assert ended_as(it.night(override=["contacts@A"])) == FINE
    assert it.district.user("GA0")["email"] == "ga1@families.example.org"


def test_r_d5_counter_a_fifth_may_change(tmp_path: Path) -> None:
    it = Guarded(tmp_path)
    for number in range(17):
        it.town.set(f"GA{number}", email=f"new{number}@families.example.org")
    assert ended_as(it.night()) == FINE
    for number in range(18):
        it.town.set(f"GA{number}", email=f"newer{number}@families.example.org")
    assert tripped(it.night()) == {"Change contacts@A 18 of 85 (20%)"}


def test_r_d5_counter_filling_a_blank_is_no_change_and_clearing_is_one(tmp_path: Path) -> None:
    it = Guarded(tmp_path)
    for number in range(40):
        it.town.set(f"GA{number}", sms=f"206-555-{number:04}")
    assert ended_as(it.night()) == FINE
    for number in range(40):
        it.town.set(f"GA{number}", email="")
    assert tripped(it.night()) == {"Change contacts@A 40 of 85 (20%)"}


def test_r_d5_counter_who_leaves_and_loses_an_email_does_not_count(tmp_path: Path) -> None:
    it = Guarded(tmp_path)
    it.town.families_leave("A", range(30))
    for number in range(30):
        it.town.add(guardian(f"N{number}", f"SA{30 + number % 10}", email=f"ga{number}@families.example.org"))
    assert ended_as(it.night(override=["students", "guardians", "enrollments"])) == FINE
    assert it.district.user("N0")["email"] == "ga0@families.example.org"


def test_r_d5_what_a_held_account_wants_is_reserved_and_who_waits_for_it_is_held(tmp_path: Path) -> None:
    it = Guarded(tmp_path)
    for number in range(40):
        it.town.set(f"GA{number}", email=f"new{number}@families.example.org")
    it.town.set("SB0", email="new0@families.example.org")  # would not get it from a guardian who comes first
    it.town.set("GB1", email="ga1@families.example.org")  # waits for what GA1 gives up
    it.town.set("GB2", email="gb1@families.example.org")  # and who waits for this one
    it.town.add(guardian("N1", "SB3", email="ga3@families.example.org"))  # new, and has nothing else
    it.town.set("GB4", email="other@families.example.org")  # has nothing to do with it
    report = it.night()
    assert held(report) == {*GUARDIANS_A, "GB1", "GB2"}
    emails = {user: it.district.user(user)["email"] for user in ("SB0", "GA0", "GB1", "GB2", "GB4")}
    assert emails == {
        "SB0": "sb0@students.example.org",
        "GA0": "ga0@families.example.org",
        "GB1": "gb1@families.example.org",
        "GB2": "gb2@families.example.org",
        "GB4": "other@families.example.org",
    }
    assert report.codes("N1") == ["NO_UNIQUE_CREDENTIAL"]
    before = it.district.everything()
    it.night(full=True)
    assert it.district.everything() == before
    it.night(override=["contacts"])
    assert [it.district.user(user)["email"] for user in ("GA0", "GB1", "GB2", "N1")] == [
        "new0@families.example.org",
        "ga1@families.example.org",
        "gb1@families.example.org",
        "ga3@families.example.org",
    ]


def test_r_d5_a_mis_sorted_column_of_agents_hands_no_child_to_a_stranger(tmp_path: Path) -> None:
    it = Guarded(tmp_path)
    shifted(it.town, [f"SA{number}" for number in range(40)], "agentSourcedIds")
    access = it.district.access()
    report = it.night()
    assert tripped(report) == {"Addition guardianships@A 40 of 40 (20%)"}
    assert it.district.access() == access
    assert set(it.district.guardianships().values()) == {"current"}
    rows = {(row["guardian_id"], row["student_id"]): row["notes"] for row in report.rows("guardianships")}
    assert rows["GA1", "SA0"] == "Addition held: guardianships at School A would gain 40 of 40 (limit 20%)."
    assert rows["GA0", "SA0"] == "Removal held: guardianships at School A would lose 40 of 40 (limit 20%)."
    before = it.district.everything()
    assert ended_as(it.night()) == HELD
    assert it.district.everything() == before
    assert ended_as(it.night(override=["guardianships@A"])) == FINE
    pairs = it.district.guardianships()
    assert (pairs["GA0", "SA0"], pairs["GA1", "SA0"]) == ("ended", "current")


def held_again(it: Guarded) -> Report:
    """A night whose guardianships are held, and the same files once more: it is found again, and nothing moves."""
    first = it.night()
    before = it.district.everything()
    again = it.night()
    assert ended_as(first) == ended_as(again) == HELD
    assert held(again, "guardianships") == held(first, "guardianships") != set()
    assert it.district.everything() == before
    return first


def test_r_d5_held_where_only_rows_of_guardians_moved_is_found_again(tmp_path: Path) -> None:
    it = Guarded(tmp_path)
    for number in range(40):
        it.town.set(f"SA{number}", agentSourcedIds="")
        it.town.set(f"GA{number}", agentSourcedIds=f"SA{number}")
    assert ended_as(it.night()) == FINE
    shifted(it.town, GUARDIANS_A, "agentSourcedIds")
    held_again(it)
    assert ended_as(it.night(override=["guardianships@A"])) == FINE
    pairs = it.district.guardianships()
    assert (pairs["GA0", "SA0"], pairs["GA0", "SA1"]) == ("ended", "current")


def test_r_d2_endings_held_where_only_rows_of_guardians_moved_are_found_again(tmp_path: Path) -> None:
    it = Guarded(tmp_path)
    for number in range(40):
        it.town.set(f"SA{number}", agentSourcedIds="")
        it.town.set(f"GA{number}", agentSourcedIds=f"SA{number},SB{number % 30}")
    assert ended_as(it.night(override=["guardianships"])) == FINE
    for number in range(40):
        it.town.set(f"GA{number}", agentSourcedIds=f"SB{number % 30}")
    assert tripped(held_again(it)) == {"Removal guardianships@A 40 of 40 (10%)"}


def test_r_d5_counter_new_guardians_of_known_students_come(tmp_path: Path) -> None:
    it = Guarded(tmp_path)
    for number in range(20):
        it.town.add(guardian(f"N{number}", f"SA{number}"))
    assert ended_as(it.night()) == FINE
    assert it.current("N") == 20


def test_r_d5_counter_a_custody_change_is_not_delayed(tmp_path: Path) -> None:
    it = Guarded(tmp_path)
    it.town.set("SA0", agentSourcedIds="GA1")
    it.town.families_leave("B", range(10))  # another school trips
    assert ended_as(it.night()) == HELD
    assert it.district.guardianships()["GA0", "SA0"] == "ended"


# --- what probably happened -----------------------------------------------------------------------------------------

DIAGNOSES: list[tuple[str, Change, str]] = [
    ("another id scheme", lambda t: t.renamed("B", lambda user: f"X{user}"), "30 students are gone and 30 are new"),
    (
        "no agents",
        lambda t: [links_go(t, "A", range(40)), links_go(t, "B", range(30))],
        "agentSourcedIds of users.csv is probably empty",
    ),
    (
        "no guardians",
        lambda t: t.drop(*[user for user in t.users if user.startswith("G")]),
        "Nearly all guardians, guardianships of the district are gone",
    ),
    ("no such school", lambda t: t.drop(*[user for user in t.users if user[1] == "B"]), "School B is nearly gone"),
]


@pytest.mark.parametrize(("change", "expected"), [row[1:] for row in DIAGNOSES], ids=[row[0] for row in DIAGNOSES])
def test_r_d1_a_known_pattern_is_said(tmp_path: Path, change: Change, expected: str) -> None:
    it = Guarded(tmp_path)
    change(it.town)
    assert any(expected in line for line in it.night().summary["diagnosis"])


def test_r_d1_counter_an_unknown_pattern_is_not_guessed(tmp_path: Path) -> None:
    it = Guarded(tmp_path)
    it.town.families_leave("A", range(10))
    assert it.night().summary["diagnosis"] == []
