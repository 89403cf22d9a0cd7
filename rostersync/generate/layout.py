"""What a district of a size is made of, the same on every night: schools, classes, positions, telephones.

Everything is counted from the number of students, so that any record can be found from its index alone.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import ceil
from typing import TYPE_CHECKING

from rostersync.generate.names import AREA_CODES, school_name

if TYPE_CHECKING:
    from rostersync.generate.draws import Integers

GRADES = 13
"""Kindergarten is 0, the twelfth grade 12."""
FAMILIES_IN_BLOCK = 6
STUDENTS_IN_BLOCK = 10
BLOCK_SIZES = (
    (1, 2, 1, 3, 1, 2),
    (2, 1, 1, 2, 3, 1),
    (1, 1, 3, 2, 1, 2),
    (3, 1, 2, 1, 2, 1),
)
"""How many children the six families of a block of ten students have; which row is drawn per block."""
DISTRICT_POSITIONS = 2
OFFICE = ("principal", "siteAdministrator", "counselor")
"""The first positions of every school, as OneRoster 1.2 calls them."""
TEACHERS_FROM = len(OFFICE)


@dataclass(frozen=True)
class Level:
    """One kind of school and what is taught there."""

    kind: str
    first_grade: int
    grades: int
    subjects: tuple[tuple[str, str], ...]  # code, title with {grade} in it


LEVELS = (
    Level(
        "Elementary School",
        0,
        6,
        (
            ("HMR", "Homeroom"),
            ("MAT", "Mathematics"),
            ("MUS", "Music"),
            ("ART", "Art"),
            ("PHE", "Physical Education"),
        ),
    ),
    Level(
        "Middle School",
        6,
        3,
        (
            ("ENG", "English"),
            ("MAT", "Mathematics"),
            ("SCI", "Science"),
            ("SOC", "Social Studies"),
            ("ART", "Art"),
            ("MUS", "Music"),
            ("PHE", "Physical Education"),
        ),
    ),
    Level(
        "High School",
        9,
        4,
        (
            ("ENG", "English"),
            ("MAT", "Mathematics"),
            ("SCI", "Science"),
            ("SOC", "History"),
            ("SPA", "Spanish"),
            ("ART", "Art"),
            ("PHE", "Physical Education"),
            ("HEA", "Health"),
        ),
    ),
)
FALL_ONLY = "HEA"
"""The subject that is taught in the first term alone."""
MOST_SUBJECTS = max(len(level.subjects) for level in LEVELS)


def grade_code(grade: int) -> str:
    """Give a grade as CEDS codes it."""
    return "KG" if grade == 0 else f"{grade:02d}"


@dataclass(frozen=True)
class School:
    """One school; `teachers` and `aides` count positions, `first_position` is the principal's."""

    name: str
    first_position: int
    teachers: int
    aides: int

    @property
    def positions(self) -> int:
        """All positions of the school."""
        return TEACHERS_FROM + self.teachers + self.aides


@dataclass(frozen=True)
class Classes:
    """The classes of one level: those of a school lie together, then of a grade, then of a subject."""

    first: int
    first_school: int
    schools: int
    sections: int
    grades: int
    subjects: int

    @property
    def per_school(self) -> int:
        """Classes of this level at one school."""
        return self.grades * self.subjects * self.sections

    @property
    def count(self) -> int:
        """Classes of this level."""
        return self.schools * self.per_school


