"""Who is in the district on a night and how their records stand then: arrays of numbers, no texts yet.

About one person in a hundred differs from the night before: of five three are changed, one joined, one left.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from rostersync.generate.draws import Draws
from rostersync.generate.layout import (
    BLOCK_SIZES,
    DISTRICT_POSITIONS,
    FAMILIES_IN_BLOCK,
    GRADES,
    LEVELS,
    STUDENTS_IN_BLOCK,
    Layout,
    TelephoneNumbers,
)
from rostersync.generate.names import FAMILY_NAMES, GIVEN_NAMES, HOME_DOMAINS, SPECIAL_FAMILY_NAMES

if TYPE_CHECKING:
    from rostersync.generate.draws import Flags, Integers

AGAIN = 1 << 40
"""Added to an index once per change, so that every change is a draw of its own."""


@dataclass(frozen=True)
class Students:
    """One row per student; `family` is the row among the families, not their index."""

    student: Integers
    family: Integers
    given: Integers
    name: Integers
    second_name: Integers  # joined by a hyphen, -1 where there is none
    grade: Integers
    level: Integers
    school: Integers
    number: Integers  # of the mobile, -1 where there is none


@dataclass(frozen=True)
class Guardians:
    """One row per guardian; `family` is the row among the families, not their index."""

    guardian: Integers  # index of the family * 2 + place in it
    family: Integers
    given: Integers
    name: Integers
    first_name: Integers  # the family name before any change: it stands in the e-mail address
    email_version: Integers  # -1 where there is no e-mail
    domain: Integers
    number: Integers  # of the mobile, -1 where there is none
    shares_email: Flags  # with the guardian before
    shares_number: Flags
    position: Integers  # of the staff member who this guardian is, else -1


@dataclass(frozen=True)
class Families:
    """Some families of a night; those of them who are in tonight's files."""

    family: Integers
    home_number: Integers  # of the telephone of the household, -1 where there is none
    students: Students
    guardians: Guardians


@dataclass(frozen=True)
class Staff:
    """Some positions of a night and who holds them; `person` is the position plus all positions a change."""

    position: Integers
    replaced: Integers
    given: Integers
    name: Integers
    email_version: Integers
    number: Integers  # -1 where there is none
    family: Integers  # of which this staff member is a parent, else -1


