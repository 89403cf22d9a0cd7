"""A run as the trend of a report shows it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

TREND = 30
"""So many runs a trend shows, the reported one among them."""


@dataclass(frozen=True)
class PastRun:
    """How a run ended when it was there, and its `counts` as summary.json has them; none where it had no report.

    `findings`: per code how many its files had; None of a run that reported none, as it read no files or was refused.
    """

    run_id: str
    status: str
    dry_run: bool = False
    counts: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    findings: Mapping[str, int] | None = None
