"""What `--override-guards` lets through for one run (contract.md, Commands)."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from rostersync.errors import ConfigurationError

EVERYTHING = "all"
PEOPLE_KINDS = ("students", "guardians", "staff")
OVERRIDE_KINDS = (*PEOPLE_KINDS, "classes", "enrollments", "guardianships", "contacts")


def checked(words: Iterable[str]) -> tuple[str, ...]:
    """The words as they were given, each once: `all`, KIND or KIND@SCHOOL.

    Raises:
        ConfigurationError: a word is none of these.
    """
    found = tuple(dict.fromkeys(words))
    for word in found:
        kind, separator, school = word.partition("@")
        if word != EVERYTHING and (kind not in OVERRIDE_KINDS or (separator and not school)):
            raise ConfigurationError(
                f"--override-guards {word!r} is no guard; nothing was changed; give {EVERYTHING}, a kind "
                f"({', '.join(OVERRIDE_KINDS)}) or a kind at one school, such as students@SCHOOL-ID"
            )
    return found


def lifts_missing_users(overrides: Collection[str]) -> bool:
    """Whether a users file in which most people are missing is let through (policies.md R-D7).

    The file is that of all schools: a kind at one school does not let it through.
    """
    return any(word in {EVERYTHING, *PEOPLE_KINDS} for word in overrides)
