"""Erases a former person from the state: their records, and all that the history tells of them.

What stays is the fact, as an edit `forgotten` of each id: when it was done, and of whom, by id alone.
"""

from __future__ import annotations

import contextlib
import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from rostersync.errors import ConfigurationError, RefusedByPolicy, StateBusy, StateError
from rostersync.model.forgotten import FormerPerson, TheirsAlone
from rostersync.state import once_shared
from rostersync.state.editing import Editing
from rostersync.state.record_counts import drop

FORGOTTEN = "forgotten"
"""The field of the edit that tells it."""
ARCHIVED = "guardians added by hand, archived: no student is left"
"""In the place of a table, in the counts of `erase`."""
_CONTACTS = ("email", "mobile", "phone", "sis_email", "sis_sms", "sis_telephone", "sis_mobile", "sis_phone", "address")
_NAMES = ("given_name", "family_name", "sis_given_name", "sis_family_name")
_IN_CELLS: dict[tuple[str, ...], tuple[str, ...]] = {
    _CONTACTS: ("email", "sms", "telephone", "phone", "mobile"),
    _NAMES: ("given_name", "family_name"),
}
"""What waiting rows call the fields of _CONTACTS and _NAMES."""
_PLACE_OF_ID = {"users": (0,), "enrollments": (1,), "guardianships": (0, 1), "standing_notes": (1,), "waiting": (1,)}
"""Table -> where in the key of a row of `before_images` a user's id stands."""


def forgotten_at(connection: sqlite3.Connection, user_id: str) -> str | None:
    """When this id was forgotten, None where it was not, or something of it is in the state again."""
    found = connection.execute(
        "SELECT max(made_at) FROM edits WHERE field = ? AND record_id = ? AND NOT EXISTS (SELECT 1 FROM users "
        "WHERE id = record_id)",
        (FORGOTTEN, user_id),
    ).fetchone()[0]
    return None if found is None or _is_told_of(connection, user_id) else str(found)


def _is_told_of(connection: sqlite3.Connection, user_id: str) -> bool:
    """Whether something is known of somebody who is no user: a guardian withheld, a row that was rejected."""
    places = (
        "waiting WHERE kind = 'users' AND id = ?",
        "standing_notes WHERE kind = 'users' AND id = ?",
        "findings_ledger WHERE file = 'users.csv' AND record_id = ?",
        "before_images WHERE table_name = 'users' AND json_extract(key, '$[0]') = ?",
        "before_images WHERE table_name IN ('waiting', 'standing_notes') AND json_extract(key, '$[1]') = ?",
    )
    return any(
        connection.execute(f"SELECT EXISTS (SELECT 1 FROM {place})", (user_id,)).fetchone()[0] for place in places
    )


def find(connection: sqlite3.Connection, user_id: str) -> FormerPerson:
    """The person with all records on their account, or somebody who never became a user and of whom something is told.

    Raises:
        ConfigurationError: the state does not have the id.
        RefusedByPolicy: a record of theirs is current, or in the last import.
    """
    row = connection.execute("SELECT account_id FROM users WHERE id = ?", (user_id,)).fetchone()
    if row is None and not _is_told_of(connection, user_id):
        raise ConfigurationError(f"no user {user_id} in the state; nothing was changed; check the id")
    ids = (user_id,) if row is None else _on_account(connection, user_id, row[0])
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


