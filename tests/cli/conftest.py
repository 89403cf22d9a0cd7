"""rostersync as its users call it: a process with arguments, files and an environment."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

Run = Callable[..., subprocess.CompletedProcess[str]]
TIMEOUT = 60  # seconds


def clean_environment() -> dict[str, str]:
    """The environment without anything that would reach rostersync or change how it writes."""
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("ROSTERSYNC_") and name not in {"NO_COLOR", "FORCE_COLOR", "COLUMNS"}
    }


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """The folder in which the calls are made."""
    return tmp_path


@pytest.fixture
def run(home: Path) -> Run:
    """Calls `rostersync ARGUMENTS` in `home`, expects the exit code; gives stdout and stderr as written."""

    def call(*arguments, code=0, stdin="", environ=None):
        done = subprocess.run(
            [sys.executable, "-m", "rostersync", *map(str, arguments)],
            cwd=home,
            env=clean_environment() | (environ or {}),
            input=stdin.encode(),
            capture_output=True,
            timeout=TIMEOUT,
            check=False,
        )
        result = subprocess.CompletedProcess(
            done.args, done.returncode, done.stdout.decode(), done.stderr.decode()
        )
        assert result.returncode == code, result.stdout + result.stderr
        assert "Traceback" not in result.stderr or "--verbose" in arguments
        return result

    return call


@pytest.fixture
def district(run: Run, home: Path) -> Path:
    """A folder with settings, an empty state, and the files of a small made-up district in `oneroster`."""
    run("init")
    run("generate", "oneroster", "--students", "60")
    return home


@pytest.fixture(scope="session")
def synced_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A district after its first sync, made once; tests get copies."""
    folder = tmp_path_factory.mktemp("district")
    for arguments in (["init"], ["generate", "oneroster", "--students", "60"], ["--quiet", "sync"]):
        subprocess.run(
            [sys.executable, "-m", "rostersync", *arguments],
            cwd=folder,
            env=clean_environment(),
            check=True,
            capture_output=True,
            timeout=TIMEOUT,
        )
    return folder


@pytest.fixture
def synced(synced_once: Path, home: Path) -> Path:
    """`home` with a made-up district after its first sync: all accounts are invitees."""
    shutil.copytree(synced_once, home, dirs_exist_ok=True)
    return home
