"""The contact desk: what the office must fix in the SIS so that people can log in (`rostersync report contacts`)."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from rostersync.model.notes import Code

if TYPE_CHECKING:
    from collections.abc import Mapping

COLUMNS = (
    "school",
    "problem",
    "role",
    "id",
    "name",
    "contact",
    "sis_value",
    "here",
    "holder",
    "holder_name",
    "affected",
    "since",
    "fix",
)
"""A row per person and contact that needs a hand.

`school`: names of the person's schools (a guardian's are those of their students), joined by "; ". `problem`: a key of
FIXES. `contact`: email, mobile, name or a column of the SIS; blank where it is about the person. `sis_value`: what the
SIS says; `here`: what the platform has. `holder`, `holder_name`: who has `sis_value` here, or whom else the last
sync named. `affected`: people of this listing who go without just this value; blank where it is no matter of sharing.
`since`: the day of the first sync that said so without a break, as far back as reports are kept.
"""

INVALID = ("INVALID_EMAIL", "INVALID_PHONE")
"""Problems that findings of users.csv tell."""

WITHHELD = (Code.NO_UNIQUE_CREDENTIAL.value, Code.NO_STUDENT.value)
"""Problems of guardians who are not in the directory."""

SHARED = (Code.NO_UNIQUE_CREDENTIAL.value, Code.CREDENTIAL_TAKEN.value)
"""Problems of a value that several people have: who would need it goes without it."""

NO_VALUE, FREE, CONTESTED = "no value", "free", "contested"
"""Kinds of a shared problem that need another sentence: nothing to share, nobody has it by now, nobody gets it."""

FIXES: Mapping[str, str] = MappingProxyType(
    {
        Code.NO_UNIQUE_CREDENTIAL.value: "In the SIS, give this guardian an {contact} of their own; or, if it is "
        "theirs, take it from {holder}.",
        Code.CREDENTIAL_TAKEN.value: "In the SIS, correct the {contact} of this person; or, if it is theirs, that of "
        "{holder}.",
        "INVALID_EMAIL": "In the SIS, correct the e-mail of this person.",
        "INVALID_PHONE": "In the SIS, correct the number in the column {contact} of this person.",
        Code.BLANK_KEPT.value: "In the SIS, enter the {contact} of this person.",
        Code.ACTIVE_EMAIL_KEPT.value: "Ask which e-mail is right. The person changes it here, or the SIS is corrected.",
        Code.ACTIVE_PHONE_KEPT.value: "Ask which number is right. The person changes it here, or the SIS is corrected.",
        Code.ACTIVE_NAME_KEPT.value: "Ask which name is right. The person changes it here, or the SIS is corrected.",
        Code.LINKED_RECORD_DIFFERS.value: "In the SIS, make {contact} of this record and of {holder} the same: they "
        "are one person.",
        Code.NO_STUDENT.value: "In the SIS, connect this guardian with a student, if there is one.",
    }
)
"""Problem -> what to change where; the most useful first."""

SHARED_FIXES: Mapping[str, str] = MappingProxyType(
    {
        NO_VALUE: "In the SIS, enter an e-mail or a mobile of this guardian's own.",
        FREE: "Nobody has it now: the next sync gives it to this person, unless somebody else wants it first.",
        CONTESTED: "Several people have it in the SIS, and nobody gets it: give each an {contact} of their own there.",
    }
)
