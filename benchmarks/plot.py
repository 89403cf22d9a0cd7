"""Draw what was measured: `python -m benchmarks.plot [FILE]` makes docs/performance.svg of bench-data/.

Two charts side by side: seconds against the number of users, of every size in results.json, on logarithmic scales; and
seconds against the share of rows that changed, of cliffs.json.
"""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from statistics import median

from benchmarks.cliffs import CHURN, PLAIN
from benchmarks.districts import DATA
from benchmarks.run import FIRST, ONE_PERCENT, PARSE, PROJECT, SCRIPT_FIRST, SCRIPT_NIGHT, UNCHANGED

TARGET = PROJECT / "docs" / "performance.svg"
COLOURS = {
    FIRST: "#0b6e99",
    ONE_PERCENT: "#c2410c",
    UNCHANGED: "#4d7c0f",
    SCRIPT_FIRST: "#7c8a99",
    SCRIPT_NIGHT: "#a8a29e",
    PARSE: "#57534e",
    "night": "#c2410c",
}
"""Run -> its line; those that are not ours are grey and dashed."""
_DASHED = {SCRIPT_FIRST, SCRIPT_NIGHT, PARSE}
_WIDTH, _HEIGHT, _LEFT, _TOP, _GAP = 380, 300, 60, 50, 110
_ROOM_BELOW = 150

Point = tuple[float, float]


@dataclass(frozen=True)
class Chart:
    """Lines by name, and the ticks of both axes; `across` and `up` place a value between 0 and 1."""

    title: str
    below: str
    lines: Mapping[str, Sequence[Point]]
    ticks: tuple[Sequence[float], Sequence[float]]
    across: Callable[[float], float]
    up: Callable[[float], float]


def by_size(results: Mapping[str, object]) -> Chart:
    """Seconds against users, both logarithmic."""
    sizes = results["sizes"]
    assert isinstance(sizes, dict)
    lines: dict[str, list[Point]] = {}
    for size in sizes.values():
        users = float(size["rows"]["users.csv"])
        for run in COLOURS:
            if found := size["measured"].get(run):
                lines.setdefault(run, []).append((users, median(one["seconds"] for one in found)))
    users = [point[0] for line in lines.values() for point in line]
    seconds = [point[1] for line in lines.values() for point in line]
    ticks = (sorted(set(users)), _decades(seconds))
    across = _logarithmic([min(users) * 0.8, max(users) * 1.25])
    return Chart("Seconds by size", "users in the files", lines, ticks, across, _logarithmic(ticks[1]))


def by_churn(cliffs: Mapping[str, object]) -> Chart:
    """Seconds of a night against how many per cent of the rows it changed."""
    rounds = cliffs["rounds"]
    assert isinstance(rounds, list)
    shares = {PLAIN: 1, **CHURN}
    line = [
        (float(share), median(each[case][ONE_PERCENT]["seconds"] for each in rounds)) for case, share in shares.items()
    ]
    most = max(seconds for _, seconds in line)
    step = 10 ** math.floor(math.log10(most))
    step = step if most / step >= 3 else step / 2  # at least a few ticks
    up = [step * number for number in range(math.ceil(most / step) + 1)]
    title = f"Seconds of a night by change ({cliffs['size']})"
    ticks = ([0.0, *(share for share, _ in line)], up)
    return Chart(title, "per cent of the rows changed", {"night": line}, ticks, _linear(10), _linear(up[-1]))


def drawn(charts: Sequence[Chart]) -> str:
    """The charts as one SVG, readable on light and dark pages."""
    width = _LEFT + len(charts) * (_WIDTH + _GAP)
    height = _TOP + _HEIGHT + _ROOM_BELOW
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img">',
        "<style>text { font: 13px sans-serif }</style>",
        "<title>What a sync costs</title>",
        f'<rect width="{width}" height="{height}" fill="#ffffff"/>',
    ]
    for number, chart in enumerate(charts):
        parts += [f'<g transform="translate({_LEFT + number * (_WIDTH + _GAP)} {_TOP})">', *_chart(chart), "</g>"]
    return "\n".join([*parts, "</svg>", ""])


def _chart(chart: Chart) -> list[str]:
    parts = [f'<text x="0" y="-22" font-weight="bold">{escape(chart.title)}</text>']
    for value in chart.ticks[1]:
        y = _y(chart, value)
        parts.append(f'<line x1="0" x2="{_WIDTH}" y1="{y}" y2="{y}" stroke="#e7e5e4"/>')
        parts.append(f'<text x="-8" y="{y + 4}" text-anchor="end">{_short(value)}</text>')
    parts += [
        f'<text x="{_x(chart, value)}" y="{_HEIGHT + 20}" text-anchor="middle">{_short(value)}</text>'
        for value in chart.ticks[0]
    ]
    parts.append(f'<text x="{_WIDTH / 2}" y="{_HEIGHT + 40}" text-anchor="middle">{escape(chart.below)}</text>')
    for place, (run, line) in enumerate(chart.lines.items()):
        dashes = ' stroke-dasharray="5 4"' if run in _DASHED else ""
        points = " ".join(f"{_x(chart, x)},{_y(chart, y)}" for x, y in line)
        style = f'fill="none" stroke="{COLOURS[run]}" stroke-width="2"{dashes}'
        parts.append(f'<polyline points="{points}" {style}/>')
        parts += [f'<circle cx="{_x(chart, x)}" cy="{_y(chart, y)}" r="3" fill="{COLOURS[run]}"/>' for x, y in line]
        x, y = (place % 2) * _WIDTH / 2, _HEIGHT + 66 + place // 2 * 22
        parts.append(f'<line x1="{x}" x2="{x + 24}" y1="{y - 4}" y2="{y - 4}" {style}/>')
        parts.append(f'<text x="{x + 30}" y="{y}">{escape(run)}</text>')
    return parts


def _x(chart: Chart, value: float) -> float:
    return round(chart.across(value) * _WIDTH, 1)


def _y(chart: Chart, value: float) -> float:
    return round((1 - chart.up(value)) * _HEIGHT, 1)


def _linear(most: float) -> Callable[[float], float]:
    return lambda value: value / most


def _logarithmic(ticks: Sequence[float]) -> Callable[[float], float]:
    least, most = math.log10(ticks[0]), math.log10(ticks[-1])
    return lambda value: (math.log10(value) - least) / (most - least)


def _decades(values: Sequence[float]) -> list[float]:
    first, last = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
    return [10.0**power for power in range(first, last + 1)]


def _short(value: float) -> str:
    if value >= 1_000_000:
        return f"{value / 1_000_000:.1f} M"
    return f"{value / 1000:,.0f} k" if value >= 1000 else f"{value:g}"


def main() -> None:
    """Draw it."""
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else TARGET
    charts = [
        draw(json.loads((DATA / name).read_text()))
        for name, draw in (("results.json", by_size), ("cliffs.json", by_churn))
        if (DATA / name).exists()
    ]
    if not charts:
        raise SystemExit("bench-data/ holds no results; run `make bench` first")
    target.write_text(drawn(charts), encoding="utf-8")
    print(f"Drawn to {target}")


if __name__ == "__main__":
    main()
