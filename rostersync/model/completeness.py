"""Whether the files of a night are all there and whole, before anybody is taken for gone."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import polars as pl

Word = Literal["complete", "doubtful", "incomplete"]

LAST_DELIVERIES = "last_deliveries"
"""Fact of the state's meta: JSON, the FileFacts of the last applied deliveries, oldest first."""

REMEMBERED = 6
"""So many deliveries are remembered: five that tell what is usual, and the one that is looked at once more."""


@dataclass(frozen=True)
class FileFacts:
    """What a file says of how it came here, beside its contents.

    `ended`: it ends with a line break. `modified`: seconds since 1970, None where the source does not tell.
    """

    ended: bool
    modified: int | None


@dataclass(frozen=True)
class DeliveryFacts:
    """One delivery: its `digest`, and its files by name in lower case.

    `still_named`: how many users and classes of the import before it were missing while its other rows named them; None
    where nobody could tell.
    """

    digest: str
    files: Mapping[str, FileFacts]
    still_named: int | None = None


@dataclass(frozen=True)
class Verdict:
    """What is thought of a delivery, and why: one sentence each, ids and names of files only.

    Nobody is removed because of a delivery that is not complete. `of_absent`: that rows are missing is among the
    reasons; `never_so`: as none were in the last deliveries. `still_named`: see DeliveryFacts.
    """

    word: Word = "complete"
    reasons: tuple[str, ...] = ()
    of_absent: bool = False
    never_so: bool = False
    still_named: int | None = None


COMPLETE = Verdict()


@dataclass(frozen=True)
class LastRows:
    """Ids of the users and classes of the last applied import, those among them that the base keeps.

    In the order of its files, where `user_lines` and `class_lines` are None; else these are the lines in which they
    stood when they were last written, null where that is not known.
    """

    users: pl.Series
    classes: pl.Series
    user_lines: pl.Series | None = None
    class_lines: pl.Series | None = None

    def of(self, table: str) -> tuple[pl.Series, pl.Series | None]:
        """Ids of a table, users or classes, and the lines."""
        return (self.users, self.user_lines) if table == "users" else (self.classes, self.class_lines)


def deliveries_of(text: str | None) -> tuple[DeliveryFacts, ...]:
    """What the state remembers, oldest first; nothing where it cannot be read."""
    try:
        return tuple(
            DeliveryFacts(
                str(kept["digest"]),
                {name: _file(facts) for name, facts in kept["files"].items()},
                None if kept.get("still_named") is None else int(kept["still_named"]),
            )
            for kept in json.loads(text or "[]")
        )
    except (ValueError, TypeError, KeyError, AttributeError):
        return ()


def _file(facts: list[Any]) -> FileFacts:
    ended, modified = facts
    return FileFacts(bool(ended), None if modified is None else int(modified))


def with_tonight(known: tuple[DeliveryFacts, ...], tonight: DeliveryFacts) -> dict[str, str]:
    """LAST_DELIVERIES after tonight; the same files once more are no other delivery."""
    if known and known[-1].digest == tonight.digest:
        return {}
    kept = (*known, tonight)[-REMEMBERED:]
    told = [
        {
            "digest": each.digest,
            "files": {name: [file.ended, file.modified] for name, file in each.files.items()},
            "still_named": each.still_named,
        }
        for each in kept
    ]
    return {LAST_DELIVERIES: json.dumps(told, sort_keys=True)}
