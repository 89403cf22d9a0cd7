"""What a night was decided from, so that a later one can tell that nothing of it changed."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from rostersync.model.delivery import Listing

INPUTS = "inputs"
"""The fact of the state that holds it; blank where the night cannot be told so."""


@dataclass(frozen=True)
class InputFile:
    """A file of the delivery: bytes, sha256 and XXH3 (128 bits), both in hex."""

    name: str
    size: int
    sha256: str
    xxh3: str


@dataclass(frozen=True)
class Inputs:
    """Program, settings, files and dates.

    With the same ones, and a state that nothing but this night has written since, another night decides the same.
    `since`, `until`: from the first of these days to the one before the second (None: for ever) no rule says otherwise
    because of the date.
    """

    version: str
    settings_digest: str
    files: tuple[InputFile, ...]
    since: date
    until: date | None
    listing: Listing | None = None
    """What the server said of these files; None where they did not come from one, or it does not tell enough."""

    def holds_on(self, day: date) -> bool:
        """Whether the rules decide on this day as they did."""
        return self.since <= day and (self.until is None or day < self.until)

    def to_text(self) -> str:
        """As the state keeps it."""
        return json.dumps(asdict(self), default=date.isoformat, sort_keys=True)

    @classmethod
    def of_text(cls, text: str | None) -> Inputs | None:
        """What the state keeps; None where it keeps nothing that can be used."""
        try:
            kept = json.loads(text or "null")
            return cls(
                version=str(kept["version"]),
                settings_digest=str(kept["settings_digest"]),
                files=tuple(InputFile(**file) for file in kept["files"]),
                since=date.fromisoformat(kept["since"]),
                until=None if kept["until"] is None else date.fromisoformat(kept["until"]),
                listing=_listing(kept.get("listing")),
            )
        except (ValueError, TypeError, KeyError):
            return None


def _listing(kept: list[list[Any]] | None) -> Listing | None:
    return None if kept is None else tuple((str(name), int(size), int(modified)) for name, size, modified in kept)


def inputs_fact(tonight: Inputs | None, kept: str | None) -> dict[str, str]:
    """The fact after a night; one that said the same before stays as it is, its days among it."""
    before = Inputs.of_text(kept)
    if tonight is None:
        return {INPUTS: ""}
    if (
        before is not None
        and before.holds_on(tonight.since)
        and (before.version, before.settings_digest, before.files, before.listing)
        == (tonight.version, tonight.settings_digest, tonight.files, tonight.listing)
    ):
        return {}
    return {INPUTS: tonight.to_text()}
