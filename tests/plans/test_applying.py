"""Plans of nights that guards held or stopped, plans of another program, and what of a plan is in its file."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from rostersync import plans, two_steps
from rostersync.errors import RefusedByPolicy
from rostersync.model.plan_file import PlanFile
from rostersync.settings.overrides import parse
from tests.policies.district import District, enrollment, guardian, school_class, student


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> District:
    """A district after its first night, one of its students active with another e-mail."""
    district = District(tmp_path_factory.mktemp("first"))
    people = [student(f"S{n}", f"G{n}") for n in range(6)] + [guardian(f"G{n}", f"S{n}") for n in range(6)]
    places = [enrollment("K1", f"S{n}") for n in range(6)]
    district.night(people, [school_class("K1")], places)
    return district


@pytest.fixture
def district(first: District, tmp_path: Path) -> District:
    return first.copy(tmp_path)


@pytest.fixture
def kept(district: District) -> PlanFile:
    """The plan of a night in which one family is new, one is gone and one has moved to another grade."""
    people = [student(f"S{n}", f"G{n}", grades="06" if n == 1 else "05") for n in range(1, 7)]
    people += [guardian(f"G{n}", f"S{n}") for n in range(1, 7)]
    places = [enrollment("K1", f"S{n}") for n in range(1, 7)]
    source = district.files(people, [school_class("K1")], places)
    two_steps.plan(district.settings, district.folder / "plan.json", source=source)
    return plans.read(district.folder / "plan.json")


def ended(plan: PlanFile, status: str, exit_code: int) -> PlanFile:
    """The plan as of a night that ended so, through a file."""
    run = plan.summary.run.model_copy(update={"status": status, "exit_code": exit_code})
    return plan.model_copy(update={"summary": plan.summary.model_copy(update={"run": run})})


def last_run(district: District) -> dict[str, object]:
    return district.rows("SELECT * FROM roster_runs ORDER BY run_id DESC")[0]


def test_only_rows_that_are_written_or_spoken_of_are_in_the_file(kept: PlanFile) -> None:
    users = kept.decisions["users"]
    assert {row[users.varying.index("id")] for row in users.rows} == {"S0", "G0", "S1", "S6", "G6"}
    assert not [name for name in users.types if name.startswith(("in_", "set_")) and name != "in_import"]
    assert len(kept.decisions["enrollments"].rows) == 2
    assert len(kept.decisions["pairs"].rows) == 1


def test_a_held_night_is_applied_and_keeps_status_and_exit_code(district: District, kept: PlanFile) -> None:
    outcome = two_steps.apply(district.settings, ended(kept, "held", 5))
    assert outcome.exit_code == 5
    assert (last_run(district)["status"], last_run(district)["applied"]) == ("held", 1)
    assert district.statuses()["S0"] == "archived"
    told = json.loads((outcome.report_folder / "summary.json").read_text(encoding="utf-8"))
    assert (told["run"]["status"], told["run"]["exit_code"], told["run"]["dry_run"]) == ("held", 5, False)


def test_a_stopped_night_applies_nothing(district: District, kept: PlanFile) -> None:
    before = district.everything()
    assert two_steps.apply(district.settings, ended(kept, "stopped", 5)).exit_code == 5
    assert district.everything() == before
    assert (last_run(district)["status"], last_run(district)["applied"]) == ("stopped", 0)


def test_a_plan_of_another_program_is_refused(district: District, kept: PlanFile) -> None:
    before = district.everything()
    with pytest.raises(RefusedByPolicy, match=r"made by rostersync 0\.0\.9, this is"):
        two_steps.apply(district.settings, kept.model_copy(update={"program": "0.0.9"}))
    assert district.everything() == before


def test_words_given_to_apply_decide_the_same_night_again(district: District, kept: PlanFile, tmp_path: Path) -> None:
    twin = district.copy(tmp_path / "twin")
    one = two_steps.apply(district.settings, kept)
    other = two_steps.apply(twin.settings, kept, let_through=parse(["students"]))
    for name in ("users", "classes", "enrollments", "guardianships", "issues"):
        assert (one.report_folder / f"{name}.csv").read_bytes() == (other.report_folder / f"{name}.csv").read_bytes()
    assert district.statuses() == twin.statuses()


def test_the_file_is_the_same_plan(district: District, kept: PlanFile) -> None:
    plans.write(district.folder / "again.json", kept)
    assert plans.read(district.folder / "again.json") == kept
    assert (district.folder / "again.json").read_bytes() == (district.folder / "plan.json").read_bytes()
