"""R-D3, R-D4, R-D6, R-D7: what stops a whole night, and what looks like it and does not."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import ClassVar
from zoneinfo import ZoneInfo

import pytest

from rostersync import pipeline
from rostersync.errors import ConfigurationError, ImportRefused
from rostersync.outcome import Outcome
from rostersync.settings import Pause
from rostersync.settings.overrides import parse
from rostersync.settings.pauses import paused_until, time_without_pauses
from tests.policies.district import (
    District,
    Row,
    enrollment,
    guardian,
    role,
    school_class,
    student,
)

K1 = school_class("K1")


class Guarded(District):
    """A district with the limits that one has who sets none."""

    limits = ""
    usual_guards: ClassVar[Mapping[str, object]] = {}


@pytest.fixture
def district(tmp_path: Path) -> District:
    """An empty state; every night has the teacher T0, the class K0 and an enrollment beside its rows."""
    return Guarded(tmp_path)


def sound(count: int) -> list[Row]:
    """So many students."""
    return [student(f"S{number:03}") for number in range(count)]


def faulty(count: int) -> list[Row]:
    """So many rows without a family name: rejected."""
    return [student(f"X{number:03}", familyName="") for number in range(count)]


# --- R-D3: too many rejected rows -----------------------------------------------------------------------------------

REJECTED = [
    # sound rows (T0 not among them), rejected rows, max_rejected, small, refused
    pytest.param(113, 6, "5%", 5, False, id="exactly 5% (6 of 120)"),
    pytest.param(112, 6, "5%", 5, True, id="above 5% (6 of 119)"),
    pytest.param(4, 5, "5%", 5, False, id="half of a small file, but not above small"),
    pytest.param(4, 6, "5%", 5, True, id="above small and above the share"),
    pytest.param(4, 6, "5%", 6, False, id="a district that lets 6 through"),
    pytest.param(1, 2, "5%", 1, True, id="a district that lets 1 through"),
    pytest.param(3, 6, "60%", 5, False, id="exactly 60% (6 of 10)"),
    pytest.param(3, 6, "59.9%", 5, True, id="above 59.9%"),
    pytest.param(99, 1, "0%", 0, True, id="nothing may be wrong"),
    pytest.param(1, 90, "100%", 0, False, id="everything may be wrong"),
]


@pytest.mark.parametrize(("good", "bad", "share", "small", "refused"), REJECTED)
def test_rejected_rows_of_a_file(
    district: District, good: int, bad: int, share: str, small: int, refused: bool
) -> None:
    district.configure(guards={"max_rejected": share, "small": small})
    if not refused:
        district.night([*sound(good), *faulty(bad)])
        assert len(district.ids()) == good
        return
    with pytest.raises(ImportRefused, match=rf"users\.csv: {bad} of {good + bad + 1} rows.*REQUIRED_VALUE_MISSING"):
        district.night([*sound(good), *faulty(bad)])
    assert district.ids() == set()
    assert [row["status"] for row in district.rows("SELECT * FROM roster_runs")] == ["refused"]


def test_a_refused_import_leaves_everything_as_it_was(district: District) -> None:
    district.night(sound(30), [K1], [enrollment("K1", f"S{n:03}") for n in range(30)])
    before, meta = district.everything(), district.rows("SELECT * FROM meta WHERE key <> 'based_on' ORDER BY key")
    with pytest.raises(ImportRefused):
        district.night([*sound(20), *faulty(8)])
    assert district.everything() == before
    assert district.rows("SELECT * FROM meta WHERE key <> 'based_on' ORDER BY key") == meta


def test_a_dry_run_is_refused_alike_and_leaves_no_row(district: District) -> None:
    with pytest.raises(ImportRefused):
        district.night([*sound(4), *faulty(6)], dry_run=True)
    assert district.rows("SELECT * FROM roster_runs") == []


def test_each_file_is_judged_by_itself(district: District) -> None:
    """Five rejected users and five rejected enrollments are ten rows, but no file has more than small."""
    wrong = [enrollment("K1", f"S{n:03}", "pupil") for n in range(5)]
    district.night([*sound(5), *faulty(5)], [K1], wrong)
    with pytest.raises(ImportRefused, match=r"enrollments\.csv: 6 of 7 rows"):
        district.night([*sound(6), *faulty(5)], [K1], [*wrong, enrollment("K1", "S005", "pupil")])


def test_a_row_with_two_mistakes_counts_once(district: District) -> None:
    rows = [{**student(f"X{n}", familyName="", givenName=""), "role": "pupil"} for n in range(5)]
    district.night([*sound(1), *rows])
    assert district.ids() == {"S000"}


def test_warnings_reject_nothing(district: District) -> None:
    district.night([student(f"S{n}", email="no address", phone="123") for n in range(40)])
    assert len(district.ids()) == 40


def test_rows_of_schools_that_take_no_part_count_too(district: District) -> None:
    """The file is judged as the SIS wrote it, before schools.include."""
    district.configure(include=["A"])
    with pytest.raises(ImportRefused, match="6 of 12 rows"):
        district.night([*sound(5), *({**row, "orgSourcedIds": "B"} for row in faulty(6))])


def test_roles_are_a_file_too(district: District) -> None:
    users = sound(10)
    roles = [role(row["sourcedId"], "student", "primary") for row in users]
    with pytest.raises(ImportRefused, match=r"roles\.csv: 6 of 17 rows"):
        district.night(users, roles=[*roles, *(role(f"S{n:03}", "pupil") for n in range(6))])


# Dangling enrollments: so many rows of nobody among `rows` in all.


def enrolled(rows: int, dangling: int, wrong: int = 0) -> list[Row]:
    """Enrollments of K1, K0's one not counted among `rows` but added: `dangling` of unknown users, `wrong` rejected."""
    good = rows - 1 - dangling - wrong
    return [
        *(enrollment("K1", f"S{n:03}") for n in range(good)),
        *(enrollment("K1", f"NOBODY{n}") for n in range(dangling)),
        *(enrollment("K1", f"S{n:03}", "pupil") for n in range(wrong)),
    ]


