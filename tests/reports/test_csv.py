"""contract.md, Reports: the five CSVs as a spreadsheet or another program reads them."""

import os
import stat
import tempfile
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rostersync.model.report import TABLE_COLUMNS, ReportTables
from rostersync.reports.csv import cells, write_tables

CONTRACT_COLUMNS = {
    "users": "action, school, role, id, identifier, given_name, family_name, grades, account, roster_status, "
    "email, sis_email, mobile, sis_mobile, code, notes",
    "classes": "action, school, id, title, sis_title, status, code, notes",
    "enrollments": "action, school, class_id, class_title, user_id, user_name, role, code, notes",
    "guardianships": "action, guardian_id, guardian_name, student_id, student_name, code, notes",
    "issues": "severity, file, line, id, column, code, value, message",
}


def test_columns_are_those_of_the_contract(tmp_path, make_tables):
    write_tables(tmp_path, make_tables())
    for table, columns in CONTRACT_COLUMNS.items():
        header = "\ufeff" + columns.replace(", ", ",") + "\r\n"
        assert (tmp_path / f"{table}.csv").read_bytes() == header.encode()


def test_bytes_of_a_small_table(tmp_path, make_tables):
    row = {
        "action": "kept",
        "school": "Zoë, West; Elm",
        "id": "007",
        "title": 'The "Best"\nof',
        "notes": "N.",
    }
    write_tables(tmp_path, make_tables(classes=[row]))
    assert (tmp_path / "classes.csv").read_bytes() == (
        b"\xef\xbb\xbfaction,school,id,title,sis_title,status,code,notes\r\n"
        + 'kept,"Zoë, West; Elm",007,"The ""Best""\nof",,,,N.\r\n'.encode()
    )


def test_what_was_written_is_read_back(tmp_path, make_tables, read_rows):
    texts = [
        "José",
        "O'Neil",
        'a "b" c',
        "a,b",
        "a;b",
        "line\nbreak",
        "line\r\nbreak",
        "007",
        "1e5",
        "NULL",
        "NA",
    ]
    rows = [{"id": f"c-{number:02}", "title": text} for number, text in enumerate(texts)]
    write_tables(tmp_path, make_tables(classes=rows))
    assert [row["title"] for row in read_rows(tmp_path / "classes.csv")] == texts


def test_blanks_are_empty_cells(tmp_path, make_tables, read_rows):
    write_tables(tmp_path, make_tables(classes=[{"id": "c-1", "title": "", "sis_title": None}]))
    assert b"\r\n,,c-1,,,,,\r\n" in (tmp_path / "classes.csv").read_bytes()


@pytest.mark.parametrize("table", ["users", "classes"])
def test_rows_are_sorted_by_notes_then_id(tmp_path, make_tables, read_rows, table):
    rows = [{"notes": note, "id": id_} for note in ("b", None, "a", "é", "B") for id_ in ("10", "9", "ä", "Z")]
    write_tables(tmp_path, make_tables(**{table: rows}))
    keys = [(row["notes"], row["id"]) for row in read_rows(tmp_path / f"{table}.csv")]
    assert len(keys) == 20
    assert keys == sorted(keys)


def test_pairs_are_sorted_by_notes_then_both_ids(tmp_path, make_tables, read_rows):
    pairs = [("2", "1"), ("1", "2"), ("1", "10"), ("2", "0")]
    write_tables(
        tmp_path,
        make_tables(
            enrollments=[{"notes": "n", "class_id": one, "user_id": two} for one, two in pairs],
            guardianships=[{"notes": "n", "guardian_id": one, "student_id": two} for one, two in pairs],
        ),
    )
    enrollments = read_rows(tmp_path / "enrollments.csv")
    assert [(row["class_id"], row["user_id"]) for row in enrollments] == sorted(pairs)
    guardianships = read_rows(tmp_path / "guardianships.csv")
    assert [(row["guardian_id"], row["student_id"]) for row in guardianships] == sorted(pairs)


def test_issues_are_sorted_by_severity_file_and_line_number(tmp_path, make_tables, read_rows):
    places = [
        ("warning", "a.csv", 1),
        ("error", "b.csv", 10),
        ("error", "b.csv", 9),
        ("error", "a.csv", None),
    ]
    rows = [{"severity": severity, "file": file, "line": line} for severity, file, line in places]
    write_tables(tmp_path, make_tables(issues=rows))
    read = [(row["severity"], row["file"], row["line"]) for row in read_rows(tmp_path / "issues.csv")]
    assert read == [
        ("error", "a.csv", ""),
        ("error", "b.csv", "9"),
        ("error", "b.csv", "10"),
        ("warning", "a.csv", "1"),
    ]


@given(
    rows=st.lists(
        st.fixed_dictionaries(
            {name: st.sampled_from(["a", "b", None]) for name in ("notes", "class_id", "user_id", "role", "code")}
        ),
        unique_by=lambda row: tuple(row.values()),
    ),
    data=st.data(),
)
def test_the_order_of_the_rows_handed_over_does_not_matter(rows, data, make_tables):
    shuffled = data.draw(st.permutations(rows))
    assert written(make_tables(enrollments=rows)) == written(make_tables(enrollments=shuffled))


