"""What people do between syncs: accept an invitation, edit platform values (policies.md, *Account state*, R-U4)."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from rostersync.errors import ConfigurationError, RefusedByPolicy
from rostersync.model.contacts import normalise_email, normalise_name, normalise_phone
from rostersync.state.connection import writing
from rostersync.state.lock import hold

if TYPE_CHECKING:
    from rostersync.settings import Settings

CREDENTIALS = ("email", "mobile")


def accept(path: Path, ids: Sequence[str]) -> list[dict[str, str]]:
    """Record that these users accepted their invitation: `id` and `result` (accepted, already active) of each.

    Raises:
        ConfigurationError: an id that the state does not have; nothing is accepted then.
        StateBusy: a run holds the state.
    """
    with _editing(path) as edit:
        unknown = [user_id for user_id in ids if edit.account_of(user_id) is None]
        if unknown:
            raise ConfigurationError(f"no user {', '.join(unknown)} in the state; nobody was accepted; check the ids")
        return [{"id": user_id, "result": edit.accept(user_id)} for user_id in ids]


def edit(
    path: Path, settings: Settings, user_id: str, changes: Mapping[str, str | None], *, by: str
) -> list[dict[str, str | None]]:
    """Set platform values of a user's account: `field`, `before`, `after` of those that differ.

    Keys of `changes` are given_name, family_name, email, mobile, phone; a blank clears.

    Raises:
        ConfigurationError: unknown user, or a value that is no e-mail, phone or name.
        RefusedByPolicy: the user's contacts are locked to the SIS (R-U4); somebody else holds the credential; a
            guardian would be left without any.
        StateBusy: a run holds the state.
    """
    wanted = {field: _normalised(field, value or "", settings.district.region) for field, value in changes.items()}
    with _editing(path) as editing:
        return editing.change(user_id, wanted, settings, by)


def _normalised(field: str, text: str, region: str) -> str | None:
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


@contextlib.contextmanager
def _editing(path: Path) -> Iterator[_Editing]:
    """One transaction of edits; the state's generation moves with it."""
    from rostersync.state.connection import reading

    with reading(path):  # a lost state is said before a lock is laid beside it
        pass
    with hold(path), writing(path) as connection:
        yield _Editing(connection)


class _Editing:
    """Edits in one transaction."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._made_at = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        query = "SELECT CAST(value AS INTEGER) FROM meta WHERE key = 'generation'"
        self._generation = int(connection.execute(query).fetchone()[0]) + 1

    def account_of(self, user_id: str) -> int | None:
        row = self._connection.execute("SELECT account_id FROM users WHERE id = ?", (user_id,)).fetchone()
        return None if row is None else int(row[0])

    def accept(self, user_id: str) -> str:
        account = self.account_of(user_id)
        before = self._connection.execute("SELECT state FROM accounts WHERE account_id = ?", (account,)).fetchone()[0]
        if before == "active":
            return "already active"
        self._connection.execute("UPDATE accounts SET state = 'active' WHERE account_id = ?", (account,))
        self._log(user_id, account, "self", "state", before, "active")
        return "accepted"

    def change(
        self, user_id: str, wanted: Mapping[str, str | None], settings: Settings, by: str
    ) -> list[dict[str, str | None]]:
        account = self.account_of(user_id)
        if account is None:
            raise ConfigurationError(f"no user {user_id} in the state; nothing was changed; check the id")
        if self._is_locked(account, settings):
            raise RefusedByPolicy(
                f"the contacts of {user_id} are locked to the SIS (policy.update_active_contacts); nothing was "
                "changed; change them in the SIS"
            )
        names = ("given_name", "family_name", "email", "mobile", "phone")
        row = self._connection.execute(
            f"SELECT {', '.join(names)} FROM accounts WHERE account_id = ?", (account,)
        ).fetchone()
        before = dict(zip(names, row, strict=True))
        moved = {field: value for field, value in wanted.items() if before[field] != value}
        self._check(user_id, account, before, {**before, **moved})
        for field, value in moved.items():
            self._connection.execute(f"UPDATE accounts SET {field} = ? WHERE account_id = ?", (value, account))
            self._log(user_id, account, by, field, before[field], value)
        return [{"field": field, "before": before[field], "after": value} for field, value in moved.items()]

    def _check(
        self, user_id: str, account: int, before: Mapping[str, str | None], after: Mapping[str, str | None]
    ) -> None:
        for field in CREDENTIALS:
            holder = self._connection.execute(
                f"SELECT u.id FROM accounts a JOIN users u ON u.account_id = a.account_id "
                f"WHERE a.{field} = ? AND a.account_id <> ? ORDER BY u.id",
                (after[field], account),
            ).fetchone()
            if holder is not None:
                raise RefusedByPolicy(
                    f"the new {field} of {user_id} belongs to {holder[0]}; nothing was changed; "
                    "no two people can have the same one"
                )
        had = any(before[field] for field in CREDENTIALS)
        if had and not any(after[field] for field in CREDENTIALS) and self._is_guardian(account):
            raise RefusedByPolicy(
                f"{user_id} is a guardian and would be left without e-mail and mobile; nothing was changed; "
                "give one of them"
            )
        if not (after["given_name"] or after["family_name"]):
            raise ConfigurationError(f"{user_id} would be left without a name; nothing was changed; give one")

    def _is_guardian(self, account: int) -> bool:
        query = "SELECT 1 FROM users WHERE account_id = ? AND role = 'guardian'"
        return self._connection.execute(query, (account,)).fetchone() is not None

    def _is_locked(self, account: int, settings: Settings) -> bool:
        """Whether the SIS alone sets the contacts: a `sis` user, and all schools of the account say so."""
        users = self._connection.execute(
            "SELECT id, role, origin, coalesce(school_ids, '') FROM users WHERE account_id = ?", (account,)
        ).fetchall()
        if not any(origin == "sis" for _, _, origin, _ in users):
            return False
        schools: set[str] = set()
        for user_id, role, _, own in users:
            lists = [own] if role != "guardian" else self._schools_of_students(user_id)
            schools |= {school for listed in lists for school in listed.split(",") if school}
        return all(settings.policy.of_school(school).update_active_contacts for school in schools or {""})

    def _schools_of_students(self, guardian_id: str) -> list[str]:
        return [
            row[0]
            for row in self._connection.execute(
                "SELECT coalesce(s.school_ids, '') FROM guardianships g JOIN users s ON s.id = g.student_id "
                "WHERE g.guardian_id = ? AND g.status = 'current'",
                (guardian_id,),
            )
        ]

    def _log(
        self, user_id: str, account: int | None, by: str, field: str, before: str | None, after: str | None
    ) -> None:
        """Keep the edit, put the people of the account under review for the next sync, move the generation."""
        self._connection.execute(
            "INSERT INTO edits (user_id, account_id, made_at, made_by, field, before, after, generation) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (user_id, account, self._made_at, by, field, before, after, self._generation),
        )
        self._connection.execute("UPDATE users SET review = 1 WHERE account_id = ?", (account,))
        self._connection.execute("UPDATE meta SET value = ? WHERE key = 'generation'", (str(self._generation),))
