"""Stories in which everything happens: bulk and delta nights, deeds by hand, settings, guards that trip, undo.

Two districts live each of them: one with its scope, the other looks at everything every night (design.md, *Scope*).
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from hypothesis import note

from rostersync import errors, undoing
from tests.laws import checks
from tests.laws.stories import Choose, Configure, Night, Step, World, class_rows, enrollment_rows, tell, user_rows
from tests.laws.test_delta_chain import delta_of, rows_of
from tests.policies.district import NO_GUARDS, District, Report, Row

MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|\+00:00)")
TIGHT = '[guards]\nsmall = 0\nmax_removed = "30%"\nmax_changed = "30%"\nmax_rejected = "100%"\n'
LIMITS = {
    "none": NO_GUARDS,
    "tight": TIGHT,
    "tight, and stop": TIGHT + 'on_trip = "stop"\n',
    "usual": '[guards]\nmax_rejected = "30%"\n',
}
"""Guards by a name."""


@dataclass(frozen=True)
class Delta:
    """A night of which the SIS sends only what changed since the one before."""

    night: Night
    full_files: tuple[str, ...] = ()
    """Files that are bulk all the same."""


@dataclass(frozen=True)
class Undo:
    """The latest run is taken back, if there is one."""


@dataclass(frozen=True)
class Rules:
    """New settings, and new guards."""

    settings: Configure
    limits: str


MixedStep = Step | Delta | Undo | Rules
Delivered = Mapping[str, Mapping[str, Row]]


def write_mixed_story(choose: Choose, nights: int, *, calm: bool) -> list[MixedStep]:
    """A story of some nights; the first one is bulk."""
    world = World(choose, calm=calm)
    steps: list[MixedStep] = [_rules(world, choose, calm=calm), world.night()]
    for _ in range(nights - 1):
        for _ in range(choose((1, 1, 2, 4))):
            world.move()
        if choose(range(3)) == 0:
            steps += [world.by_hand() for _ in range(choose((2, 8)))]
        steps += [world.interlude() for _ in range(choose(range(3)))]
        what = choose(("rules", "undo", "nothing", "nothing", "nothing"))
        if what == "rules":
            steps.append(_rules(world, choose, calm=calm))
        if what == "undo":
            steps += [Undo() for _ in range(choose((1, 1, 2)))]
        night = world.night()
        bulk = choose((("users",), ("classes", "enrollments"), (), (), ()))
        steps.append(Delta(night, bulk) if choose(range(2)) else night)
        if choose(range(5)) == 0:
            steps.append(night)
    return steps


def _rules(world: World, choose: Choose, *, calm: bool) -> Rules:
    settings = Configure() if calm and choose(range(2)) else world.settings()
    return Rules(settings, choose(tuple(LIMITS)))


@dataclass
class Twins:
    """Two districts that live the same, and what the SIS delivered last."""

    district: District
    other: District
    delivered: Delivered = field(default_factory=lambda: {name: {} for name in ("users", "classes", "enrollments")})
    ends: list[str] = field(default_factory=list)
    """How the nights ended: the run's status, or the error's name."""

    def live(self, step: MixedStep) -> None:
        """Play a step on both; afterwards they are the same, and say the same."""
        if isinstance(step, Night | Delta) and (step if isinstance(step, Night) else step.night).forget:
            shutil.rmtree(self.district.folder / "state.db.snapshots", ignore_errors=True)
        one, other = (self._told(step, district) for district in (self.district, self.other))
        if isinstance(one, Report) and isinstance(other, Report):
            self.ends.append(one.summary["run"]["status"])
            assert checks.differences(checks.report_rows(one), checks.report_rows(other)) == {}
            assert checks.issue_rows(one) == checks.issue_rows(other)
            assert one.summary["guards_tripped"] == other.summary["guards_tripped"]
        else:
            assert one == other, f"with the scope {one}, in full {other}"
            self.ends += [one] if isinstance(one, str) else []
        if isinstance(step, Night | Delta):
            self.delivered = rows_of(step if isinstance(step, Night) else step.night)
        wrong = checks.differences(_timeless(self.district), _timeless(self.other))
        assert not wrong, f"with the scope, in full: {wrong}"
        checks.check_unique(self.district.folder / "state.db")
        checks.check_access(self.district)

    def _told(self, step: MixedStep, district: District) -> Report | bool | str:
        full = district is self.other
        try:
            match step:
                case Night():
                    return tell(district, step, full=full)
                case Delta():
                    changed = delta_of(self.delivered, rows_of(step.night))
                    whole = dict(
                        zip(
                            changed,
                            (user_rows(step.night), class_rows(step.night), enrollment_rows(step.night)),
                            strict=True,
                        )
                    )
                    rows = {name: whole[name] if name in step.full_files else changed[name] for name in changed}
                    modes = dict.fromkeys(step.full_files, "bulk")
                    return district.delta(**rows, modes=modes, full=full)
                case Undo():
                    return _undone(district)
                case Rules():
                    known = step.settings
                    district.configure(
                        include=known.include, schools=known.schools, guards=LIMITS[step.limits], **known.policy
                    )
                    return True
            return tell(district, step)
        except errors.ImportRefused as refused:
            return type(refused).__name__


def _timeless(district: District) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table, moments left out: the one district lives a little later than the other."""
    return {
        name: [
            tuple(MOMENT.sub("then", cell) if isinstance(cell, str) else cell for cell in row)
            for row in rows
            if not (name == "meta" and row[0] == "last_deliveries")  # it holds the times of files
        ]
        for name, rows in checks.every_row(district).items()
    }


def _undone(district: District) -> bool:
    try:
        undoing.undo(district.settings, None, dry_run=False)
    except errors.RefusedByPolicy:
        return False
    return True


def live(story: list[MixedStep], make: Callable[[], District]) -> list[str]:
    """Play a story on two districts; gives how the nights ended."""
    twins = Twins(make(), make())
    for number, step in enumerate(story):
        note(f"step {number}: {step}")
        twins.live(_tellable(step))
    return twins.ends


def _tellable(step: MixedStep) -> MixedStep:
    """A delta has no rows without an id: they would say nothing."""
    if not isinstance(step, Delta):
        return step
    tables = ("users", "classes", "enrollments")
    parts = {table: tuple(row for row in getattr(step.night, table) if row["sourcedId"]) for table in tables}
    return replace(step, night=replace(step.night, **parts))
