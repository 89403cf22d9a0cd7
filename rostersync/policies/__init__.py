"""What each rule says about tonight, and why: frames in, decisions out (policies.md). Pure: no I/O, no clock."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from rostersync.model.decisions import Decisions
from rostersync.model.night import Night
from rostersync.model.notes import Code
from rostersync.policies import (
    accounts,
    classes,
    contacts,
    credentials,
    families,
    guardianships,
    people,
    schools,
)
from rostersync.policies.columns import text_of
from rostersync.policies.messages import contact_messages

if TYPE_CHECKING:
    import pandas as pd

    from rostersync.settings import Policy

GUARDED = ("users", "classes", "enrollments", "pairs")
"""Frames of the night whose rows a guard may hold."""


def decide(night: Night, policy: Policy) -> Decisions:
    """Every decision of the night, in the order in which the rules depend on each other."""
    missing_users = night.missing.get("users", frozenset())
    agents_missing = "agents" in missing_users
    night = _held(night)

    decided_classes = classes.decide_classes(night.classes, night.missing.get("classes", frozenset()), policy)

    users = people.sis_values(night.users, missing_users)
    users = schools.settings_of_users(users, night.pairs, policy)
    users = _managed(users)
    users = _credentials_of_sis(users)
    everybody, pairs = families.relate(users, night.pairs)
    everybody = families.decide_status(everybody, pairs)

    users = everybody if everybody["reached"].all() else everybody[everybody["reached"]]
    users = _credentials_of_sis(accounts.assign_accounts(users, night.accounts))
    settings = schools.settings_of_accounts(users)
    table = accounts.lead_accounts(users, night.accounts, settings)
    table = credentials.platform_values(credentials.resolve(table))
    users, table = credentials.hold_contacts(users, table)
    users = _withhold(_looked_at_again(users, table), table)
    table = table[~table["withheld"]]
    users, table = accounts.number_new_accounts(users, table, night.next_account_id)
    everybody = everybody.assign(to_status=users["to_status"].reindex(everybody.index).fillna(everybody["to_status"]))

    return Decisions(
        users=users,
        people=everybody[["id", "to_school_ids"]],
        accounts=table,
        pairs=guardianships.decide_guardianships(everybody, pairs, agents_missing=agents_missing),
        classes=decided_classes,
        enrollments=classes.decide_enrollments(
            night.enrollments, decided_classes, everybody, night.missing.get("enrollments", frozenset())
        ),
        messages=contact_messages(table),
    )


def _held(night: Night) -> Night:
    """The night with a column `guard` in its frames: the number of the note of the guard that holds it, else 0."""
    holds = night.holds
    if holds is None:
        frames = {name: getattr(night, name).assign(guard=0) for name in (*GUARDED, "accounts")}
        return dataclasses.replace(night, **frames)
    frames = {name: getattr(night, name).assign(guard=getattr(holds, name)) for name in GUARDED}
    guard = night.accounts["account_id"].map(dict(holds.accounts)).fillna(0).astype("int64")
    return dataclasses.replace(night, **frames, accounts=night.accounts.assign(guard=guard))


def _managed(users: pd.DataFrame) -> pd.DataFrame:
    """R-G4: guardians whose schools do not manage guardians are left alone; staff with a guardian role are not."""
    managed = users["set_manage_guardians"].astype(bool) | (users["kind"] != people.GUARDIAN)
    users = people.leave_alone(users, ~managed)
    # Staff whose row turned into that of such a guardian have no row any more: R-U8 decides.
    return users.assign(managed=managed, kind=people.kinds(users["to_roles"]))


def _credentials_of_sis(users: pd.DataFrame) -> pd.DataFrame:
    """Adds `to_mobile` and `to_phone`; for an account whose schools differ the mobile is the `sms`."""
    credential = users["set_phone_credential"]
    shared = users["account_id"] != 0
    differs = credential.groupby(users["account_id"]).transform("nunique") > 1
    credential = credential.mask(shared & differs, "sms")
    mobile, phone = contacts.mobile_and_phone(users["to_sms"], users["to_telephone"], credential)
    untouched = ~users["in_import"]
    return users.assign(
        to_mobile=mobile.mask(untouched, users["sis_mobile"]),
        to_phone=phone.mask(untouched, users["sis_phone"]),
    )


def _looked_at_again(users: pd.DataFrame, table: pd.DataFrame) -> pd.DataFrame:
    """R-C3: whoever goes without a value because a withheld guardian wants it too is looked at tomorrow as well."""
    beside = table.loc[table["beside_withheld"], "account_id"]
    return users.assign(by_waiting=users["by_waiting"] | users["account_id"].isin(beside))


def _withhold(users: pd.DataFrame, table: pd.DataFrame) -> pd.DataFrame:
    """R-C1: guardians without a unique credential are not added; `taken_email`, `taken_mobile` say who holds them."""
    withheld = users["account_id"].isin(table.loc[table["withheld"], "account_id"]) & (users["account_id"] != 0)
    by_account = table.set_index("account_id")
    return users.assign(
        to_status=users["to_status"].mask(withheld, ""),
        status_code=users["status_code"].mask(withheld, Code.NO_UNIQUE_CREDENTIAL.value),
        same_as=users["same_as"].mask(withheld, ""),
        taken_email=text_of(users["account_id"], by_account["taken_email"]).where(withheld, ""),
        taken_mobile=text_of(users["account_id"], by_account["taken_mobile"]).where(withheld, ""),
    )
