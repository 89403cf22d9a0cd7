"""Who is to be forgotten, and what was erased of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class FormerPerson:
    """A person who left: all their records, the accounts that serve nobody else, and the contacts they ever had."""

    ids: tuple[str, ...]
    accounts: tuple[int, ...]
    contacts: frozenset[str]


@dataclass
class Forgotten:
    """What was erased: rows per table of the state, reports written again and reports removed, by run.

    `copies`: copies of the state that still hold the person. `before`: when they had been forgotten already.
    """

    ids: tuple[str, ...]
    rows: dict[str, int] = field(default_factory=dict)
    rewritten: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    copies: list[Path] = field(default_factory=list)
    before: str | None = None
