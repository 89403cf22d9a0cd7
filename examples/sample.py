"""The tables of two nights, and how a case adds, changes and removes rows in them."""

from __future__ import annotations

from dataclasses import dataclass, field

Row = dict[str, str]
BOTH = (1, 2)
ELEMENTARY, MIDDLE, HIGH = "school-001", "school-002", "school-003"
SUBJECTS = 3
"""Classes that a student of a case is enrolled in."""


@dataclass
class Table:
    """One file of one night; rows keep their order."""

    header: list[str]
    rows: list[Row]

    def find(self, sourced_id: str) -> Row:
        """The row of a record."""
        return next(row for row in self.rows if row["sourcedId"] == sourced_id)


@dataclass
class Sample:
    """Both nights. What a case does to night 2 alone is what happens between them."""

    first: dict[str, list[list[str]]]
    second: dict[str, list[list[str]]]
    nights: dict[int, dict[str, Table]] = field(init=False)
    numbers: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        self.nights = {
            night: {
                name: Table(header, [dict(zip(header, row, strict=True)) for row in rows])
                for name, (header, *rows) in files.items()
            }
            for night, files in ((1, self.first), (2, self.second))
        }

    def files(self, night: int) -> dict[str, tuple[list[str], list[list[str]]]]:
        """Header and rows of every file of a night."""
        return {
            name: (table.header, [[row.get(column, "") for column in table.header] for row in table.rows])
            for name, table in self.nights[night].items()
        }

    def mobile(self) -> str:
        """A number that nobody else has: the generator does not use this area code."""
        self.numbers += 1
        return f"564-555-{100 + self.numbers:04d}"

    def add(self, name: str, row: Row, nights: tuple[int, ...] = BOTH) -> None:
        """Append a row to a file."""
        for night in nights:
            self.nights[night][name].rows.append(dict(row))

    def change(self, name: str, sourced_id: str, nights: tuple[int, ...] = (2,), **cells: str) -> None:
        """Set cells of a record, on the second night unless told otherwise."""
        for night in nights:
            self.nights[night][name].find(sourced_id).update(cells)

    def remove(self, name: str, *sourced_ids: str) -> None:
        """Take records out of the second night."""
        table = self.nights[2][name]
        for sourced_id in sourced_ids:
            table.rows.remove(table.find(sourced_id))

    def leave(self, *user_ids: str) -> None:
        """Take users out of the second night, with what they are enrolled in."""
        self.remove("users.csv", *user_ids)
        table = self.nights[2]["enrollments.csv"]
        table.rows = [row for row in table.rows if row["userSourcedId"] not in user_ids]

    def user(self, sourced_id: str, role: str, name: str, school: str, nights: tuple[int, ...], **cells: str) -> str:
        """Append a user; gives the sourcedId."""
        given, _, family = name.partition(" ")
        row = {
            "sourcedId": sourced_id,
            "enabledUser": "true",
            "orgSourcedIds": school,
            "role": role,
            "username": sourced_id,
            "userIds": f"{{SIS:{sourced_id}}}",
            "givenName": given,
            "familyName": family,
            **cells,
        }
        self.add("users.csv", row, nights)
        return sourced_id

    def student(
        self,
        sourced_id: str,
        name: str,
        agents: str = "",
        *,
        grade: str = "04",
        school: str = ELEMENTARY,
        nights: tuple[int, ...] = BOTH,
        **cells: str,
    ) -> str:
        """Append a student who takes the first classes of the grade; gives the sourcedId."""
        cells.setdefault("email", f"{sourced_id}@students.example.org")
        self.user(
            sourced_id,
            "student",
            name,
            school,
            nights,
            agentSourcedIds=agents,
            grades=grade,
            identifier=sourced_id,
            **cells,
        )
        for night in nights:
            self.enroll(sourced_id, grade, night)
        return sourced_id

    def enroll(self, student: str, grade: str, night: int) -> None:
        """Put a student into section A of the first subjects of a grade."""
        classes = [
            row
            for row in self.nights[night]["classes.csv"].rows
            if row["grades"] == grade and row["title"].endswith("(A)")
        ]
        for row in classes[:SUBJECTS]:
            self.enrollment(row, student, "student", "false", nights=(night,))

    def enrollment(
        self, of_class: Row, user: str, role: str, primary: str, nights: tuple[int, ...] = BOTH, **cells: str
    ) -> str:
        """Append an enrollment; gives its sourcedId."""
        row = {
            "sourcedId": f"{of_class['sourcedId']}-{user}",
            "classSourcedId": of_class["sourcedId"],
            "schoolSourcedId": of_class["schoolSourcedId"],
            "userSourcedId": user,
            "role": role,
            "primary": primary,
            "beginDate": "2026-08-24",
            "endDate": "2027-06-04",
            **cells,
        }
        self.add("enrollments.csv", row, nights)
        return row["sourcedId"]

    def guardian(
        self,
        sourced_id: str,
        name: str,
        students: str = "",
        *,
        school: str = ELEMENTARY,
        role: str = "parent",
        nights: tuple[int, ...] = BOTH,
        **cells: str,
    ) -> str:
        """Append a guardian with an e-mail and a mobile of their own unless given; gives the sourcedId."""
        cells.setdefault("email", f"{sourced_id}@mail.example.com")
        cells.setdefault("sms", self.mobile())
        return self.user(sourced_id, role, name, school, nights, agentSourcedIds=students, **cells)

    def teacher(self, sourced_id: str, name: str, *, school: str = MIDDLE, role: str = "teacher", **cells: str) -> str:
        """Append somebody of the staff; gives the sourcedId."""
        cells.setdefault("email", f"{sourced_id}@staff.example.org")
        cells.setdefault("sms", self.mobile())
        return self.user(sourced_id, role, name, school, BOTH, identifier=sourced_id, **cells)

    def a_class(self, sourced_id: str, title: str, *, school: str = MIDDLE, grade: str = "07") -> Row:
        """Append a class to both nights; gives its row."""
        row = {
            "sourcedId": sourced_id,
            "title": title,
            "grades": grade,
            "courseSourcedId": f"course-ART-{grade}",
            "classCode": sourced_id,
            "classType": "scheduled",
            "location": "Room 12",
            "schoolSourcedId": school,
            "termSourcedIds": "fall-2026,spring-2027",
            "subjects": "Art",
            "subjectCodes": "ART",
            "periods": "5",
        }
        self.add("classes.csv", row)
        return row
