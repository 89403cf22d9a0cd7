"""What guards found: what a night tried, which guards tripped, and how the run ends (policies.md, *Guards*)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

REMOVED, CHANGED = "removed", "changed"
"""The guards: of what goes (R-D1), and of contacts and new guardianships (R-D5)."""

HELD_EXIT_CODE = 5

GuardKey = tuple[str, str, str]
"""Guard, kind, school id."""


@dataclass(frozen=True)
class Trip:
    """One guard that tripped: `count` of `total` records of a kind at a school, with a limit of `limit` (a share).

    `what` is the word of the note GUARD_HELD: Removal, Addition or Change.
    """

    guard: str
    what: str
    kind: str
    school_id: str
    count: int
    total: int
    limit: str


@dataclass(frozen=True)
class Tried:
    """How many records of a kind a night would remove at a school, and how many it may."""

    count: int
    allowed: int


@dataclass(frozen=True)
class Judgement:
    """What all guards say of a night.

    `tried`: kind -> school id -> Tried. `notes`: texts of GUARD_HELD by number, from 1. `diagnosis`: what probably
    happened, where the pattern is known.
    """

    tried: Mapping[str, Mapping[str, Tried]] = field(default_factory=dict)
    trips: tuple[Trip, ...] = ()
    notes: Mapping[int, str] = field(default_factory=dict)
    diagnosis: tuple[str, ...] = ()
    on_trip: Literal["hold", "stop"] = "hold"

    def beside(self, believed: Judgement) -> Judgement:
        """This of a night in which all removals are held, with what guards say of the same night without that."""
        own = {(trip.guard, trip.kind, trip.school_id) for trip in believed.trips}
        kept = tuple(trip for trip in self.trips if (trip.guard, trip.kind, trip.school_id) not in own)
        return replace(
            self, tried=believed.tried, trips=(*believed.trips, *kept), diagnosis=believed.diagnosis or self.diagnosis
        )

    @property
    def status(self) -> str:
        """How the run ends: applied, held or stopped."""
        if not self.trips:
            return "applied"
        return "held" if self.on_trip == "hold" else "stopped"

    @property
    def exit_code(self) -> int:
        """What the process ends with."""
        return HELD_EXIT_CODE if self.trips else 0

    @property
    def totals(self) -> dict[GuardKey, int]:
        """What the shares of the next night are counted of, as long as the guard trips."""
        return {(trip.guard, trip.kind, trip.school_id): trip.total for trip in self.trips}
