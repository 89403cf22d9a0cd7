"""Marks of findings, what was fixed, and the findings code by code: on the page, in the workbook, in the state."""

import dataclasses
import random
import re

import openpyxl
import pytest

from rostersync.model.past_run import PastRun
from rostersync.model.report import TABLE_COLUMNS
from rostersync.reports.finding_codes import code_lines
from rostersync.reports.html.findings_trend import findings_line
from rostersync.reports.markdown import markdown
from rostersync.reports.packing import pack, unpack
from rostersync.reports.xlsx import begin
from tests.reports.page import ABOUT, Page, write_page

ISSUES = [
    {"severity": "warning", "file": "users.csv", "line": 9, "id": "y", "code": "BLANKS", "mark": "new"},
    {"severity": "error", "file": "users.csv", "line": 4, "id": "x", "code": "TWICE", "mark": "still"}
    | {"since": "2026-11-03"},
    {"severity": "warning", "file": "users.csv", "line": 12, "id": "z", "code": "BLANKS", "mark": "still"},
    {"severity": "warning", "file": "users.csv", "code": "BLANKS"},
]
FIXED = [
    {"severity": "warning", "file": "users.csv", "id": "b", "code": "GONE", "since": "2026-11-20", "value": "-"},
    {"severity": "error", "file": "users.csv", "id": "a", "code": "TWICE", "since": "2026-11-19"},
]
LEDGER = {
    "BLANKS": {"new": 1, "still": 1, "fixed": 0, "unlisted": 7},
    "GONE": {"new": 0, "still": 0, "fixed": 1, "unlisted": 0},
    "TWICE": {"new": 0, "still": 1, "fixed": 1, "unlisted": 0},
}


@pytest.fixture
def told(make_tables, make_summary):
    """The tables and the summary of a run with all of it."""
    tables = make_tables(issues=ISSUES, fixed=FIXED)
    return tables, make_summary(tables).model_copy(update={"ledger": LEDGER})


def test_the_page_marks_each_finding_and_shows_what_was_fixed(tmp_path, told):
    text = write_page(tmp_path, *told)
    page = Page(text)
    assert [(row["Id"], row["Mark"], row["Since"]) for row in page.table("issues")] == [
        ("x", "still", "2026-11-03"),
        ("", "", ""),
        ("y", "new", ""),
        ("z", "still", ""),
    ]
    assert [(row["Id"], row["Since"]) for row in page.table("fixed")] == [("a", "2026-11-19"), ("b", "2026-11-20")]
    (choice,) = re.findall(r'<select id="issues-mark".*?</select>', text)
    assert re.findall(r">([^<]+)</option>", choice) == ["All", "(blank) (1)", "new (1)", "still (2)"]
    assert '<a href="#fixed">Fixed since the last night <span class="tally">2</span></a>' in text
    assert "fixed.csv" not in text
    assert f'data-csv="{" ".join(TABLE_COLUMNS["issues"])}"' in text, "a copy looks like the file"


def test_without_anything_fixed_there_is_no_table_of_it(tmp_path, make_tables, make_summary):
    for number, fixed in enumerate(({}, {"fixed": []})):
        tables = make_tables(issues=ISSUES, **fixed)
        page = Page(write_page(tmp_path / str(number), tables, make_summary(tables)))
        assert "fixed" not in page.rows
        assert "#fixed" not in page.links


def test_rows_and_their_marks_stay_together_when_only_the_most_serious_are_shown(tmp_path, make_tables, make_summary):
    rows = [
        {"severity": "warning", "file": "users.csv", "line": n, "id": f"w{n}", "code": "C"}
        | {"mark": "still" if n % 3 else "new", "since": f"day {n}" if n % 3 else None}
        for n in range(1, 5_050)
    ]
    random.Random(5).shuffle(rows)
    tables = make_tables(issues=rows)
    about = dataclasses.replace(ABOUT, sort="id")
    shown = Page(write_page(tmp_path / "page", tables, make_summary(tables), about)).table("issues")
    assert len(shown) == 5_000
    begin(tmp_path, tables, about, most=4_000)(make_summary(tables))
    header, *lines = openpyxl.load_workbook(tmp_path / "report.xlsx")["issues"].iter_rows(values_only=True)
    sheet = [dict(zip(header, line, strict=True)) for line in lines if line[0] == "warning"]
    assert len(sheet) == 4_000
    pairs = [(row["Id"], row["Mark"], row["Since"]) for row in shown]
    pairs += [(row["id"], row["mark"], row["since"] or "") for row in sheet]
    for record, mark, since in pairs:
        number = int(record[1:])
        assert (mark, since) == (("still", f"day {number}") if number % 3 else ("new", ""))


