"""A reading that is interrupted ends, wherever that happens: its threads wait for nobody who will not come."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from random import Random
from types import FrameType
from typing import Any

import pytest

from rostersync.diff import fingerprints
from rostersync.importers.oneroster import _Reading
from rostersync.importers.recognising import Recognising
from rostersync.model.delivery import Delivery
from rostersync.model.snapshot import Snapshot
from tests.importers.test_recognising import SEED, TODAY, deliver, looked_at, made

LONG = 30
"""Seconds after which a reading of a few rows hangs."""
WATCHED = {
    function.__code__
    for function in (
        _Reading.__init__,
        _Reading._read_before_enrollments,
        Recognising.users,
        Recognising.tell,
        Recognising.give_up,
    )
}


class Interrupted(BaseException):
    """As a signal's."""


class Interrupting:
    """Raises at one of the lines that the thread comes to in functions that another thread may wait for; once."""

    def __init__(self, at: int) -> None:
        self._at, self.lines = at, 0

    def __call__(self, frame: FrameType, event: str, _: Any) -> Any:
        if frame.f_code not in WATCHED:
            return None
        if event == "line":
            self.lines += 1
            if self.lines == self._at:
                raise Interrupted
        return self


@pytest.fixture(scope="module")
def two_nights(tmp_path_factory: pytest.TempPathFactory) -> tuple[Delivery, Snapshot]:
    """The files of a small district, and the fingerprints of its night before."""
    folder = tmp_path_factory.mktemp("nights")
    files = made(Random(3))
    before = fingerprints(looked_at(deliver(folder / "first", files, Random(1)), TODAY), SEED)
    return deliver(folder / "second", files, Random(1)), before


@pytest.fixture(autouse=True)
def _nothing_left_waiting(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Threads that a second interrupt left waiting end with the test, as with the process of a command."""
    begin, begun = Recognising.__init__, []

    def remembered(self: Recognising, *arguments: Any) -> None:
        begun.append(self)
        begin(self, *arguments)

    monkeypatch.setattr(Recognising, "__init__", remembered)
    yield
    for each in begun:
        each._given_up = True


def ends(delivery: Delivery, before: Snapshot, at: int) -> tuple[str, int]:
    """How a reading that is interrupted at a line ends, and how many lines there were."""
    interrupting, ended = Interrupting(at), "hangs"

    def reading() -> None:
        nonlocal ended
        sys.settrace(interrupting)
        try:
            looked_at(delivery, TODAY, before)
            ended = "read"
        except Interrupted:
            ended = "interrupted"
        finally:
            sys.settrace(None)

    thread = threading.Thread(target=reading, daemon=True)
    thread.start()
    thread.join(LONG)
    return ended, interrupting.lines


@pytest.mark.parametrize("twice", [False, True])
def test_a_reading_ends_wherever_it_is_interrupted(
    two_nights: tuple[Delivery, Snapshot], monkeypatch: pytest.MonkeyPatch, twice: bool
) -> None:
    """Twice: one SIGINT may become two exceptions, one of polars and one of Python, which comes in the clearing up."""
    ended, lines = ends(*two_nights, at=0)
    assert ended == "read"
    assert lines > 40
    if twice:
        monkeypatch.setattr(Recognising, "give_up", interrupted)
    found = {at: ends(*two_nights, at)[0] for at in range(1, lines + 1)}
    assert set(found.values()) == {"interrupted"}, found


def interrupted(*_: object) -> None:
    """A signal comes before anything is done."""
    raise Interrupted


def test_a_reading_ends_where_nobody_can_be_told(
    two_nights: tuple[Delivery, Snapshot], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Recognising, "tell", interrupted)
    assert ends(*two_nights, at=0)[0] == "interrupted"


def test_the_folder_is_as_it_was(two_nights: tuple[Delivery, Snapshot]) -> None:
    paths: list[Path] = [file.path for file in two_nights[0].files]
    before = [path.read_bytes() for path in paths]
    ends(*two_nights, at=20)
    assert [path.read_bytes() for path in paths] == before
