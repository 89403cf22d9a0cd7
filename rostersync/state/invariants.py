"""What must be true of every state, whatever nights, edits and undos made it: one query a rule (policies.md).

Each query gives what breaks its rule, as ids: a user or class by its id, an enrollment or guardianship as
roster_changes names it, an account by its number. It gives no name, address or phone number.
"""

from __future__ import annotations

from typing import NamedTuple

from rostersync.model.guards import REMOVED


class Invariant(NamedTuple):
    """`name` of the check, the `rule` it follows from, what it `says`, and the `query` for what breaks it."""

    name: str
    rule: str
    says: str
    query: str


def _shared(credential: str) -> str:
    # Of the table itself, not of its unique index: a damaged index would hide what it should have prevented.
    value = f"lower(trim({credential}))"
    return (
        f"SELECT 'account ' || account_id FROM accounts WHERE {credential} IS NOT NULL AND {value} IN ("
        f"SELECT {value} FROM accounts WHERE {credential} IS NOT NULL GROUP BY 1 HAVING count(*) > 1)"
    )


def _added_by_no_run(table: str, named: str) -> str:
    return f"SELECT {named} FROM {table} WHERE added_in IS NOT NULL AND added_in NOT IN (SELECT number FROM runs)"


END_IS_HELD = (
    "(e.class_id, e.user_id, e.role) IN (SELECT json_extract(cells, '$.class_id'), json_extract(cells, '$.user_id'), "
    "json_extract(cells, '$.role') FROM waiting WHERE kind = 'enrollments' AND deleted) "
    f"OR coalesce(c.school_id, '') IN (SELECT school_id FROM guard_totals WHERE guard = '{REMOVED}')"
)
"""Whether a guard holds the end of the enrollment `e` in the class `c`; asked of each table once.

The row of one that ends with its person may be in the files still: then nothing of it waits, and its school tells.
"""
_ENROLLMENT = "e.class_id || ' ' || e.user_id || ' ' || e.role"
_PAIR = "g.guardian_id || ' ' || g.student_id"
_KNOWN = "EXISTS (SELECT 1 FROM users u WHERE u.id = {0})"

INVARIANTS: tuple[Invariant, ...] = (
    Invariant(
        "credentials",
        "R-C2",
        "no two accounts hold the same e-mail or mobile",
        f"{_shared('email')} UNION {_shared('mobile')}",
    ),
    Invariant(
        "accounts",
        "Words",
        "every user has an account",
        "SELECT id FROM users u WHERE NOT EXISTS (SELECT 1 FROM accounts a WHERE a.account_id = u.account_id)",
    ),
    Invariant(
        "abandoned accounts",
        "R-U10",
        "an account that serves nobody holds no e-mail and no mobile",
        "SELECT 'account ' || account_id FROM accounts a WHERE (email IS NOT NULL OR mobile IS NOT NULL) "
        "AND NOT EXISTS (SELECT 1 FROM users u WHERE u.account_id = a.account_id)",
    ),
    Invariant(
        "roles",
        "Words",
        "the leading role of a user is one of their roles",
        "SELECT id FROM users WHERE instr(',' || roles || ',', ',' || role || ',') = 0",
    ),
    Invariant(
        "access",
        "Access",
        "nobody who is archived, removed or disabled has access to a school",
        "SELECT x.user_id FROM roster_access x JOIN users u ON u.id = x.user_id "
        "LEFT JOIN accounts a ON a.account_id = u.account_id "
        "WHERE u.roster_status <> 'current' OR coalesce(a.disabled, 1) "
        "UNION SELECT id FROM roster_users WHERE (school_access OR announcements) "
        "AND (roster_status <> 'current' OR account = 'disabled')",
    ),
    Invariant(
        "access of guardians",
        "Access",
        "a guardian has access through a current student of that school alone",
        "SELECT DISTINCT x.user_id FROM roster_access x JOIN users u ON u.id = x.user_id WHERE u.roles = 'guardian' "
        "AND NOT EXISTS (SELECT 1 FROM guardianships g JOIN users s ON s.id = g.student_id "
        "WHERE g.guardian_id = u.id AND g.status = 'current' AND s.roster_status = 'current' "
        "AND instr(',' || s.school_ids || ',', ',' || x.school_id || ','))",
    ),
    Invariant(
        "enrollments",
        "R-K4",
        "every enrollment has a known class and a known user",
        f"SELECT {_ENROLLMENT} FROM enrollments e WHERE NOT {_KNOWN.format('e.user_id')} "
        "OR NOT EXISTS (SELECT 1 FROM classes c WHERE c.id = e.class_id)",
    ),
    Invariant(
        "enrollments of people who left",
        "R-F1, R-F6, R-U8",
        "nobody who is archived or removed is enrolled in an active class, unless a guard holds the end of it",
        f"SELECT {_ENROLLMENT} FROM enrollments e JOIN users u ON u.id = e.user_id JOIN classes c ON c.id = e.class_id "
        "WHERE e.status = 'current' AND c.status = 'active' AND u.roster_status <> 'current' "
        f"AND ({END_IS_HELD}) IS NOT TRUE",
    ),
    Invariant(
        "guardianships",
        "R-G1",
        "every guardianship joins two known users",
        f"SELECT {_PAIR} FROM guardianships g WHERE NOT {_KNOWN.format('g.guardian_id')} "
        f"OR NOT {_KNOWN.format('g.student_id')} OR g.guardian_id = g.student_id",
    ),
    Invariant(
        "messages",
        "R-U4",
        "every message that waits to be sent is for a known user",
        f"SELECT 'message ' || o.id FROM outbox o WHERE o.sent_at IS NULL AND NOT {_KNOWN.format('o.user_id')}",
    ),
    Invariant(
        "runs",
        "R-A4",
        "every record was added by a run that the state has",
        f"{_added_by_no_run('users', 'id')} UNION ALL {_added_by_no_run('classes', 'id')} "
        f"UNION ALL {_added_by_no_run('enrollments e', _ENROLLMENT)} "
        f"UNION ALL {_added_by_no_run('guardianships g', _PAIR)}",
    ),
    Invariant(
        "generation",
        "R-A4",
        "no run and no edit is newer than the state's generation",
        "SELECT r.run_id FROM runs r WHERE r.generation > (SELECT CAST(value AS INTEGER) FROM meta "
        "WHERE key = 'generation') UNION ALL SELECT 'edit ' || e.number FROM edits e WHERE e.generation > "
        "(SELECT CAST(value AS INTEGER) FROM meta WHERE key = 'generation')",
    ),
)
