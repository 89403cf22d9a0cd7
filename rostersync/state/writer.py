"""Carries a plan out: set-based writes, in the caller's transaction (design.md, *One writer, whole or nothing*)."""

from __future__ import annotations

import contextlib
import json
import sqlite3
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from rostersync.errors import StateBusy
from rostersync.model.findings_ledger import TOLD
from rostersync.model.night import ACCOUNT_CONTACTS, ENROLLMENT_KEY, ENROLLMENT_VALUES
from rostersync.model.notes import NIGHTLY
from rostersync.model.plan import Plan
from rostersync.state.binding import bound, slices
from rostersync.state.meta import missing_columns
from rostersync.state.new_rows import CLASS_COLUMNS, USER_COLUMNS, insert, new_rows, with_read_line
from rostersync.state.sessions import write_sessions
from rostersync.state.user_roles import write_user_roles
from rostersync.state.waiting import write_waiting

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl


def apply(
    connection: sqlite3.Connection,
    plan: Plan,
    snapshot_name: str,
    *,
    loaded: bool = False,
    holds_all: bool = False,
) -> bool:
    """Write everything the plan says, but for the run's own row; True where something changed.

    The run's row must be there already (`record_run`). `loaded`: the rows of `new_rows` are in the tables already.
    `holds_all`: nothing that people see changes, only what has to be remembered of it: that is no new generation.

    Raises:
        StateBusy: the state moved since the plan was made; nothing is written.
    """
    generation = int(connection.execute("SELECT value FROM meta WHERE key = 'generation'").fetchone()[0])
    if generation != plan.generation:
        raise StateBusy("another run changed the state meanwhile; nothing was changed; run again")
    number = connection.execute("SELECT number FROM runs WHERE run_id = ?", (plan.run_id,)).fetchone()[0]
    before = connection.total_changes
    with _indexes_afterwards(connection):
        _update_accounts(connection, plan)
        _update_users(connection, plan, number)
        _update_classes(connection, plan, number)
        _update_enrollments(connection, plan)
        _update_guardianships(connection, plan)
        for rows in new_rows(plan.decisions, number) if not loaded else ():
            insert(connection, rows)
    _write_changes(connection, plan, number)
    _write_messages(connection, plan, number)
    looked_at = _write_standing_notes(connection, plan)
    _write_orgs(connection, plan)
    write_sessions(connection, plan.sessions)
    write_user_roles(connection, plan.roles)
    write_waiting(connection, plan.waiting, number)
    changed = loaded or (connection.total_changes - looked_at > before and not holds_all)
    facts = {
        "generation": str(generation + 1 if changed else generation),
        "settings_digest": plan.settings_digest,
        "missing": missing_columns(plan.missing),
        "snapshot": snapshot_name,
        "waiting": "kept",
        **{name: value for name, value in plan.facts.items() if not name.startswith(TOLD)},
    }
    connection.executemany("INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)", facts.items())
    return changed


@contextlib.contextmanager
def _indexes_afterwards(connection: sqlite3.Connection) -> Iterator[None]:
    """A first load fills its tables before their indexes are built: in the same transaction, several times faster."""
    if connection.execute("SELECT EXISTS (SELECT 1 FROM users)").fetchone()[0]:
        yield
        return
    tables = ("accounts", "users", "enrollments", "guardianships")
    indexes = connection.execute(
        f"SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL AND tbl_name IN {tables}"
    ).fetchall()
    for name, _ in indexes:
        connection.execute(f"DROP INDEX {name}")
    yield
    for _, definition in indexes:
        connection.execute(definition)


def record_run(
    connection: sqlite3.Connection,
    run_id: str,
    started_at: datetime,
    source: str,
    status: str,
    *,
    applied: bool,
    summary: dict[str, object] | None = None,
) -> None:
    """Insert or complete the row of a run."""
    text = None if summary is None else json.dumps(summary, ensure_ascii=False)
    connection.execute(
        "INSERT INTO runs (run_id, started_at, finished_at, status, source, applied, generation, summary) "
        "VALUES (?, ?, ?, ?, ?, ?, (SELECT CAST(value AS INTEGER) FROM meta WHERE key = 'generation'), ?) "
        "ON CONFLICT (run_id) DO UPDATE SET finished_at = excluded.finished_at, status = excluded.status, "
        "applied = excluded.applied, generation = excluded.generation, summary = excluded.summary",
        (run_id, _timestamp(started_at), _timestamp(datetime.now(UTC)), status, source, applied, text),
    )


