"""Measure a sync beside the script a district would write and a plain parse of the same files.

python -m benchmarks.run [--sizes S,M] [--rounds 3]

Every measurement is a whole process. The methods take turns, round after round, and a ratio is the median of
the ratios within the rounds: what slows the machine down for a while slows both. Results go to
bench-data/results.json.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import sqlite3
import sys
import tempfile
from collections.abc import Callable
from contextlib import closing
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from statistics import median

from benchmarks import peers
from benchmarks.districts import DATA, LARGEST, SIZES, district
from benchmarks.measure import Measurement, measure

PROJECT = Path(__file__).resolve().parent.parent
ROSTERSYNC = [sys.executable, "-m", "rostersync"]
DISTRICT = """\
[district]
name = "Benchmark"
[state]
url = "sqlite:///state.db"
"""
SETTINGS = f"""{DISTRICT}\
[source]
kind = "folder"
path = "{{folder}}"
"""
ALL_FORMATS = '[reports]\nformats = ["csv", "html", "xlsx"]\n'
HELP, FIRST, UNCHANGED, ONE_PERCENT = "--help", "first load", "no change", "1 % night"
REPORTS = "reports of first load"
DIFF, UPSERT = "csv-diff, 1 % night", "sqlite-utils upsert"
SCRIPT_FIRST, SCRIPT_NIGHT, PARSE = "script, first load", "script, 1 % night", "pyarrow parse"
PAIRS = (
    (SCRIPT_FIRST, FIRST),
    (SCRIPT_NIGHT, ONE_PERCENT),
    (FIRST, PARSE),
    (UNCHANGED, PARSE),
    (ONE_PERCENT, PARSE),
    (DIFF, ONE_PERCENT),
    (UPSERT, ONE_PERCENT),
    (REPORTS, FIRST),
)
"""What is divided by what."""


@dataclass(frozen=True)
class Size:
    """One size of district: its two nights and, in `scratch`, what the first night left of each method."""

    name: str
    night_1: Path
    night_2: Path
    rows: dict[str, int]
    scratch: Path
    more_settings: str = ""
    peers: Path | None = None
    """The folder of the peers' commands; None: they are not measured, nor is the script."""

    def work(self, night: Path, copy_of: str | None = None) -> Path:
        """A new work folder that reads a night, with the state after the first one if asked for."""
        folder = self.scratch / "work"
        shutil.rmtree(folder, ignore_errors=True)
        if copy_of is None:
            folder.mkdir()
        else:
            shutil.copytree(self.scratch / copy_of, folder)
        settings = SETTINGS.format(folder=night.as_posix()) + self.more_settings
        (folder / "rostersync.toml").write_text(settings, encoding="utf-8")
        if copy_of is None:
            measure([*ROSTERSYNC, "init"], folder)
        return folder


def first_load(size: Size) -> Measurement:
    """A sync into an empty state."""
    folder = size.work(size.night_1)
    return _sync(folder)


def unchanged_night(size: Size) -> Measurement:
    """The same files once more."""
    return _sync(size.work(size.night_1, "after-night-1"))


def one_percent_night(size: Size) -> Measurement:
    """The second night after the first."""
    return _sync(size.work(size.night_2, "after-night-1"))


def all_reports(size: Size) -> Measurement:
    """The first night's report in every format, written once more from the state."""
    folder = size.work(size.night_1, "after-night-1")
    with (folder / "rostersync.toml").open("a", encoding="utf-8") as settings:
        settings.write(ALL_FORMATS)
    return measure([*ROSTERSYNC, "--quiet", "report", "--out", "again"], folder)


def script_first_load(size: Size) -> Measurement:
    """The script with no database yet."""
    database = size.scratch / "script.db"
    database.unlink(missing_ok=True)
    return _script(size.night_1, database)


def script_night(size: Size) -> Measurement:
    """The script's second night after its first."""
    database = size.scratch / "script.db"
    shutil.copyfile(size.scratch / "script-night-1.db", database)
    return _script(size.night_2, database)


def peer_diff(size: Size) -> Measurement:
    """What csv-diff takes to compare the two nights."""
    assert size.peers is not None
    return peers.diff(size.peers, size.night_1, size.night_2)


def peer_upsert(size: Size) -> Measurement:
    """What sqlite-utils takes to upsert the second night into the first one's database."""
    assert size.peers is not None
    database = size.scratch / "peer.db"
    shutil.copyfile(size.scratch / "peer-night-1.db", database)
    return peers.upsert(size.peers, size.night_2, database)


def parse(size: Size) -> Measurement:
    """The same bytes, read and thrown away."""
    return measure([sys.executable, "-m", "benchmarks.parse", str(size.night_2)], PROJECT)


def answer_help(size: Size) -> Measurement:
    """Start-up alone."""
    return measure([*ROSTERSYNC, "--help"], size.scratch)


METHODS: dict[str, Callable[[Size], Measurement]] = {
    HELP: answer_help,
    PARSE: parse,
    UNCHANGED: unchanged_night,
    ONE_PERCENT: one_percent_night,
    SCRIPT_NIGHT: script_night,
    DIFF: peer_diff,
    UPSERT: peer_upsert,
    FIRST: first_load,
    REPORTS: all_reports,
    SCRIPT_FIRST: script_first_load,
}
OF_OTHERS = (SCRIPT_NIGHT, DIFF, UPSERT, SCRIPT_FIRST)
"""At the largest size they are left out: the script alone takes minutes and 10 GiB there."""


