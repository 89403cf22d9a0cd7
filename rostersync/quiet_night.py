"""Tells a night in which nothing changed before anything is read; `repeating` records and reports it all the same.

Where files, settings, program and the dates that rules go by are those of the last applied run, and nothing else has
written to the state since, the night would decide what is there already (policies.md R-A1).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rostersync import __version__
from rostersync.errors import RosterSyncError
from rostersync.model.inputs import INPUTS, InputFile, Inputs
from rostersync.settings import Settings

if TYPE_CHECKING:
    from rostersync.model.delivery import Delivery, Listing
    from rostersync.model.roster import Roster

_SETTLED = 60
"""Seconds that a server's file must not have changed for before its time is taken for a sign."""


@dataclass(frozen=True)
class Standing:
    """The last applied run, which tonight repeats: its summary, and the facts of the state that it left."""

    run_id: str
    summary: dict[str, Any]
    meta: dict[str, str]
    inputs: Inputs


def inputs_of(settings: Settings, delivery: Delivery, roster: Roster, started_at: datetime) -> Inputs | None:
    """What this night is decided from; None where a later one cannot be told to be the same."""
    from rostersync.importers.enrollments import next_end
    from rostersync.sources.content import digests

    today = started_at.astimezone(settings.district.zone).date()
    if roster.users is None or roster.classes is None or roster.enrollments is None:
        return None
    if "delta" in roster.modes.values() or roster.unreadable:
        return None
    dated = [each for each in (roster.enrollments, roster.unresolved, roster.spare_enrollments) if each is not None]
    found = [next_end(each, today) for each in dated]
    if roster.unread is not None:
        found.append(roster.unread.next_end(today))
    ends = [end for end in found if end is not None]
    fast = digests([file.path for file in delivery.files])
    return Inputs(
        version=__version__,
        settings_digest=settings.digest(),
        files=tuple(
            InputFile(file.name, file.size, file.digest, xxh3) for file, xxh3 in zip(delivery.files, fast, strict=True)
        ),
        since=today,
        until=min(ends, default=None),
        listing=_settled(delivery.listing, started_at),
    )


def _settled(listing: Listing | None, started_at: datetime) -> Listing | None:
    """A listing by which a later change can be told: a server's times have no parts of a second, or of two."""
    if listing is None or any(modified > started_at.timestamp() - _SETTLED for _, _, modified in listing):
        return None
    return listing


def known_listing(settings: Settings, source: Path | None, now: datetime) -> Listing | None:
    """What a server said of the files of the last applied run, where tonight repeats it if it says the same."""
    if source is not None or settings.source.kind != "sftp":
        return None
    standing = _standing(settings, now)
    return None if standing is None else standing.inputs.listing


def in_folder(settings: Settings, source: Path | None, now: datetime) -> Standing | None:
    """The run that tonight repeats, where the files lie in a folder of this machine; they are not copied."""
    if source is None and settings.source.kind == "folder":
        source = Path(str(settings.source.path))
    if source is None or not source.is_dir():
        return None
    standing = _standing(settings, now)
    return standing if standing is not None and _lies_in(source, standing.inputs) else None


def delivered(settings: Settings, delivery: Delivery, now: datetime) -> Standing | None:
    """The run that tonight repeats, where the files were fetched."""
    standing = _standing(settings, now)
    if standing is None or delivery.unchanged:
        return standing
    found = {(file.name, file.size, file.digest) for file in delivery.files}
    same = found == {(file.name, file.size, file.sha256) for file in standing.inputs.files}
    return standing if same else None


def _lies_in(folder: Path, inputs: Inputs) -> bool:
    """Whether a folder holds these files and no other CSV file; what cannot be told so is looked at the long way."""
    from rostersync.sources.content import digests
    from rostersync.sources.folder import list_folder

    try:
        listing = list_folder(folder)
        found = [(file.path.name, file.size) for file in listing.csv_files]
        if found != [(file.name, file.size) for file in inputs.files]:
            return False
        read = digests([file.path for file in listing.csv_files])
        return read == [file.xxh3 for file in inputs.files] and list_folder(folder) == listing
    except (OSError, RosterSyncError):
        return False


def _standing(settings: Settings, now: datetime) -> Standing | None:
    """The last applied run, where nothing but the files can differ from what it was decided from."""
    from rostersync.policies.delivery import unchanged_too_long
    from rostersync.state.connection import reading

    with reading(settings.state.path) as connection:
        meta = dict(connection.execute("SELECT key, value FROM meta").fetchall())
        last = connection.execute(
            "SELECT run_id, status, generation, undoes, summary FROM runs WHERE applied ORDER BY number DESC LIMIT 1"
        ).fetchone()
        inputs = Inputs.of_text(meta.get(INPUTS))
        if inputs is None or last is None:
            return None
        run_id, status, generation, undoes, summary = last
        same = (
            (status, undoes) == ("applied", None)
            and _untouched(generation, meta)
            and _decides_the_same(inputs, settings, now.astimezone(settings.district.zone).date())
            and unchanged_too_long(meta, now, settings) is None
        )
        return Standing(run_id, json.loads(summary), meta, inputs) if same and summary else None


def _untouched(generation: int, meta: Mapping[str, str]) -> bool:
    """Whether nothing was written since the run that left this generation: no edit, no acceptance."""
    return str(generation) == meta["generation"]


def _decides_the_same(inputs: Inputs, settings: Settings, today: date) -> bool:
    return (inputs.version, inputs.settings_digest) == (__version__, settings.digest()) and inputs.holds_on(today)
