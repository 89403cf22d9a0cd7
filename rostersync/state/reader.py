"""The half of the state that cannot write: what a sync needs to know, as polars frames without nulls in texts."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from rostersync.model.night import (
    ACCOUNT_COLUMNS,
    CLASS_STATE,
    ENROLLMENT_KEY,
    ENROLLMENT_VALUES,
    USER_STATE,
)
from rostersync.state.sessions import read_sessions
from rostersync.state.unusable import schools_listed
from rostersync.state.user_roles import read_user_roles
from rostersync.state.waiting import held_enrollments, read_waiting

if TYPE_CHECKING:
    import polars as pl

_CELL, _ROW = "\x1f", "\x1e"  # unit and record separator, made for this
_NUMBERS = {"account_id"}
_FLAGS = {"disabled", "is_primary", "review", "guard_held", "family_left", "ended_with_person"}
_ENROLLMENT_COLUMNS = (*ENROLLMENT_KEY, "status", "origin", "ended_with_person", *ENROLLMENT_VALUES)


class StateReader:
    """Reads one consistent snapshot of the state.

    Where a method takes ids, None means all records. Texts come with "" for blank, `enabled` as "", "0" or "1".
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._wanted: Iterable[object] | None = None

    def meta(self) -> dict[str, str]:
        """The facts about the state itself: generation, snapshot, digests of the last applied run."""
        return dict(self._connection.execute("SELECT key, value FROM meta").fetchall())

    def is_new(self) -> bool:
        """Whether nothing was ever applied: no user and no class."""
        query = "SELECT NOT EXISTS (SELECT 1 FROM users) AND NOT EXISTS (SELECT 1 FROM classes)"
        return bool(self._connection.execute(query).fetchone()[0])

    def next_account_id(self) -> int:
        """The smallest account id that was never used."""
        return int(self._connection.execute("SELECT coalesce(max(account_id), 0) + 1 FROM accounts").fetchone()[0])

    def last_run_id(self) -> str | None:
        """The greatest run id there is."""
        found = self._connection.execute("SELECT max(run_id) FROM runs").fetchone()[0]
        return None if found is None else str(found)

    def orgs(self) -> dict[str, str]:
        """Names of the orgs by sourcedId; the id itself where no name is known."""
        return dict(self._connection.execute("SELECT sourced_id, coalesce(name, sourced_id) FROM orgs").fetchall())

    def school_ids(self) -> set[str]:
        """Every org id that the state knows: named by an import, by a user or by a class.

        Raises:
            StateError: one that cannot be an id.
        """
        query = (
            "SELECT sourced_id FROM orgs UNION SELECT school_id FROM classes WHERE school_id IS NOT NULL "
            "UNION SELECT school_ids FROM users WHERE school_ids IS NOT NULL"
        )
        return {school for (listed,) in self._connection.execute(query) for school in schools_listed(listed)}

    def users(self, ids: Iterable[str] | None) -> pl.DataFrame:
        """Users: `id` and USER_STATE."""
        return self._select("users", ("id", *USER_STATE), {"id": ids})

    def roles(self, ids: Iterable[str]) -> pl.DataFrame:
        """`id` and `roles` of these users."""
        return self._select("users", ("id", "roles"), {"id": ids})

    def statuses(self, ids: Iterable[str]) -> pl.DataFrame:
        """`id` and `roster_status` of these users."""
        return self._select("users", ("id", "roster_status"), {"id": ids})

    def credentials(self, ids: Iterable[str]) -> pl.DataFrame:
        """`email`, `mobile` of the accounts of these users; `sis_email`, `sis_mobile`, `sis_sms` of their base."""
        self._want(ids)
        return self._frame(
            "SELECT a.email, a.mobile, u.sis_email, u.sis_mobile, u.sis_sms FROM temp.wanted w "
            "CROSS JOIN users u ON u.id = w.value CROSS JOIN accounts a ON a.account_id = u.account_id",
            ("email", "mobile", "sis_email", "sis_mobile", "sis_sms"),
        )

    def current_users(self, *, guardians: bool) -> pl.Series:
        """Ids of the current users of the SIS; without `guardians` not those who are nothing else."""
        others = "" if guardians else " AND roles <> 'guardian'"
        return self._frame(
            f"SELECT id FROM users WHERE roster_status = 'current' AND origin = 'sis'{others}", ("id",)
        ).to_series()

    def imported(self, table: str) -> pl.DataFrame:
        """The SIS's current users, or active classes: `id`, and `line` where it stood when it was last written."""
        import polars as pl

        current = {"users": "roster_status = 'current'", "classes": "status = 'active'"}[table]
        rows = self._frame(f"SELECT id, line FROM {table} WHERE {current} AND origin = 'sis'", ("id", "line"))
        return rows.with_columns(pl.col("line").cast(pl.Int64, strict=False))

    def user_count(self) -> int:
        """How many users there are, those who left among them."""
        return int(self._connection.execute("SELECT count(*) FROM users").fetchone()[0])

    def accounts(self, account_ids: Iterable[int] | None) -> pl.DataFrame:
        """Accounts: ACCOUNT_COLUMNS."""
        return self._select("accounts", ACCOUNT_COLUMNS, {"account_id": account_ids})

    def classes(self, ids: Iterable[str] | None) -> pl.DataFrame:
        """Classes: `id` and CLASS_STATE."""
        return self._select("classes", ("id", *CLASS_STATE), {"id": ids})

    def class_ends(self) -> pl.DataFrame:
        """`class_id` and `ends_on` of the classes whose last term the state knows."""
        return self._frame("SELECT id, ends_on FROM classes WHERE ends_on IS NOT NULL", ("class_id", "ends_on"))

    def guardianships(
        self, *, guardians: Iterable[str] | None = None, students: Iterable[str] | None = None
    ) -> pl.DataFrame:
        """Guardianships of any of these people: `guardian_id`, `student_id`, `status`, `origin`; all without ids."""
        columns = ("guardian_id", "student_id", "status", "origin")
        return self._select("guardianships", columns, {"guardian_id": guardians, "student_id": students})

    def enrollments(self, *, users: Iterable[str] | None = None, classes: Iterable[str] | None = None) -> pl.DataFrame:
        """Enrollments of any of these users or classes, all without ids.

        Key, `status`, `origin`, `ended_with_person`, values.
        """
        return self._select("enrollments", _ENROLLMENT_COLUMNS, {"user_id": users, "class_id": classes})

    def enrollments_by_key(self, keys: Iterable[Sequence[str]]) -> pl.DataFrame:
        """The enrollments with these (class_id, user_id, role), as `enrollments`."""
        self._connection.execute("DROP TABLE IF EXISTS temp.wanted_keys")
        self._connection.execute("CREATE TEMP TABLE wanted_keys (class_id, user_id, role)")
        self._connection.executemany("INSERT INTO wanted_keys VALUES (?, ?, ?)", keys)
        return self._frame(
            f"SELECT {_listed(_ENROLLMENT_COLUMNS, 't.')} FROM temp.wanted_keys w CROSS JOIN enrollments t "
            "ON t.class_id = w.class_id AND t.user_id = w.user_id AND t.role = w.role",
            _ENROLLMENT_COLUMNS,
        )

    def standing_user_notes(self) -> pl.DataFrame:
        """What is said of users every night: `id`, `code`, `notes` and what the report shows of the user."""
        columns = (
            "id", "code", "notes", "role", "school_ids", "identifier", "grades", "given_name", "family_name", "account",
            "roster_status", "email", "sis_email", "mobile", "sis_mobile",
        )  # fmt: skip
        return self._frame(
            "SELECT n.id, n.code, n.notes, u.role, u.school_ids, u.identifier, u.grades, a.given_name, a.family_name, "
            "CASE WHEN a.disabled THEN 'disabled' ELSE a.state END, u.roster_status, a.email, u.sis_email, a.mobile, "
            "u.sis_mobile FROM standing_notes n CROSS JOIN users u ON u.id = n.id "
            "CROSS JOIN accounts a ON a.account_id = u.account_id WHERE n.kind = 'users'",
            columns,
        )

    def standing_class_notes(self) -> pl.DataFrame:
        """What is said of classes every night: `id`, `code`, `notes` and what the report shows of the class."""
        return self._frame(
            "SELECT n.id, n.code, n.notes, c.school_id, c.title, c.sis_title, c.status "
            "FROM standing_notes n CROSS JOIN classes c ON c.id = n.id WHERE n.kind = 'classes'",
            ("id", "code", "notes", "school_id", "title", "sis_title", "status"),
        )

    def users_to_review(self) -> set[str]:
        """Users that a rule may touch although no row of theirs changes: edited or accepted since the last sync."""
        return self._ids("SELECT id FROM users WHERE review")

    def classes_to_review(self) -> set[str]:
        """Classes that a rule may touch although their row does not change."""
        return self._ids("SELECT id FROM classes WHERE review")

    def siblings_who_left(self, guardians: Iterable[str]) -> set[str]:
        """Students of these guardians who left while the family stayed: archived, and the family not abandoned yet."""
        self._want(guardians)
        return self._ids(
            "SELECT s.id FROM temp.wanted w CROSS JOIN guardianships g ON g.guardian_id = w.value "
            "CROSS JOIN users s ON s.id = g.student_id "
            "WHERE g.status = 'current' AND s.roster_status = 'archived' AND NOT s.family_left AND s.origin = 'sis'"
        )

    def users_sharing_accounts(self, ids: Iterable[str]) -> set[str]:
        """Users on the accounts of these users, themselves among them."""
        self._want(ids)
        return self._ids(
            "SELECT o.id FROM temp.wanted w CROSS JOIN users u ON u.id = w.value "
            "CROSS JOIN users o ON o.account_id = u.account_id"
        )

    def users_reached_by(self, emails: Iterable[str], mobiles: Iterable[str]) -> set[str]:
        """Users whose account holds, or whose base names, one of these e-mails or mobiles."""
        self._want(emails)
        found = self._ids(
            "SELECT u.id FROM temp.wanted w CROSS JOIN accounts a ON a.email = w.value "
            "CROSS JOIN users u ON u.account_id = a.account_id "
            "UNION SELECT u.id FROM temp.wanted w CROSS JOIN users u ON u.sis_email = w.value"
        )
        self._want(mobiles)
        return found | self._ids(
            "SELECT u.id FROM temp.wanted w CROSS JOIN accounts a ON a.mobile = w.value "
            "CROSS JOIN users u ON u.account_id = a.account_id "
            "UNION SELECT u.id FROM temp.wanted w CROSS JOIN users u ON u.sis_mobile = w.value "
            "UNION SELECT u.id FROM temp.wanted w CROSS JOIN users u ON u.sis_sms = w.value "
            "WHERE u.sis_sms IS NOT u.sis_mobile"
        )

    def waiting(self) -> pl.DataFrame:
        """Rows of the last import that the state does not reflect: WAITING_COLUMNS, nulls and all."""
        return read_waiting(self._connection)

    def held_rows(self, kind: str) -> set[str]:
        """Users or classes whose row was held, or that stand though they are no longer in the import: judged again."""
        table = {"users": "users", "classes": "classes"}[kind]
        return self._ids(f"SELECT id FROM waiting WHERE kind = '{table}' AND (deleted OR code = 'GUARD_HELD')")

    def held_enrollments(self) -> pl.DataFrame:
        """ENROLLMENT_KEY of such enrollments."""
        return held_enrollments(self._connection)

    def sessions(self) -> pl.DataFrame:
        """The terms that an import named: SESSION_COLUMNS, of which only the sourcedId and the end are kept."""
        return read_sessions(self._connection)

    def user_roles(self) -> pl.DataFrame:
        """The rows of 1.2's roles.csv as last delivered: USER_ROLE_COLUMNS."""
        return read_user_roles(self._connection)

    def runs_since(self, run_id: str) -> list[tuple[str, str, str]]:
        """`run_id`, `status` and `summary` (JSON) of this run and all later ones."""
        query = "SELECT run_id, status, coalesce(summary, '{}') FROM runs WHERE run_id >= ? ORDER BY run_id"
        return self._connection.execute(query, (run_id,)).fetchall()

    def known(self, kind: str, ids: Iterable[str]) -> set[str]:
        """Those of these ids that the state has; `kind` is users or classes."""
        self._want(ids)
        table = {"users": "users", "classes": "classes"}[kind]
        return self._ids(f"SELECT t.id FROM temp.wanted w CROSS JOIN {table} t ON t.id = w.value")

    def names(self, ids: Iterable[str]) -> pl.DataFrame:
        """`id` and the platform `name` of these users."""
        self._want(ids)
        return self._frame(
            "SELECT u.id, trim(coalesce(a.given_name, '') || ' ' || coalesce(a.family_name, '')) "
            "FROM temp.wanted w CROSS JOIN users u ON u.id = w.value "
            "CROSS JOIN accounts a ON a.account_id = u.account_id",
            ("id", "name"),
        )

    def _want(self, values: Iterable[object]) -> None:
        """Fill the table that the queries join; the same collection in a row is filled in once."""
        if values is self._wanted:
            return
        self._wanted = values
        self._connection.execute("DROP TABLE IF EXISTS temp.wanted")
        self._connection.execute("CREATE TEMP TABLE wanted (value PRIMARY KEY) WITHOUT ROWID")
        listed = json.dumps([value for value in values if value not in {"", None}])
        self._connection.execute("INSERT OR IGNORE INTO wanted SELECT value FROM json_each(?) ORDER BY 1", (listed,))

    def _ids(self, query: str) -> set[str]:
        return {row[0] for row in self._connection.execute(query)}

    def _select(
        self, table: str, columns: Sequence[str], wanted: dict[str, Iterable[str] | Iterable[int] | None]
    ) -> pl.DataFrame:
        """Rows of a table that match any of the given columns' values; all where none is given."""
        queries = []
        frames = []
        for column, values in wanted.items():
            if values is None:
                continue
            self._want(values)
            queries.append(column)
            frames.append(
                self._frame(
                    f"SELECT {_listed(columns, 't.')} FROM temp.wanted w CROSS JOIN {table} t ON t.{column} = w.value",
                    columns,
                )
            )
        if not queries:
            return self._frame(f"SELECT {_listed(columns, '')} FROM {table}", columns)
        import polars as pl

        return frames[0] if len(frames) == 1 else pl.concat(frames).unique(maintain_order=True)

    def _frame(self, query: str, columns: Sequence[str]) -> pl.DataFrame:
        """The rows of a query as a frame.

        SQLite joins them into one text, which polars splits: a Python object per cell is what costs in a large night.
        A text that is too long for SQLite, holds one of the separators or is no UTF-8 goes the plain way.
        """
        import polars as pl

        names = [f"c{place}" for place in range(len(columns))]
        joined = f" || char({ord(_CELL)}) || ".join(f"coalesce({name}, '')" for name in names)
        try:
            count, text = self._connection.execute(
                f"WITH q({', '.join(names)}) AS ({query}) "
                f"SELECT count(*), CAST(group_concat({joined}, char({ord(_ROW)})) AS BLOB) FROM q"
            ).fetchone()
        except sqlite3.DataError:
            count, text = -1, b""
        if not count:
            return _typed([pl.Series(name, [], dtype=pl.String) for name in columns])
        found = None
        if text.count(_ROW.encode()) == count - 1 and text.count(_CELL.encode()) == count * (len(columns) - 1):
            found = _split(text, columns)
        if found is None:
            plain = zip(*self._connection.execute(query).fetchall(), strict=True)
            found = [pl.Series(name, map(_text, column)) for name, column in zip(columns, plain, strict=True)]
        return _typed(found)


