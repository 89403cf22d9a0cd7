"""The README's set-up, and the commands of docs/ that run in the same folder, done as somebody would who reads them."""

import os
import shutil
import sqlite3
import stat
import subprocess
import sys
import sysconfig
from contextlib import closing
from pathlib import Path

import pytest

from tests.docs.pages import PROJECT, marked_blocks
from tests.sources.faults import PASSWORD, running

NIGHTS = PROJECT / "examples" / "nights"
NEEDED = ("pyproject.toml", "README.md", "LICENSE", "requirements", "rostersync", "examples")
TIMEOUT = 120  # seconds

PYTHON3 = """\
#!{python}
import glob, subprocess, sys
arguments = sys.argv[1:]
if arguments[:2] == ["-m", "venv"]:
    arguments.insert(2, "--without-pip")
code = subprocess.call([{python!r}, *arguments])
if "venv" in arguments:
    for folder in glob.glob(arguments[-1] + "/lib/python3*/site-packages"):
        open(folder + "/packages.pth", "w").write({packages!r})
sys.exit(code)
"""
"""`python3` for the test: its venvs see the packages of this environment, so that nothing is fetched."""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of the project as somebody has it who has just fetched it."""
    folder = tmp_path / "rostersync"
    folder.mkdir()
    for name in NEEDED:
        copy = shutil.copytree if (PROJECT / name).is_dir() else shutil.copyfile
        copy(PROJECT / name, folder / name)
    return folder


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """The environment of the commands: `python3` as above, pip without an index, nothing of rostersync's own."""
    packages, programs = tmp_path / "packages", tmp_path / "bin"
    packages.mkdir()
    programs.mkdir()
    for entry in Path(sysconfig.get_path("purelib")).iterdir():
        if "rostersync" not in entry.name:  # the environment's own copy must not answer for the installed one
            (packages / entry.name).symlink_to(entry)
    python3 = programs / "python3"
    python3.write_text(PYTHON3.format(python=sys.executable, packages=f"{packages}\n"))
    python3.chmod(0o755)
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("ROSTERSYNC_", "PIP_"))}
    offline = {"PIP_NO_INDEX": "1", "PIP_NO_BUILD_ISOLATION": "false", "PIP_CONFIG_FILE": os.devnull}
    return {**kept, **offline, "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}"}


def script(port: int) -> str:
    """Every marked block of README, docs/schedule.md and docs/state.md in one shell, and what happens in between.

    What a person does by hand (editing settings for an SFTP server) is done by the environment; the SIS's part
    (leaving the files) by a copy.
    """
    readme, schedule, state = (
        marked_blocks("README.md"),
        marked_blocks("docs/schedule.md"),
        marked_blocks("docs/state.md"),
    )
    server = {"KIND": "sftp", "HOST": "127.0.0.1", "PORT": port, "USERNAME": "district", "PATH": "/"}
    exports = "\n".join(f"export ROSTERSYNC_SOURCE__{key}='{value}'" for key, value in server.items())
    steps = [
        readme.pop("install"),
        "command -v rostersync",
        readme.pop("init"),
        f"(\n{exports}\nexport ROSTERSYNC_SOURCE__PASSWORD='{PASSWORD}'\n{readme.pop('sftp')}\n)",
        f"cp -R '{NIGHTS / '1'}' oneroster",
        readme.pop("first sync"),
        readme.pop("validate"),
        readme.pop("look"),
        schedule.pop("backup"),
        schedule.pop("morning"),
        schedule.pop("check"),
        state.pop("read"),
        state.pop("check"),
        state.pop("state backup"),
        state.pop("backup"),
        state.pop("restore"),
        state.pop("support"),
    ]
    assert not {**readme, **schedule, **state}, "a marked block that nobody runs"
    return "set -eux\n" + "\n".join(steps)


def test_the_commands_run_as_they_stand(tmp_path, checkout, environment):
    with running(tmp_path / "served") as server:
        shutil.copytree(NIGHTS / "1", tmp_path / "served", dirs_exist_ok=True)
        done = subprocess.run(
            ["sh", "-c", script(server.port)],
            cwd=checkout,
            env=environment,
            input="yes\n",  # to trust-host
            capture_output=True,
            text=True,
            timeout=TIMEOUT,
            check=False,
        )
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{checkout}/venv/bin/rostersync\n" in done.stdout, "the installed one was tried"
    district = checkout / "district"
    assert "Pin this key?" in done.stdout + done.stderr
    assert len((district / "known_hosts").read_text().splitlines()) == 1
    assert "failed" not in done.stdout, "doctor found nothing wrong"
    assert "dry run, nothing was changed" in done.stdout
    assert "student invitee 297" in done.stdout, "the block of docs/state.md printed it"
    with closing(sqlite3.connect(f"file:{district / 'state.db'}?mode=ro", uri=True)) as state:
        students = "SELECT count(*) FROM roster_users WHERE role = 'student'"
        assert state.execute(students).fetchone() == (297,), "the backup came back whole"
        assert state.execute("SELECT status FROM roster_runs").fetchall() == [("applied",)]
    private = [district / "state.db", *(district / "backups").iterdir(), *(district / "reports").glob("2*/*")]
    assert len(private) > 6
    assert {stat.S_IMODE(path.stat().st_mode) for path in private} == {0o600}
