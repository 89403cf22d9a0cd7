"""A district large enough for guards: families, staff and classes of two schools, changed night by night."""

from __future__ import annotations

import functools
import tempfile
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from tests.policies.district import District, Report, Row, enrollment, guardian, school_class, student, teacher

FAMILIES = {"A": 40, "B": 30}
DEFAULT = ""
"""Guards as the program has them without a setting."""


class Town:
    """Two schools: students SA0, SA1 …, each with a guardian GA0 …, teachers TA0 to TA3, classes KA0 to KA7.

    The guardian is named on the student's row. Class KA0 has the students SA0, SA8, SA16 …
    """

    def __init__(self) -> None:
        self.users: dict[str, Row] = {}
        self.classes: dict[str, Row] = {}
        self.enrollments: dict[tuple[str, str], Row] = {}
        for school, families in FAMILIES.items():
            for number in range(families):
                self.family(school, number)
            for number in range(4):
                self.add(teacher(f"T{school}{number}", orgSourcedIds=school))
            for number in range(8):
                self.classes[f"K{school}{number}"] = school_class(f"K{school}{number}", schoolSourcedId=school)
            for number in range(families):
                self.enroll(f"K{school}{number % 8}", f"S{school}{number}")

    def add(self, *rows: Row) -> None:
        """New rows of users.csv, or others for known users."""
        self.users |= {row["sourcedId"]: row for row in rows}

    def family(self, school: str, number: int) -> None:
        """A student and a guardian."""
        child, parent = f"S{school}{number}", f"G{school}{number}"
        self.add(student(child, parent, orgSourcedIds=school), guardian(parent, orgSourcedIds=school))

    def enroll(self, class_id: str, user_id: str) -> None:
        """A student's place in a class."""
        self.enrollments[class_id, user_id] = enrollment(class_id, user_id)

    def drop(self, *ids: str) -> None:
        """These users are gone, with their enrollments."""
        for user_id in ids:
            del self.users[user_id]
        self.enrollments = {key: row for key, row in self.enrollments.items() if key[1] not in ids}

    def families_leave(self, school: str, numbers: Iterable[int]) -> None:
        """These students and their guardians are gone."""
        for number in numbers:
            self.drop(f"S{school}{number}", f"G{school}{number}")

    def set(self, user_id: str, **values: str) -> None:
        """Other values in a row of users.csv."""
        self.users[user_id] = {**self.users[user_id], **values}

    def renamed(self, school: str, renamed: Callable[[str], str]) -> None:
        """Every person of a school has another sourcedId."""
        ids = {user_id for user_id, row in self.users.items() if row["orgSourcedIds"] == school}
        rows = {}
        for user_id, row in self.users.items():
            new = renamed(user_id) if user_id in ids else user_id
            agents = row["agentSourcedIds"]
            rows[new] = {**row, "sourcedId": new, "agentSourcedIds": renamed(agents) if agents in ids else agents}
        self.users = rows
        moved = {}
        for (class_id, user_id), row in self.enrollments.items():
            new = renamed(user_id) if user_id in ids else user_id
            moved[class_id, new] = {**row, "userSourcedId": new}
        self.enrollments = moved


class Guarded:
    """The district after its first night, and further nights with the town as it is then."""

    def __init__(self, folder: Path, guards: str = DEFAULT, **policy: object) -> None:
        self.town = Town()
        self.district = _first_night().copy(folder)
        self.district.configure(guards=guards, **policy)

    def night(self, *, override: Sequence[str] = (), full: bool = False, dry_run: bool = False) -> Report:
        """A night with the town as it is."""
        town = self.town
        rows = (town.users.values(), town.classes.values(), town.enrollments.values())
        return self.district.night(*rows, override=override, full=full, dry_run=dry_run)

    def current(self, letter: str) -> int:
        """Current users whose id begins so."""
        return sum(user.startswith(letter) and status == "current" for user, status in self.district.statuses().items())


@functools.cache
def _first_night() -> District:
    folder = Path(tempfile.mkdtemp(prefix="guarded-"))
    district, town = District(folder, guards=DEFAULT), Town()
    district.night(town.users.values(), town.classes.values(), town.enrollments.values())
    return district


def tripped(report: Report) -> set[str]:
    """The guards that tripped: `what kind@school n of total (limit)`."""
    return {
        f"{guard['what']} {guard['kind']}@{guard['school_id']} {guard['count']} of {guard['total']} ({guard['limit']})"
        for guard in report.summary["guards_tripped"]
    }


def held(report: Report, kind: str = "users") -> set[str]:
    """Ids of the records that are held."""
    rows = report.rows(kind, action="held", code="GUARD_HELD")
    keys = {"users": ("id",), "classes": ("id",), "enrollments": ("class_id", "user_id")}
    columns = keys.get(kind, ("guardian_id", "student_id"))
    return {"-".join(row[column] for column in columns) for row in rows}


def ended_as(report: Report) -> tuple[str, int]:
    """Status and exit code."""
    return report.summary["run"]["status"], report.summary["run"]["exit_code"]