DANGLING = [
    # nights of (rows, dangling, otherwise wrong); refused: the number of the last one, or None
    pytest.param([(100, 10, 0)], True, id="a first import has no usual share"),
    pytest.param([(100, 5, 0)], False, id="a first import within the limit"),
    pytest.param([(100, 5, 0), (100, 10, 0)], False, id="5% more than usual"),
    pytest.param([(120, 6, 0), (120, 13, 0)], True, id="7 more than the usual 6, of 120"),
    pytest.param([(120, 6, 0), (120, 12, 0)], False, id="6 more than the usual 6, of 120"),
    pytest.param([(100, 5, 0), (100, 10, 0), (100, 15, 0)], False, id="the usual share is that of the last import"),
    pytest.param([(100, 5, 0), (100, 0, 0), (100, 10, 0)], True, id="and not of an earlier one"),
    pytest.param([(100, 5, 0), (100, 5, 5)], False, id="other mistakes beside the usual ones"),
    pytest.param([(100, 5, 0), (100, 5, 6)], True, id="too many of them"),
    pytest.param([(100, 0, 5), (100, 0, 6)], True, id="other mistakes are never usual"),
    pytest.param([(100, 5, 0), (200, 20, 0)], False, id="the share grows with the file: 10 usual of 200, 10 more"),
    pytest.param([(100, 5, 0), (200, 21, 0)], True, id="11 more of 200"),
]


@pytest.mark.parametrize(("nights", "refused"), DANGLING)
def test_dangling_enrollments_count_beyond_the_usual_share(
    district: District, nights: list[tuple[int, int, int]], refused: bool
) -> None:
    people = sound(220)
    for rows, dangling, wrong in nights[:-1]:
        district.night(people, [K1], enrolled(rows, dangling, wrong))
    rows, dangling, wrong = nights[-1]
    if refused:
        with pytest.raises(ImportRefused, match=rf"enrollments\.csv: \d+ of {rows} rows"):
            district.night(people, [K1], enrolled(rows, dangling, wrong))
    else:
        report = district.night(people, [K1], enrolled(rows, dangling, wrong))
        assert len(report.rows("issues", code="UNKNOWN_USER")) == dangling


