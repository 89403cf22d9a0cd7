"""Lays out in temporary tables what an undo changes, from what the run replaced and from what stands now.

A value goes back where it is still the one that the run left. Where a person changed it since, it stays; so does a
record that the run added and that somebody used since. The connection may be one that only reads.

- `undo_edits`: accounts, users and fields that people edited since the run.
- `undo_values`: what the run changed, a row per field: table, key (k1 … k4), `before` the run, `after` it, `now`,
  `edited` since, `holder` (account id) of a credential that is not free, `target`: the value from now on.
- `undo_added`: what the run added to the tables that people see, with the reason why it `stays`.
- `undo_accounts`: accounts that go.
- `undo_facts`: rows of the other tables that the run added (to delete) or deleted (to bring back, as `image`).
"""

from __future__ import annotations

import sqlite3

from rostersync.model.undo import UndoableRun
from rostersync.state.journal import ACCOUNT_IDS, FACTS, RECORDS, shape

CREDENTIALS = ("email", "mobile")
PLACES = ("k1", "k2", "k3", "k4")
"""Columns for the values of a primary key."""
OWN_FACTS = ("generation", "snapshot", "record_counts")
"""Facts of the state that an undo sets itself."""


def lay_out(connection: sqlite3.Connection, run: UndoableRun) -> None:
    """Make the temporary tables for taking this run back."""
    _edits(connection, run)
    _values(connection, run)
    _facts(connection, run)
    _added(connection, run)
    _accounts(connection, run)
    for credential in CREDENTIALS:
        _give_only_what_is_free(connection, credential)


def row_of(key: tuple[str, ...], table: str = "t", values: str = "v") -> str:
    """The condition that a row of a table is the one whose key is laid out."""
    return " AND ".join(f"{table}.{name} = {values}.{place}" for name, place in zip(key, PLACES, strict=False))


def _places(column: str) -> str:
    return ", ".join(f"json_extract({column}, '$[{at}]') AS {place}" for at, place in enumerate(PLACES))


def _edits(connection: sqlite3.Connection, run: UndoableRun) -> None:
    connection.execute("CREATE TEMP TABLE undo_edits (user_id, account_id, field)")
    connection.execute(
        "INSERT INTO undo_edits SELECT DISTINCT user_id, account_id, field FROM edits WHERE generation > ?",
        (run.generation,),
    )
    connection.execute("CREATE INDEX temp.undo_edits_account ON undo_edits (account_id, field)")
    connection.execute("CREATE INDEX temp.undo_edits_user ON undo_edits (user_id)")


def _values(connection: sqlite3.Connection, run: UndoableRun) -> None:
    connection.execute(
        "CREATE TEMP TABLE undo_values (table_name, k1, k2, k3, k4, field, before, after, now, "
        "there DEFAULT 0, edited, holder, target)"
    )
    connection.execute(
        "INSERT INTO undo_values (table_name, k1, k2, k3, k4, field, before, after) "
        f"SELECT j.table_name, {_places('j.key')}, f.key, f.value, json_extract(j.after, '$.' || f.key) "
        "FROM before_images j, json_each(j.image) f "
        f"WHERE j.run = ? AND j.table_name <> '{ACCOUNT_IDS}' AND j.image IS NOT NULL AND j.after IS NOT NULL",
        (run.number,),
    )
    connection.execute(f"DELETE FROM undo_values WHERE table_name = 'meta' AND k1 IN {OWN_FACTS}")
    for table in (*RECORDS, *FACTS):
        form = shape(connection, table)
        now = " ".join(f"WHEN '{name}' THEN t.{name}" for name in form.columns)
        connection.execute(
            f"UPDATE undo_values AS v SET there = 1, now = CASE v.field {now} END FROM {table} t "
            f"WHERE v.table_name = '{table}' AND {row_of(form.key)}"
        )
    connection.execute("DELETE FROM undo_values WHERE NOT there")  # a person deleted the row since
    _credentials_of_deleted_accounts(connection, run)
    connection.execute(
        "UPDATE undo_values SET edited = now IS NOT after OR (table_name = 'accounts' AND (EXISTS ("
        "SELECT 1 FROM undo_edits e WHERE e.account_id = k1 AND e.field = undo_values.field) "
        # Its people were linked to another account since: nothing is given to nobody.
        "OR (there AND NOT EXISTS (SELECT 1 FROM users u WHERE u.account_id = k1))))"
    )
    # Who accepted since logs in with it, and no sync gives an active person an e-mail or mobile again (R-U3).
    connection.execute(
        f"UPDATE undo_values SET edited = 1 WHERE table_name = 'accounts' AND field IN {CREDENTIALS} "
        "AND before IS NULL AND EXISTS (SELECT 1 FROM undo_edits e WHERE e.account_id = k1 AND e.field = 'state')"
    )
    connection.execute("UPDATE undo_values SET target = CASE WHEN edited THEN now ELSE before END")
    connection.execute("CREATE INDEX temp.undo_values_field ON undo_values (table_name, field, k1)")


