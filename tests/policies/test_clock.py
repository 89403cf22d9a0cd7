"""What a clock does that jumps, or a night that has an hour twice or not at all: nothing, to what is decided (R-A1)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from tests.laws.checks import changes_in, state_of
from tests.policies.district import District, Report, enrollment, guardian, school_class, student

ZONE = ZoneInfo("America/New_York")
FIRST = datetime(2026, 10, 30, 2, 0, tzinfo=ZONE)
NIGHTS = {
    "an ordinary night": datetime(2026, 10, 31, 1, 30, tzinfo=ZONE),
    "the hour that comes twice": datetime(2026, 11, 1, 1, 30, tzinfo=ZONE),
    "the same, again": datetime(2026, 11, 1, 1, 30, fold=1, tzinfo=ZONE),
    "the hour that is left out": datetime(2027, 3, 14, 2, 30, tzinfo=ZONE),
    "the turn of the year": datetime(2026, 12, 31, 23, 59, 59, tzinfo=ZONE),
    "a leap day": datetime(2028, 2, 29, 2, 0, tzinfo=ZONE),
    "an hour back": FIRST - timedelta(hours=1),
    "years back": FIRST - timedelta(days=4000),
    "far ahead": FIRST + timedelta(days=400),
}


def district_at(folder: Path) -> District:
    """A district in a zone that changes its clocks, after its first night."""
    district = District(folder)
    file = folder / "rostersync.toml"
    file.write_text(f'[district]\ntimezone = "{ZONE.key}"\n{file.read_text()}')
    night(district, "G1", FIRST)
    return district


def night(district: District, second: str, now: datetime) -> Report:
    """Two families and a class; what differs from night to night is the guardian of S2."""
    return district.night(
        [student("S1", "G1"), student("S2", second), guardian("G1"), *([guardian(second)] if second != "G1" else [])],
        [school_class("K1")],
        [enrollment("K1", "S1"), enrollment("K1", "S2", endDate="2099-06-30")],
        now=now,
    )


@pytest.fixture(scope="module")
def usual(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[tuple[object, ...]]]:
    """What an ordinary night leaves."""
    district = district_at(tmp_path_factory.mktemp("usual"))
    night(district, "G2", NIGHTS["an ordinary night"])
    return decided(district)


def decided(district: District) -> dict[str, list[tuple[object, ...]]]:
    """All that the state says, but when its runs were."""
    found = state_of(district)
    return {name: rows for name, rows in found.items() if name != "runs"}


@pytest.mark.long
@pytest.mark.parametrize("now", NIGHTS.values(), ids=NIGHTS)
def test_the_clock_decides_nothing(tmp_path: Path, usual: dict[str, list[tuple[object, ...]]], now: datetime) -> None:
    district = district_at(tmp_path)
    night(district, "G2", now)
    assert decided(district) == usual
    again = night(district, "G2", now)
    assert not changes_in(again)
    assert decided(district) == usual


@pytest.mark.long
@pytest.mark.parametrize("now", NIGHTS.values(), ids=NIGHTS)
def test_a_later_run_has_the_greater_id_whatever_the_clock_says(tmp_path: Path, now: datetime) -> None:
    district = district_at(tmp_path)
    night(district, "G2", now)
    night(district, "G1", now - timedelta(hours=1))
    ids = [row["run_id"] for row in district.rows("SELECT run_id FROM runs ORDER BY number")]
    assert len(ids) == 3
    assert ids == sorted(path.name for path in (district.folder / "reports").iterdir() if path.is_dir())


def test_two_hours_of_one_name_are_two_nights(tmp_path: Path) -> None:
    """Both 01:30s are the same to a clock on the wall; the second one is later, and of the same date."""
    first, second = NIGHTS["the hour that comes twice"], NIGHTS["the same, again"]
    assert second.astimezone(UTC) - first.astimezone(UTC) == timedelta(hours=1)
    district = district_at(tmp_path)
    for each in (first, second, second - timedelta(hours=2)):
        night(district, "G1", each)
    ids = [row["run_id"] for row in district.rows("SELECT run_id FROM runs ORDER BY number")]
    assert ids[1:3] == ["20261101T053000Z", "20261101T063000Z"]
    assert ids == sorted(set(ids))
