"""Sets of CSV files that look like OneRoster and are not (policies.md R-V6)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rostersync.errors import ImportRefused
from rostersync.importers.layouts import LAYOUTS

if TYPE_CHECKING:
    from rostersync.importers.layouts import Layout


@dataclass(frozen=True)
class _Mark:
    """A header that only one format has: a file, and column names that are all in it (any letter case).

    None of `without` is in it.
    """

    format: str
    file: str
    columns: tuple[str, ...]
    without: tuple[str, ...] = ()


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
    _Mark(_SDS_1, "guardianrelationship.csv", ("SIS ID", "Email")),
    _Mark(_SDS_2, "users.csv", ("activeDirectoryMatchId",)),
    _Mark(_SDS_2, "roles.csv", ("userSourcedId", "orgSourcedId", "role", "isPrimary")),
    _Mark(_SDS_2, "roles.csv", ("userSourcedId", "orgSourcedId", "role", "sessionSourcedId")),
    _Mark(_SDS_2, "roles.csv", ("userSourcedId", "orgSourcedId", "role", "roleStartDate")),
    _Mark(_SDS_2, "roles.csv", ("userSourcedId", "orgSourcedId", "role", "grade")),
    _Mark(_SDS_2, "classes.csv", ("sourcedId", "orgSourcedId", "sessionSourcedIds")),
    _Mark(_SDS_2, "classes.csv", ("sourcedId", "orgSourcedId", "title"), without=("schoolSourcedId",)),
    _Mark(_SDS_2, "userflags.csv", ("userSourcedId", "flag")),
    _Mark(_SDS_2, "relationships.csv", ("userSourcedId", "relationshipUserSourcedId")),
    _Mark(_CLEVER, "schools.csv", ("School_id", "School_name")),
    _Mark(_CLEVER, "students.csv", ("School_id", "Student_id")),
    _Mark(_CLEVER, "teachers.csv", ("School_id", "Teacher_id")),
    _Mark(_CLEVER, "staff.csv", ("School_id", "Staff_id")),
    _Mark(_CLEVER, "contacts.csv", ("Student_id", "Contact_name")),
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


_POWERSCHOOL = "a PowerSchool data export"
_TABLE = re.compile(r"(?:cc|courses|guardian|schools|schoolstaff|sections|students|teachers|terms|users)\.\w+")
"""A column as PowerSchool's data export names it: table and field (`STUDENTS.ID`), in lower case."""

_ORDERED = re.compile(r"[a-z]{1,2}_(\w+)")
"""A column as its query plug-ins name it, in lower case: letters that force the order, then OneRoster's name."""


def refuse(headers: Mapping[str, tuple[str, ...]]) -> None:
    """Refuse a set of another format; `headers` by file name in lower case.

    Raises:
        ImportRefused: names the format.
    """
    for mark in _MARKS:
        cells = {cell.lower() for cell in headers.get(mark.file, ())}
        there = cells and all(column.lower() in cells for column in mark.columns)
        if there and not any(column.lower() in cells for column in mark.without):
            raise ImportRefused(
                f"{mark.file} is not OneRoster but {mark.format} (column {mark.columns[-1]}). "
                "Nothing was changed. Have the SIS export OneRoster 1.1 or 1.2 CSV."
            )
    for layout in LAYOUTS:
        _refuse_prefixed(layout, headers.get(layout.file.lower(), ()))


def _refuse_prefixed(layout: Layout, cells: tuple[str, ...]) -> None:
    """OneRoster's files with PowerSchool's prefixes in front of most column names."""
    known = {name.lower() for name in (*(column.name for column in layout.columns), *layout.unused)}
    plain = {cell.lower() for cell in cells}
    prefixed = [cell for cell in cells if _TABLE.fullmatch(cell.lower())]
    ordered = [cell for cell in cells if (found := _ORDERED.fullmatch(cell.lower())) and found[1] in known - plain]
    odd = prefixed or ordered
    if len(odd) * 2 > len(cells):
        raise ImportRefused(
            f"{layout.file} is not OneRoster but {_POWERSCHOOL} (column {odd[0]}). Nothing was changed. Rename the "
            "columns in the export template to OneRoster's names, without a prefix."
        )
