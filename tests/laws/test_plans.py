"""Applying a kept plan equals running the sync (contract.md, `plan` and `apply`): same state, same report."""

from __future__ import annotations

import json
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, note, settings
from hypothesis import strategies as st

from rostersync import plans, two_steps
from rostersync.importers.layouts import LAYOUTS
from tests.laws import checks
from tests.laws.stories import Night, Step, class_rows, enrollment_rows, tell, user_rows
from tests.laws.test_laws import LONG, QUICK, Make, new_district, stories
from tests.policies.district import District, Report, Row, teacher

__all__ = ["new_district"]

OF_THE_RUN = {
    *("run_id", "started_at", "finished_at", "created_at", "summary", "source", "content", "made_at", "generation")
}
"""Columns that say when and from where, and the packed report, which is compared as files."""
OF_THE_STATE = {
    *("snapshot", "created_at", "generation", "based_on", "delivery_since", "last_deliveries"),
    *(f"told:{name}" for name in ("*", *(layout.file for layout in LAYOUTS))),
}
"""Facts that may differ: a plan from a file leaves no snapshot, so the next night looks at everybody; ids and times."""


def plan_and_apply(district: District, folder: Path) -> Report:
    """The night of these files in two steps, the plan through its file."""
    file = district.folder / "plan.json"
    before = checks.state_digest(district)
    two_steps.plan(district.settings, file, source=folder)
    assert checks.state_digest(district) == before, "a plan wrote to the state"
    outcome = two_steps.apply(district.settings, plans.read(file))
    return Report(outcome.report_folder, outcome.summary.to_json())


def every_table(district: District) -> dict[str, list[Any]]:
    """Every row of every table, what belongs to the run itself left out."""
    with closing(sqlite3.connect(f"file:{district.folder / 'state.db'}?mode=ro", uri=True)) as state:
        state.row_factory = sqlite3.Row
        names = [name for (name,) in state.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {
            name: sorted(
                (
                    [row[column] for column in row.keys() if column not in OF_THE_RUN]  # noqa: SIM118 - of sqlite3
                    for row in state.execute(f"SELECT * FROM {name}")
                    if name != "meta" or row["key"] not in OF_THE_STATE
                    if name != "before_images" or row["key"] not in {f'["{fact}"]' for fact in OF_THE_STATE}
                ),
                key=repr,
            )
            for name in names
        }


def files(report: Report) -> dict[str, bytes]:
    """The CSVs as they lie there."""
    return {path.name: path.read_bytes() for path in report.folder.glob("*.csv")}


def counted(report: Report) -> str:
    """What the summary counts."""
    keys = ("counts", "codes", "schools", "findings", "guards_tripped", "settings_digest")
    return json.dumps({key: report.summary[key] for key in keys}, sort_keys=True)


def check_same(district: District, report: Report, other: District, applied: Report) -> None:
    """The one ran a sync, the other applied a plan: the same state, the same report."""
    assert files(report) == files(applied), "the applied plan reports something else"
    assert counted(report) == counted(applied)
    wrong = checks.differences(every_table(district), every_table(other))
    assert not wrong, f"the sync, the applied plan: {wrong}"
    assert checks.differences(checks.state_of(district), checks.state_of(other)) == {}


def planned_twins(story: list[Step], new_district: Make) -> None:
    """Two districts with one story; the other one's nights are planned, then applied."""
    district, other = new_district(), new_district()
    for number, step in enumerate(story):
        note(f"step {number}: {step}")
        if not isinstance(step, Night):
            assert tell(district, step) == tell(other, step)
            continue
        if step.forget:
            shutil.rmtree(district.folder / "state.db.snapshots", ignore_errors=True)
        report = tell(district, step)
        assert isinstance(report, Report)
        rows = (user_rows(step), class_rows(step), enrollment_rows(step))
        applied = plan_and_apply(other, other.files(*rows, without={"users": step.without}))
        check_same(district, report, other, applied)
        if number % 2:  # from here the other one's sync has the snapshot of a night that was run
            checks.check_repeat(other, step, full=False)
            checks.check_repeat(district, step, full=False)


def test_what_is_no_longer_said_of_an_unchanged_record_is_not_said_again(tmp_path: Path) -> None:
    """T2 agrees with T1, the leading record of their account, because T1's row changed: T2 itself is not written."""

    def night(phone: str) -> list[Row]:
        one = {"givenName": "Ana", "familyName": "Ruiz", "email": "ana@staff.example.org"}
        return [teacher("T1", **one, phone=phone), teacher("T2", **one, phone="503-555-0100")]

    district = District(tmp_path)
    district.night(night("503-555-0100"))
    district.accept("T1")  # so that the account stays as it is
    said = district.night(night("503-555-0111"))
    assert said.codes("T2") == ["LINKED_RECORD_DIFFERS"]
    other = district.copy(tmp_path / "other")
    report = district.night(night("503-555-0100"))
    applied = plan_and_apply(other, other.files(night("503-555-0100")))
    assert applied.codes("T2") == []
    check_same(district, report, other, applied)
    assert other.night(night("503-555-0100")).codes("T2") == []


@given(story=st.booleans().flatmap(lambda calm: stories(nights=4, calm=calm)))
@QUICK
def test_applying_a_plan_equals_running_the_sync(new_district: Make, story: list[Step]) -> None:
    planned_twins(story, new_district)


@pytest.mark.long
@given(story=st.booleans().flatmap(lambda calm: stories(nights=6, calm=calm)))
@settings(LONG, max_examples=2 * LONG.max_examples)
def test_applying_plans_in_many_stories(new_district: Make, story: list[Step]) -> None:
    planned_twins(story, new_district)