def test_the_workbook_has_them_too(tmp_path, told):
    tables, summary = told
    begin(tmp_path, tables, ABOUT)(summary)
    book = openpyxl.load_workbook(tmp_path / "report.xlsx")
    assert book.sheetnames == ["summary", *TABLE_COLUMNS, "fixed"]
    header, *rows = book["issues"].iter_rows(values_only=True)
    assert header == (*TABLE_COLUMNS["issues"], "mark", "since")
    assert [(row[3], *row[-2:]) for row in rows] == [
        ("x", "still", "2026-11-03"), (None, None, None), ("y", "new", None), ("z", "still", None),
    ]  # fmt: skip
    header, *rows = book["fixed"].iter_rows(values_only=True)
    assert header == ("severity", "file", "id", "column", "code", "value", "message", "since")
    assert [row[2] for row in rows] == ["a", "b"]
    front = [row[:7] for row in book["summary"].iter_rows(values_only=True)]
    assert ("warning", "BLANKS", 3, 1, 1, 0, 7) in front
    assert ("fixed", "GONE", 0, 0, 0, 1, 0) in front


def test_packed_they_come_back_and_an_older_report_has_none(tmp_path, told):
    tables, summary = told
    packed = pack(tables)
    assert write_page(tmp_path / "1", unpack(packed), summary) == write_page(tmp_path / "2", tables, summary)
    older = unpack({name: packed[name] for name in TABLE_COLUMNS})
    assert (older.marks, older.fixed) == (None, None)
    page = Page(write_page(tmp_path / "3", older, summary))
    assert {(row["Mark"], row["Since"]) for row in page.table("issues")} == {("", "")}
    assert "fixed" not in page.rows


def test_code_by_code_with_those_that_are_fixed_last(told):
    lines = [(each.code, each.severities, each.rows, each.count("new"), each.count("fixed")) for each in
             code_lines(told[1])]  # fmt: skip
    assert lines == [
        ("TWICE", ("error",), 1, "0", "1"),
        ("BLANKS", ("warning",), 3, "1", "0"),
        ("GONE", (), 0, "0", "1"),
    ]


def test_the_page_and_the_markdown_count_them(tmp_path, told):
    before = (
        PastRun("20261119T213000Z", "applied", findings={"BLANKS": 4, "GONE": 1}),
        PastRun("20261120T213000Z", "refused"),
    )
    text = write_page(tmp_path, *told, dataclasses.replace(ABOUT, before=before))
    cells = [row for row in Page(text).rows["done"] if row[1] in LEDGER]
    assert [row[:-1] for row in cells] == [
        ["error ", "TWICE", "1", "0", "1", "1", "0"],
        ["warning ", "BLANKS", "3", "1", "1", "0", "7"],
        ["fixed", "GONE", "0", "0", "0", "1", "0"],
    ]
    assert [row[-1] for row in cells] == [
        "TWICE, found in the last 3 runs, oldest first: 0, no files read, 1",
        "BLANKS, found in the last 3 runs, oldest first: 4, no files read, 9",
        "GONE, found in the last 3 runs, oldest first: 1, no files read, 0",
    ]
    said = markdown(told[1], "Maple")
    assert "| warning | `BLANKS` | 3 | 1 | 0 |" in said
    assert "| fixed | `GONE` | 0 | 0 | 1 |" in said


def test_a_run_before_there_was_a_ledger_has_dashes_for_what_nobody_knows(tmp_path, make_tables, make_summary):
    tables = make_tables(issues=[{"severity": "error", "code": "TWICE"}])
    (row,) = [row for row in Page(write_page(tmp_path, tables, make_summary(tables))).rows["done"] if "TWICE" in row]
    assert row[2:7] == ["1", "–", "–", "–", "–"]


def test_a_line_is_broken_where_no_files_were_read():
    counts = [3, 6, None, 0, None, 2]
    runs = [PastRun(f"2026112{n}T213000Z", "x", findings=None if c is None else {"C": c}) for n, c in enumerate(counts)]
    drawn = findings_line("C", runs)
    assert drawn.pieces == ("3.0,12.0 28.2,3.0",)
    assert drawn.dots == ((78.6, 21.0), (129.0, 15.0))


def test_a_code_that_never_was_there_lies_flat():
    runs = [PastRun(f"2026112{n}T213000Z", "applied", findings={}) for n in range(2)]
    assert findings_line("C", runs).pieces == ("3.0,21.0 129.0,21.0",)
    assert findings_line("C", runs[:1]).dots == ((3.0, 21.0),)


def test_only_a_page_beside_the_list_leads_to_it(tmp_path, told):
    assert "../index.html" in Page(write_page(tmp_path / "in", *told)).links
    assert (
        "../index.html" not in Page(write_page(tmp_path / "out", *told, dataclasses.replace(ABOUT, listed=False))).links
    )
