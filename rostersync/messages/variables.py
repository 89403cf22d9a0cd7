"""What a template may say of a change, and how much of it an address may see."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

_HIDDEN = "***"


class ContactChange(NamedTuple):
    """One message about changed contact details, as the rules queue it; blanks are ""."""

    channel: str
    address: str
    given_name: str
    family_name: str
    email_before: str
    email_after: str
    mobile_before: str
    mobile_after: str


def variables(change: ContactChange, district: str) -> dict[str, object]:
    """The variables of a template.

    An address sees itself in full and all others masked: somebody else may hold the old one by now, and the new one
    may be mistyped in the SIS.
    """
    shown = {
        name: value if value == change.address else masked(value)
        for name, value in (
            ("email_before", change.email_before),
            ("email_after", change.email_after),
            ("mobile_before", change.mobile_before),
            ("mobile_after", change.mobile_after),
        )
    }
    return {
        "district": district,
        "given_name": change.given_name,
        "family_name": change.family_name,
        "address": change.address,
        "to_old_address": change.address not in {change.email_after, change.mobile_after},
        "email_changed": change.email_before != change.email_after,
        "mobile_changed": change.mobile_before != change.mobile_after,
        **shown,
    }


def masked(value: str) -> str:
    """An e-mail or number by which only who knows it recognises it: `a***@f***.org`, `***02`; "" stays blank."""
    if not value:
        return ""
    local, at, domain = value.partition("@")
    if not at:
        return _HIDDEN + value[-2:]
    name, _, top = domain.rpartition(".")
    return f"{_first(local)}{_HIDDEN}@{_first(name)}{_HIDDEN}.{top}"


def _first(text: str) -> str:
    """The first character; of a short text none, for one would be half of it."""
    return text[0] if len(text) > 2 else ""


SAMPLES = (
    ContactChange("email", "old@example.org", "Ana", "Ruiz", "old@example.org", "new@example.org", "", ""),
    ContactChange("email", "new@example.org", "Ana", "", "", "new@example.org", "+12065550101", "+12065550102"),
    ContactChange("sms", "+12065550101", "", "Ruiz", "old@example.org", "", "+12065550101", "+12065550102"),
    ContactChange("sms", "+12065550102", "Ana", "Ruiz", "", "", "", "+12065550102"),
    ContactChange("email", "old@example.org", "Ana", "Ruiz", "old@example.org", "", "+12065550101", ""),
)
"""Made-up changes on which every template is tried."""

MEANINGS: Mapping[str, str] = MappingProxyType(
    {
        "district": "the district's name",
        "given_name": "of the person whose details changed",
        "family_name": "of the same person",
        "address": "the e-mail or number that this message goes to",
        "to_old_address": "true where the person has this address no longer",
        "email_changed": "whether the e-mail changed",
        "email_before": "the e-mail as it was; masked unless this message goes to it",
        "email_after": "the e-mail as it is now; masked unless this message goes to it",
        "mobile_changed": "whether the mobile changed",
        "mobile_before": "the mobile as it was; masked unless this message goes to it",
        "mobile_after": "the mobile as it is now; masked unless this message goes to it",
    }
)
"""Every variable of a template."""
