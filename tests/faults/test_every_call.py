"""R-A4 at every system call: a command that is killed there, or whose call fails, leaves all of its work or none.

What a kill leaves is looked at after every call, in one run that is stopped there; beside it commands are really killed
at a sample of calls, and every call of a sync, an undo and a migration fails; of a first load a sample. With
TESTS_EVERY_POINT=all all of everything.

Afterwards the state is sound and the next night comes to the same end; no message is queued twice, what was said agrees
with what was left, and the report of a run that is applied can be written.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests import figures
from tests.faults.injecting import FAULTS, Fault, Program
from tests.faults.sweeping import Sweep, at_every_point

pytestmark = pytest.mark.long
FLOOR_OF_SAMPLE = 12
NIGHTS = ("sync", "undo", "migration", "first load")


@pytest.mark.parametrize("name", ["sync", "undo", "migration"])
def test_a_kill_after_any_call_leaves_the_old_state_or_the_new_one(program: Program, tmp_path: Path, name: str) -> None:
    sweep = Sweep(program, name, tmp_path)
    swept = sweep.pictures()
    figures.write(
        f"every system call, {name}", {"points": swept.found, "old state": swept.left["old"], "new": swept.left["new"]}
    )
    assert swept.found >= sweep.night.floor, f"too few calls were seen: {swept.found}"
    assert min(swept.left["old"], swept.left["new"]) > 0


def test_a_real_kill_leaves_nothing_else_than_was_seen_in_the_run_that_was_stopped(
    program: Program, tmp_path: Path
) -> None:
    sweep = Sweep(program, "migration", tmp_path)
    sweep.pictures()
    seen = set(sweep.expected.finished)
    assert sweep.sweep("SIGKILL").tried.total() >= FLOOR_OF_SAMPLE
    assert sweep.expected.finished == seen


@pytest.mark.parametrize(
    ("name", "fault"),
    [(name, fault) for name in NIGHTS for fault in FAULTS if name == "sync" or not fault.startswith(("SIGT", "SIGI"))],
)
def test_whole_or_nothing(program: Program, tmp_path: Path, name: str, fault: Fault) -> None:
    sweep = Sweep(program, name, tmp_path)
    swept = sweep.sweep(fault)
    figures.write(
        f"system calls, {name}, {fault}",
        {"points": swept.found, "tried": swept.tried.total(), "old state": swept.left["old"], "new": swept.left["new"]},
    )
    assert swept.found >= sweep.night.floor, f"the sweep sees too little: {swept.calls}"
    least = 0.8 * swept.found if at_every_point(name, fault) else FLOOR_OF_SAMPLE
    assert swept.tried.total() >= least, f"hardly anything was disturbed: {swept.tried} of {swept.calls}"
    assert swept.left["old"] > 0
    assert swept.left["new"] > 0, "nothing was disturbed after the commit"
