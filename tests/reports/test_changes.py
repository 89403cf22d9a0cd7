"""The number and the bar of changes of a run."""

import pytest

from rostersync.reports.changes import bar, changes

COUNTS = {
    "users": {"added": 100, "kept": 7},
    "students": {"added": 60, "updated": 2, "kept": 5, "held": 9},
    "guardians": {"added": 40, "withheld": 3},
    "enrollments": {"ended": 4, "rejected": 1},
}


@pytest.mark.parametrize(("status", "made"), [("applied", 106), ("held", 106), ("undone", 106)])
def test_what_was_done_counts_and_each_record_once(status, made):
    assert changes(status, {"counts": COUNTS}) == made


@pytest.mark.parametrize("status", ["stopped", "refused", "paused", "failed"])
def test_what_was_not_done_does_not(status):
    assert changes(status, {"counts": COUNTS}) == 0


@pytest.mark.parametrize("summary", [{}, {"counts": {}}, {"counts": None}])
def test_a_run_without_counts_made_none(summary):
    assert changes("applied", summary) == 0


@pytest.mark.parametrize(("count", "steps"), [(0, 0), (1, 1), (2, 2), (10, 4), (100, 7), (1000, 10), (1_000_000, 19)])
def test_three_steps_for_every_tenfold(count, steps):
    assert bar(count) == "■" * steps
