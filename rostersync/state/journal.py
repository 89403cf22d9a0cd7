"""Keeps what a run replaces, so that the run can be taken back (contract.md, `runs undo`).

Triggers of the writing connection note every row in temporary tables before it is written, whoever writes it and how
often; at the end of the run the columns that differ are kept. What a run adds to the large tables is not noted row by
row: `added_in` and the account ids tell it.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
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
    triggers: list[str] = []
    # All that is in an empty table afterwards was added: to note each row would double the time that it takes.
    empty = [table for table in FACTS if _is_empty(connection, table)]
    watched = [table for table in (*RECORDS, *FACTS) if table not in empty]
    for table in watched:
        form = shape(connection, table)
        # Without their types a look-up by the key would go through all rows.
        typed = connection.execute("SELECT name || ' ' || type FROM pragma_table_info(?)", (table,))
        members = ", ".join([*(row[0] for row in typed), "there", f"PRIMARY KEY ({', '.join(form.key)})"])
        connection.execute(f"CREATE TEMP TABLE replaced_{table} ({members}) WITHOUT ROWID")
        new = f"OLD.account_id > {first}" if table == "accounts" else f"OLD.added_in IS {number}"
        triggers += _watched(connection, table, form, known=f"NOT ({new})" if table in RECORDS else None)
    yield
    for name in triggers:
        connection.execute(f"DROP TRIGGER temp.{name}")
    for table in watched:
        _keep_what_differs(connection, table, number)
        connection.execute(f"DROP TABLE temp.replaced_{table}")
    for table in empty:
        _keep_what_is_there(connection, table, number)
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


def _is_empty(connection: sqlite3.Connection, table: str) -> bool:
    return not connection.execute(f"SELECT EXISTS (SELECT 1 FROM {table})").fetchone()[0]


def _greatest_account_id(connection: sqlite3.Connection) -> int:
    return int(connection.execute("SELECT coalesce(max(account_id), 0) FROM accounts").fetchone()[0])


def _watched(connection: sqlite3.Connection, table: str, form: Shape, *, known: str | None) -> Iterator[str]:
    """Make the triggers; their names. The first note of a row stands: it is the row as it was before the run.

    `known`: which rows of a table of records were there before the run; None: inserts are noted as well.
    """
    columns = ", ".join(f"OLD.{name}" for name in form.columns)
    when = "" if known is None else f"WHEN {known} "
    for event in ("UPDATE", "DELETE"):
        yield _trigger(connection, table, event, when, f"SELECT {columns}, 1 WHERE {_not_noted(table, form, 'OLD')}")
    if known is None:  # there is a row already where the statement replaces
        columns = ", ".join(f"NEW.{name}" if name in form.key else f"t.{name}" for name in form.columns)
        found = f"FROM (SELECT 1) LEFT JOIN {table} t ON {_same(form, 't', 'NEW')}"
        noted = f"SELECT {columns}, t.{form.key[0]} IS NOT NULL {found} WHERE {_not_noted(table, form, 'NEW')}"
        yield _trigger(connection, table, "INSERT", "", noted)


def _trigger(connection: sqlite3.Connection, table: str, event: str, when: str, rows: str) -> str:
    name = f"journal_{table}_{event.lower()}"
    connection.execute(
        f"CREATE TEMP TRIGGER {name} BEFORE {event} ON main.{table} {when}"
        f"BEGIN INSERT INTO replaced_{table} {rows}; END"
    )
    return name


def _not_noted(table: str, form: Shape, written: str) -> str:
    """NOT EXISTS, for in a trigger OR IGNORE gives way to the OR REPLACE of the statement that fires it."""
    return f"NOT EXISTS (SELECT 1 FROM replaced_{table} r WHERE {_same(form, 'r', written)})"


def _same(form: Shape, one: str, other: str) -> str:
    return " AND ".join(f"{one}.{name} = {other}.{name}" for name in form.key)


def _keep_what_differs(connection: sqlite3.Connection, table: str, number: int) -> None:
    """Of rows that are there before and after the run only the columns that differ; else the whole row."""
    form = shape(connection, table)
    now = f"t.{form.key[0]} IS NOT NULL"
    same = " AND ".join(f"r.{name} IS t.{name}" for name in form.columns)
    key = f"json_array({', '.join(f'r.{name}' for name in form.key)})"
    connection.execute(
        f"INSERT INTO before_images (run, table_name, key, image, after) SELECT {number}, '{table}', {key}, "
        f"CASE WHEN NOT r.there THEN NULL WHEN {now} THEN {_differing(form, 'r')} ELSE {_object(form, 'r')} END, "
        f"CASE WHEN NOT ({now}) THEN NULL WHEN r.there THEN {_differing(form, 't')} ELSE {_object(form, 't')} END "
        f"FROM temp.replaced_{table} r LEFT JOIN main.{table} t ON {_same(form, 't', 'r')} "
        f"WHERE CASE WHEN r.there AND {now} THEN NOT ({same}) ELSE r.there OR {now} END"
    )


def _keep_what_is_there(connection: sqlite3.Connection, table: str, number: int) -> None:
    """Every row as one that the run added."""
    form = shape(connection, table)
    key = f"json_array({', '.join(f't.{name}' for name in form.key)})"
    connection.execute(
        f"INSERT INTO before_images (run, table_name, key, image, after) SELECT {number}, '{table}', {key}, NULL, "
        f"{_object(form, 't')} FROM main.{table} t"
    )


def _differing(form: Shape, row: str) -> str:
    """A JSON object of the columns that differ: written by hand, for JSON functions can leave none out."""
    members = " || ".join(
        f"""iif(r.{name} IS t.{name}, '', ',"{name}":' || json_quote({row}.{name}))""" for name in form.columns
    )
    return f"'{{' || substr({members}, 2) || '}}'"


def _object(form: Shape, row: str) -> str:
    members = ", ".join(f"'{name}', {row}.{name}" for name in form.columns)
    return f"json_object({members})"
