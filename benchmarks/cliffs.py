"""Measure whether a sync costs more where the same district is written in another way, or where more of it changed.

python -m benchmarks.cliffs [--size M] [--rounds 1]

Beside the plain files: rows shuffled, GUIDs for ids, other line ends, every cell in quotes, one in twenty users
unusable (`benchmarks.variants`), and nights that are 2, 5 and 10 generator's nights later, with about so many per cent
changed. Results go to bench-data/cliffs.json.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median

from benchmarks import variants
from benchmarks.districts import DATA, SIZES, district
from benchmarks.measure import Measurement
from benchmarks.run import FIRST, ONE_PERCENT, PROJECT, Size, first_load, machine, one_percent_night

PLAIN = "plain"
CHURN = {f"{nights} % changed": nights for nights in (2, 5, 10)}
SETTINGS = '[guards]\nmax_removed = "50%"\nmax_changed = "60%"\nmax_rejected = "10%"\n'
"""Wide enough for every variant, and the same for all: what is held costs less than what is applied."""


@dataclass(frozen=True)
class Case:
    """One way in which a district and its next night can look."""

    name: str
    night_1: Path
    night_2: Path


def cases(size: str) -> list[Case]:
    """The plain case first."""
    night_1, night_2 = district(size, 1)[0], district(size, 2)[0]
    found = [Case(PLAIN, night_1, night_2)]
    for name in variants.VARIANTS:
        folder = DATA / size / "variants" / name.replace(" ", "-").replace("%", "percent")
        nights = [variants.made(name, night, folder / night.name) for night in (night_1, night_2)]
        found.append(Case(name, *nights))
    return found + [Case(name, night_1, district(size, 1 + nights)[0]) for name, nights in CHURN.items()]


def measured(size: str, case: Case, scratch: Path) -> dict[str, Measurement]:
    """A first load, and the night after it."""
    bed = Size(size, case.night_1, case.night_2, {}, scratch, SETTINGS)
    shutil.rmtree(scratch / "after-night-1", ignore_errors=True)
    loaded = first_load(bed)
    (scratch / "work").rename(scratch / "after-night-1")
    return {FIRST: loaded, ONE_PERCENT: one_percent_night(bed)}


def ratio(rounds: list[dict[str, dict[str, Measurement]]], case: str, run: str) -> float:
    """The median over the rounds of a case's seconds by those of the plain one."""
    return median(each[case][run].seconds / each[PLAIN][run].seconds for each in rounds)


def table(size: str, rounds: list[dict[str, dict[str, Measurement]]]) -> str:
    """The results as text: seconds, and times the plain case."""
    lines = [f"{SIZES[size]:,} students (medians of {len(rounds)})", f"  {'':<20}{'first load':>22}{'next night':>22}"]
    for case in rounds[0]:
        cells = []
        for run in (FIRST, ONE_PERCENT):
            seconds = median(each[case][run].seconds for each in rounds)
            cells.append(f"{seconds:>10.2f} s {ratio(rounds, case, run):>6.2f} x")
        lines.append(f"  {case:<20}{cells[0]:>22}{cells[1]:>22}")
    return "\n".join(lines)


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.cliffs", description=__doc__.splitlines()[0])
    parser.add_argument("--size", default="M", choices=SIZES)
    parser.add_argument("--rounds", type=int, default=1)
    arguments = parser.parse_args()
    if arguments.rounds < 1:
        parser.error("--rounds starts at 1")
    DATA.mkdir(exist_ok=True)
    looks = cases(arguments.size)
    rounds = []
    with tempfile.TemporaryDirectory(dir=DATA, prefix="scratch-") as scratch:
        for number in range(1, arguments.rounds + 1):
            found = {}
            for case in looks:
                found[case.name] = measured(arguments.size, case, Path(scratch))
                said = ", ".join(f"{run} {result.seconds:.2f} s" for run, result in found[case.name].items())
                print(f"{arguments.size} round {number}: {case.name}: {said}", file=sys.stderr, flush=True)
            rounds.append(found)
    print(table(arguments.size, rounds))
    told = {
        "machine": machine(),
        "size": arguments.size,
        "rounds": [
            {case: {run: asdict(one) for run, one in runs.items()} for case, runs in each.items()} for each in rounds
        ],
    }
    (DATA / "cliffs.json").write_text(json.dumps(told, indent=2) + "\n")
    print(f"Written to {(DATA / 'cliffs.json').relative_to(PROJECT)}")


if __name__ == "__main__":
    main()
