"""What every edit by a person shares: one transaction, a trace of it, and whom the next sync has to look at."""

from __future__ import annotations

import contextlib
import secrets
import sqlite3
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType

from rostersync.errors import ConfigurationError
from rostersync.model.contacts import normalise_email, normalise_name, normalise_phone
from rostersync.state import record_counts
from rostersync.state.connection import reading, writing
from rostersync.state.lock import hold

CREDENTIALS = ("email", "mobile")
STAFF, GUARDIAN, STUDENT = "staff", "guardian", "student"
KIND_RANK = MappingProxyType({STAFF: 0, GUARDIAN: 1, STUDENT: 2})
"""Who leads an account (policies.md R-U10)."""

Row = sqlite3.Row


@contextlib.contextmanager
def editing(path: Path, *, counts_stand: bool = False) -> Iterator[Editing]:
    """One transaction of edits, under the state's lock; the state's generation moves with it.

    `counts_stand`: no edit in it changes how many records a guard counts, for these are the SIS's own, and people edit
    what stands beside them; without it the next sync counts anew.

    Raises:
        StateError: the state is missing, empty, foreign or damaged.
        StateBusy: a run holds the state.
    """
    with reading(path):  # a lost state is said before a lock is laid beside it
        pass
    with hold(path, "an edit"), writing(path) as connection:
        connection.row_factory = sqlite3.Row
        before = connection.total_changes
        yield Editing(connection)
        if connection.total_changes > before and not counts_stand:
            record_counts.drop(connection)


def normalised(field: str, text: str, region: str) -> str | None:
    """A platform value in the form it is stored in, None for a blank.

    Raises:
        ConfigurationError: it is no e-mail, phone or name.
    """
    if not text.strip():
        return None
    match field:
        case "email":
            value = normalise_email(text)
        case "mobile" | "phone":
            value = normalise_phone(text, region, allow_extension=field == "phone")
        case _:
            value = normalise_name(text)
    if value is None:
        raise ConfigurationError(f"the new {field} is not valid; nothing was changed; correct it")
    return value


def new_local_id() -> str:
    """An id for a user or class made by hand; random, so that a state set back never gives an old one anew."""
    return f"local:{secrets.token_hex(5)}"


def kind_of(roles: str) -> str:
    """Staff, student or guardian: the rules that decide for somebody with these roles (policies.md, *Role*)."""
    held = set(roles.split(","))
    if held & {"teacher", "administrator"}:
        return STAFF
    return STUDENT if "student" in held else GUARDIAN


class Editing:
    """Edits in one transaction."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection
        self._made_at = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        query = "SELECT CAST(value AS INTEGER) FROM meta WHERE key = 'generation'"
        self._generation = int(connection.execute(query).fetchone()[0]) + 1

    def user(self, user_id: str) -> Row:
        """The row of `users`.

        Raises:
            ConfigurationError: the state does not have it.
        """
        return self._known("users", "user", user_id)

    def school_class(self, class_id: str) -> Row:
        """The row of `classes`.

        Raises:
            ConfigurationError: the state does not have it.
        """
        return self._known("classes", "class", class_id)

    def _known(self, table: str, what: str, record_id: str) -> Row:
        found: Row | None = self.connection.execute(f"SELECT * FROM {table} WHERE id = ?", (record_id,)).fetchone()
        if found is None:
            raise ConfigurationError(f"no {what} {record_id} in the state; nothing was changed; check the id")
        return found

    def account(self, account_id: int) -> Row:
        """The row of `accounts`."""
        query = "SELECT * FROM accounts WHERE account_id = ?"
        row: Row = self.connection.execute(query, (account_id,)).fetchone()
        return row

    def users_of(self, account_id: int) -> list[Row]:
        """The users on an account, by id."""
        return self.connection.execute("SELECT * FROM users WHERE account_id = ? ORDER BY id", (account_id,)).fetchall()

    def holder(self, credential: str, value: str | None, *, besides: int | None = None) -> str | None:
        """The id of a user whose account holds an e-mail or mobile, None for nobody or a blank."""
        row = self.connection.execute(
            f"SELECT u.id FROM accounts a JOIN users u ON u.account_id = a.account_id "
            f"WHERE a.{credential} = ? AND a.account_id IS NOT ? ORDER BY u.roster_status <> 'current', u.id",
            (value, besides),
        ).fetchone()
        return None if row is None else str(row[0])

    def set_account(self, account_id: int, user_id: str, by: str, **values: object) -> None:
        """Set columns of an account, with a trace of those that differ; who wants a value that it gave up is noted."""
        before = self.account(account_id)
        moved = {field: value for field, value in values.items() if before[field] != value}
        for field, value in moved.items():
            self.connection.execute(f"UPDATE accounts SET {field} = ? WHERE account_id = ?", (value, account_id))
            self.log(field, before[field], value, by=by, user_id=user_id, account_id=account_id)
            if field in CREDENTIALS:
                self.review_who_want(field, before[field])
        if moved:
            self.review_account(account_id)

    def log(
        self,
        field: str,
        before: object,
        after: object,
        *,
        by: str = "manager",
        kind: str = "users",
        record_id: str | None = None,
        user_id: str | None = None,
        account_id: int | None = None,
    ) -> None:
        """Keep the edit, and move the state's generation. `record_id` is that of roster_changes; for users their id."""
        if user_id is not None and account_id is None:
            account_id = self.user(user_id)["account_id"]
        texts = [None if value is None else str(value) for value in (before, after)]
        self.connection.execute(
            "INSERT INTO edits (user_id, account_id, made_at, made_by, field, before, after, generation, kind, "
            "record_id) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (user_id, account_id, self._made_at, by, field, *texts, self._generation, kind, record_id or user_id),
        )
        self.connection.execute("UPDATE meta SET value = ? WHERE key = 'generation'", (str(self._generation),))

    def review(self, user_ids: Iterable[str] = (), class_ids: Iterable[str] = ()) -> None:
        """The next sync looks at these, although no row of theirs changes (design.md, *Scope*)."""
        self._review("users", user_ids)
        self._review("classes", class_ids)

    def _review(self, table: str, ids: Iterable[str]) -> None:
        self.connection.executemany(f"UPDATE {table} SET review = 1 WHERE id = ?", ((each,) for each in ids))

    def review_account(self, account_id: int) -> None:
        """The next sync looks at everybody on this account."""
        self.review(user["id"] for user in self.users_of(account_id))

    def review_who_want(self, credential: str, value: object) -> None:
        """Somebody may get an e-mail or mobile that was just given up: whoever the SIS gives it to is looked at."""
        if value is None:
            return
        names = {"email": ("sis_email = ?",), "mobile": ("sis_mobile = ?", "sis_sms = ? AND sis_sms IS NOT sis_mobile")}
        for wanted in names[credential]:  # one index each
            self.connection.execute(f"UPDATE users SET review = 1 WHERE {wanted}", (value,))
