"""Where the state says a record was read: users.line, classes.line and read_in."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.policies.district import District, Report, person, school_class, student, teacher

USERS = "SELECT u.id, u.line, r.run_id FROM users u JOIN runs r ON r.number = u.read_in"
CLASSES = "SELECT u.id, u.line, r.run_id FROM classes u JOIN runs r ON r.number = u.read_in"


@pytest.fixture
def district(tmp_path: Path) -> District:
    return District(tmp_path)


def read(district: District, query: str) -> dict[str, tuple[int, str]]:
    return {row["id"]: (row["line"], row["run_id"]) for row in district.rows(query)}


def run_of(report: Report) -> str:
    return report.folder.name


def test_an_added_record_says_its_line_and_run(district):
    first = run_of(district.night([student("S1"), student("S2")], [school_class("K1")]))
    assert read(district, USERS) == {"T0": (2, first), "S1": (3, first), "S2": (4, first)}
    assert read(district, CLASSES) == {"K0": (2, first), "K1": (3, first)}


@pytest.mark.parametrize("full", [False, True])
def test_a_changed_row_says_its_new_line_and_an_unchanged_one_nothing(district, full):
    first = run_of(district.night([student("S1"), student("S2")], [school_class("K1"), school_class("K2")]))
    second = run_of(
        district.night(
            [student("S2", grades="06"), student("S1")],
            [school_class("K2", title="New"), school_class("K1")],
            full=full,
        )
    )
    assert read(district, USERS) == {"T0": (2, first), "S1": (3, first), "S2": (3, second)}
    assert read(district, CLASSES) == {"K0": (2, first), "K1": (3, first), "K2": (3, second)}


@pytest.mark.parametrize("full", [False, True])
def test_other_lines_alone_write_nothing(district, full):
    district.night([student("S1"), student("S2")])
    before = district.rows("SELECT * FROM users"), district.rows("SELECT * FROM classes")
    district.night([student("S2"), student("S1")], full=full)
    assert (district.rows("SELECT * FROM users"), district.rows("SELECT * FROM classes")) == before


def test_who_left_keeps_the_line_of_the_last_import_that_had_them(district):
    first = run_of(district.night([student("S1"), teacher("T1")], [school_class("K1")]))
    district.night([student("S2")])
    assert read(district, USERS)["S1"] == (3, first)
    assert read(district, USERS)["T1"] == (4, first)
    assert read(district, CLASSES)["K1"] == (3, first)


def test_a_rejected_row_is_not_where_the_values_come_from(district):
    first = run_of(district.night([student("S1"), student("S2")]))
    district.night([student("S2"), person("S1", "pupil")])
    assert read(district, USERS)["S1"] == (3, first)