def _on_account(connection: sqlite3.Connection, user_id: str, account_id: int) -> tuple[str, ...]:
    users = connection.execute(
        "SELECT id, roster_status FROM users WHERE account_id = ? ORDER BY id", (account_id,)
    ).fetchall()
    current = [each for each, status in users if status == "current"]
    if current:
        same = "" if user_id in current else f", the same person as {user_id},"
        raise RefusedByPolicy(f"{current[0]}{same} is current; nothing was changed; only who has left can be forgotten")
    return tuple(str(each) for each, _ in users)


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
    by_hand = _guardians_by_hand(connection, ids)
    delete("guardianships", f"guardian_id IN ({marks}) OR student_id IN ({marks})", (*ids, *ids))
    delete("standing_notes", f"kind = 'users' AND id IN ({marks})")
    delete("waiting", f"kind = 'users' AND id IN ({marks})")
    delete("waiting", f"kind = 'enrollments' AND {_names_user('cells', marks)}")
    delete("edits", f"user_id IN ({marks}) OR account_id IN ({_marks(person.accounts)})", (*ids, *person.accounts))
    for each in ids:
        named = (f" {each} ",)
        delete("edits", "kind IN ('enrollments', 'guardianships') AND instr(' ' || record_id || ' ', ?)", named)
        delete("changes", "kind IN ('enrollments', 'guardianships') AND instr(' ' || id || ' ', ?)", named)
        delete("findings_ledger", "file = 'enrollments.csv' AND instr(' ' || record_id || ' ', ?)", named)
    delete("changes", f"kind = 'users' AND id IN ({marks})")
    delete("users", f"id IN ({marks})")
    delete("accounts", f"account_id IN ({_marks(person.accounts)})", person.accounts)
    edit = Editing(connection)
    for each in ids:
        edit.log(FORGOTTEN, None, None, record_id=each)
    gone[ARCHIVED] = _archive_without_students(edit, by_hand)
    alone = theirs_alone(connection, person)
    once_shared.strike(connection, person, alone)
    once_shared.strike_contacts(connection, alone.contacts)
    drop(connection)
    return {table: count for table, count in sorted(gone.items()) if count}


def _guardians_by_hand(connection: sqlite3.Connection, ids: Sequence[str]) -> dict[str, int]:
    """Current guardians of these users whom no SIS knows, and their accounts."""
    query = (
        "SELECT DISTINCT u.id, u.account_id FROM guardianships g JOIN users u ON u.id = g.guardian_id "
        f"WHERE u.origin = 'manual' AND u.roster_status = 'current' AND g.student_id IN ({_marks(ids)}) ORDER BY u.id"
    )
    return dict(connection.execute(query, ids).fetchall())


def _archive_without_students(edit: Editing, guardians: Mapping[str, int]) -> int:
    """As where the last student is taken from a guardian by hand: else nobody could ever remove or forget them."""
    query = "SELECT EXISTS (SELECT 1 FROM guardianships WHERE guardian_id = ? AND status = 'current')"
    alone = [each for each in guardians if not edit.connection.execute(query, (each,)).fetchone()[0]]
    for each in alone:
        edit.connection.execute("UPDATE users SET roster_status = 'archived' WHERE id = ?", (each,))
        edit.log("roster_status", "current", "archived", user_id=each, account_id=guardians[each])
    return len(alone)


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
    connection: sqlite3.Connection, of: tuple[str, ...], ids: Sequence[str], accounts: Sequence[int]
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
    cells = _IN_CELLS[of]
    waited = (
        f"table_name = 'waiting' AND json_extract(key, '$[0]') = 'users' AND json_extract(key, '$[1]') IN ({marks})"
    )
    for rows in (
        f"SELECT cells FROM waiting WHERE kind = 'users' AND id IN ({marks})",
        f"SELECT json_extract(image, '$.cells') AS cells FROM before_images WHERE {waited}",
        f"SELECT json_extract(after, '$.cells') AS cells FROM before_images WHERE {waited}",
    ):
        said = f"SELECT c.value FROM ({rows}) w, json_tree(w.cells) c WHERE c.key IN ({_marks(cells)})"
        queries.append((said, (*ids, *cells)))
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
    cells = [_names_user(f"json_extract({image}, '$.cells')", marks) for image in ("image", "after")]
    conditions.append((f"table_name = 'waiting' AND ({' OR '.join(cells)})", (*ids, *ids)))
    of_enrollments = "table_name = 'waiting' AND json_extract(key, '$[0]') = 'enrollments'"
    in_key = f"{of_enrollments} AND instr(' ' || json_extract(key, '$[1]') || ' ', ?)"
    conditions += [(in_key, (f" {each} ",)) for each in ids]
    for where, values in conditions:
        count = connection.execute(f"DELETE FROM before_images WHERE {where}", tuple(values)).rowcount
        gone["before_images"] = gone.get("before_images", 0) + count


def _names_user(cells: str, marks: str) -> str:
    """SQL: whether the cells of a waiting row, or one of its rejected rows, are about one of these users."""
    return f"EXISTS (SELECT 1 FROM json_tree({cells}) c WHERE c.key = 'user_id' AND c.value IN ({marks}))"


def _values(connection: sqlite3.Connection, query: str, among: Iterable[str]) -> set[str]:
    values = sorted(among)
    return {row[0] for row in connection.execute(f"{query} ({_marks(values)})", values)}


def _marks(values: Iterable[object]) -> str:
    return ", ".join("?" for _ in values)