def test_pandas_and_polars_give_the_same_bytes(make_tables, as_polars):
    tables = make_tables(
        users=[{"id": "1", "mobile": "+15035550100"}, {"id": "0", "given_name": "=A"}],
        issues=[{"line": 3, "message": "m"}, {"message": "m"}],
    )
    assert written(tables) == written(as_polars(tables))


@pytest.mark.parametrize(
    "text",
    [
        "=1+1",
        "+15035550100",
        "-2+3",
        "-",
        "@SUM(A1)",
        "\t=1",
        "\ttext",
        "\rtext",
        "\ntext",
        " =1",
        "\u00a0=1",
        "\ufeff=1",
        '=HYPERLINK("http://example.org";"x")',
        "=cmd|' /C calc'!A0",
        "＝1+1",
    ],
)
@pytest.mark.parametrize("table", ["users", "issues"])
def test_what_looks_like_a_formula_gets_an_apostrophe_in_every_text_column(
    tmp_path, make_tables, read_rows, text, table
):
    columns = [column for column in TABLE_COLUMNS[table] if column != "line"]
    write_tables(tmp_path, make_tables(**{table: [dict.fromkeys(columns, text)]}))
    [row] = read_rows(tmp_path / f"{table}.csv")
    assert {row[column] for column in columns} == {"'" + text}


@pytest.mark.parametrize("text", ["O'Neil", "a=b", "x-y", "'quoted", "a@example.org", "1-2", "Art + Craft", "\x01"])
def test_other_text_gets_none(text):
    [cell] = cells(pl.DataFrame({"title": [text]}))["title"]
    assert cell == (text if text.isprintable() else None)


@given(st.lists(st.one_of(st.none(), st.text(), st.text(alphabet="=+-@\t\r\n \0\x1b'a,\"")), min_size=1))
def test_no_cell_starts_a_formula_and_nothing_else_is_lost(texts):
    shown = cells(pl.DataFrame({"title": texts}, schema={"title": pl.String}))["title"].to_list()
    for text, cell in zip(texts, shown, strict=True):
        visible = "".join(letter for letter in text or "" if ord(letter) >= 32 or letter in "\t\r\n")
        visible = visible.replace("\x7f", "")
        if not visible:
            assert cell is None
            continue
        assert cell in {visible, "'" + visible}
        assert cell.lstrip()[:1] not in tuple("=+-@")
        assert cell[0] not in "\t\r\n"


@given(st.lists(st.text(), min_size=1))
def test_every_text_stays_in_its_own_cell(texts):
    frame = pl.DataFrame({"id": [f"{number:09}" for number in range(len(texts))], "title": texts})
    expected = [cell or "" for cell in cells(frame)["title"].to_list()]
    assert read_titles(classes(frame)) == expected


def test_many_rows_are_written_once_each(tmp_path, read_rows):
    count = 450_000  # more than are written at once
    frame = classes(pl.select(id=pl.format("c-{}", pl.int_range(count).shuffle(seed=1))))
    write_tables(tmp_path, only_classes(frame))
    ids = [row["id"] for row in read_rows(tmp_path / "classes.csv")]
    assert ids == sorted(f"c-{number}" for number in range(count))


def test_wrong_columns_are_refused(tmp_path, make_tables):
    tables = make_tables()
    wrong = ReportTables(
        users=tables.users.rename(columns={"id": "sourced_id"}),
        classes=tables.classes,
        enrollments=tables.enrollments,
        guardianships=tables.guardianships,
        issues=tables.issues,
    )
    with pytest.raises(ValueError, match="users has columns"):
        write_tables(tmp_path, wrong)


def test_files_are_their_owners_alone_and_no_link_is_followed(tmp_path, make_tables):
    victim = tmp_path / "victim"
    victim.write_text("as it was")
    folder = tmp_path / "report"
    folder.mkdir()
    (folder / "users.csv").symlink_to(victim)
    old = os.umask(0)
    try:
        with pytest.raises(FileExistsError):
            write_tables(folder, make_tables())
        (folder / "users.csv").unlink()
        write_tables(folder, make_tables())
    finally:
        os.umask(old)
    assert victim.read_text() == "as it was"
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}


def classes(frame):
    """A classes table of which only some columns are filled."""
    blank = [pl.lit(None, pl.String).alias(name) for name in TABLE_COLUMNS["classes"] if name not in frame.columns]
    return frame.with_columns(blank).select(TABLE_COLUMNS["classes"])


def only_classes(frame):
    empty = {table: pl.DataFrame(schema=dict.fromkeys(columns, pl.String)) for table, columns in TABLE_COLUMNS.items()}
    return ReportTables(**{**empty, "classes": frame})


def written(tables):
    with tempfile.TemporaryDirectory() as folder:
        write_tables(Path(folder), tables)
        return {path.name: path.read_bytes() for path in Path(folder).iterdir()}


def read_titles(frame):
    import csv
    import io

    text = written(only_classes(frame))["classes.csv"].decode("utf-8-sig")
    return [row["title"] for row in csv.DictReader(io.StringIO(text, newline=""), strict=True)]