@dataclass(frozen=True)
class Layout:
    """The frame of a district with so many students on its first night."""

    students: int
    schools: list[School] = field(init=False)
    classes: tuple[Classes, ...] = field(init=False)

    def __post_init__(self) -> None:
        counts = self._schools_per_level()
        together = self.students < 200
        classes: list[Classes] = []
        first = first_school = 0
        for level, schools in zip(LEVELS, counts, strict=True):
            in_grade = self.students / GRADES / schools
            sections = max(2, ceil(in_grade / 26)) if in_grade >= 12 else 1
            classes.append(Classes(first, first_school, schools, sections, level.grades, len(level.subjects)))
            first += classes[-1].count
            first_school += 0 if together else schools
        object.__setattr__(self, "classes", tuple(classes))
        object.__setattr__(self, "schools", self._schools(together=together))

    def _schools_per_level(self) -> tuple[int, int, int]:
        """About 600 students a school; at least one of each kind."""
        schools = max(3, round(self.students / 600))
        elementary = max(1, round(schools * 6 / GRADES))
        middle = max(1, round(schools * 3 / GRADES))
        return elementary, middle, max(1, schools - elementary - middle)

    def _schools(self, *, together: bool) -> list[School]:
        """The schools in order; below 200 students there is one for all grades."""
        kinds = [(level.kind, classes) for level, classes in zip(LEVELS, self.classes, strict=True)]
        if together:
            wanted = [("School", sum(classes.per_school for _, classes in kinds))]
        else:
            wanted = [(kind, classes.per_school) for kind, classes in kinds for _ in range(classes.schools)]
        schools: list[School] = []
        position = DISTRICT_POSITIONS
        for index, (kind, classes) in enumerate(wanted):
            teachers = max(3, ceil(classes / 5))
            schools.append(School(f"{school_name(index)} {kind}", position, teachers, max(1, teachers // 10)))
            position += schools[-1].positions
        return schools

    @property
    def positions(self) -> int:
        """All positions of staff; the district's own come first."""
        return self.schools[-1].first_position + self.schools[-1].positions

    @property
    def class_count(self) -> int:
        """All classes."""
        return self.classes[-1].first + self.classes[-1].count

    @property
    def first_families(self) -> int:
        """Families of the first night; some of the last block may have no child."""
        return ceil(self.students / STUDENTS_IN_BLOCK) * FAMILIES_IN_BLOCK

    @property
    def new_families(self) -> int:
        """Families that join on every later night."""
        return max(1, self.students // 600)

    def school_of(self, level: int, zone: Integers) -> Integers:
        """The number of the school of a level within it that serves a zone (31 bits)."""
        return (zone * self.classes[level].schools) >> 31


@dataclass(frozen=True)
class TelephoneNumbers:
    """Which number belongs to whom, spread over as few area codes as hold them.

    Every slot has a number of its own as long as there are enough of them: for about a million students.
    """

    guardians: int  # slots of mobiles of guardians, two a family
    staff: int
    students: int
    changed: int

    @classmethod
    def of(cls, layout: Layout) -> TelephoneNumbers:
        """Count the slots, with room for those who join later."""
        families = layout.first_families + layout.first_families // 20 + 40
        return cls(2 * families, layout.positions, layout.students // 4 + 20, layout.students // 5 + 200)

    @property
    def area_codes(self) -> int:
        """How many area codes are used."""
        slots = self.guardians + self.guardians // 2 + self.staff + self.students + self.changed
        return min(len(AREA_CODES), max(3, ceil(slots / 10_000)))

    def numbers(self, slots: Integers) -> Integers:
        """Numbers of slots as area code index * 10,000 + the last four digits: a different one for each."""
        # a prime above every number of area codes: multiplying by it only shuffles the numbers
        return (slots * 7_368_787 + 1_234_567) % (self.area_codes * 10_000)

    def of_guardian(self, guardian: Integers) -> Integers:
        """Slots of the mobiles of guardians (family * 2 + place)."""
        return guardian % self.guardians

    def of_staff(self, position: Integers) -> Integers:
        """Slots of the mobiles of staff, by position."""
        return self.guardians + position % self.staff

    def of_student(self, student: Integers) -> Integers:
        """Slots of the mobiles of students; one student in four has one."""
        return self.guardians + self.staff + (student // 4) % self.students

    def of_home(self, family: Integers) -> Integers:
        """Slots of the telephones that a household shares."""
        return self.guardians + self.staff + self.students + family % (self.guardians // 2)

    def of_change(self, bits: Integers) -> Integers:
        """Slots for numbers that somebody changes to."""
        first = self.guardians + self.guardians // 2 + self.staff + self.students
        return first + bits % self.changed


def number_text(number: int) -> str:
    """Write a number the way one of several offices would."""
    area, line = divmod(number, 10_000)
    code = AREA_CODES[area]
    style = line % 4
    if style == 0:
        return f"({code}) 555-{line:04d}"
    if style == 1:
        return f"{code}555{line:04d}"
    return f"{code}-555-{line:04d}"
