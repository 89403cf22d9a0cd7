"""R-K4 and R-K6, and what R-V2 says of enrollments: who is in which class."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.policies.district import District, Report, Row, enrollment, school_class, student, teacher
from tests.policies.story import Story, Town

TOWN = Town("roll")
story = TOWN.story

K1, K2 = school_class("K1"), school_class("K2")
S1, S2, S3 = student("S1"), student("S2"), student("S3")
T1, T2 = teacher("T1"), teacher("T2")
ROLL = [enrollment("K1", "S1"), enrollment("K1", "S2"), enrollment("K1", "T1", "teacher")]


# --- R-K4: gone from the import while the class is there ------------------------------------------------------------


@story
def test_r_k4_an_enrollment_gone_while_its_class_is_there_ends(it: Story) -> None:
    it.night([S1, S2, T1], [K1], ROLL)
    it.night([S1, S2, T1], [K1], ROLL[1:]).gives(
        users="S1, S2, T1", enrolled="K1-S1 ended, K1-S2, K1-T1", said="K1-S1 ENROLLMENT_ENDED"
    )


@story
def test_r_k4_a_teachers_too(it: Story) -> None:
    it.night([S1, S2, T1, T2], [K1], ROLL)
    it.night([S1, S2, T1, T2], [K1], [*ROLL[:2], enrollment("K1", "T2", "teacher")]).gives(
        enrolled="K1-S1, K1-S2, K1-T1 ended, K1-T2", said="K1-T1 ENROLLMENT_ENDED, K1-T2 NEW"
    )


@story
def test_r_k4_one_back_in_the_import_is_current_again(it: Story) -> None:
    it.night([S1, S2, T1], [K1], ROLL)
    it.night([S1, S2, T1], [K1], ROLL[1:])
    it.night([S1, S2, T1], [K1], ROLL).gives(enrolled="K1-S1, K1-S2, K1-T1", said="K1-S1 RETURNED")


@story
def test_r_k4_a_student_moves_from_one_class_to_another(it: Story) -> None:
    it.night([S1], [K1, K2], [enrollment("K1", "S1")])
    it.night([S1], [K1, K2], [enrollment("K2", "S1")]).gives(
        enrolled="K1-S1 ended, K2-S1", said="K1-S1 ENROLLMENT_ENDED, K2-S1 NEW"
    )


@story
def test_r_k4_a_row_tobedeleted_is_an_enrollment_gone(it: Story) -> None:
    it.night([S1, S2, T1], [K1], ROLL)
    it.night([S1, S2, T1], [K1], [enrollment("K1", "S1", status="tobedeleted"), *ROLL[1:]]).gives(
        enrolled="K1-S1 ended, K1-S2, K1-T1", said="K1-S1 ENROLLMENT_ENDED"
    )


@story
def test_r_k4_counter_another_sourced_id_for_the_same_enrollment_ends_nothing(it: Story) -> None:
    it.night([S1, S2, T1], [K1], ROLL)
    it.night([S1, S2, T1], [K1], [enrollment("K1", "S1", sourcedId="other"), *ROLL[1:]]).gives(
        enrolled="K1-S1, K1-S2, K1-T1"
    )


@story
def test_r_k4_the_same_enrollment_twice_under_two_ids_is_one(it: Story) -> None:
    twice = [enrollment("K1", "S1", sourcedId="one"), enrollment("K1", "S1", sourcedId="two")]
    it.night([S1], [K1], twice).gives(enrolled="K1-S1", said="S1 NEW, K1 NEW, K1-S1 NEW")
    it.night([S1], [K1], twice[1:]).gives(enrolled="K1-S1")
    it.night([S1], [K1], []).gives(enrolled="K1-S1 ended", said="K1-S1 ENROLLMENT_ENDED")


@story
def test_r_k4_of_the_same_enrollment_under_two_ids_the_deleted_one_ends_nothing(it: Story) -> None:
    it.night([S1], [K1], [enrollment("K1", "S1", sourcedId="one")])
    it.night(
        [S1],
        [K1],
        [enrollment("K1", "S1", sourcedId="one", status="tobedeleted"), enrollment("K1", "S1", sourcedId="two")],
    ).gives(enrolled="K1-S1")


@story
def test_r_k4_identical_rows_count_once(it: Story) -> None:
    it.night([S1], [K1], [enrollment("K1", "S1"), enrollment("K1", "S1")]).gives(
        enrolled="K1-S1", said="S1 NEW, K1 NEW, K1-S1 NEW"
    )


@story
def test_r_k4_a_student_who_left_is_enrolled_no_more_though_the_row_stands(it: Story) -> None:
    it.night([S1, S2, T1], [K1], ROLL)
    it.night([S2, T1], [K1], ROLL).gives(
        users="S1 archived, S2, T1",
        enrolled="K1-S1 ended, K1-S2, K1-T1",
        said="S1 FAMILY_LEFT, K1-S1 ENROLLMENT_ENDED",
    )
    it.night([S1, S2, T1], [K1], ROLL).gives(enrolled="K1-S1, K1-S2, K1-T1", said="S1 RETURNED, K1-S1 RETURNED")


@story
def test_r_k4_a_student_who_returns_without_the_row_is_not_enrolled(it: Story) -> None:
    it.night([S1, S2, T1], [K1], ROLL)
    it.night([S2, T1], [K1], ROLL)
    it.night([S1, S2, T1], [K1], ROLL[1:]).gives(enrolled="K1-S1 ended, K1-S2, K1-T1", said="S1 RETURNED")


@story
def test_r_k4_user_class_and_enrollment_come_in_one_night(it: Story) -> None:
    it.night([S1], [K1], [enrollment("K1", "S1")])
    it.night([S1, S2], [K1, K2], [enrollment("K1", "S1"), enrollment("K2", "S2"), enrollment("K1", "S2")]).gives(
        enrolled="K1-S1, K1-S2, K2-S2", said="S2 NEW, K2 NEW, K1-S2 NEW, K2-S2 NEW"
    )


@story
def test_r_v2_an_enrollment_of_an_unknown_user_or_class_waits_for_them(it: Story) -> None:
    rows = [enrollment("K1", "S1"), enrollment("K1", "S2"), enrollment("K2", "S1")]
    it.night([S1], [K1], rows).gives(enrolled="K1-S1", said="S1 NEW, K1 NEW, K1-S1 NEW")
    it.night([S1, S2], [K1], rows).gives(enrolled="K1-S1, K1-S2", said="S2 NEW, K1-S2 NEW")
    it.night([S1, S2], [K1, K2], rows).gives(enrolled="K1-S1, K1-S2, K2-S1", said="K2 NEW, K2-S1 NEW")


@pytest.mark.parametrize("full", [False, True])
def test_r_v2_unknown_references_are_rejected_and_those_of_records_that_left_are_not(
    tmp_path: Path, full: bool
) -> None:
    district = District(tmp_path)
    rows = [enrollment("K1", "S1"), enrollment("K1", "S2"), enrollment("K2", "S1")]
    district.night([S1, S2], [K1, K2], rows)
    for _ in range(2):
        report = district.night(
            [S1], [K1], [*rows, enrollment("K9", "S1"), enrollment("K1", "S9"), enrollment("K2", "S2")], full=full
        )
        rejected = {
            row["id"]: (row["code"], row["file"], row["value"]) for row in report.rows("issues", severity="error")
        }
        assert rejected == {
            "K9-S1-student": ("UNKNOWN_CLASS", "enrollments.csv", "K9"),
            "K1-S9-student": ("UNKNOWN_USER", "enrollments.csv", "S9"),
        }
    assert district.enrollments() == {("K1", "S1"): "current", ("K1", "S2"): "ended", ("K2", "S1"): "current"}


@story
def test_r_k4_two_roles_in_one_class_end_each_for_itself(it: Story) -> None:
    both = [enrollment("K1", "T1", "teacher"), enrollment("K1", "T1", "proctor")]
    it.night([T1], [K1], both)
    it.night([T1], [K1], both[:1]).gives(enrolled="K1-T1, K1-T1 ended", said="K1-T1 ENROLLMENT_ENDED")


@story
def test_r_k4_a_change_of_role_ends_the_one_and_begins_the_other(it: Story) -> None:
    it.night([T1], [K1], [enrollment("K1", "T1", "proctor")])
    it.night([T1], [K1], [enrollment("K1", "T1", "teacher")]).gives(
        enrolled="K1-T1, K1-T1 ended", said="K1-T1 ENROLLMENT_ENDED, K1-T1 NEW"
    )


@pytest.mark.parametrize("full", [False, True])
def test_r_k4_manual_enrollments_stay(tmp_path: Path, full: bool) -> None:
    import sqlite3

    district = District(tmp_path)
    district.night([S1, S2, T1], [K1], ROLL)
    connection = sqlite3.connect(district.folder / "state.db")
    with connection:
        connection.execute(
            "INSERT INTO enrollments (class_id, user_id, role, is_primary, status, origin) "
            "VALUES ('K0', 'S1', 'student', 0, 'current', 'manual')"
        )
    connection.close()
    district.night([S1, student("S2", grades="06"), T1], [K1], ROLL[1:], full=full)
    assert district.enrollments()["K0", "S1"] == "current"
    assert district.enrollments()["K1", "S1"] == "ended"


# --- R-K6: endDate --------------------------------------------------------------------------------------------------


def _day(district: District, days: int) -> str:
    return (datetime.now(district.settings.district.zone).date() + timedelta(days=days)).isoformat()


def _session(sourced_id: str, end: str) -> Row:
    return {
        "sourcedId": sourced_id,
        "title": sourced_id,
        "type": "term",
        "startDate": "2020-08-24",
        "endDate": end,
        "schoolYear": "2027",
    }


DROPPED = {
    # endDate and end of the term, in days from today; whether the enrollment counts as dropped
    "today-15-days-before-the-end": (0, 15, True),
    "today-14-days-before-the-end": (0, 14, False),
    "tomorrow": (1, 40, False),
    "yesterday-15-days-before-the-end": (-1, 14, True),
    "yesterday-14-days-before-the-end": (-1, 13, False),
    "long-ago": (-200, 40, True),
    "a-term-over-14-days-after": (-40, -26, False),
    "a-term-over-15-days-after": (-40, -25, True),
    "after-the-end-of-the-term": (-40, -60, False),
    "with-the-term": (0, 0, False),
}


@pytest.fixture(scope="module", params=[False, True], ids=["quick", "full"])
def ended_early(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[District, Report]:
    """A class with a term of its own per case: S1 was enrolled before and gets the endDate, S2 has none, S3 is new."""
    district = District(tmp_path_factory.mktemp("ended"))
    classes = [school_class(name, termSourcedIds=f"term-{name}") for name in DROPPED]
    sessions = [_session(f"term-{name}", _day(district, end)) for name, (_, end, _) in DROPPED.items()]
    before = [enrollment(name, user) for name in DROPPED for user in ("S1", "S2")]
    district.night([S1, S2, S3], classes, before, sessions=sessions)
    tonight = [
        enrollment(name, user, endDate="" if user == "S2" else _day(district, end))
        for name, (end, _, _) in DROPPED.items()
        for user in ("S1", "S2", "S3")
    ]
    report = district.night([S1, S2, S3], classes, tonight, sessions=sessions, full=request.param)
    return district, report


@pytest.mark.parametrize("case", DROPPED)
def test_r_k6_an_enrollment_ended_early_is_gone_from_the_import(
    ended_early: tuple[District, Report], case: str
) -> None:
    district, report = ended_early
    found = {user: status for (name, user), status in district.enrollments().items() if name == case}
    said = {(row["user_id"], row["code"]) for row in report.rows("enrollments", class_id=case)}
    dropped = DROPPED[case][2]
    if dropped:
        assert found == {"S1": "ended", "S2": "current"}
        assert said == {("S1", "ENROLLMENT_ENDED")}
    else:
        assert found == {"S1": "current", "S2": "current", "S3": "current"}
        assert ("S3", "NEW") in said
        assert "ENROLLMENT_ENDED" not in {code for _, code in said}
    assert report.rows("issues", severity="error") == []


@pytest.mark.parametrize("full", [False, True])
def test_r_k6_the_last_term_of_the_class_counts_and_a_class_of_unknown_terms_drops_nobody(
    tmp_path: Path, full: bool
) -> None:
    district = District(tmp_path)
    classes = [
        school_class("both", termSourcedIds="late,soon"),
        school_class("soon", termSourcedIds="soon"),
        school_class("unknown", termSourcedIds="nowhere"),
        school_class("none", termSourcedIds=""),
        school_class("half", termSourcedIds="nowhere,late"),
    ]
    sessions = [_session("soon", _day(district, 10)), _session("late", _day(district, 100))]
    names = [row["sourcedId"] for row in classes]
    begun = [enrollment(name, "S1") for name in names]
    district.night([S1], classes, begun, sessions=sessions)
    over = [enrollment(name, "S1", endDate=_day(district, -1)) for name in names]
    district.night([S1], classes, over, sessions=sessions, full=full)
    assert district.enrollments() == {
        ("both", "S1"): "ended",
        ("soon", "S1"): "current",
        ("unknown", "S1"): "current",
        ("none", "S1"): "current",
        ("half", "S1"): "ended",
    }


@pytest.mark.parametrize("full", [False, True])
def test_r_k6_other_dates_decide_nothing(tmp_path: Path, full: bool) -> None:
    district = District(tmp_path)
    rows = [
        enrollment("K1", "S1", beginDate=_day(district, 30), endDate=_day(district, 90)),
        enrollment("K1", "S2", beginDate=_day(district, -90)),
        enrollment("K1", "S3", beginDate=_day(district, 90), endDate=_day(district, 30)),
    ]
    old = school_class("old", termSourcedIds="over")
    district.night([S1, S2, S3], [K1, old], [*rows, enrollment("old", "S1")], sessions=[_session("over", "2020-01-31")])
    report = district.night(
        [S1, S2, S3],
        [K1, old],
        [*rows, enrollment("old", "S1")],
        sessions=[_session("over", "2020-01-31")],
        full=full,
    )
    assert set(district.enrollments().values()) == {"current"}
    assert len(district.enrollments()) == 4
    assert report.rows("enrollments") == []


@pytest.mark.parametrize("full", [False, True])
def test_r_k6_the_row_with_a_later_end_brings_the_enrollment_back(tmp_path: Path, full: bool) -> None:
    district = District(tmp_path)
    district.night([S1], [K1], [enrollment("K1", "S1")])
    district.night([S1], [K1], [enrollment("K1", "S1", endDate=_day(district, -1))], full=full)
    assert district.enrollments() == {("K1", "S1"): "ended"}
    report = district.night([S1], [K1], [enrollment("K1", "S1", endDate=_day(district, 1))], full=full)
    assert district.enrollments() == {("K1", "S1"): "current"}
    assert [row["code"] for row in report.rows("enrollments")] == ["RETURNED"]


@pytest.mark.parametrize("full", [False, True])
def test_r_k6_a_day_that_comes_though_no_row_changes(tmp_path: Path, full: bool) -> None:
    """The enrollment ends on the day its endDate is reached, with the very same files."""
    district = District(tmp_path)
    rows = [enrollment("K1", "S1", endDate=_day(district, 1))]
    district.night([S1], [K1], rows)
    assert district.enrollments() == {("K1", "S1"): "current"}
    report = district.night([S1], [K1], rows, full=full, now=datetime.now(UTC) + timedelta(days=1))
    assert district.enrollments() == {("K1", "S1"): "ended"}
    assert [row["code"] for row in report.rows("enrollments")] == ["ENROLLMENT_ENDED"]


@pytest.mark.parametrize("full", [False, True])
def test_r_k6_a_term_that_grows_longer_drops_those_who_ended_with_the_old_one(tmp_path: Path, full: bool) -> None:
    district = District(tmp_path)
    rows = [enrollment("K1", "S1", endDate=_day(district, -1))]
    district.night([S1], [K1], rows, term_end=_day(district, 5))
    assert district.enrollments() == {("K1", "S1"): "current"}
    district.night([S1], [K1], rows, term_end=_day(district, 60), full=full)
    assert district.enrollments() == {("K1", "S1"): "ended"}


@pytest.mark.parametrize("full", [False, True])
def test_r_k6_in_an_archived_class_nothing_is_dropped(tmp_path: Path, full: bool) -> None:
    district = District(tmp_path)
    district.night([S1], [K1, K2], [enrollment("K1", "S1")])
    district.night([S1], [K2], [enrollment("K1", "S1", endDate=_day(district, -1))], full=full)
    assert district.enrollments() == {("K1", "S1"): "current"}
