"""The chart of the last runs: a strip of bars for each group of changes, a bar for each run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from rostersync.model.past_run import PastRun
from rostersync.reports.html.counting import GROUPS, total

WIDTH, STRIP = 640, 46
"""Of all bars together, and the height of the bars of one strip, in units of the drawing."""

_WIDEST = 54
_DAYS_APART = 54
"""So far apart, at least, stand two dates below the bars."""
_DWARFS = 4
"""A bar that would be so many times as high as all others is cut, or they could not be seen."""

MARKS = {
    "held": ("H", "held in part by a guard"),
    "stopped": ("S", "stopped by a guard, nothing applied"),
    "refused": ("R", "import refused, nothing applied"),
    "failed": ("F", "failed, nothing applied"),
    "paused": ("P", "in a pause, nothing applied"),
    "undone": ("U", "taken back since"),
    "dry": ("D", "dry run, nothing applied"),
}
"""How a run ended, if not plainly applied -> its letter below the bars, and what that means."""


@dataclass(frozen=True)
class Bar:
    """A run in a strip; `cut`: it is higher than it is drawn."""

    x: float
    y: float
    width: float
    height: float
    count: int
    cut: bool


@dataclass(frozen=True)
class Strip:
    """A group of changes over the runs; `numbered`: the counts stand above the bars."""

    group: str
    label: str
    bars: tuple[Bar, ...]
    highest: int


@dataclass(frozen=True)
class TrendRun:
    """A run of the chart: when, how it ended, where its column is, its counts by group; `day` where it is written."""

    run_id: str
    when: str
    day: str
    status: str
    mark: str
    centre: float
    counts: tuple[int, ...]


@dataclass(frozen=True)
class Trend:
    """All that the chart draws; `marks`: letters that occur, with their meanings."""

    runs: tuple[TrendRun, ...]
    strips: tuple[Strip, ...]
    marks: tuple[tuple[str, str], ...]
    width: float
    numbered: bool


def moment(run_id: str) -> datetime:
    """When a run began; its id says it."""
    return datetime.strptime(run_id, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)


def trend(runs: Sequence[PastRun]) -> Trend:
    """The chart of these runs, oldest first."""
    step = min(_WIDEST, WIDTH / max(1, len(runs)))
    kinds = ["dry" if run.dry_run else run.status for run in runs]
    days = _days(runs, step)
    shown = tuple(
        TrendRun(
            run.run_id,
            f"{moment(run.run_id):%Y-%m-%d %H:%M} UTC",
            days[index],
            "dry run" if run.dry_run else run.status,
            MARKS[kind][0] if kind in MARKS else "",
            round(index * step + step / 2, 1),
            tuple(total(run.counts, group) for group in GROUPS),
        )
        for index, (run, kind) in enumerate(zip(runs, kinds, strict=True))
    )
    strips = tuple(_strip(group, [run.counts[place] for run in shown], step) for place, group in enumerate(GROUPS))
    marks = tuple(MARKS[kind] for kind in MARKS if kind in kinds)
    return Trend(shown, strips, marks, round(step * len(runs), 1), step >= _WIDEST)


def _days(runs: Sequence[PastRun], step: float) -> list[str]:
    """The date of each run where it is another one than the last written, and there is room; the latest always."""
    days = [f"{moment(run.run_id):%b} {moment(run.run_id).day}" for run in runs]
    written: dict[int, str] = {}
    last = len(days) - 1
    for place, day in enumerate(days):
        if place == last or (last - place) * step >= _DAYS_APART:
            near = any((place - other) * step < _DAYS_APART for other in written)
            if day not in written.values() and not near:
                written[place] = day
    return [written.get(place, "") for place in range(len(days))]


def _strip(group: str, counts: Sequence[int], step: float) -> Strip:
    ceiling = _ceiling(counts)
    bars = []
    for index, count in enumerate(counts):
        height = max(1.5, min(1.0, count / ceiling) * STRIP) if count else 0.0
        bars.append(
            Bar(
                round(index * step + step * 0.14, 1),
                round(STRIP - height, 1),
                round(step * 0.72, 1),
                round(height, 1),
                count,
                cut=count > ceiling,
            )
        )
    return Strip(group, GROUPS[group].label, tuple(bars), ceiling if any(counts) else 0)


def _ceiling(counts: Sequence[int]) -> int:
    """The count that fills a strip: the highest, unless that one (a first load) dwarfs all others."""
    *_, second, highest = [0, 0, *sorted(counts)]
    return max(1, round(second * 1.3) if second and highest > _DWARFS * second else highest)
