"""One measurement: a command as a whole process, its seconds and its peak memory."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Measurement:
    """Seconds from start to end of the process, imports included; peak resident memory in MiB.

    A new process begins as a copy of this one, so that the peak is never below what this one needs (about 30 MiB).
    """

    seconds: float
    mebibytes: float


def measure(command: Sequence[str], folder: Path) -> Measurement:
    """Run a command in a folder; a failing one stops the benchmark with what it said."""
    os.sync()  # what was written before is no cost of this one
    with tempfile.TemporaryFile() as said:
        start = time.perf_counter()
        process = subprocess.Popen(command, cwd=folder, stdin=subprocess.DEVNULL, stdout=said, stderr=said)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            said.seek(0)
            text = said.read().decode(errors="replace")
            raise SystemExit(f"{' '.join(command)} ended with {process.returncode}:\n{text}")
    scale = 1024 * 1024 if sys.platform == "darwin" else 1024
    return Measurement(seconds, usage.ru_maxrss / scale)
