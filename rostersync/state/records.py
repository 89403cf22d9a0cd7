"""One record with what stands around it, for `explain` (model/record.py): reads, applies no rule."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rostersync.model.record import (
    Circle,
    ClassFacts,
    Event,
    Membership,
    Pair,
    PersonFacts,
    Waiting,
    WaitingFacts,
)

_PEOPLE = """
SELECT u.*, a.given_name, a.family_name, a.email, a.mobile, a.phone, a.state, a.disabled,
       added.run_id AS added_run, seen.run_id AS read_run
FROM users u JOIN accounts a ON a.account_id = u.account_id
LEFT JOIN runs added ON added.number = u.added_in LEFT JOIN runs seen ON seen.number = u.read_in
"""
_CLASSES = """
SELECT c.*, added.run_id AS added_run, seen.run_id AS read_run FROM classes c
LEFT JOIN runs added ON added.number = c.added_in LEFT JOIN runs seen ON seen.number = c.read_in
"""
_CREDENTIALS = ("email", "mobile")
_WAITING_VALUE = {
    "email": "json_extract(cells, '$.email')",
    "mobile": "coalesce(json_extract(cells, '$.sms'), json_extract(cells, '$.phone'))",
}
_OF_ACCOUNTS = ("given_name", "family_name", "email", "mobile", "phone", "state", "disabled")
"""Fields whose edits concern everybody on the account."""


class Records:
    """Reads single records; `connection` is on one consistent snapshot of the state."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        last = connection.execute("SELECT coalesce(max(generation), 0) FROM runs WHERE applied").fetchone()
        self._last_generation = int(last[0])

    def person(self, user_id: str) -> PersonFacts | None:
        """A user with everything around it, None where the state has no such user."""
        found = self._rows(f"{_PEOPLE} WHERE u.id = ?", user_id)
        if not found:
            return None
        account = found[0]["account_id"]
        sharing = tuple(
            str(row["id"]) for row in self._rows("SELECT id FROM users WHERE account_id = ? ORDER BY id", account)
        )
        circle = self._circle(sharing)
        return PersonFacts(
            id=user_id,
            sharing=sharing,
            circle=circle,
            notes=self._notes("users", user_id),
            memberships=self._memberships("user_id", user_id),
            access=tuple(
                str(row["school_id"])
                for row in self._rows(
                    "SELECT school_id FROM roster_access WHERE user_id = ? ORDER BY school_id", user_id
                )
            ),
            missing=self._missing("users"),
            waiting=self._waiting("users", user_id),
            undone=self._undone("users", user_id),
            waiting_enrollments=self._waiting_enrollments("user_id", user_id),
        )

    def school_class(self, class_id: str) -> ClassFacts | None:
        """A class with its enrollments, None where the state has no such class."""
        found = self._rows(f"{_CLASSES} WHERE c.id = ?", class_id)
        if not found:
            return None
        memberships = self._memberships("class_id", class_id)
        people = self._people({str(member.row["user_id"]) for member in memberships})
        circle = Circle(people, {user_id: self._events("users", user_id) for user_id in people}, (), {}, {})
        return ClassFacts(
            row=found[0],
            events=self._events("classes", class_id),
            notes=self._notes("classes", class_id),
            memberships=memberships,
            circle=circle,
            missing=self._missing("classes"),
            waiting=self._waiting("classes", class_id),
            undone=self._undone("classes", class_id),
            waiting_enrollments=self._waiting_enrollments("class_id", class_id),
        )

    def waiting(self, record_id: str) -> list[WaitingFacts]:
        """What only the last import knows under this id: a user, a class, or both."""
        found = (self._waiting(kind, record_id) for kind in ("users", "classes"))
        return [self._waiting_facts(row) for row in found if row is not None]

    def _waiting_facts(self, row: Waiting) -> WaitingFacts:
        named = set(_agents(row.cells))
        if row.kind == "users":
            query = "SELECT id FROM users WHERE instr(',' || agents || ',', ',' || ? || ',') > 0"
            named |= {str(found["id"]) for found in self._rows(query, row.id)}
            named |= {
                str(found["id"])
                for found in self._rows("SELECT id, cells FROM waiting WHERE kind = 'users' AND id <> ?", row.id)
                if row.id in _agents(json.loads(found["cells"]))
            }
        numbers = [row.cells.get("sms"), row.cells.get("phone")]
        values = {("email", row.cells.get("email")), *(("mobile", number) for number in numbers)}
        holders, wanted_by = self._claims({(name, str(value)) for name, value in values if value})
        ids = {holder for ids in holders.values() for holder in ids}
        people = self._people(named | ids)
        circle = Circle(people, {user_id: self._events("users", user_id) for user_id in people}, (), holders, wanted_by)
        relations = tuple(sorted(named))
        return WaitingFacts(row, circle, relations, tuple(each for each in relations if each not in people))

    def _circle(self, sharing: Sequence[str]) -> Circle:
        """The people on an account, their families, and who holds what they want."""
        pairs = self._pairs(sharing)
        family = {pair.guardian_id for pair in pairs} | {pair.student_id for pair in pairs}
        # Whether a student has another guardian who stays is told by those guardians' other students.
        pairs = self._pairs(family | set(sharing))
        family |= {pair.guardian_id for pair in pairs} | {pair.student_id for pair in pairs}
        people = self._people(family | set(sharing))
        wanted = {
            (name, str(people[user_id][column]))
            for user_id in sharing
            for name in _CREDENTIALS
            for column in (name, f"sis_{name}")
            if people[user_id][column]
        }
        events = {user_id: self._events("users", user_id) for user_id in people}
        wanted |= {
            (event.field, event.before)
            for user_id in sharing
            for event in events[user_id]
            if event.field in _CREDENTIALS and event.before
        }
        holders, wanted_by = self._claims(wanted)
        others = {each for ids in (*holders.values(), *wanted_by.values()) for each in ids} - set(people)
        return Circle({**people, **self._people(others)}, events, pairs, holders, wanted_by)

    def _claims(
        self, wanted: Iterable[tuple[str, str]]
    ) -> tuple[dict[tuple[str, str], tuple[str, ...]], dict[tuple[str, str], tuple[str, ...]]]:
        """Who holds each (email or mobile, value), and whose SIS value it is."""
        holders: dict[tuple[str, str], tuple[str, ...]] = {}
        wanted_by: dict[tuple[str, str], tuple[str, ...]] = {}
        for name, value in wanted:
            held = self._rows(
                f"SELECT u.id FROM accounts a JOIN users u ON u.account_id = a.account_id WHERE a.{name} = ? "
                "ORDER BY u.roster_status <> 'current', u.id",
                value,
            )
            said = self._rows(
                f"SELECT id FROM users WHERE sis_{name} = ? AND roster_status = 'current' ORDER BY id", value
            )
            waits = self._rows(
                f"SELECT id FROM waiting WHERE kind = 'users' AND NOT deleted AND {_WAITING_VALUE[name]} = ? "
                "ORDER BY id",
                value,
            )
            holders[name, value] = tuple(str(row["id"]) for row in held)
            wanted_by[name, value] = tuple(dict.fromkeys(str(row["id"]) for row in (*said, *waits)))
        return holders, wanted_by

    def _people(self, ids: Iterable[str]) -> dict[str, dict[str, Any]]:
        return {
            str(row["id"]): row for user_id in sorted(ids) for row in self._rows(f"{_PEOPLE} WHERE u.id = ?", user_id)
        }

    def _pairs(self, ids: Iterable[str]) -> tuple[Pair, ...]:
        found: dict[tuple[str, str], Pair] = {}
        for user_id in sorted(ids):
            rows = self._rows(
                "SELECT g.guardian_id, g.student_id, g.status, g.origin, r.run_id AS added_run FROM guardianships g "
                "LEFT JOIN runs r ON r.number = g.added_in WHERE g.guardian_id = ? OR g.student_id = ?",
                user_id,
                user_id,
            )
            for row in rows:
                key = (str(row["guardian_id"]), str(row["student_id"]))
                if key not in found:
                    found[key] = Pair(**row, events=self._events("guardianships", " ".join(key)))
        return tuple(found[key] for key in sorted(found))

    def _memberships(self, column: str, record_id: str) -> tuple[Membership, ...]:
        rows = self._rows(
            "SELECT e.*, r.run_id AS added_run FROM enrollments e LEFT JOIN runs r ON r.number = e.added_in "
            f"WHERE e.{column} = ? ORDER BY e.class_id, e.user_id, e.role",
            record_id,
        )
        classes = {
            class_id: row
            for class_id in {str(row["class_id"]) for row in rows}
            for row in self._rows(f"{_CLASSES} WHERE c.id = ?", class_id)
        }
        return tuple(
            Membership(
                row=row,
                school_class=classes.get(str(row["class_id"])),
                events=self._events("enrollments", f"{row['class_id']} {row['user_id']} {row['role']}"),
            )
            for row in rows
        )

    def _events(self, kind: str, record_id: str) -> tuple[Event, ...]:
        """Changes of a record by runs and by people, latest first; an edit of an account is one of all its users."""
        edits = self._rows(
            "SELECT e.record_id AS record, e.field, e.before, e.after, e.made_by, e.made_at, e.generation FROM edits e "
            f"WHERE e.kind = ?1 AND (e.record_id = ?2 OR (?1 = 'users' AND e.field IN {_OF_ACCOUNTS} "
            "AND e.account_id = (SELECT account_id FROM users WHERE id = ?2))) ORDER BY e.number",
            kind,
            record_id,
        )
        ordered = [(int(edit["generation"]), number, self._edit(edit)) for number, edit in enumerate(edits)]
        changes = self._rows(
            "SELECT c.id AS record, c.field, c.before, c.after, r.run_id AS run, c.code, c.action, r.generation "
            "FROM changes c JOIN runs r ON r.number = c.run WHERE c.kind = ? AND c.id = ? "
            # What was taken back is as it was before: neither the run nor the one that took it back decided it.
            "AND r.status <> 'undone' AND r.undoes IS NULL ORDER BY c.number",
            kind,
            record_id,
        )
        # A run's generation is the one it left; an edit after it has a greater one.
        ordered += [(int(change.pop("generation") or 0), -1, Event(**change)) for change in changes]
        return tuple(event for _, _, event in sorted(ordered, key=lambda entry: entry[:2], reverse=True))

    def _edit(self, row: dict[str, Any]) -> Event:
        generation = int(row.pop("generation"))
        return Event(**row, pending=generation > self._last_generation)

    def _undone(self, kind: str, record_id: str) -> tuple[tuple[str, str], ...]:
        rows = self._rows(
            "SELECT DISTINCT r.run_id AS run, u.run_id AS undo FROM changes c JOIN runs r ON r.number = c.run "
            "JOIN runs u ON u.undoes = r.number WHERE c.kind = ? AND c.id = ? ORDER BY r.number",
            kind,
            record_id,
        )
        return tuple((str(row["run"]), str(row["undo"])) for row in rows)

    def _notes(self, kind: str, record_id: str) -> tuple[tuple[str, str], ...]:
        query = "SELECT code, notes FROM standing_notes WHERE kind = ? AND id = ? ORDER BY code, notes"
        return tuple((str(row["code"]), str(row["notes"])) for row in self._rows(query, kind, record_id))

    def _missing(self, table: str) -> frozenset[str]:
        found = self._rows("SELECT value FROM meta WHERE key = 'missing'")
        return frozenset(json.loads(found[0]["value"]).get(table, ())) if found and found[0]["value"] else frozenset()

    def _waiting(self, kind: str, record_id: str) -> Waiting | None:
        return next(iter(self._waiting_rows("w.kind = ? AND w.id = ?", kind, record_id)), None)

    def _waiting_enrollments(self, column: str, record_id: str) -> tuple[Waiting, ...]:
        """Rows of enrollments.csv without effect; of rejected ones only those that name the record."""
        condition = f"w.kind = 'enrollments' AND json_extract(w.cells, '$.{column}') = ?"
        return tuple(self._waiting_rows(condition, record_id))

    def _waiting_rows(self, condition: str, *values: object) -> list[Waiting]:
        rows = self._rows(
            "SELECT w.kind, w.id, w.deleted, w.line, r.run_id AS run, w.code, w.notes, w.cells FROM waiting w "
            f"LEFT JOIN runs r ON r.number = w.run WHERE {condition} ORDER BY w.id",
            *values,
        )
        return [Waiting(**{**row, "deleted": bool(row["deleted"]), "cells": json.loads(row["cells"])}) for row in rows]

    def _rows(self, query: str, *values: object) -> list[dict[str, Any]]:
        cursor = self._connection.execute(query, values)
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor]


def _agents(cells: Mapping[str, Any]) -> list[str]:
    """Whom a row that waits names: a rejected one holds what could be read of its rows."""
    rows = cells.get("rejected") or [cells]
    return [agent for row in rows for agent in _listed(row.get("agents"))]


def _listed(text: object) -> list[str]:
    return [part for part in str(text or "").split(",") if part]
