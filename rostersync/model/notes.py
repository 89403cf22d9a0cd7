"""What a report says about a record: actions, codes and the wording of their notes (contract.md, Reports).

The wording lives here once. `note` makes one text; `pieces` hands the same wording to code that builds notes
for whole columns; `FIXED_NOTES` are the texts without values.
"""

from __future__ import annotations

import string
from collections.abc import Iterable, Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Any, NamedTuple

BLANK = "none"
"""How a blank value is written in a note."""

LIST_SEPARATOR = "; "
"""Between the repeated parts of SIS_UPDATE, UNDONE and NO_UNIQUE_CREDENTIAL."""

CHANGE = "{field} {before} -> {after}"
"""One repeated part of SIS_UPDATE and UNDONE."""

HOLDER = "{value} belongs to {id}"
"""One repeated part of NO_UNIQUE_CREDENTIAL."""


class Action(StrEnum):
    """What a run did with a record, or would not do."""

    ADDED = "added"
    LINKED = "linked"
    UPDATED = "updated"
    KEPT = "kept"
    WITHHELD = "withheld"
    ARCHIVED = "archived"
    REMOVED = "removed"
    ENDED = "ended"
    RESTORED = "restored"
    HELD = "held"
    REJECTED = "rejected"


class Code(StrEnum):
    """Why: the word in the `code` column, one per kind of note."""

    NEW = "NEW"
    SAME_PERSON = "SAME_PERSON"
    SIS_UPDATE = "SIS_UPDATE"
    ACTIVE_EMAIL_KEPT = "ACTIVE_EMAIL_KEPT"
    ACTIVE_PHONE_KEPT = "ACTIVE_PHONE_KEPT"
    ACTIVE_NAME_KEPT = "ACTIVE_NAME_KEPT"
    BLANK_KEPT = "BLANK_KEPT"
    CREDENTIAL_TAKEN = "CREDENTIAL_TAKEN"
    LINKED_RECORD_DIFFERS = "LINKED_RECORD_DIFFERS"
    NO_UNIQUE_CREDENTIAL = "NO_UNIQUE_CREDENTIAL"
    NO_STUDENT = "NO_STUDENT"
    LEFT_SIS = "LEFT_SIS"
    FAMILY_LEFT = "FAMILY_LEFT"
    GUARDIAN_LEFT = "GUARDIAN_LEFT"
    RETURNED = "RETURNED"
    CLASS_STAYS_ARCHIVED = "CLASS_STAYS_ARCHIVED"
    TITLE_KEPT = "TITLE_KEPT"
    GUARD_HELD = "GUARD_HELD"
    ENROLLMENT_ENDED = "ENROLLMENT_ENDED"
    GUARDIANSHIP_ENDED = "GUARDIANSHIP_ENDED"
    REJECTED_ROW = "REJECTED_ROW"
    UNREADABLE_ROWS = "UNREADABLE_ROWS"
    INCOMPLETE_DELIVERY = "INCOMPLETE_DELIVERY"
    UNDONE = "UNDONE"
    ADDED_UNDONE = "ADDED_UNDONE"
    EDIT_STANDS = "EDIT_STANDS"
    ADDED_STANDS = "ADDED_STANDS"
    NOT_RESTORED = "NOT_RESTORED"
    MESSAGE_SENT = "MESSAGE_SENT"


NIGHTLY = frozenset(
    {
        Code.ACTIVE_EMAIL_KEPT,
        Code.ACTIVE_PHONE_KEPT,
        Code.ACTIVE_NAME_KEPT,
        Code.BLANK_KEPT,
        Code.CREDENTIAL_TAKEN,
        Code.LINKED_RECORD_DIFFERS,
        Code.CLASS_STAYS_ARCHIVED,
        Code.TITLE_KEPT,
    }
)
"""Codes that are said of known records every night while the cause lasts (contract.md, Reports)."""


class _Entry(NamedTuple):
    actions: tuple[Action, ...]
    template: str