def _sync(folder: Path) -> Measurement:
    return measure([*ROSTERSYNC, "--quiet", "sync"], folder)


def _script(night: Path, database: Path) -> Measurement:
    return measure([sys.executable, "-m", "benchmarks.district_script", str(night), str(database)], PROJECT)


def prepare(name: str, scratch: Path) -> Size:
    """Make the two nights, and the state and the database that the first one leaves."""
    night_1, rows = district(name, 1)
    night_2, _ = district(name, 2)
    size = Size(name, night_1, night_2, rows, scratch, peers=None if name == LARGEST else peers.installed())
    first_load(size)
    _check(size, scratch / "work" / "state.db")
    (scratch / "work").rename(scratch / "after-night-1")
    if size.peers is not None:
        script_first_load(size)
        (scratch / "script.db").rename(scratch / "script-night-1.db")
        peers.upsert(size.peers, night_1, scratch / "peer-night-1.db")
    return size


def _check(size: Size, state: Path) -> None:
    """A fast wrong answer is worth nothing: the state must hold what the files say."""
    with closing(sqlite3.connect(f"file:{state}?mode=ro", uri=True)) as connection:
        query = "SELECT count(*) FROM roster_enrollments WHERE status = 'current'"
        (enrollments,) = connection.execute(query).fetchone()
        (users,) = connection.execute("SELECT count(*) FROM roster_users").fetchone()
    expected = size.rows["enrollments.csv"]
    if enrollments != expected:
        raise SystemExit(f"{size.name}: {enrollments} enrollments in the state, {expected} in the files.")
    if not 0.97 * size.rows["users.csv"] < users <= size.rows["users.csv"]:
        raise SystemExit(f"{size.name}: {users} users in the state, {size.rows['users.csv']} in the files.")


def rounds_of(size: Size, rounds: int) -> dict[str, list[Measurement]]:
    """Measure every method once a round."""
    methods = {name: method for name, method in METHODS.items() if size.peers is not None or name not in OF_OTHERS}
    measured: dict[str, list[Measurement]] = {name: [] for name in methods}
    for number in range(1, rounds + 1):
        for name, method in methods.items():
            measured[name].append(method(size))
            print(
                f"{size.name} round {number}: {name} {measured[name][-1].seconds:.2f} s",
                file=sys.stderr,
                flush=True,
            )
    return measured


def ratios_of(measured: dict[str, list[Measurement]]) -> dict[str, float]:
    """Medians of the ratios within the rounds."""
    return {
        f"{above} / {below}": median(
            one.seconds / other.seconds for one, other in zip(measured[above], measured[below], strict=True)
        )
        for above, below in PAIRS
        if above in measured and below in measured
    }


def table(size: Size, measured: dict[str, list[Measurement]]) -> str:
    """The results of one size as text."""
    rounds = len(measured[PARSE])
    users, enrollments = size.rows["users.csv"], size.rows["enrollments.csv"]
    lines = [
        f"{SIZES[size.name]:,} students: {users:,} users, {enrollments:,} enrollments (medians of {rounds})",
        f"  {'':<22}{'seconds':>10}{'peak MiB':>10}",
    ]
    for name, results in measured.items():
        seconds, peak = median(one.seconds for one in results), max(one.mebibytes for one in results)
        lines.append(f"  {name:<22}{seconds:>10.2f}{peak:>10.0f}")
    lines.extend(f"  {name:<44}{ratio:>8.2f} times" for name, ratio in ratios_of(measured).items())
    return "\n".join(lines)


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.run", description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", default="S,M", help="of " + ", ".join(f"{k} = {v:,}" for k, v in SIZES.items()))
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    names = arguments.sizes.split(",")
    if unknown := [name for name in names if name not in SIZES]:
        parser.error(f"unknown size {unknown[0]}: use {', '.join(SIZES)}")
    if arguments.rounds < 1:
        parser.error("--rounds starts at 1")
    results = {}
    DATA.mkdir(exist_ok=True)
    for name in names:
        with tempfile.TemporaryDirectory(dir=DATA, prefix="scratch-") as scratch:
            size = prepare(name, Path(scratch))
            measured = rounds_of(size, arguments.rounds)
        print(table(size, measured), flush=True)
        results[name] = {
            "students": SIZES[name],
            "rows": size.rows,
            "ratios": ratios_of(measured),
            "measured": {method: [asdict(one) for one in several] for method, several in measured.items()},
        }
    file = DATA / "results.json"
    before = json.loads(file.read_text()) if file.exists() else {}
    others = before["sizes"] if before.get("machine") == machine() else {}  # sizes measured here at another time
    file.write_text(json.dumps({"machine": machine(), "sizes": {**others, **results}}, indent=2) + "\n")
    print(f"Written to {file.relative_to(PROJECT)}")


def machine() -> dict[str, str | int | None]:
    """What was measured on."""
    packages = ("pandas", "polars", "pyarrow", "SQLAlchemy")
    return {
        "python": platform.python_version(),
        "system": platform.platform(),
        "cores": os.cpu_count(),
        "sqlite": sqlite3.sqlite_version,
        **{package: version(package) for package in packages},
    }


if __name__ == "__main__":
    main()
