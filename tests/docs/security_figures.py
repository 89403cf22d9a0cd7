"""Writes the figures of docs/security.md from what tests left: `python -m tests.docs.security_figures FOLDER`.

`make figures` runs the tests with TESTS_FIGURES and then this (tests/figures.py).
"""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

from tests import figures
from tests.docs.pages import PROJECT

PAGE = PROJECT / "docs" / "security.md"
BEGIN, END = "<!-- figures: made by `make figures` -->", "<!-- figures end -->"


def table(found: Mapping[str, Counter[str]]) -> str:
    """The rows of the page: what was tried, then how much of it; of the tests, those of each folder."""
    rows = [f"| {name} | {_told(told)} |" for name, told in sorted(found.items()) if name != figures.PASSED]
    rows += [f"| tests that passed in `{folder}` | {count:,} |" for folder, count in _by_folder(found)]
    return "\n".join(["| tried | how much |", "|---|---|", *rows])


def _told(told: Mapping[str, int]) -> str:
    return ", ".join(f"{label} {number:,}" for label, number in told.items())


def _by_folder(found: Mapping[str, Counter[str]]) -> Iterator[tuple[str, int]]:
    counted: Counter[str] = Counter()
    for file, count in found.get(figures.PASSED, {}).items():
        counted["/".join(file.split("/")[:2])] += count
    yield from sorted(counted.items())


def written(page: str, found: Mapping[str, Counter[str]]) -> str:
    """The page with the table between its marks."""
    made, count = re.subn(
        rf"{re.escape(BEGIN)}\n.*?{re.escape(END)}", lambda _: f"{BEGIN}\n{table(found)}\n{END}", page, flags=re.DOTALL
    )
    if count != 1:
        raise ValueError(f"{PAGE.name} has {count} places for figures, not one")
    return made


def main() -> int:
    """Takes the folder, writes the page; 1 where the folder holds no figure."""
    found = figures.read(Path(sys.argv[1]))
    if not found:
        sys.stderr.write(f"{sys.argv[1]} holds no figures; {PAGE.name} was left as it is\n")
        return 1
    PAGE.write_text(written(PAGE.read_text(encoding="utf-8"), found), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
