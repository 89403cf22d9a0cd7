"""Looks for damage in the state's file and for what breaks the rules in it; reading only, ids only."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from rostersync.errors import StateError
from rostersync.state import record_counts
from rostersync.state.connection import reading
from rostersync.state.invariants import INVARIANTS
from rostersync.state.pages import dangling, pages
from rostersync.state.unusable import unusable
from rostersync.state.views import VIEWS

SHOWN = 20
"""So many ids are given for each check; the count is of all."""


@dataclass(frozen=True)
class Checked:
    """One check: its `name`, the `rule` and what it `says`; how many break it, and the first SHOWN of their ids."""

    name: str
    rule: str
    says: str
    count: int = 0
    ids: tuple[str, ...] = ()


def check(path: Path) -> list[Checked]:
    """Every check of the state, on one consistent snapshot of it, usable while a sync runs.

    Raises:
        StateError: the state is missing, empty, foreign, of a newer version, or its pages are damaged.
    """
    with reading(path) as connection:
        damage = pages(connection)
        if damage:
            raise StateError(
                f"{path} is damaged ({damage}); nothing was changed; stop the schedule and restore the newest good "
                "backup: rostersync state restore FILE"
            )
        return [
            Checked("pages", "", "every page of the file can be read, every index agrees with its table"),
            _checked(
                "schema", "", "the views are those of this version, and no trigger is there", _foreign(connection)
            ),
            _checked("references", "", "no row refers to one that is not there", dangling(connection)),
            _checked(
                "values",
                "",
                "every fact, run and waiting row is one that a rostersync can have written",
                unusable(connection, whole=True),
            ),
            *(broken(connection)),
            _checked("counts", "R-D1", "the counts that guards use equal a recount", _miscounted(connection)),
        ]


def broken(connection: sqlite3.Connection) -> list[Checked]:
    """The rules, and what breaks them in this state (state/invariants.py)."""
    return [_checked(each.name, each.rule, each.says, _ids(connection, each.query)) for each in INVARIANTS]


def _ids(connection: sqlite3.Connection, query: str) -> list[str]:
    return [str(row[0]) for row in connection.execute(query)]


def _checked(name: str, rule: str, says: str, ids: Iterable[str]) -> Checked:
    found = sorted(ids)
    return Checked(name, rule, says, len(found), tuple(found[:SHOWN]))


def _foreign(connection: sqlite3.Connection) -> list[str]:
    """Views that are not as this version makes them, and triggers, which no version makes."""
    rows = connection.execute("SELECT type, name, sql FROM sqlite_master WHERE type IN ('view', 'trigger')").fetchall()
    stored = {(kind, name): " ".join(sql.split()) for kind, name, sql in rows}
    own = {("view", name): " ".join(definition.split()) for name, definition in VIEWS.items()}
    return [
        f"{kind} {name}"
        for (kind, name) in stored.keys() | own.keys()
        if stored.get((kind, name)) != own.get((kind, name))
    ]


def _miscounted(connection: sqlite3.Connection) -> list[str]:
    """Kinds at schools whose kept count is not that of a recount; none where no count is kept: the next sync counts."""
    if not record_counts.stand(connection):
        return []
    try:
        kept, counted = record_counts.kept(connection), record_counts.recount(connection)
    except StateError:  # a school's id is no text, as "values" says
        return ["everything"]
    return [
        f"{kind}@{school}"
        for kind, school in kept.keys() | counted.keys()
        if kept.get((kind, school), 0) != counted.get((kind, school), 0)
    ]
