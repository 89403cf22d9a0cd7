"""What an undo changes and leaves as frames for its report, from the tables that `layout` made."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

from rostersync.model.undo import TOLD_FIELDS, Involved, Undo, UndoableRun

if TYPE_CHECKING:
    import polars as pl

_RECORD = ("kind", "key_1", "key_2", "key_3", "id")
TOLD = "undo_told"
"""A table of what people see of `undo_values`: a record, `field`, its values, `edited`, `holder`."""

_VALUES = ("before", "now", "target")


def read(connection: sqlite3.Connection, run: UndoableRun) -> Undo:
    """The undo that is laid out on this connection."""
    _tell(connection)
    record = ", ".join(_RECORD)
    return Undo(
        run=run,
        fields=_frame(
            connection,
            f"SELECT {record}, field, now, target FROM {TOLD} WHERE target IS NOT now",
            (*_RECORD, "field", "before", "after"),
        ),
        added=_frame(connection, f"SELECT {_record_of_added()} FROM undo_added WHERE stays IS NULL", _RECORD),
        edited=_frame(
            connection,
            f"SELECT {record}, field, now FROM {TOLD} WHERE edited AND now IS NOT before",
            (*_RECORD, "field", "value"),
        ),
        standing=_frame(
            connection,
            f"SELECT {_record_of_added()}, stays FROM undo_added WHERE stays IS NOT NULL",
            (*_RECORD, "reason"),
        ),
        taken=_frame(
            connection,
            f"SELECT {record}, field, before, coalesce((SELECT min(u.id) FROM users u WHERE u.account_id = t.holder), "
            f"'nobody in the directory') FROM {TOLD} t WHERE holder IS NOT NULL",
            (*_RECORD, "field", "value", "holder"),
        ),
        sent=_frame(
            connection,
            f"SELECT 'users', user_id, NULL, NULL, user_id, channel, template FROM outbox {_of(run)} "
            "AND sent_at IS NOT NULL",
            (*_RECORD, "channel", "template"),
        ),
        withdrawn=connection.execute(f"SELECT count(*) FROM outbox {_of(run)} AND sent_at IS NULL").fetchone()[0],
    )


def _of(run: UndoableRun) -> str:
    """The messages of a run; what people caused after it is not among them, whatever run it is booked on."""
    return f"WHERE run = {run.number} AND created_at <= (SELECT finished_at FROM runs WHERE number = {run.number})"


def withdraw(connection: sqlite3.Connection, run: UndoableRun) -> None:
    """Delete the messages of the run that are not sent."""
    connection.execute(f"DELETE FROM outbox {_of(run)} AND sent_at IS NULL")


def _record_of_added() -> str:
    return f"kind, k1, k2, k3, {_id('k1', 'k2', 'k3')}"


def _id(*places: str) -> str:
    """What names a record in roster_changes."""
    first, *others = places
    return first + "".join(f" || coalesce(' ' || {place}, '')" for place in others)


def _tell(connection: sqlite3.Connection) -> None:
    """Lay out the fields that reports tell of, those of an account for each of its users that stay."""
    connection.execute(
        f"CREATE TEMP TABLE {TOLD} (kind, key_1, key_2, key_3, id, field, before, now, target, edited, holder)"
    )
    for table, names in TOLD_FIELDS.items():
        listed = ", ".join(f"'{name}'" for name in names)
        if table == "accounts":
            connection.execute(
                f"INSERT INTO {TOLD} SELECT 'users', u.id, NULL, NULL, u.id, v.field, v.before, v.now, v.target, "
                f"v.edited, v.holder FROM undo_values v CROSS JOIN users u ON u.account_id = v.k1 "
                f"WHERE v.table_name = 'accounts' AND v.field IN ({listed}) AND NOT EXISTS (SELECT 1 FROM "
                "undo_added o WHERE o.kind = 'users' AND o.k1 = u.id AND o.stays IS NULL)"
            )
            continue
        connection.execute(
            f"INSERT INTO {TOLD} SELECT table_name, k1, k2, k3, {_id('k1', 'k2', 'k3')}, field, before, now, target, "
            f"edited, holder FROM undo_values WHERE table_name = '{table}' AND field IN ({listed})"
        )
    _tell_account_states(connection)
    shown = ", ".join(f"{name} = CASE {name} WHEN 1 THEN 'true' ELSE 'false' END" for name in _VALUES)
    connection.execute(f"UPDATE {TOLD} SET {shown} WHERE field = 'is_primary'")


def _tell_account_states(connection: sqlite3.Connection) -> None:
    """The state of an account as people see it, and that who accepted since stays active."""
    state = "(SELECT a.state FROM users u JOIN accounts a ON a.account_id = u.account_id WHERE u.id = key_1)"
    shown = ", ".join(f"{name} = CASE WHEN {name} THEN 'disabled' ELSE {state} END" for name in _VALUES)
    connection.execute(f"UPDATE {TOLD} SET field = 'account', {shown} WHERE field = 'disabled'")
    connection.execute(
        f"INSERT INTO {TOLD} SELECT DISTINCT kind, key_1, NULL, NULL, id, 'account', NULL, 'active', 'active', 1, NULL "
        f"FROM {TOLD} t WHERE kind = 'users' AND EXISTS (SELECT 1 FROM users u JOIN undo_edits e "
        "ON e.account_id = u.account_id AND e.field = 'state' WHERE u.id = t.key_1)"
    )


def involved(connection: sqlite3.Connection, undo: Undo) -> Involved:
    """The records of an undo as they stand at this moment."""
    import polars as pl

    frames = (undo.fields, undo.added, undo.edited, undo.standing, undo.taken, undo.sent)
    named = pl.concat([frame.select(_RECORD[:4]) for frame in frames])
    ids = {}
    for wanted, at in (("users", {"users": 1, "enrollments": 2}), ("classes", {"classes": 1, "enrollments": 1})):
        parts = [named.filter(pl.col("kind") == kind)[f"key_{place}"] for kind, place in at.items()]
        if wanted == "users":
            pairs = named.filter(pl.col("kind") == "guardianships")
            parts += [pairs["key_1"], pairs["key_2"]]
        ids[wanted] = pl.concat([part.alias("id") for part in parts]).unique()
    columns = (
        "id", "role", "school_ids", "identifier", "grades", "given_name", "family_name", "account", "roster_status",
        "email", "sis_email", "mobile", "sis_mobile",
    )  # fmt: skip
    return Involved(
        users=_of_ids(connection, "roster_users", columns, ids["users"]),
        classes=_of_ids(
            connection, "roster_classes", ("id", "school_id", "title", "sis_title", "status"), ids["classes"]
        ),
        orgs=dict(connection.execute("SELECT sourced_id, coalesce(name, sourced_id) FROM orgs")),
    )


def _of_ids(connection: sqlite3.Connection, view: str, columns: tuple[str, ...], ids: pl.Series) -> pl.DataFrame:
    connection.execute("CREATE TEMP TABLE undo_involved (id PRIMARY KEY) WITHOUT ROWID")
    connection.executemany("INSERT INTO undo_involved VALUES (?)", zip(ids, strict=True))
    listed = ", ".join(f"t.{name}" for name in columns)
    frame = _frame(connection, f"SELECT {listed} FROM undo_involved w CROSS JOIN {view} t ON t.id = w.id", columns)
    connection.execute("DROP TABLE undo_involved")
    return frame


def _frame(connection: sqlite3.Connection, query: str, columns: tuple[str, ...]) -> pl.DataFrame:
    import polars as pl

    rows = connection.execute(query).fetchall()
    return pl.DataFrame(rows, schema=dict.fromkeys(columns, pl.String), orient="row", strict=False)