def test_a_refused_import_is_not_the_usual_share(district: District) -> None:
    """Else the second night with the same broken files would go through."""
    people = sound(120)
    district.night(people, [K1], enrolled(100, 0))
    for _ in range(2):
        with pytest.raises(ImportRefused):
            district.night(people, [K1], enrolled(100, 20))


def test_a_night_without_the_file_leaves_the_usual_share(district: District) -> None:
    people = sound(120)
    district.night(people, [K1], enrolled(100, 5))
    district.night(people, [K1], absent=["enrollments"], manifest={"enrollments": "absent"})
    district.night(people, [K1], enrolled(100, 10))


def test_the_usual_share_is_written_with_the_night_and_is_no_change(district: District) -> None:
    people = sound(20)
    district.night(people, [K1], enrolled(20, 3))
    before, generation = district.everything(), district.rows("SELECT * FROM meta WHERE key <> 'based_on' ORDER BY key")
    district.night(people, [K1], enrolled(20, 3))
    assert district.everything() == before
    assert district.rows("SELECT * FROM meta WHERE key <> 'based_on' ORDER BY key") == generation


# --- R-D7: most people are not in the file --------------------------------------------------------------------------


def renamed(rows: list[Row]) -> list[Row]:
    """The same people under another id scheme."""
    return [{**row, "sourcedId": f"new-{row['sourcedId']}"} for row in rows]


MISSING = [
    # current users beside T0, how many of them the next file has, refused
    pytest.param(19, 9, False, id="exactly half of 20 (T0 among them)"),
    pytest.param(19, 8, True, id="fewer than half of 20"),
    pytest.param(18, 0, False, id="19 users are too few to tell"),
    pytest.param(20, 10, False, id="11 of 21"),
    pytest.param(20, 9, True, id="10 of 21"),
    pytest.param(59, 0, True, id="nobody but T0"),
]


@pytest.mark.parametrize(("current", "kept", "refused"), MISSING)
def test_a_file_in_which_most_people_are_missing(district: District, current: int, kept: int, refused: bool) -> None:
    people = sound(current)
    district.night(people)
    tonight = [*people[:kept], *renamed(people[kept:])]
    if not refused:
        district.night(tonight)
        # Not refused; that they are not replaced by others is for the guards (R-D2).
        assert [row["status"] for row in district.rows("SELECT * FROM roster_runs")] == ["applied", "held"]
        return
    before = district.everything()
    with pytest.raises(
        ImportRefused, match=rf"only {kept + 1} of the {current + 1} current users.*nothing was changed"
    ):
        district.night(tonight)
    with pytest.raises(ImportRefused):
        district.night(tonight, full=True)
    assert district.everything() == before


@pytest.mark.parametrize(
    ("words", "goes_through"),
    [
        (["all"], True),
        (["students"], True),
        (["guardians"], True),
        (["classes", "staff"], True),
        (["classes"], False),
        (["enrollments", "guardianships", "contacts"], False),
        (["students@A"], False),
    ],
)
def test_an_override_lets_it_through_for_one_run(district: District, words: list[str], goes_through: bool) -> None:
    people = sound(30)
    district.night(people)
    if goes_through:
        let_through = district.night(renamed(people), override=words)
        assert let_through.summary["run"]["status"] in {"applied", "held"}
        return
    with pytest.raises(ImportRefused):
        district.night(renamed(people), override=words)


@pytest.mark.parametrize("word", ["", "everything", "student", "all@A", "students@", "@A", "ALL"])
def test_a_word_that_is_no_guard_is_an_error(word: str) -> None:
    with pytest.raises(ConfigurationError, match="--override-guards"):
        parse(["all", word])


def test_rejected_and_deleted_rows_are_found(district: District) -> None:
    """Their ids are of the scheme that the state knows: R-D3 and R-D1 judge them."""
    district.configure(guards={"small": 100, "max_removed": "100%"})
    people = sound(40)
    district.night(people)
    rejected = [{**row, "familyName": ""} for row in people[:12]]
    deleted = [{**row, "status": "tobedeleted"} for row in people[12:24]]
    district.night([*rejected, *deleted])
    assert district.user("S000")["roster_status"] == "current"


