"""One account for several records, or not, by hand (policies.md R-U10)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rostersync.errors import ConfigurationError, RefusedByPolicy
from rostersync.state.editing import CREDENTIALS, KIND_RANK, STUDENT, Editing, Row, editing, kind_of

Listed = dict[str, object]

NO_LOGIN = "no e-mail and no mobile: nobody can log in until the SIS or an edit gives one"


def link(path: Path, one: str, other: str) -> list[Listed]:
    """Make the accounts of two users one: `id`, `role`, `account_id`, `account`, `note` of everybody on it.

    The account of the leading record stays, active if either was; what it has no value for it takes from the other
    one. No later sync parts them.

    Raises:
        ConfigurationError: an id that the state does not have, or the same one twice.
        RefusedByPolicy: there is a student among them.
        StateBusy: a run holds the state.
    """
    if one == other:
        raise ConfigurationError(f"{one} is named twice; nothing was changed; name two users")
    with editing(path) as edit:
        named = [edit.user(user_id)["account_id"] for user_id in (one, other)]
        users = [user for account in dict.fromkeys(named) for user in edit.users_of(account)]
        students = sorted(user["id"] for user in users if kind_of(user["roles"]) == STUDENT)
        if students:
            raise RefusedByPolicy(
                f"{', '.join(students)} is a student, and students are never linked; nothing was changed; "
                "link only staff and guardians"
            )
        if named[0] == named[1]:
            return [_listed(edit, user, "was on this account already") for user in users]
        stays = min(users, key=_rank)["account_id"]
        goes = named[1] if stays == named[0] else named[0]
        _join(edit, stays, goes)
        return [_listed(edit, user, "joined" if user["id"] in _ids(users, goes) else "") for user in _on(edit, stays)]


def unlink(path: Path, user_id: str) -> list[Listed]:
    """Give a user an account of their own: as `link`, of this user and of those who stay together.

    It has their SIS values where nobody else holds them, and is active if the shared one was. The others keep
    theirs, login and all, unless this user is the only one who is current: then the others get the new one. No later
    sync joins them again: only new records are joined.

    Raises:
        ConfigurationError: an id that the state does not have.
        StateBusy: a run holds the state.
    """
    with editing(path) as edit:
        user = edit.user(user_id)
        shared = user["account_id"]
        together = _on(edit, shared)
        others = [other["id"] for other in together if other["id"] != user_id]
        if not others:
            return [_listed(edit, user, "had an account of its own already")]
        alone = [one["id"] for one in together if one["roster_status"] == "current"] == [user_id]
        parting = [one for one in together if (one["id"] == user_id) is not alone]
        staying = [user_id] if alone else others
        account = edit.connection.execute(
            "INSERT INTO accounts (given_name, family_name, email, mobile, phone, state, disabled) "
            "VALUES (?, ?, ?, ?, ?, ?, ?) RETURNING account_id",
            _own_values(edit, parting[0], edit.account(shared)),
        ).fetchone()[0]
        for record in parting:
            _move(edit, record["id"], shared, account)
        edit.review(staying)
        own = edit.account(account)
        note = "has an account of its own" if own["email"] or own["mobile"] else NO_LOGIN
        parted = {record["id"] for record in parting}
        return [_listed(edit, edit.user(one), note if one in parted else "") for one in (user_id, *others)]


def _rank(user: Row) -> tuple[object, ...]:
    """Who leads: whom the SIS speaks for now, then who is current; then staff, guardian; then the id."""
    current = user["roster_status"] == "current"
    return not (current and user["origin"] == "sis"), not current, KIND_RANK[kind_of(user["roles"])], user["id"]


def _join(edit: Editing, stays: int, goes: int) -> None:
    """Everybody on `goes` follows `stays`; its values are given up first, so that no two accounts ever share one."""
    to, given_up = edit.account(stays), edit.account(goes)
    leader = min(edit.users_of(stays), key=_rank)["id"]
    disabled = _disabled(edit, (stays, goes))
    moving = edit.users_of(goes)
    for user in moving:
        _move(edit, user["id"], goes, stays)
    fields = ("given_name", "family_name", *CREDENTIALS, "phone")
    edit.set_account(goes, moving[0]["id"], "manager", **dict.fromkeys(fields))
    edit.set_account(
        stays,
        leader,
        "manager",
        **{field: to[field] if to[field] is not None else given_up[field] for field in fields},
        state="active" if "active" in (to["state"], given_up["state"]) else to["state"],
        disabled=disabled,
    )
    edit.review_account(stays)


def _disabled(edit: Editing, accounts: Sequence[int]) -> int:
    """R-U7: an account is disabled while every record says so; the next sync asks the records themselves."""
    living = [number for number in accounts if any(u["roster_status"] == "current" for u in edit.users_of(number))]
    return int(all(edit.account(number)["disabled"] for number in living or accounts))


def _move(edit: Editing, user_id: str, before: int, after: int) -> None:
    edit.connection.execute("UPDATE users SET account_id = ? WHERE id = ?", (after, user_id))
    edit.log("account_id", before, after, user_id=user_id, account_id=before)
    edit.review([user_id])


def _own_values(edit: Editing, user: Row, shared: Row) -> tuple[object, ...]:
    """What the SIS says of this record, as far as nobody else holds it; the name of the account where it says none."""
    named = user["sis_given_name"] or user["sis_family_name"]
    names = (
        (user["sis_given_name"], user["sis_family_name"]) if named else (shared["given_name"], shared["family_name"])
    )
    free = [None if edit.holder(name, user[f"sis_{name}"]) else user[f"sis_{name}"] for name in CREDENTIALS]
    return (*names, *free, user["sis_phone"], shared["state"], shared["disabled"])


def _on(edit: Editing, account: int) -> list[Row]:
    return sorted(edit.users_of(account), key=_rank)


def _ids(users: Sequence[Row], account: int) -> set[str]:
    return {user["id"] for user in users if user["account_id"] == account}


def _listed(edit: Editing, user: Row, note: str) -> Listed:
    account = edit.account(user["account_id"])
    return {
        "id": user["id"],
        "role": user["role"],
        "account_id": account["account_id"],
        "account": "disabled" if account["disabled"] else account["state"],
        "note": note,
    }
