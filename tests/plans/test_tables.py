"""Frames go through a plan file and come back: same values, same types, same order."""

from __future__ import annotations

import pandas as pd
import polars as pl
import pytest
from pandas.testing import assert_frame_equal

from rostersync.errors import ConfigurationError
from rostersync.model.plan_file import KeptTable
from rostersync.plans.tables import from_pandas, from_polars, to_pandas, to_polars
from rostersync.settings.overrides import parse

TEXTS = ["", "Nguyễn", 'a "quoted"\nline', "=1+1", "0042"]


def through_json(table: KeptTable) -> KeptTable:
    return KeptTable.model_validate_json(table.model_dump_json())


@pytest.mark.parametrize("rows", [0, 1, 5])
def test_a_frame_of_the_rules_comes_back(rows: int) -> None:
    frame = pd.DataFrame(
        {
            "id": pd.Series(TEXTS[:rows], dtype="str"),
            "known": pd.Series([True, False, True, True, False][:rows], dtype="bool"),
            "account_id": pd.Series([1, 2, 3, 2**53 + 1, 0][:rows], dtype="int64"),
            "line": pd.Series([2.0, None, 4.0, None, 6.0][:rows], dtype="float64"),
            "same": pd.Series(["x"] * rows, dtype="str"),
        }
    )
    kept = from_pandas(frame.set_axis(range(10, 10 + rows)))
    assert_frame_equal(to_pandas(through_json(kept)), frame)
    assert "same" in kept.constants or rows == 0


def test_a_frame_whose_columns_have_one_value_each_keeps_its_rows() -> None:
    frame = pl.DataFrame({"a": ["x", "x", "x"], "b": [None, None, None]}, schema={"a": pl.String, "b": pl.String})
    kept = through_json(from_polars(frame))
    assert kept.rows == [[], [], []]
    assert to_polars(kept).equals(frame)


def test_blanks_stay_apart_from_empty_texts() -> None:
    frame = pl.DataFrame({"a": ["x", None, ""], "line": [1, None, 3]})
    assert to_polars(through_json(from_polars(frame))).equals(frame)


def test_dates_become_texts() -> None:
    frame = pl.DataFrame({"a": pl.Series(["2026-11-21", "2026-11-22"]).str.to_date()})
    assert to_polars(from_polars(frame))["a"].to_list() == ["2026-11-21", "2026-11-22"]


def test_words_are_taken_once_and_in_order() -> None:
    words = ["students@school-001", "all", "students@school-001", "contacts", "guardians@a@b"]
    assert parse(words).words == ("all", "contacts", "guardians@a@b", "students@school-001")
    assert parse([]).words == ()


@pytest.mark.parametrize("word", ["", "everything", "Students", "teachers", "students@", "all@A", "@A", "students "])
def test_other_words_let_nothing_through(word: str) -> None:
    with pytest.raises(ConfigurationError, match="is neither all, a kind "):
        parse(["all", word])
