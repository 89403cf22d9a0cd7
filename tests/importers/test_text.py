from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rostersync.errors import ImportRefused
from rostersync.importers.text import FIELD_LIMIT, DelimitedText, Records
from rostersync.model.delivery import DeliveredFile

Staged = Callable[[bytes], DeliveredFile]


def records(file: DeliveredFile, encoding: str = "auto") -> Records:
    text = DelimitedText(file, encoding)
    return text.records({place: name for place, name in enumerate(text.header) if name})


def rows(file: DeliveredFile, encoding: str = "auto") -> list[tuple[object, ...]]:
    return records(file, encoding).cells.rows()


def faults(file: DeliveredFile) -> list[tuple[object, ...]]:
    return records(file).faults.rows()


@pytest.mark.parametrize(
    "content",
    [
        b"a,b\n1,2\n3,4\n",
        b"a,b\r\n1,2\r\n3,4\r\n",
        b"a,b\r1,2\r3,4\r",
        b"a,b\n1,2\r\n3,4",
        b'"a","b"\n"1","2"\n"3","4"\n',
        b"\xef\xbb\xbfa,b\n1,2\n3,4\n",
    ],
    ids=["lf", "crlf", "cr", "mixed, no final break", "quoted", "byte order mark"],
)
def test_every_kind_of_line_end_and_quoting_reads_the_same(staged: Staged, content: bytes):
    assert rows(staged(content)) == [(2, "1", "2"), (3, "3", "4")]


def test_blank_lines_are_skipped_and_counted(staged: Staged):
    assert rows(staged(b"\n\na,b\n\n1,2\n  \n,,,\n3,4\n\n")) == [(5, "1", "2"), (8, "3", "4")]


def test_a_record_over_several_lines_has_the_line_it_starts_in(staged: Staged):
    content = b'a,b\n1,"two\r\nlines"\n"x\n\ny",2\n3,4\n'
    assert rows(staged(content)) == [(2, "1", "two\nlines"), (4, "x\n\ny", "2"), (7, "3", "4")]


def test_a_line_that_looks_whole_inside_a_quoted_cell_is_part_of_it(staged: Staged):
    assert rows(staged(b'a,b\n1,"x\n7,8\ny"\n3,4\n')) == [(2, "1", "x\n7,8\ny"), (5, "3", "4")]


def test_quotes_written_twice_are_one(staged: Staged):
    assert rows(staged(b'a,b\n"say ""hi""",2\n')) == [(2, 'say "hi"', "2")]


def test_columns_without_a_name_at_the_end_may_be_missing_in_rows(staged: Staged):
    file = staged(b"a,b,,\n1,2\n3,4,,\n5,6,\n7,8")
    assert rows(file) == [(2, "1", "2"), (3, "3", "4"), (4, "5", "6"), (5, "7", "8")]
    assert faults(file) == []


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        (b"1\n", [(2, "SHORT_ROW", 1)]),
        (b"1", [(2, "TRUNCATED_ROW", 1)]),
        (b"1,2,3\n", [(2, "TOO_MANY_CELLS", 3)]),
        (b"1,2,3", [(2, "TOO_MANY_CELLS", 3)]),
        (b'1,2,"x\ny"\n', [(2, "TOO_MANY_CELLS", 3)]),
        (b'1,2,,"", \n', []),
        (b"1,2", []),
    ],
)
def test_rows_of_another_length(staged: Staged, line: bytes, fault: list[tuple[object, ...]]):
    assert faults(staged(b"a,b\n" + line)) == fault


def test_only_the_last_row_can_be_cut_short(staged: Staged):
    assert faults(staged(b"a,b\n1\n2")) == [(2, "SHORT_ROW", 1), (3, "TRUNCATED_ROW", 1)]


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (b'a,b\n1,2\n3,4"5\n', 3),
        (b'a,b\n"1"x,2\n', 2),
        (b'a,b\n1,"2\n3,4\n5,6\n', 2),
        (b'a,b\n1,"2\n3,"4",5\n', 2),
        (b'a,"b\n', 1),
        (b'a,b"c\n', 1),
        (b'a,b\n1,"2', 2),
    ],
    ids=["inside a cell", "text after", "never closed", "closed by another", "header", "in header", "cut in a cell"],
)
def test_broken_quoting_is_refused_with_its_line(staged: Staged, content: bytes, line: int):
    with pytest.raises(ImportRefused, match=rf"^users\.csv line {line}: broken CSV quoting.*Nothing was changed"):
        rows(staged(content))


def test_a_stray_quote_cannot_swallow_rows_up_to_the_next_one(staged: Staged):
    body = b"".join(b"%d,x\n" % number for number in range(2000))
    with pytest.raises(ImportRefused, match="line 2: broken CSV quoting"):
        rows(staged(b'a,b\n7,"x\n' + body + b'8,"y"\n'))


def test_a_wrong_byte_among_letters_of_utf_8_spoils_no_other_letter(staged: Staged) -> None:
    """As where an export cuts a name at so many bytes."""
    raw = "a,b\nJosé,Ngọc\nZoë,x\n".encode()
    with pytest.raises(ImportRefused, match=r"line 4: byte .* is not UTF-8"):
        DelimitedText(staged(raw + b"Ren\xc3,y\nAnn,z\n"))


