"""The law of the totals: what the state keeps of how many records there are is what a count of it gives (R-D1)."""

from __future__ import annotations

import contextlib
import sqlite3

from rostersync.model.record_counts import KINDS
from rostersync.state import record_counts
from tests.policies.district import District


def check_counts(district: District, *, must_stand: bool = False) -> bool:
    """Where the marker stands the counts of all kinds are true, and none is zero; gives whether it stands."""
    with contextlib.closing(sqlite3.connect(district.folder / "state.db")) as connection:
        stands = record_counts.stand(connection)
        kept, counted = record_counts.kept(connection), record_counts.recount(connection)
    assert {kind for kind, _ in kept} <= set(KINDS)
    if stands:
        wrong = {key: (kept.get(key), counted.get(key)) for key in kept.keys() | counted.keys()}
        wrong = {key: numbers for key, numbers in wrong.items() if numbers[0] != numbers[1]}
        assert not wrong, f"kept, and counted anew: {wrong}"
    else:
        assert not kept, "counts without the marker"
        assert not must_stand, "a sync leaves true counts"
    return stands
