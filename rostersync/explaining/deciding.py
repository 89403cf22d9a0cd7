"""Who a person is to the rules, and which settings rule them (policies.md, *Settings of several schools*)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING

from rostersync.explaining.rows import Setting, listed, named
from rostersync.model.record import Circle, Row

if TYPE_CHECKING:
    from rostersync.settings import Policy

STAFF, GUARDIAN, STUDENT = "staff", "guardian", "student"
RANK = MappingProxyType({STAFF: 0, GUARDIAN: 1, STUDENT: 2})
"""Who goes first where a credential or the lead of an account is wanted by several (R-C2, R-U10)."""

_IF_ALL = {
    "manage_guardians": "true",
    "update_active_contacts": "true",
    "follow_enabled_user": "true",
    "restore_classes": "true",
    "abandoned_families": '"extreme"',
}
"""Holds only where every school says so."""
_IF_ANY = {"unique_credentials": '"strict"'}


def kind_of(roles: object) -> str:
    """Which rules apply to a person with these roles: staff rules first, then a student's, then a guardian's."""
    held = set(listed(roles))
    if held & {"teacher", "administrator"}:
        return STAFF
    return STUDENT if "student" in held else GUARDIAN


def schools_of(user: Row, circle: Circle) -> list[str]:
    """The schools whose settings rule a person: their own; a guardian's are those of their students."""
    if kind_of(user["roles"]) != GUARDIAN:
        return listed(user["school_ids"])
    students = (
        circle.people[pair.student_id]
        for pair in circle.pairs
        if pair.guardian_id == user["id"] and pair.status == "current" and pair.student_id in circle.people
    )
    return list(dict.fromkeys(school for student in students for school in listed(student["school_ids"])))


def setting(policy: Policy, schools: Sequence[str], key: str) -> Setting:
    """The value of a policy key that holds for people of these schools, and who set it so.

    Who has no school is ruled by the district's own settings.
    """
    said = {school: _written(getattr(policy.of_school(school), key)) for school in dict.fromkeys(schools) or ("",)}
    values = list(dict.fromkeys(said.values()))
    if len(values) == 1:
        return _setting(policy, key, values[0], said)
    if key == "phone_credential":
        return _setting(policy, key, '"sms"', said, "because they differ: ")
    value = _IF_ANY[key] if key in _IF_ANY else next(other for other in values if other != _IF_ALL[key])
    return _setting(policy, key, value, [school for school, one in said.items() if one == value])


def _setting(policy: Policy, key: str, value: str, deciding: Iterable[str], prefix: str = "") -> Setting:
    own = [school for school in deciding if getattr(policy.schools.get(school), key, None) is not None]
    followed = [school for school in deciding if school not in own]
    parts = ["the district"] if followed else []
    if own:
        parts.append(f"school{'s' if len(own) > 1 else ''} {named(own)}")
    path = f'policy.schools."{own[0]}".{key}' if len(own) == 1 and not followed else f"policy.{key}"
    return Setting(path, value, prefix + named(parts))


def _written(value: object) -> str:
    """A value as rostersync.toml has it."""
    return json.dumps(value)


def mobile_and_phone(sms: str | None, telephone: str | None, credential: str) -> tuple[str | None, str | None]:
    """The mobile and the home phone that a person's `sms` and `phone` columns give (*Contact details*)."""
    may_serve = telephone if telephone and " ext. " not in telephone else None
    wanted = credential == '"phone"' or (credential == '"sms-then-phone"' and not sms)
    if wanted and may_serve:
        return may_serve, None
    return (None if credential == '"phone"' else sms), telephone
