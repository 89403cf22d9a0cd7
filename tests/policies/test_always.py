"""R-A1 to R-A4: what holds of every night, told on made-up districts in which everything happens at once."""

from __future__ import annotations

import os
import random
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from rostersync.state import writer
from tests.policies import test_classes, test_enrollments, test_families, test_guardianships
from tests.policies.district import District, Row, enrollment, guardian, person, school_class, student, teacher
from tests.policies.story import Town

TOWNS = [
    pytest.param(town, id=town.prefix)
    for town in (
        test_families.TOWN,
        test_guardianships.TOWN,
        test_classes.TOWN,
        test_classes.STAYS_ARCHIVED,
        test_enrollments.TOWN,
    )
]


class Chance:
    """A district that lives by dice: families, links of either side, classes and rolls change from night to night."""

    def __init__(self, seed: int, families: int = 12) -> None:
        self.dice = random.Random(seed)
        self.students = {f"S{number}": self._student(number) for number in range(families * 2)}
        self.guardians = {f"G{number}": self._guardian(number) for number in range(families * 2)}
        self.links = {
            (f"G{2 * family + parent}", f"S{2 * family + child}")
            for family in range(families)
            for parent in range(2)
            for child in range(2)
            if self.dice.random() < 0.7
        }
        self.links |= {(self.dice.choice(list(self.guardians)), s) for s in self.students if self.dice.random() < 0.15}
        self.classes = {f"K{number}" for number in range(1, 7)}
        self.rolls = {(self.dice.choice(sorted(self.classes)), s) for s in self.students for _ in range(2)}
        self.away: set[str] = set()
        self.spoiled: set[str] = set()
        self.sides = dict.fromkeys(self.links, "student")
        self.staffed: set[str] = set()

    def _student(self, number: int) -> Row:
        return student(f"S{number}", orgSourcedIds=self.dice.choice(["A", "B", "A,B"]))

    def _guardian(self, number: int) -> Row:
        return guardian(f"G{number}", sms=f"206-555-{1000 + number}" if number % 3 else "")

    def pass_a_day(self) -> None:
        """People leave and return, links and rolls change, a few rows are spoiled."""
        for ids, chance in ((self.students, 0.12), (self.guardians, 0.1), (dict.fromkeys(self.classes), 0.12)):
            for some in ids:
                if self.dice.random() < (0.4 if some in self.away else chance):
                    self.away ^= {some}
        everybody = [*self.students, *self.guardians, *sorted(self.classes)]
        self.spoiled = {some for some in everybody if self.dice.random() < 0.04}
        self.staffed ^= {some for some in self.guardians if self.dice.random() < 0.06}
        for pair in sorted(self.links):
            if self.dice.random() < 0.08:
                self.links.discard(pair)
        self.links |= {(self.dice.choice(list(self.guardians)), s) for s in self.students if self.dice.random() < 0.08}
        self.sides = {pair: self.dice.choice(["student", "guardian", "both"]) for pair in sorted(self.links)}
        for roll in sorted(self.rolls):
            if self.dice.random() < 0.08:
                self.rolls.discard(roll)
        self.rolls |= {(self.dice.choice(sorted(self.classes)), s) for s in self.students if self.dice.random() < 0.08}
        for row in self.guardians.values():
            if self.dice.random() < 0.08:
                row["email"] = f"{self.dice.choice(list(self.guardians)).lower()}@families.example.org"

    def rows(self) -> dict[str, list[Row]]:
        """Tonight's rows."""
        agents: dict[str, list[str]] = {}
        for (guardian_id, student_id), side in sorted(self.sides.items()):
            if side != "guardian":
                agents.setdefault(student_id, []).append(guardian_id)
            if side != "student":
                agents.setdefault(guardian_id, []).append(student_id)
        users = []
        for user_id, row in [*self.students.items(), *self.guardians.items()]:
            if user_id in self.away:
                continue
            tonight = {**row, "agentSourcedIds": ",".join(agents.get(user_id, []))}
            tonight |= {"role": "teacher"} if user_id in self.staffed else {}
            tonight |= {"givenName": ""} if user_id in self.spoiled else {}
            users.append(tonight)
        classes = [
            school_class(name, **({"title": ""} if name in self.spoiled else {}))
            for name in sorted(self.classes - self.away)
        ]
        return {"users": users, "classes": classes, "enrollments": [enrollment(*roll) for roll in sorted(self.rolls)]}


def said(report: Any) -> dict[str, list[Row]]:
    """All rows of a report, but for files and lines."""
    kinds = ("users", "classes", "enrollments", "guardianships")
    return {kind: report.rows(kind) for kind in kinds}


