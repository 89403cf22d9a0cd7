"""What is printed goes nowhere: a log on a full disk, a closed stream. The run and its exit code stand."""

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from tests.cli.conftest import TIMEOUT, clean_environment

pytestmark = pytest.mark.skipif(not Path("/dev/full").exists(), reason="Linux alone has a device that is full")
LOST = (
    "rostersync: error: the output cannot be written (No space left on device); a run that was under way is applied "
    "whole or not at all: see `rostersync runs list`\n"
)


def shell(home, line, **environ):
    """A line of a shell."""
    return subprocess.run(
        ["/bin/sh", "-c", line.replace("rostersync", f"{sys.executable} -m rostersync")],
        cwd=home,
        env=clean_environment() | environ,
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
        check=False,
    )


def runs(home):
    with closing(sqlite3.connect(home / "state.db")) as state:
        return [status for (status,) in state.execute("SELECT status FROM roster_runs")]


def test_a_sync_that_cannot_say_what_it_did_has_done_it(district):
    done = shell(district, "rostersync sync >/dev/full")
    assert (done.returncode, done.stderr) == (1, LOST)
    assert runs(district) == ["applied"]


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_listing_on_a_full_disk_is_one_line_and_exit_1(synced, unbuffered):
    done = shell(synced, "rostersync runs list --format csv >/dev/full", PYTHONUNBUFFERED=unbuffered)
    assert (done.returncode, done.stderr) == (1, LOST)


@pytest.mark.parametrize("where", ["/dev/full", "&-"])
def test_an_error_that_nobody_can_be_told_keeps_its_exit_code(home, where):
    done = shell(home, f"rostersync --config nowhere.toml sync 2>{where}")
    assert (done.returncode, done.stdout, done.stderr) == (2, "", "")


def test_with_every_stream_closed_a_sync_is_whole(district):
    assert shell(district, "rostersync sync <&- >&- 2>&-").returncode == 0
    assert runs(district) == ["applied"]
    with closing(sqlite3.connect(district / "state.db")) as state:
        assert state.execute("PRAGMA integrity_check").fetchone() == ("ok",)