def _timestamp(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _update_accounts(connection: sqlite3.Connection, plan: Plan) -> None:
    """Credentials are freed before they are given, so that swaps and chains never meet in between (R-C2)."""
    table = plan.decisions.accounts
    fields = [*ACCOUNT_CONTACTS, "disabled"]
    old = table[~table["new"]]
    moved = old[_any_differs(old, fields)]
    freed = moved[(moved["email"] != moved["to_email"]) | (moved["mobile"] != moved["to_mobile"])]
    _many(
        connection,
        "UPDATE accounts SET email = NULL, mobile = NULL WHERE account_id = ?",
        freed,
        ["account_id"],
    )
    values = [f"to_{name}" for name in fields]
    _many(
        connection,
        f"UPDATE accounts SET {', '.join(f'{name} = ?' for name in fields)} WHERE account_id = ?",
        moved,
        [*values, "account_id"],
    )


_READ_LINE = ("to_line", "to_line")
"""What fills `_read_in`. A new line alone writes nothing (R-A1): the line is that of the run that wrote the row."""


def _read_in(number: int) -> str:
    return f"line = coalesce(?, line), read_in = iif(? IS NULL, read_in, {number})"


def _update_users(connection: sqlite3.Connection, plan: Plan, number: int) -> None:
    users = with_read_line(plan.decisions.users)
    held = users["known"] & users["in_import"] & (users["guard"] > 0)
    users = users.assign(to_review=users["by_waiting"], to_guard_held=held)
    known = users[users["known"] & (users["origin"] == "sis")]
    moved = known[_any_differs(known, [name for name in USER_COLUMNS if name != "account_id"], USER_COLUMNS)]
    names = list(USER_COLUMNS)
    _many(
        connection,
        f"UPDATE users SET {', '.join(f'{name} = ?' for name in names)}, {_read_in(number)} WHERE id = ?",
        moved,
        [*USER_COLUMNS.values(), *_READ_LINE, "id"],
    )
    _reviewed(connection, "users", users[users["known"] & (users["origin"] == "manual")])


def _update_classes(connection: sqlite3.Connection, plan: Plan, number: int) -> None:
    classes = with_read_line(plan.decisions.classes).assign(to_review=False)
    known = classes[classes["known"] & (classes["origin"] == "sis")]
    names = list(CLASS_COLUMNS)
    _many(
        connection,
        f"UPDATE classes SET {', '.join(f'{name} = ?' for name in names)}, {_read_in(number)} WHERE id = ?",
        known[_any_differs(known, names, CLASS_COLUMNS)],
        [*CLASS_COLUMNS.values(), *_READ_LINE, "id"],
    )
    _reviewed(connection, "classes", classes[classes["known"] & (classes["origin"] == "manual")])


def _reviewed(connection: sqlite3.Connection, table: str, manual: pd.DataFrame) -> None:
    """Who was added by hand has no row that a sync could write; that they were looked at is noted all the same."""
    moved = manual[manual["review"] != manual["to_review"]]
    _many(connection, f"UPDATE {table} SET review = ? WHERE id = ?", moved, ["to_review", "id"])


def _update_enrollments(connection: sqlite3.Connection, plan: Plan) -> None:
    enrollments = plan.decisions.enrollments
    known = enrollments[enrollments["stored"] != ""]
    values = {name: f"to_{name}" for name in ENROLLMENT_VALUES}
    stored = values | {name: f"to_{name}" for name in ("origin", "ended_with_person")}
    moved = known[_any_differs(known, list(stored), stored) | (known["stored"] != known["to"])]
    key = " AND ".join(f"{name} = ?" for name in ENROLLMENT_KEY)
    _many(
        connection,
        f"UPDATE enrollments SET {', '.join(f'{name} = ?' for name in stored)}, status = ? WHERE {key}",
        moved,
        [*stored.values(), "to", *ENROLLMENT_KEY],
    )


def _update_guardianships(connection: sqlite3.Connection, plan: Plan) -> None:
    pairs = plan.decisions.pairs
    moved = pairs[(pairs["stored"] != "") & (pairs["stored"] != pairs["to"])]
    _many(
        connection,
        "UPDATE guardianships SET status = ? WHERE guardian_id = ? AND student_id = ?",
        moved,
        ["to", "guardian_id", "student_id"],
    )


def _write_changes(connection: sqlite3.Connection, plan: Plan, number: int) -> None:
    for kind, rows in plan.changes.items():
        _many(
            connection,
            "INSERT INTO changes (run, kind, id, action, code, field, before, after) "
            f"VALUES ({number}, '{kind}', ?, ?, ?, ?, ?, ?)",
            rows,
            ["id", "action", "code", "field", "before", "after"],
        )


def _write_messages(connection: sqlite3.Connection, plan: Plan, number: int) -> None:
    created = _timestamp(plan.started_at)
    _many(
        connection,
        "INSERT INTO outbox (user_id, channel, template, address, subject, body, run, created_at) "
        f"VALUES (?, ?, ?, ?, ?, ?, {number}, '{created}')",
        plan.decisions.messages,
        ["user_id", "channel", "template", "address", "subject", "body"],
    )


def _write_standing_notes(connection: sqlite3.Connection, plan: Plan) -> int:
    """The nightly notes of everybody who was looked at; those of all others stand. Only differences are written.

    Gives how many rows went into temporary tables: these change nothing.
    """
    import polars as pl

    temporary, columns = 0, ["id", "code", "notes"]
    for kind, looked_at in (("users", plan.decisions.users), ("classes", plan.decisions.classes)):
        notes = plan.notes[kind]
        nightly = notes.loc[notes["code"].isin([code.value for code in NIGHTLY]), columns]
        new = said = bound(nightly, columns).unique().sort(pl.all())
        stood = _standing(connection, kind, looked_at)
        if stood is not None:
            temporary += len(looked_at)
            gone = stood.join(said, on=said.columns, how="anti", nulls_equal=True)
            new = said.join(stood, on=said.columns, how="anti", nulls_equal=True, maintain_order="left")
            connection.executemany(
                f"DELETE FROM standing_notes WHERE kind = '{kind}' AND id = ? AND code = ? AND notes = ?", gone.rows()
            )
        for rows in slices(new):
            connection.executemany(f"INSERT INTO standing_notes VALUES ('{kind}', ?, ?, ?)", rows)
    return temporary


def _standing(connection: sqlite3.Connection, kind: str, looked_at: pd.DataFrame) -> pl.DataFrame | None:
    """What stands of those who were looked at, columns as `bound` names them; None where nothing stands at all."""
    import polars as pl

    query = "SELECT EXISTS (SELECT 1 FROM standing_notes WHERE kind = ?)"
    if not connection.execute(query, (kind,)).fetchone()[0]:
        return None
    connection.execute("CREATE TEMP TABLE looked_at (id PRIMARY KEY) WITHOUT ROWID")
    _many(connection, "INSERT INTO temp.looked_at VALUES (?)", looked_at[["id"]], ["id"])
    query = "SELECT n.id, n.code, n.notes FROM standing_notes n WHERE n.kind = ? AND n.id IN temp.looked_at"
    stood = connection.execute(query, (kind,)).fetchall()
    connection.execute("DROP TABLE temp.looked_at")
    return pl.DataFrame(stood, schema=dict.fromkeys(("0", "1", "2"), pl.String), orient="row")


def _write_orgs(connection: sqlite3.Connection, plan: Plan) -> None:
    """Names of orgs are looked up by the reports; only those that differ are written."""
    known = set(connection.execute("SELECT sourced_id, name, type, identifier, parent_id FROM orgs"))
    columns = ("sourced_id", "name", "type", "identifier", "parent_id")
    rows = [row for row in plan.orgs.select(columns).rows() if row not in known]
    connection.executemany(f"INSERT OR REPLACE INTO orgs ({', '.join(columns)}) VALUES (?, ?, ?, ?, ?)", rows)


def _any_differs(frame: pd.DataFrame, names: Sequence[str], to: dict[str, str] | None = None) -> pd.Series:
    import pandas as pd

    differs = pd.Series(data=False, index=frame.index)
    for name in names:
        differs |= frame[name] != frame[to[name] if to else f"to_{name}"]
    return differs


def _many(connection: sqlite3.Connection, statement: str, frame: pd.DataFrame, columns: Sequence[str]) -> None:
    """Run a statement for every row; blank texts become NULL."""
    if not frame.empty:
        for rows in slices(bound(frame, columns)):
            connection.executemany(statement, rows)
