"""What guards and rejected rows hold back of a record that is in the directory (policies.md R-D1, R-D2, R-D5, R-V3)."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING

from rostersync.explaining.rows import UNKNOWN, Explained, Place, Reason, named, shown
from rostersync.model.notes import Code

if TYPE_CHECKING:
    from rostersync.model.record import Waiting

_OF_THE_FILES = (Code.UNREADABLE_ROWS.value, Code.INCOMPLETE_DELIVERY.value)
"""Codes of what is held because the files are not whole."""

FILES = {"users": "users.csv", "classes": "classes.csv"}
BASE = MappingProxyType(
    {
        **{name: f"sis_{name}" for name in ("given_name", "family_name", "email", "sms", "title")},
        "phone": "sis_telephone",
        **{name: name for name in ("roles", "school_ids", "agents", "grades", "username", "identifier", "school_id")},
    }
)
"""Cell of a row that waits -> the column of the state with the SIS value that stands."""


def held_rows(waiting: Waiting | None, notes: Iterable[tuple[str, str]], status: str, other: Reason) -> list[Explained]:
    """What the last import says and the state does not reflect, and what stands of guards.

    `status` is how the record stands in the state; `other` the reason for a row without effect that nothing holds.
    """
    rows = []
    held = {text for code, text in notes if code == Code.GUARD_HELD.value}
    if waiting is not None:
        if waiting.code == Code.GUARD_HELD.value:
            held -= {waiting.notes}
        place = Place(FILES[waiting.kind], waiting.line, waiting.run)
        rows.append(Explained("waiting", "last row", status, None, _waits(waiting, other), place, waiting.run))
    rows += [Explained("waiting", "held", status, None, held_reason(text)) for text in sorted(held)]
    if waiting is None or waiting.code not in _OF_THE_FILES:
        told = sorted({note for note in notes if note[0] in _OF_THE_FILES})
        rows += [Explained("waiting", "held", status, None, _not_whole(code, text)) for code, text in told]
    return rows


def differing_cells(waiting: Waiting | None, base: Mapping[str, object], why: Reason) -> list[Explained]:
    """The cells of the last import's row that say something else than the state's SIS values."""
    if waiting is None or waiting.deleted or "rejected" in waiting.cells:
        return []
    place = Place(FILES[waiting.kind], waiting.line, waiting.run)
    pairs = [(cell, shown(base.get(column)), shown(waiting.cells.get(cell))) for cell, column in BASE.items()]
    return [
        Explained("row", f"in the last row, {cell}", before, tonight, why, place)
        for cell, before, tonight in pairs
        if cell in waiting.cells and before != tonight
    ]


def left_out(row: Explained, schools: Sequence[str], include: Sequence[str]) -> Explained:
    """R-V7: the status of a record none of whose schools takes part any more; it left as if gone from the SIS."""
    if not include or not schools or set(schools) & set(include) or row.platform in {"current", "active"}:
        return row
    reason = dataclasses.replace(
        row.reason,
        why=f"{row.reason.why} None of its schools ({named(schools)}) takes part now (schools.include, R-V7).",
        to_change=f"Name one of its schools in schools.include. {row.reason.to_change}",
    )
    return dataclasses.replace(row, reason=reason)


def undone_rows(undone: Iterable[tuple[str, str]]) -> list[Explained]:
    """Runs that changed the record and were taken back."""
    return [
        Explained(
            "run",
            run,
            "taken back",
            None,
            Reason(
                "Undo",
                f"Run {run} was taken back by run {undo}: what it changed here is as it was before.",
                "The next sync decides again by the files of then.",
            ),
            run=undo,
        )
        for run, undo in undone
    ]


def held_reason(text: str | None) -> Reason:
    """Which guard holds it, by its note: changes of contacts and new guardianships are those of R-D5."""
    what, _, kind = (text or "").partition(" held: ")
    by_change = what == "Change" or (what == "Addition" and kind.startswith("guardianships"))
    return Reason(
        "R-D5" if by_change else "R-D2",
        f"A guard held it. {text}" if text else "A guard held it.",
        "Check the files; if they are right: rostersync sync --override-guards, or other limits under [guards].",
    )


def findings(waiting: Waiting) -> str:
    """What is wrong with a rejected row, as issues.csv says it, to follow a sentence."""
    told = [
        f"{found['column']}: {found['message']}" if found.get("column") else str(found.get("message") or "")
        for found in waiting.cells.get("findings") or ()
    ]
    texts = told or ([waiting.notes] if waiting.notes else [])
    return "".join(f" {text.rstrip('.')}." for text in dict.fromkeys(texts) if text)


def _not_whole(code: str, text: str | None) -> Reason:
    """Why somebody stays of whom the files of the last night, which were not whole, say nothing."""
    if code == Code.UNREADABLE_ROWS.value:
        return Reason(
            "R-V3",
            "It is no longer in the import, and stays while the file has rows whose sourcedId cannot be read.",
            "Correct the rows that issues.csv lists.",
        )
    return Reason(
        "R-V3",
        f"It is no longer in the import, and stays while the files may not be complete. {text or ''}".rstrip(),
        "Have the files exported and delivered again; if they are right: rostersync sync --override-guards all.",
    )


def _waits(waiting: Waiting, other: Reason) -> Reason:
    if waiting.code == Code.GUARD_HELD.value:
        return held_reason(waiting.notes)
    if waiting.code in _OF_THE_FILES:
        return _not_whole(waiting.code, waiting.notes)
    if "rejected" in waiting.cells:
        return Reason(
            "R-V3",
            f"The row was rejected: the record keeps its last good values.{findings(waiting)}",
            "Correct the row in the SIS.",
        )
    return other


def without_effect(waiting: Waiting | None) -> Reason:
    """For a row of which the state does not say why it has no effect."""
    deleted = waiting is not None and waiting.deleted
    return Reason(
        UNKNOWN,
        ("It is no longer in the import, and stays" if deleted else "The last import's row has no effect")
        + "; the state does not say why.",
        "Run rostersync sync --dry-run and see what its report says of it.",
    )
