"""How many changes a run made, as a number and as a small bar."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from rostersync.reports.html.counting import CHANGES, KINDS

MADE = frozenset({"applied", "held", "undone"})
"""How a run ended that changed something, at least until it was taken back."""

_BLOCK = "■"
_STEPS = 3  # for every tenfold: a quiet night still shows beside a first load


def changes(status: str, summary: Mapping[str, Any]) -> int:
    """Records that a run added, changed, archived, ended or brought back; 0 where it only would have."""
    counts = summary.get("counts")
    if status not in MADE or not isinstance(counts, dict):
        return 0
    return sum(int(counts.get(kind, {}).get(action, 0)) for kind in KINDS for action in CHANGES)


def bar(count: int) -> str:
    """A bar: none for no change, one for a few, three more for every tenfold."""
    return _BLOCK * (1 + round(_STEPS * math.log10(count))) if count > 0 else ""
