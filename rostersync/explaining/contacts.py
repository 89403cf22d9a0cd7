"""Why name, e-mail, mobile and phone are what they are (policies.md R-U2 to R-U5, R-C2, R-C3, *Wanted values*)."""

from __future__ import annotations

import dataclasses
from types import MappingProxyType

from rostersync.explaining.accounts import USERS_FILE, AccountView, differs_from_lead, manual_reason, others
from rostersync.explaining.deciding import GUARDIAN, kind_of, mobile_and_phone
from rostersync.explaining.rows import UNKNOWN, Explained, Reason, Setting, last, place_of, shown, when
from rostersync.model.notes import Code
from rostersync.model.record import Event

CONTACTS = ("given_name", "family_name", "email", "mobile", "phone")
OTHER = MappingProxyType({"email": "mobile", "mobile": "email"})
"""Each credential -> the other one."""
_ONE = MappingProxyType({"email": "an email", "mobile": "a mobile"})
_OWN = MappingProxyType({"email": "an email of their own", "mobile": "a mobile of their own"})
_COLUMNS = MappingProxyType({"given_name": "givenName", "family_name": "familyName", "email": "email"})
"""Field -> the column of users.csv; mobile and phone are made of `sms` and `phone`."""


def contact_rows(view: AccountView) -> list[Explained]:
    """One row per platform value of the account."""
    return [_contact(view, field) for field in CONTACTS]


def _contact(view: AccountView, field: str) -> Explained:
    user, facts = view.user, view.facts
    event = last(facts.circle.events[facts.id], field)
    run, edited = when(event, user["added_run"])
    reason = _of_the_account(view, field, event)
    if user["origin"] == "sis" and not view.leads and differs_from_lead(view, field):
        reason = _led(view, field, reason)
    reason = _with_column(view, field, reason)
    place = place_of(user, USERS_FILE)
    return Explained("value", field, shown(user[field]), shown(user[f"sis_{field}"]), reason, place, run, edited)


def _led(view: AccountView, field: str, reason: Reason) -> Reason:
    lead = view.lead["id"]
    to_change = f"Make the {field} of both records the same in the SIS, or change that of {lead}."
    if reason.rule == "R-U3":
        to_change = f"{reason.to_change} Then {lead} leads."
    return Reason(
        "R-U10",
        f"The values come from {lead}, the leading record of the same account, and it says something else "
        f"(there {reason.rule} decides: {reason.why[:1].lower()}{reason.why[1:].rstrip('.')}).",
        to_change,
        reason.settings,
    )


def _of_the_account(view: AccountView, field: str, event: Event | None) -> Reason:
    """What decides for the account: the SIS value meant here is that of the leading record."""
    if view.lead["origin"] != "sis":
        return manual_reason("This person")
    if not view.current:
        return _nobody_current(view, field)
    if not view.led:
        return _unmanaged(view)
    if view.is_free:
        return _active(view, field)
    if field in OTHER:
        return _credential(view, field, event)
    return _followed(view, field, event)


def _nobody_current(view: AccountView, field: str) -> Reason:
    holder = _taker(view, field)
    if holder:
        return Reason(
            "R-C2",
            f"Nobody on this account is current, so that it wants no {field}; {holder} wants the same one and has it.",
            "Whoever is back in the SIS wants it again; it stays with who has it as long as they want it.",
        )
    return Reason(
        "Wanted values",
        "Nobody on this account is current: it wants nothing, and keeps what nobody else wants.",
        "The SIS values count again when the person is back in the SIS.",
    )


def _unmanaged(view: AccountView) -> Reason:
    return Reason(
        "R-G4",
        "Guardians of the import are ignored here: the platform value stays.",
        "Set policy.manage_guardians to true for every school of this guardian's students, or edit it here.",
        (view.manage,),
    )


def _active(view: AccountView, field: str) -> Reason:
    value, sis = shown(view.user[field]), shown(view.lead[f"sis_{field}"])
    if sis is None:
        said = "the SIS says nothing" if value is None else f"the SIS says no {field}"
    elif sis == value:
        said = "the SIS says the same"
    else:
        said = "the SIS says something else, which the report repeats every night"
    holder = others(view, view.facts.circle.holders.get((field, sis or ""), ()))
    held = f" Its SIS value belongs to {holder} now." if sis and sis != value and holder else ""
    return Reason(
        "R-U3",
        f"The account is active and the lock is off: it stays as it is here; {said}.{held}",
        f"Edit it here: rostersync users edit {view.user['id']}; or set policy.update_active_contacts to true for "
        "every school of the account, and the SIS decides.",
        (view.lock,),
    )


def _followed(view: AccountView, field: str, event: Event | None) -> Reason:
    """R-U2 or R-U4 of a name or a home phone."""
    rule, settings = _sis_rule(view)
    value, sis = shown(view.user[field]), shown(view.lead[f"sis_{field}"])
    if value == sis:
        return Reason(rule, f"{_who(view)} It is the SIS value.", "Change it in the SIS.", settings)
    return _not_yet(view, event, rule, settings)