def _credentials_of_deleted_accounts(connection: sqlite3.Connection, run: UndoableRun) -> None:
    """An account that the run deleted comes back without credentials, which are then given as all others are."""
    for credential in CREDENTIALS:
        connection.execute(
            "INSERT INTO undo_values (table_name, k1, field, before) "
            f"SELECT 'accounts', json_extract(key, '$[0]'), '{credential}', json_extract(image, '$.{credential}') "
            "FROM before_images j WHERE run = ? AND table_name = 'accounts' AND after IS NULL "
            "AND NOT EXISTS (SELECT 1 FROM accounts a WHERE a.account_id = json_extract(j.key, '$[0]'))",
            (run.number,),
        )


def _facts(connection: sqlite3.Connection, run: UndoableRun) -> None:
    connection.execute("CREATE TEMP TABLE undo_facts (table_name, k1, k2, k3, k4, image)")
    connection.execute(
        f"INSERT INTO undo_facts SELECT j.table_name, {_places('j.key')}, j.image FROM before_images j "
        f"WHERE j.run = ? AND j.table_name <> '{ACCOUNT_IDS}' AND (j.image IS NULL OR j.after IS NULL)",
        (run.number,),
    )
    connection.execute(f"DELETE FROM undo_facts WHERE table_name = 'meta' AND k1 IN {OWN_FACTS}")


def _added(connection: sqlite3.Connection, run: UndoableRun) -> None:
    connection.execute(
        "CREATE TEMP TABLE undo_added (kind, k1, k2, k3, status, account_id, own DEFAULT 0, joined DEFAULT 0, stays)"
    )
    first, last = _account_ids(connection, run)
    connection.execute(
        "INSERT INTO undo_added (kind, k1, status, account_id, own, joined) "
        "SELECT 'users', u.id, u.roster_status, u.account_id, u.account_id > ?2, EXISTS ("
        "SELECT 1 FROM changes c WHERE c.kind = 'users' AND c.id = u.id AND c.run = ?1 AND c.action = 'linked') "
        "FROM users u WHERE u.added_in = ?1 AND u.origin = 'sis'",
        (run.number, first),
    )
    connection.execute(
        "INSERT INTO undo_added (kind, k1, status, stays) SELECT 'classes', c.id, c.status, CASE "
        "WHEN c.title IS NOT c.sis_title THEN 'edited' "
        "WHEN EXISTS (SELECT 1 FROM enrollments e WHERE e.class_id = c.id AND e.origin = 'manual') "
        "THEN 'given somebody by hand' END FROM classes c WHERE c.added_in = ? AND c.origin = 'sis'",
        (run.number,),
    )
    for table in ("enrollments", "guardianships"):
        key = shape(connection, table).key
        connection.execute(
            f"INSERT INTO undo_added (kind, {', '.join(PLACES[: len(key)])}, status, stays) "
            f"SELECT '{table}', {', '.join(key)}, status, CASE WHEN origin = 'manual' THEN 'made manual' END "
            f"FROM {table} WHERE added_in = ?",
            (run.number,),
        )
    connection.execute("CREATE INDEX temp.undo_added_key ON undo_added (kind, k1)")
    connection.execute("CREATE INDEX temp.undo_added_account ON undo_added (account_id)")
    _who_stays(connection, last)


def _account_ids(connection: sqlite3.Connection, run: UndoableRun) -> tuple[int, int]:
    """The greatest account id before and after the run."""
    query = (
        "SELECT json_extract(image, '$.account_id'), json_extract(after, '$.account_id') FROM before_images "
        "WHERE run = ? AND table_name = ?"
    )
    first, last = connection.execute(query, (run.number, ACCOUNT_IDS)).fetchone()
    return int(first), int(last)


