"""The oracle's state: plain records, and the settings that rule a school."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tests.laws.stories import Configure, Edit

KINDS = {"student": "student", "parent": "guardian", "teacher": "staff"}
DISTRICT = {
    "manage_guardians": True,
    "update_active_contacts": False,
    "phone_credential": "sms-then-phone",
    "unique_credentials": "first-claim",
    "abandoned_families": "soft",
    "restore_classes": True,
    "follow_enabled_user": True,
}


@dataclass
class User:
    """One record: what the SIS said last."""

    id: str
    kind: str
    schools: str = ""
    enabled: bool | None = None
    given_name: str = ""
    family_name: str = ""
    email: str = ""
    sms: str = ""
    telephone: str = ""
    mobile: str = ""
    phone: str = ""
    status: str = ""
    account: int = 0
    family_left: bool = False
    """A student who left, and whose family was abandoned by then or since: the mode is settled."""
    origin: str = "sis"


@dataclass
class Account:
    """One person who can log in: platform values."""

    given_name: str = ""
    family_name: str = ""
    email: str = ""
    mobile: str = ""
    phone: str = ""
    state: str = "invitee"
    disabled: bool = False


@dataclass
class SchoolClass:
    """A class: what people see, and what the SIS says."""

    title: str
    school: str
    status: str = "active"
    sis_title: str = ""
    origin: str = "sis"


def email_of(cell: str) -> str:
    """A cell as it is compared; "" for none."""
    return cell.strip().lower() if "@" in cell else ""


def phone_of(cell: str) -> str:
    """A North American number as E.164; "" for none."""
    digits = "".join(character for character in cell if character.isdigit())
    return f"+1{digits[-10:]}" if len(digits) >= 10 else ""


@dataclass
class State:
    """A district; `codes` are what the last night's report says of users: (id, code).

    `manual_pairs` and `manual` are the guardianships and enrollments made by hand; `with_person` those of the latter
    that ended when their person left.
    """

    users: dict[str, User] = field(default_factory=dict)
    accounts: dict[int, Account] = field(default_factory=dict)
    pairs: dict[tuple[str, str], str] = field(default_factory=dict)
    classes: dict[str, SchoolClass] = field(default_factory=dict)
    enrollments: dict[tuple[str, str, str], str] = field(default_factory=dict)
    manual_pairs: set[tuple[str, str]] = field(default_factory=set)
    manual: set[tuple[str, str, str]] = field(default_factory=set)
    with_person: set[tuple[str, str, str]] = field(default_factory=set)
    codes: set[tuple[str, str]] = field(default_factory=set)
    settings: Configure = field(default_factory=Configure)

    def of_school(self, school: str) -> dict[str, Any]:
        """The settings that rule a school; "" for the district."""
        return {**DISTRICT, **self.settings.policy, **self.settings.schools.get(school, {})}

    def accept(self, user_id: str) -> None:
        """An accepted invitation."""
        self.accounts[self.users[user_id].account].state = "active"

    def edit(self, edit: Edit) -> None:
        """An edit that was not refused."""
        setattr(self.accounts[self.users[edit.user_id].account], edit.field, edit.value)
