"""Which settings rule whom (policies.md, *Settings of several schools*)."""

from __future__ import annotations

from collections.abc import Callable
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from rostersync.policies.people import GUARDIAN

if TYPE_CHECKING:
    import pandas as pd
    from pandas.api.typing import SeriesGroupBy

    from rostersync.settings import Policy, PolicyValues

SETTINGS = (
    "manage_guardians",
    "update_active_contacts",
    "phone_credential",
    "unique_credentials",
    "abandoned_families",
    "follow_enabled_user",
)
_PREVAILS = MappingProxyType({"unique_credentials": "strict", "abandoned_families": "soft"})
"""The word of a setting that holds for somebody as soon as any of their schools says it."""


def settings_of_users(users: pd.DataFrame, pairs: pd.DataFrame, policy: Policy) -> pd.DataFrame:
    """`users` with a column `set_X` for every X of SETTINGS: the settings of all schools of this person, combined.

    A guardian's schools are those of their students. Who has no school is ruled by the district's settings.
    """
    district = policy.of_school("")
    users = users.assign(**{f"set_{name}": getattr(district, name) for name in SETTINGS})
    words = [f"set_{name}" for name in ("phone_credential", *_PREVAILS)]
    users[words] = users[words].astype("str")
    if not policy.schools:
        return users
    schools = _schools_of_users(users, pairs)
    values = {school: policy.of_school(school) for school in schools["school_id"].unique()}
    for name in SETTINGS:
        schools[name] = schools["school_id"].map(_getter(values, name))
    grouped = schools.groupby("id")
    for name in SETTINGS:
        found = users["id"].map(_combined(name, grouped[name]))
        users[f"set_{name}"] = found.where(found.notna(), users[f"set_{name}"]).astype(users[f"set_{name}"].dtype)
    return users


def _getter(values: dict[str, PolicyValues], name: str) -> Callable[[str], object]:
    return lambda school: getattr(values[school], name)


def _combined(name: str, values: SeriesGroupBy[Any, Any]) -> pd.Series:
    """What a setting says of somebody across schools; on the phone credential all agree, else it is `sms`."""
    if name != "phone_credential" and name not in _PREVAILS:
        return values.all()
    first: pd.Series = values.first()
    return first.where(values.nunique() == 1, _PREVAILS.get(name, "sms"))


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
    """Per `account_id`: `lock` and `follow` (only if all say so), `strict` (if any says so)."""
    grouped = users.assign(strict=users["set_unique_credentials"] == "strict").groupby("account_id")
    return grouped.agg(
        lock=("set_update_active_contacts", "all"),
        follow=("set_follow_enabled_user", "all"),
        strict=("strict", "any"),
    )
