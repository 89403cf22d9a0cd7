"""Of how many records a guard counts its share (policies.md R-D1, R-D5)."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterable, Mapping

from rostersync.model.guards import GuardKey

_STAFF = "(instr({0}.roles, 'teacher') OR instr({0}.roles, 'administrator'))"
_KIND = f"CASE WHEN {_STAFF} THEN 'staff' WHEN instr({{0}}.roles, 'student') THEN 'students' ELSE 'guardians' END"
_CURRENT = "{0}.origin = 'sis' AND {0}.roster_status = 'current'"
_STUDENTS_OF = (
    "LEFT JOIN guardianships p ON p.guardian_id = u.id AND p.status = 'current' "
    "LEFT JOIN users s ON s.id = p.student_id"
)


def _of_people(kind: str) -> str:
    return (
        f"SELECT coalesce(u.school_ids, ''), count(*) FROM users u "
        f"WHERE {_CURRENT.format('u')} AND {_KIND.format('u')} = '{kind}' GROUP BY 1"
    )


_QUERIES = {
    "students": _of_people("students"),
    "staff": _of_people("staff"),
    # The schools of their students, else their own; a list of lists is a list.
    "guardians": (
        "SELECT lists, count(*) FROM (SELECT coalesce(group_concat(DISTINCT s.school_ids), u.school_ids, '') AS lists "
        f"FROM users u {_STUDENTS_OF} WHERE {_CURRENT.format('u')} AND {_KIND.format('u')} = 'guardians' "
        "GROUP BY u.id) GROUP BY lists"
    ),
    "classes": (
        "SELECT coalesce(school_id, ''), count(*) FROM classes WHERE origin = 'sis' AND status = 'active' GROUP BY 1"
    ),
    # What stays current in an archived class for ever makes no room for what goes tonight.
    "enrollments": (
        "SELECT coalesce(c.school_id, ''), count(*) FROM classes c CROSS JOIN enrollments e ON e.class_id = c.id "
        "WHERE c.status = 'active' AND e.status = 'current' AND e.origin = 'sis' GROUP BY 1"
    ),
    "guardianships": (
        "SELECT coalesce(s.school_ids, ''), count(*) FROM guardianships p CROSS JOIN users s ON s.id = p.student_id "
        "WHERE p.status = 'current' AND p.origin = 'sis' AND s.roster_status = 'current' GROUP BY 1"
    ),
    "contacts": (
        "SELECT lists, count(*) FROM (SELECT account_id, group_concat(DISTINCT school_ids) AS lists FROM ("
        f"SELECT u.account_id, u.school_ids FROM users u WHERE {_CURRENT.format('u')} "
        f"AND {_KIND.format('u')} <> 'guardians' UNION ALL "
        "SELECT u.account_id, coalesce(group_concat(DISTINCT s.school_ids), u.school_ids) "
        f"FROM users u {_STUDENTS_OF} WHERE {_CURRENT.format('u')} AND {_KIND.format('u')} = 'guardians' GROUP BY u.id"
        ") GROUP BY account_id) GROUP BY lists"
    ),
}
"""Kind -> comma-separated school ids, and how many current records of the SIS have these."""


class GuardTotals:
    """Counts what is current in the state; a kind is counted when it is first asked for."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._counted: dict[str, Counter[str]] = {}

    def stored(self) -> dict[GuardKey, int]:
        """The totals of guards that tripped in the last sync: what was current before they did."""
        query = "SELECT guard, kind, school_id, total FROM guard_totals"
        return {(guard, kind, school): total for guard, kind, school, total in self._connection.execute(query)}

    def count(self, kind: str) -> Mapping[str, int]:
        """School id -> current records of the SIS of this kind there; "" for those without a school.

        Kinds: students, guardians, staff, classes, enrollments (of active classes), guardianships (of current
        students), contacts (accounts of current users).
        """
        if kind not in self._counted:
            found: Counter[str] = Counter()
            for lists, count in self._connection.execute(_QUERIES[kind]):
                for school in set((lists or "").split(",")) - {""} or {""}:
                    found[school] += count
            self._counted[kind] = found
        return self._counted[kind]


def keep_totals(connection: sqlite3.Connection, totals: Mapping[GuardKey, int]) -> None:
    """Keep the totals of the guards that tripped tonight, and of no others; only differences are written."""
    kept = GuardTotals(connection).stored()
    gone: Iterable[GuardKey] = kept.keys() - totals.keys()
    connection.executemany("DELETE FROM guard_totals WHERE guard = ? AND kind = ? AND school_id = ?", sorted(gone))
    connection.executemany(
        "INSERT OR REPLACE INTO guard_totals (guard, kind, school_id, total) VALUES (?, ?, ?, ?)",
        sorted((*key, total) for key, total in totals.items() if kept.get(key) != total),
    )
