"""docs/reports.md is what the tables in the code say."""

import pytest

from rostersync.model.advice import ACTIONS, ADVICE, COLUMNS
from rostersync.model.notes import Action, Code
from rostersync.model.report import TABLE_COLUMNS
from rostersync.reports.handbook import PARTS, made
from tests.docs.pages import PROJECT, text_of

PAGE = text_of("docs/reports.md")


def test_the_page_equals_what_is_made():
    assert made(PAGE) == PAGE, "run: make docs"


def test_every_action_code_and_column_is_told_once():
    assert tuple(ACTIONS) == tuple(Action)
    assert tuple(ADVICE) == tuple(Code)
    for table, columns in TABLE_COLUMNS.items():
        told = [name for names, _ in COLUMNS[table] for name in names]
        assert sorted(told) == sorted(columns)


def test_no_advice_leans_on_the_one_above_it():
    assert [code for code, advice in ADVICE.items() if "above" in advice.text or not advice.text.endswith(".")] == []
    assert all((PROJECT / "docs" / advice.see).is_file() for advice in ADVICE.values() if advice.see)


@pytest.mark.parametrize("part", PARTS)
def test_a_part_that_was_changed_by_hand_comes_back(part):
    opening = f"<!-- made: {part} -->\n"
    assert made(PAGE.replace(opening, f"{opening}| by hand |\n")) == PAGE


def test_a_part_that_is_missing_or_unknown_is_refused():
    for page in (PAGE.replace("<!-- made: codes -->\n", ""), f"{PAGE}<!-- made: other -->\n<!-- end -->\n"):
        with pytest.raises(ValueError, match="the page has the parts"):
            made(page)
