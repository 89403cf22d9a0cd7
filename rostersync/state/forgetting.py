"""Erases a former person from the state: their records, and all that the history tells of them.

What stays is the fact, as an edit `forgotten` of each id: when it was done, and of whom, by id alone.
"""

from __future__ import annotations

import contextlib
import json
import sqlite3
from collections.abc import Iterable, Sequence
from pathlib import Path

from rostersync.errors import ConfigurationError, RefusedByPolicy, StateBusy, StateError
from rostersync.model.forgotten import FormerPerson, TheirsAlone
from rostersync.state import once_shared
from rostersync.state.editing import Editing
from rostersync.state.record_counts import drop

FORGOTTEN = "forgotten"
"""The field of the edit that tells it."""
_CONTACTS = ("email", "mobile", "phone", "sis_email", "sis_sms", "sis_telephone", "sis_mobile", "sis_phone", "address")
_NAMES = ("given_name", "family_name", "sis_given_name", "sis_family_name")
_PLACE_OF_ID = {"users": (0,), "enrollments": (1,), "guardianships": (0, 1), "standing_notes": (1,), "waiting": (1,)}
"""Table -> where in the key of a row of `before_images` a user's id stands."""


def forgotten_at(connection: sqlite3.Connection, user_id: str) -> str | None:
    """When this id was forgotten, None where it was not, or is a user again."""
    found = connection.execute(
        "SELECT max(made_at) FROM edits WHERE field = ? AND record_id = ? AND NOT EXISTS (SELECT 1 FROM users "
        "WHERE id = record_id)",
        (FORGOTTEN, user_id),
    ).fetchone()[0]
    return None if found is None else str(found)


def find(connection: sqlite3.Connection, user_id: str) -> FormerPerson:
    """The person with all records on their account.

    Raises:
        ConfigurationError: the state does not have the id.
        RefusedByPolicy: a record of theirs is current, or in the last import.
    """
    row = connection.execute("SELECT account_id FROM users WHERE id = ?", (user_id,)).fetchone()
    if row is None:
        raise ConfigurationError(f"no user {user_id} in the state; nothing was changed; check the id")
    users = connection.execute("SELECT id, roster_status FROM users WHERE account_id = ? ORDER BY id", row).fetchall()
    ids = tuple(str(each) for each, _ in users)
    current = [each for each, status in users if status == "current"]
    if current:
        same = "" if user_id in current else f", the same person as {user_id},"
        raise RefusedByPolicy(f"{current[0]}{same} is current; nothing was changed; only who has left can be forgotten")
    there = connection.execute(
        f"SELECT id FROM waiting WHERE kind = 'users' AND NOT deleted AND id IN ({_marks(ids)}) ORDER BY id", ids
    ).fetchone()
    if there is not None:
        raise RefusedByPolicy(
            f"{there[0]} is still in the SIS's files; nothing was changed; a sync would store them again: take "
            "them out of the SIS, sync, then forget them"
        )
    ever = _accounts(connection, ids)
    accounts = tuple(each for each in ever if not once_shared.users_on(connection, (each,), besides=ids))
    shared = tuple(each for each in ever if each not in accounts)
    return FormerPerson(
        ids,
        accounts,
        _values_of(connection, _CONTACTS, ids, accounts),
        _values_of(connection, _NAMES, ids, accounts),
        once_shared.users_on(connection, shared, besides=ids),
        shared,
    )


