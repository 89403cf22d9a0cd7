"""Kills runs, in processes of their own: at an SQL statement, after one, at a call into the program, or after a time.

`python -m tests.laws.killing` is a process that has loaded what a run needs and forks a child for every line that it
is told, so that a kill costs no start. Nothing has run in it, so that a fork is safe.
"""

from __future__ import annotations

import importlib
import json
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]


class Killer:
    """Runs jobs in children that end themselves, or are ended."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.laws.killing"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )

    def run(self, folder: Path, job: Any, point: dict[str, Any]) -> dict[str, int]:
        """Run a job in a folder up to a point, or with {} to its end.

        Points: {"statement": N}, before the N-th one that a writing connection is given, of 0; {"after": N}, at the
        next call or return in the program; {"call": N}, at the N-th of these; {"seconds": S}.

        Gives `status` (-9 where it was killed), and of a run that came to its end how many `statements` and `calls`
        there were.
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({"folder": str(folder), "job": asdict(job), "point": point}) + "\n")
        self._process.stdin.flush()
        answer: dict[str, int] = json.loads(self._process.stdout.readline())
        assert answer["status"] in {0, -signal.SIGKILL}, f"a run failed in {folder}: {answer}"
        return answer

    def close(self) -> None:
        """End the process."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()


def _serve() -> None:
    from tests.laws import interrupted

    for name in ("pandas", "polars", "pyarrow"):  # what the program imports where it is used
        importlib.import_module(name)
    for line in sys.stdin:
        order = json.loads(line)
        reader, writer = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(reader)
            _run(interrupted.Job(**order["job"]), Path(order["folder"]), order["point"], writer)
        os.close(writer)
        if "seconds" in order["point"]:
            time.sleep(order["point"]["seconds"])
            os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        with os.fdopen(reader) as told:
            counted = json.loads(told.read() or "{}")
        print(json.dumps({"status": os.waitstatus_to_exitcode(status), **counted}), flush=True)


def _run(job: Any, folder: Path, point: dict[str, Any], writer: int) -> None:
    """In the child: run, and kill itself at the point."""
    from tests.laws.moments import PROGRAM

    counted = {"statements": 0, "calls": 0}
    connect = sqlite3.connect

    def statement(_: str) -> None:
        if counted["statements"] == point.get("statement"):
            os.kill(os.getpid(), signal.SIGKILL)
        counted["statements"] += 1

    def connecting(*args: Any, **kwargs: Any) -> sqlite3.Connection:
        connection = connect(*args, **kwargs)
        if "mode=ro" not in str(args[0]):
            connection.set_trace_callback(statement)
        return connection

    def called(frame: Any, event: str, _: Any) -> None:
        if not frame.f_code.co_filename.startswith(PROGRAM):
            return
        after = "after" in point and counted["statements"] > point["after"]
        if counted["calls"] == point.get("call") or (after and threading.current_thread() is threading.main_thread()):
            os.kill(os.getpid(), signal.SIGKILL)
        counted["calls"] += 1

    status = 1
    try:
        sqlite3.connect = connecting  # type: ignore[assignment]
        if "statement" not in point and "seconds" not in point:
            threading.setprofile(called)
            sys.setprofile(called)
        job.run(folder)
        sys.setprofile(None)
        os.write(writer, json.dumps(counted).encode())
        status = 0
    finally:
        os._exit(status)


if __name__ == "__main__":
    _serve()
