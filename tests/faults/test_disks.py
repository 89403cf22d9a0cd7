"""A disk that is really full, or read-only: one line, exit code 2 or 1, and the next night finishes with room."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from tests import figures
from tests.faults import disk, nights
from tests.faults.injecting import Ending
from tests.faults.nights import STATE, Night
from tests.faults.verdict import Expected
from tests.laws.moments import rows_of

ROOMS = range(0, 400, 20)  # KiB


@pytest.fixture(scope="module", autouse=True)
def _disks() -> None:
    """Skips where no disk of its own can be made; fails in CI."""
    why_not = disk.usable()
    if why_not is not None:
        if "CI" in os.environ:
            pytest.fail(why_not)
        pytest.skip(why_not)


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> Night:
    return nights.make("sync", tmp_path_factory.mktemp("night") / "before")


def test_a_sync_on_a_full_disk_leaves_the_state_and_says_so(night: Night, tmp_path: Path) -> None:
    (ending,) = disk.run(night.before, tmp_path / "disk", tmp_path / "left", ["sync"], room=100 * 1024)
    assert (ending["code"], ending["printed"]) == (2, "")
    said = str(ending["said"])
    assert said.startswith("rostersync: error: ")
    assert "state.db cannot be written (database or disk is full); nothing was changed; make room" in said
    assert said.count("\n") == 1
    assert rows_of(tmp_path / "left" / STATE) == rows_of(night.before / STATE)


def test_a_disk_that_only_reads_is_said_before_anything_is_done(night: Night, tmp_path: Path) -> None:
    commands = (["sync"], ["users", "list"])
    endings = disk.run(night.before, tmp_path / "disk", tmp_path / "left", *commands, read_only=True)
    for ending in endings:
        said = str(ending["said"])
        assert (ending["code"], ending["printed"], said.count("\n")) == (2, "", 1), said
        assert "nothing was" in said
    assert "Read-only file system" in str(endings[0]["said"])
    assert "state.db cannot be read" in str(endings[1]["said"])
    assert (tmp_path / "left" / STATE).read_bytes() == (night.before / STATE).read_bytes()


@pytest.mark.long
def test_whatever_room_there_is_the_night_is_whole_or_not_there(night: Night, tmp_path: Path) -> None:
    new = tmp_path / "new"
    shutil.copytree(night.before, new)
    nights.finish(new)
    expected = Expected.of(night, new)
    found = {}
    for room in ROOMS:
        left = tmp_path / f"left{room}"
        (ending,) = disk.run(night.before, tmp_path / "disk", left, [*night.arguments], room=room * 1024)
        ended = Ending(int(str(ending["code"])), str(ending["said"]), ())
        found[room] = f"{expected.check(left, ended, 'full')}, exit code {ended.code}"
    done = sum(each.startswith("new") for each in found.values())
    figures.write("sizes of a full disk", {"tried": len(found), "old state": len(found) - done, "new": done})
    assert found[0] == "old, exit code 2"
    assert found[ROOMS[-1]] == "new, exit code 0"
    assert len(set(found.values())) > 1
