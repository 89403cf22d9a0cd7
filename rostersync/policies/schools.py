"""Which settings rule whom (policies.md, *Settings of several schools*)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from rostersync.policies.people import GUARDIAN

if TYPE_CHECKING:
    import pandas as pd
    from pandas.api.typing import SeriesGroupBy

    from rostersync.settings import Policy, PolicyValues

SETTINGS = ("manage_guardians", "update_active_contacts", "phone_credential", "follow_enabled_user")


def settings_of_users(users: pd.DataFrame, pairs: pd.DataFrame, policy: Policy) -> pd.DataFrame:
    """`users` with a column `set_X` for every X of SETTINGS: the settings of all schools of this person, combined.

    A guardian's schools are those of their students. Who has no school is ruled by the district's settings.
    """
    district = policy.of_school("")
    users = users.assign(**{f"set_{name}": getattr(district, name) for name in SETTINGS})
    users["set_phone_credential"] = users["set_phone_credential"].astype("str")
    if not policy.schools:
        return users
    schools = _schools_of_users(users, pairs)
    values = {school: policy.of_school(school) for school in schools["school_id"].unique()}
    for name in SETTINGS:
        schools[name] = schools["school_id"].map(_getter(values, name))
    grouped = schools.groupby("id")
    combined = {
        name: grouped[name].all() if name != "phone_credential" else _agreed(grouped[name]) for name in SETTINGS
    }
    for name, by_user in combined.items():
        found = users["id"].map(by_user)
        users[f"set_{name}"] = found.where(found.notna(), users[f"set_{name}"]).astype(users[f"set_{name}"].dtype)
    return users


def _getter(values: dict[str, PolicyValues], name: str) -> Callable[[str], object]:
    return lambda school: getattr(values[school], name)


def _agreed(credentials: SeriesGroupBy[Any, Any]) -> pd.Series:
    """The phone credential on which all schools agree, else `sms`."""
    first: pd.Series = credentials.first()
    return first.where(credentials.nunique() == 1, "sms")


def _schools_of_users(users: pd.DataFrame, pairs: pd.DataFrame) -> pd.DataFrame:
    """`id`, `school_id`: one row per person and school."""
    import pandas as pd

    own = users.loc[users["kind"] != GUARDIAN, ["id", "to_school_ids"]]
    related = pairs.loc[pairs["counted"] | (pairs["stored"] == "current"), ["guardian_id", "student_id"]]
    students = users[["id", "to_school_ids"]].rename(columns={"id": "student_id"})
    through = related.merge(students, on="student_id").rename(columns={"guardian_id": "id"})
    through = through[through["id"].isin(users.loc[users["kind"] == GUARDIAN, "id"])]
    both = pd.concat([own, through[["id", "to_school_ids"]]])
    both = both.assign(school_id=both["to_school_ids"].str.split(",")).explode("school_id")
    return both.loc[both["school_id"].notna() & (both["school_id"] != ""), ["id", "school_id"]].drop_duplicates()


def settings_of_accounts(users: pd.DataFrame) -> pd.DataFrame:
    """Per `account_id`: `lock` and `follow` (only if all say so)."""
    grouped = users.groupby("account_id")
    return grouped.agg(lock=("set_update_active_contacts", "all"), follow=("set_follow_enabled_user", "all"))
