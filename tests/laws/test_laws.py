"""Laws that hold for every story of a district (policies.md, *Always*; design.md, *Scope*)."""

from __future__ import annotations

import itertools
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, note, settings
from hypothesis import strategies as st

from tests.laws import checks
from tests.laws.comparison import check_step
from tests.laws.oracle.night import Oracle
from tests.laws.stories import Night, Step, broken_row, tell, write_story
from tests.policies.district import District, Report

QUICK = settings(
    max_examples=3,
    derandomize=True,
    deadline=None,
    database=None,
    phases=(Phase.generate,),
    suppress_health_check=list(HealthCheck),
)
"""A few stories, always the same: a sync of a tiny district takes about as long as one of a thousand students."""

LONG = settings(
    max_examples=int(os.environ.get("TESTS_STORIES", "10")),
    derandomize=True,
    deadline=None,
    database=None,
    phases=(Phase.generate, Phase.shrink),
    suppress_health_check=list(HealthCheck),
)
"""The sweep; more of it with TESTS_STORIES."""


@st.composite
def stories(draw: st.DrawFn, nights: int, calm: bool = False) -> list[Step]:
    """A story of some nights; a failing one is cut down by hypothesis."""
    return write_story(lambda options: draw(st.sampled_from(list(options))), nights, calm=calm)


@pytest.fixture(scope="module")
def new_district(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[], District]]:
    """Makes districts, each in a folder of its own, in memory where the system has a place for it."""
    memory = Path("/dev/shm")
    base = Path(tempfile.mkdtemp(dir=memory)) if memory.is_dir() else tmp_path_factory.mktemp("laws")
    numbers = itertools.count()

    def make() -> District:
        folder = base / str(next(numbers))
        folder.mkdir()
        return District(folder)

    yield make
    shutil.rmtree(base)


Make = Callable[[], District]


def dry_run_and_repeat(story: list[Step], new_district: Make, *, thorough: bool = False) -> None:
    """R-A3: a dry run says what the run does, and writes nothing. R-A1: the same import again changes nothing.

    With a look at everything neither: after the last night, of a `thorough` story after all of them.
    """
    district = new_district()
    for step in story:
        if isinstance(step, Night):
            note(f"night {step}")
            checks.check_dry_run_and_repeat(district, step, full=thorough or step is story[-1])
        else:
            tell(district, step)


def twins(story: list[Step], new_district: Make, *, shuffled: bool) -> None:
    """Two districts with one story come to the same state and say the same.

    The other looks at everything every night (design.md, *Scope*), or has its rows and columns in another order
    (R-A2). The first one loses its snapshots at times: that costs time, never correctness.
    """
    district, other = new_district(), new_district()
    for number, step in enumerate(story):
        note(f"step {number}: {step}")
        if not isinstance(step, Night):
            assert tell(district, step) == tell(other, step)
            continue
        if step.forget:
            shutil.rmtree(district.folder / "state.db.snapshots", ignore_errors=True)
        check_twins(district, other, step, number if shuffled else None)


def check_twins(district: District, other: District, night: Night, shuffle: int | None = None) -> None:
    """A night of two districts that are the same: the other one looks at everything, or has another order."""
    before = checks.records(district)
    report = tell(district, night)
    twin = tell(other, night, full=True) if shuffle is None else checks.shuffled(other, night, shuffle)
    assert isinstance(report, Report)
    assert isinstance(twin, Report)
    wrong = checks.differences(checks.report_rows(report), checks.report_rows(twin))
    assert not wrong, f"the twin says: {wrong}"
    wrong = checks.differences(checks.state_of(district), checks.state_of(other))
    assert not wrong, f"the twin holds: {wrong}"
    assert checks.issue_rows(report) == checks.issue_rows(twin)
    checks.check_unique(district.folder / "state.db")
    checks.check_access(district)
    checks.check_reported(before, checks.records(district), report)


def oracle(story: list[Step], new_district: Make) -> None:
    """The program comes to what the rules come to when they are followed one by one."""
    district, rules = new_district(), Oracle()
    for number, step in enumerate(story):
        note(f"step {number}: {step}")
        check_step(district, rules, step)


def one_broken_row(story: list[Step], pick: Callable[[int], int], new_district: Make) -> None:
    """R-V2, R-V3: a row that is there and wrong removes, archives and ends nothing."""
    sound = new_district()
    *steps, last = story
    for step in steps:
        tell(sound, step)
    assert isinstance(last, Night)
    broken = sound.copy(sound.folder.with_name(f"{sound.folder.name}-broken"))
    night, what = broken_row(last, pick)
    note(f"{story}\nbroken: {what}")
    before = checks.standing(sound)
    tell(sound, last)
    tell(broken, night)
    checks.check_no_removal(before, sound, broken, what)


@given(story=stories(nights=2))
@QUICK
def test_a_dry_run_says_what_the_run_does_and_a_second_run_does_nothing(new_district: Make, story: list[Step]) -> None:
    dry_run_and_repeat(story, new_district)


@given(story=stories(nights=4, calm=True))
@QUICK
def test_what_is_out_of_scope_could_not_have_changed(new_district: Make, story: list[Step]) -> None:
    twins(story, new_district, shuffled=False)


@given(story=stories(nights=2))
@QUICK
def test_the_order_of_rows_and_columns_never_matters(new_district: Make, story: list[Step]) -> None:
    twins(story, new_district, shuffled=True)


@given(story=st.booleans().flatmap(lambda calm: stories(nights=4, calm=calm)))
@settings(QUICK, max_examples=5)
def test_the_program_comes_to_what_the_rules_say(new_district: Make, story: list[Step]) -> None:
    oracle(story, new_district)


@given(story=stories(nights=2), choice=st.data())
@QUICK
def test_a_broken_row_removes_nothing(new_district: Make, story: list[Step], choice: st.DataObject) -> None:
    one_broken_row(story, lambda count: choice.draw(st.integers(0, count - 1)), new_district)


@pytest.mark.long
@given(story=stories(nights=4))
@LONG
def test_dry_runs_and_second_runs_in_many_stories(new_district: Make, story: list[Step]) -> None:
    dry_run_and_repeat(story, new_district, thorough=True)


@pytest.mark.long
@pytest.mark.parametrize("shuffled", [False, True], ids=["full", "shuffled"])
@given(story=st.booleans().flatmap(lambda calm: stories(nights=6, calm=calm)))
@LONG
def test_twins_in_many_stories(new_district: Make, story: list[Step], shuffled: bool) -> None:
    twins(story, new_district, shuffled=shuffled)


@pytest.mark.long
@given(story=st.booleans().flatmap(lambda calm: stories(nights=8, calm=calm)))
@settings(LONG, max_examples=2 * LONG.max_examples)
def test_the_rules_in_many_stories(new_district: Make, story: list[Step]) -> None:
    oracle(story, new_district)


@pytest.mark.long
@given(story=stories(nights=3), choice=st.data())
@settings(LONG, max_examples=2 * LONG.max_examples)
def test_broken_rows_in_many_stories(new_district: Make, story: list[Step], choice: st.DataObject) -> None:
    one_broken_row(story, lambda count: choice.draw(st.integers(0, count - 1)), new_district)
