"""Make the two nights of the sample district: the project's generator, and families made for one rule each.

python examples/make_nights.py [FOLDER]     (writes FOLDER/1 and FOLDER/2; examples/nights by default)

All people are invented; no message to an address below example.org, example.com or example.net reaches
anybody. What each family shows is listed in examples/README.md.
"""

from __future__ import annotations

import csv
import shutil
import sys
import tempfile
from pathlib import Path

from cases import ALL_CASES
from sample import Sample

from rostersync.generate import write_district

STUDENTS = 276
SEED = 21
HERE = Path(__file__).resolve().parent


def make_nights(folder: Path) -> None:
    """Write both nights into a folder; what stood there is replaced."""
    with tempfile.TemporaryDirectory() as drafts:
        nights = []
        for night in (1, 2):
            draft = Path(drafts) / str(night)
            write_district(draft, students=STUDENTS, seed=SEED, night=night)
            nights.append({path.name: _read(path) for path in sorted(draft.iterdir())})
    sample = Sample(*nights)
    for case in ALL_CASES:
        case(sample)
    for night in (1, 2):
        target = folder / str(night)
        shutil.rmtree(target, ignore_errors=True)
        target.mkdir(parents=True)
        for name, (header, rows) in sample.files(night).items():
            with (target / name).open("w", encoding="utf-8", newline="") as file:
                csv.writer(file).writerows([header, *rows])


def _read(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file, strict=True))


if __name__ == "__main__":
    make_nights(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE / "nights")
