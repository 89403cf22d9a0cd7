"""Runs that are stopped: what is to be done, and that it is done whole or not at all (policies.md R-A4)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

from rostersync import pipeline, plans, two_steps, undoing
from rostersync.settings import overrides
from tests.laws import moments
from tests.laws.killing import Killer
from tests.laws.stories import Night, Step, class_rows, enrollment_rows, tell, user_rows
from tests.policies.district import District

Kind = Literal["sync", "full", "apply", "undo"]


@dataclass(frozen=True)
class Job:
    """A run to stop: a sync of files, the applying of a plan of theirs, or an undo of the night of these files."""

    kind: Kind
    source: str = ""
    now: str = ""

    def run(self, folder: Path) -> None:
        """Do it in a district's folder, as the command does."""
        settings = at(folder).settings
        now = datetime.fromisoformat(self.now) if self.now else None
        let_through = overrides.parse(("students",))
        match self.kind:
            case "sync" | "full":
                pipeline.sync(
                    settings,
                    source=Path(self.source),
                    dry_run=False,
                    full=self.kind == "full",
                    overrides=let_through,
                    now=now,
                )
            case "apply":
                two_steps.apply(settings, plans.read(folder / "plan.json"), let_through=let_through, now=now)
            case "undo":
                undoing.undo(settings, None, dry_run=False)


def at(folder: Path) -> District:
    """The district whose files lie there."""
    district = object.__new__(District)
    district.folder = folder
    return district


def moment(hours: int) -> str:
    """Now, or so many hours later: the same for every try of a run, which so has the same id each time."""
    return (datetime.now(UTC).replace(microsecond=0) + timedelta(hours=hours)).isoformat()


@dataclass(frozen=True)
class Scene:
    """A district before a run, the run, and the sync after it."""

    before: Path
    job: Job
    after: Job

    def played(self, folder: Path) -> moments.Between:
        """Play it undisturbed in a folder, not watched: what a kill may leave, and what comes in the end."""
        new = folder / "new"
        moments.copy(self.before, new)
        self.job.run(new)
        return self.between(new, folder / "end")

    def between(self, new: Path, end: Path) -> moments.Between:
        """What a kill may leave, `new` being the state after the run; in the end an undone night is there again."""
        if self.job.kind == "undo":
            moments.copy(new, end)
            self.after.run(end)
        return moments.Between(self.before, new, end if end.exists() else new, same_clock=bool(self.job.now))

    def finish(self, left: Path, which: str, between: moments.Between) -> None:
        """The next runs after a kill come to the end of the undisturbed ones; an undo is asked for again."""
        if which == "old" and self.job.kind == "undo":
            self.job.run(left)
        self.after.run(left)
        moments.check_end(left, between.end)


def scene(kind: Kind, story: list[Step], district: District) -> Scene:
    """Play a story up to its last night, which is the run; an undo takes that night back."""
    *steps, last = story
    assert isinstance(last, Night)
    for step in steps:
        tell(district, step)
    files = district.files(user_rows(last), class_rows(last), enrollment_rows(last), without={"users": last.without})
    if kind == "undo":
        Job("sync", str(files)).run(district.folder)
        return Scene(district.folder, Job("undo"), Job("sync", str(files)))
    if kind == "apply":
        let_through = overrides.parse(("students",))
        two_steps.plan(district.settings, district.folder / "plan.json", source=files, let_through=let_through)
    return Scene(district.folder, Job(kind, str(files), moment(0)), Job("sync", str(files), moment(1)))


def check_every_moment(found: Scene, folder: Path) -> tuple[moments.Watched, moments.Between]:
    """Watch the run: at every moment its files are those of the old state or of the new one, and the next run ends it.

    Gives what was seen, and what a kill may leave. Played to the end are the last moment of the old state and the
    first of the new one.
    """
    new = folder / "new"
    moments.copy(found.before, new)
    with moments.watching(new, folder / "copies") as seen:
        found.job.run(new)
    between = found.between(new, folder / "end")
    order = [between.which(copied) for copied in seen.folders]
    assert sorted(order, reverse=True) == order, f"R-A4: new, and then old again: {order}"
    assert {"old", "new"} == set(order), f"nothing happened: {order}"
    turn = order.index("new")
    for which, copied in zip(order[turn - 1 : turn + 1], seen.folders[turn - 1 : turn + 1], strict=True):
        found.finish(copied, which, between)
    return seen, between


def check_kill(found: Scene, between: moments.Between, target: Path, killer: Killer, point: dict[str, Any]) -> str:
    """Kill the run at a point, in a process of its own; gives which state was left."""
    moments.copy(found.before, target)
    killer.run(target, found.job, point)
    return between.which(target)
