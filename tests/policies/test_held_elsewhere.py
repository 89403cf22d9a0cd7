"""R-D2: what a guard holds at one school of a person who leaves another one."""

from __future__ import annotations

from pathlib import Path

import pytest

from rostersync.state.invariants import INVARIANTS
from tests.policies.district import District, Report, Row, enrollment, guardian, school_class, student, teacher

NUMBERS = range(1, 13)
STUDENTS = [student(f"S{number}", f"G{number}") for number in NUMBERS]
GUARDIANS = [guardian(f"G{number}") for number in NUMBERS]
CLASSES = [school_class("K1"), school_class("K2", schoolSourcedId="B")]
OF_STUDENTS = [enrollment("K1", f"S{number}") for number in NUMBERS]


def broken(district: District) -> dict[str, list[str]]:
    """What breaks a rule of every state, by the rule's name."""
    found = {rule.name: [str(row) for row in district.rows(rule.query)] for rule in INVARIANTS}
    return {name: ids for name, ids in found.items() if ids}


@pytest.mark.parametrize("rows_stay", [True, False], ids=["rows there", "rows gone"])
@pytest.mark.parametrize(
    ("who", "role"),
    [(teacher("P", orgSourcedIds="B"), "teacher"), (student("P", "", orgSourcedIds="B"), "student")],
    ids=["teacher", "student"],
)
def test_r_d2_an_enrollment_is_held_at_its_school_while_its_person_leaves_another(
    tmp_path: Path, who: Row, role: str, rows_stay: bool
) -> None:
    district = District(tmp_path)
    district.configure(guards={"max_removed": "10%", "max_changed": "100%", "small": 5})
    of_person = [enrollment("K1", "P", role), enrollment("K2", "P", role)]

    def night(students: list[Row], *, person: bool) -> Report:
        rows = of_person if person or rows_stay else []
        return district.night([*GUARDIANS, *students, *([who] if person else [])], CLASSES, [*OF_STUDENTS, *rows])

    night(STUDENTS, person=True)
    for _ in range(2):
        report = night(STUDENTS[8:], person=False)
        assert report.summary["run"]["exit_code"] == 5
        assert district.statuses()["P"] == "archived"
        ends = {key[0]: status for key, status in district.enrollments().items() if key[1] == "P"}
        assert ends == {"K1": "current", "K2": "ended"}
        assert broken(district) == {}
    report = night(STUDENTS, person=False)
    assert report.summary["run"]["exit_code"] == 0
    assert district.enrollments()["K1", "P"] == "ended"
    assert broken(district) == {}
