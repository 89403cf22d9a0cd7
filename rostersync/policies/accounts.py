"""Who shares an account, who leads it, and what it wants (policies.md R-U7, R-U10, *Wanted values*)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rostersync.policies.columns import joined
from rostersync.policies.people import GUARDIAN, KIND_RANK, STAFF, STUDENT

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

IDENTITY = ("given_name", "family_name", "email", "mobile")
"""What must be equal for two records to be one person (R-U10)."""


def assign_accounts(users: pd.DataFrame, accounts: pd.DataFrame) -> pd.DataFrame:
    """`users` with `account_id` for new ones too (negative: an account still to be made) and `same_as`.

    `same_as` is the id of a record that the new one joins, "" for all others. Joined are new staff and guardians
    whose name, e-mail and mobile all equal an account's wanted values, the SIS values of a record on it, or those
    of another new user; an e-mail or an `sms` must be filled and equal.
    """
    new = users["to_status"].eq("current") & ~users["known"]
    users = users.assign(same_as="")
    users["same_as"] = users["same_as"].astype("str")
    columns = ["id", "kind", "to_sms", *(f"to_{name}" for name in IDENTITY)]
    fresh = users[columns][new]  # in order of id, as all users are; a wide frame is dear to filter
    fresh = fresh.assign(account_id=range(-1, -len(fresh) - 1, -1))
    users.loc[fresh.index, "account_id"] = fresh["account_id"]
    candidates = fresh[fresh["kind"].isin([STAFF, GUARDIAN])]
    candidates = candidates[(candidates["to_email"] != "") | (candidates["to_sms"] != "")]
    candidates = candidates[_occurs_elsewhere(candidates, users, accounts)]
    if candidates.empty:
        return users
    candidates = candidates.assign(person=_person(candidates, "to_", "to_sms"), rank=candidates["kind"].map(KIND_RANK))
    keyed = _existing_people(users, accounts).sort_values(["rank", "id"])
    keyed = keyed.drop_duplicates("person").set_index("person")
    account = candidates["person"].map(keyed["account_id"])
    leader = candidates["person"].map(keyed["id"]).astype("str")
    first = candidates.sort_values(["rank", "id"]).drop_duplicates("person").set_index("person")
    account = account.fillna(candidates["person"].map(first["account_id"])).astype("int64")
    leader = leader.where(leader.notna(), candidates["person"].map(first["id"]))
    users.loc[candidates.index, "account_id"] = account
    users.loc[candidates.index, "same_as"] = leader.mask(leader == candidates["id"], "")
    return users


def _occurs_elsewhere(candidates: pd.DataFrame, users: pd.DataFrame, accounts: pd.DataFrame) -> np.ndarray:
    """Candidates whose e-mail or `sms` occurs a second time, on a candidate or on somebody known: a quick sieve."""
    import numpy as np
    import pandas as pd

    known = users[["to_email", "to_sms", "sis_email", "sis_sms"]][users["known"]]
    found = np.zeros(len(candidates), dtype=bool)
    for column, others in (
        ("to_email", (known["to_email"], known["sis_email"], accounts["email"])),
        ("to_sms", (known["to_sms"], known["sis_sms"], accounts["mobile"])),
    ):
        values = pd.concat([candidates[column], *others], ignore_index=True)
        codes, _ = pd.factorize(values)
        counts = np.bincount(codes)[codes[: len(candidates)]]
        found |= (counts > 1) & (candidates[column] != "").to_numpy()
    return found


def _person(frame: pd.DataFrame, prefix: str, sms: str) -> pd.Series:
    """Name, e-mail and mobile as one text, names without case; the `sms` too where there is no e-mail.

    So that a shared landline, which may serve as the mobile, never makes two records one person.
    """
    given, family, email, mobile = (frame[f"{prefix}{column}"] for column in IDENTITY)
    without_email = frame[sms].mask(email != "", "")
    return joined([given.str.casefold(), family.str.casefold(), email, mobile, without_email], "\x1f")


def _existing_people(users: pd.DataFrame, accounts: pd.DataFrame) -> pd.DataFrame:
    """`person`, `account_id`, `id`, `rank` of what known accounts want and their records say.

    Students are never linked: an account with a student on it is no candidate.
    """
    import pandas as pd

    columns = ["id", "kind", "account_id", "in_import", "to_status", "to_sms", "sis_sms"]
    columns += [f"{prefix}_{name}" for prefix in ("to", "sis") for name in IDENTITY]
    known = users[columns][users["known"]]
    with_students = known.loc[known["kind"] == STUDENT, "account_id"]
    known = known[~known["account_id"].isin(with_students)]
    known = known.assign(rank=known["kind"].map(KIND_RANK))
    said = known.assign(person=_person(known, "to_", "to_sms"))
    base = known.assign(person=_person(known, "sis_", "sis_sms"))
    platform = known[["id", "rank", "account_id", "in_import", "to_status"]].merge(accounts, on="account_id")
    platform = platform[
        ((platform["state"] == "active") | ~platform["in_import"]) & (platform["to_status"] == "current")
    ]
    platform = platform.assign(person=_person(platform, "", "mobile"))
    columns = ["person", "account_id", "id", "rank"]
    return pd.concat([said[columns], base[columns], platform[columns]])


def lead_accounts(users: pd.DataFrame, accounts: pd.DataFrame, settings: pd.DataFrame) -> pd.DataFrame:
    """One row per account in scope, those still to be made among them.

    Columns: ACCOUNT_COLUMNS of what is stored; `lead` (id of the leading record), `lead_at` (its row in `users`),
    `kind` and `rank` of it; `current` (bool: a
    user of it is current after this sync); `follows` (bool: it wants the SIS values of its leading record);
    `keeps` (bool: it wants its platform values); `lock`, `strict` (bool); `sis_X` for the contacts the leading record
    says; `to_disabled`. `settings` is what `schools.settings_of_accounts` gives.
    """
    import numpy as np

    columns = ["id", "account_id", "kind", "in_import", "held", "to_status", "to_enabled"]
    columns += [f"to_{name}" for name in ("given_name", "family_name", "email", "mobile", "phone")]
    kept = users[columns][users["to_status"] != ""]
    kept = kept.assign(
        at=np.arange(len(users))[(users["to_status"] != "").to_numpy()],
        is_current=kept["to_status"] == "current",
        rank=kept["kind"].map(KIND_RANK),
    )
    # Who is held is current but not in the import: the platform values are wanted then.
    kept = kept.assign(leads=kept["in_import"] & kept["is_current"] & ~kept["held"])
    order = np.lexsort(
        (kept.index, kept["rank"], ~kept["is_current"], ~kept["in_import"], ~kept["leads"], kept["account_id"])
    )
    lead = kept.iloc[order].drop_duplicates("account_id").set_index("account_id")
    table = accounts.set_index("account_id").reindex(lead.index)
    texts = ["given_name", "family_name", "email", "mobile", "phone"]
    table[texts] = table[texts].fillna("")
    table["state"] = table["state"].fillna("invitee")
    table["disabled"] = table["disabled"].eq(True)
    table["guard"] = table["guard"].fillna(0).astype("int64")
    grouped = kept.groupby("account_id")
    table = table.assign(
        lead=lead["id"].astype("str"),
        lead_at=lead["at"],
        rank=lead["rank"],
        kind=lead["kind"].astype("str"),
        current=grouped["is_current"].any().astype(bool),
        led=lead["leads"].astype(bool),
        lock=settings["lock"].reindex(lead.index).eq(True),
        strict=settings["strict"].reindex(lead.index).eq(True),
        **{f"sis_{name}": lead[f"to_{name}"] for name in ("given_name", "family_name", "email", "mobile", "phone")},
    )
    free = (table["state"] == "active") & ~table["lock"]
    table = table.assign(
        follows=table["current"] & table["led"] & ~free,
        keeps=table["current"] & (free | ~table["led"]),
        free=free,
    )
    return table.assign(to_disabled=_disabled(kept, table, settings)).reset_index()


def _disabled(users: pd.DataFrame, table: pd.DataFrame, settings: pd.DataFrame) -> pd.Series:
    """R-U7: disabled while every record in the import says enabledUser false, and the schools follow it.

    An account none of whose records is in the import stays as it is.
    """
    said = users[users["in_import"] & ~users["held"]]  # a row that cannot be read says nothing
    off = (said["to_enabled"] == "0").groupby(said["account_id"]).all().reindex(table.index)
    disabled = off.where(off.notna(), table["disabled"]).astype(bool)
    return disabled & settings["follow"].reindex(table.index).eq(True)


def number_new_accounts(
    users: pd.DataFrame, table: pd.DataFrame, next_account_id: int
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Both frames with real ids for the accounts still to be made, in order of their leading record's id.

    Adds `new` (bool) to the table; users who are not added have account 0.
    """
    import numpy as np

    new = table["account_id"] < 0
    fresh = table[new].sort_values("lead")["account_id"].to_numpy()
    numbers = np.zeros(1 - int(users["account_id"].to_numpy().min(initial=0)), dtype="int64")
    numbers[-fresh] = np.arange(next_account_id, next_account_id + len(fresh))

    def numbered(ids: pd.Series) -> pd.Series:
        return ids.where(ids >= 0, numbers[np.maximum(-ids.to_numpy(), 0)]).astype("int64")

    return (
        users.assign(account_id=numbered(users["account_id"])),
        table.assign(new=new, account_id=numbered(table["account_id"])),
    )