def erase(connection: sqlite3.Connection, person: FormerPerson) -> dict[str, int]:
    """Delete every row about this person and note that it was done, in the caller's transaction; rows per table."""
    connection.execute("PRAGMA secure_delete = ON")
    ids, marks = person.ids, _marks(person.ids)
    gone: dict[str, int] = {}

    def delete(table: str, where: str, values: Sequence[object] = ids) -> None:
        gone[table] = gone.get(table, 0) + connection.execute(f"DELETE FROM {table} WHERE {where}", values).rowcount

    _erase_images(connection, person, gone)
    delete("findings_ledger", f"record_id IN ({marks}) OR value IN ({marks})", (*ids, *ids))
    contacts = sorted(person.contacts)
    delete("findings_ledger", f"value IN ({_marks(contacts)})", contacts)
    for table in ("outbox", "user_roles", "enrollments"):
        delete(table, f"user_id IN ({marks})")
    delete("guardianships", f"guardian_id IN ({marks}) OR student_id IN ({marks})", (*ids, *ids))
    delete("standing_notes", f"kind = 'users' AND id IN ({marks})")
    delete("waiting", f"kind = 'users' AND id IN ({marks})")
    delete("waiting", f"kind = 'enrollments' AND json_extract(cells, '$.user_id') IN ({marks})")
    delete("edits", f"user_id IN ({marks}) OR account_id IN ({_marks(person.accounts)})", (*ids, *person.accounts))
    for each in ids:
        named = (f" {each} ",)
        delete("edits", "kind IN ('enrollments', 'guardianships') AND instr(' ' || record_id || ' ', ?)", named)
        delete("changes", "kind IN ('enrollments', 'guardianships') AND instr(' ' || id || ' ', ?)", named)
    delete("changes", f"kind = 'users' AND id IN ({marks})")
    delete("users", f"id IN ({marks})")
    delete("accounts", f"account_id IN ({_marks(person.accounts)})", person.accounts)
    edit = Editing(connection)
    for each in ids:
        edit.log(FORGOTTEN, None, None, record_id=each)
    alone = theirs_alone(connection, person)
    once_shared.strike(connection, person, alone)
    once_shared.strike_contacts(connection, alone.contacts)
    drop(connection)
    return {table: count for table, count in sorted(gone.items()) if count}


def theirs_alone(connection: sqlite3.Connection, person: FormerPerson) -> TheirsAlone:
    """What nobody else has in the state, of their contacts and, among the others, of their names; once it is erased."""
    held: set[str] = set()
    for column in ("email", "mobile", "phone"):
        held |= _values(connection, f"SELECT {column} FROM accounts WHERE {column} IN", person.contacts)
    for column in ("sis_email", "sis_sms", "sis_telephone", "sis_mobile", "sis_phone"):
        held |= _values(connection, f"SELECT {column} FROM users WHERE {column} IN", person.contacts)
    for (cells,) in connection.execute("SELECT cells FROM waiting WHERE kind = 'users'"):
        held |= person.contacts & {value for value in json.loads(cells).values() if isinstance(value, str)}
    names = person.names - once_shared.names_of(connection, person.others)
    return TheirsAlone(_longest_first(person.contacts - held), _longest_first(names), person.others)


def _longest_first(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(values, key=lambda value: (-len(value), value)))


def clear_free_pages(path: Path) -> None:
    """Write the file anew without what was ever deleted from it; the caller holds the lock.

    Raises:
        StateBusy: another program reads the state, so that old pages have to stay for it.
        StateError: there is no room for it.
    """
    again = "the person is erased, but the file still holds old pages"
    try:
        with contextlib.closing(sqlite3.connect(path, timeout=30, isolation_level=None)) as connection:
            connection.execute("PRAGMA secure_delete = ON")
            connection.execute("VACUUM")
            busy, _, _ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    except sqlite3.Error as error:
        raise StateError(f"{path}: {again} ({error}); make room and run the same command again") from error
    if busy:
        raise StateBusy(f"another program has {path} open: {again}; close it and run the same command again")


def _accounts(connection: sqlite3.Connection, ids: Sequence[str]) -> tuple[int, ...]:
    """The account of these users, and those that they had before."""
    marks = _marks(ids)
    found = {row[0] for row in connection.execute(f"SELECT account_id FROM users WHERE id IN ({marks})", ids)}
    found |= {
        row[0] for row in connection.execute(f"SELECT account_id FROM edits WHERE user_id IN ({marks})", ids) if row[0]
    }
    found |= {
        int(value)
        for row in connection.execute(
            f"SELECT json_extract(image, '$.account_id'), json_extract(after, '$.account_id') FROM before_images "
            f"WHERE table_name = 'users' AND json_extract(key, '$[0]') IN ({marks})",
            ids,
        )
        for value in row
        if value is not None
    }
    return tuple(sorted(found))