class Night:
    """One night of a district."""

    def __init__(self, layout: Layout, draws: Draws, night: int) -> None:
        self.layout = layout
        self.draws = draws
        self.night = night
        self.telephones = TelephoneNumbers.of(layout)

    @property
    def families(self) -> int:
        """Families that there have ever been up to this night."""
        return self.layout.first_families + (self.night - 1) * self.layout.new_families

    @cached_property
    def gone_families(self) -> Integers:
        """Families that have left; one in four of them comes back two nights later."""
        import numpy as np

        count = max(1, self.layout.first_families // 550)
        gone: set[int] = set()
        for past in range(2, self.night + 1):
            picked = self.draws.some(f"families leave, night {past}", count, self.layout.first_families)
            gone.update(family for family in picked if family % 4 or self.night < past + 2)
        return np.array(sorted(gone), dtype=np.int64)

    @cached_property
    def gone_students(self) -> Integers:
        """Students who have left while a brother or sister stays: the second of three children."""
        import numpy as np

        blocks = max(1, self.layout.students // STUDENTS_IN_BLOCK)
        gone: set[int] = set()
        for past in range(2, self.night + 1):
            count = max(1, self.layout.students // 1000)
            for block in self.draws.some(f"students leave, night {past}", count, blocks):
                sizes = BLOCK_SIZES[self._arrangement(np.array([block], dtype=np.int64)).tolist()[0]]
                gone.add(block * STUDENTS_IN_BLOCK + sum(sizes[: sizes.index(3)]) + 1)
        return np.array(sorted(gone), dtype=np.int64)

    @cached_property
    def absent_classes(self) -> Integers:
        """Classes that are not in tonight's files: each is away for two nights, then returns."""
        import numpy as np

        count = max(1, self.layout.class_count // 700)
        absent: set[int] = set()
        for past in range(max(2, self.night - 1), self.night + 1):
            absent.update(self.draws.some(f"classes vanish, night {past}", count, self.layout.class_count))
        return np.array(sorted(absent), dtype=np.int64)

    @cached_property
    def parent_positions(self) -> Integers:
        """Positions whose first holders are parents of a student: one in six."""
        import numpy as np

        positions: Integers = np.arange(DISTRICT_POSITIONS, self.layout.positions, dtype=np.int64)
        parents: Integers = positions[self.draws.pick("staff are parents", positions, 6) == 0]
        return parents

    @cached_property
    def parent_families(self) -> Integers:
        """Their families, in the same order, which is ascending."""
        import numpy as np

        parents = len(self.parent_positions)
        rank: Integers = np.arange(parents, dtype=np.int64)
        return rank * self.layout.first_families // max(1, parents)

    def staff_at(self, positions: Integers) -> Staff:
        """Those who hold the positions."""
        return self._staff(positions, self.draws.times("staff leave", positions, 1500, self.night))

    def _staff(self, positions: Integers, replaced: Integers) -> Staff:
        import numpy as np

        person = positions + replaced * self.layout.positions
        family = self._family_of_position(positions)
        family = np.where(replaced == 0, family, -1)
        own_name = self._family_name("staff", person)
        name = np.where(family >= 0, self._family_name("family", np.maximum(family, 0)), own_name)
        changes = self.draws.times("staff mobile", person, 2000, self.night)
        slots = self.telephones.of_staff(positions)
        fresh = self._fresh_slots("staff mobile", person + changes * AGAIN)
        number = self.telephones.numbers(np.where((changes > 0) | (replaced > 0), fresh, slots))
        without = self.draws.chance("staff without mobile", person, 100_000) & (family < 0)
        return Staff(
            position=positions,
            replaced=replaced,
            given=self.draws.pick("staff given name", person, len(GIVEN_NAMES)),
            name=name,
            email_version=self.draws.times("staff e-mail", person, 3000, self.night),
            number=np.where(without, -1, number),
            family=family,
        )

    def parents_on_staff(self, positions: Integers) -> Staff:
        """The first holders of the positions, whether they still hold them or not."""
        import numpy as np

        return self._staff(positions, np.zeros(len(positions), dtype=np.int64))

    def families_at(self, family: Integers) -> Families:
        """Those of the families who are in tonight's files."""
        import numpy as np

        first, size = self._children(family)
        place = np.arange(3, dtype=np.int64)
        students = first[:, None] + place
        here = (place < size[:, None]) & ~np.isin(family, self.gone_families)[:, None]
        here &= ~np.isin(students, self.gone_students)
        of_student, _ = np.nonzero(here)
        student = students[here]
        moves = self.draws.times("families move", family, 1000, self.night)
        zone = self.draws.pick("zone", family + moves * AGAIN, 1 << 31)
        telephones = self.draws.times("home telephone", family, 2000, self.night)
        home = np.where(
            telephones > 0,
            self._fresh_slots("home telephone", family + telephones * AGAIN),
            self.telephones.of_home(family),
        )
        no_home = ~self.draws.chance("home telephone", family, 450_000)
        home_number = np.where(no_home, -1, self.telephones.numbers(home))
        second_name = self._second_name(family)
        return Families(
            family=family,
            home_number=home_number,
            students=self._students(family, student, of_student, zone, second_name),
            guardians=self._guardians(family, np.isin(np.arange(len(family)), of_student), second_name),
        )

    def _students(
        self, family: Integers, student: Integers, of_student: Integers, zone: Integers, second_name: Integers
    ) -> Students:
        import numpy as np

        steps = self.draws.times("grade corrected", student, 1000, self.night)
        grade = np.minimum(GRADES - 1, self.draws.pick("grade", student, GRADES) + steps)
        level = np.searchsorted(np.array([kind.first_grade for kind in LEVELS]), grade, side="right") - 1
        school = np.zeros(len(student), dtype=np.int64)
        for which, classes in enumerate(self.layout.classes):
            at = level == which
            school[at] = classes.first_school + self.layout.school_of(which, zone[of_student[at]])
        spelt = self.draws.times("student name", student, 1000, self.night)
        both = self.draws.chance("both names", family, 300_000)
        name = self._family_name("family", family)
        plain = (name < len(FAMILY_NAMES)) & (second_name < len(FAMILY_NAMES)) & (name != second_name)
        second = np.where(both & plain, second_name, -1)
        has_number = (student % 4 == 0) & (grade >= 6)
        number = self.telephones.numbers(self.telephones.of_student(student))
        of_parent = self.telephones.numbers(self.telephones.of_guardian(family[of_student] * 2))
        number = np.where(self.draws.chance("mobile of a parent", student, 20_000), of_parent, number)
        return Students(
            student=student,
            family=of_student,
            given=self.draws.pick("student given name", student + spelt * AGAIN, len(GIVEN_NAMES)),
            name=name[of_student],
            second_name=second[of_student],
            grade=grade,
            level=level,
            school=school,
            number=np.where(has_number, number, -1),
        )

    def _guardians(self, family: Integers, here: Flags, second_name: Integers) -> Guardians:
        import numpy as np

        two = self.draws.chance("two guardians", family, 700_000)
        left = self.draws.times("second guardian leaves", family, 300, self.night) > 0
        present = np.stack([here, here & two & ~left], axis=1)
        of_guardian, place = np.nonzero(present)
        guardian = family[of_guardian] * 2 + place
        position = np.where(place == 0, self._position_of_family(family)[of_guardian], -1)
        first_name = np.where(place == 0, self._family_name("family", family)[of_guardian], second_name[of_guardian])
        renamed = self.draws.times("guardian name", guardian, 400, self.night)
        name = np.where(renamed > 0, self._family_name("renamed", guardian + renamed * AGAIN), first_name)
        shares = self.draws.pick("shares", guardian, 1000)
        can_share = (place == 1) & (self._position_of_family(family)[of_guardian] < 0)
        version = self.draws.times("guardian e-mail", guardian, 2500, self.night)
        no_email = self.draws.chance("guardian without e-mail", guardian, 70_000)
        no_email ^= self.draws.times("guardian e-mail blank", guardian, 300, self.night) % 2 == 1
        changes = self.draws.times("guardian mobile", guardian, 2000, self.night)
        fresh = self._fresh_slots("guardian mobile", guardian + changes * AGAIN)
        number = self.telephones.numbers(np.where(changes > 0, fresh, self.telephones.of_guardian(guardian)))
        no_number = self.draws.chance("guardian without mobile", guardian, 90_000)
        return Guardians(
            guardian=guardian,
            family=of_guardian,
            given=self.draws.pick("guardian given name", guardian, len(GIVEN_NAMES)),
            name=name,
            first_name=first_name,
            email_version=np.where(no_email, -1, version),
            domain=self.draws.pick("domain", guardian, len(HOME_DOMAINS)),
            number=np.where(no_number, -1, number),
            shares_email=can_share & (shares >= 30) & (shares < 78),
            shares_number=can_share & ((shares < 30) | ((shares >= 70) & (shares < 78))),
            position=position,
        )

    def _children(self, family: Integers) -> tuple[Integers, Integers]:
        """First student and number of children; blocks on the first night, three indexes each later."""
        import numpy as np

        sizes = np.array(BLOCK_SIZES, dtype=np.int64)
        starts = np.cumsum(sizes, axis=1) - sizes
        block, place = family // FAMILIES_IN_BLOCK, family % FAMILIES_IN_BLOCK
        row = self._arrangement(block)
        first = block * STUDENTS_IN_BLOCK + starts[row, place]
        size = np.clip(self.layout.students - first, 0, sizes[row, place])
        newcomer = family >= self.layout.first_families
        later = self.layout.students + 3 * (family - self.layout.first_families)
        children = 1 + self.draws.pick("children", family, 3)
        return np.where(newcomer, later, first), np.where(newcomer, children, size)

    def _arrangement(self, block: Integers) -> Integers:
        return self.draws.pick("block", block, len(BLOCK_SIZES))

    def _family_name(self, whose: str, index: Integers) -> Integers:
        """Family names, one in 25 a special one; those follow the plain ones."""
        import numpy as np

        plain = self.draws.pick(f"{whose} name", index, len(FAMILY_NAMES))
        special = len(FAMILY_NAMES) + self.draws.pick(f"{whose} special name", index, len(SPECIAL_FAMILY_NAMES))
        return np.where(self.draws.pick(f"{whose} kind of name", index, 25) == 0, special, plain)

    def _second_name(self, family: Integers) -> Integers:
        """The second guardian's family name: the same for two in three."""
        import numpy as np

        same = self.draws.chance("one name", family, 650_000)
        return np.where(same, self._family_name("family", family), self._family_name("second", family))

    def _fresh_slots(self, whose: str, index: Integers) -> Integers:
        return self.telephones.of_change(self.draws.pick(f"{whose} changed", index, 1 << 31))

    def _position_of_family(self, family: Integers) -> Integers:
        """The position of the staff member who is the first guardian, else -1."""
        return _look_up(family, self.parent_families, self.parent_positions)

    def _family_of_position(self, position: Integers) -> Integers:
        return _look_up(position, self.parent_positions, self.parent_families)


def _look_up(wanted: Integers, keys: Integers, values: Integers) -> Integers:
    """The values of the wanted keys (ascending), -1 where there is none."""
    import numpy as np

    if not len(keys):
        return np.full(len(wanted), -1, dtype=np.int64)
    at = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    return np.where(keys[at] == wanted, values[at], -1)
