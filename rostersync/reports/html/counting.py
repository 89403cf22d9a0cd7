"""What the cards and charts count: changes in three groups, and what waits for a person."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from rostersync.model.notes import Action
from rostersync.reports.attention import WAITING

KINDS = ("students", "guardians", "staff", "classes", "enrollments", "guardianships")
"""What is counted, each record's rows once."""


@dataclass(frozen=True)
class Group:
    """Actions that a chart counts together, and what it calls them."""

    label: str
    actions: tuple[Action, ...]


GROUPS: Mapping[str, Group] = MappingProxyType(
    {
        "came": Group("Added", (Action.ADDED, Action.LINKED, Action.RESTORED)),
        "changed": Group("Updated", (Action.UPDATED,)),
        "gone": Group("Archived or ended", (Action.ARCHIVED, Action.REMOVED, Action.ENDED)),
        "waiting": Group("Held or not added", WAITING),
    }
)
"""Group -> what it counts. `kept` is in none: it is said every night of the same records."""

CHANGES = (*GROUPS["came"].actions, *GROUPS["changed"].actions, *GROUPS["gone"].actions)
"""Actions that change what people see."""


def total(counts: Mapping[str, Mapping[str, int]], group: str) -> int:
    """Rows of a group over all kinds, of the `counts` of a summary."""
    actions = GROUPS[group].actions
    return sum(counts.get(kind, {}).get(action, 0) for kind in KINDS for action in actions)
