"""The small line of a code's findings over the last runs, and the same numbers in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rostersync.model.past_run import PastRun

WIDTH, HEIGHT = 132, 24
"""Of the drawing, in units of its own."""
_EDGE = 3  # room for the dot of the last run


@dataclass(frozen=True)
class FindingsLine:
    """What is drawn of a code: `pieces` of a line, points as SVG has them, and dots; `words` says the numbers.

    A run that read no files interrupts the line.
    """

    pieces: tuple[str, ...]
    dots: tuple[tuple[float, float], ...]
    words: str


def findings_line(code: str, runs: Sequence[PastRun]) -> FindingsLine:
    """The line of a code over these runs, oldest first; the last one is marked by a dot."""
    counts = [None if run.findings is None else run.findings.get(code, 0) for run in runs]
    highest = max((count for count in counts if count), default=1)
    step = (WIDTH - 2 * _EDGE) / max(1, len(counts) - 1)

    def point(place: int, count: int) -> tuple[float, float]:
        rise = count / highest * (HEIGHT - 2 * _EDGE)
        return round(_EDGE + place * step, 1), round(HEIGHT - _EDGE - rise, 1)

    pieces: list[list[tuple[float, float]]] = [[]]
    for place, count in enumerate(counts):
        if count is None:
            pieces.append([])
        else:
            pieces[-1].append(point(place, count))
    drawn = [piece for piece in pieces if piece]
    dots = [piece[0] for piece in drawn if len(piece) == 1]
    if counts and counts[-1] is not None:
        dots.append(point(len(counts) - 1, counts[-1]))
    told = ", ".join("no files read" if count is None else f"{count:,}" for count in counts)
    return FindingsLine(
        tuple(" ".join(f"{x},{y}" for x, y in piece) for piece in drawn if len(piece) > 1),
        tuple(dict.fromkeys(dots)),
        f"{code}, found in the last {len(counts)} runs, oldest first: {told}"
        if len(counts) > 1
        else f"{code}, found in this run: {told}",
    )