def _split(text: bytes, columns: Sequence[str]) -> list[pl.Series] | None:
    """The cells of a joined text by column; None where it is no UTF-8."""
    import polars as pl

    try:
        if len(columns) == 1:
            return [pl.Series(columns[0], [text.decode()]).str.split(_ROW).explode()]
        frame = pl.read_csv(
            text,
            separator=_CELL,
            eol_char=_ROW,
            quote_char=None,
            has_header=False,
            new_columns=list(columns),
            infer_schema=False,
        )
    except (UnicodeDecodeError, pl.exceptions.PolarsError):
        return None
    return frame.fill_null("").get_columns()


def _typed(columns: list[pl.Series]) -> pl.DataFrame:
    import polars as pl

    return pl.DataFrame(
        [
            column.cast(pl.Int64).cast(pl.Boolean) if column.name in _FLAGS else column.cast(_dtype(column.name))
            for column in columns
        ]
    )


def _text(value: object) -> str:
    return "" if value is None else str(value)


def _dtype(column: str) -> type[pl.DataType]:
    import polars as pl

    return pl.Int64 if column in _NUMBERS else pl.String


def _listed(columns: Sequence[str], prefix: str) -> str:
    """Columns of a SELECT, texts without nulls."""
    return ", ".join(
        f"{prefix}{column}"
        if column in _NUMBERS
        else f"coalesce({prefix}{column}, 0) <> 0"
        if column in _FLAGS
        else f"CAST(coalesce({prefix}{column}, '') AS TEXT)"
        for column in columns
    )
