"""A night that is recognised before it is read is the one that is read in full, whatever happened before it."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest
from hypothesis import given

from rostersync import repeating
from tests.laws import broken, mixed
from tests.laws.mixed import MixedStep, Twins, _tellable, write_mixed_story
from tests.laws.stories import Accept, Edit, Night
from tests.laws.test_known_stories import ANA, CHILD, IN_K1, night, user
from tests.laws.test_laws import LONG, Make, new_district
from tests.laws.test_mixed_stories import SWEEP, mixed_stories

__all__ = ["new_district"]


@pytest.fixture(autouse=True)
def _notes(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    if "story" not in request.fixturenames:
        monkeypatch.setattr(mixed, "note", print)


def live(story: list[MixedStep], make: Callable[[], object], patch: pytest.MonkeyPatch) -> int:
    """Every night of the story comes twice, and once more after a deed by hand; gives how many were recognised."""
    twins, recognised, real = Twins(make(), make()), [], repeating.Repeat._carry_out

    def carry_out(*args: object) -> object:
        done = real(*args)
        recognised.append(done)
        return done

    patch.setattr(repeating.Repeat, "_carry_out", carry_out)
    twins.district.recognises = True
    for number, step in enumerate(story):
        mixed.note(f"step {number}: {step}")
        twins.live(_tellable(step))
        if isinstance(step, Night):
            for after in (step, Accept("S1"), step, step):
                mixed.note(f"step {number}, and: {after}")
                twins.live(_tellable(after))
    return len(recognised)


@pytest.mark.parametrize("seed", [2])
def test_a_recognised_night_is_the_one_that_is_read(new_district: Make, seed: int, monkeypatch) -> None:
    assert live(write_mixed_story(random.Random(seed).choice, 3, calm=True), new_district, monkeypatch) > 0


@pytest.mark.long
@pytest.mark.parametrize("seed", SWEEP)
def test_recognised_nights_of_long_stories(new_district: Make, seed: int, monkeypatch) -> None:
    live(write_mixed_story(random.Random(4000 + seed).choice, 8, calm=seed % 3 > 0), new_district, monkeypatch)


@pytest.mark.long
@given(story=mixed_stories(nights=3))
@LONG
def test_recognised_nights_of_stories(new_district: Make, story: list[MixedStep]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        live(story, new_district, patch)


T1 = user("T1", email="t1@x.example")
TOLD = [night(CHILD, ANA, T1, classes=({"sourcedId": "K1"},), enrollments=(IN_K1,)), Edit("T1", "given_name", "Bo")]


@pytest.mark.long
@pytest.mark.parametrize(
    "mutant",
    [
        broken.a_quiet_night_forgets_edits,
        broken.a_quiet_night_tells_everything_again,
        broken.a_quiet_night_tells_nothing,
        broken.a_quiet_night_forgets_settings,
    ],
)
def test_the_law_catches(new_district: Make, monkeypatch, mutant: Callable[[pytest.MonkeyPatch], None]) -> None:
    story: list[MixedStep] = [
        mixed.Rules(mixed.Configure(), "usual"),
        TOLD[0],
        Accept("T1"),
        TOLD[1],
        TOLD[0],
        mixed.Rules(mixed.Configure(policy={"update_active_contacts": True}), "usual"),
        TOLD[0],
    ]
    with pytest.MonkeyPatch.context() as patch:
        assert live(story, new_district, patch) > 0
    mutant(monkeypatch)
    with pytest.raises(AssertionError):
        live(story, new_district, monkeypatch)
