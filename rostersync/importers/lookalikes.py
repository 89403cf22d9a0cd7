"""Sets of CSV files that look like OneRoster and are not (policies.md R-V6)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from rostersync.errors import ImportRefused


@dataclass(frozen=True)
class _Mark:
    """A header that only one format has: a file, and column names that are all in it (any letter case)."""

    format: str
    file: str
    columns: tuple[str, ...]


_SDS_1 = "Microsoft School Data Sync v1"
_SDS_2 = "Microsoft School Data Sync v2.1"
_CLEVER = "Clever"
_APPLE = "Apple School Manager"
_CANVAS = "Canvas SIS import"

_MARKS = (
    _Mark(_SDS_1, "school.csv", ("SIS ID", "Name")),
    _Mark(_SDS_1, "section.csv", ("SIS ID", "School SIS ID")),
    _Mark(_SDS_1, "student.csv", ("SIS ID", "School SIS ID")),
    _Mark(_SDS_1, "teacher.csv", ("SIS ID", "School SIS ID")),
    _Mark(_SDS_1, "studentenrollment.csv", ("Section SIS ID", "SIS ID")),
    _Mark(_SDS_1, "teacherroster.csv", ("Section SIS ID", "SIS ID")),
    _Mark(_SDS_2, "users.csv", ("activeDirectoryMatchId",)),
    _Mark(_SDS_2, "roles.csv", ("userSourcedId", "orgSourcedId", "role", "isPrimary")),
    _Mark(_SDS_2, "roles.csv", ("userSourcedId", "orgSourcedId", "role", "sessionSourcedId")),
    _Mark(_SDS_2, "roles.csv", ("userSourcedId", "orgSourcedId", "role", "roleStartDate")),
    _Mark(_SDS_2, "classes.csv", ("sourcedId", "orgSourcedId", "sessionSourcedIds")),
    _Mark(_SDS_2, "relationships.csv", ("userSourcedId", "relationshipUserSourcedId")),
    _Mark(_CLEVER, "schools.csv", ("School_id", "School_name")),
    _Mark(_CLEVER, "students.csv", ("School_id", "Student_id")),
    _Mark(_CLEVER, "teachers.csv", ("School_id", "Teacher_id")),
    _Mark(_CLEVER, "sections.csv", ("School_id", "Section_id", "Teacher_id")),
    _Mark(_CLEVER, "enrollments.csv", ("School_id", "Section_id", "Student_id")),
    _Mark(_APPLE, "students.csv", ("person_id", "location_id")),
    _Mark(_APPLE, "staff.csv", ("person_id", "location_id")),
    _Mark(_APPLE, "rosters.csv", ("roster_id", "class_id", "student_id")),
    _Mark(_APPLE, "classes.csv", ("class_id", "course_id", "instructor_id")),
    _Mark(_CANVAS, "users.csv", ("user_id", "login_id")),
    _Mark(_CANVAS, "courses.csv", ("course_id", "short_name", "long_name")),
    _Mark(_CANVAS, "sections.csv", ("section_id", "course_id", "name")),
    _Mark(_CANVAS, "enrollments.csv", ("section_id", "user_id", "role")),
)
"""Source: the column names that the makers of these formats publish."""


def refuse(headers: Mapping[str, tuple[str, ...]]) -> None:
    """Refuse a set of another format; `headers` by file name in lower case.

    Raises:
        ImportRefused: names the format.
    """
    for mark in _MARKS:
        cells = {cell.lower() for cell in headers.get(mark.file, ())}
        if cells and all(column.lower() in cells for column in mark.columns):
            raise ImportRefused(
                f"{mark.file} is not OneRoster but {mark.format} (column {mark.columns[-1]}). "
                "Nothing was changed. Have the SIS export OneRoster 1.1 or 1.2 CSV."
            )
