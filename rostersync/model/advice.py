"""What to do about what a report says: the words of docs/reports.md, of the workbook and of the Markdown summary.

`notes.py` says what happened. The page is generated of both (`make docs`), so that they cannot part.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from rostersync.model.notes import Action, Code


class Advice(NamedTuple):
    """`text`: what to do. `see`: a page of docs/ that says more."""

    text: str
    see: str = ""


ERRORS_ADVICE = "Correct the SIS, not the files: tomorrow's export overwrites them."
"""What to do about findings."""

ADVICE: Mapping[Code, Advice] = MappingProxyType(
    {
        Code.NEW: Advice("Nothing."),
        Code.SAME_PERSON: Advice("Check that they are one person; if not, correct name, e-mail or mobile in the SIS."),
        Code.SIS_UPDATE: Advice("Nothing."),
        Code.ACTIVE_EMAIL_KEPT: Advice(
            "The note names the e-mail in use. The person changes it themselves, or the SIS is corrected."
        ),
        Code.ACTIVE_PHONE_KEPT: Advice(
            "The note names the phone number in use. The person changes it themselves, or the SIS is corrected."
        ),
        Code.ACTIVE_NAME_KEPT: Advice(
            "The note names the name in use. The person changes it themselves, or the SIS is corrected."
        ),
        Code.BLANK_KEPT: Advice(
            "Fill in the value in the SIS, or leave it: the account would otherwise have no contact at all."
        ),
        Code.CREDENTIAL_TAKEN: Advice(
            "Two people cannot share a login. Ask which of the two it belongs to and correct the other in"
            " the SIS. Where several ids stand there, or the other one says the same of this one, nobody "
            "has it."
        ),
        Code.LINKED_RECORD_DIFFERS: Advice("Make both records of this person say the same in the SIS."),
        Code.NO_UNIQUE_CREDENTIAL: Advice(
            "Enter an e-mail or mobile of this guardian's own in the SIS; the next sync adds them."
        ),
        Code.NO_STUDENT: Advice("Connect the guardian with a student in the SIS, if there is one."),
        Code.LEFT_SIS: Advice("Nothing, if they left or the class is over. If not, look into the SIS export."),
        Code.FAMILY_LEFT: Advice(
            "Nothing, if the whole family left. If not, look into the SIS export. A sibling who was "
            "archived earlier, while the family stayed, may be removed now."
        ),
        Code.GUARDIAN_LEFT: Advice("Nothing, if the guardian is no longer one. If not, look into the SIS export."),
        Code.RETURNED: Advice("Nothing."),
        Code.CLASS_STAYS_ARCHIVED: Advice("Nothing, or set `policy.restore_classes = true`."),
        Code.TITLE_KEPT: Advice("Nothing, or rename the class to the SIS title."),
        Code.GUARD_HELD: Advice(
            ("Look whether the SIS export is complete. If the change is right, district IT lets it through once."),
            "guards.md",
        ),
        Code.ENROLLMENT_ENDED: Advice("Nothing."),
        Code.GUARDIANSHIP_ENDED: Advice(
            "Nothing. If it surprises, check the student's contacts in the SIS the same day."
        ),
        Code.REJECTED_ROW: Advice("Correct the record in the SIS; `issues.csv` has the line."),
        Code.UNREADABLE_ROWS: Advice("Have the export of that file repaired; `issues.csv` has the lines."),
        Code.INCOMPLETE_DELIVERY: Advice(
            "Have the files exported and delivered again. If they are right, `rostersync sync --override-guards all` "
            "lets a doubtful delivery through once.",
            "guards.md",
        ),
        Code.UNDONE: Advice(
            "Nothing. This and the codes below are those of a run that takes another one back.", "undo.md"
        ),
        Code.ADDED_UNDONE: Advice("Nothing."),
        Code.EDIT_STANDS: Advice("Nothing, or set the value by hand."),
        Code.ADDED_STANDS: Advice(
            "Nothing, if the SIS will have them again. If they should never have been there, look at them"
            " one by one: the next sync archives who is not in the SIS."
        ),
        Code.NOT_RESTORED: Advice("Ask whose it is."),
        Code.MESSAGE_SENT: Advice("Tell the person that it does not hold any more."),
    }
)
"""Code -> what to do about a row with it."""

ACTIONS: Mapping[Action, str] = MappingProxyType(
    {
        Action.ADDED: "new on the platform",
        Action.LINKED: "new in the SIS, and the same person as somebody already there: one account serves both",
        Action.UPDATED: "values changed to those of the SIS",
        Action.KEPT: "the SIS says something else (or nothing), and the platform's value stays",
        Action.WITHHELD: "not added, for now",
        Action.ARCHIVED: "no longer part of the school; kept, and back by itself when the SIS has the record again",
        Action.REMOVED: (
            "as archived, and out of archived classes too (families, where the school says "
            '`abandoned_families = "extreme"`). Account and guardianships stay, and all is back by itself'
            " when the family is. In the report of an undo also: no longer there"
        ),
        Action.ENDED: "a place in a class, or a guardianship, is over",
        Action.RESTORED: "was archived or removed, and is back",
        Action.HELD: "a safety limit stopped it; nothing was removed or changed",
        Action.REJECTED: "the row in the SIS file is wrong; the record keeps its last good values, a new one waits",
    }
)
"""Action -> what it means."""

COLUMNS: Mapping[str, tuple[tuple[tuple[str, ...], str], ...]] = MappingProxyType(
    {
        "users": (
            (("action",), "what the run did: see below"),
            (("school",), "the person's schools by name, joined by `; `; the id where the SIS gives no name"),
            (("role",), "`student`, `guardian`, `teacher` or `administrator`; the leading one of several"),
            (("id",), "the SIS's `sourcedId`; `local:…` for a person added by hand"),
            (("identifier",), "the SIS's other number, often the one printed on cards"),
            (
                (
                    "given_name",
                    "family_name",
                ),
                "the name on the platform",
            ),
            (("grades",), "grade levels"),
            (
                ("account",),
                (
                    "`invitee` (not yet accepted the invitation), `active` or `disabled`; empty for a guardian "
                    "who was not added"
                ),
            ),
            (("roster_status",), "`current`, `archived` or `removed`; empty for a guardian who was not added"),
            (
                (
                    "email",
                    "mobile",
                ),
                "what messages are sent to and logins use",
            ),
            (
                (
                    "sis_email",
                    "sis_mobile",
                ),
                "what the SIS says. A difference is explained by the note",
            ),
            (("code",), "the reason in one word: filter by it"),
            (("notes",), "the reason as a sentence"),
        ),
        "classes": (
            (
                (
                    "action",
                    "school",
                    "id",
                    "code",
                    "notes",
                ),
                "as above",
            ),
            (
                (
                    "title",
                    "sis_title",
                ),
                "the title on the platform, and in the SIS",
            ),
            (("status",), "`active` or `archived`"),
        ),
        "enrollments": (
            (
                (
                    "action",
                    "school",
                    "code",
                    "notes",
                ),
                "as above; the school is the class's",
            ),
            (
                (
                    "class_id",
                    "class_title",
                ),
                "the class",
            ),
            (
                (
                    "user_id",
                    "user_name",
                ),
                "the person",
            ),
            (("role",), "their role in the class"),
        ),
        "guardianships": (
            (
                (
                    "action",
                    "code",
                    "notes",
                ),
                "as above",
            ),
            (
                (
                    "guardian_id",
                    "guardian_name",
                ),
                "the guardian",
            ),
            (
                (
                    "student_id",
                    "student_name",
                ),
                "the student",
            ),
        ),
        "issues": (
            (
                ("severity",),
                (
                    "`error`: the row was not used, and what it stands for keeps its last good values. `warning`:"
                    " the row was used"
                ),
            ),
            (
                (
                    "file",
                    "line",
                ),
                "where in the delivery; the first line of a file is 1, the header",
            ),
            (("id",), "the row's `sourcedId`, where it can be read"),
            (("column",), "the column of the file"),
            (("code",), "the kind of mistake: filter by it"),
            (("value",), "what the cell holds"),
            (("message",), "what is wrong and what to do"),
        ),
        "marks": (
            (
                ("mark",),
                (
                    "`new`: not there the night before (or back after it was fixed). `still`: it was. Blank: a row that"
                    " stands for others, one that is not followed one by one, or a report of an older version"
                ),
            ),
            (
                ("since",),
                (
                    "where it is still there: the day of the night that found it first, in the district's time zone;"
                    " blank where it was beyond the list so far"
                ),
            ),
        ),
        "fixed": (
            (
                ("severity", "file", "id", "column", "code", "value", "message"),
                "as in `issues.csv`, of the last night that had it; its line says nothing any more",
            ),
            (("since",), "the day of the night that found it first, in the district's time zone"),
        ),
    }
)
"""Table -> its columns, those that one sentence explains together, and that sentence."""
