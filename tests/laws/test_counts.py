"""Laws of the kept counts (policies.md R-D1), in made-up stories of nights, edits and undone runs."""

from __future__ import annotations

import pytest
from hypothesis import given, note
from hypothesis import strategies as st

from rostersync import undoing
from tests.laws.by_hand import ByHand
from tests.laws.counts import check_counts
from tests.laws.stories import Accept, Edit, Night, Step, tell
from tests.laws.test_laws import LONG, QUICK, Make, new_district, stories

__all__ = ["new_district"]

OF_COUNTED = {"link", "unlink", "archive"}
"""What people do to records that count: the next night counts anew."""


def kept_true(story: list[Step], new_district: Make, undone: frozenset[int] = frozenset()) -> None:
    """Counts are true after every step; nights of these numbers are taken back and come again."""
    district = new_district()
    for number, step in enumerate(story):
        note(f"step {number}: {step}")
        before = check_counts(district)
        tell(district, step, full=isinstance(step, Night) and number % 3 == 2)
        stands = check_counts(district, must_stand=isinstance(step, Night))
        if isinstance(step, Accept | Edit) or (isinstance(step, ByHand) and step.deed not in OF_COUNTED):
            assert stands == before, "what people add beside the SIS changes no count"
        if isinstance(step, Night) and number in undone:
            undoing.undo(district.settings, None, dry_run=False)
            assert not check_counts(district)
            tell(district, step)
            check_counts(district, must_stand=True)


UNDONE = st.frozensets(st.integers(0, 9), max_size=2)


@given(story=st.booleans().flatmap(lambda calm: stories(nights=4, calm=calm)), undone=UNDONE)
@QUICK
def test_the_counts_are_true_after_every_step(new_district: Make, story: list[Step], undone: frozenset[int]) -> None:
    kept_true(story, new_district, undone)


@pytest.mark.long
@given(story=st.booleans().flatmap(lambda calm: stories(nights=6, calm=calm)), undone=UNDONE)
@LONG
def test_the_counts_are_true_in_many_stories(new_district: Make, story: list[Step], undone: frozenset[int]) -> None:
    kept_true(story, new_district, undone)
