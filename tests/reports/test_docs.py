"""docs/reports.md explains everything that a report can show."""

import re
from pathlib import Path

import pytest

from rostersync.model.notes import Action, Code, actions_of, template
from rostersync.model.report import TABLE_COLUMNS, RunSummary

PAGE = (Path(__file__).parents[2] / "docs" / "reports.md").read_text(encoding="utf-8")


def first_cells(section):
    """What stands in backquotes in the first cells of the table after this line."""
    table = PAGE.split(section, 1)[1].split("\n|", 1)[1].split("\n\n", 1)[0]
    return [
        name
        for line in table.splitlines()
        if line.startswith("|")
        for name in re.findall(r"`(\w+)`", line.split("|")[1])
    ]


@pytest.mark.parametrize("table", TABLE_COLUMNS)
def test_every_column_of_every_file_is_explained(table):
    assert sorted(first_cells(f"\n`{table}.csv`")) == sorted(TABLE_COLUMNS[table])
    assert f"| `{table}.csv` |" in PAGE


def test_every_action_is_explained():
    assert first_cells("\n## Actions") == [action.value for action in Action]


@pytest.mark.parametrize("code", Code)
def test_every_code_stands_with_its_action_its_note_and_what_to_do(code):
    [line] = [line for line in PAGE.splitlines() if line.startswith(f"| {code.value} |")]
    _, _, action, text, advice, _ = (cell.strip() for cell in line.split("|"))
    assert action == " / ".join(each.value for each in actions_of(code))
    literals = re.split(r"\{[^}]*\}", template(code))
    assert all(literal.strip() in text for literal in literals)
    assert advice.endswith(".")


def test_every_key_of_the_summary_is_explained():
    assert first_cells("\n## summary.json") == list(RunSummary.model_fields)
