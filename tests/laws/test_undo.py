"""Laws of taking runs back (contract.md, `runs undo`): what a night did goes, what people did stays."""

from __future__ import annotations

import itertools
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, note, settings
from hypothesis import strategies as st

from rostersync import undoing
from tests.laws import checks
from tests.laws.stories import EDITS, PEOPLE, Accept, Edit, Night, Step, tell
from tests.laws.test_laws import LONG, QUICK, stories
from tests.policies.district import District, Report

Make = Callable[[], District]
OF_RUNS = {"runs", "changes", "before_images", "report_tables", "edits", "record_counts", "alembic_version"}
"""Tables that tell of runs and edits; all others are what a run takes from one state to the next."""
OF_THE_STATE = {"generation", "snapshot", "record_counts"}
"""What an undo sets itself: after it the counts are not kept, and the next sync counts."""


@pytest.fixture(scope="module")
def new_district(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Make]:
    """Makes districts, in memory where the system has a place for it."""
    memory = Path("/dev/shm")
    base = Path(tempfile.mkdtemp(dir=memory)) if memory.is_dir() else tmp_path_factory.mktemp("undo")
    numbers = itertools.count()

    def make() -> District:
        folder = base / str(next(numbers))
        folder.mkdir()
        return District(folder)

    yield make
    shutil.rmtree(base)


def contents(district: District) -> dict[str, list[Any]]:
    """Every row of every table that holds what runs decide on, account ids among them."""
    with closing(sqlite3.connect(district.folder / "state.db")) as state:
        names = [name for (name,) in state.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        found = {
            name: sorted(state.execute(f"SELECT * FROM {name}"), key=repr) for name in names if name not in OF_RUNS
        }
    found["meta"] = [row for row in found["meta"] if row[0] not in OF_THE_STATE]
    return found


def views(district: District) -> dict[str, list[tuple[Any, ...]]]:
    """The public views, without those of runs, and messages without the run that queued them."""
    everything = district.everything()
    del everything["changes"]
    everything["outbox"] = sorted(row[1:5] for row in everything["outbox"])
    return everything


def take_back(district: District) -> Report:
    """Take the latest run back; the dry run before it said the same, and every change is reported."""
    before = checks.records(district)
    digest = checks.state_digest(district)
    said = undoing.undo(district.settings, None, dry_run=True)
    assert checks.state_digest(district) == digest, "a dry run wrote to the state"
    done = undoing.undo(district.settings, None, dry_run=False)
    assert said.rows.equals(done.rows)
    assert said.withdrawn == done.withdrawn
    assert done.outcome is not None
    report = Report(done.outcome.report_folder, done.outcome.summary.to_json())
    checks.check_reported(before, checks.records(district), report)
    checks.check_unique(district.folder / "state.db")
    checks.check_access(district)
    return report


def there_and_back(story: list[Step], new_district: Make) -> None:
    """Taken back with nothing between, the state is that before the night, and the next sync brings the night again."""
    district = new_district()
    for step in story:
        note(f"{step}")
        if not isinstance(step, Night):
            tell(district, step)
            continue
        before = contents(district)
        tell(district, step)
        after = views(district)
        take_back(district)
        wrong = checks.differences(before, contents(district))
        assert not wrong, f"before the night, and after it was taken back: {wrong}"
        tell(district, step)
        again = checks.differences(after, views(district))
        assert not again, f"the first and the second time: {again}"


def back_to_the_start(story: list[Step], new_district: Make) -> None:
    """Nights without edits are taken back one after the other, down to the empty directory."""
    district = new_district()
    behind = []
    for step in story:
        if isinstance(step, Night):
            behind.append(contents(district))
            tell(district, step)
    for before in reversed(behind):
        take_back(district)
        assert checks.differences(before, contents(district)) == {}
    assert district.rows("SELECT * FROM roster_users") == []


def edits_stay(story: list[Step], deeds: list[Accept | Edit], new_district: Make) -> None:
    """What people did since the night that is taken back stays, at the cost of what would come back."""
    district = new_district()
    for step in story:
        note(f"{step}")
        tell(district, step)
    edited = set()
    for deed in deeds:
        field = deed.field if isinstance(deed, Edit) else "account"
        before = _value(district, deed.user_id, field)
        if tell(district, deed) and _value(district, deed.user_id, field) != before:  # else nobody did anything
            edited.add((deed.user_id, field))
    note(f"{sorted(edited)}")
    while any(row["applied"] and not row["source"].startswith("undo of") for row in _runs(district)):
        stands = {key: _value(district, *key) for key in edited}
        take_back(district)
        assert {key: _value(district, *key) for key in edited} == stands
    last = [step for step in story if isinstance(step, Night)][-1]
    tell(district, last)
    checks.check_repeat(district, last, full=False)


def _value(district: District, user_id: str, field: str) -> Any:
    found = district.rows(f"SELECT {field} FROM roster_users WHERE id = ?", user_id)
    return found[0][field] if found else "not there"


def _runs(district: District) -> list[dict[str, Any]]:
    return district.rows("SELECT * FROM roster_runs")


DEEDS = st.lists(
    st.one_of(
        st.builds(Accept, st.sampled_from(PEOPLE)),
        st.sampled_from(sorted(EDITS)).flatmap(
            lambda field: st.builds(Edit, st.sampled_from(PEOPLE), st.just(field), st.sampled_from(EDITS[field]))
        ),
    ),
    min_size=1,
    max_size=4,
)


@given(story=stories(nights=2))
@QUICK
def test_a_night_taken_back_is_as_if_it_had_not_been(new_district: Make, story: list[Step]) -> None:
    there_and_back(story, new_district)


@given(story=stories(nights=2))
@QUICK
def test_nights_are_taken_back_down_to_the_empty_directory(new_district: Make, story: list[Step]) -> None:
    back_to_the_start(story, new_district)


@given(story=stories(nights=2), deeds=DEEDS)
@QUICK
def test_what_people_did_since_stays(new_district: Make, story: list[Step], deeds: list[Accept | Edit]) -> None:
    edits_stay(story, deeds, new_district)


@pytest.mark.long
@given(story=st.booleans().flatmap(lambda calm: stories(nights=5, calm=calm)))
@LONG
def test_nights_taken_back_in_many_stories(new_district: Make, story: list[Step]) -> None:
    there_and_back(story, new_district)


@pytest.mark.long
@given(story=stories(nights=5))
@LONG
def test_down_to_the_empty_directory_in_many_stories(new_district: Make, story: list[Step]) -> None:
    back_to_the_start(story, new_district)


@pytest.mark.long
@given(story=stories(nights=4), deeds=DEEDS)
@settings(LONG, max_examples=2 * LONG.max_examples)
def test_what_people_did_stays_in_many_stories(
    new_district: Make, story: list[Step], deeds: list[Accept | Edit]
) -> None:
    edits_stay(story, deeds, new_district)
