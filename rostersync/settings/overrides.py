"""What a person lets through the guards for one run: `--override-guards WHAT` (contract.md, Commands)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import get_args

from rostersync.errors import ConfigurationError
from rostersync.settings.guards import GuardKind
from rostersync.settings.mistakes import nearest

KINDS = (*get_args(GuardKind), "contacts")
"""The kinds that may be let through; `guardianships` both those that end and new ones (R-D1, R-D5)."""
EVERYTHING = "all"


@dataclass(frozen=True)
class Overrides:
    """What is let through: everything, whole kinds, kinds at single schools (kind, school id)."""

    everything: bool = False
    kinds: frozenset[str] = frozenset()
    at_schools: frozenset[tuple[str, str]] = frozenset()

    def lets_through(self, kind: str, school_id: str) -> bool:
        """Whether the guard of this kind at this school is lifted."""
        return self.everything or kind in self.kinds or (kind, school_id) in self.at_schools

    @property
    def words(self) -> tuple[str, ...]:
        """What `parse` makes this of, in order of the alphabet."""
        at_schools = (f"{kind}@{school_id}" for kind, school_id in self.at_schools)
        return tuple(sorted([*([EVERYTHING] if self.everything else []), *self.kinds, *at_schools]))

    @property
    def lift_missing_users(self) -> bool:
        """Whether a users file in which most people are missing is let through (policies.md R-D7).

        The file is that of all schools: a kind at one school does not let it through.
        """
        return self.everything or not self.kinds.isdisjoint(("students", "guardians", "staff"))

    def names_any(self, kinds: Iterable[str]) -> bool:
        """Whether one of these kinds is let through, if only at a school."""
        named = self.kinds | {kind for kind, _ in self.at_schools}
        return self.everything or not named.isdisjoint(kinds)

    @property
    def school_ids(self) -> set[str]:
        """The schools that are named."""
        return {school_id for _, school_id in self.at_schools}


NO_OVERRIDES = Overrides()


def parse(words: Sequence[str]) -> Overrides:
    """The overrides that these words name: `all`, `KIND` or `KIND@SCHOOL`.

    Raises:
        ConfigurationError: a word is none of these.
    """
    kinds, at_schools = set(), set()
    for word in words:
        kind, at, school_id = word.partition("@")
        if word == EVERYTHING:
            continue
        if kind not in KINDS or (at and not school_id):
            hint = nearest(kind, [EVERYTHING, *KINDS])
            raise ConfigurationError(
                f"--override-guards: {word!r} is neither all, a kind ({', '.join(KINDS)}) nor KIND@SCHOOL-ID; "
                f"the nearest is {hint}; nothing was changed"
            )
        if at:
            at_schools.add((kind, school_id))
        else:
            kinds.add(kind)
    return Overrides(EVERYTHING in words, frozenset(kinds), frozenset(at_schools))
