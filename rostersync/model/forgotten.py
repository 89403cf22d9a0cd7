"""Who is to be forgotten, and what was erased of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

ERASED = "[forgotten]"
"""In the place of something of theirs in what is said of somebody else."""


@dataclass(frozen=True)
class FormerPerson:
    """A person who left: all their records, the accounts that serve nobody else, and the contacts they ever had.

    `names`: given and family names that they ever had. `others`: users on an account that once served this person too,
    who was linked to them and unlinked; `shared`: those accounts.
    """

    ids: tuple[str, ...]
    accounts: tuple[int, ...]
    contacts: frozenset[str]
    names: frozenset[str] = frozenset()
    others: tuple[str, ...] = ()
    shared: tuple[int, ...] = ()


@dataclass(frozen=True)
class TheirsAlone:
    """What nobody else in the state has, each longest first.

    `contacts` are struck out wherever they are said, `names` only in what is said of `others`: names are common.
    """

    contacts: tuple[str, ...]
    names: tuple[str, ...] = ()
    others: tuple[str, ...] = ()


@dataclass
class Forgotten:
    """What was erased: rows per table of the state, reports written again and reports removed, by run.

    `copies`: copies of the state, and plans, that may still hold the person. `before`: when they had been
    forgotten already.
    """

    ids: tuple[str, ...]
    rows: dict[str, int] = field(default_factory=dict)
    rewritten: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    copies: list[Path] = field(default_factory=list)
    before: str | None = None
