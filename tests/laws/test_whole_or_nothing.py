"""R-A4: a run is applied whole or not at all, whenever it is stopped (policies.md, *Always*)."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import pytest
from hypothesis import given, note
from hypothesis import strategies as st

from rostersync.state import first_load
from tests.laws import moments
from tests.laws.interrupted import Kind, check_every_moment, check_kill, scene
from tests.laws.killing import Killer
from tests.laws.stories import Accept, Configure, Step, tell
from tests.laws.test_known_stories import ANA, CHILD, IN_K1, night, user
from tests.laws.test_laws import LONG, Make, new_district, stories
from tests.policies.district import District

__all__ = ["new_district"]

KINDS: tuple[Kind, ...] = ("sync", "apply", "undo")
LOCK_ON = Configure(policy={"update_active_contacts": True})
BUSY: list[Step] = [
    LOCK_ON,
    night(CHILD, ANA, user("T1", email="t1@x.example"), classes=({"sourcedId": "K1"},), enrollments=(IN_K1,)),
    Accept("G1"),
    Accept("T1"),
    night(
        user("S1", agentSourcedIds="G2"),
        user("S2", agentSourcedIds="G1"),
        {**ANA, "email": "new@x.example"},
        user("G2", email="g2@x.example"),
        user("T1", email="t2@x.example"),
        user("G3", email="t2@x.example"),
        classes=({"sourcedId": "K2"},),
    ),
]
"""A last night that writes to every table: people come and change, a class goes, and two people are told."""


@pytest.fixture(scope="module")
def killer() -> Iterator[Killer]:
    """Kills what it runs."""
    found = Killer()
    yield found
    found.close()


KINDS: tuple[Kind, ...] = ("sync", "apply", "undo")


@pytest.fixture(scope="module")
def busy(new_district: Make) -> District:
    """A district before its busy night."""
    district = new_district()
    for step in BUSY[:-1]:
        tell(district, step)
    return district


@pytest.mark.parametrize("kind", KINDS)
def test_a_busy_night_is_whole_or_nothing(busy: District, new_district: Make, killer: Killer, kind: Kind) -> None:
    """At every moment, as copies of the files show; and after real kills around the commit of a sync."""
    district = busy.copy(new_district().folder)
    found = scene(kind, BUSY[-1:], district)
    seen, between = check_every_moment(found, district.folder / "watched")
    assert seen.statements > 100, "hardly anything was watched"
    assert seen.moments > seen.statements + 20
    assert len(seen.commits) == 1
    messages = moments.rows_of(between.new / moments.STATE)["outbox"]
    assert len(messages) == (0 if kind == "undo" else 4)
    points = {"old": {"statement": seen.commits[0]}, "new": {"after": seen.commits[0]}}
    for which, point in points.items() if kind == "sync" else ():
        assert check_kill(found, between, district.folder / which, killer, point) == which
    if kind == "sync":
        found.finish(district.folder / "old", "old", between)


def killed(story: list[Step], kind: Kind, draw: Callable[[int], int], make: Make, killer: Killer, kills: int) -> None:
    """Kill the last night of a story at some moments, as `draw` gives them below a number."""
    district = make()
    found = scene(kind, story, district)
    between = found.played(district.folder / "undisturbed")
    moments.copy(found.before, district.folder / "counted")
    begun = time.perf_counter()
    counted = killer.run(district.folder / "counted", found.job, {})
    seconds = time.perf_counter() - begun
    for number in range(kills):
        points: tuple[dict[str, float], ...] = (
            {"statement": draw(counted["statements"])},
            {"call": draw(counted["calls"])},
            {"after": draw(counted["statements"])},
            {"seconds": seconds * draw(1000) / 1000},
        )
        point = points[number % len(points)]
        note(f"{kind} killed at {point} of {counted}, {seconds:.2f} seconds")
        left = district.folder / f"killed{number}"
        which = check_kill(found, between, left, killer, point)
        note(f"left the {which} state")
        found.finish(left, which, between)


@pytest.mark.long
@pytest.mark.parametrize("kind", KINDS)
@given(story=stories(nights=3), data=st.data())
@LONG
def test_killed_nights_of_many_stories(
    new_district: Make, killer: Killer, kind: Kind, story: list[Step], data: st.DataObject
) -> None:
    killed(story, kind, lambda below: data.draw(st.integers(0, below - 1)), new_district, killer, kills=4)


@pytest.mark.long
@given(story=stories(nights=1))
@LONG
def test_every_moment_of_first_loads(new_district: Make, story: list[Step]) -> None:
    """A first load is a file of its own that takes the empty one's name."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(first_load, "WORTH_IT", 0)
        district = new_district()
        seen, _ = check_every_moment(scene("sync", story, district), district.folder / "watched")
        assert any((copied / f"{moments.STATE}.first-load").exists() for copied in seen.folders)


@pytest.mark.long
@pytest.mark.parametrize("kind", KINDS)
@given(story=stories(nights=3))
@LONG
def test_every_moment_of_many_nights(new_district: Make, kind: Kind, story: list[Step]) -> None:
    district = new_district()
    check_every_moment(scene(kind, story, district), district.folder / "watched")