def _who_stays(connection: sqlite3.Connection, last_account: int) -> None:
    """Users that the run added and that somebody edited, accepted, linked or related to others since."""
    edited = (
        "EXISTS (SELECT 1 FROM undo_edits e WHERE e.user_id = k1 AND {0}) "
        "OR (own AND EXISTS (SELECT 1 FROM undo_edits e WHERE e.account_id = undo_added.account_id AND {0}))"
    )
    active = "(own AND (SELECT state FROM accounts a WHERE a.account_id = undo_added.account_id) = 'active')"
    # As a run leaves them, a new account has one new user who got it, and others who joined them.
    by_hand = (
        f"account_id > {last_account} OR (NOT own AND NOT joined) OR (own AND (SELECT count(*) FROM users u "
        "LEFT JOIN undo_added o ON o.kind = 'users' AND o.k1 = u.id "
        "WHERE u.account_id = undo_added.account_id AND coalesce(o.joined, 0) = 0) <> 1)"
    )
    related = (
        "EXISTS (SELECT 1 FROM guardianships g WHERE g.guardian_id = k1 AND g.origin = 'manual') "
        "OR EXISTS (SELECT 1 FROM guardianships g WHERE g.student_id = k1 AND g.origin = 'manual') "
        "OR EXISTS (SELECT 1 FROM enrollments e WHERE e.user_id = k1 AND e.origin = 'manual')"
    )
    link, state = "e.field = 'account_id'", "e.field = 'state'"
    connection.execute(
        f"UPDATE undo_added SET stays = CASE WHEN {active} OR {edited.format(state)} THEN 'accepted' "
        f"WHEN {by_hand} OR {edited.format(link)} THEN 'linked or unlinked' "
        f"WHEN {edited.format('1')} THEN 'edited' "
        f"WHEN {related} THEN 'given a guardianship or class by hand' END WHERE kind = 'users'"
    )
    connection.execute(  # one account is one person: all of it stays
        "UPDATE undo_added SET stays = (SELECT min(o.stays) FROM undo_added o WHERE o.account_id = "
        "undo_added.account_id) WHERE kind = 'users' AND own AND stays IS NULL"
    )


def _accounts(connection: sqlite3.Connection, run: UndoableRun) -> None:
    first, last = _account_ids(connection, run)
    connection.execute("CREATE TEMP TABLE undo_accounts (account_id INTEGER PRIMARY KEY)")
    connection.execute(
        "INSERT INTO undo_accounts SELECT a.account_id FROM accounts a WHERE a.account_id > ? AND a.account_id <= ? "
        "AND NOT EXISTS (SELECT 1 FROM users u LEFT JOIN undo_added o ON o.kind = 'users' AND o.k1 = u.id "
        "WHERE u.account_id = a.account_id AND (o.k1 IS NULL OR o.stays IS NOT NULL)) "
        "AND a.account_id NOT IN (SELECT e.account_id FROM edits e WHERE e.account_id IS NOT NULL)",
        (first, last),
    )


def _give_only_what_is_free(connection: sqlite3.Connection, credential: str) -> None:
    """A credential goes back unless somebody holds it who keeps it; who does not get theirs keeps the present one.

    The present one is given up where it goes back to somebody else (as in policies.md R-C2).
    """
    mine = f"table_name = 'accounts' AND field = '{credential}' AND NOT edited"
    connection.execute(
        f"UPDATE undo_values AS v SET holder = (SELECT a.account_id FROM accounts a WHERE a.{credential} = v.before "
        "AND a.account_id <> v.k1 AND a.account_id NOT IN (SELECT account_id FROM undo_accounts) "
        f"AND NOT EXISTS (SELECT 1 FROM undo_values g WHERE {mine} AND g.k1 = a.account_id)) "
        f"WHERE {mine} AND before IS NOT NULL"
    )
    connection.execute(
        f"UPDATE undo_values SET target = CASE WHEN now IN (SELECT g.before FROM undo_values g WHERE {mine} "
        f"AND g.holder IS NULL AND g.before IS NOT NULL) THEN NULL ELSE now END WHERE {mine} AND holder IS NOT NULL"
    )
