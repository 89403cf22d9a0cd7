"""The views that other programs may read (contract.md, State). Names and columns are public."""

from __future__ import annotations

# A comma-separated id list as a JSON array whose values json_each gives back.
_LIST = "json_each('[\"' || replace(replace(replace({0}, '\\', '\\\\'), '\"', '\\\"'), ',', '\",\"') || '\"]')"
_IS_GUARDIAN = "instr(',' || u.roles || ',', ',guardian,') > 0"
_IS_PUPIL_OR_STAFF = "u.roles <> 'guardian'"

_ALLOWED = f"""(u.roster_status = 'current' AND NOT a.disabled AND (
    ({_IS_PUPIL_OR_STAFF} AND u.school_ids IS NOT NULL)
    OR ({_IS_GUARDIAN} AND EXISTS (
      SELECT 1 FROM guardianships g JOIN users s ON s.id = g.student_id
      WHERE g.guardian_id = u.id AND g.status = 'current' AND s.roster_status = 'current'
        AND s.school_ids IS NOT NULL))))"""

_USERS = f"""
CREATE VIEW roster_users AS
SELECT u.id, u.sourced_id, u.role, u.roles, u.identifier, u.school_ids, a.given_name, a.family_name, a.email,
       a.mobile, a.phone, u.grades, u.account_id,
       CASE WHEN a.disabled THEN 'disabled' ELSE a.state END AS account,
       u.roster_status, u.origin, {_ALLOWED} AS school_access, {_ALLOWED} AS announcements,
       u.sis_given_name, u.sis_family_name, u.sis_email, u.sis_mobile, u.sis_phone
FROM users u JOIN accounts a ON a.account_id = u.account_id
"""

_ACCESS = f"""
CREATE VIEW roster_access AS
SELECT u.id AS user_id, school.value AS school_id
FROM users u JOIN accounts a ON a.account_id = u.account_id, {_LIST.format("u.school_ids")} school
WHERE u.roster_status = 'current' AND NOT a.disabled AND {_IS_PUPIL_OR_STAFF} AND u.school_ids IS NOT NULL
UNION
SELECT u.id, school.value
FROM users u JOIN accounts a ON a.account_id = u.account_id
JOIN guardianships g ON g.guardian_id = u.id AND g.status = 'current'
JOIN users s ON s.id = g.student_id AND s.roster_status = 'current' AND s.school_ids IS NOT NULL,
{_LIST.format("s.school_ids")} school
WHERE u.roster_status = 'current' AND NOT a.disabled AND {_IS_GUARDIAN}
"""

_CLASSES = """
CREATE VIEW roster_classes AS
SELECT id, sourced_id, title, sis_title, school_id, course_id, status, origin FROM classes
"""

_ENROLLMENTS = """
CREATE VIEW roster_enrollments AS
SELECT class_id, user_id, role, is_primary, status, origin FROM enrollments
"""

_GUARDIANSHIPS = """
CREATE VIEW roster_guardianships AS
SELECT guardian_id, student_id, status, origin FROM guardianships
"""

_OUTBOX = """
CREATE VIEW roster_outbox AS
SELECT o.id, o.user_id, o.channel, o.template, o.address, r.run_id, o.created_at, o.sent_at,
       o.subject, o.body
FROM outbox o JOIN runs r ON r.number = o.run
"""

_RUNS = """
CREATE VIEW roster_runs AS
SELECT run_id, started_at, finished_at, status, source, applied FROM runs
"""

_CHANGES = """
CREATE VIEW roster_changes AS
SELECT r.run_id, c.kind, c.id, c.action, c.code, c.field, c.before, c.after
FROM changes c JOIN runs r ON r.number = c.run
UNION ALL
SELECT r.run_id, 'users', u.id, 'added', 'NEW', NULL, NULL, NULL
FROM users u JOIN runs r ON r.number = u.added_in
UNION ALL
SELECT r.run_id, 'classes', k.id, 'added', 'NEW', NULL, NULL, NULL
FROM classes k JOIN runs r ON r.number = k.added_in
UNION ALL
SELECT r.run_id, 'enrollments', e.class_id || ' ' || e.user_id || ' ' || e.role, 'added', 'NEW', NULL, NULL, NULL
FROM enrollments e JOIN runs r ON r.number = e.added_in
UNION ALL
SELECT r.run_id, 'guardianships', g.guardian_id || ' ' || g.student_id, 'added', 'NEW', NULL, NULL, NULL
FROM guardianships g JOIN runs r ON r.number = g.added_in
"""

VIEWS = {
    "roster_users": _USERS,
    "roster_access": _ACCESS,
    "roster_classes": _CLASSES,
    "roster_enrollments": _ENROLLMENTS,
    "roster_guardianships": _GUARDIANSHIPS,
    "roster_outbox": _OUTBOX,
    "roster_runs": _RUNS,
    "roster_changes": _CHANGES,
}
