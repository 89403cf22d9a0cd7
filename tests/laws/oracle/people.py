"""Who belongs together, who comes, leaves and returns (policies.md, *Guardianships*, *Families that leave*)."""

from __future__ import annotations

import dataclasses
from typing import Any

from tests.laws.oracle.arriving import HELD, REJECTED, VALID, Arriving
from tests.laws.oracle.state import User


class People(Arriving):
    """Decides `users`: records as after tonight, with their roster status."""

    def _pairs(self) -> None:
        """`named`: by sound rows; `related`: counts for who is in the SIS."""
        self.named: set[tuple[str, str]] = set()
        self.related: set[tuple[str, str]] = set()
        for guardian in self.users.values():
            for student in self.users.values():
                pair = (guardian.id, student.id)
                fits = guardian.kind == "guardian" and student.kind == "student"
                stored = self.state.pairs.get(pair) == "current" and pair not in self.state.manual_pairs
                if not (fits or stored) or guardian.id == student.id:
                    continue
                sound = any(one in self.rows and other in self.agents.get(one, ()) for one, other in (pair, pair[::-1]))
                readable = any(
                    (one in self.rows or one in self.rejected) and other in self.agents.get(one, ())
                    for one, other in (pair, pair[::-1])
                )
                unsaid = {REJECTED, HELD} & {self.presence(guardian.id), self.presence(student.id)}
                if sound:
                    self.named.add(pair)
                if readable or (stored and (unsaid or "agentSourcedIds" in self.without)):
                    self.related.add(pair)

        for guardian in self.users.values():
            waiting = self.waiting.keys() & self.rejected if guardian.kind == "guardian" else ()
            self.related |= {(guardian.id, other) for other in waiting if self.names(guardian.id, other)}

    def _settings(self) -> None:
        """What rules everybody; managed guardians, the home phone and the mobile follow from it."""
        self.rules: dict[str, dict[str, Any]] = {}
        for user in self.users.values():
            schools = {user.schools}
            if user.kind == "guardian":
                pairs = self.related | {pair for pair, status in self.state.pairs.items() if status == "current"}
                schools = {
                    self.users[student].schools
                    for guardian, student in pairs
                    if guardian == user.id and student in self.users
                }
            self.rules[user.id] = self._combined({s for listed in schools for s in listed.split(",") if s})
        self.managed = {
            user.id: user.kind != "guardian" or self.rules[user.id]["manage_guardians"] for user in self.users.values()
        }
        for user_id in [user_id for user_id, managed in self.managed.items() if not managed]:
            known = self.state.users.get(user_id)
            if known is None:
                del self.users[user_id]
            else:
                self.users[user_id] = dataclasses.replace(known)

    def _combined(self, schools: set[str]) -> dict[str, Any]:
        return across([self.of_school(school) for school in schools] or [self.of_school("")])

    def of_school(self, school: str) -> dict[str, Any]:
        """The settings of a school."""
        return self.state.of_school(school)

    def in_import(self, user_id: str) -> bool:
        """In the import by the letter: not held, and not a guardian whom R-G4 ignores."""
        return self.managed[user_id] and self.presence(user_id) in {VALID, REJECTED}

    def in_sis(self, guardian: str) -> bool:
        """In the import and related there to a student in the import."""
        if not self.managed[guardian]:
            pairs = {pair for pair, status in self.state.pairs.items() if status == "current"}
            pairs -= self.state.manual_pairs
        elif self.here(guardian):
            pairs = self.related
        else:
            return False
        return any(self.here(student) for one, student in pairs if one == guardian)

    def _statuses(self) -> None:
        self.abandoned: set[str] = set()
        for user in list(self.users.values()):
            if user.kind == "guardian" and self.managed[user.id] and not user.status and not self.in_sis(user.id):
                self._say(user.id, "NO_STUDENT")
                del self.users[user.id]
            elif not user.status:
                self._set(user, "current", "NEW")
            elif user.kind != "guardian" and self.managed[user.id]:
                self._stays(user)
            elif user.kind != "guardian" and user.status == "current":
                self._set(user, "archived", "LEFT_SIS")  # staff whose row is now that of a guardian whom R-G4 ignores
        for user in self.users.values():
            by_sis = user.origin == "sis" and user.id in self.state.users
            if user.kind == "guardian" and by_sis and self.managed[user.id]:
                self._guardian_stays(user)

    def _stays(self, user: User) -> None:
        if self.here(user.id):
            if user.status != "current":
                self._set(user, "current", "RETURNED")
            user.family_left = False
        elif user.kind == "student" and not any(self.in_sis(guardian) for guardian in self._guardians_of(user.id)):
            self._abandoned(user)
        elif user.status == "current":
            self._set(user, "archived", "LEFT_SIS")

    def _abandoned(self, user: User) -> None:
        """R-F1, R-F2, R-F7: settled once, for a sibling who left earlier as well."""
        if user.family_left:
            return
        user.family_left = True
        self.abandoned.add(user.id)
        if self.rules[user.id]["abandoned_families"] == "extreme":
            self._set(user, "removed", "FAMILY_LEFT")
        elif user.status == "current":
            self._set(user, "archived", "FAMILY_LEFT")

    def _guardian_stays(self, user: User) -> None:
        if self.in_sis(user.id):
            if user.status != "current":
                self._set(user, "current", "RETURNED")
            return
        if user.status == "removed" or self.presence(user.id) in {REJECTED, HELD}:
            return
        students = [s for (g, s), status in self.state.pairs.items() if g == user.id and status == "current"]
        statuses = [self.users[student].status for student in students]
        tonight = [self.users[student].status for student in students if student in self.abandoned]
        extreme = "removed" in statuses and all(status == "removed" for status in tonight)
        stays_with = any(self.here(student) for student in students)
        if user.status == "archived":
            if tonight and extreme and not stays_with and "current" not in statuses:
                self._set(user, "removed", "FAMILY_LEFT")
        elif stays_with or (students and "current" not in statuses):
            soft = "FAMILY_LEFT" if tonight and not stays_with else "GUARDIAN_LEFT"
            self._set(user, *(("removed", "FAMILY_LEFT") if extreme else ("archived", soft)))
        elif not students and not self.here(user.id):
            self._set(user, "archived", "GUARDIAN_LEFT")

    def _guardians_of(self, student: str) -> list[str]:
        pairs = self.state.pairs.keys() - self.state.manual_pairs  # R-F5
        return [g for g, s in pairs if s == student and self.state.pairs[g, s] == "current"]

    def _set(self, user: User, status: str, code: str) -> None:
        user.status = status
        self._say(user.id, code)

    def _say(self, user_id: str, code: str) -> None:
        self.state.codes.add((user_id, code))


def across(rules: list[dict[str, Any]]) -> dict[str, Any]:
    """The settings of somebody across schools."""
    strict = ("manage_guardians", "update_active_contacts", "follow_enabled_user")
    found = {name: all(rule[name] for rule in rules) for name in strict}
    credentials = {rule["phone_credential"] for rule in rules}
    found["phone_credential"] = credentials.pop() if len(credentials) == 1 else "sms"
    found["unique_credentials"] = max(rule["unique_credentials"] for rule in rules)  # "strict" is the greater word
    found["abandoned_families"] = max(rule["abandoned_families"] for rule in rules)  # and so is "soft"
    return found
