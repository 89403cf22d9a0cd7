"""Disturbs a command at every one of its system calls, or at a sample of them."""

from __future__ import annotations

import os
import shutil
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from rostersync.errors import RosterSyncError
from tests.faults import nights
from tests.faults.injecting import FAULTS, KILLED, Fault, Point, Program, killed
from tests.faults.verdict import Expected

EVERY_POINT = frozenset(os.environ.get("TESTS_EVERY_POINT", "").replace(",", " ").split())
"""Faults that are tried at all calls, by name; `all` of them."""
AT_ALL_CALLS = ("sync", "undo", "migration")
"""Commands of which every call fails in any case, with ENOSPC and with EIO."""
SAMPLE = 20
"""So many calls of a command meet a fault that is not tried at all of them, and at least one of each kind."""


def at_every_point(name: str, fault: Fault) -> bool:
    """Whether a fault is tried at all calls of a command rather than at a sample of them."""
    return not EVERY_POINT.isdisjoint({fault, "all"}) or (name in AT_ALL_CALLS and fault in {"ENOSPC", "EIO"})


@dataclass
class Swept:
    """What a sweep of one fault came to; `calls`: call -> how many there are, `tried`: how many were disturbed."""

    calls: dict[str, int]
    tried: Counter[str] = field(default_factory=Counter)
    left: Counter[str] = field(default_factory=Counter)
    """`old` or `new` -> how often it was left."""

    @property
    def found(self) -> int:
        """How many calls there are."""
        return sum(self.calls.values())


class Sweep:
    """A command, what it comes to undisturbed, and the folder in which it is disturbed."""

    def __init__(self, program: Program, name: str, folder: Path) -> None:
        self.night = nights.make(name, folder / "before")
        self._program = program
        self._folder = folder / "left"
        self._fresh()
        program.counted(self.night, self._folder, "SIGKILL")
        self.expected = Expected.of(self.night, self._folder.rename(folder / "new"))

    def sweep(self, fault: Fault) -> Swept:
        """Disturb the command with the fault at all calls or a sample, and check what each time is left.

        Raises:
            AssertionError: R-A4 does not hold at some points, which are named.
        """
        self._fresh()
        swept = Swept(self._program.counted(self.night, self._folder, fault))
        wrong = []
        every = at_every_point(self.night.name, fault)
        for call, count in swept.calls.items():
            for number in range(1, count + 1) if every else _sample(count, SAMPLE / swept.found, fault):
                try:
                    which = self.at(Point(fault, call, number))
                except AssertionError as error:
                    wrong.append(str(error))
                    continue
                if which is not None:
                    swept.tried[call] += 1
                    swept.left[which] += 1
        assert not wrong, "\n\n".join([f"{len(wrong)} points", *wrong[:20]])
        return swept

    def at(self, point: Point, mistake: str = "") -> str | None:
        """What a fault at this point leaves, `old` or `new`; None where the command came to no such call.

        Raises:
            AssertionError: R-A4 does not hold.
        """
        self._fresh()
        ending = self._program.disturbed(self.night, self._folder, point, mistake)
        if not ending.fired and not killed(ending):
            return None
        try:
            return self.expected.check(self._folder, ending, point.fault)
        except (AssertionError, RosterSyncError) as error:  # the next night has to come to its end, too
            raise AssertionError(f"{self.night.name}, {point}: {error}; {ending}") from error

    def pictures(self, mistake: str = "") -> Swept:
        """Check what lies in the folder after every single call of an undisturbed command: what a kill there leaves.

        The command is stopped meanwhile, and what lies there is copied, so that one run has all points. With a mistake
        put in, nothing is looked at after the first point at which it shows.

        Raises:
            AssertionError: R-A4 does not hold at some points, which are named.
        """
        self._fresh()
        swept = Swept({})
        wrong: list[str] = []
        picture = self._folder.with_name("picture")

        def at_each() -> None:
            swept.calls["any"] = swept.found + 1
            if wrong and mistake:
                return
            shutil.rmtree(picture, ignore_errors=True)
            shutil.copytree(self._folder, picture)
            try:
                swept.left[self.expected.check(picture, KILLED, "SIGKILL")] += 1
            except (AssertionError, RosterSyncError) as error:
                wrong.append(f"{self.night.name}, after call {swept.found}: {error}")

        self._program.stopped(self.night, self._folder, at_each, mistake)
        assert not wrong, "\n\n".join([f"{len(wrong)} points", *wrong[:20]])
        return swept

    def kill(self, calls: Iterable[str], count: int, mistake: str) -> None:
        """Kill a program with a mistake in it at the first so many of these calls."""
        for call in calls:
            for number in range(1, count + 1):
                self.at(Point("SIGKILL", call, number), mistake)

    def _fresh(self) -> None:
        shutil.rmtree(self._folder, ignore_errors=True)
        shutil.copytree(self.night.before, self._folder)


def _sample(count: int, share: float, fault: Fault) -> list[int]:
    """Some of the calls of one kind, as many as the share asks for; of other faults others."""
    wanted = min(count, max(1, round(share * count)))
    shift = 1 - (FAULTS.index(fault) + 0.5) / len(FAULTS)
    return [1 + int((place + shift) * count / wanted) for place in range(wanted)]
