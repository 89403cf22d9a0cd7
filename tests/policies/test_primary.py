"""R-V4: a word in `primary` that cannot be read says nothing; a blank says no."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.policies.district import District, enrollment, school_class, student, teacher

PEOPLE = [teacher("T1"), student("S1")]
K1 = school_class("K1")


def row(primary: str, **values: str) -> dict[str, str]:
    return enrollment("K1", "T1", "teacher", primary=primary, **values)


def is_primary(district: District) -> int:
    (found,) = district.rows("SELECT is_primary FROM roster_enrollments WHERE class_id = 'K1'")
    return int(found["is_primary"])


@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize(
    ("before", "tonight", "after"),
    [
        ("true", "maybe", 1),
        ("false", "maybe", 0),
        ("", "maybe", 0),
        ("maybe", "maybe", 0),
        ("true", "", 0),
        ("true", "false", 0),
        ("true", "no", 0),
        ("maybe", "true", 1),
        ("false", "YES", 1),
    ],
)
def test_what_a_word_says(tmp_path: Path, before: str, tonight: str, after: int, full: bool) -> None:
    district = District(tmp_path)
    district.night(PEOPLE, [K1], [row(before)])
    report = district.night(PEOPLE, [K1], [row(tonight)], full=full)
    assert is_primary(district) == after
    assert bool(report.rows("issues", code="INVALID_BOOLEAN")) == (tonight == "maybe")
    told = report.rows("enrollments", code="SIS_UPDATE")
    assert len(told) == (1 if (before == "true") != bool(after) else 0)


def test_a_word_that_is_read_again_counts(tmp_path: Path) -> None:
    district = District(tmp_path)
    for word, after in (("true", 1), ("maybe", 1), ("false", 0), ("maybe", 0), ("true", 1)):
        district.night(PEOPLE, [K1], [row(word)])
        assert is_primary(district) == after


def test_one_who_comes_back_keeps_what_was_stored(tmp_path: Path) -> None:
    district = District(tmp_path)
    district.night(PEOPLE, [K1], [row("true")])
    district.night(PEOPLE, [K1], [])
    district.night(PEOPLE, [K1], [row("maybe")])
    assert is_primary(district) == 1


@pytest.mark.parametrize("shuffle", range(4))
@pytest.mark.parametrize(("words", "after"), [(("maybe", "false"), 0), (("maybe", "true"), 1), (("maybe", "?"), 1)])
def test_two_rows_of_one_enrollment(tmp_path: Path, words: tuple[str, str], after: int, shuffle: int) -> None:
    district = District(tmp_path)
    district.night(PEOPLE, [K1], [row("true")])
    rows = [row(word, sourcedId=f"E{number}") for number, word in enumerate(words)]
    district.night(PEOPLE, [K1], rows, shuffle=shuffle)
    assert is_primary(district) == after