def test_people_of_other_schools_are_found_before_the_schools_are_chosen(district: District) -> None:
    """What schools.include no longer takes leaves; the file is the right one all the same."""
    people = [*sound(20), *({**row, "orgSourcedIds": "B"} for row in renamed(sound(30)))]
    district.night(people)
    district.configure(include=["A"], guards={"max_removed": "100%"})
    district.night(people)
    with pytest.raises(ImportRefused):
        district.night([{**row, "sourcedId": f"x{row['sourcedId']}"} for row in people])


def test_who_left_before_does_not_count(district: District) -> None:
    district.configure(guards={"max_removed": "100%", "small": 1000})
    people = sound(38)
    district.night(people)
    district.night(people[:19])
    district.night(people[:9])  # 10 of 20 current ones, though only 10 of 39 known ones
    assert sorted(district.statuses().values()).count("current") == 9


def test_an_absent_file_says_nothing_of_people(district: District) -> None:
    people = sound(30)
    district.night(people)
    district.night(absent=["users"], manifest={"users": "absent"})
    assert set(district.statuses().values()) == {"current"}


def test_guardians_whom_the_sis_does_not_manage_need_not_be_in_the_file(district: District) -> None:
    people = [
        row for n in range(20) for row in (student(f"S{n:03}", f"G{n},H{n}"), guardian(f"G{n}"), guardian(f"H{n}"))
    ]
    students = [row for row in people if row["role"] == "student"]
    district.night(people)
    with pytest.raises(ImportRefused, match="only 21 of the 61 current users"):
        district.night(students)
    district.configure(manage_guardians=False)
    district.night(students)
    assert set(district.statuses().values()) == {"current"}
    with pytest.raises(ImportRefused, match="only 1 of the 21 current users"):
        district.night(renamed(students))


# --- R-D4: pauses ---------------------------------------------------------------------------------------------------

LOS_ANGELES = ZoneInfo("America/Los_Angeles")
NOON = datetime(2026, 12, 1, 12, tzinfo=UTC)
TODAY = NOON.date()


def paused_run(district: District, source: Path, now: datetime) -> Outcome:
    return pipeline.sync(district.settings, source=source, dry_run=False, full=False, now=now)


def in_zone(district: District, zone: str) -> None:
    file = district.folder / "rostersync.toml"
    file.write_text(f'[district]\ntimezone = "{zone}"\n' + file.read_text(encoding="utf-8"), encoding="utf-8")


@pytest.mark.parametrize(
    ("moment", "paused"),
    [
        pytest.param(datetime(2027, 6, 11, 23, 59, 59, tzinfo=LOS_ANGELES), False, id="the second before"),
        pytest.param(datetime(2027, 6, 12, 0, 0, tzinfo=LOS_ANGELES), True, id="the first second of the first day"),
        pytest.param(datetime(2027, 6, 12, 6, 59, tzinfo=UTC), False, id="a day of UTC is not yet one of the district"),
        pytest.param(datetime(2027, 8, 20, 23, 59, 59, tzinfo=LOS_ANGELES), True, id="the last second of the last day"),
        pytest.param(datetime(2027, 8, 21, 6, 59, 59, tzinfo=UTC), True, id="in UTC it is over already"),
        pytest.param(datetime(2027, 8, 21, 0, 0, tzinfo=LOS_ANGELES), False, id="the day after"),
    ],
)
def test_a_pause_holds_from_its_first_to_its_last_day_in_the_districts_zone(
    district: District, moment: datetime, paused: bool
) -> None:
    district.configure(pause=[("2027-06-12", "2027-08-20")])
    in_zone(district, "America/Los_Angeles")
    outcome = paused_run(district, district.files(sound(3)), moment)
    assert (outcome.paused_until is not None) == paused
    assert outcome.exit_code == 0
    assert len(district.ids()) == (0 if paused else 3)


