"""What a kill at any moment of a run would leave, and what it may leave (policies.md R-A4).

A killed process leaves its files as they are at that moment, and only input and output change files. So a run is
watched, in this process, at every SQL statement of its and whenever it opens, makes, moves or removes a file; where the
files of the state differ from those of the moment before, they are copied. Each copy is what the next run would find.
`killing.py` kills real processes.
"""

from __future__ import annotations

import contextlib
import re
import shutil
import sqlite3
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import rostersync
from rostersync.reports.folder import REPORT_FILE, RUN_ID
from rostersync.state import snapshot
from tests.laws.checks import LEFT_BY_RUNS

STATE = "state.db"
PROGRAM = str(Path(rostersync.__file__).parent)
Rows = dict[str, list[tuple[Any, ...]]]

OF_THE_CLOCK = {"finished_at", "summary", "content"}
"""Columns that say how long a run took, and the packed report, which is compared as rows elsewhere."""
OF_THE_RUN = {"run_id", "started_at", "created_at", "source"}
"""Columns that differ between two runs of the same night."""
SINCE_DAY = re.compile(r'("since\\*": \\*")\d{4}-\d\d-\d\d')
"""The remembered inputs of a run name its day, and so does their before-image: two tries may be of two days."""
FACTS_OF_RUNS = {"generation", "snapshot", "based_on", "delivery_since", "last_deliveries"}


