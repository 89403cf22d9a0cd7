"""The rules of the state, asked of what a run writes, in its transaction: what breaks one is never committed.

`state.invariants` asks the whole state. Here only the records that a run writes are asked about, through indexes: those
it adds are noted by triggers of the writing connection, those it changes by the journal (`state.journal`). A first load
is asked as a whole instead (`policies.first_load_invariants`).
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterable, Iterator, Mapping

from rostersync.errors import InvariantBroken
from rostersync.state.invariants import END_IS_HELD, Invariant

_TOUCHED: Mapping[str, tuple[str, ...]] = {
    "accounts": ("account_id",),
    "users": ("id",),
    "classes": ("id",),
    "enrollments": ("class_id", "user_id", "role"),
    "guardianships": ("guardian_id", "student_id"),
}
"""Table -> its key: `temp.touched_TABLE` holds those that the run wrote."""
_SHOWN = 5

_ENROLLMENT = "e.class_id || ' ' || e.user_id || ' ' || e.role"
_PAIR = "g.guardian_id || ' ' || g.student_id"
_USERS = "temp.touched_users t CROSS JOIN users u ON u.id = t.id"
_ACCOUNTS = "temp.touched_accounts t CROSS JOIN accounts a ON a.account_id = t.account_id"
_CLASSES = "temp.touched_classes t CROSS JOIN classes c ON c.id = t.id"
_ENROLLMENTS = (
    "temp.touched_enrollments t CROSS JOIN enrollments e "
    "ON e.class_id = t.class_id AND e.user_id = t.user_id AND e.role = t.role"
)
_PAIRS = (
    "temp.touched_guardianships t CROSS JOIN guardianships g "
    "ON g.guardian_id = t.guardian_id AND g.student_id = t.student_id"
)
_KNOWN = "EXISTS (SELECT 1 FROM users k WHERE k.id = {0})"
_ENDINGS = (
    ("users", "roster_status", "json_extract(i.key, '$[0]')"),
    ("classes", "status", "json_extract(i.key, '$[0]')"),
    (
        "enrollments",
        "status",
        "json_extract(i.key, '$[0]') || ' ' || json_extract(i.key, '$[1]') || ' ' || json_extract(i.key, '$[2]')",
    ),
    ("guardianships", "status", "json_extract(i.key, '$[0]') || ' ' || json_extract(i.key, '$[1]')"),
)
"""Table, its status, and how the report names its records."""


def _held_elsewhere(credential: str) -> str:
    return (
        f"SELECT 'account ' || a.account_id FROM {_ACCOUNTS} WHERE a.{credential} IS NOT NULL AND EXISTS (SELECT 1 "
        f"FROM accounts b WHERE b.{credential} = lower(trim(a.{credential})) AND b.account_id <> a.account_id)"
    )


def _added_by_no_run(source: str, alias: str, named: str) -> str:
    return (
        f"SELECT {named} FROM {source} WHERE {alias}.added_in IS NOT NULL "
        f"AND NOT EXISTS (SELECT 1 FROM runs r WHERE r.number = {alias}.added_in)"
    )


def _left_and_enrolled(source: str) -> str:
    """Current enrollments in active classes of people who left; `source` gives e, u and c."""
    return (
        f"SELECT {_ENROLLMENT} FROM {source} WHERE e.status = 'current' AND c.status = 'active' "
        f"AND u.roster_status <> 'current' AND ({END_IS_HELD}) IS NOT TRUE"
    )


def _ended_unsaid(table: str, status: str, named: str) -> str:
    return (
        f"SELECT {named} FROM before_images i WHERE i.run = :run AND i.table_name = '{table}' "
        f"AND (json_extract(i.after, '$.{status}') IN ('archived', 'removed', 'ended') OR i.after IS NULL) "
        f"AND NOT EXISTS (SELECT 1 FROM temp.told_to_end o WHERE o.kind = '{table}' AND o.id = {named})"
    )


def _before(table: str, row: str) -> str:
    """What the run replaced of this row: none where the run added it."""
    key = ", ".join(f"{row}.{name}" for name in _TOUCHED[table])
    return f"before_images i WHERE i.run = :run AND i.table_name = '{table}' AND i.key = json_array({key})"


def _begun(table: str, row: str) -> str:
    """Whether the run added this row as a current one, or made it current again."""
    return (
        f"{row}.status = 'current' AND NOT EXISTS (SELECT 1 FROM {_before(table, row)} "
        "AND json_extract(i.image, '$.status') IS NOT 'ended')"
    )


def _student(row: str) -> str:
    """Whether the rules for students apply to this user (`policies.people.kinds`)."""
    return (
        f"(instr({row}.roles, 'student') > 0 AND instr({row}.roles, 'teacher') = 0 "
        f"AND instr({row}.roles, 'administrator') = 0)"
    )


def _made_by_hand(source: str, alias: str, table: str) -> str:
    return (
        f"SELECT {alias}.id FROM {source} CROSS JOIN before_images i ON i.run = :run AND i.table_name = '{table}' "
        f"AND i.key = json_array({alias}.id) WHERE {alias}.origin = 'manual' "
        "AND EXISTS (SELECT 1 FROM json_each(i.image) f WHERE f.key <> 'review')"
    )


LIVE: tuple[Invariant, ...] = (
    Invariant(
        "credentials",
        "R-C2",
        "no two accounts hold the same e-mail or mobile",
        f"{_held_elsewhere('email')} UNION {_held_elsewhere('mobile')}",
    ),
    Invariant(
        "accounts",
        "Words",
        "every user has an account",
        f"SELECT u.id FROM {_USERS} WHERE NOT EXISTS (SELECT 1 FROM accounts a WHERE a.account_id = u.account_id)",
    ),
    Invariant(
        "abandoned accounts",
        "R-U10",
        "an account that serves nobody holds no e-mail and no mobile",
        f"SELECT 'account ' || a.account_id FROM {_ACCOUNTS} WHERE (a.email IS NOT NULL OR a.mobile IS NOT NULL) "
        "AND NOT EXISTS (SELECT 1 FROM users u WHERE u.account_id = a.account_id)",
    ),
    Invariant(
        "roles",
        "Words",
        "the leading role of a user is one of their roles",
        f"SELECT u.id FROM {_USERS} WHERE instr(',' || u.roles || ',', ',' || u.role || ',') = 0",
    ),
    Invariant(
        "what ends",
        "R-V3, R-A3",
        "nothing is archived, removed or ended of which the report does not say so",
        " UNION ALL ".join(_ended_unsaid(*each) for each in _ENDINGS)
        + f" UNION ALL SELECT u.id FROM {_USERS} WHERE u.added_in = :run AND u.roster_status <> 'current'",
    ),
    Invariant(
        "contact lock",
        "R-U3",
        "an active account keeps its name, e-mail, mobile and phone, blank ones too, where the lock is off everywhere; "
        "one that serves nobody current may lose an e-mail or a mobile to somebody else",
        "SELECT 'account ' || a.account_id FROM before_images i CROSS JOIN accounts a "
        "ON a.account_id = json_extract(i.key, '$[0]') WHERE :lock_off AND i.run = :run AND i.table_name = 'accounts' "
        "AND a.state = 'active' AND EXISTS (SELECT 1 FROM json_each(i.image) f "
        "WHERE f.key IN ('given_name', 'family_name', 'phone') OR (f.key IN ('email', 'mobile') "
        "AND (json_extract(i.after, '$.' || f.key) IS NOT NULL OR EXISTS (SELECT 1 FROM users u "
        "WHERE u.account_id = a.account_id AND u.roster_status = 'current'))))",
    ),
    Invariant(
        "account states",
        "R-U1, Account state",
        "a sync makes nobody an invitee or active, but for those that it adds, who are invitees",
        "SELECT 'account ' || json_extract(i.key, '$[0]') FROM before_images i WHERE i.run = :run "
        "AND i.table_name = 'accounts' AND json_type(i.image, '$.state') IS NOT NULL AND i.after IS NOT NULL UNION ALL "
        f"SELECT 'account ' || a.account_id FROM {_ACCOUNTS} WHERE a.state <> 'invitee' "
        f"AND NOT EXISTS (SELECT 1 FROM {_before('accounts', 'a')})",
    ),
    Invariant(
        "shared accounts",
        "R-U9, R-U10",
        "nobody known moves to another account, and nobody who is added shares one with a student",
        f"SELECT u.id FROM {_USERS} WHERE EXISTS (SELECT 1 FROM {_before('users', 'u')} "
        "AND json_type(i.image, '$.account_id') IS NOT NULL) "
        f"UNION ALL SELECT u.id FROM {_USERS} WHERE NOT EXISTS (SELECT 1 FROM {_before('users', 'u')}) "
        "AND EXISTS (SELECT 1 FROM users o WHERE o.account_id = u.account_id AND o.id <> u.id "
        f"AND ({_student('u')} OR {_student('o')}))",
    ),
    Invariant(
        "what people made",
        "Words, Origin",
        "a sync changes no user and no class that was added by hand",
        f"{_made_by_hand(_USERS, 'u', 'users')} UNION ALL {_made_by_hand(_CLASSES, 'c', 'classes')}",
    ),
    Invariant(
        "enrollments",
        "R-K4",
        "every enrollment has a known class and a known user",
        f"SELECT {_ENROLLMENT} FROM {_ENROLLMENTS} WHERE NOT {_KNOWN.format('e.user_id')} "
        "OR NOT EXISTS (SELECT 1 FROM classes c WHERE c.id = e.class_id)",
    ),
    Invariant(
        "enrollments of archived classes",
        "R-K1",
        "nobody is enrolled anew in an archived class",
        f"SELECT {_ENROLLMENT} FROM {_ENROLLMENTS} CROSS JOIN classes c ON c.id = e.class_id "
        f"WHERE c.status = 'archived' AND {_begun('enrollments', 'e')}",
    ),
    Invariant(
        "enrollments of people who left",
        "R-F1, R-F6, R-U8",
        "nobody who is archived or removed is enrolled in an active class, unless a guard holds the end of it",
        _left_and_enrolled(
            f"{_USERS} CROSS JOIN enrollments e ON e.user_id = u.id CROSS JOIN classes c ON c.id = e.class_id"
        )
        + " UNION "
        + _left_and_enrolled(
            f"{_ENROLLMENTS} CROSS JOIN users u ON u.id = e.user_id CROSS JOIN classes c ON c.id = e.class_id"
        )
        + " UNION "
        + _left_and_enrolled(
            f"{_CLASSES} CROSS JOIN enrollments e ON e.class_id = c.id CROSS JOIN users u ON u.id = e.user_id"
        ),
    ),
    Invariant(
        "guardianships",
        "R-G1",
        "every guardianship joins two known users",
        f"SELECT {_PAIR} FROM {_PAIRS} WHERE NOT {_KNOWN.format('g.guardian_id')} "
        f"OR NOT {_KNOWN.format('g.student_id')} OR g.guardian_id = g.student_id",
    ),
    Invariant(
        "what begins",
        "R-G1, R-A3",
        "no guardianship begins of which the report does not say so",
        f"SELECT {_PAIR} FROM {_PAIRS} WHERE {_begun('guardianships', 'g')} "
        f"AND NOT EXISTS (SELECT 1 FROM temp.told_to_begin o WHERE o.id = {_PAIR})",
    ),
    Invariant(
        "messages",
        "R-U4",
        "every message that is queued is for a known user",
        "SELECT 'message ' || o.id FROM outbox o WHERE o.id > :last_message AND (o.run <> :run "
        f"OR NOT {_KNOWN.format('o.user_id')})",
    ),
    Invariant(
        "runs",
        "R-A4",
        "every record was added by a run that the state has",
        f"{_added_by_no_run(_USERS, 'u', 'u.id')} UNION ALL {_added_by_no_run(_CLASSES, 'c', 'c.id')} "
        f"UNION ALL {_added_by_no_run(_ENROLLMENTS, 'e', _ENROLLMENT)} "
        f"UNION ALL {_added_by_no_run(_PAIRS, 'g', _PAIR)}",
    ),
    Invariant(
        "generation",
        "R-A4",
        "the state's generation moves by one at most, and never back",
        "SELECT 'generation ' || value FROM meta WHERE key = 'generation' "
        "AND CAST(value AS INTEGER) NOT IN (:generation, :generation + 1)",
    ),
)
"""`:run` is the number of the run, `:lock_off` whether no setting turns the contact lock on, `:last_message` and
`:generation` the last message and the generation before the run; `temp.told_to_end` (`kind`, `id`) of what
the report says that it is archived, removed or ended; `temp.told_to_begin` (`id`) of the guardianships that it says
begin.
"""


class Watch:
    """What a run has touched so far, and what of it breaks a rule."""

    def __init__(self, connection: sqlite3.Connection, run_id: str) -> None:
        self._connection = connection
        query = "SELECT number, (SELECT coalesce(max(id), 0) FROM outbox), (SELECT value FROM meta WHERE key = ?) "
        found = connection.execute(f"{query} FROM runs WHERE run_id = ?", ("generation", run_id)).fetchone()
        self._before = {"run": found[0], "last_message": found[1], "generation": int(found[2])}

    def check(self, told: Iterable[tuple[str, str]], begun: Iterable[str], *, lock_off: bool) -> None:
        """Asks every rule; what the run replaced must be noted already (`state.journal`).

        `told`: kind and id of all that the report says is archived, removed or ended. `begun`: the ids of the
        guardianships that it says begin. `lock_off`: no setting lets a sync change the contact details of active users.

        Raises:
            InvariantBroken: names the first rule that is broken, and ids.
        """
        self._connection.executemany("INSERT OR IGNORE INTO temp.told_to_end VALUES (?, ?)", told)
        self._connection.executemany("INSERT OR IGNORE INTO temp.told_to_begin VALUES (?)", ((one,) for one in begun))
        self._take_changed()
        values = {**self._before, "lock_off": lock_off}
        for each in LIVE:
            ids = [str(row[0]) for row in self._connection.execute(each.query, values)]
            if ids:
                raise broken(each, ids)

    def _take_changed(self) -> None:
        for table, key in _TOUCHED.items():
            names = ", ".join(f"json_extract(key, '$[{place}]')" for place in range(len(key)))
            self._connection.execute(
                f"INSERT OR IGNORE INTO temp.touched_{table} SELECT {names} FROM before_images "
                "WHERE run = ? AND table_name = ?",
                (self._before["run"], table),
            )


@contextlib.contextmanager
def watching(connection: sqlite3.Connection, run_id: str) -> Iterator[Watch]:
    """Notes what the block writes; the run's row must be there.

    Raises:
        InvariantBroken: the block breaks what the schema itself forbids.
    """
    _make_tables(connection)
    triggers = [*_triggers(connection)]
    try:
        yield Watch(connection, run_id)
    except sqlite3.IntegrityError as error:
        rule = Invariant("schema", "R-C2, R-A4", "what must be unique, known or one of a few words is so", "")
        raise broken(rule, [str(error)]) from error
    for name in triggers:
        connection.execute(f"DROP TRIGGER temp.{name}")
    for name in ("told_to_end", "told_to_begin", *(f"touched_{table}" for table in _TOUCHED)):
        connection.execute(f"DROP TABLE temp.{name}")


def is_empty(connection: sqlite3.Connection) -> bool:
    """Whether the state has no record yet: then a first load is all that it will have."""
    query = " OR ".join(f"EXISTS (SELECT 1 FROM {table})" for table in _TOUCHED)
    return not connection.execute(f"SELECT {query}").fetchone()[0]


def check_first_load(
    connection: sqlite3.Connection, rows: Mapping[str, int], found: Mapping[str, Iterable[str]]
) -> None:
    """Asks the same of a first load: `rows` are those of each table that were decided, `found` breaks a rule by name.

    Raises:
        InvariantBroken: a rule is broken, or other rows are in the state than were decided.
    """
    for each in LIVE:
        if ids := found.get(each.name):
            raise broken(each, list(ids))
    for table in _TOUCHED:
        count = connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
        if count != rows[table]:
            rule = Invariant("whole", "R-A4", "a first load writes just what was decided", "")
            raise broken(rule, [f"{table} has {count:,} rows instead of {rows[table]:,}"])


def broken(rule: Invariant, ids: list[str]) -> InvariantBroken:
    """What is said of a night that would break a rule."""
    more = f" and {len(ids) - _SHOWN:,} more" if len(ids) > _SHOWN else ""
    return InvariantBroken(
        f"this night would break a rule of the state, {rule.name} ({rule.rule}: {rule.says}): "
        f"{', '.join(sorted(ids)[:_SHOWN])}{more}; nothing was changed; this is a defect of rostersync: keep the files "
        "of tonight and report it with `rostersync support-bundle`"
    )


def _make_tables(connection: sqlite3.Connection) -> None:
    for table, key in _TOUCHED.items():
        columns = "account_id INTEGER" if table == "accounts" else ", ".join(key)
        connection.execute(
            f"CREATE TEMP TABLE touched_{table} ({columns}, PRIMARY KEY ({', '.join(key)})) WITHOUT ROWID"
        )
    connection.execute("CREATE TEMP TABLE told_to_end (kind, id, PRIMARY KEY (kind, id)) WITHOUT ROWID")
    connection.execute("CREATE TEMP TABLE told_to_begin (id PRIMARY KEY) WITHOUT ROWID")


def _triggers(connection: sqlite3.Connection) -> Iterator[str]:
    """Make them; their names."""
    for table, key in _TOUCHED.items():
        name = f"adds_to_{table}"
        values = ", ".join(f"NEW.{column}" for column in key)
        connection.execute(
            f"CREATE TEMP TRIGGER {name} AFTER INSERT ON main.{table} BEGIN "
            f"INSERT OR IGNORE INTO touched_{table} VALUES ({values}); END"
        )
        yield name
