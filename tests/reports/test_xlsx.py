"""The workbook of a report, as a program reads it (openpyxl); in LibreOffice: office/."""

import stat
import zipfile
from datetime import UTC, datetime

import openpyxl
import pytest

from rostersync.model.report import SHOWN_COLUMNS, TABLE_COLUMNS, TrippedGuard
from rostersync.reports.formats import About
from rostersync.reports.xlsx import begin
from rostersync.reports.xlsx.book import CELL_LIMIT, CUT, Book, write_table

ABOUT = About("Maple Valley School District", "America/Los_Angeles", ("csv", "xlsx"))
WHEN = datetime(2026, 11, 21, 21, 30, tzinfo=UTC)

HOSTILE = [
    *("=1+1", "+15035550100", "-5", "@SUM(A1)", "007", "1e5", "TRUE", "2026-11-21", "https://example.org", "{=1}"),
    *("<r><t>x</t></r>", "<r></r>", "<r>", "_x0041_", "&amp; <b>\"'", " both ", "Zoë 王 مرحبا 😀", "a\tb", "one\ntwo"),
]


def write(folder, tables, summary, about=ABOUT, **options):
    folder.mkdir(exist_ok=True)
    begin(folder, tables, about, **options)(summary)
    return folder / "report.xlsx"


def read(path):
    """Sheet -> rows as texts and numbers."""
    book = openpyxl.load_workbook(path)
    return {sheet.title: [list(row) for row in sheet.iter_rows(values_only=True)] for sheet in book}


def listed(path, values):
    write_table(path, "list", ("action", "name"), [("held", value) for value in values], WHEN)
    return [cell for _, cell in read(path)["list"][1:]]


