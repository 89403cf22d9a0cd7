"""The sweep over system calls catches programs that do not keep R-A4: else it would prove nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests import figures
from tests.faults.injecting import Program
from tests.faults.sweeping import Sweep

pytestmark = pytest.mark.long
MISTAKES = {
    "commits_in_the_middle": "sync",
    "tells_after_the_commit": "sync",
    "names_a_snapshot_first": "sync",
    "an_undo_commits_in_the_middle": "undo",
}
"""Mutant -> the command that it breaks."""


@pytest.mark.parametrize(("mistake", "name"), MISTAKES.items(), ids=MISTAKES)
def test_the_sweeps_catch_it(program: Program, tmp_path: Path, mistake: str, name: str) -> None:
    sweep = Sweep(program, name, tmp_path)
    with pytest.raises(AssertionError, match="R-A4"):
        sweep.kill(("fdatasync", "fsync"), 15, mistake)
    with pytest.raises(AssertionError, match="R-A4"):
        sweep.pictures(mistake)
    figures.write("wrong programs that the sweeps caught", {"programs": 1})
