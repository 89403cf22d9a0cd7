"""An extract of the state without a person in it, for whoever helps with a problem: shapes and duplicates stay.

Ids, names, addresses and numbers become words of `model.pseudonyms`, beside some of them their form. Only what comes of
a closed vocabulary, and numbers, are as they are.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import NamedTuple

from rostersync.model.pseudonyms import Pseudonyms, shape

LIMIT = 20_000
"""So many users at most: first those of whom something is said or noted, then by account."""
AS_IS, SHAPE = "", "shape"


class Column(NamedTuple):
    """A column of a table, and what stands for its values: a kind of word, `many` in a list, or their shape."""

    name: str
    kind: str = AS_IS
    many: bool = False
    shaped: bool = False


def _person(*names: str) -> tuple[Column, ...]:
    kinds = {"email": "email", "given_name": "name", "family_name": "name"}
    return tuple(Column(name, kinds.get(name.removeprefix("sis_"), "number"), shaped=True) for name in names)


_RECORD = (Column("added_in"), Column("review"))
TABLES: Mapping[str, tuple[Column, ...]] = MappingProxyType(
    {
        "users": (
            Column("id", "user", shaped=True),
            Column("account_id", "account"),
            *(Column(name) for name in ("origin", "role", "roles", "roster_status", "family_left", "enabled")),
            Column("guard_held"),
            Column("school_ids", "org", many=True),
            Column("agents", "user", many=True),
            *_person("sis_given_name", "sis_family_name", "sis_email", "sis_sms", "sis_telephone", "sis_mobile"),
            *_person("sis_phone"),
            Column("username", "username", shaped=True),
            Column("identifier", "identifier", shaped=True),
            Column("grades", SHAPE),
            *_RECORD,
            Column("read_in"),
        ),
        "accounts": (
            Column("account_id", "account"),
            Column("state"),
            Column("disabled"),
            *_person("given_name", "family_name", "email", "mobile", "phone"),
        ),
        "classes": (
            Column("id", "class", shaped=True),
            *(Column(name) for name in ("origin", "status")),
            Column("title", "title", shaped=True),
            Column("sis_title", "title", shaped=True),
            Column("school_id", "org"),
            Column("ends_on", SHAPE),
            *_RECORD,
        ),
        "enrollments": (
            Column("class_id", "class"),
            Column("user_id", "user"),
            *(Column(name) for name in ("role", "is_primary", "status", "origin", "ended_with_person", "added_in")),
            Column("begin_date", SHAPE),
            Column("end_date", SHAPE),
        ),
        "guardianships": (
            Column("guardian_id", "user"),
            Column("student_id", "user"),
            *(Column(name) for name in ("status", "origin", "added_in")),
        ),
        "orgs": (Column("sourced_id", "org", shaped=True), Column("parent_id", "org"), Column("type", SHAPE)),
        "standing_notes": (Column("id", "user"), Column("code")),
        "waiting": (Column("id", "user"), Column("kind"), Column("deleted"), Column("code"), Column("run")),
        "findings_ledger": (
            Column("record_id", "user"),
            *(Column(name) for name in ("severity", "file", "code")),
            Column("column_name", "column", shaped=True),  # a file without a header names people there
            Column("value", "value", shaped=True),
            *(Column(name) for name in ("first_run", "last_run", "fixed_run")),
        ),
        "changes": (
            Column("run"),
            Column("kind"),
            Column("id", "user"),
            *(Column(name) for name in ("action", "code", "field")),
            Column("before", "value", shaped=True),
            Column("after", "value", shaped=True),
        ),
    }
)
"""Table -> the columns of its extract."""

_OF_CHOSEN: Mapping[str, str] = MappingProxyType(
    {
        "users": "id IN temp.chosen",
        "accounts": "account_id IN (SELECT account_id FROM users WHERE id IN temp.chosen)",
        "classes": "id IN (SELECT class_id FROM enrollments WHERE user_id IN temp.chosen)",
        "enrollments": "user_id IN temp.chosen",
        "guardianships": "guardian_id IN temp.chosen AND student_id IN temp.chosen",
        "standing_notes": "kind = 'users' AND id IN temp.chosen",
        "changes": "run > (SELECT max(number) - 5 FROM runs) AND kind = 'users' AND id IN temp.chosen",
    }
)


def choose(connection: sqlite3.Connection) -> int:
    """Which users the extract has, in a temporary table; how many these are."""
    connection.execute("CREATE TEMP TABLE chosen (id PRIMARY KEY) WITHOUT ROWID")
    connection.execute(
        "INSERT INTO temp.chosen SELECT id FROM users u ORDER BY NOT (review OR guard_held OR EXISTS ("
        "SELECT 1 FROM standing_notes n WHERE n.kind = 'users' AND n.id = u.id)), account_id, id LIMIT ?",
        (LIMIT,),
    )
    return int(connection.execute("SELECT count(*) FROM temp.chosen").fetchone()[0])


def header(table: str) -> list[str]:
    """The columns of a table's extract: the shape of a value stands behind its word."""
    return [
        name
        for column in TABLES[table]
        for name in ([column.name, f"{column.name}_shape"] if column.shaped else [column.name])
    ]


def extracted(connection: sqlite3.Connection, table: str, words: Pseudonyms) -> Iterator[list[object]]:
    """The rows of a table's extract; `choose` must have been called, and the rows come in an order of their own."""
    columns = TABLES[table]
    where = _OF_CHOSEN.get(table, "1")
    names = ", ".join(column.name for column in columns)
    rows = connection.execute(f"SELECT {names} FROM {table} WHERE {where} ORDER BY random()").fetchall()
    for place, column in enumerate(columns):
        if column.kind not in {AS_IS, SHAPE}:
            lists = [str(row[place]).split(",") if column.many else [str(row[place])] for row in rows if row[place]]
            words.learn(column.kind, (value for values in lists for value in values))
    for row in rows:
        yield [cell for column, value in zip(columns, row, strict=True) for cell in _cells(column, value, words)]


def _cells(column: Column, value: object, words: Pseudonyms) -> list[object]:
    if column.kind == AS_IS:
        return [value]
    text = None if value is None else str(value)
    if column.kind == SHAPE:
        return [shape(text)]
    word = words.words(column.kind, text) if column.many else words.word(column.kind, text)
    return [word, shape(text)] if column.shaped else [word]