_ENTRIES: Mapping[Code, _Entry] = MappingProxyType(
    {
        Code.NEW: _Entry((Action.ADDED,), "New in the SIS import."),
        Code.SAME_PERSON: _Entry((Action.LINKED,), "Same person as {id}; one account serves both."),
        Code.SIS_UPDATE: _Entry((Action.UPDATED,), "Updated from the SIS: {changes}"),
        Code.ACTIVE_EMAIL_KEPT: _Entry(
            (Action.KEPT,), "Active user has a new email in the SIS import - {platform_email}."
        ),
        Code.ACTIVE_PHONE_KEPT: _Entry(
            (Action.KEPT,), "Active user has a new phone number in the SIS import - {platform_mobile}."
        ),
        Code.ACTIVE_NAME_KEPT: _Entry(
            (Action.KEPT,), "Active user has a new name in the SIS import - {platform_name}."
        ),
        Code.BLANK_KEPT: _Entry((Action.KEPT,), "The SIS import has no {field}; kept {value}."),
        Code.CREDENTIAL_TAKEN: _Entry((Action.KEPT,), "{field} {value} in the SIS import belongs to {id}; not stored."),
        Code.LINKED_RECORD_DIFFERS: _Entry(
            (Action.KEPT,), "{field} differs from {id}, the leading record of the same account."
        ),
        Code.NO_UNIQUE_CREDENTIAL: _Entry(
            (Action.WITHHELD,), "Guardian not added: no unique contact credential{holders}"
        ),
        Code.NO_STUDENT: _Entry((Action.WITHHELD,), "Guardian not added: no student of theirs in the SIS import."),
        Code.LEFT_SIS: _Entry((Action.ARCHIVED,), "No longer in the SIS import."),
        Code.FAMILY_LEFT: _Entry((Action.ARCHIVED, Action.REMOVED), "Family no longer in the SIS import ({mode})."),
        Code.GUARDIAN_LEFT: _Entry((Action.ARCHIVED,), "Guardian no longer in the SIS import."),
        Code.RETURNED: _Entry((Action.RESTORED,), "Back in the SIS import."),
        Code.CLASS_STAYS_ARCHIVED: _Entry((Action.KEPT,), "Back in the SIS import; stays archived by policy."),
        Code.TITLE_KEPT: _Entry((Action.KEPT,), "Title edited here; the SIS import says {sis_title}."),
        Code.GUARD_HELD: _Entry(
            (Action.HELD,),
            "{what} held: {kind} at {school} would {verb} {count} of {total} (limit {limit}).",
        ),
        Code.ENROLLMENT_ENDED: _Entry((Action.ENDED,), "No longer in the SIS import."),
        Code.GUARDIANSHIP_ENDED: _Entry((Action.ENDED,), "No longer in the SIS import."),
        Code.REJECTED_ROW: _Entry((Action.REJECTED,), "Row rejected: {message}; {outcome}."),
        Code.UNREADABLE_ROWS: _Entry((Action.HELD,), "Removal held: {file} has rows whose sourcedId cannot be read."),
        Code.INCOMPLETE_DELIVERY: _Entry((Action.HELD,), "Removal held: the delivery is {verdict}: {why}."),
        Code.UNDONE: _Entry(
            (Action.UPDATED, Action.RESTORED, Action.ARCHIVED, Action.REMOVED, Action.ENDED),
            "Run {run} taken back: {changes}",
        ),
        Code.ADDED_UNDONE: _Entry((Action.REMOVED,), "Added by run {run}, which was taken back."),
        Code.EDIT_STANDS: _Entry((Action.KEPT,), "{field} was changed here after run {run}; stays {value}."),
        Code.ADDED_STANDS: _Entry((Action.KEPT,), "Added by run {run} and {reason} since; stays."),
        Code.NOT_RESTORED: _Entry((Action.KEPT,), "{field} {value} belongs to {id} by now; not given back."),
        Code.MESSAGE_SENT: _Entry((Action.KEPT,), "A message of run {run} was sent already ({template}, {channel})."),
    }
)

REJECTED_KNOWN = "the record keeps its last good values"
REJECTED_NEW = "new, and not added until the row is correct"
"""The `outcome` of REJECTED_ROW, for records that are known and those that are not."""

GUARD_VERBS: Mapping[str, str] = MappingProxyType({"Removal": "lose", "Addition": "gain", "Change": "change"})
"""What GUARD_HELD holds (`what`) -> its `verb`."""

FAMILY_MODES = ("soft", "extreme")
"""The `mode` of FAMILY_LEFT: soft archives, extreme removes (policies.md R-F1, R-F2)."""


def actions_of(code: Code) -> tuple[Action, ...]:
    """The actions a row with this code may have: one, but for FAMILY_LEFT and UNDONE."""
    return _ENTRIES[code].actions


def action_of(code: Code, *, mode: str = "soft") -> Action:
    """The action of a row with this code; `mode` decides only for FAMILY_LEFT, and of UNDONE it is the plain one."""
    actions = _ENTRIES[code].actions
    return actions[FAMILY_MODES.index(mode)] if code is Code.FAMILY_LEFT else actions[0]


