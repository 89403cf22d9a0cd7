"""docs/security.md: its commands run as they stand in the sample district."""

import os
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

from tests.docs.pages import PROJECT, blocks, marked_blocks

PAGE = "docs/security.md"
TIMEOUT = 300  # seconds


def test_the_commands_run_as_they_stand(tmp_path):
    nights = PROJECT / "examples" / "nights"
    shutil.copytree(nights / "1", tmp_path / "oneroster")
    marked = marked_blocks(PAGE)
    assert list(marked.values()) == blocks(PROJECT / PAGE, "sh")
    programs = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ROSTERSYNC_")}
    steps = [
        "rostersync init",
        "rostersync --quiet sync",
        f"rostersync --quiet sync --source '{nights / '2'}'",
        "ID=$(rostersync users list --roster-status archived --format csv | sed -n '2s/,.*//p')",
        *marked.values(),
        "rostersync state check",
    ]
    done = subprocess.run(
        ["sh", "-c", "\n".join(["set -eux", *steps])],
        cwd=tmp_path,
        env={**kept, "PATH": programs},
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    with closing(sqlite3.connect(f"file:{tmp_path / 'state.db'}?mode=ro", uri=True)) as state:
        ((forgotten,),) = state.execute("SELECT record_id FROM edits WHERE field = 'forgotten'").fetchall()
        assert state.execute("SELECT count(*) FROM users WHERE id = ?", (forgotten,)).fetchone() == (0,)
