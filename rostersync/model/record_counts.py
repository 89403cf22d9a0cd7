"""How many records of a kind each school has, and which records a run may have moved from one count to another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

KINDS = ("students", "staff", "guardians", "classes", "enrollments", "guardianships", "contacts")
"""What guards count (policies.md R-D1, R-D5)."""

Counts = Mapping[tuple[str, str], int]
"""(kind, school id, "" for those without a school) -> how many; nothing where there is none."""


@dataclass(frozen=True)
class Touched:
    """Records whose own row changes in what counts of it, new ones among them.

    What only follows from them (guardians of a student who moved, enrollments of a class that is archived) is not
    here: the state knows it. `users`: id, account id. `classes`: id. `pairs`: guardian id, student id. `members`: class
    id, and how many more current enrollments of the SIS it has afterwards.
    """

    users: Sequence[tuple[str, int]] = field(default=())
    classes: Sequence[tuple[str]] = field(default=())
    pairs: Sequence[tuple[str, str]] = field(default=())
    members: Sequence[tuple[str, int]] = field(default=())

    def __len__(self) -> int:
        return len(self.users) + len(self.classes) + len(self.pairs) + len(self.members)
