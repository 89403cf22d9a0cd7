"""What a power cut leaves: whatever a name or a commit relies on is on the disk before it.

No test here cuts the power. The order of the system calls tells: what was written to a file since it was last flushed
is lost, and so is a name in a folder that was not flushed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.faults import nights
from tests.faults.injecting import CALLS, Program

pytestmark = pytest.mark.long
_CALL = re.compile(r"(?P<thread>\d+) +(?P<call>\w+)\((?P<given>.*)")
_RESUMED = re.compile(r"(?P<thread>\d+) +<\.\.\. \w+ resumed>")
_DESCRIPTOR = re.compile(r"\d+<([^>]*)>")
_QUOTED = re.compile(r'"([^"]*)"(\.\.\.)?')
_WRITES = {*CALLS["write"], *CALLS["truncate"]}
_FLUSHES = {"fsync", "fdatasync"}
_MADE_ANEW = {"index.html", "latest"}
"""What the next run makes anew; until then the old one stands."""


@dataclass(frozen=True)
class Event:
    """A call that is over: `path` is what it wrote or flushed, or the old name; `to` the new name."""

    call: str
    path: str
    to: str = ""


def events(lines: list[str], folder: Path) -> list[Event]:
    """The calls in the order in which they ended; one that failed does not count."""
    begun: dict[str, str] = {}
    found = []
    for line in lines:
        resumed = _RESUMED.match(line)
        text = begun.pop(resumed["thread"], "") + line[resumed.end() :] if resumed else line
        call = _CALL.match(text)
        if call is None:
            continue
        if text.endswith("<unfinished ...>"):
            begun[call["thread"]] = text.removesuffix("<unfinished ...>")
        elif " = -1 " not in text:
            found.append(_event(call["call"], call["given"], folder))
    return found


def _event(call: str, given: str, folder: Path) -> Event:
    if call in _WRITES | _FLUSHES:
        paths = _DESCRIPTOR.findall(given)
        return Event(call, paths[-1] if call == "sendfile" else paths[0])
    names = [str(folder / name) for name, _ in _QUOTED.findall(given)]
    return Event(call, names[0], names[-1] if call in CALLS["rename"] else "")


def within(path: str, folder: str) -> bool:
    return path == folder or path.startswith(f"{folder}/")


def unflushed(happened: list[Event], path: str) -> set[str]:
    """Files at or below the path to which something was written that no flush followed."""
    dirty: set[str] = set()
    for event in happened:
        if event.call in _WRITES and within(event.path, path):
            dirty.add(event.path)
        elif event.call in _FLUSHES:
            dirty.discard(event.path)
    return dirty


@dataclass(frozen=True)
class Followed:
    """A night, what it did in its folder, and the folder."""

    night: nights.Night
    happened: list[Event]
    folder: Path

    @property
    def state(self) -> str:
        return str(self.folder / nights.STATE)

    def check_names(self) -> None:
        """What gets its name is on the disk, and so is the name."""
        staging = f"{self.state}.staging"  # of a run that did not end nobody uses it
        named = [(place, event) for place, event in enumerate(self.happened) if event.call in CALLS["rename"]]
        renamed = [(place, event) for place, event in named if not within(event.path, staging)]
        assert renamed or self.night.run is None
        for place, event in renamed:
            assert not unflushed(self.happened[:place], event.path), f"{event} before its contents"
            parent = str(Path(event.to).parent)
            after = [later for later in self.happened[place:] if later.call in _FLUSHES and later.path == parent]
            assert after or Path(event.to).name in _MADE_ANEW, f"{event} is not flushed with its folder"

    def check_commit(self) -> None:
        """A commit is on the disk, after all that it relies on."""
        assert any(event.call in _WRITES and event.path.startswith(self.state) for event in self.happened)
        assert not unflushed(self.happened, self.state), "the state"
        assert not unflushed(self.happened, f"{self.state}-wal"), "its log"
        snapshots = f"{self.state}.snapshots"
        made = [event.path for event in self.happened if event.call in _WRITES and within(event.path, snapshots)]
        if self.night.name not in {"sync", "first load"}:
            assert not made
            return
        commits = (f"{self.state}-wal",) if self.night.name == "sync" else (self.state, str(self.folder))
        flushes = [(place, event.path) for place, event in enumerate(self.happened) if event.call in _FLUSHES]
        before = self.happened[: max(place for place, path in flushes if path in commits)]
        assert any(event.path in made for event in before), "no snapshot was written before the commit"
        assert not unflushed(before, snapshots), "the snapshot"
        flushed = {event.path for event in before if event.call in _FLUSHES}
        assert {snapshots, str(Path(made[0]).parent)} <= flushed, "the names of the snapshot"


def followed(program: Program, folder: Path, name: str, mistake: str = "") -> Followed:
    night = nights.make(name, folder / "night")
    lines = program.followed(night, night.before, mistake)
    happened = [each for each in events(lines, night.before) if within(each.path, str(night.before))]
    return Followed(night, happened, night.before)


@pytest.mark.parametrize("name", ["sync", "undo", "migration", "first load"])
def test_whatever_a_name_or_a_commit_relies_on_is_on_the_disk_before_it(
    program: Program, tmp_path: Path, name: str
) -> None:
    found = followed(program, tmp_path, name)
    found.check_names()
    found.check_commit()


def test_a_snapshot_after_the_commit_is_found(program: Program, tmp_path: Path) -> None:
    found = followed(program, tmp_path, "sync", "names_a_snapshot_first")
    with pytest.raises(AssertionError, match="no snapshot was written before the commit"):
        found.check_commit()


def test_a_program_that_flushes_nothing_is_found(program: Program, tmp_path: Path) -> None:
    found = followed(program, tmp_path, "sync", "flushes_nothing")
    with pytest.raises(AssertionError, match="before its contents"):
        found.check_names()
    with pytest.raises(AssertionError, match="the snapshot"):
        found.check_commit()
