"""What may be let past the guards for one run: `all`, `KIND` or `KIND@SCHOOL` (contract.md, Commands)."""

from __future__ import annotations

from collections.abc import Iterable

ALL = "all"
OVERRIDE_KINDS = ("students", "guardians", "staff", "classes", "enrollments", "guardianships", "contacts")


def parse_overrides(words: Iterable[str]) -> tuple[str, ...]:
    """The words, each once, in order of the alphabet.

    Raises:
        ValueError: a word that lets nothing through.
    """
    parsed = set()
    for word in words:
        kind, at, school = word.partition("@")
        if not ((word == ALL) or (kind in OVERRIDE_KINDS and bool(school) == bool(at))):
            raise ValueError(
                f"{word!r} is none of all, KIND and KIND@SCHOOL; the kinds are {', '.join(OVERRIDE_KINDS)}"
            )
        parsed.add(word)
    return tuple(sorted(parsed))
