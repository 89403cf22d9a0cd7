"""Figures that tests leave for docs/security.md, where TESTS_FIGURES names a folder: how much was tried.

A file is `{"name": ..., "figures": {label: number}}`; files of one name are added up. Beside what tests write
themselves, the tests that passed are counted for each folder and file.
"""

from __future__ import annotations

import json
import os
import uuid
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import pytest

VARIABLE = "TESTS_FIGURES"
PASSED = "tests passed"
_passed: Counter[str] = Counter()


def write(name: str, figures: Mapping[str, int], *, replace: bool = False) -> None:
    """Leaves these figures; with `replace` in the place of earlier ones of that name by this process."""
    folder = os.environ.get(VARIABLE)
    if not folder:
        return
    own = f"{os.getpid()}" if replace else uuid.uuid4().hex
    plain = "".join(letter if letter.isalnum() else "-" for letter in name)
    path = Path(folder)
    path.mkdir(parents=True, exist_ok=True)
    (path / f"{plain}-{own}.json").write_text(json.dumps({"name": name, "figures": dict(figures)}, indent=2) + "\n")


def read(folder: Path) -> dict[str, Counter[str]]:
    """Name -> label -> number, of all files in the folder."""
    found: dict[str, Counter[str]] = {}
    for path in sorted(folder.glob("*.json")):
        told = json.loads(path.read_text())
        found.setdefault(told["name"], Counter()).update(told["figures"])
    return found


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Counts what passed, by file; of several workers only the process that gathers their reports writes."""
    if report.when == "call" and report.passed:
        _passed[report.nodeid.partition("::")[0]] += 1


def pytest_sessionfinish(session: pytest.Session) -> None:
    if not hasattr(session.config, "workerinput") and _passed:
        write(PASSED, _passed)
