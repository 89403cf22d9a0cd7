"""Which fields of known records differ after tonight (contract.md, roster_changes and SIS_UPDATE)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from rostersync.model.decisions import Decisions
from rostersync.model.night import ACCOUNT_CONTACTS, CLASS_IMPORT
from rostersync.model.notes import NIGHTLY, Code
from rostersync.model.roster import USER_DETAILS
from rostersync.policies.columns import among, joined

if TYPE_CHECKING:
    import pandas as pd

_COVERED_BY = {
    "sis_email": Code.ACTIVE_EMAIL_KEPT,
    "sis_mobile": Code.ACTIVE_PHONE_KEPT,
    "sis_given_name": Code.ACTIVE_NAME_KEPT,
    "sis_family_name": Code.ACTIVE_NAME_KEPT,
}
"""Base fields whose change a note about what is kept tells already."""


def user_changes(decisions: Decisions, notes: pd.DataFrame) -> pd.DataFrame:
    """`id`, `field`, `before`, `after`, `told` of known users; a field of the account counts for all its users.

    `told` marks what SIS_UPDATE lists: platform values and SIS fields, and a base value only where nothing else in
    the report says that it moved.
    """
    import pandas as pd

    users = decisions.users
    known = users[users["known"]]
    table = decisions.accounts.set_index("account_id")
    # Everybody known has an account in scope.
    table = table.take(table.index.get_indexer(pd.Index(known["account_id"]))).set_axis(known.index)
    before = {name: table[name] for name in ACCOUNT_CONTACTS}
    after = {name: table[f"to_{name}"] for name in ACCOUNT_CONTACTS}
    before["account"] = shown_state(table["state"], table["disabled"])
    after["account"] = shown_state(table["state"], table["to_disabled"])
    for name in ("role", "roles", "school_ids", *USER_DETAILS):
        before[name], after[name] = known[name], known[f"to_{name}"]
    platform = _differences(known["id"], before, after).assign(told=True)

    base_before = {f"sis_{name}": known[f"sis_{name}"] for name in ACCOUNT_CONTACTS}
    base_after = {f"sis_{name}": known[f"to_{name}"] for name in ACCOUNT_CONTACTS}
    base = _differences(known["id"], base_before, base_after)
    return _together(platform, base.assign(told=~_said_otherwise(base, platform, notes)))


def _said_otherwise(base: pd.DataFrame, platform: pd.DataFrame, notes: pd.DataFrame) -> pd.Series:
    """Whether a change of a base value shows elsewhere: on the platform value, or in a note about what is kept."""
    if base.empty:
        return base["id"].astype(bool)
    notes = notes[notes["code"].isin([code.value for code in NIGHTLY])]
    moved = platform["id"].str.cat("sis_" + platform["field"], sep="\x1f")
    key = base["id"].str.cat(base["field"], sep="\x1f")
    noted = notes["id"].str.cat(notes["code"], sep="\x1f")
    cover = base["id"].str.cat(
        base["field"].map({name: code.value for name, code in _COVERED_BY.items()}).fillna(""), sep="\x1f"
    )
    taken = notes.loc[notes["code"].isin([Code.CREDENTIAL_TAKEN.value, Code.BLANK_KEPT.value]), "id"]
    credential = base["field"].isin(["sis_email", "sis_mobile"]) & among(base["id"], taken)
    return among(key, moved) | among(cover, noted) | credential


def shown_state(state: pd.Series, disabled: pd.Series) -> pd.Series:
    """The account state that people see: invitee, active or disabled."""
    return state.mask(disabled.astype(bool), "disabled")


def class_changes(decisions: Decisions, notes: pd.DataFrame) -> pd.DataFrame:
    """As `user_changes`, of known classes."""
    known = decisions.classes[decisions.classes["known"]]
    before = {name: known[name] for name in CLASS_IMPORT}
    after = {name: known[f"to_{name}"] for name in CLASS_IMPORT}
    platform = _differences(known["id"], before, after).assign(told=True)
    base = _differences(known["id"], {"sis_title": known["sis_title"]}, {"sis_title": known["to_sis_title"]})
    titled = set(platform.loc[platform["field"] == "title", "id"])
    titled |= set(notes.loc[notes["code"] == Code.TITLE_KEPT.value, "id"])
    return _together(platform, base.assign(told=~base["id"].isin(titled)))


def enrollment_changes(enrollments: pd.DataFrame) -> pd.DataFrame:
    """As `user_changes`, of current enrollments that stay; `id` is class, user and role with blanks between."""
    stays = (enrollments["stored"] == "current") & (enrollments["to"] == "current")
    moved = enrollments[stays & (enrollments["is_primary"] != enrollments["to_is_primary"])]
    words = {True: "true", False: "false"}
    before, after = moved["is_primary"].map(words), moved["to_is_primary"].map(words)
    return _differences(enrollment_ids(moved), {"is_primary": before}, {"is_primary": after}).assign(told=True)


def enrollment_ids(enrollments: pd.DataFrame) -> pd.Series:
    """What names an enrollment in roster_changes."""
    return joined([enrollments["class_id"], enrollments["user_id"], enrollments["role"]], " ")


def _differences(ids: pd.Series, before: dict[str, pd.Series], after: dict[str, pd.Series]) -> pd.DataFrame:
    """`id`, `field`, `before`, `after` wherever the two differ, in order of the fields."""
    import pandas as pd

    frames = []
    for field, old in before.items():
        new = after[field]
        differs = old != new
        if differs.any():
            frames.append(
                pd.DataFrame({"id": ids[differs], "field": field, "before": old[differs], "after": new[differs]})
            )
    if not frames:
        return pd.DataFrame({name: pd.Series(dtype="str") for name in ("id", "field", "before", "after")})
    return pd.concat(frames, ignore_index=True)


def _together(platform: pd.DataFrame, base: pd.DataFrame) -> pd.DataFrame:
    import pandas as pd

    both = pd.concat([platform, base], ignore_index=True)
    return both.assign(told=both["told"].astype(bool))


def change_rows(
    decisions: Decisions, notes: dict[str, pd.DataFrame], fields: dict[str, pd.DataFrame]
) -> dict[str, pd.DataFrame]:
    """Per kind the rows of roster_changes: `id`, `action`, `code`, `field`, `before`, `after`.

    `fields` are the frames of `user_changes` and the like. Added records are not among them: they are derived from
    the run they were added in.
    """
    import pandas as pd

    users, classes = decisions.users, decisions.classes
    enrollments = decisions.enrollments[decisions.enrollments["stored"] != ""]
    pairs = decisions.pairs[decisions.pairs["stored"] != ""]
    statuses = {
        "users": _status_rows("roster_status", users["id"], users["roster_status"], users["to_status"], notes["users"]),
        "classes": _status_rows("status", classes["id"], classes["status"], classes["to_status"], notes["classes"]),
        "enrollments": _coded_rows(enrollments, enrollment_ids),
        "guardianships": _coded_rows(pairs, _guardianship_ids),
    }
    columns = ["id", "action", "code", "field", "before", "after"]
    rows = {}
    for kind, moved in statuses.items():
        parts = [moved, *([_joined_rows(users)] if kind == "users" else [])]
        if kind in fields:
            parts.append(fields[kind].assign(action="updated", code=Code.SIS_UPDATE.value))
        filled = [part[columns] for part in parts if len(part)]
        if filled:
            rows[kind] = pd.concat(filled, ignore_index=True).sort_values(["id", "field"])
    return rows


def _status_rows(field: str, ids: pd.Series, before: pd.Series, after: pd.Series, notes: pd.DataFrame) -> pd.DataFrame:
    import pandas as pd

    moved = (before != "") & (before != after)
    rows = pd.DataFrame({"id": ids[moved], "field": field, "before": before[moved], "after": after[moved]})
    causes = notes[notes["action"].isin(["archived", "removed", "restored"])].drop_duplicates("id")
    return rows.merge(causes[["id", "action", "code"]], on="id", how="left")


def _guardianship_ids(pairs: pd.DataFrame) -> pd.Series:
    return joined([pairs["guardian_id"], pairs["student_id"]], " ")


def _coded_rows(frame: pd.DataFrame, name: Callable[[pd.DataFrame], pd.Series]) -> pd.DataFrame:
    rows = frame[frame["stored"] != frame["to"]]
    rows = rows.assign(id=name(rows), field="status", before=rows["stored"], after=rows["to"])
    return rows.assign(action=rows["to"].map({"ended": "ended", "current": "restored"}))


def _joined_rows(users: pd.DataFrame) -> pd.DataFrame:
    """New records that joined an account (R-U10)."""
    joined = users.loc[users["same_as"] != "", ["id", "account_id"]]
    return joined.assign(
        action="linked",
        code=Code.SAME_PERSON.value,
        field="account_id",
        before="",
        after=joined["account_id"].astype("str"),
    )
