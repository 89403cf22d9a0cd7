"""The rows of everything but people: orgs, terms, courses, classes and who teaches them, the manifest."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from rostersync.generate.layout import FALL_ONLY, LEVELS, TEACHERS_FROM, Classes, Layout, grade_code

if TYPE_CHECKING:
    from rostersync.generate.draws import Integers
    from rostersync.generate.night import Night

DISTRICT: Final = "district"
SCHOOL_YEAR: Final = "sy-2027"
FALL: Final = "fall-2026"
SPRING: Final = "spring-2027"
FIRST_DAY: Final = "2026-08-24"
FALL_ENDS: Final = "2026-12-18"
SPRING_STARTS: Final = "2027-01-04"
LAST_DAY: Final = "2027-06-04"
CO_TAUGHT: Final = 8
"""One class in so many has a second teacher."""

MANIFEST: Final = "manifest.csv"
SOURCE: Final = "source.systemName,rostersync generate"
"""The line of the manifest that says who made the files."""
ALWAYS = "sourcedId,status,dateLastModified,"
HEADERS = {
    "academicSessions.csv": ALWAYS + "title,type,startDate,endDate,parentSourcedId,schoolYear",
    "classes.csv": ALWAYS
    + "title,grades,courseSourcedId,classCode,classType,location,schoolSourcedId,termSourcedIds,subjects,"
    "subjectCodes,periods",
    "courses.csv": ALWAYS + "schoolYearSourcedId,title,courseCode,grades,orgSourcedId,subjects,subjectCodes",
    "enrollments.csv": ALWAYS + "classSourcedId,schoolSourcedId,userSourcedId,role,primary,beginDate,endDate",
    "manifest.csv": "propertyName,value",
    "orgs.csv": ALWAYS + "name,type,identifier,parentSourcedId",
    "users.csv": ALWAYS
    + "enabledUser,orgSourcedIds,role,username,userIds,givenName,familyName,middleName,identifier,email,"
    "sms,phone,agentSourcedIds,grades,password",
}
"""Files of OneRoster 1.1 and their headers, in the order of the specification."""
HEADERS_1_2 = {
    **HEADERS,
    "roles.csv": ALWAYS + "userSourcedId,roleType,role,beginDate,endDate,orgSourcedId,userProfileSourcedId",
    "userProfiles.csv": ALWAYS
    + "userSourcedId,profileType,vendorId,applicationId,description,credentialType,username,password",
    "users.csv": ALWAYS + "enabledUser,username,userIds,givenName,familyName,middleName,identifier,email,sms,phone,"
    "agentSourcedIds,grades,password,userMasterIdentifier,preferredGivenName,preferredMiddleName,preferredFamilyName,"
    "primaryOrgSourcedId,pronouns",
}
ABSENT = (
    "categories",
    "classResources",
    "courseResources",
    "demographics",
    "lineItems",
    "resources",
    "results",
)
ABSENT_1_2 = (
    *ABSENT,
    "lineItemLearningObjectiveIds",
    "lineItemScoreScales",
    "resultLearningObjectiveIds",
    "resultScoreScales",
    "scoreScales",
    "userResources",
)


def headers(version: str) -> dict[str, str]:
    """Give the files of a version and their header lines."""
    return HEADERS if version == "1.1" else HEADERS_1_2


def manifest(version: str) -> list[str]:
    """Give the rows of manifest.csv: every file of the version is bulk or absent."""
    written = [name.removesuffix(".csv") for name in headers(version) if name != MANIFEST]
    absent = ABSENT if version == "1.1" else ABSENT_1_2
    modes = {**dict.fromkeys(written, "bulk"), **dict.fromkeys(absent, "absent")}
    return [
        "manifest.version,1.0",
        f"oneroster.version,{version}",
        *(f"file.{name},{mode}" for name, mode in sorted(modes.items())),
        SOURCE,
        "source.systemCode,generate",
    ]


def school_id(school: int) -> str:
    """Give the sourcedId of a school."""
    return f"school-{school + 1:03d}"


def class_id(number: int) -> str:
    """Give the sourcedId of a class."""
    return f"c{number:06d}"


def staff_id(position: int, replaced: int) -> str:
    """Give the sourcedId of the holder of a position: the next one is somebody else."""
    return f"t{position:06d}" if not replaced else f"t{position:06d}-{replaced}"


def orgs(layout: Layout) -> list[str]:
    """Give the rows of orgs.csv: the district and its schools."""
    rows = [f"{DISTRICT},,,Maple Valley School District,district,5300000,"]
    for number, school in enumerate(layout.schools):
        rows.append(f"{school_id(number)},,,{school.name},school,{5300001 + number},{DISTRICT}")
    return rows


def academic_sessions() -> list[str]:
    """Give the rows of academicSessions.csv: the school year 2026-2027 and its two terms."""
    return [
        f"{SCHOOL_YEAR},,,2026-2027,schoolYear,{FIRST_DAY},{LAST_DAY},,2027",
        f"{FALL},,,Fall 2026,semester,{FIRST_DAY},{FALL_ENDS},{SCHOOL_YEAR},2027",
        f"{SPRING},,,Spring 2027,semester,{SPRING_STARTS},{LAST_DAY},{SCHOOL_YEAR},2027",
    ]


def courses() -> list[str]:
    """Give the rows of courses.csv: one per subject and grade, for the whole district."""
    rows: list[str] = []
    for level in LEVELS:
        for grade in range(level.first_grade, level.first_grade + level.grades):
            grades = grade_code(grade)
            rows.extend(
                f"course-{code}-{grades},,,{SCHOOL_YEAR},{subject} {grades},{code}-{grades},{grades},"
                f"{DISTRICT},{subject},{code}"
                for code, subject in level.subjects
            )
    return rows


def _absent(night: Night) -> frozenset[int]:
    return frozenset(night.absent_classes.tolist())


def classes(night: Night) -> Iterator[str]:
    """Give the rows of classes.csv, without the classes that are away tonight."""
    absent = _absent(night)
    for level, group in zip(LEVELS, night.layout.classes, strict=True):
        for number in range(group.first, group.first + group.count):
            if number in absent:
                continue
            school, (grade, subject, section) = place_of(group, number)
            code, name = level.subjects[subject]
            grades = grade_code(level.first_grade + grade)
            terms = FALL if code == FALL_ONLY else f'"{FALL},{SPRING}"'
            kind = "homeroom" if code == "HMR" else "scheduled"
            yield (
                f"{class_id(number)},,,{name} {grades} ({chr(65 + section % 26)}),{grades},"
                f"course-{code}-{grades},{code}{grades}-{section + 1},{kind},Room {100 + number % 180},"
                f"{school_id(school)},{terms},{name},{code},{subject + 1}"
            )


def place_of(group: Classes, number: int) -> tuple[int, tuple[int, int, int]]:
    """Give the school of a class and its grade within the level, its subject and its section."""
    at_school, within = divmod(number - group.first, group.per_school)
    rest, section = divmod(within, group.sections)
    grade, subject = divmod(rest, group.subjects)
    return group.first_school + at_school, (grade, subject, section)


def teaching(night: Night, positions: dict[int, str]) -> Iterator[str]:
    """Give the enrollments of teachers, co-teachers and aides in the classes of tonight.

    Args:
        night: the night.
        positions: the sourcedId of the holder of every position.
    """
    absent = _absent(night)
    for level, group in zip(LEVELS, night.layout.classes, strict=True):
        co_taught = _co_taught(night, group)
        for number in range(group.first, group.first + group.count):
            if number in absent:
                continue
            school, (_, subject, _) = place_of(group, number)
            at = night.layout.schools[school]
            teacher = at.first_position + TEACHERS_FROM
            aide = teacher + at.teachers
            ends = FALL_ENDS if level.subjects[subject][0] == FALL_ONLY else LAST_DAY
            wanted = [(teacher + number % at.teachers, "teacher", "true")]
            if number - group.first in co_taught:
                wanted.append((teacher + (number + 1) % at.teachers, "teacher", "false"))
            if level.subjects[subject][0] == "HMR" and number % 3 == 0:
                wanted.append((aide + number % at.aides, "proctor", "false"))
            for position, role, primary in wanted:
                person = positions[position]
                yield (
                    f"{class_id(number)}-{person},,,{class_id(number)},{school_id(school)},{person},{role},{primary},"
                    f"{FIRST_DAY},{ends}"
                )


def _co_taught(night: Night, group: Classes) -> frozenset[int]:
    import numpy as np

    numbers: Integers = np.arange(group.first, group.first + group.count, dtype=np.int64)
    chosen = night.draws.pick("co-taught", numbers, CO_TAUGHT) == 0
    return frozenset(np.flatnonzero(chosen).tolist())