class TestCells:
    def test_every_text_stays_the_text_it_is(self, tmp_path):
        found = listed(tmp_path / "list.xlsx", HOSTILE)
        # openpyxl alone does not undo the escape of what looks like an escape; LibreOffice's test covers it
        assert [text.replace("_x005F_", "_") for text in found] == HOSTILE
        sheet = openpyxl.load_workbook(tmp_path / "list.xlsx")["list"]
        assert {cell.data_type for row in sheet.iter_rows() for cell in row} <= {"s", "inlineStr"}
        assert all(cell.hyperlink is None for row in sheet.iter_rows() for cell in row)

    @pytest.mark.parametrize("letter", ["\x00", "\x01", "\x0b", "\x1f", "\x7f", "\ufffe", "\uffff"])
    def test_what_xml_cannot_hold_is_left_out(self, tmp_path, letter):
        assert listed(tmp_path / "list.xlsx", [f"a{letter}b"]) == ["ab"]

    @pytest.mark.parametrize("ends", ["\r\n", "\r", "\n"])
    def test_line_breaks_are_of_one_kind(self, tmp_path, ends):
        assert listed(tmp_path / "list.xlsx", [f"one{ends}two"]) == ["one\ntwo"]

    @pytest.mark.parametrize("letter", ["x", "ü", "😀"])
    def test_a_cell_that_would_be_too_long_is_cut_and_says_so(self, tmp_path, letter):
        fits = letter * (CELL_LIMIT // (len(letter.encode("utf-16-le")) // 2))
        whole, cut = listed(tmp_path / "list.xlsx", [fits, fits + letter])
        assert whole == fits
        assert cut.endswith(CUT)
        assert CELL_LIMIT - 2 <= len(cut.encode("utf-16-le")) // 2 <= CELL_LIMIT
        assert fits.startswith(cut.removesuffix(CUT))

    def test_blanks_are_empty_cells(self, tmp_path):
        assert listed(tmp_path / "list.xlsx", [None, ""]) == [None, None]

    def test_the_file_is_private_and_nothing_else_is_left(self, tmp_path):
        listed(tmp_path / "list.xlsx", ["a"])
        assert [path.name for path in tmp_path.iterdir()] == ["list.xlsx"]
        assert stat.S_IMODE((tmp_path / "list.xlsx").stat().st_mode) == 0o600

    def test_a_file_that_is_there_is_left_as_it_is(self, tmp_path):
        (tmp_path / "list.xlsx").write_text("mine", encoding="utf-8")
        with pytest.raises(FileExistsError):
            listed(tmp_path / "list.xlsx", ["a"])
        assert (tmp_path / "list.xlsx").read_text(encoding="utf-8") == "mine"
        assert len(list(tmp_path.iterdir())) == 1

    def test_what_is_not_closed_is_no_workbook(self, tmp_path):
        Book().add_sheet("list").row(["a"])
        assert not list(tmp_path.glob("*.xlsx"))


USERS = [
    {"id": "007", "action": "added", "code": "NEW", "school": "Oak", "mobile": "+15035550100", "role": "student"},
    {"id": "g-1", "action": "withheld", "code": "NO_UNIQUE_CREDENTIAL", "school": "Ash", "role": "guardian"},
    {"id": "s-1", "action": "archived", "code": "LEFT_SIS", "role": "student"},
]
ISSUES = [
    {"severity": "warning", "file": "users.csv", "line": 9, "code": "BLANKS_AROUND", "value": "-"},
    {"severity": "error", "file": "users.csv", "line": 10, "code": "DUPLICATE_ID", "id": "x"},
]
GUARD = TrippedGuard(what="Removal", kind="students", school_id="o", school="=Oak", count=60, total=400, limit="10%")


class TestReport:
    def test_a_sheet_for_each_table_with_its_columns_most_serious_first(self, tmp_path, make_tables, make_summary):
        tables = make_tables(users=USERS, issues=ISSUES)
        sheets = read(write(tmp_path / "r", tables, make_summary(tables)))
        assert list(sheets) == ["summary", *TABLE_COLUMNS]
        for table in TABLE_COLUMNS:
            columns = SHOWN_COLUMNS[table]
            assert tuple(sheets[table][0]) == columns
        place = TABLE_COLUMNS["users"].index("id")
        assert [row[place] for row in sheets["users"][1:]] == ["g-1", "s-1", "007"]
        assert [row[:3] for row in sheets["issues"][1:]] == [["error", "users.csv", 10], ["warning", "users.csv", 9]]
        assert len(sheets["classes"]) == 1

    def test_either_library_gives_the_same_bytes_at_any_time(self, tmp_path, make_tables, make_summary, as_polars):
        tables = make_tables(users=USERS, issues=ISSUES)
        summary = make_summary(tables, guards=[GUARD])
        first = write(tmp_path / "a", tables, summary).read_bytes()
        assert write(tmp_path / "b", as_polars(tables), summary).read_bytes() == first
        with zipfile.ZipFile(tmp_path / "a" / "report.xlsx") as archive:
            assert b"2026-11-21T21:30:00Z" in archive.read("docProps/core.xml")

    def test_the_header_is_frozen_and_filters_and_actions_have_colours(self, tmp_path, make_tables, make_summary):
        tables = make_tables(users=USERS)
        sheet = openpyxl.load_workbook(write(tmp_path / "r", tables, make_summary(tables)))["users"]
        assert sheet.freeze_panes == "A2"
        assert sheet.auto_filter.ref == "A1:P4"
        rules = [rule for each in sheet.conditional_formatting for rule in each.rules]
        assert {rule.formula[0] for rule in rules} >= {'"held"', '"archived"', '"added"'}
        assert sheet["D4"].number_format == "@"

    @pytest.mark.parametrize(("formats", "where"), [(("csv", "xlsx"), "all are in users.csv"), (("xlsx",), "--format")])
    def test_a_sheet_that_is_full_says_where_the_rest_is(self, tmp_path, make_tables, make_summary, formats, where):
        tables = make_tables(users=USERS)
        about = About("Maple", "UTC", formats)
        sheets = read(write(tmp_path / "r", tables, make_summary(tables), about, most=2))
        assert [row[3] for row in sheets["users"][1:3]] == ["g-1", "s-1"]
        assert sheets["users"][3][0] is None
        assert sheets["users"][4][0].startswith("The 2 most serious of 3 rows; ")
        assert where in sheets["users"][4][0]
        (line,) = [row for row in sheets["summary"] if row[:2] == ["users", None]]
        assert line[2] == 2
        assert where in line[3]

    def test_a_sheet_that_just_fits_says_nothing(self, tmp_path, make_tables, make_summary):
        tables = make_tables(users=USERS)
        assert len(read(write(tmp_path / "r", tables, make_summary(tables), most=3))["users"]) == 4

    def test_sorted_by_a_column_blanks_last(self, tmp_path, make_tables, make_summary):
        tables = make_tables(
            users=USERS, issues=[*ISSUES, {"severity": "error", "file": "a.csv", "code": "MISSING_FILE", "line": None}]
        )
        about = About("Maple", "UTC", ("xlsx",), sort="school")
        assert [row[1] for row in read(write(tmp_path / "r", tables, make_summary(tables), about))["users"][1:]] == [
            *("Ash", "Oak", None),
        ]
        about = About("Maple", "UTC", ("xlsx",), sort="line")
        found = read(write(tmp_path / "l", tables, make_summary(tables), about))["issues"][1:]
        assert [row[2] for row in found] == [9, 10, None]

    def test_the_summary_says_what_needs_a_person_and_counts_beside_a_chart(self, tmp_path, make_tables, make_summary):
        tables = make_tables(users=USERS, issues=ISSUES)
        path = write(tmp_path / "r", tables, make_summary(tables, guards=[GUARD], status="held", exit_code=5))
        rows = read(path)["summary"]
        assert rows[0][0] == "Maple Valley School District: run 20261121T213000Z"
        assert ["Started", "2026-11-21 13:30:00 America/Los_Angeles"] in [row[:2] for row in rows]
        assert ["users", "NO_UNIQUE_CREDENTIAL", 1] in [row[:3] for row in rows]
        assert ["Removal", "=Oak", "students", 60, 400, "10%"] in [row[:6] for row in rows]
        assert ["withheld", 0, 1, 0, 0, 0, 0] in [row[:7] for row in rows]
        assert ["error", "DUPLICATE_ID", 1] in [row[:3] for row in rows]
        assert any("--override-guards students@o" in str(row[0]) for row in rows)
        with zipfile.ZipFile(path) as archive:
            chart = archive.read("xl/charts/chart1.xml").decode()
        assert chart.count("<c:ser>") == 3

    def test_a_quiet_night_has_a_summary_without_a_chart(self, tmp_path, make_tables, make_summary):
        tables = make_tables()
        path = write(tmp_path / "r", tables, make_summary(tables))
        texts = [row[0] for row in read(path)["summary"]]
        assert "Nothing needs a person." in texts
        assert "No change to report." in texts
        with zipfile.ZipFile(path) as archive:
            assert not [name for name in archive.namelist() if "chart" in name]
