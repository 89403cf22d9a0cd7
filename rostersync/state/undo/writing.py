"""Writes what `layout` laid out: in the caller's transaction, so that a run is taken back whole or not at all."""

from __future__ import annotations

import sqlite3

from rostersync.model.notes import Action, Code
from rostersync.model.undo import KEYS, STATUS_ACTIONS, UndoableRun
from rostersync.state import record_counts
from rostersync.state.journal import FACTS, RECORDS, shape
from rostersync.state.undo.frames import TOLD, withdraw
from rostersync.state.undo.layout import CREDENTIALS, PLACES, row_of

_DELETED = ("enrollments", "guardianships", "users", "classes")
"""The kinds in the order in which added records go: whoever refers to a record goes before it."""


def carry_out(connection: sqlite3.Connection, run: UndoableRun, number: int) -> None:
    """Take `run` back as the run `number`, whose row must be there, but for that row's own columns.

    Credentials are freed before they are given, so that no two accounts ever meet in between (policies.md R-C2).
    """
    _write_changes(connection, number)
    withdraw(connection, run)
    for kind in _DELETED:
        _delete_added(connection, kind)
    for credential in CREDENTIALS:
        connection.execute(
            f"UPDATE accounts SET {credential} = NULL WHERE account_id IN (SELECT k1 FROM undo_values "
            f"WHERE table_name = 'accounts' AND field = '{credential}' AND target IS NOT now)"
        )
    connection.execute("DELETE FROM accounts WHERE account_id IN (SELECT account_id FROM undo_accounts)")
    for table in (*RECORDS, *FACTS):
        _bring_back(connection, table)
        _set_values(connection, table)
    for table in FACTS:
        _delete_facts(connection, table)
    _settle(connection, run, number)


def _write_changes(connection: sqlite3.Connection, number: int) -> None:
    """The rows of roster_changes: every field that goes back, and one row per added record that goes."""
    insert = "INSERT INTO changes (run, kind, id, action, code, field, before, after)"
    action = " ".join(f"WHEN '{status}' THEN '{action.value}'" for status, action in STATUS_ACTIONS.items())
    connection.execute(
        f"{insert} SELECT {number}, kind, id, CASE WHEN field IN ('roster_status', 'status') THEN CASE target {action} "
        f"END ELSE '{Action.UPDATED.value}' END, '{Code.UNDONE.value}', field, now, target FROM {TOLD} "
        "WHERE target IS NOT now ORDER BY kind, id, field"
    )
    connection.execute(
        f"{insert} SELECT {number}, kind, k1 || coalesce(' ' || k2, '') || coalesce(' ' || k3, ''), "
        f"'{Action.REMOVED.value}', '{Code.ADDED_UNDONE.value}', "
        "CASE kind WHEN 'users' THEN 'roster_status' ELSE 'status' END, status, NULL FROM undo_added "
        "WHERE stays IS NULL ORDER BY kind, k1, k2, k3"
    )


def _delete_added(connection: sqlite3.Connection, kind: str) -> None:
    key = KEYS[kind]
    places = ", ".join(PLACES[: len(key)])
    connection.execute(
        f"DELETE FROM {kind} WHERE ({', '.join(key)}) IN "
        f"(SELECT {places} FROM undo_added WHERE kind = '{kind}' AND stays IS NULL)"
    )


def _bring_back(connection: sqlite3.Connection, table: str) -> None:
    """Rows that the run deleted, unless somebody made them again; credentials are values of their own."""
    columns = [name for name in shape(connection, table).columns if name not in CREDENTIALS or table != "accounts"]
    values = [f"json_extract(image, '$.{name}')" for name in columns]
    connection.execute(
        f"INSERT OR IGNORE INTO {table} ({', '.join(columns)}) SELECT {', '.join(values)} FROM undo_facts "
        f"WHERE table_name = '{table}' AND image IS NOT NULL"
    )


def _set_values(connection: sqlite3.Connection, table: str) -> None:
    form = shape(connection, table)
    moved = connection.execute(
        "SELECT DISTINCT field FROM undo_values WHERE table_name = ? AND target IS NOT now", (table,)
    ).fetchall()
    for name in (name for (name,) in moved if name in form.columns):
        connection.execute(
            f"UPDATE {table} AS t SET {name} = v.target FROM undo_values v WHERE v.table_name = '{table}' "
            f"AND v.field = '{name}' AND v.target IS NOT v.now AND {row_of(form.key)}"
        )


def _delete_facts(connection: sqlite3.Connection, table: str) -> None:
    key = shape(connection, table).key
    places = ", ".join(PLACES[: len(key)])
    connection.execute(
        f"DELETE FROM {table} WHERE ({', '.join(key)}) IN "
        f"(SELECT {places} FROM undo_facts WHERE table_name = '{table}' AND image IS NULL)"
    )


def _settle(connection: sqlite3.Connection, run: UndoableRun, number: int) -> None:
    """The run is no longer applied, this one is its undo; neither snapshot nor counts are true any more.

    The next sync looks at everything, and counts it anew.
    """
    connection.execute("DELETE FROM before_images WHERE run = ?", (run.number,))
    connection.execute("UPDATE runs SET status = 'undone', applied = 0 WHERE number = ?", (run.number,))
    connection.execute("UPDATE runs SET undoes = ? WHERE number = ?", (run.number, number))
    connection.execute("UPDATE meta SET value = CAST(value AS INTEGER) + 1 WHERE key = 'generation'")
    connection.execute("INSERT OR REPLACE INTO meta (key, value) VALUES ('snapshot', '')")
    record_counts.drop(connection)
