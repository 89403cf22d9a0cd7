"""What a run gives and how long its stages took."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Outcome:
    """What a run did: its id, where the report lies, its summary (as summary.json) and its exit code.

    `paused_until`: the last day of the pause in which nothing was done (R-D4); then there is no report and no summary.
    """

    run_id: str
    report_folder: Path | None
    summary: Any
    exit_code: int
    paused_until: date | None = None


@dataclass
class Stopwatch:
    """Seconds per stage of a run."""

    seconds: dict[str, float] = field(default_factory=dict)

    @contextlib.contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Adds the time of the block to the stage."""
        begun = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[name] = self.seconds.get(name, 0.0) + time.perf_counter() - begun
