"""Progress on stderr, for those who watch a terminal."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

from rostersync.commands.output import printable

if TYPE_CHECKING:
    from rich.progress import Progress as RichProgress
    from rich.progress import TaskID

    from rostersync.commands.invocation import Invocation


class Progress(Protocol):
    """Somebody who watches work go on; one piece at a time."""

    def start(self, name: str, total: int, /) -> None:
        """A piece of work of this size begins; one that was begun before begins again."""

    def advance(self, n: int, /) -> None:
        """So much more of it is done."""

    def done(self) -> None:
        """It is done."""


class Silent:
    """Nobody watches."""

    def start(self, name: str, total: int, /) -> None:
        """Shows nothing."""

    def advance(self, n: int, /) -> None:
        """Shows nothing."""

    def done(self) -> None:
        """Shows nothing."""


class Bars:
    """One bar per piece of work."""

    def __init__(self, progress: RichProgress) -> None:
        self._progress = progress
        self._tasks: dict[str, TaskID] = {}
        self._current: TaskID | None = None

    def start(self, name: str, total: int, /) -> None:
        """Shows a bar for this piece, or sets it back to the beginning."""
        shown = printable(name)
        if shown in self._tasks:
            self._progress.reset(self._tasks[shown], total=total)
        else:
            self._tasks[shown] = self._progress.add_task(shown, total=total)
        self._current = self._tasks[shown]

    def advance(self, n: int, /) -> None:
        """Moves the bar on."""
        if self._current is not None:
            self._progress.advance(self._current, n)

    def done(self) -> None:
        """Fills the bar."""
        if self._current is not None:
            task = next(task for task in self._progress.tasks if task.id == self._current)
            total = task.total or 1
            self._progress.update(self._current, total=total, completed=total)


def towards(progress: Progress, name: str) -> Callable[[int, int], None]:
    """A bar of that name for work that says how much is done, of how much in all."""
    before = 0

    def tell(done: int, total: int) -> None:
        nonlocal before
        if before == 0:
            progress.start(name, total)
        progress.advance(done - before)
        before = done

    return tell


@contextmanager
def shown(invocation: Invocation) -> Iterator[Progress]:
    """Bars while the work goes on, where somebody watches; the terminal is as before afterwards."""
    if not invocation.bars:
        yield Silent()
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        TaskProgressColumn,
        TextColumn,
        TimeElapsedColumn,
    )
    from rich.progress import (
        Progress as RichProgress,
    )

    with RichProgress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TaskProgressColumn(),
        TimeElapsedColumn(),
        console=Console(stderr=True),
        transient=True,
        redirect_stdout=False,  # results stay on stdout; log lines on stderr go above the bars
    ) as progress:
        yield Bars(progress)
