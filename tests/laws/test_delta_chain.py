"""A chain of deltas leaves the state and says what bulk sets of the same nights would (policies.md R-V5)."""

from __future__ import annotations

import itertools
import os
import random
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.laws.checks import differences, report_rows, state_of
from tests.laws.stories import (
    Configure,
    Night,
    Step,
    class_rows,
    enrollment_rows,
    random_story,
    tell,
    user_rows,
    write_story,
)
from tests.policies.district import District, Report, Row

TABLES = ("users", "classes", "enrollments")
OPTIONS: dict[str, Any] = {"deadline": None, "database": None, "suppress_health_check": list(HealthCheck)}
SWEEP = range(int(os.environ.get("TESTS_LAW_SEEDS", "40")))


@pytest.fixture
def folders() -> Iterator[Iterator[Path]]:
    root = Path(tempfile.mkdtemp())
    yield (root / str(number) for number in itertools.count())
    shutil.rmtree(root)


def rows_of(night: Night) -> dict[str, dict[str, Row]]:
    """The rows of a night that are in the import, by sourcedId, per table."""
    parts = dict(zip(TABLES, (user_rows(night), class_rows(night), enrollment_rows(night)), strict=True))
    return {
        table: {row["sourcedId"]: row for row in rows if row["status"] != "tobedeleted"}
        for table, rows in parts.items()
    }


def delta_of(before: Mapping[str, Mapping[str, Row]], tonight: Mapping[str, Mapping[str, Row]]) -> dict[str, list[Row]]:
    """What a SIS would send: rows that are new or different, and a word for each that is gone."""
    delta = {}
    for table in TABLES:
        old, new = before[table], tonight[table]
        moved = [row for key, row in new.items() if old.get(key) != row]
        gone = [{"sourcedId": key, "status": "tobedeleted"} for key in old if key not in new]
        delta[table] = [*moved, *gone]
    return delta


def tellable(steps: Sequence[Step]) -> list[Step]:
    """The story without what a delta cannot tell: rows without a sourcedId, columns that come and go, other schools."""
    told: list[Step] = []
    for step in steps:
        match step:
            case Night():
                parts = {table: tuple(row for row in getattr(step, table) if row["sourcedId"]) for table in TABLES}
                told.append(replace(step, **parts, without=()))
            case Configure():
                told.append(replace(step, include=()))
            case _:
                told.append(step)
    return told


def check_chain(steps: Sequence[Step], folders: Iterator[Path], *, modes: random.Random | None = None) -> None:
    """Live the story with bulk sets and with deltas; with `modes` some files of a night are bulk all the same."""
    bulk, chain = (_district(next(folders)) for _ in range(2))
    before: dict[str, dict[str, Row]] | None = None
    for number, step in enumerate(steps):
        if not isinstance(step, Night):
            assert tell(bulk, step) == tell(chain, step)
            continue
        tonight = rows_of(step)
        whole = tell(bulk, step)
        assert isinstance(whole, Report)
        if before is None:
            tell(chain, step)
        else:
            said = {table: modes.choice(("bulk", "delta")) if modes else "delta" for table in TABLES}
            if step.forget:
                shutil.rmtree(chain.folder / "state.db.snapshots", ignore_errors=True)
            changed = delta_of(before, tonight)
            rows = {
                table: list(tonight[table].values()) if said[table] == "bulk" else changed[table] for table in TABLES
            }
            report = chain.delta(**rows, modes=said)
            wrong = differences(report_rows(whole), report_rows(report))
            assert not wrong, f"step {number}: the bulk set says, the delta says: {wrong}"
        before = tonight
        wrong = differences(state_of(bulk), state_of(chain))
        assert not wrong, f"step {number}: after the bulk set, after the delta: {wrong}"
        wrong = differences({"waiting": _waiting(bulk)}, {"waiting": _waiting(chain)})
        assert not wrong, f"step {number}: what waits after the bulk set, after the delta: {wrong}"


def _waiting(district: District) -> list[tuple[object, ...]]:
    """All but the cells: those of a record that the base had do not repeat that a cell of theirs was no phone."""
    return [tuple(row.values()) for row in district.rows("SELECT kind, id, deleted, code, notes FROM waiting")]


def _district(folder: Path) -> District:
    folder.mkdir()
    return District(folder)


@pytest.mark.parametrize("seed", range(6))
def test_a_chain_of_deltas_equals_the_bulk(folders: Iterator[Path], seed: int) -> None:
    check_chain(tellable(random_story(seed, 4, calm=seed % 2 == 0)), folders)


def test_bulk_files_beside_deltas(folders: Iterator[Path]) -> None:
    check_chain(tellable(random_story(77, 5)), folders, modes=random.Random(3))


@settings(max_examples=3, **OPTIONS)
@given(st.data())
def test_any_chain_of_deltas(data: st.DataObject) -> None:
    steps = write_story(lambda items: data.draw(st.sampled_from(list(items))), 3)
    root = Path(tempfile.mkdtemp())
    try:
        check_chain(tellable(steps), (root / str(number) for number in itertools.count()))
    finally:
        shutil.rmtree(root)


@pytest.mark.long
@pytest.mark.parametrize("seed", SWEEP)
def test_chains_of_many_stories(folders: Iterator[Path], seed: int) -> None:
    check_chain(tellable(random_story(1000 + seed, 6, calm=seed % 3 == 0)), folders)
    check_chain(tellable(random_story(2000 + seed, 5)), folders, modes=random.Random(seed))
