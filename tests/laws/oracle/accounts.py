"""Who shares an account, and which account gets which credential (policies.md R-U2 to R-U10, R-C1 to R-C5)."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

from tests.laws.oracle.people import People, across
from tests.laws.oracle.state import Account, User

RANK = {"staff": 0, "guardian": 1, "student": 2}
CONTACTS = ("given_name", "family_name", "email", "mobile", "phone")


class Accounts(People):
    """Decides the accounts of the state."""

    def _join(self) -> None:
        self._phones()
        new = [user for user in self.users.values() if user.id not in self.state.users]
        number = -1
        for user in new:
            user.account, number = number, number - 1
        adults = [user for user in new if user.kind != "student" and (user.email or user.sms)]
        known = self._known_people()
        for user in adults:
            key = _person(user.given_name, user.family_name, user.email, user.mobile, user.sms)
            twins = [
                other
                for other in adults
                if _person(other.given_name, other.family_name, other.email, other.mobile, other.sms) == key
            ]
            found = [(RANK[self.users[who].kind], who) for person, who in known if person == key]
            found = found or [(RANK[other.kind], other.id) for other in twins]
            leader = min(found)[1]
            if leader != user.id:
                user.account = self.users[leader].account
                self.state.codes -= {(user.id, "NEW")}
                self._say(user.id, "SAME_PERSON")
        self._phones()

    def _phones(self) -> None:
        """The mobile is made of sms and phone; an account across schools that differ takes the sms."""
        for user in self.users.values():
            if not (user.id not in self.state.users or self.here(user.id)) or not self.managed[user.id]:
                continue
            shared = [other for other in self.users.values() if user.account and other.account == user.account]
            credential = across([self.rules[other.id] for other in (shared or [user])])["phone_credential"]
            serves = credential == "phone" or (credential == "sms-then-phone" and not user.sms)
            serves = serves and bool(user.telephone)
            sms = "" if credential == "phone" else user.sms
            user.mobile = user.telephone if serves else sms
            user.phone = "" if serves else user.telephone

    def _known_people(self) -> list[tuple[tuple[str, ...], str]]:
        """What known accounts want and their records say, before and now; an account of a student never."""
        people = []
        for user_id, before in self.state.users.items():
            account = self.state.accounts[before.account]
            if any(u.kind == "student" for u in self.users.values() if u.account == before.account):
                continue
            now = self.users[user_id]
            people += [
                (_person(said.given_name, said.family_name, said.email, said.mobile, said.sms), user_id)
                for said in (before, now)
            ]
            if now.status == "current" and (account.state == "active" or not self.in_import(user_id)):
                wanted = (account.given_name, account.family_name, account.email, account.mobile, account.mobile)
                people.append((_person(*wanted), user_id))
        return people

    def _credentials(self) -> None:
        members: dict[int, list[User]] = {}
        for user in self.users.values():
            members.setdefault(user.account, []).append(user)
        self.members = members
        self.lead: dict[int, User] = {}
        self.follows: dict[int, bool] = {}
        wants: dict[int, dict[str, str]] = {}
        stored = {number: self.state.accounts.get(number, Account()) for number in members}
        for number, users in members.items():
            current = [user for user in users if user.status == "current"]
            leaders = [user for user in current if self.in_import(user.id)]
            some = leaders or [u for u in users if self.in_import(u.id)] or current or users
            self.lead[number] = min(some, key=lambda user: (RANK[user.kind], user.id))
            lock = all(self.rules[user.id]["update_active_contacts"] for user in users)
            free = stored[number].state == "active" and not lock
            self.follows[number] = bool(leaders) and not free
            source = self.lead[number] if self.follows[number] else stored[number]
            wants[number] = {name: getattr(source, name) if current else "" for name in ("email", "mobile")}
            self._say_kept(number, current=bool(current) and bool(leaders) and free, account=stored[number])
        after = {number: self._after(number, wants, stored) for number in members}
        for number, account in list(after.items()):
            if number < 0 and self.lead[number].kind == "guardian" and not (account.email or account.mobile):
                for user in members[number]:
                    self.state.codes -= {(user.id, "NEW"), (user.id, "SAME_PERSON")}
                    self._say(user.id, "NO_UNIQUE_CREDENTIAL")
                    del self.users[user.id]
                self.state.codes -= {(self.lead[number].id, "CREDENTIAL_TAKEN")}
                del after[number]
        self._linked(after)
        for number, account in after.items():
            self.state.accounts[number if number > 0 else self._numbered(number)] = account

    def _say_kept(self, number: int, *, current: bool, account: Account) -> None:
        """R-U3: a filled value of the SIS that an active user does not have."""
        lead = self.lead[number]
        told = {"email": "ACTIVE_EMAIL_KEPT", "mobile": "ACTIVE_PHONE_KEPT"}
        told |= {"given_name": "ACTIVE_NAME_KEPT", "family_name": "ACTIVE_NAME_KEPT"}
        for name, code in told.items():
            if current and getattr(lead, name) not in {"", getattr(account, name)}:
                self._say(lead.id, code)

    def _after(self, number: int, wants: dict[int, dict[str, str]], stored: Mapping[int, Account]) -> Account:
        """What an account has after this sync (R-C2, then R-U5)."""
        account, lead = dataclasses.replace(stored[number]), self.lead[number]
        for name in ("email", "mobile"):
            want, present = wants[number][name], getattr(stored[number], name)
            winners = self._winners(name, wants, stored)
            if want and winners.get(want) == number:
                setattr(account, name, want)
            else:
                setattr(account, name, "" if present in winners else present)
                if want:
                    self._say(lead.id, "CREDENTIAL_TAKEN")
        if self.follows[number]:
            account.given_name, account.family_name, account.phone = lead.given_name, lead.family_name, lead.phone
            for name, other in (("email", "mobile"), ("mobile", "email")):
                if not getattr(lead, name) and getattr(lead, other) and getattr(account, other):
                    setattr(account, name, "")
                if not getattr(lead, name) and getattr(account, name):
                    self._say(lead.id, "BLANK_KEPT")
        says = [user for user in self.members[number] if self.in_import(user.id)]
        follow = all(self.rules[user.id]["follow_enabled_user"] for user in self.members[number])
        off = all(user.enabled is False for user in says) if says else account.disabled
        account.disabled = follow and off
        return account

    def _winners(self, name: str, wants: dict[int, dict[str, str]], stored: Mapping[int, Account]) -> dict[str, int]:
        """Who gets each wanted value: who holds it and still wants it, then by kind, then by sourcedId (R-C2).

        None does where several of the first kind want what nobody holds, and one of them is strict (R-C3).
        """
        claims: dict[str, list[tuple[bool, int, str, int]]] = {}
        for number, want in wants.items():
            if want[name]:
                lead, holds = self.lead[number], getattr(stored[number], name) == want[name]
                claims.setdefault(want[name], []).append((not holds, RANK[lead.kind], lead.id, number))
        return {value: min(claim)[3] for value, claim in claims.items() if not self._contested(claim)}

    def _contested(self, claim: list[tuple[bool, int, str, int]]) -> bool:
        first_kind = min(rank for _, rank, _, _ in claim)
        rivals = [number for _, rank, _, number in claim if rank == first_kind]
        strict = [
            user
            for number in rivals
            for user in self.members[number]
            if self.rules[user.id]["unique_credentials"] == "strict"
        ]
        held = any(not other for other, _, _, _ in claim)
        return not held and len(rivals) > 1 and bool(strict)

    def _linked(self, after: Mapping[int, Account]) -> None:
        for number in after:
            lead = self.lead[number]
            for user in self.members[number]:
                differs = any(getattr(user, name) != getattr(lead, name) for name in CONTACTS)
                leads = self.in_import(lead.id) and lead.status == "current"
                stands = self.here(user.id) and self.managed[user.id] and user.status == "current"
                if user is not lead and leads and stands and differs:
                    self._say(user.id, "LINKED_RECORD_DIFFERS")

    def _numbered(self, number: int) -> int:
        new = max(self.state.accounts, default=0) + 1
        for user in self.members[number]:
            user.account = new
        return new


def _person(given: str, family: str, email: str, mobile: str, sms: str) -> tuple[str, ...]:
    """What two records of one person share; without an e-mail the sms itself, for landlines are shared."""
    return given.casefold(), family.casefold(), email, mobile, "" if email else sms
