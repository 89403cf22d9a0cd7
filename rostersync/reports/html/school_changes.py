"""The chart of changes by school and kind: counted from all rows of the tables, drawn as a grid of bars."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rostersync.reports.frames import polars_frame
from rostersync.reports.html.counting import CHANGES, KINDS
from rostersync.reports.summary import PEOPLE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rostersync.model.report import Frame, ReportTables

SCHOOLS = 12
"""So many schools have a line of their own; the others are summed up in one."""

NO_SCHOOL = "No school"
CHART_KINDS = tuple(kind for kind in KINDS if kind != "guardianships")
"""Guardianships belong to no school of their own."""

_SEPARATOR = "; "  # of several schools in a cell
_BAR = 64
"""The longest bar of a kind, in units of the drawing."""


@dataclass(frozen=True)
class Cell:
    """Changes of a kind at a school; `length` of its bar, in relation to the longest one of that kind."""

    kind: str
    count: int
    length: float


@dataclass(frozen=True)
class SchoolLine:
    """A line of the chart."""

    school: str
    total: int
    cells: tuple[Cell, ...]


def school_lines(tables: ReportTables) -> tuple[SchoolLine, ...]:
    """The schools with most changes first, then the others summed up; somebody at two schools counts at both."""
    counts = _counts(tables)
    order = sorted(counts, key=lambda school: (-counts[school].total(), school))
    shown = {school: counts[school] for school in order[:SCHOOLS]}
    rest = order[SCHOOLS:]
    if rest:
        # built of Counters: `sum` of them drops nothing, all counts are above 0
        others: Counter[str] = Counter()
        for school in rest:
            others.update(counts[school])
        shown[f"{len(rest)} other schools" if len(rest) > 1 else rest[0]] = others
    longest = {kind: max((found[kind] for found in shown.values()), default=0) for kind in CHART_KINDS}
    return tuple(
        SchoolLine(
            school,
            found.total(),
            tuple(Cell(kind, found[kind], _length(found[kind], longest[kind])) for kind in CHART_KINDS),
        )
        for school, found in shown.items()
    )


def _length(count: int, longest: int) -> float:
    return max(1.5, round(_BAR * count / longest, 1)) if count else 0.0


def _counts(tables: ReportTables) -> dict[str, Counter[str]]:
    """School -> kind -> changes."""
    counts: dict[str, Counter[str]] = {}
    _add(counts, tables.users, PEOPLE)
    _add(counts, tables.classes, "classes")
    _add(counts, tables.enrollments, "enrollments")
    return counts


def _add(counts: dict[str, Counter[str]], frame: Frame, kinds: Mapping[str, str] | str) -> None:
    import polars as pl

    columns = ["school", "role", "action"] if not isinstance(kinds, str) else ["school", "action"]
    rows = polars_frame(frame, columns).filter(pl.col("action").is_in([action.value for action in CHANGES]))
    for school, *role, rows_of_them in rows.drop("action").group_by(pl.exclude("action")).len().iter_rows():
        kind = kinds if isinstance(kinds, str) else kinds.get(role[0])
        if kind is None:
            continue
        for name in (school or NO_SCHOOL).split(_SEPARATOR):
            counts.setdefault(name, Counter())[kind] += rows_of_them
