"""Scope equals `--full` in stories of everything that can happen to a district (design.md, *Scope*)."""

from __future__ import annotations

import os
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.laws import mixed
from tests.laws.mixed import MixedStep, live, write_mixed_story
from tests.laws.test_laws import LONG, Make, new_district

__all__ = ["new_district"]

SWEEP = range(int(os.environ.get("TESTS_STORIES", "10")))


@st.composite
def mixed_stories(draw: st.DrawFn, nights: int) -> list[MixedStep]:
    """A story that hypothesis can cut down."""
    choose = lambda options: draw(st.sampled_from(list(options)))  # noqa: E731 - handed on
    return write_mixed_story(choose, nights, calm=draw(st.booleans()))


@pytest.fixture(autouse=True)
def _notes(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """Outside of hypothesis' own tests notes are printed."""
    if "seed" in request.fixturenames:
        monkeypatch.setattr(mixed, "note", print)


@pytest.mark.parametrize("seed", [9])
def test_what_is_out_of_scope_does_not_move_whatever_happens(new_district: Make, seed: int) -> None:
    live(write_mixed_story(random.Random(seed).choice, 3, calm=True), new_district)


@pytest.mark.long
@pytest.mark.parametrize("seed", SWEEP)
def test_mixed_stories_of_many_nights(new_district: Make, seed: int) -> None:
    live(write_mixed_story(random.Random(1000 + seed).choice, 12, calm=seed % 3 > 0), new_district)


@pytest.mark.long
@given(story=mixed_stories(nights=5))
@LONG
def test_mixed_stories(new_district: Make, story: list[MixedStep]) -> None:
    live(story, new_district)
