"""The benchmark of a download asks a real server for a file, once with each program."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.sources.sshd import program

PROJECT = Path(__file__).resolve().parents[2]


def test_both_programs_download_the_file() -> None:
    program()  # a skip where OpenSSH is not installed
    command = [sys.executable, "-m", "benchmarks.download", "--megabytes", "1", "--rounds", "1"]
    said = subprocess.run(command, cwd=PROJECT, check=True, capture_output=True, text=True).stdout
    assert said.count("MiB/s") == 2
    assert "throughput of rostersync" in said
