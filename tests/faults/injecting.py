"""Runs a command under strace, which counts its system calls and has one of them fail, or end the process.

strace counts the calls of each thread and child by itself, and of each kind by itself: `when=N` comes in whichever
comes to its N-th one first, or, where the process lives on, in each of them.
"""

from __future__ import annotations

import errno
import json
import os
import re
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from tests.cli.conftest import clean_environment
from tests.faults.nights import LATER_REPORT, STATE, Night
from tests.faults.program import NAME

ROOT = Path(__file__).parents[2]
Fault = Literal["SIGKILL", "ENOSPC", "EIO", "full", "SIGTERM", "SIGINT"]
"""A signal before the call; the call fails once; "full": from it on all of its kind fail, as on a full disk."""
FAULTS: tuple[Fault, ...] = ("SIGKILL", "ENOSPC", "EIO", "full", "SIGTERM", "SIGINT")
CALLS = {
    "write": ("write", "pwrite64", "writev", "pwritev", "pwritev2", "copy_file_range", "sendfile", "fallocate"),
    "sync": ("fsync", "fdatasync", "sync_file_range", "msync", "syncfs"),
    "truncate": ("ftruncate", "truncate"),
    "rename": ("rename", "renameat", "renameat2", "link", "linkat"),
    "unlink": ("unlink", "unlinkat", "rmdir"),
    "make": ("mkdir", "mkdirat"),
}
"""What changes files, by kind. What is opened anew is met by the first call on it."""
_FIRED = re.compile(r"\(INJECTED\)|--- SIG(TERM|INT) |\+\+\+ killed by SIGKILL")
_CALL = re.compile(r"\d+ +(\w+)\(")
TIMEOUT = 60  # seconds
STUCK = 120  # seconds
STUCK_WITH_STOPS = 900  # seconds, for a command that is looked at after every call


@dataclass(frozen=True)
class Point:
    """One call of a command, and what happens there."""

    fault: Fault
    call: str
    number: int

    def __str__(self) -> str:
        return f"{self.fault} at {self.call} {self.number}"


@dataclass(frozen=True)
class Ending:
    """How the command ended; `fired`: the lines of strace about what was put in."""

    code: int
    said: str
    fired: tuple[str, ...]


KILLED = Ending(-signal.SIGKILL, "", ())


class Program:
    """Runs commands of the program, each in a process of its own that strace follows (`forking.py`)."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.forking"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env=clean_environment(),
        )

    def close(self) -> None:
        """End the process."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()

    def disturbed(self, night: Night, folder: Path, point: Point, mistake: str = "") -> Ending:
        """Run the night's command in its folder up to a point, and beyond it where the process lives on."""
        fault = f"signal={point.fault}" if _signal(point.fault) else f"error={point.fault}"
        if point.fault == "full":
            fault = "error=ENOSPC"
        when = f"{point.number}+" if point.fault == "full" else point.number
        options = ["-e", f"trace={point.call}", "-e", f"inject={point.call}:{fault}:when={when}"]
        if not _signal(point.fault):
            options += _files_alone(night, folder)
        code, said, lines = self._traced(options, night, folder, {"MISTAKE": mistake} if mistake else {})
        return Ending(code, said, tuple(line for line in lines if _FIRED.search(line)))

    def counted(self, night: Night, folder: Path, fault: Fault) -> dict[str, int]:
        """Call -> how many of them, that the fault can meet, one thread makes at most, of a command to its end."""
        every = ",".join(call for calls in CALLS.values() for call in calls)
        options = ["-e", f"trace={every}", *(_files_alone(night, folder) if not _signal(fault) else ())]
        code, said, lines = self._traced(options, night, folder, {})
        assert code == 0, said
        found: Counter[tuple[str, str]] = Counter()
        for line in lines:
            call = _CALL.match(line)
            if call is not None:
                found[call[1], line.split()[0]] += 1
        counts: dict[str, int] = {}
        for (name, _), number in found.items():
            counts[name] = max(counts.get(name, 0), number)
        if night.run is None and not _signal(fault):
            counts.pop("write", None)
        return counts

    def stopped(self, night: Night, folder: Path, at_each: Callable[[], None], mistake: str = "") -> None:
        """Run the night's command to its end, stopped after each call that changes files, and call `at_each` there."""
        every = ",".join(call for calls in CALLS.values() for call in calls)
        options = ["-e", f"trace={every}", "-e", f"inject={every}:signal=SIGSTOP"]
        given = {"MISTAKE": mistake} if mistake else {}
        code, said, _ = self._traced(options, night, folder, given, at_each, within=STUCK_WITH_STOPS)
        assert code == 0, said

    def followed(self, night: Night, folder: Path, mistake: str = "") -> list[str]:
        """strace's lines of all that the command does to files, undisturbed, with the path of every descriptor."""
        every = ",".join(call for calls in CALLS.values() for call in calls)
        options = ["-y", "-s", "0", "-e", f"trace={every}"]
        code, said, lines = self._traced(options, night, folder, {"MISTAKE": mistake} if mistake else {})
        assert code == 0, said
        return lines

    def _traced(
        self,
        options: list[str],
        night: Night,
        folder: Path,
        environment: dict[str, str],
        at_each_stop: Callable[[], None] = lambda: None,
        *,
        within: float = STUCK,
    ) -> tuple[int, str, list[str]]:
        """Exit code, what was said, and strace's lines; a command that hangs is killed, which no test expects."""
        trace, said = folder.with_name(f"{folder.name}.trace"), folder.with_name(f"{folder.name}.said")
        given = {**night.environment, **environment}
        child = self._ask(folder=str(folder), arguments=night.arguments, environment=given, said=str(said))
        command = ["strace", "-f", "-o", str(trace), *options, "-p", str(child)]
        follower = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        assert follower.stderr is not None
        attached = follower.stderr.readline()
        assert "attached" in attached, f"strace cannot follow a process: {attached}"
        stuck = threading.Timer(within, os.kill, (child, signal.SIGKILL))
        stuck.start()
        try:
            while (code := self._ask()) is None:
                at_each_stop()
        finally:
            stuck.cancel()
        follower.communicate(timeout=TIMEOUT)
        return code, said.read_text(), trace.read_text(errors="replace").splitlines()

    def _ask(self, **order: object) -> int | None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        answer: int | None = json.loads(self._process.stdout.readline())
        return answer


