"""CSV and workbook opened in LibreOffice Calc: every cell holds what the report says, and nothing is evaluated."""

from datetime import UTC, datetime

import pytest

from rostersync.model.report import SHOWN_COLUMNS, TABLE_COLUMNS
from rostersync.reports.csv import write_tables
from rostersync.reports.formats import About
from rostersync.reports.marks import shown_table
from rostersync.reports.seriousness import most_serious
from rostersync.reports.xlsx import begin
from rostersync.reports.xlsx.book import write_table

pytestmark = pytest.mark.office

ABOUT = About("Maple Valley School District", "UTC", ("csv", "xlsx"))
TEXTS = [
    *("=1+1", "+15035550100", "-5", "@SUM(A1)", '=HYPERLINK("http://x.example")', "＝1+1", " =1+1", "\t=1+1", "-"),
    *("007", "0012345678", "1e5", "1/2", "12:30", "TRUE", "2026-11-21", "10%", "$5", "https://example.org"),
    *("Zoë Çelik", "王小明", "مرحبا", "😀 smile", 'say "hi"', "a,b;c|d", "one\ntwo", "  both  ", "'quoted", "''two"),
    *("_x0041_", "<r><t>x</t></r>", "<r>", "&amp; <b>", "x" * 5000, "ends\\", "#REF!", "{=1}", "a\tb"),
]
TEXT_COLUMNS = {"users": ("given_name", "family_name", "mobile", "identifier", "notes"), "issues": ("value", "message")}


@pytest.fixture
def tables(make_tables):
    """A row for each text, in every column that holds words of the SIS; ids with leading zeros."""

    def rows(table):
        columns = [name for name in SHOWN_COLUMNS[table] if name not in {"action", "code", "line", "severity"}]
        for number, text in enumerate(TEXTS):
            row = dict.fromkeys(columns, text)
            key = next(name for name in ("id", "class_id", "guardian_id") if name in columns)
            row[key] = f"{number:05}"
            yield row | (
                {"severity": "error", "line": number, "code": "C"} if "severity" in SHOWN_COLUMNS[table] else {}
            )

    made = {table: list(rows(table)) for table in SHOWN_COLUMNS}
    for table in made.keys() - {"issues", "fixed"}:
        for row in made[table]:
            row |= {"action": "kept", "code": "BLANK_KEPT"}
    return make_tables(**made)


def as_read(text):
    """The text of a CSV's cell without the apostrophe that was put there on purpose (docs/reports.md)."""
    return text.removeprefix("'") if text.removeprefix("'").lstrip()[:1] in set("=+-@＝") | {""} else text


@pytest.mark.parametrize("table", TABLE_COLUMNS)
def test_a_csv_read_as_text_holds_every_cell(tables, tmp_path, opened_csv, read_rows, table):
    write_tables(tmp_path, tables)
    path = tmp_path / f"{table}.csv"
    header, *rows = opened_csv(path, columns=len(TABLE_COLUMNS[table]))
    assert tuple(cell.value for cell in header) == TABLE_COLUMNS[table]
    written = read_rows(path)
    assert [[str(cell.value or "") for cell in row] for row in rows] == [list(row.values()) for row in written]
    key = "id" if "id" in written[0] else next(name for name in written[0] if name.endswith("_id"))
    frame = getattr(tables, table).set_index(key)
    for row in written:
        assert {name: as_read(text) for name, text in row.items() if name not in {key, "line"}} == {
            name: as_read(text) for name, text in frame.loc[row[key]].items() if name != "line"
        }


@pytest.mark.parametrize("table", TABLE_COLUMNS)
def test_a_csv_opened_by_double_click_evaluates_nothing(tables, tmp_path, opened_csv, table):
    write_tables(tmp_path, tables)
    header, *rows = opened_csv(tmp_path / f"{table}.csv")
    assert tuple(cell.value for cell in header) == TABLE_COLUMNS[table], "no byte order mark in the first cell"
    assert len(rows) == len(TEXTS)
    assert not [cell.coordinate for row in rows for cell in row if cell.data_type in {"f", "e"}]
    shown = {cell.value for row in rows for cell in row}
    assert shown >= {"Zoë Çelik", "王小明", "مرحبا", "😀 smile", "one\ntwo", "'+15035550100", "'=1+1"}


@pytest.fixture
def workbook(tables, make_summary, tmp_path):
    begin(tmp_path, tables, ABOUT)(make_summary(tables))
    return tmp_path / "report.xlsx"


def expected(tables, table):
    return [list(row) for row in most_serious(shown_table(tables, table), table, SHOWN_COLUMNS[table], 1000).rows()]


def test_a_workbook_shows_every_cell_as_it_is(tables, workbook, shown_sheets):
    sheets = shown_sheets(workbook)
    assert set(sheets) == {"summary", *SHOWN_COLUMNS}
    for table, columns in SHOWN_COLUMNS.items():
        header, *rows = sheets[table]
        assert tuple(header) == columns
        assert rows == expected(tables, table)


def test_a_workbook_holds_texts_and_a_chart(tables, workbook, held_cells):
    book = held_cells(workbook)
    for table, columns in SHOWN_COLUMNS.items():
        numbers = [columns.index("line")] if table == "issues" else []
        for row in book[table].iter_rows(min_row=2):
            assert {cell.data_type for place, cell in enumerate(row) if place not in numbers} == {"s"}
            assert all(row[place].data_type == "n" for place in numbers)
        assert book[table].auto_filter.ref.startswith("A1:")
        assert book[table].conditional_formatting
    (chart,) = book["summary"]._charts
    assert len(chart.series) == 1


def test_a_list_of_other_columns_is_shown_as_it_is(tmp_path, shown_sheets):
    texts = [*TEXTS, "_x005F_", "_x005F_x0041_"]
    write_table(
        tmp_path / "list.xlsx", "desk", ("guardian", "phone"), [(text, "+1503") for text in texts], datetime.now(UTC)
    )
    (rows,) = shown_sheets(tmp_path / "list.xlsx").values()
    assert rows == [["guardian", "phone"], *([text, "+1503"] for text in texts)]
