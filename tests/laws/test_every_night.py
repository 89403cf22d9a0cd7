"""Laws of every night (policies.md, Access, R-U3, R-U4, R-G2, R-F6; every change is reported), in made-up stories."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.laws.every_night import live
from tests.laws.stories import Step
from tests.laws.test_laws import LONG, QUICK, Make, new_district, stories

__all__ = ["new_district"]


@given(story=st.booleans().flatmap(lambda calm: stories(nights=4, calm=calm)))
@QUICK
def test_no_night_does_what_none_may(new_district: Make, story: list[Step]) -> None:
    live(story, new_district)


@pytest.mark.long
@given(story=st.booleans().flatmap(lambda calm: stories(nights=8, calm=calm)))
@LONG
def test_no_night_of_many_does_what_none_may(new_district: Make, story: list[Step]) -> None:
    live(story, new_district)
