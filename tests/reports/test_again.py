"""A report is kept whole, and put in the place of another one whole or not at all."""

import io
from pathlib import Path

import polars as pl
import pytest

from rostersync.errors import ConfigurationError
from rostersync.model.report import TABLE_COLUMNS
from rostersync.reports.csv import write_tables
from rostersync.reports.folder import replace
from rostersync.reports.packing import pack, unpack

ROWS = {
    "users": [
        {"id": "S2", "school": "Zeta", "notes": "New.", "mobile": "+15035550100", "given_name": "Nguyễn"},
        {"id": "S1", "school": "Alpha", "notes": "New.", "email": "=1+1"},
        {"id": "S3", "notes": "Gone."},
    ],
    "issues": [
        {"severity": "error", "file": "users.csv", "line": 10, "id": "S9"},
        {"severity": "error", "file": "users.csv", "line": 9, "id": "S8"},
    ],
}


def written(folder, tables, **how):
    folder.mkdir()
    write_tables(folder, tables, **how)
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize("kind", ["pandas", "polars"])
def test_packed_tables_are_written_as_they_were(tmp_path, make_tables, as_polars, kind):
    tables = make_tables(**ROWS)
    tables = as_polars(tables) if kind == "polars" else tables
    assert written(tmp_path / "one", tables) == written(tmp_path / "other", unpack(pack(tables)))


def test_a_column_that_came_later_is_blank(make_tables):
    packed = pack(make_tables(**ROWS))
    older = unpack(packed).users.drop("sis_mobile")
    buffer = io.BytesIO()
    older.write_ipc(buffer)
    users = unpack({**packed, "users": buffer.getvalue()}).users
    assert tuple(users.columns) == TABLE_COLUMNS["users"]
    assert users["sis_mobile"].null_count() == 3
    assert users["sis_mobile"].dtype == pl.String


def test_sorted_by_a_column_then_as_ever(tmp_path, make_tables, read_rows):
    tables = make_tables(**ROWS)
    written(tmp_path / "one", tables, sort="school")
    assert [row["id"] for row in read_rows(tmp_path / "one" / "users.csv")] == ["S3", "S1", "S2"]
    written(tmp_path / "other", tables, sort="line")
    assert [row["line"] for row in read_rows(tmp_path / "other" / "issues.csv")] == ["9", "10"]


def whole(folder):
    (folder / "users.csv").write_text("new")


@pytest.fixture
def old(tmp_path):
    """A report that stands already."""
    (tmp_path / "report").mkdir()
    (tmp_path / "report" / "users.csv").write_text("old")
    return tmp_path / "report"


def test_it_takes_the_place_of_another_report(old):
    assert replace(old, whole) == old
    assert (old / "users.csv").read_text() == "new"
    assert [path.name for path in old.parent.iterdir()] == ["report"]


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), RuntimeError("defect")])
def test_what_fails_leaves_the_old_one(old, error):
    def broken(folder):
        (folder / "users.csv").write_text("half")
        raise error

    with pytest.raises((ConfigurationError, RuntimeError)):
        replace(old, broken)
    assert (old / "users.csv").read_text() == "old"
    assert [path.name for path in old.parent.iterdir()] == ["report"]


def test_the_old_one_is_back_where_the_new_one_cannot_be_named(old, monkeypatch):
    rename = Path.rename

    def refuse(self, target):
        if self.name.startswith(".partial-") and target == old:
            raise OSError(5, "Input/output error")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", refuse)
    with pytest.raises(ConfigurationError, match="Input/output error"):
        replace(old, whole)
    assert (old / "users.csv").read_text() == "old"


@pytest.mark.parametrize("name", ["letter.txt", "users.csv.bak", "summary.json.old"])
def test_a_folder_with_anything_else_is_left_as_it_is(old, name):
    (old / name).write_text("mine")
    with pytest.raises(ConfigurationError, match="no report"):
        replace(old, whole)
    assert (old / "users.csv").read_text() == "old"


def test_a_link_is_left_as_it_is(old):
    (old.parent / "link").symlink_to(old)
    with pytest.raises(ConfigurationError, match="no report"):
        replace(old.parent / "link", whole)
    assert (old / "users.csv").read_text() == "old"
