"""The tables of the page: which columns in which order, what they are called, what is filtered by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from rostersync.model.report import FIXED_COLUMNS, TABLE_COLUMNS


@dataclass(frozen=True)
class Layout:
    """A table of the page: all columns of SHOWN_COLUMNS, what a reader wants first to the left.

    `names_row`: the column that says which record a row is about. `filters`: columns with a choice above the table.
    """

    title: str
    columns: tuple[str, ...]
    names_row: str
    filters: tuple[str, ...]
    about: str

    @property
    def first(self) -> str:
        """The column that leads the order of rows, most serious first."""
        return self.columns[0]


LAYOUTS: Mapping[str, Layout] = MappingProxyType(
    {
        "users": Layout(
            "Users",
            (
                *("action", "given_name", "family_name", "notes", "role", "school", "code", "id", "grades"),
                *("account", "roster_status", "email", "sis_email", "mobile", "sis_mobile", "identifier"),
            ),
            "id",
            ("action", "school", "role", "code"),
            "Students, guardians and staff, a row for each note about them.",
        ),
        "classes": Layout(
            "Classes",
            ("action", "title", "notes", "school", "code", "status", "id", "sis_title"),
            "id",
            ("action", "school", "code"),
            "Classes, a row for each note about them.",
        ),
        "enrollments": Layout(
            "Enrollments",
            ("action", "class_title", "user_name", "notes", "role", "school", "code", "class_id", "user_id"),
            "user_id",
            ("action", "school", "role", "code"),
            "People in classes.",
        ),
        "guardianships": Layout(
            "Guardianships",
            ("action", "guardian_name", "student_name", "notes", "code", "guardian_id", "student_id"),
            "guardian_id",
            ("action", "code"),
            "Guardians of students.",
        ),
        "issues": Layout(
            "Findings in the files",
            ("severity", "file", "line", "mark", "since", "message", "value", "column", "code", "id"),
            "id",
            ("severity", "mark", "file", "code"),
            "What is wrong in the delivered files, to be corrected in the SIS: new tonight, or still there.",
        ),
        "fixed": Layout(
            "Fixed since the last night",
            ("severity", "file", "since", "message", "value", "column", "code", "id"),
            "id",
            ("severity", "file", "code"),
            "What the files had and have no more, with the day of the night that found it first.",
        ),
    }
)
"""Table -> how the page shows it, in the order of the page."""

_LABELS = {
    "id": "Id",
    "class_id": "Class id",
    "user_id": "User id",
    "guardian_id": "Guardian id",
    "student_id": "Student id",
    "user_name": "Name",
    "class_title": "Class",
    "guardian_name": "Guardian",
    "student_name": "Student",
    "email": "E-mail",
    "sis_email": "SIS e-mail",
    "sis_mobile": "SIS mobile",
    "sis_title": "SIS title",
    "sis_value": "SIS value",
}


def label(column: str) -> str:
    """What a column is called on the page."""
    return _LABELS.get(column) or column.replace("_", " ").capitalize()


def of_csv(table: str) -> tuple[str, ...]:
    """The columns in the order of the CSV, if there is one: what is copied from the page looks like the file."""
    return FIXED_COLUMNS if table == "fixed" else TABLE_COLUMNS[table]