def template(code: Code) -> str:
    """The wording of a code, values as `{name}`."""
    return _ENTRIES[code].template


def pieces(code: Code) -> tuple[tuple[str, str | None], ...]:
    """The wording as (literal text, name of the value after it or None), to build whole columns of notes."""
    return tuple((literal, name) for literal, name, _, _ in string.Formatter().parse(template(code)))


FIXED_NOTES: Mapping[Code, str] = MappingProxyType(
    {code: template(code) for code in Code if all(name is None for _, name in pieces(code))}
)
"""The texts of the codes whose note holds no value."""


def shown(value: object) -> str:
    """A value as a note shows it: `none` where it is blank."""
    text = "" if value is None or value != value else str(value)  # noqa: PLR0124 - pandas' missing is not itself
    return text if text.strip() else BLANK


def note(code: Code, **values: Any) -> str:
    """The note of one record.

    Values by code: SAME_PERSON `id`; SIS_UPDATE `changes`, (field, before, after) of each; ACTIVE_EMAIL_KEPT
    `platform_email`; ACTIVE_PHONE_KEPT `platform_mobile`; ACTIVE_NAME_KEPT `platform_name`; BLANK_KEPT
    `field` (email, mobile), `value`; CREDENTIAL_TAKEN `field`, `value`, `id`; LINKED_RECORD_DIFFERS `field`,
    `id`; NO_UNIQUE_CREDENTIAL `holders`, (value, id) of each, may be empty; FAMILY_LEFT `mode`; TITLE_KEPT
    `sis_title`; GUARD_HELD `what` (a key of GUARD_VERBS), `kind`, `school`, `count`, `total`, `limit`;
    REJECTED_ROW `message`, `outcome` (REJECTED_KNOWN, REJECTED_NEW); UNREADABLE_ROWS `file`;
    INCOMPLETE_DELIVERY `verdict`, `why`; UNDONE `run`, `changes` as SIS_UPDATE; ADDED_UNDONE `run`;
    EDIT_STANDS `field`, `run`, `value`; ADDED_STANDS `run`, `reason`; NOT_RESTORED `field`, `value`, `id`;
    MESSAGE_SENT `run`, `template`, `channel`.

    Raises:
        ValueError: a value is missing, or one is given that the note does not have.
    """
    given = _prepared(code, values)
    wanted = {name for _, name in pieces(code) if name is not None}
    if given.keys() != wanted:
        raise ValueError(f"note {code} needs {sorted(wanted)}, got {sorted(values)}")
    return template(code).format(**given)


def _prepared(code: Code, values: dict[str, Any]) -> dict[str, str]:
    """The values as texts: lists joined, the verb and the capital letter put in."""
    given = {name: shown(value) for name, value in values.items()}
    if code in {Code.SIS_UPDATE, Code.UNDONE} and "changes" in values:
        given["changes"] = _changes(values["changes"])
    elif code is Code.NO_UNIQUE_CREDENTIAL and "holders" in values:
        given["holders"] = _holders(values["holders"])
    elif code in {Code.CREDENTIAL_TAKEN, Code.NOT_RESTORED} and "field" in values:
        given["field"] = given["field"].capitalize()
    elif code is Code.GUARD_HELD and "what" in values:
        given["verb"] = GUARD_VERBS.get(values["what"], "")
        if not given["verb"]:
            raise ValueError(f"note {code}: what is one of {sorted(GUARD_VERBS)}, not {values['what']!r}")
    elif code is Code.FAMILY_LEFT and values.get("mode") not in FAMILY_MODES:
        raise ValueError(f"note {code}: mode is one of {FAMILY_MODES}")
    elif code is Code.REJECTED_ROW and "message" in values:
        given["message"] = given["message"].rstrip(". ")  # the sentence goes on
    return given


def _changes(changes: Iterable[tuple[str, object, object]]) -> str:
    texts = [CHANGE.format(field=field, before=shown(before), after=shown(after)) for field, before, after in changes]
    if not texts:
        raise ValueError(f"note {Code.SIS_UPDATE} or {Code.UNDONE} needs at least one change")
    return LIST_SEPARATOR.join(texts)


def _holders(holders: Iterable[tuple[object, object]]) -> str:
    return "".join(LIST_SEPARATOR + HOLDER.format(value=shown(value), id=shown(holder)) for value, holder in holders)
