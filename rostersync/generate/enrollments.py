"""The rows of students in enrollments.csv: one class a subject, whose section changes now and then."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from rostersync.generate.catalog import FALL_ENDS, FIRST_DAY, LAST_DAY, class_id, school_id
from rostersync.generate.layout import FALL_ONLY, LEVELS
from rostersync.generate.night import Night, Students

if TYPE_CHECKING:
    from rostersync.generate.draws import Integers

DROPPED_ON: Final = "2026-09-15"
"""Half of the classes that are dropped stay in the file with this end date, the other half vanish."""
SLOTS: Final = 16
"""Room for the subjects of a student in the indexes of draws."""


def student_enrollments(night: Night, students: Students) -> Iterator[str]:
    """Give what the students are enrolled in tonight, without the classes that are away."""
    import numpy as np

    for number, (level, group) in enumerate(zip(LEVELS, night.layout.classes, strict=True)):
        at = np.flatnonzero(students.level == number)
        subject: Integers = np.tile(np.arange(group.subjects, dtype=np.int64), len(at))
        student = np.repeat(students.student[at], group.subjects)
        school = np.repeat(students.school[at], group.subjects)
        grade = np.repeat(students.grade[at], group.subjects) - level.first_grade
        # in the first level the children of a homeroom are together in all subjects
        same_section = student * SLOTS + (subject if number else 0)
        switched = night.draws.times("section", same_section, 3000, night.night)
        section = (night.draws.pick("section", same_section, group.sections) + switched) % group.sections
        of_school = group.first + (school - group.first_school) * group.per_school
        taken = of_school + (grade * group.subjects + subject) * group.sections + section
        dropped = night.draws.times("class dropped", student * SLOTS + subject, 800, night.night) > 0
        dated = night.draws.pick("drop is dated", student * SLOTS + subject, 2) == 0
        keep = ~np.isin(taken, night.absent_classes) & (~dropped | dated)
        ends = [FALL_ENDS if code == FALL_ONLY else LAST_DAY for code, _ in level.subjects]
        columns = zip(
            taken[keep].tolist(),
            student[keep].tolist(),
            school[keep].tolist(),
            subject[keep].tolist(),
            dropped[keep].tolist(),
            strict=True,
        )
        for of_class, who, where, of_subject, drop in columns:
            yield (
                f"{class_id(of_class)}-{who},,,{class_id(of_class)},{school_id(where)},s{who:07d},student,false,"
                f"{FIRST_DAY},{DROPPED_ON if drop else ends[of_subject]}"
            )
