"""A snapshot is what was written, or none: what is damaged costs a night's time (design.md), never its correctness."""

import json
import shutil
from pathlib import Path

import polars as pl
import pytest

from rostersync.model.snapshot import TABLE_KEYS, Snapshot, snapshot_schema
from rostersync.state import snapshot

FILES = [*(f"{table}.arrow" for table in (*TABLE_KEYS, "agents")), "about.json"]
NAME = "20261121T020000Z"


ROWS = 500


def column(dtype: object) -> list[object]:
    """Values of a column, one of them null, some texts too long to stand in the column itself."""
    if dtype == pl.String:
        return [None, *(f"{'x' * (at % 30)}{at}" for at in range(1, ROWS))]
    return [None] * ROWS if dtype == pl.Date else [None, *range(1, ROWS)]


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path / "state.db"


@pytest.fixture
def kept(state: Path) -> Snapshot:
    """A snapshot that was written."""
    tables = {
        table: pl.DataFrame(
            {name: pl.Series(column(dtype), dtype=dtype) for name, dtype in snapshot_schema(table).items()}
        )
        for table in (*TABLE_KEYS, "agents")
    }
    made = Snapshot(**tables, seed=7, read_as="as today")
    snapshot.write(state, NAME, made)
    return made


def test_the_same_comes_back(state: Path, kept: Snapshot) -> None:
    found = snapshot.read(state, NAME)
    assert found is not None
    assert (found.seed, found.read_as) == (kept.seed, kept.read_as)
    for table in (*TABLE_KEYS, "agents"):
        assert found.table(table).equals(kept.table(table), null_equal=True)


@pytest.mark.parametrize("file", FILES)
def test_a_byte_that_is_another_one_is_found(state: Path, kept: Snapshot, file: str) -> None:
    path = snapshot.folder_of(state) / NAME / file
    content = path.read_bytes()
    for place in range(0, len(content), max(len(content) // 60, 1)):
        path.write_bytes(content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :])
        found = snapshot.read(state, NAME)
        # of about.json a letter of `read_as` may be another one: then nothing is recognised by it
        assert found is None or (file == "about.json" and found.read_as != kept.read_as), place
    path.write_bytes(content)
    assert snapshot.read(state, NAME) is not None


@pytest.mark.parametrize("file", FILES)
@pytest.mark.parametrize("share", [0, 0.5, 0.99])
def test_a_file_that_is_cut_short_or_gone_is_found(state: Path, kept: Snapshot, file: str, share: float) -> None:
    path = snapshot.folder_of(state) / NAME / file
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])
    assert snapshot.read(state, NAME) is None
    path.unlink()
    assert snapshot.read(state, NAME) is None


@pytest.mark.parametrize("about", ["[]", "{}", "null", '{"digests": 1}', '{"seed": "x"}'])
def test_what_says_nothing_of_its_files_is_none(state: Path, kept: Snapshot, about: str) -> None:
    (snapshot.folder_of(state) / NAME / "about.json").write_text(about)
    assert snapshot.read(state, NAME) is None


@pytest.mark.parametrize(("key", "value"), [("format", 2), ("polars", "0.1"), ("canary", [1]), ("digests", {})])
def test_one_of_another_version_is_none(state: Path, kept: Snapshot, key: str, value: object) -> None:
    path = snapshot.folder_of(state) / NAME / "about.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {key: value}))
    assert snapshot.read(state, NAME) is None


def test_it_lasts_while_it_is_used_though_its_files_go(state: Path, kept: Snapshot) -> None:
    """A dry run may read it while a sync puts another one in its place."""
    found = snapshot.read(state, NAME)
    shutil.rmtree(snapshot.folder_of(state))
    assert found is not None
    assert found.enrollments.equals(kept.enrollments, null_equal=True)
