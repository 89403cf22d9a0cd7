"""Commands on a disk of their own, which is small and full, or read-only: a tmpfs in a name space of its own.

`python -m tests.faults.disk ORDER` runs in it: `unshare` has made whoever runs it root of the name space alone.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.cli.conftest import clean_environment

ROOT = Path(__file__).parents[2]
SIZE = 4 * 1024 * 1024  # bytes
UNSHARE = ("unshare", "--user", "--map-root-user", "--mount")
TIMEOUT = 120  # seconds


def usable() -> str | None:
    """None where such a disk can be made, else why not."""
    if shutil.which("unshare") is None:
        return "unshare is not on the path: apt-get install util-linux"
    done = subprocess.run([*UNSHARE, "mount", "-t", "tmpfs", "none", "/mnt"], capture_output=True, check=False)
    return (
        None if done.returncode == 0 else "no tmpfs may be mounted in a name space: allow unprivileged user name spaces"
    )


def run(
    district: Path, mount: Path, left: Path, *commands: list[str], room: int | None = None, read_only: bool = False
) -> list[dict[str, object]]:
    """The commands' `code`, `said` and `printed`, with a copy of the district on the disk, which is copied to `left`.

    `room`: so many bytes stay free on the disk. The commands are arguments of the program; the name LOG in the
    environment of the first one's stderr is not touched.
    """
    order = {
        "district": str(district),
        "mount": str(mount),
        "left": str(left),
        "commands": commands,
        "room": room,
        "read_only": read_only,
    }
    mount.mkdir(exist_ok=True)
    done = subprocess.run(
        [*UNSHARE, sys.executable, "-m", "tests.faults.disk", json.dumps(order)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    endings: list[dict[str, object]] = json.loads(done.stdout)
    return endings


def _in_the_name_space(order: dict[str, object]) -> list[dict[str, object]]:
    mount, folder = Path(str(order["mount"])), Path(str(order["mount"])) / "district"
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "none", str(mount)], check=True)
    shutil.copytree(str(order["district"]), folder)
    if isinstance(order["room"], int):
        _fill(mount / "filling", order["room"])
    if order["read_only"]:
        subprocess.run(["mount", "-o", "remount,ro", str(mount)], check=True)
    commands = order["commands"]
    assert isinstance(commands, list)
    endings = [_run(folder, command) for command in commands]
    shutil.copytree(folder, str(order["left"]))
    return endings


def _fill(path: Path, room: int) -> None:
    """Takes all of the disk but so much."""
    free = shutil.disk_usage(path.parent).free
    with path.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, max(free - room, 1))


def _run(folder: Path, command: list[str]) -> dict[str, object]:
    done = subprocess.run(
        [sys.executable, "-m", "rostersync", *command],
        cwd=folder,
        env=clean_environment() | {"PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
        check=False,
    )
    return {"code": done.returncode, "said": done.stderr, "printed": done.stdout}


if __name__ == "__main__":
    print(json.dumps(_in_the_name_space(json.loads(sys.argv[1]))))
