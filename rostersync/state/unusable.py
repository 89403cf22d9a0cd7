"""Values of the state that no rostersync can have written and that a sync could not use, or would misread.

SQLite reads them without complaint. To go on without one would be to forget what makes a sync careful: what a delivery
is measured by, how long none came, what waits. So they are named, by key or id alone, and a sync does not begin.
"""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from itertools import islice
from pathlib import Path

from rostersync.errors import StateError

SHOWN = 5
_LARGEST = 2**62
"""No state ever had so many generations; SQLite counts a little further."""
_NEWEST = 40
"""So many runs are looked into before a sync: those that its report and its deltas go back to."""
_RUN_ID = re.compile(r"[0-9]{8}T[0-9]{6}Z", re.ASCII)
_MOMENT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z", re.ASCII)
_DISPOSABLE = frozenset({"snapshot", "inputs"})
"""Facts that only save time: whoever reads them takes what cannot be used for none."""
_KINDS = ("classes", "enrollments", "users")
_OTHER_KINDS = (
    f"kind < '{_KINDS[0]}' OR (kind > '{_KINDS[0]}' AND kind < '{_KINDS[1]}') "
    f"OR (kind > '{_KINDS[1]}' AND kind < '{_KINDS[2]}') OR kind > '{_KINDS[2]}'"
)
"""Through the primary key: what waits may be many rows."""
_STORED = {"VARCHAR": "text", "INTEGER": "integer", "BOOLEAN": "integer", "BLOB": "blob"}
"""Type that a column is declared with -> how SQLite keeps what this program writes to it."""
_COUNTS = ("record_counts", "guard_totals")
"""Few rows, and what guards count with."""
NO_OBJECT = "CASE WHEN json_valid({0}) THEN json_type({0}) <> 'object' ELSE {0} IS NOT NULL END"
"""Whether a column of that name holds something else than a JSON object."""


def refuse(connection: sqlite3.Connection, path: Path) -> None:
    """Refuse a state with values that a sync could not use; cheap enough to be asked before every one.

    Raises:
        StateError: names some of them.
    """
    found = list(islice(unusable(connection), SHOWN + 1))
    if found:
        more = ", …" if len(found) > SHOWN else ""
        raise StateError(
            f"{path} has values that cannot be used ({', '.join(found[:SHOWN])}{more}); nothing was changed; "
            "`rostersync state check` names them all; restore a backup: rostersync state restore FILE"
        )


def schools_listed(value: object) -> set[str]:
    """The ids of schools that a column lists, separated by commas; of a blank one none.

    Raises:
        StateError: it is no text.
    """
    if value is None or isinstance(value, str):
        return {school for school in (value or "").split(",") if school}
    raise StateError(
        "the state names schools by values that are no text; nothing was changed; `rostersync state check` says in "
        "which column; restore a backup: rostersync state restore FILE"
    )


def drop_disposable(connection: sqlite3.Connection) -> None:
    """Empty the facts that only save time where they are no text: a run could not note what it replaces."""
    keys = ", ".join(f"'{key}'" for key in sorted(_DISPOSABLE))
    connection.execute(f"UPDATE meta SET value = '' WHERE key IN ({keys}) AND typeof(value) <> 'text'")


def unusable(connection: sqlite3.Connection, *, whole: bool = False) -> Iterator[str]:
    """Keys and ids of what cannot be used; `whole` looks into every table, run and waiting row."""
    yield from _facts(connection)
    yield from _runs(connection, whole=whole)
    yield from _mistyped(connection, _tables(connection) if whole else _COUNTS)
    query = f"SELECT id FROM waiting WHERE {_OTHER_KINDS}"
    if whole:
        query += f" OR ({NO_OBJECT.format('cells')})"
    yield from (f"waiting {_named(row_id)}" for (row_id,) in connection.execute(query))


def _facts(connection: sqlite3.Connection) -> Iterator[str]:
    known = dict(connection.execute("SELECT key, value FROM meta"))
    for key in _NEEDED - known.keys():
        yield f"meta {key}"
    for key, value in known.items():
        if key not in _DISPOSABLE and not (isinstance(value, str) and _can_be_used(key, value)):
            yield f"meta {_named(key)}"
    based_on = known.get("based_on")
    if based_on and not connection.execute("SELECT 1 FROM runs WHERE run_id = ?", (based_on,)).fetchone():
        yield "meta based_on"