def said_wherever(report: Any) -> dict[str, list[Row]]:
    """The same without the numbers of lines, which another order of rows changes."""
    found = {
        kind: [{**row, "notes": re.sub(r"line \d+", "line", row["notes"])} for row in rows]
        for kind, rows in said(report).items()
    }
    return {kind: sorted(rows, key=lambda row: list(row.values())) for kind, rows in found.items()}


def state_of(district: District) -> dict[str, list[tuple[Any, ...]]]:
    """Everything but what carries the ids of runs."""
    found = district.everything()
    found["changes"] = [row[1:] for row in district.everything()["changes"]]
    found["changes"].sort(key=repr)
    found["outbox"] = [row[1:5] for row in found["outbox"]]
    return found


# --- R-A1 -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize("seed", [1, 2])
def test_r_a1_the_same_import_twice_writes_no_change(tmp_path: Path, seed: int, full: bool) -> None:
    district, chance = District(tmp_path), Chance(seed)
    for _ in range(2):
        chance.pass_a_day()
        first = district.night(**chance.rows())
        before = district.everything()
        second = district.night(**chance.rows(), full=full)
        assert district.everything() == before
        moving = {"added", "linked", "updated", "archived", "removed", "ended", "restored"}
        assert [row for rows in said(second).values() for row in rows if row["action"] in moving] == []
        for kind in ("users", "classes"):
            kept = [row for row in said(first)[kind] if row["action"] in {"kept", "withheld"}]
            assert [row for row in said(second)[kind] if row["action"] in {"kept", "withheld"}] == kept
        assert second.rows("issues") == first.rows("issues")


# --- R-A2 -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("town", TOWNS)
def test_r_a2_another_order_of_rows_and_columns_gives_the_same_nights(
    tmp_path_factory: pytest.TempPathFactory, town: Town
) -> None:
    for one, other in zip(town.lived(tmp_path_factory), town.lived(tmp_path_factory, shuffle=7), strict=True):
        assert said_wherever(one.report) == said_wherever(other.report)
        for table, rows in one.tables.items():
            assert sorted(_without_run(rows), key=repr) == sorted(_without_run(other.tables[table]), key=repr)


@pytest.mark.parametrize("seed", [3])
def test_r_a2_another_order_every_night_changes_nothing(tmp_path: Path, seed: int) -> None:
    (tmp_path / "one").mkdir()
    (tmp_path / "other").mkdir()
    one, other = District(tmp_path / "one"), District(tmp_path / "other")
    chance = Chance(seed)
    for number in range(4):
        told = one.night(**chance.rows())
        told_too = other.night(**chance.rows(), shuffle=number)
        assert said_wherever(told) == said_wherever(told_too)
        assert state_of(one) == state_of(other)
        chance.pass_a_day()


def test_r_a2_the_order_alone_is_no_change(tmp_path: Path) -> None:
    district, chance = District(tmp_path), Chance(4)
    district.night(**chance.rows())
    before = district.everything()
    district.night(**chance.rows(), shuffle=5)
    assert district.everything() == before


