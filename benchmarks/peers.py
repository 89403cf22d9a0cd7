"""Other tools that do a part of a sync's work: csv-diff compares two files, sqlite-utils upserts a file into a table.

Each is called as people call it, on users.csv and enrollments.csv one after the other. They live in an environment of
their own in bench-data/, made from requirements/peers.lock.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from benchmarks.districts import DATA
from benchmarks.measure import Measurement, measure

LOCK = Path(__file__).resolve().parent.parent / "requirements" / "peers.lock"
TABLES = ("users", "enrollments")


def installed() -> Path:
    """The folder of their commands; made where the lock is another one than it was made from."""
    home = DATA / "peers"
    stamp = home / "lock"
    commands = home / ("Scripts" if os.name == "nt" else "bin")
    if not stamp.exists() or stamp.read_bytes() != LOCK.read_bytes():
        shutil.rmtree(home, ignore_errors=True)
        subprocess.run([sys.executable, "-m", "venv", str(home)], check=True)
        pip = [str(commands / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, "--require-hashes", "-r", str(LOCK)], check=True)
        stamp.write_bytes(LOCK.read_bytes())
    return commands


def diff(commands: Path, night_1: Path, night_2: Path) -> Measurement:
    """csv-diff of the two nights: it says what differs and applies nothing."""
    keyed = ["--key=sourcedId", "--json"]
    nights = ([str(night / f"{table}.csv") for night in (night_1, night_2)] for table in TABLES)
    return _together([str(commands / "csv-diff"), *files, *keyed] for files in nights)


def upsert(commands: Path, night: Path, database: Path) -> Measurement:
    """sqlite-utils upserts a night into a database: it compares nothing and removes nothing."""
    tool = [str(commands / "sqlite-utils"), "upsert", str(database)]
    return _together(
        [*tool, table, str(night / f"{table}.csv"), "--csv", "--pk", "sourcedId", "--silent"] for table in TABLES
    )


def _together(calls: Iterable[Sequence[str]]) -> Measurement:
    found = [measure(call, DATA) for call in calls]
    return Measurement(sum(each.seconds for each in found), max(each.mebibytes for each in found))
