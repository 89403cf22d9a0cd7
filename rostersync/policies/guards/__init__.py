"""Decides a night and has the guards judge it, until nothing more has to be held (policies.md, *Guards*)."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING

from rostersync.model.decisions import Decisions
from rostersync.model.guards import Judgement
from rostersync.model.night import Night
from rostersync.policies import decide
from rostersync.policies.guards.judge import Judge, Totals

if TYPE_CHECKING:
    from rostersync.settings import Policy
    from rostersync.settings.guards import Guards
    from rostersync.settings.overrides import Overrides

__all__ = ["Totals", "decide_with_guards"]


def decide_with_guards(
    night: Night, policy: Policy, guards: Guards, overrides: Overrides, totals: Totals, names: Mapping[str, str]
) -> tuple[Decisions, Judgement]:
    """The decisions of a night with what guards hold, and what they say of it.

    What is held changes what else would go, so the rules decide again with it; every round only adds to what is held.
    `names`: names of schools by id, for the notes.
    """
    decisions = decide(night, policy)
    if not (night.users["known"].any() or night.classes["known"].any()):
        return decisions, Judgement(on_trip=guards.on_trip)  # a first load removes and changes nothing
    judge = Judge(night, guards, overrides, totals)
    while judge.holds_more(decisions):
        decisions = decide(dataclasses.replace(night, holds=judge.holds()), policy)
    return decisions, judge.judgement(decisions, names)
