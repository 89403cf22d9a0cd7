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
        result = subprocess.CompletedProcess(done.args, done.returncode, done.stdout.decode(), done.stderr.decode())
        assert result.returncode == code, result.stdout + result.stderr
        assert "Traceback" not in result.stderr or "--verbose" in arguments
        return result

    return call


def prepared(folder: Path, *calls: list[str]) -> Path:
    """The folder after these calls, for tests to copy."""
    for arguments in calls:
        subprocess.run(
            [sys.executable, "-m", "rostersync", *arguments],
            cwd=folder,
            env=clean_environment(),
            check=True,
            capture_output=True,
            timeout=TIMEOUT,
        )
    return folder


@pytest.fixture(scope="session")
def made_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A district before its first sync."""
    folder = tmp_path_factory.mktemp("district")
    return prepared(folder, ["init"], ["generate", "oneroster", "--students", "60"])


@pytest.fixture(scope="session")
def synced_once(made_once: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same after its first sync."""
    folder = tmp_path_factory.mktemp("synced")
    shutil.copytree(made_once, folder, dirs_exist_ok=True)
    return prepared(folder, ["--quiet", "sync"])


@pytest.fixture
def district(made_once: Path, home: Path) -> Path:
    """`home` with settings, an empty state, and a small made-up district's files in `oneroster`."""
    shutil.copytree(made_once, home, dirs_exist_ok=True)
    return home


@pytest.fixture
def synced(synced_once: Path, home: Path) -> Path:
    """`home` with that district after its first sync: all accounts are invitees."""
    shutil.copytree(synced_once, home, dirs_exist_ok=True)
    return home
