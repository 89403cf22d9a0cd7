"""Of how many records a guard counts its share (policies.md R-D1, R-D5)."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterable, Mapping
from types import MappingProxyType

from rostersync.model.guards import GuardKey
from rostersync.state.unusable import schools_listed

_STAFF = "(instr({0}.roles, 'teacher') OR instr({0}.roles, 'administrator'))"
_KIND = f"CASE WHEN {_STAFF} THEN 'staff' WHEN instr({{0}}.roles, 'student') THEN 'students' ELSE 'guardians' END"
_CURRENT = "{0}.origin = 'sis' AND {0}.roster_status = 'current'"
_STUDENTS_OF = (
    "LEFT JOIN guardianships p ON p.guardian_id = u.id AND p.status = 'current' "
    "LEFT JOIN users s ON s.id = p.student_id"
)


def _of_people(kind: str) -> str:
    return (
        f"SELECT coalesce(u.school_ids, ''), count(*) FROM {{users}} "
        f"WHERE {_CURRENT.format('u')} AND {_KIND.format('u')} = '{kind}' GROUP BY 1"
    )


_QUERIES = {
    "students": _of_people("students"),
    "staff": _of_people("staff"),
    # The schools of their students, else their own; a list of lists is a list.
    "guardians": (
        "SELECT lists, count(*) FROM (SELECT coalesce(group_concat(DISTINCT s.school_ids), u.school_ids, '') AS lists "
        f"FROM {{users}} {_STUDENTS_OF} WHERE {_CURRENT.format('u')} AND {_KIND.format('u')} = 'guardians' "
        "GROUP BY u.id) GROUP BY lists"
    ),
    "classes": (
        "SELECT coalesce(c.school_id, ''), count(*) FROM {classes} WHERE c.origin = 'sis' AND c.status = 'active' "
        "GROUP BY 1"
    ),
    # What stays current in an archived class for ever makes no room for what goes tonight.
    "enrollments": (
        "SELECT coalesce(c.school_id, ''), count(*) FROM {enrollments} "
        "WHERE c.status = 'active' AND e.status = 'current' AND e.origin = 'sis' GROUP BY 1"
    ),
    "guardianships": (
        "SELECT coalesce(s.school_ids, ''), count(*) FROM {pairs} CROSS JOIN users s ON s.id = p.student_id "
        "WHERE p.status = 'current' AND p.origin = 'sis' AND s.roster_status = 'current' GROUP BY 1"
    ),
    "contacts": (
        "SELECT lists, count(*) FROM (SELECT account_id, group_concat(DISTINCT school_ids) AS lists FROM ("
        f"SELECT u.account_id, u.school_ids FROM {{account_users}} WHERE {_CURRENT.format('u')} "
        f"AND {_KIND.format('u')} <> 'guardians' UNION ALL "
        "SELECT u.account_id, coalesce(group_concat(DISTINCT s.school_ids), u.school_ids) "
        f"FROM {{account_users}} {_STUDENTS_OF} WHERE {_CURRENT.format('u')} "
        f"AND {_KIND.format('u')} = 'guardians' GROUP BY u.id"
        ") GROUP BY account_id) GROUP BY lists"
    ),
}
"""Kind -> comma-separated school ids, and how many current records of the SIS have these; of which, Among says."""

Among = Mapping[str, str]
EVERYTHING: Among = MappingProxyType(
    {
        "users": "users u",
        "account_users": "users u",
        "classes": "classes c",
        "enrollments": "classes c CROSS JOIN enrollments e ON e.class_id = c.id",
        "pairs": "guardianships p",
    }
)
AMONG_TOUCHED: Among = MappingProxyType(
    {
        "users": "temp.counted_users k CROSS JOIN users u ON u.id = k.id",
        "account_users": "temp.counted_accounts k CROSS JOIN users u ON u.account_id = k.id",
        "classes": "temp.counted_classes k CROSS JOIN classes c ON c.id = k.id",
        "enrollments": (
            "temp.counted_classes k CROSS JOIN classes c ON c.id = k.id CROSS JOIN enrollments e ON e.class_id = c.id"
        ),
        "pairs": (
            "temp.counted_pairs k CROSS JOIN guardianships p ON p.guardian_id = k.guardian_id "
            "AND p.student_id = k.student_id"
        ),
    }
)
"""The records of temporary tables (state/record_counts.py) in the places of all."""


def counted(connection: sqlite3.Connection, kind: str, among: Among = EVERYTHING) -> Counter[str]:
    """School id -> current records of the SIS of this kind there, by their definition.

    Raises:
        StateError: a school's id is no text.
    """
    found: Counter[str] = Counter()
    for lists, count in connection.execute(_QUERIES[kind].format_map(among)):
        for school in schools_listed(lists) or {""}:
            found[school] += count
    return found


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
            self._counted[kind] = self._kept(kind) if self._stand() else counted(self._connection, kind)
        return self._counted[kind]

    def _stand(self) -> bool:
        """Whether runs kept the counts true (state/record_counts.py)."""
        query = "SELECT EXISTS (SELECT 1 FROM meta WHERE key = 'record_counts' AND value = '1')"
        return bool(self._connection.execute(query).fetchone()[0])

    def _kept(self, kind: str) -> Counter[str]:
        rows = self._connection.execute("SELECT school_id, count FROM record_counts WHERE kind = ?", (kind,))
        return Counter(dict(rows.fetchall()))


def keep_totals(connection: sqlite3.Connection, totals: Mapping[GuardKey, int]) -> None:
    """Keep the totals of the guards that tripped tonight, and of no others; only differences are written."""
    kept = GuardTotals(connection).stored()
    gone: Iterable[GuardKey] = kept.keys() - totals.keys()
    connection.executemany("DELETE FROM guard_totals WHERE guard = ? AND kind = ? AND school_id = ?", sorted(gone))
    connection.executemany(
        "INSERT OR REPLACE INTO guard_totals (guard, kind, school_id, total) VALUES (?, ?, ?, ?)",
        sorted((*key, total) for key, total in totals.items() if kept.get(key) != total),
    )
