"""What the benchmarks measure beside each other is the same district, and what they draw can be drawn."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from benchmarks import cliffs, plot, run, variants
from rostersync.generate import write_district
from tests.policies.district import District


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder: Path = tmp_path_factory.mktemp("district") / "night"
    write_district(folder, students=40, seed=3)
    return folder


@pytest.fixture
def variant(night: Path, tmp_path: Path) -> Callable[[str], Path]:
    return lambda name: variants.made(name, night, tmp_path / "variant")


def district(folder: Path) -> District:
    folder.mkdir()
    return District(folder)


def rows(folder: Path, file: str) -> list[dict[str, str]]:
    with (folder / file).open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


@pytest.mark.parametrize("name", ["rows shuffled", "LF", "quoted throughout"])
def test_r_a2_another_writing_of_the_same_rows_changes_nothing(
    night: Path, variant: Callable[[str], Path], tmp_path: Path, name: str
) -> None:
    state = district(tmp_path / "state")
    state.sync(night)
    before = state.everything()
    other = variant(name)
    assert (other / "users.csv").read_bytes() != (night / "users.csv").read_bytes()
    state.sync(other)
    assert state.everything() == before


def test_guids_name_the_same_people(night: Path, variant: Callable[[str], Path], tmp_path: Path) -> None:
    plain, other = district(tmp_path / "plain"), district(tmp_path / "other")
    plain.sync(night)
    report = other.sync(variant("GUID ids"))
    assert report.rows("issues", severity="error") == []
    for view in ("users", "enrollments", "guardianships", "access"):
        query = f"SELECT count(*) AS n FROM roster_{view}"
        assert other.rows(query) == plain.rows(query), view
    assert all(len(row["sourcedId"]) == 36 for row in rows(tmp_path / "variant", "users.csv"))


def test_rejected_rows_are_the_same_every_night(night: Path, variant: Callable[[str], Path]) -> None:
    other = rows(variant("5 % rejected rows"), "users.csv")
    unusable = [row["sourcedId"] for row in other if not row["givenName"]]
    assert 0 < len(unusable) < len(other) / 8
    assert [row["sourcedId"] for row in other] == [row["sourcedId"] for row in rows(night, "users.csv")]


def results(sizes: dict[str, int]) -> dict[str, object]:
    seconds = {run.FIRST: 15, run.ONE_PERCENT: 6, run.UNCHANGED: 1, run.PARSE: 0.4}
    return {
        "sizes": {
            name: {
                "rows": {"users.csv": users},
                "measured": {of: [{"seconds": value * users / 1e6}] for of, value in seconds.items()},
            }
            for name, users in sizes.items()
        }
    }


def test_a_plot_has_a_line_for_each_run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "results.json").write_text(json.dumps(results({"S": 40_000, "M": 400_000})))
    cases = {
        case: {run.ONE_PERCENT: {"seconds": 1 + share}} for share, case in enumerate([cliffs.PLAIN, *cliffs.CHURN])
    }
    (tmp_path / "cliffs.json").write_text(json.dumps({"size": "M", "rounds": [cases]}))
    monkeypatch.setattr(plot, "DATA", tmp_path)
    monkeypatch.setattr("sys.argv", ["plot", str(tmp_path / "plot.svg")])
    plot.main()
    drawn = ET.fromstring((tmp_path / "plot.svg").read_text(encoding="utf-8"))
    lines = list(drawn.iter("{http://www.w3.org/2000/svg}polyline"))
    assert len(lines) == 5
    assert {len(str(line.get("points")).split()) for line in lines} == {2, 4}


def test_one_size_alone_can_be_drawn() -> None:
    ET.fromstring(plot.drawn([plot.by_size(results({"S": 40_000}))]))