def _credential(view: AccountView, field: str, event: Event | None) -> Reason:
    """An e-mail or mobile that follows the SIS, as far as nobody else has it."""
    rule, settings = _sis_rule(view)
    value, sis = shown(view.user[field]), shown(view.lead[f"sis_{field}"])
    if sis is None:
        return _blank(view, field, event, rule, settings)
    circle = view.facts.circle
    rivals = others(view, circle.wanted_by.get((field, sis), ()))
    if value == sis:
        also = f" The SIS gives it to {rivals} too, who goes without it (R-C2)." if rivals else ""
        return Reason(rule, f"{_who(view)} It is the SIS value.{also}", "Change it in the SIS.", settings)
    holder = others(view, circle.holders.get((field, sis), ()))
    if holder:
        return Reason(
            "R-C2",
            f"The SIS {field} belongs to {holder}: it goes to who has it and still wants it; then staff, guardian, "
            f"student; then by sourcedId.{_without_any(view)}",
            f"Give this person an own {field} in the SIS, or take it from {holder} there.",
        )
    if view.unique.value == '"strict"' and _stands(view, field, Code.CREDENTIAL_TAKEN):
        return Reason(
            "R-C3",
            f"{rivals or 'Somebody else'} wants the SIS {field} too, nobody has it, and under the strict setting none "
            f"of them gets it.{_without_any(view)}",
            f'Give each of them an own {field} in the SIS, or set policy.unique_credentials to "first-claim".',
            (view.unique,),
        )
    return _not_yet(view, event, rule, settings)


def _without_any(view: AccountView) -> str:
    """R-C4: students and staff are in the directory without any credential."""
    if view.user["email"] or view.user["mobile"] or kind_of(view.lead["roles"]) == GUARDIAN:
        return ""
    return " Students and staff are added without one (R-C4)."


def _blank(view: AccountView, field: str, event: Event | None, rule: str, settings: tuple[Setting, ...]) -> Reason:
    """R-U5: the SIS says no e-mail or no mobile."""
    other = OTHER[field]
    value, sis_other = shown(view.user[field]), shown(view.lead[f"sis_{other}"])
    if value is not None and event is not None and event.pending:
        return _not_yet(view, event, "R-U5", settings)
    if value is not None:
        because = (
            "both e-mail and mobile are blank in the SIS, so that both stay"
            if sis_other is None
            else f"the account has no {other} after the sync, and it would be left without any"
        )
        return Reason("R-U5", f"The SIS says no {field}; kept: {because}.", f"Give a new {field} in the SIS.", settings)
    before = event.before if event is not None and event.run is not None else None
    if before:
        holder = others(view, view.facts.circle.holders.get((field, before), ()))
        if holder and sis_other is None:
            return Reason(
                "R-C2",
                f"The SIS says no {field}, and the one it was belongs to {holder}, who wants it.",
                f"Give this person {_OWN[field]} in the SIS.",
            )
        return Reason(
            "R-U5",
            f"Cleared: the SIS says no {field}, and the account has the {other}.",
            f"Give {_ONE[field]} in the SIS.",
            settings,
        )
    return Reason(rule, f"The SIS says no {field}, and there was none.", f"Give {_ONE[field]} in the SIS.", settings)


def _not_yet(view: AccountView, event: Event | None, rule: str, settings: tuple[Setting, ...]) -> Reason:
    """The value differs from what the rule gives: an edit since the last sync, or something the state cannot tell."""
    if event is not None and event.pending:
        return Reason(
            rule,
            f"Edited since the last sync; the next one sets the SIS value again. {_who(view)}",
            "Change it in the SIS.",
            settings,
        )
    return Reason(
        UNKNOWN,
        f"{rule} gives the SIS value, and it differs: the state cannot tell why (settings or another record may have "
        "changed since the last sync).",
        "Run rostersync sync --dry-run and see what its report says of this record.",
        settings,
    )


def _sis_rule(view: AccountView) -> tuple[str, tuple[Setting, ...]]:
    return ("R-U4", (view.lock,)) if view.user["state"] == "active" else ("R-U2", ())


def _who(view: AccountView) -> str:
    if view.user["state"] == "active":
        return "The account is active and the lock is on: the SIS alone sets it."
    return "An invitee follows the SIS."


def _stands(view: AccountView, field: str, code: Code) -> bool:
    """Whether the last run said this of the field."""
    return any(said == code.value and text.lower().startswith(field) for said, text in view.facts.notes)


def _taker(view: AccountView, field: str) -> str:
    """Who has the credential that this account lost, "" for nobody."""
    if field not in OTHER or shown(view.user[field]) is not None:
        return ""
    lost = last(view.facts.circle.events[view.facts.id], field)
    value = (lost.before if lost is not None else None) or shown(view.lead[f"sis_{field}"])
    return others(view, view.facts.circle.holders.get((field, value or ""), ()))


def _with_column(view: AccountView, field: str, reason: Reason) -> Reason:
    """Adds what the sentence needs of files and settings: which number is the mobile, and a missing column."""
    user = view.user
    if user["origin"] != "sis":
        return reason
    why, settings = reason.why, reason.settings
    missing = view.facts.missing
    if {_COLUMNS.get(field, ""), field} & missing or (field == "mobile" and "sms" in missing):
        why += " The last import has no such column: the SIS value is an older one (R-V4)."
    if field in {"mobile", "phone"} and user["sis_telephone"]:
        settings = (*settings, view.phone_credential)
        now = mobile_and_phone(user["sis_sms"], user["sis_telephone"], view.phone_credential.value)
        serves = user["sis_mobile"] == user["sis_telephone"]
        why += f" The SIS column phone serves as the {'mobile' if serves else 'home phone'}."
        if now != (user["sis_mobile"], user["sis_phone"]):
            why += " Under the settings of now the next sync reads these numbers otherwise."
    return dataclasses.replace(reason, why=why, settings=settings)
