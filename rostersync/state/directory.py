"""The directory as people ask for it: users, classes, runs, one record at a time or as a filtered listing."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from typing import Any

Row = dict[str, Any]


class Directory:
    """Reads the public views (contract.md, State); rows come as dicts, blanks as None."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def users(
        self,
        *,
        role: str | None = None,
        school: str | None = None,
        account: str | None = None,
        roster_status: str | None = None,
        origin: str | None = None,
        search: str | None = None,
        limit: int | None = None,
    ) -> list[Row]:
        """Users that fit every filter, by id; columns of roster_users.

        `role` is any of a user's roles; `school` an org sourcedId of theirs, for guardians of a student of theirs;
        `search` a part of id, identifier, name, e-mail or a phone number, without case.
        """
        conditions: list[str] = []
        values: list[object] = []
        if role is not None:
            conditions.append("instr(',' || roles || ',', ',' || ? || ',') > 0")
            values.append(role)
        if school is not None:
            conditions.append(
                "(instr(',' || coalesce(school_ids, '') || ',', ',' || ? || ',') > 0 OR EXISTS (SELECT 1 FROM "
                "roster_access a WHERE a.user_id = roster_users.id AND a.school_id = ?))"
            )
            values += [school, school]
        for column, value in (("account", account), ("roster_status", roster_status), ("origin", origin)):
            if value is not None:
                conditions.append(f"{column} = ?")
                values.append(value)
        if search is not None:
            condition, patterns = _search(
                ("id", "identifier", "given_name || ' ' || family_name", "email", "mobile", "phone"), search
            )
            conditions.append(condition)
            values += patterns
        return self._listing("roster_users", conditions, values, limit)

    def user(self, user_id: str) -> Row | None:
        """One user, or None."""
        return self._one("SELECT * FROM roster_users WHERE id = ?", (user_id,))

    def guardianships_of(self, user_id: str) -> list[Row]:
        """Guardianships in which this user is the guardian or the student."""
        return self._rows(
            "SELECT * FROM roster_guardianships WHERE guardian_id = ? OR student_id = ? "
            "ORDER BY guardian_id, student_id",
            (user_id, user_id),
        )

    def enrollments_of(self, user_id: str) -> list[Row]:
        """Enrollments of this user with the title of their class."""
        return self._rows(
            "SELECT e.*, c.title AS class_title FROM roster_enrollments e "
            "LEFT JOIN roster_classes c ON c.id = e.class_id WHERE e.user_id = ? ORDER BY e.class_id, e.role",
            (user_id,),
        )

    def access_of(self, user_id: str) -> list[str]:
        """Schools that this user has access to (policies.md, *Access*)."""
        rows = self._rows("SELECT school_id FROM roster_access WHERE user_id = ? ORDER BY school_id", (user_id,))
        return [str(row["school_id"]) for row in rows]

    def classes(self, *, school: str | None = None, status: str | None = None, search: str | None = None) -> list[Row]:
        """Classes that fit every filter, by id; columns of roster_classes."""
        conditions: list[str] = []
        values: list[object] = []
        for column, value in (("school_id", school), ("status", status)):
            if value is not None:
                conditions.append(f"{column} = ?")
                values.append(value)
        if search is not None:
            condition, patterns = _search(("id", "title", "sis_title"), search)
            conditions.append(condition)
            values += patterns
        return self._listing("roster_classes", conditions, values, None)

    def runs(self, limit: int | None = None) -> list[Row]:
        """Runs, latest first; columns of roster_runs and the parsed `summary`."""
        return [_with_summary(row) for row in self._rows(*_limited(f"{_RUNS} ORDER BY r.run_id DESC", (), limit))]

    def run(self, run_id: str) -> Row | None:
        """One run with its parsed `summary`, or None."""
        row = self._one(f"{_RUNS} WHERE r.run_id = ?", (run_id,))
        return None if row is None else _with_summary(row)

    def last_good_run(self, *, paused: bool) -> Row | None:
        """The latest run that applied its night and was not taken back: `run_id`, `started_at`, `status`; or None.

        With `paused` also one that did nothing because of a pause.
        """
        return self._one(
            "SELECT run_id, started_at, status FROM runs r WHERE (r.applied AND r.status IN ('applied', 'held') "
            "AND r.undoes IS NULL AND NOT EXISTS (SELECT 1 FROM runs u WHERE u.undoes = r.number)) "
            "OR (? AND r.status = 'paused') ORDER BY run_id DESC LIMIT 1",
            (paused,),
        )

    def _listing(self, view: str, conditions: list[str], values: list[object], limit: int | None) -> list[Row]:
        where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
        return self._rows(*_limited(f"SELECT * FROM {view}{where} ORDER BY id", values, limit))

    def _one(self, query: str, values: Sequence[object]) -> Row | None:
        rows = self._rows(query, values)
        return rows[0] if rows else None

    def _rows(self, query: str, values: Sequence[object] = ()) -> list[Row]:
        cursor = self._connection.execute(query, values)
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor]


_RUNS = (
    "SELECT r.run_id, r.started_at, r.finished_at, r.status, r.source, r.applied, t.summary "
    "FROM roster_runs r JOIN runs t ON t.run_id = r.run_id"
)


def _with_summary(row: Row) -> Row:
    text = row.pop("summary")
    return {**row, "summary": json.loads(text) if text else {}}


def _limited(query: str, values: Sequence[object], limit: int | None) -> tuple[str, list[object]]:
    return (query, list(values)) if limit is None else (f"{query} LIMIT ?", [*values, limit])


def _search(columns: Sequence[str], text: str) -> tuple[str, list[object]]:
    """A condition that finds the text in any column; the text's own wildcards are plain characters."""
    plain = text.casefold().replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    condition = " OR ".join(f"fold({column}) LIKE ? ESCAPE '\\'" for column in columns)
    return f"({condition})", [f"%{plain}%"] * len(columns)
