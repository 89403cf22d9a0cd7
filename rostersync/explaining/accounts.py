"""Whom an account serves, who leads it and what decides its values (policies.md R-U7, R-U10, *Wanted values*)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rostersync.explaining.deciding import GUARDIAN, RANK, kind_of, schools_of, setting
from rostersync.explaining.rows import Explained, Place, Reason, Setting, last, named, place_of, shown, when
from rostersync.model.record import PersonFacts, Row

if TYPE_CHECKING:
    from rostersync.settings import Policy

USERS_FILE = "users.csv"


@dataclass(frozen=True)
class AccountView:
    """An account as the rules see it.

    `lead` is the leading record. `led`: it is in the import, so that its SIS values count. `current`: a user of the
    account is current. `managed`: no rule leaves this user's row out (R-G4).
    """

    facts: PersonFacts
    user: Row
    lead: Row
    led: bool
    current: bool
    managed: bool
    lock: Setting
    phone_credential: Setting
    unique: Setting
    manage: Setting
    follow: Setting

    @property
    def leads(self) -> bool:
        """Whether this user is the leading record."""
        return bool(self.user["id"] == self.lead["id"])

    @property
    def is_free(self) -> bool:
        """R-U3: active, and the lock is off; a disabled account counts as its former state."""
        return self.user["state"] == "active" and self.lock.value == "false"

    @property
    def follows(self) -> bool:
        """Whether the account wants the SIS values of its leading record."""
        return self.current and self.led and not self.is_free

    @property
    def place(self) -> Place:
        """Where the SIS says the values that count."""
        return place_of(self.lead, USERS_FILE)


def account_of(facts: PersonFacts, policy: Policy) -> AccountView:
    """The account of a user, with the settings of all schools of all its users."""
    circle = facts.circle
    sharing = [circle.people[user_id] for user_id in facts.sharing]
    # A user without a school is ruled by the district, whatever the others' schools say.
    schools = [school for user in sharing for school in schools_of(user, circle) or [""]]
    ordered = sorted(sharing, key=lambda user: _order(user, facts, policy))
    return AccountView(
        facts=facts,
        user=facts.user,
        lead=ordered[0],
        led=_speaks(ordered[0], facts, policy),
        current=any(user["roster_status"] == "current" for user in sharing),
        managed=is_managed(facts.user, facts, policy),
        lock=setting(policy, schools, "update_active_contacts"),
        phone_credential=setting(policy, schools, "phone_credential"),
        unique=setting(policy, schools, "unique_credentials"),
        manage=setting(policy, schools_of(facts.user, circle), "manage_guardians"),
        follow=setting(policy, schools, "follow_enabled_user"),
    )


def is_managed(user: Row, facts: PersonFacts, policy: Policy) -> bool:
    """R-G4: whether the import counts for this user."""
    if kind_of(user["roles"]) != GUARDIAN or user["origin"] != "sis":
        return True
    return setting(policy, schools_of(user, facts.circle), "manage_guardians").value == "true"


def _speaks(user: Row, facts: PersonFacts, policy: Policy) -> bool:
    return user["origin"] == "sis" and user["roster_status"] == "current" and is_managed(user, facts, policy)


def _order(user: Row, facts: PersonFacts, policy: Policy) -> tuple[bool, bool, int, str]:
    is_current = user["roster_status"] == "current"
    return not _speaks(user, facts, policy), not is_current, RANK[kind_of(user["roles"])], user["id"]


def account_rows(view: AccountView) -> list[Explained]:
    """The account's state, and the other records that it serves."""
    return [_state(view), *_linked(view)]


def _state(view: AccountView) -> Explained:
    user, facts = view.user, view.facts
    enabled = [facts.circle.people[each]["enabled"] for each in facts.sharing]
    value = "disabled" if user["disabled"] else str(user["state"])
    event = last(facts.circle.events[facts.id], *(("account",) if user["disabled"] else ("state", "account")))
    run, edited = when(event, user["added_run"])
    sis = {None: None, 0: "enabledUser false", 1: "enabledUser true or blank"}[user["enabled"]]
    return Explained(
        "value", "account", value, sis, _state_reason(view, enabled), place_of(user, USERS_FILE), run, edited
    )


def _state_reason(view: AccountView, enabled: list[int | None]) -> Reason:
    user = view.user
    if user["disabled"]:
        return Reason(
            "R-U7",
            f"Every record of the account in the import says enabledUser false; it was {user['state']} before.",
            "Set enabledUser to true in the SIS, or policy.follow_enabled_user to false.",
            (view.follow,),
        )
    if user["enabled"] == 0 and view.follow.value == "false":
        return Reason(
            "R-U7",
            "The SIS says enabledUser false, and the settings do not follow it.",
            "Set policy.follow_enabled_user to true: the account is disabled then.",
            (view.follow,),
        )
    if user["enabled"] == 0 and any(other != 0 for other in enabled):
        return Reason(
            "R-U7",
            "The SIS says enabledUser false here, but not for every record of the account.",
            "Set enabledUser to false for every record of the account: it is disabled then.",
            (view.follow,),
        )
    if user["state"] == "active":
        return Reason(
            "Account state",
            "The invitation was accepted; an account stays active.",
            "No SIS value and no setting makes an active account an invitee again.",
        )
    return Reason(
        "R-U1",
        "Whoever is added is an invitee until the invitation is accepted.",
        f"Record the accepted invitation: rostersync users accept {user['id']}",
    )


def _linked(view: AccountView) -> list[Explained]:
    rows = []
    own_joined = last(view.facts.circle.events[view.facts.id], "account_id")
    for other_id in view.facts.sharing:
        if other_id == view.facts.id:
            continue
        other = view.facts.circle.people[other_id]
        event = last(view.facts.circle.events[other_id], "account_id") or own_joined
        run, edited = when(event, None)
        how = "by hand" if edited else "name, e-mail and mobile are the same"
        if event is None:
            how = "the state does not say when they were joined"
        leads = "leads" if other_id == view.lead["id"] else f"is led by {view.lead['id']}"
        rows.append(
            Explained(
                "account",
                other_id,
                f"{other['role']}, {other['roster_status']}",
                None,
                Reason(
                    "R-U10",
                    f"One account serves both ({how}); {other_id} {leads}: the first by staff, guardian, then "
                    "sourcedId, among those in the import.",
                    f"Different contacts in the SIS do not part them: rostersync users unlink {view.facts.id} does.",
                ),
                place_of(other, USERS_FILE),
                run,
                edited,
            )
        )
    return rows


def manual_reason(what: str) -> Reason:
    """Why no sync changes what was made by hand."""
    return Reason("Origin", f"{what} was made by hand: a sync changes only what came from the SIS.", "Edit it here.")


def differs_from_lead(view: AccountView, field: str) -> bool:
    """Whether this record says another SIS value than the leading one; names are compared without case."""
    own, lead = shown(view.user[f"sis_{field}"]) or "", shown(view.lead[f"sis_{field}"]) or ""
    if field.endswith("_name"):
        own, lead = own.casefold(), lead.casefold()
    return own != lead


def others(view: AccountView, ids: tuple[str, ...]) -> str:
    """Those of these users who are not on this account, for a sentence; "" for none."""
    return named(user_id for user_id in ids if user_id not in view.facts.sharing)