def killed(ending: Ending) -> bool:
    """Whether the process was ended by a signal that it cannot take."""
    return ending.code == -signal.SIGKILL


def _signal(fault: Fault) -> bool:
    return fault.startswith("SIG")


def reason(fault: Fault) -> str:
    """What the system says of a fault, in words."""
    return os.strerror(errno.EIO if fault == "EIO" else errno.ENOSPC)


def _files_alone(night: Night, folder: Path) -> list[str]:
    """Options that leave out what stands on no disk: what threads tell each other, and people.

    The copy before a migration has a name that nobody can know, but there is one thread, which writes to files by
    `pwrite64` alone.
    """
    if night.run is None:
        return []
    return [part for path in _paths(night, folder) for part in ("-P", str(path))]


def _paths(night: Night, folder: Path) -> Iterator[Path]:
    """Every file and folder that the command writes, by its name."""
    yield folder
    for suffix in ("", "-journal", "-wal", "-shm"):
        yield from (folder / f"{STATE}{draft}{suffix}" for draft in ("", ".first-load"))
    staging = folder / f"{STATE}.staging"
    yield from (staging, staging / f"delivery-{NAME}")
    for number in range(1, 8):
        yield from (staging / f"delivery-{NAME}" / f"{number:02d}.csv{part}" for part in ("", ".part"))
    snapshots = folder / f"{STATE}.snapshots"
    old = [entry.name for entry in (night.before / snapshots.name).glob("*")]
    for run in filter(None, (night.run, *old)):
        yield snapshots / run
        yield from (snapshots / run / name for name in ("about.json", "users.arrow", "classes.arrow"))
        yield snapshots / run / "enrollments.arrow"
    yield snapshots
    yield from _report_paths(night, folder / "reports")
    backups = folder / "backups"
    yield backups


def _report_paths(night: Night, reports: Path) -> Iterator[Path]:
    partial = f".partial-{night.run}-{NAME}"
    yield reports
    for run in (partial, f"{night.run}", LATER_REPORT):
        yield reports / run
        for name in ("users", "classes", "enrollments", "guardianships", "issues"):
            yield reports / run / f"{name}.csv"
        yield from (reports / run / name for name in ("report.html", "summary.json"))
    for name in ("index.html", "latest"):
        yield from (reports / name, reports / f".partial-{name}-{NAME}")
    yield reports / f".probe-{NAME}"