def _values_of(
    connection: sqlite3.Connection, of: Sequence[str], ids: Sequence[str], accounts: Sequence[int]
) -> frozenset[str]:
    """What they have or had in these fields (_CONTACTS or _NAMES), as far as the state tells."""
    marks, numbers, fields = _marks(ids), _marks(accounts), _marks(of)
    found: set[object] = set()
    own = ", ".join(name for name in of if name.startswith("sis_"))
    platform = ", ".join(name for name in of if not name.startswith("sis_") and name != "address")
    images = (
        "SELECT f.value FROM before_images b, json_each(json_array(json(b.image), json(b.after))) i, "
        f"json_each(i.value) f WHERE f.key IN ({fields}) "
        f"AND ((b.table_name = 'users' AND json_extract(b.key, '$[0]') IN ({marks})) "
        f"OR (b.table_name = 'accounts' AND json_extract(b.key, '$[0]') IN ({numbers})))"
    )
    edits = (
        f"SELECT before, after FROM edits WHERE field IN ({fields}) "
        f"AND (account_id IN ({numbers}) OR user_id IN ({marks}))"
    )
    changes = f"SELECT before, after FROM changes WHERE kind = 'users' AND field IN ({fields}) AND id IN ({marks})"
    queries: list[tuple[str, Sequence[object]]] = [
        (f"SELECT {platform} FROM accounts WHERE account_id IN ({numbers})", accounts),
        (f"SELECT {own} FROM users WHERE id IN ({marks})", ids),
        (edits, (*of, *accounts, *ids)),
        (changes, (*of, *ids)),
        (images, (*of, *ids, *accounts)),
    ]
    if of is _CONTACTS:
        queries.append((f"SELECT address FROM outbox WHERE user_id IN ({marks})", ids))
    for query, values in queries:
        for row in connection.execute(query, values):
            found.update(row)
    return frozenset(value for value in found if isinstance(value, str) and value)


def _erase_images(connection: sqlite3.Connection, person: FormerPerson, gone: dict[str, int]) -> None:
    """What runs replaced of them; before the rows themselves, which tell the keys of some."""
    ids, marks = person.ids, _marks(person.ids)
    conditions: list[tuple[str, Iterable[object]]] = [
        (f"table_name = '{table}' AND json_extract(key, '$[{place}]') IN ({marks})", ids)
        for table, places in _PLACE_OF_ID.items()
        for place in places
    ]
    conditions.append(
        (f"table_name = 'accounts' AND json_extract(key, '$[0]') IN ({_marks(person.accounts)})", person.accounts)
    )
    for table, column, key in (("user_roles", "user_id", "number"), ("findings_ledger", "record_id", "identity")):
        stored = f"SELECT {key} FROM {table} WHERE {column} IN ({marks})"
        conditions.append((f"table_name = '{table}' AND json_extract(key, '$[0]') IN ({stored})", ids))
        named = " OR ".join(f"json_extract({image}, '$.{column}') IN ({marks})" for image in ("image", "after"))
        conditions.append((f"table_name = '{table}' AND ({named})", (*ids, *ids)))
    named = " OR ".join(
        f"json_extract(json_extract({image}, '$.cells'), '$.user_id') IN ({marks})" for image in ("image", "after")
    )
    conditions.append((f"table_name = 'waiting' AND ({named})", (*ids, *ids)))
    of_enrollments = "table_name = 'waiting' AND json_extract(key, '$[0]') = 'enrollments'"
    in_key = f"{of_enrollments} AND instr(' ' || json_extract(key, '$[1]') || ' ', ?)"
    conditions += [(in_key, (f" {each} ",)) for each in ids]
    for where, values in conditions:
        count = connection.execute(f"DELETE FROM before_images WHERE {where}", tuple(values)).rowcount
        gone["before_images"] = gone.get("before_images", 0) + count


def _values(connection: sqlite3.Connection, query: str, among: Iterable[str]) -> set[str]:
    values = sorted(among)
    return {row[0] for row in connection.execute(f"{query} ({_marks(values)})", values)}


def _marks(values: Iterable[object]) -> str:
    return ", ".join("?" for _ in values)
