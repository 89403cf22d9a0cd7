"""The laws hold where guards hold something nearly every night (policies.md R-D1, R-D2, R-D5, R-A1, R-A3)."""

from __future__ import annotations

import itertools
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given, note, settings
from hypothesis import strategies as st

from tests.laws.guarded_nights import Guarded
from tests.laws.stories import Configure, Night, Step, tell
from tests.laws.test_laws import LONG, QUICK, dry_run_and_repeat, stories, twins
from tests.policies.district import District


class Tight(District):
    """Guards trip as soon as three of ten go or change."""

    limits = '[guards]\nsmall = 0\nmax_removed = "30%"\nmax_changed = "30%"\nmax_rejected = "100%"\n'


@pytest.fixture(scope="module")
def tight_district(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[], District]]:
    """Makes such districts, in memory where the system has a place for it."""
    memory = Path("/dev/shm")
    base = Path(tempfile.mkdtemp(dir=memory)) if memory.is_dir() else tmp_path_factory.mktemp("guards")
    numbers = itertools.count()

    def make() -> District:
        folder = base / str(next(numbers))
        folder.mkdir()
        return Tight(folder)

    yield make
    shutil.rmtree(base)


Make = Callable[[], District]


@given(story=stories(nights=4, calm=True))
@settings(QUICK, max_examples=4)
def test_what_is_out_of_scope_is_neither_held_nor_counted(tight_district: Make, story: list[Step]) -> None:
    twins(story, tight_district, shuffled=False)


@given(story=stories(nights=3))
@QUICK
def test_a_held_night_comes_to_rest_and_a_dry_run_foretells_it(tight_district: Make, story: list[Step]) -> None:
    dry_run_and_repeat(story, tight_district)


def live(story: list[Step], make: Make) -> None:
    """Play a story; after every night the laws of guards hold, counted from the state."""
    district, guarded, rules = make(), Guarded("30%", 0), Configure()
    for number, step in enumerate(story):
        note(f"step {number}: {step}")
        if isinstance(step, Configure):
            rules = step
        if isinstance(step, Night):
            guarded.night(district, step, rules)
        else:
            tell(district, step)


@given(story=stories(nights=3))
@settings(QUICK, max_examples=1)
def test_no_more_goes_than_a_guard_lets_go(tight_district: Make, story: list[Step]) -> None:
    live(story, tight_district)


@pytest.mark.long
@given(story=st.booleans().flatmap(lambda calm: stories(nights=6, calm=calm)))
@LONG
def test_no_more_goes_in_many_stories(tight_district: Make, story: list[Step]) -> None:
    live(story, tight_district)


@pytest.mark.long
@pytest.mark.parametrize("shuffled", [False, True], ids=["full", "shuffled"])
@given(story=stories(nights=6, calm=True))
@LONG
def test_guarded_twins_in_many_stories(tight_district: Make, story: list[Step], shuffled: bool) -> None:
    twins(story, tight_district, shuffled=shuffled)


@pytest.mark.long
@given(story=stories(nights=4))
@LONG
def test_guarded_dry_runs_and_second_runs_in_many_stories(tight_district: Make, story: list[Step]) -> None:
    dry_run_and_repeat(story, tight_district, thorough=True)
