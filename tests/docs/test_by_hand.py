"""docs/by-hand.md: every command on it runs in the sample district, one block after the other."""

import os
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

from tests.docs.pages import PROJECT, blocks, marked_blocks

PAGE = "docs/by-hand.md"
TIMEOUT = 300  # seconds


def test_the_commands_run_as_they_stand(tmp_path):
    shutil.copytree(PROJECT / "examples" / "nights" / "1", tmp_path / "oneroster")
    marked = marked_blocks(PAGE)
    assert list(marked.values()) == blocks(PROJECT / PAGE, "sh")
    programs = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ROSTERSYNC_")}
    sync = "rostersync --quiet sync"
    done = subprocess.run(
        ["sh", "-c", "\n".join(["set -eux", "rostersync init", sync, *marked.values(), sync])],
        cwd=tmp_path,
        env={**kept, "PATH": programs},
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "is archived" in done.stdout
    with closing(sqlite3.connect(f"file:{tmp_path / 'state.db'}?mode=ro", uri=True)) as state:
        manual = "SELECT roster_status, account, mobile FROM roster_users WHERE origin = 'manual'"
        assert state.execute(manual).fetchall() == [("archived", "active", "+12065550170")]
        enrolled = (
            "SELECT user_id, role, status FROM roster_enrollments WHERE origin = 'manual' ORDER BY class_id, user_id"
        )
        assert [row for row in state.execute(enrolled) if row[0] != "c1-student"] == [
            ("c2-student", "student", "current"),
            ("t000004", "teacher", "current"),
        ]
        titles = "SELECT status FROM roster_classes WHERE title = 'Chess'"
        assert state.execute(titles).fetchall() == [("archived",)]