def test_a_pause_applies_nothing_and_leaves_a_row(district: District) -> None:
    district.night(sound(3), now=NOON - timedelta(days=1))
    before, meta = district.everything(), district.rows("SELECT * FROM meta WHERE key <> 'based_on' ORDER BY key")
    district.configure(pause=[(str(TODAY), str(TODAY + timedelta(days=9)))])
    outcome = paused_run(district, district.folder / "nowhere", NOON)  # nothing is fetched
    assert outcome.paused_until == TODAY + timedelta(days=9)
    assert (outcome.summary, outcome.report_folder) == (None, None)
    assert district.everything() == before
    assert district.rows("SELECT * FROM meta WHERE key <> 'based_on' ORDER BY key") == meta
    row = district.rows("SELECT * FROM roster_runs ORDER BY run_id")[-1]
    assert (row["run_id"], row["status"], row["applied"]) == (outcome.run_id, "paused", 0)
    assert row["started_at"] == "2026-12-01T12:00:00Z"


def test_a_dry_run_works_in_a_pause_and_the_night_after_applies(district: District) -> None:
    district.configure(pause=[(str(TODAY), str(TODAY))])
    files = district.files(sound(3))
    assert len(district.sync(files, dry_run=True, now=NOON).rows(action="added")) == 4
    assert paused_run(district, files, NOON).paused_until == TODAY
    assert district.ids() == set()
    assert len(district.sync(files, now=NOON + timedelta(days=1)).rows(action="added")) == 4
    assert len(district.ids()) == 3


def pause(first: str, last: str) -> Pause:
    return Pause.model_validate({"from": first, "to": last})


def test_pauses_that_follow_each_other_are_one() -> None:
    pauses = [pause("2027-07-01", "2027-07-31"), pause("2027-06-12", "2027-06-30"), pause("2027-08-02", "2027-08-20")]
    assert paused_until(pauses, datetime(2027, 6, 20, tzinfo=UTC).date()) == datetime(2027, 7, 31, tzinfo=UTC).date()
    assert paused_until(pauses, datetime(2027, 8, 1, tzinfo=UTC).date()) is None


@pytest.mark.parametrize(
    ("pauses", "days"),
    [
        ([], 30),
        ([("2026-11-05", "2026-11-09")], 25),
        ([("2026-11-05", "2026-11-09"), ("2026-11-08", "2026-11-12")], 22),
        ([("2026-10-01", "2026-11-03")], 27),  # the 1st (from noon on), the 2nd and the 3rd are 2.5 days
        ([("2026-11-30", "9999-12-31")], 28.5),
        ([("0001-01-01", "9999-12-31")], 0),
        ([("2027-01-01", "2027-02-01"), ("2025-01-01", "2025-02-01")], 30),
    ],
)
def test_time_without_pauses(pauses: list[tuple[str, str]], days: float) -> None:
    since, until = datetime(2026, 11, 1, 12, tzinfo=UTC), datetime(2026, 12, 1, 12, tzinfo=UTC)
    found = time_without_pauses(since, until, [pause(*each) for each in pauses], ZoneInfo("UTC"))
    assert found == timedelta(days=days if days != 27 else 27.5)


def test_a_day_of_a_pause_is_as_long_as_the_clock_makes_it() -> None:
    """In Los Angeles 1 November 2026 has 25 hours."""
    since, until = datetime(2026, 10, 31, 7, tzinfo=UTC), datetime(2026, 11, 3, 8, tzinfo=UTC)
    found = time_without_pauses(since, until, [pause("2026-11-01", "2026-11-01")], LOS_ANGELES)
    assert found == timedelta(days=2)


# --- R-D6: the files do not change ----------------------------------------------------------------------------------