def _without_run(rows: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    return [tuple(value for key, value in row.items() if key != "run_id") for row in rows]


# --- The quick look and the full one --------------------------------------------------------------------------------


@pytest.mark.parametrize("town", TOWNS)
def test_r_a3_the_full_look_gives_the_same_nights(tmp_path_factory: pytest.TempPathFactory, town: Town) -> None:
    for quick, full in zip(town.lived(tmp_path_factory), town.lived(tmp_path_factory, full=True), strict=True):
        assert said(quick.report) == said(full.report)
        for table, rows in quick.tables.items():
            assert sorted(_without_run(rows), key=repr) == sorted(_without_run(full.tables[table]), key=repr)


@pytest.mark.parametrize("seed", [306, 311])
def test_r_a3_the_full_look_gives_the_same_nights_whatever_happens(tmp_path: Path, seed: int) -> None:
    (tmp_path / "quick").mkdir()
    (tmp_path / "full").mkdir()
    quick, full = District(tmp_path / "quick"), District(tmp_path / "full")
    chance = Chance(seed, families=10)
    for _ in range(6):
        rows = chance.rows()
        assert said(quick.night(**rows)) == said(full.night(**rows, full=True))
        assert state_of(quick) == state_of(full)
        chance.pass_a_day()


# --- R-A3 -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", [21])
@pytest.mark.parametrize("full", [False, True])
def test_r_a3_what_a_dry_run_says_the_run_after_it_does(tmp_path: Path, seed: int, full: bool) -> None:
    district, chance = District(tmp_path), Chance(seed)
    for _ in range(3):
        folder = district.files(**chance.rows())
        before, runs = district.everything(), district.rows("SELECT * FROM roster_runs")
        dry = district.sync(folder, dry_run=True, full=full)
        assert district.everything() == before
        assert district.rows("SELECT * FROM roster_runs") == runs
        wet = district.sync(folder, full=full)
        assert said(wet) == said(dry)
        assert wet.rows("issues") == dry.rows("issues")
        assert wet.summary["counts"] == dry.summary["counts"]
        assert wet.summary["codes"] == dry.summary["codes"]
        chance.pass_a_day()


# --- R-A4 -----------------------------------------------------------------------------------------------------------

STEPS = sorted(name for name in vars(writer) if name.startswith("_write_"))
FIRST = {
    "users": [
        student("S1", "G1"),
        student("S2", "G1"),
        guardian("G1"),
        teacher("T1"),
        student("S4", "G4"),
        guardian("G4"),
    ],
    "classes": [school_class("K1"), school_class("K2")],
    "enrollments": [enrollment("K1", "S1"), enrollment("K1", "S2"), enrollment("K1", "T1", "teacher")],
}
SECOND = {
    "users": [
        student("S1", "G2", email="new@x.example.org"),
        guardian("G2"),
        student("S3"),
        person("T1", "administrator", email="t1@staff.example.org"),
        student("S4"),
        guardian("G4", email="other@x.example.org"),
    ],
    "classes": [school_class("K1", title="Other"), school_class("K3")],
    "enrollments": [enrollment("K1", "S1"), enrollment("K3", "S3"), enrollment("K1", "T1", "teacher")],
}


@pytest.fixture(scope="module")
def second_night(tmp_path_factory: pytest.TempPathFactory) -> tuple[District, dict[str, Any]]:
    """A district after its first night, and what its second one makes of it."""
    district = District(tmp_path_factory.mktemp("first"), update_active_contacts=True)
    district.night(**FIRST)
    district.accept("G4", "S1")
    told = district.copy(tmp_path_factory.mktemp("told"))
    told.night(**SECOND)
    return district, state_of(told)


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("step", [*STEPS, "record_run"])
def test_r_a4_an_error_in_the_middle_leaves_nothing(
    tmp_path: Path,
    second_night: tuple[District, dict[str, Any]],
    monkeypatch: pytest.MonkeyPatch,
    step: str,
    when: str,
) -> None:
    district, expected = second_night[0].copy(tmp_path), second_night[1]
    before, runs = district.everything(), _applied(district)
    done = getattr(writer, step)

    def fails(*args: object, **values: object) -> object:
        if when == "after":
            done(*args, **values)
        raise RuntimeError("the disk is on fire")

    with monkeypatch.context() as patched:
        patched.setattr(writer, step, fails)
        with pytest.raises(RuntimeError):
            district.night(**SECOND)
    assert district.everything() == before
    assert _applied(district) == runs
    district.night(**SECOND)
    assert state_of(district) == expected


def _applied(district: District) -> list[dict[str, Any]]:
    return district.rows("SELECT * FROM roster_runs WHERE applied = 1")


KILLED = """
import os, sys
from pathlib import Path
from rostersync import pipeline, settings
from rostersync.state import writer
folder, source, step = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
done = getattr(writer, step)
def dies(*args, **values):
    done(*args, **values)
    os._exit(9)
setattr(writer, step, dies)
pipeline.sync(settings.load(folder / "rostersync.toml", {}), source=source, dry_run=False, full=False)
"""


@pytest.mark.parametrize("step", ["_update_users", "_write_messages", "apply"])
def test_r_a4_a_run_that_is_killed_leaves_nothing(
    tmp_path: Path, second_night: tuple[District, dict[str, Any]], step: str
) -> None:
    district, expected = second_night[0].copy(tmp_path), second_night[1]
    before, runs = district.everything(), district.rows("SELECT * FROM roster_runs")
    folder = district.files(**SECOND)
    ended = subprocess.run(
        [sys.executable, "-c", KILLED, str(district.folder), str(folder), step],
        check=False,
        capture_output=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    )
    assert ended.returncode == 9, ended.stderr
    assert district.everything() == before
    assert district.rows("SELECT * FROM roster_runs") == runs
    district.sync(folder)
    assert state_of(district) == expected
    assert len(_applied(district)) == 2
