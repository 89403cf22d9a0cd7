"""Who is in tonight's import, and what it says of them (policies.md, *Import*, R-V2 to R-V4, R-V7)."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable

from tests.laws.oracle.state import KINDS, State, User, email_of, phone_of
from tests.laws.stories import Night, class_rows, enrollment_rows, user_rows
from tests.policies.district import Row

VALID, REJECTED, HELD, ABSENT = "valid", "rejected", "held", "absent"


class Arriving:
    """The people of one night."""

    def __init__(self, state: State, night: Night) -> None:
        self.state, self.without = state, frozenset(night.without)
        self.include = set(state.settings.include)
        self.rows: dict[str, Row] = {}
        self.agents: dict[str, set[str]] = {}
        self.rejected: set[str] = set()
        self.deleted: set[str] = set()
        self.waiting: dict[str, set[str]] = {}  # rejected rows that may be those of new students, with their schools
        self.unreadable = False
        self._read_users(user_rows(night))
        self.class_rows = class_rows(night)
        self.enrollment_rows = enrollment_rows(night)

    def _read_users(self, rows: Iterable[Row]) -> None:
        for row in rows:
            user_id = row["sourcedId"]
            if row["status"] == "tobedeleted":
                self.deleted.add(user_id)
                continue
            sound = user_id and row["givenName"] and row["familyName"] and row["role"] in KINDS
            if user_id and "agentSourcedIds" not in self.without:
                self.agents[user_id] = {agent for agent in row["agentSourcedIds"].split(",") if agent}
            if sound:
                self.rows[user_id] = row
            elif user_id:
                self.rejected.add(user_id)
            else:
                self.unreadable = True
            if user_id and not sound and row["role"] in {"student", "wizard"}:
                self.waiting[user_id] = set(row["orgSourcedIds"].split(","))
        self.waiting = {u: schools for u, schools in self.waiting.items() if u not in self.state.users}
        self.in_files = {*self.rows, *self.rejected, *self.deleted}
        if self.include:
            self._leave_out()

    def _leave_out(self) -> None:
        """R-V7: people by any of their schools, guardians by their students."""

        def schools(user_id: str) -> set[str]:
            known = self.state.users.get(user_id)
            if user_id in self.waiting:
                return self.waiting[user_id]
            if user_id in self.rows and "orgSourcedIds" not in self.without:
                return set(self.rows[user_id]["orgSourcedIds"].split(","))
            return set(known.schools.split(",")) if known and user_id in self.rejected else set()

        def kind(user_id: str) -> str:
            if user_id in self.rows:
                return KINDS[self.rows[user_id]["role"]]
            waits = "student" if user_id in self.waiting else ""
            return self.state.users[user_id].kind if user_id in self.state.users else waits

        here = {*self.rows, *self.rejected}
        taken = {u for u in here if kind(u) in {"student", "staff"} and schools(u) & self.include}
        students = {u for u in taken if kind(u) == "student"}
        for user_id in here:
            by_name = any(self.names(user_id, student) for student in students)
            stored = any(
                self.state.pairs.get((user_id, student)) == "current"
                and (user_id in self.rejected or student in self.rejected)
                for student in students
            )
            if kind(user_id) == "guardian" and (by_name or stored):
                taken.add(user_id)
        self.rows = {u: row for u, row in self.rows.items() if u in taken}
        self.rejected &= taken

    def names(self, one: str, other: str) -> bool:
        return other in self.agents.get(one, ()) or one in self.agents.get(other, ())

    def presence(self, user_id: str) -> str:
        """Whether and how somebody is in the import; HELD: only because unreadable rows may be theirs."""
        if user_id in self.rows:
            return VALID
        if user_id in self.rejected:
            return REJECTED
        known = self.state.users.get(user_id)
        may_be_theirs = known and known.status == "current" and known.origin == "sis"
        return HELD if self.unreadable and may_be_theirs else ABSENT

    def here(self, user_id: str) -> bool:
        """In the import, or taken to be."""
        return self.presence(user_id) != ABSENT

    def _tonight(self) -> dict[str, User]:
        """Everybody with what the SIS says now; where it says nothing, what it said before."""
        users = {user_id: dataclasses.replace(user) for user_id, user in self.state.users.items()}
        for user_id, row in self.rows.items():
            known = users.get(user_id)
            user = known or User(user_id, KINDS[row["role"]])
            users[user_id] = user
            user.kind = KINDS[row["role"]]
            user.given_name, user.family_name = row["givenName"], row["familyName"]
            if "orgSourcedIds" not in self.without:
                user.schools = row["orgSourcedIds"]
            if "enabledUser" not in self.without and row["enabledUser"]:
                user.enabled = row["enabledUser"] == "true"
            for name, column, form in (
                ("email", "email", email_of),
                ("sms", "sms", phone_of),
                ("telephone", "phone", phone_of),
            ):
                value = form(row[column])
                invalid = bool(row[column]) and not value
                if column not in self.without and not (known and invalid):
                    setattr(user, name, value)
        return users
