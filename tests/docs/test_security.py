"""docs/security.md: its commands run as they stand in the sample district, and every test that it names is there."""

import ast
import os
import re
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from tests import figures
from tests.docs import security_figures
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


def named_tests():
    return sorted(set(re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", (PROJECT / PAGE).read_text())))


def test_the_page_names_a_test_for_each_promise():
    text = (PROJECT / PAGE).read_text()
    promises = text[text.index("## Each promise") : text.index("### What does not apply")]
    for line in promises.splitlines():
        if line.startswith("| ") and not line.endswith("| test |"):
            assert re.search(r"`tests/[\w/]+\.py::\w+` \|$", line), line
    assert len(named_tests()) > 80


@pytest.mark.parametrize(("file", "name"), named_tests())
def test_every_named_test_is_there(file, name):
    tree = ast.parse((PROJECT / file).read_text())
    assert name in {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


def test_figures_are_added_up_and_written_between_the_marks(tmp_path, monkeypatch):
    monkeypatch.setenv(figures.VARIABLE, str(tmp_path / "figures"))
    figures.write("places", {"cut": 1_000})
    figures.write("places", {"cut": 234, "noticed": 7})
    figures.write(figures.PASSED, {"tests/cli/test_a.py": 2, "tests/cli/test_b.py": 3})
    page = f"before\n{security_figures.BEGIN}\nold\n{security_figures.END}\nafter\n"
    made = security_figures.written(page, figures.read(tmp_path / "figures"))
    assert "old" not in made
    assert "| places | cut 1,234, noticed 7 |\n| tests that passed in `tests/cli` | 5 |\n" in made
    assert security_figures.written(made, figures.read(tmp_path / "figures")) == made
    with pytest.raises(ValueError, match="0 places"):
        security_figures.written("no marks", {})


def test_without_the_variable_nothing_is_written(tmp_path, monkeypatch):
    monkeypatch.delenv(figures.VARIABLE, raising=False)
    monkeypatch.chdir(tmp_path)
    figures.write("places", {"cut": 1})
    assert list(tmp_path.iterdir()) == []


def test_the_page_has_figures():
    text = (PROJECT / PAGE).read_text()
    between = text[text.index(security_figures.BEGIN) : text.index(security_figures.END)]
    for name in ("flipped bytes in the state", "fuzzing archive", "fuzzing importer"):
        assert re.search(rf"^\| {name}[^|]* \| [a-z ]+ \d+", between, re.MULTILINE), name