def _runs(connection: sqlite3.Connection, *, whole: bool) -> Iterator[str]:
    for number, run_id, started_at, applied in connection.execute(
        "SELECT number, run_id, started_at, applied FROM runs"
    ):
        # When one started that applied nothing is only shown.
        if not (_is_run_id(run_id) and (not applied or _is_moment(started_at))):
            yield f"run {run_id if _is_run_id(run_id) else f'number {number}'}"
    newest = "" if whole else f" AND number > (SELECT max(number) FROM runs) - {_NEWEST}"
    query = f"SELECT number FROM runs WHERE ({NO_OBJECT.format('summary')}){newest}"
    yield from (f"summary of run number {number}" for (number,) in connection.execute(query))


def _tables(connection: sqlite3.Connection) -> list[str]:
    query = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%' AND name <> 'meta'"
    return [name for (name,) in connection.execute(query)]


def _mistyped(connection: sqlite3.Connection, tables: Iterable[str]) -> Iterator[str]:
    """Columns that hold what they are not declared for: SQLite keeps whatever is written."""
    for table in tables:
        columns = connection.execute("SELECT name, type FROM pragma_table_info(?)", (table,)).fetchall()
        kinds = {name: _STORED.get(declared.split("(")[0]) for name, declared in columns}
        typed = {name: stored for name, stored in kinds.items() if stored}
        wrong = ", ".join(f"max(typeof(\"{name}\") NOT IN ('{stored}', 'null'))" for name, stored in typed.items())
        found = connection.execute(f'SELECT {wrong or 0} FROM "{table}"').fetchone()
        yield from (f"{table}.{name}" for name, is_wrong in zip(typed, found, strict=bool(typed)) if is_wrong)


def _named(key: object) -> str:
    """A key or an id; what is none is not repeated."""
    return key if isinstance(key, str) and key.isprintable() else "of no readable id"


def _can_be_used(key: str, value: str) -> bool:
    check = _CHECKS.get(key)
    try:
        return check is None or check(value)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return False


def _is_run_id(value: object) -> bool:
    """The time of a run; one second later must be another."""
    if not (isinstance(value, str) and _RUN_ID.fullmatch(value) and value < "9999"):
        return False
    return _is_time(value)


def _is_moment(value: object) -> bool:
    return isinstance(value, str) and _MOMENT.fullmatch(value) is not None and _is_time(value)


def _is_time(value: str) -> bool:
    try:
        datetime.fromisoformat(value)
    except ValueError:
        return False
    return True


def _is_generation(value: str) -> bool:
    return value.isascii() and value.isdigit() and int(value) < _LARGEST


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < _LARGEST


def _are_shares(value: str) -> bool:
    """File -> two counts, as JSON."""
    return all(len(share) == 2 and all(map(_is_count, share)) for share in json.loads(value).values())


def _are_columns(value: str) -> bool:
    """Table -> names of columns, as JSON."""
    found = json.loads(value).values()
    return all(isinstance(names, list) and all(isinstance(name, str) for name in names) for names in found)


def _are_deliveries(value: str) -> bool:
    found = json.loads(value)
    return isinstance(found, list) and all(map(_is_delivery, found))


def _is_delivery(kept: Mapping[str, object]) -> bool:
    """As `model.completeness` keeps one."""
    files, named = kept["files"], kept.get("still_named")
    return (
        isinstance(kept["digest"], str)
        and isinstance(files, dict)
        and all(
            len(facts) == 2 and isinstance(facts[0], bool) and isinstance(facts[1], int | None)
            for facts in files.values()
        )
        and (named is None or _is_count(named))
    )


_CHECKS: Mapping[str, Callable[[str], bool]] = {
    "generation": _is_generation,
    "delivery_since": _is_moment,
    "dangling": _are_shares,
    "missing": _are_columns,
    "last_deliveries": _are_deliveries,
    "based_on": lambda value: value == "" or _is_run_id(value),
}
"""Fact of the state's meta -> whether a value of it can be used. The others are only compared with tonight's."""
_NEEDED = frozenset({"generation"})