def rows_of(path: Path, *, without: frozenset[str] | set[str] = frozenset()) -> Rows:
    """Every row of every table of a state, but for these columns; facts of `meta` too where they are named so.

    The day from which on the inputs of a run hold is left out of their text.
    """
    with contextlib.closing(sqlite3.connect(path)) as state:  # not read-only: a log that a kill left is played back
        state.row_factory = sqlite3.Row
        names = [name for (name,) in state.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {
            name: sorted(
                (
                    tuple((column, _any_day(row[column])) for column in row.keys() if column not in without)  # noqa: SIM118
                    for row in state.execute(f"SELECT * FROM {name}")
                    if name != "meta" or row["key"] not in without
                ),
                key=repr,
            )
            for name in names
        }


def settled(path: Path) -> Rows:
    """What runs decide on and what people see: all but what any further run leaves."""
    rows = rows_of(path, without=OF_THE_CLOCK | OF_THE_RUN | FACTS_OF_RUNS)
    return {name: found for name, found in rows.items() if name not in LEFT_BY_RUNS}


def _any_day(value: Any) -> Any:
    return SINCE_DAY.sub(r"\1", value) if isinstance(value, str) else value


def integrity(path: Path) -> list[tuple[Any, ...]]:
    """What SQLite finds wrong with a state; nothing, where it is whole."""
    with contextlib.closing(sqlite3.connect(path)) as state:
        found = (
            state.execute("PRAGMA integrity_check").fetchall() + state.execute("PRAGMA foreign_key_check").fetchall()
        )
    return [row for row in found if row != ("ok",)]


# --- watching ---------------------------------------------------------------------------------------------------------


@dataclass
class Watched:
    """Copies of the files, in order, and how many moments there were."""

    folders: list[Path]
    moments: int = 0
    statements: int = 0
    commits: list[int] = field(default_factory=list)
    """Which of the statements were commits."""


@contextlib.contextmanager
def watching(folder: Path, into: Path) -> Iterator[Watched]:
    """Copy the state's files of `folder` into folders of `into` whenever they changed while the block runs.

    Only the moments of the main thread: those of others (a snapshot, being written) fall somewhere between them.
    """
    seen = Watched([])
    last: list[object] = [None]
    connect = sqlite3.connect

    def look() -> None:
        seen.moments += 1
        mark = _mark(folder)
        if mark != last[0]:
            target = into / str(len(seen.folders))
            copy(folder, target)
            last[0] = mark
            seen.folders.append(target)

    def statement(text: str) -> None:
        if text == "COMMIT":
            seen.commits.append(seen.statements)
        seen.statements += 1
        if threading.current_thread() is threading.main_thread():
            _look()

    def connecting(*args: Any, **kwargs: Any) -> sqlite3.Connection:
        connection = connect(*args, **kwargs)
        if "mode=ro" not in str(args[0]):
            connection.set_trace_callback(statement)
        return connection

    sqlite3.connect = connecting  # type: ignore[assignment]
    _LOOKS.append(look)
    try:
        yield seen
    finally:
        _LOOKS.remove(look)
        sqlite3.connect = connect
    look()


_LOOKS: list[Callable[[], None]] = []
"""Who looks at the files; none while it looks."""
_AT = ("open", "os.", "shutil.", "sqlite3.", "tempfile.")


def _audited(event: str, _: object) -> None:
    """Python tells this of every file that is opened, moved and so on: for good, a hook cannot be taken out again."""
    if _LOOKS and event.startswith(_AT) and threading.current_thread() is threading.main_thread():
        _look()


def _look() -> None:
    """Look at the files, unless this is a look's own opening of one: it would take the copy that is being made."""
    looks = _LOOKS.copy()
    _LOOKS.clear()
    try:
        for look in looks:
            look()
    finally:
        _LOOKS.extend(looks)


sys.addaudithook(_audited)


def _mark(folder: Path) -> list[tuple[str, int, int, int]]:
    """Tells apart what lies there at two moments."""
    found = []
    snapshots = folder / f"{STATE}.snapshots"
    paths = [folder / STATE, folder / f"{STATE}-wal", folder / f"{STATE}.first-load", snapshots]
    with contextlib.suppress(FileNotFoundError):
        paths += sorted(snapshots.iterdir())
    with contextlib.suppress(FileNotFoundError):  # reports that are not there under their name yet tell nothing
        paths += [path for path in (folder / "reports").iterdir() if RUN_ID.fullmatch(path.name)]
    for path in paths:
        with contextlib.suppress(FileNotFoundError):
            status = path.stat()
            found.append((path.name, status.st_ino, status.st_size, status.st_mtime_ns))
    return found


def copy(folder: Path, target: Path) -> None:
    """The files of a district as they lie there; the index of the log is made again by whoever opens the copy."""
    target.mkdir(parents=True)
    for path in folder.iterdir():
        if path.name == f"{STATE}-shm":
            continue
        with contextlib.suppress(FileNotFoundError, shutil.Error):  # another thread is still at it
            if path.name in {f"{STATE}.snapshots", "reports"}:
                shutil.copytree(path, target / path.name, dirs_exist_ok=True)
            elif path.is_file():
                shutil.copy2(path, target / path.name)


# --- what a kill may leave --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Between:
    """A run's state before it and after it: what a kill leaves is one of them."""

    old: Path
    new: Path
    end: Path
    """Where the state lies that the next run comes to."""
    same_clock: bool = True
    """Whether each try of the run has the same id and start."""

    def which(self, left: Path) -> str:
        """`old` or `new`.

        Raises:
            AssertionError: it is neither, or damaged, or it names what is not there.
        """
        path = left / STATE
        assert integrity(path) == [], "R-A4: a kill left a damaged state"
        check_snapshot(path)
        check_reports(left, told={entry.name for entry in (self.old / "reports").glob("*")})
        if rows_of(path) == rows_of(self.old / STATE):
            return "old"
        without = OF_THE_CLOCK if self.same_clock else OF_THE_CLOCK | OF_THE_RUN
        found, expected = rows_of(path, without=without), rows_of(self.new / STATE, without=without)
        wrong = {
            name: ([row for row in found[name] if row not in rows], [row for row in rows if row not in found[name]])
            for name, rows in expected.items()
            if rows != found[name]
        }
        assert not wrong, f"R-A4: a kill left neither the old state nor the new one: {wrong}"
        return "new"


def check_snapshot(path: Path) -> None:
    """The snapshot that a state names is there and whole."""
    with contextlib.closing(sqlite3.connect(path)) as state:
        row = state.execute("SELECT value FROM meta WHERE key = 'snapshot'").fetchone()
    name = row[0] if row else None
    assert not name or snapshot.read(path, name) is not None, (
        f"R-A4: the state names snapshot {name}, which is not whole"
    )


def check_reports(left: Path, told: set[str]) -> None:
    """A report under its name is complete, and of a run that the state knows, but for those `told` before."""
    with contextlib.closing(sqlite3.connect(left / STATE)) as state:
        known = {run_id for (run_id,) in state.execute("SELECT run_id FROM runs")}
    folders = [entry for entry in (left / "reports").glob("*") if RUN_ID.fullmatch(entry.name)]
    for folder in folders:
        names = {entry.name for entry in folder.iterdir() if REPORT_FILE.fullmatch(entry.name)}
        assert {"users.csv", "issues.csv", "summary.json"} <= names, f"R-A4: a part of report {folder.name} is seen"
        assert folder.name in known | told, f"R-A4: report {folder.name} tells of a run that is not applied"


def check_end(left: Path, end: Path) -> None:
    """After a kill and the next run: the state of the undisturbed runs, no message twice, nothing left over."""
    expected, found = settled(end / STATE), settled(left / STATE)
    wrong = {name: (rows, found[name]) for name, rows in expected.items() if rows != found[name]}
    assert not wrong, f"R-A4: undisturbed, and after a kill and the next run: {wrong}"
    with contextlib.closing(sqlite3.connect(left / STATE)) as state:
        (name,) = state.execute("SELECT value FROM meta WHERE key = 'snapshot'").fetchone()
    snapshots = {entry.name for entry in snapshot.folder_of(left / STATE).glob("*")}
    assert snapshots <= {name}, f"R-A4: snapshots are left over: {snapshots}"
    leftovers = [entry.name for entry in left.iterdir() if entry.name.startswith(f"{STATE}.first-load")]
    assert not leftovers, f"R-A4: {leftovers} are left over"
