"""How many records of each kind every school has, kept true from run to run (policies.md R-D1, R-D5).

Counting them anew reads the whole state. A run asks only the records that it touches, before and after it wrote, and
moves the counts by the difference. A fact of the state, the marker, says that they are true; whoever writes what may
count without keeping them takes it away, and the next sync counts anew.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator

from rostersync.model.record_counts import KINDS, Counts, Touched
from rostersync.state.guard_totals import AMONG_TOUCHED, counted

MARKER = "record_counts"
"""Key in `meta`; its value is "1" where the counts are true."""
_ALWAYS = 50_000
"""So many touched records are asked by themselves, whatever the size of the state."""
_SHARE = 3  # from one third of the state on, counting all of it once is cheaper than that part twice


def stand(connection: sqlite3.Connection) -> bool:
    """Whether the kept counts are true."""
    found: tuple[str] | None = connection.execute("SELECT value FROM meta WHERE key = ?", (MARKER,)).fetchone()
    return found is not None and found[0] == "1"


def kept(connection: sqlite3.Connection) -> dict[tuple[str, str], int]:
    """The kept counts; true where they `stand`."""
    rows = connection.execute("SELECT kind, school_id, count FROM record_counts")
    return {(kind, school): count for kind, school, count in rows}


def drop(connection: sqlite3.Connection) -> None:
    """Forget the counts: something was written that may have changed them."""
    connection.execute("DELETE FROM meta WHERE key = ?", (MARKER,))
    connection.execute("DELETE FROM record_counts")


def recount(connection: sqlite3.Connection) -> dict[tuple[str, str], int]:
    """The counts by the definition of every kind, from the whole state."""
    return {(kind, school): count for kind in KINDS for school, count in counted(connection, kind).items()}


@contextlib.contextmanager
def following(
    connection: sqlite3.Connection,
    touching: Callable[[], Touched],
    first_load: Callable[[], Counts],
    *,
    loaded: bool = False,
) -> Iterator[None]:
    """The counts follow what the block writes, in the caller's transaction.

    `touching`: gives the records whose own rows the block changes. `first_load`: gives the counts after it where the
    state was empty before; `loaded`: it was, and its rows are there already.
    """
    if loaded or _is_empty(connection):
        yield
        _keep(connection, first_load())
    elif stand(connection) and _is_small(connection, touched := touching()):
        with _asked(connection, touched):
            before = _of_touched(connection)
            yield
            after = _of_touched(connection)
            after.update(_members(connection))
        _keep(connection, _moved(kept(connection), before, after))
    else:
        yield
        _keep(connection, recount(connection))


def _is_empty(connection: sqlite3.Connection) -> bool:
    tables = ("users", "classes", "enrollments", "guardianships")
    query = " OR ".join(f"EXISTS (SELECT 1 FROM {table})" for table in tables)
    return not connection.execute(f"SELECT {query}").fetchone()[0]


def _is_small(connection: sqlite3.Connection, touched: Touched) -> bool:
    return len(touched) < _ALWAYS or len(touched) * _SHARE < sum(kept(connection).values())


@contextlib.contextmanager
def _asked(connection: sqlite3.Connection, touched: Touched) -> Iterator[None]:
    """Temporary tables of all records whose contribution may change with the touched ones.

    A student's roster status and schools count in their guardianships and guardians; a user's and their students' in
    the account; a class's status and school in all its enrollments.
    """
    tables = {
        "counted_users": "id PRIMARY KEY",
        "counted_accounts": "id INTEGER PRIMARY KEY",
        "counted_classes": "id PRIMARY KEY",
        "counted_members": "class_id PRIMARY KEY, more",
        "counted_pairs": "guardian_id, student_id, PRIMARY KEY (guardian_id, student_id)",
    }
    for name, columns in tables.items():
        connection.execute(f"CREATE TEMP TABLE {name} ({columns}) WITHOUT ROWID")
    insert = "INSERT OR IGNORE INTO temp."
    connection.executemany(f"{insert}counted_users VALUES (?)", ((user_id,) for user_id, _ in touched.users))
    connection.executemany(f"{insert}counted_accounts VALUES (?)", ((account,) for _, account in touched.users))
    connection.executemany(f"{insert}counted_classes VALUES (?)", touched.classes)
    connection.executemany(f"{insert}counted_members VALUES (?, ?)", touched.members)
    connection.executemany(f"{insert}counted_pairs VALUES (?, ?)", touched.pairs)
    connection.execute(
        f"{insert}counted_pairs SELECT p.guardian_id, p.student_id FROM temp.counted_users k "
        "CROSS JOIN guardianships p ON p.student_id = k.id"
    )
    connection.execute(f"{insert}counted_users SELECT guardian_id FROM temp.counted_pairs")
    connection.execute(
        f"{insert}counted_accounts SELECT u.account_id FROM temp.counted_users k CROSS JOIN users u ON u.id = k.id"
    )
    yield
    for name in tables:
        connection.execute(f"DROP TABLE temp.{name}")


def _of_touched(connection: sqlite3.Connection) -> Counter[tuple[str, str]]:
    """What the records of the temporary tables contribute now."""
    return Counter(
        {(kind, school): count for kind in KINDS for school, count in counted(connection, kind, AMONG_TOUCHED).items()}
    )


def _members(connection: sqlite3.Connection) -> dict[tuple[str, str], int]:
    """How many more enrollments there are in classes that stay as they are; all others were counted class by class."""
    rows = connection.execute(
        "SELECT coalesce(c.school_id, ''), sum(k.more) FROM temp.counted_members k CROSS JOIN classes c "
        "ON c.id = k.class_id WHERE c.status = 'active' AND c.id NOT IN (SELECT id FROM temp.counted_classes) "
        "GROUP BY 1"
    )
    return {("enrollments", school): more for school, more in rows}


def _moved(counts: Counts, before: Counts, after: Counts) -> Counts | None:
    """The counts with the difference; None where they go below zero, for then they were not true."""
    moved = Counter(counts)
    moved.update(after)
    moved.subtract(before)
    return None if any(count < 0 for count in moved.values()) else moved


def _keep(connection: sqlite3.Connection, counts: Counts | None) -> None:
    """Write these counts and the marker; only differences are written. None: they are lost."""
    if counts is None:
        drop(connection)
        return
    stored = kept(connection)
    now = {key: count for key, count in counts.items() if count}
    connection.executemany(
        "DELETE FROM record_counts WHERE kind = ? AND school_id = ?", sorted(stored.keys() - now.keys())
    )
    connection.executemany(
        "INSERT OR REPLACE INTO record_counts (kind, school_id, count) VALUES (?, ?, ?)",
        sorted((*key, count) for key, count in now.items() if stored.get(key) != count),
    )
    if not stand(connection):
        connection.execute("INSERT OR REPLACE INTO meta (key, value) VALUES (?, '1')", (MARKER,))
