"""Whether a delta set follows on what was applied: each tells only what changed since the set before (R-V5)."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from rostersync.errors import ImportRefused
from rostersync.model.last_import import TABLES

if TYPE_CHECKING:
    from rostersync.model.delivery import Delivery

BASED_ON, INCLUDE = "based_on", "included"
"""Facts of the state: the last applied run that was a bulk set or a delta set; `schools.include` of the bulk set."""

_PARTS = (*TABLES, "roles", "profiles", "academic_sessions")
_ASK = "Nothing was changed. Have the SIS export a bulk set (all files whole)."


def refuse_without_base(
    delivery: Delivery,
    modes: Mapping[str, str],
    meta: Mapping[str, str],
    runs: Iterable[tuple[str, str, str]],
    include: Collection[str],
) -> None:
    """Refuse a delta set that does not follow on the import that the state holds.

    `runs` are `run_id`, `status` and `summary` of the run named by BASED_ON and of all later ones. A run that applied
    nothing breaks the chain (paused, stopped, refused; failed, if it had files), and so does one that was taken back,
    unless the set it saw is the one that comes again now.

    Raises:
        ImportRefused: no bulk set was applied yet, or one in between was skipped, or `schools.include` changed.
    """
    if not _is_delta(modes):
        return
    if not meta.get(BASED_ON):
        raise ImportRefused(f"{delivery.source} is a delta set, and no bulk set was applied that it follows on. {_ASK}")
    if meta.get(INCLUDE) != _included(include):
        raise ImportRefused(
            f"{delivery.source} is a delta set, and schools.include changed since the last bulk set, so that rows of "
            f"schools left out then are not known. {_ASK}"
        )
    tonight = {(file.name.lower(), file.digest) for file in delivery.files}
    for run_id, status, summary in runs:
        if _breaks(status, _files(summary), tonight, based=run_id == meta[BASED_ON]):
            raise ImportRefused(
                f"{delivery.source} is a delta set, and run {run_id} ({status}) did not apply what came before it. "
                f"{_ASK}"
            )


def _breaks(status: str, seen: set[tuple[str, str]], tonight: set[tuple[str, str]], *, based: bool) -> bool:
    if status == "undone":  # taken back: the same set brings the night again, another one does not follow
        return based or seen != tonight
    if based:
        return False
    if status == "failed":  # a source that could not be reached is tried again; a set that was read and lost is not
        return bool(seen) and seen != tonight
    return status in {"paused", "stopped", "refused"} and seen != tonight


def chain_facts(
    modes: Mapping[str, str], meta: Mapping[str, str], run_id: str, include: Collection[str]
) -> dict[str, str]:
    """What the state has to remember of tonight's set, so that later deltas know what they follow on."""
    if all(modes.get(table) == "bulk" for table in TABLES):
        return {BASED_ON: run_id, INCLUDE: _included(include)}
    if _is_delta(modes):
        return {BASED_ON: run_id}
    if meta.get(BASED_ON) and meta.get(INCLUDE) != _included(include):
        return {BASED_ON: ""}  # rows that other schools brought in are gone from the base now
    return {}


def same_schools(meta: Mapping[str, str], include: Collection[str]) -> bool | None:
    """Whether the same schools take part as in the last bulk set; None where the state does not tell."""
    return meta[INCLUDE] == _included(include) if INCLUDE in meta else None


def seen_files(delivery: Delivery) -> dict[str, Any]:
    """The files of a set, for the summary of a run that does not apply it: as in summary.json."""
    files = [{"name": file.name, "size": file.size, "digest": file.digest} for file in delivery.files]
    return {"name": delivery.source, "files": files}


def _files(summary: str) -> set[tuple[str, str]]:
    source = json.loads(summary).get("source")
    files = source.get("files", ()) if isinstance(source, dict) else ()
    return {(str(file["name"]).lower(), str(file["digest"])) for file in files}


def _is_delta(modes: Mapping[str, str]) -> bool:
    return any(modes.get(part) == "delta" for part in _PARTS)


def _included(include: Collection[str]) -> str:
    return json.dumps(sorted(include))