def test_letters_of_a_file_of_many_parts_are_looked_at_to_its_end(staged: Staged) -> None:
    raw = b"a,b\n" + "Zoë,Ngọc\n".encode() * 800_000  # 9 MB: looked at in parts of 4
    assert records(staged(raw)).cells.height == 800_000
    with pytest.raises(ImportRefused, match=rf"line 800002: byte {len(raw) + 1} is not UTF-8"):
        DelimitedText(staged(raw + b"\xeb,x\n"))
    middle = len(raw) // 2 - len(raw) // 2 % 12 + 4
    with pytest.raises(ImportRefused, match=rf"line {(middle - 4) // 12 + 2}: byte {middle + 1} is not UTF-8"):
        DelimitedText(staged(raw[:middle] + b"\xeb,x\n" + raw[middle:]))


def test_windows_1252_is_read_and_told(staged: Staged):
    text = DelimitedText(staged("a,b\nJosé,–\n".encode("cp1252")))
    assert text.windows_1252
    assert text.records({0: "a", 1: "b"}).cells.rows() == [(2, "José", "–")]


def test_an_encoding_can_be_demanded(staged: Staged):
    file = staged("a,b\n1,2\nJosé,x\n".encode("cp1252"))
    with pytest.raises(ImportRefused, match="line 3: byte 12 is not UTF-8"):
        rows(file, "utf-8")
    assert rows(file, "windows-1252")[1] == (3, "José", "x")


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"a,b\n1,\x81\n", "line 2: byte 7 is neither UTF-8 nor windows-1252"),
        ("a,b\n1,2\n".encode("utf-16"), "line 1: the file is UTF-16"),
        ("a,b\n1,2\n".encode("utf-16-le"), "line 1: a NUL byte"),
        (b"a,b\n1,\x00\n", "line 2: a NUL byte"),
        (b"PK\x03\x04rest", "a zip archive or a spreadsheet"),
        (b"\n <!DOCTYPE html><html>", "HTML or XML"),
        (b'{"users": []}', "JSON"),
    ],
)
def test_what_is_no_text_table_is_refused(staged: Staged, content: bytes, what: str):
    with pytest.raises(ImportRefused, match=re.escape(what)):
        rows(staged(content))


@pytest.mark.parametrize(
    "content",
    [
        b"a,b\n1,2\n" + b"x" * (1 << 21),
        b"a,b\r1,2\r" + b"x" * (1 << 21),
        b"a,b\n1,2\n" + b"x" * (FIELD_LIMIT + 1) + b",y\n",
        b'a,b\n1,2\n"' + b"x" * (FIELD_LIMIT + 1) + b'",y\n',
    ],
    ids=["line", "line ended by CR", "cell", "quoted cell"],
)
def test_what_is_too_long_is_refused(staged: Staged, content: bytes):
    with pytest.raises(ImportRefused, match="line 3: a line above 1024 KiB or a cell above 128 KiB"):
        rows(staged(content))


def test_a_long_file_with_lone_carriage_returns_is_no_long_line(staged: Staged):
    assert len(rows(staged(b"a,b\r" + b"1,2\r" * 400_000))) == 400_000


def test_hidden_characters_are_noticed(staged: Staged):
    assert records(staged("a,b\n1,x\u200by\n".encode())).hidden
    assert records(staged(b"a,b\n1,x\x07y\n")).hidden
    assert not records(staged("a,b\n1,“José” 王\n".encode())).hidden


def test_a_file_without_text_has_no_header(staged: Staged):
    assert DelimitedText(staged(b"")).header == ()
    assert DelimitedText(staged(b"\r\n\n")).header == ()


def test_very_wide_files_are_read_too(staged: Staged):
    width = 1500
    header = ",".join(f"c{number}" for number in range(width))
    content = f"{header}\n{',' * (width - 1)}last\n1\n".encode()
    text = DelimitedText(staged(content))
    found = text.records({0: "first", width - 1: "last"})
    assert found.cells.rows() == [(2, None, "last"), (3, "1", None)]
    assert found.faults.rows() == [(3, "SHORT_ROW", 1)]


cells = st.text(st.sampled_from('ab 1,"\n\t;é王'), max_size=5)


@given(
    table=st.lists(st.lists(cells, min_size=3, max_size=3), max_size=8),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    line_end=st.sampled_from(["\n", "\r\n"]),
    mark=st.booleans(),
)
@settings(max_examples=150, deadline=None)
def test_law_what_csv_writes_is_what_is_read(table: list[list[str]], quoting: int, line_end: str, *, mark: bool):
    stream = io.StringIO()
    writer = csv.writer(stream, quoting=quoting, lineterminator=line_end)
    writer.writerows([["a", "b", "c"], *table])
    content = stream.getvalue().encode("utf-8-sig" if mark else "utf-8")
    with TemporaryDirectory() as folder:
        path = Path(folder, "users.csv")
        path.write_bytes(content)
        found = rows(DeliveredFile("users.csv", path, len(content), "", None))
    read = [tuple(cell or "" for cell in row[1:]) for row in found]
    said = [tuple(row) for row in table]
    assert [row for row in read if any(map(str.strip, row))] == [row for row in said if any(map(str.strip, row))]