DAY = timedelta(days=1)
SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(
    ("max_age", "pauses", "age", "trips"),
    [
        pytest.param("7 days", [], 7 * DAY, False, id="exactly 7 days"),
        pytest.param("7 days", [], 7 * DAY + SECOND, True, id="longer than 7 days"),
        pytest.param("36 hours", [], 1.5 * DAY, False, id="exactly 36 hours"),
        pytest.param("36 hours", [], 1.5 * DAY + SECOND, True, id="longer than 36 hours"),
        pytest.param("7 days", [("2026-12-02", "2026-12-03")], 9 * DAY, False, id="two days of a pause do not count"),
        pytest.param("7 days", [("2026-12-02", "2026-12-03")], 9 * DAY + SECOND, True, id="but the others do"),
        pytest.param("7 days", [("2026-11-01", "2026-11-30")], 7 * DAY + SECOND, True, id="a pause before is no help"),
    ],
)
def test_files_that_stay_the_same_for_too_long(
    district: District, max_age: str, pauses: list[tuple[str, str]], age: timedelta, trips: bool
) -> None:
    district.configure(guards={"max_age": max_age}, pause=pauses)
    files = district.files(sound(3))
    district.sync(files, now=NOON)
    before = district.everything()
    for dry_run in (True, False):
        report = district.sync(files, now=NOON + age, dry_run=dry_run)
        assert report.summary["run"]["exit_code"] == (5 if trips else 0)
        assert [guard["what"] for guard in report.summary["guards_tripped"]] == (["Delivery"] if trips else [])
        assert report.summary["source"]["unchanged_since"] == "2026-12-01T12:00:00Z"
    assert {row["status"] for row in district.rows("SELECT * FROM roster_runs")} == {"applied"}
    assert district.everything() == before


def test_the_guard_says_days_and_limit_and_trips_every_night(district: District) -> None:
    files = district.files(sound(3))
    district.sync(files, now=NOON)
    for days in (9, 10):
        (guard,) = district.sync(files, now=NOON + days * DAY).summary["guards_tripped"]
        assert (guard["count"], guard["total"], guard["limit"]) == (days, 7, "7 days")


def test_other_files_are_seen_for_the_first_time(district: District) -> None:
    first, second = district.files(sound(3)), district.files(sound(4))
    district.sync(first, now=NOON)
    district.sync(second, now=NOON + 6 * DAY)
    assert district.sync(second, now=NOON + 13 * DAY).summary["run"]["exit_code"] == 0
    district.sync(first, now=NOON + 14 * DAY)  # files of before are new files: they changed
    assert district.sync(first, now=NOON + 21 * DAY).summary["run"]["exit_code"] == 0
    assert district.sync(first, now=NOON + 21 * DAY + SECOND).summary["run"]["exit_code"] == 5


def test_a_copy_of_the_files_elsewhere_is_the_same_delivery(district: District, tmp_path: Path) -> None:
    files = district.files(sound(3))
    district.sync(files, now=NOON)
    copy = tmp_path / "copy"
    copy.mkdir()
    for file in files.iterdir():
        (copy / file.name).write_bytes(file.read_bytes())
    assert district.sync(copy, now=NOON + 8 * DAY).summary["run"]["exit_code"] == 5


def test_a_dry_run_sees_nothing_for_the_first_time(district: District) -> None:
    first, second = district.files(sound(3)), district.files(sound(4))
    district.sync(first, now=NOON)
    district.sync(second, now=NOON + DAY, dry_run=True)
    assert district.sync(first, now=NOON + 8 * DAY).summary["run"]["exit_code"] == 5


def test_the_same_files_again_write_no_fact_anew(district: District) -> None:
    files = district.files(sound(3))
    district.sync(files, now=NOON)
    meta = district.rows("SELECT * FROM meta WHERE key <> 'based_on' ORDER BY key")
    district.sync(files, now=NOON + 10 * DAY)
    assert district.rows("SELECT * FROM meta WHERE key <> 'based_on' ORDER BY key") == meta


def test_a_refused_delivery_is_not_seen(district: District, break_rows: Callable[[Path], None]) -> None:
    files = district.files(sound(3))
    district.sync(files, now=NOON)
    broken = district.files(sound(3))
    break_rows(broken)
    with pytest.raises(ImportRefused):
        district.sync(broken, now=NOON + DAY)
    assert district.sync(files, now=NOON + 8 * DAY).summary["run"]["exit_code"] == 5


@pytest.fixture
def break_rows() -> Callable[[Path], None]:
    return lambda folder: (folder / "users.csv").write_text("sourcedId,role\n", encoding="utf-8")
