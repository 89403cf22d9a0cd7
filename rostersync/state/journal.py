"""Keeps what a run replaces, so that the run can be taken back (contract.md, `runs undo`).

Triggers of the writing connection note every row before it is written, whoever writes it and how often; at the end of
the run only the columns that differ are kept. What a run adds to the large tables is not noted row by row: `added_in`
and the account ids tell it.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

RECORDS = ("accounts", "users", "classes", "enrollments", "guardianships")
"""The tables that people see and edit. A first load fills them: nothing is done per added row."""
FACTS = (
    "standing_notes",
    "waiting",
    "guard_totals",
    "orgs",
    "academic_sessions",
    "user_roles",
    "meta",
    "findings_ledger",
    "findings_unlisted",
)
"""The tables that runs alone write; rows that a run adds to them are noted too."""
ACCOUNT_IDS = "account_ids"
"""In the place of a table: the greatest account id before and after the run, of every run that can be taken back."""


@dataclass(frozen=True)
class Shape:
    """The columns of a table and those of its primary key, in order."""

    columns: tuple[str, ...]
    key: tuple[str, ...]


def shape(connection: sqlite3.Connection, table: str) -> Shape:
    """The shape of a table as the state has it."""
    rows = connection.execute("SELECT name, pk FROM pragma_table_info(?)", (table,)).fetchall()
    key = sorted((place, name) for name, place in rows if place)
    return Shape(tuple(name for name, _ in rows), tuple(name for _, name in key))


@contextlib.contextmanager
def recording(
    connection: sqlite3.Connection, run_id: str, keep: int, *, first_account: int | None = None
) -> Iterator[None]:
    """Note what the block writes as that run's; its row must be there. Only the newest `keep` runs stay noted.

    `first_account`: the greatest account id before the run, where its accounts are there already.
    """
    number = connection.execute("SELECT number FROM runs WHERE run_id = ?", (run_id,)).fetchone()[0]
    first = _greatest_account_id(connection) if first_account is None else first_account
    triggers = [*_watched(connection, RECORDS, ("UPDATE", "DELETE"), number)]
    triggers += _watched(connection, FACTS, ("INSERT", "UPDATE", "DELETE"), number)
    yield
    for name in triggers:
        connection.execute(f"DROP TRIGGER temp.{name}")
    _forget_what_it_added(connection, number, first)
    for table in (*RECORDS, *FACTS):
        _keep_what_differs(connection, table, number)
    connection.execute(
        f"INSERT INTO before_images (run, table_name, key, image, after) VALUES (?, '{ACCOUNT_IDS}', '[]', "
        "json_object('account_id', ?), json_object('account_id', ?))",
        (number, first, _greatest_account_id(connection)),
    )
    forget(connection, keep)


def forget(connection: sqlite3.Connection, keep: int) -> None:
    """Drop what is noted of runs older than the newest `keep` that are applied."""
    connection.execute(
        "DELETE FROM before_images WHERE run < (SELECT min(number) FROM (SELECT number FROM runs "
        "WHERE applied AND undoes IS NULL ORDER BY number DESC LIMIT ?))",
        (keep,),
    )


def _greatest_account_id(connection: sqlite3.Connection) -> int:
    return int(connection.execute("SELECT coalesce(max(account_id), 0) FROM accounts").fetchone()[0])


def _watched(
    connection: sqlite3.Connection, tables: Sequence[str], events: Sequence[str], number: int
) -> Iterator[str]:
    """Make the triggers; their names. The first note of a row stands: it is the row as it was before the run."""
    for table in tables:
        columns, key = shape(connection, table).columns, shape(connection, table).key
        for event in events:
            written = "NEW" if event == "INSERT" else "OLD"
            named = _array(key, f"{written}.")
            image = _object(columns, "OLD.")
            if event == "INSERT":  # there is a row already where the statement replaces
                same = " AND ".join(f"t.{name} = NEW.{name}" for name in key)
                image = f"(SELECT {_object(columns, 't.')} FROM {table} t WHERE {same})"
            name = f"journal_{table}_{event.lower()}"
            # NOT EXISTS, for in a trigger OR IGNORE gives way to the OR REPLACE of the statement that fires it.
            connection.execute(
                f"CREATE TEMP TRIGGER {name} BEFORE {event} ON main.{table} BEGIN "
                f"INSERT INTO before_images (run, table_name, key, image) SELECT {number}, '{table}', {named}, {image} "
                f"WHERE NOT EXISTS (SELECT 1 FROM before_images WHERE run = {number} AND table_name = '{table}' "
                f"AND key = {named}); END"
            )
            yield name


def _forget_what_it_added(connection: sqlite3.Connection, number: int, first_account: int) -> None:
    """A row that the run added and then wrote again was not there before it."""
    connection.execute(
        "DELETE FROM before_images WHERE run = ? AND ((table_name = 'accounts' AND json_extract(key, '$[0]') > ?) "
        f"OR (table_name IN {RECORDS} AND json_extract(image, '$.added_in') = ?))",
        (number, first_account, number),
    )


def _keep_what_differs(connection: sqlite3.Connection, table: str, number: int) -> None:
    columns, key = shape(connection, table).columns, shape(connection, table).key
    same = " AND ".join(f"t.{name} = json_extract(before_images.key, '$[{at}]')" for at, name in enumerate(key))
    where = f"WHERE run = {number} AND table_name = '{table}'"
    connection.execute(
        f"UPDATE before_images SET after = (SELECT {_object(columns, 't.')} FROM {table} t WHERE {same}) {where}"
    )
    connection.execute(f"DELETE FROM before_images {where} AND image IS after")
    connection.execute(
        f"UPDATE before_images SET image = {_differing('image', 'after')}, after = {_differing('after', 'image')} "
        f"{where} AND image IS NOT NULL AND after IS NOT NULL"
    )


def _differing(one: str, other: str) -> str:
    """The members of a JSON object that differ from those of the other one."""
    return (
        f"(SELECT json_group_object(f.key, f.value) FROM json_each({one}) f "
        f"WHERE f.value IS NOT json_extract({other}, '$.' || f.key))"
    )


def _array(columns: Sequence[str], prefix: str) -> str:
    return f"json_array({', '.join(prefix + name for name in columns)})"


def _object(columns: Sequence[str], prefix: str) -> str:
    members = ", ".join(f"'{name}', {prefix}{name}" for name in columns)
    return f"json_object({members})"
