"""Listings and records: a table for people, CSV and JSON for programs (contract.md, Commands)."""

import csv
import io
import json
import os
import subprocess
import sys
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rostersync.commands.output import Format, flattened, listing, printable, record

COLUMNS = ("id", "name", "count", "flag")
ROWS = [
    {"id": "u1", "name": "Zoë O'Neil", "count": 3, "flag": True},
    {"id": "u2", "name": None, "count": 0, "flag": False},
    {"id": "=1+1", "name": 'say "hi", twice\nplease', "count": -5, "flag": None},
]
posix = pytest.mark.skipif(os.name != "posix", reason="pseudo-terminals are POSIX's")


def test_json_is_an_array_of_objects_with_their_own_types(capsys):
    listing(ROWS, COLUMNS, Format.JSON)
    assert json.loads(capsys.readouterr().out) == ROWS


def test_json_is_ascii_so_that_nothing_steers_a_terminal(capsys):
    listing([{"id": "\x1b[2J\u202eé"}], ("id",), Format.JSON)
    written = capsys.readouterr().out
    assert written.isascii()
    assert "\x1b" not in written


def test_json_of_nothing_is_an_empty_array(capsys):
    listing([], COLUMNS, Format.JSON)
    assert capsys.readouterr().out == "[]\n"


def test_json_writes_dates_and_paths_as_text(capsys):
    when = datetime(2026, 11, 21, 21, 30, tzinfo=UTC)
    listing([{"a": when, "b": date(2026, 11, 21), "c": Path("x")}], ("a", "b", "c"), Format.JSON)
    assert json.loads(capsys.readouterr().out) == [{"a": "2026-11-21T21:30:00+00:00", "b": "2026-11-21", "c": "x"}]


def test_csv_is_that_of_the_rfc(capsys):
    listing(ROWS, COLUMNS, Format.CSV)
    assert capsys.readouterr().out == (
        'id,name,count,flag\r\nu1,Zoë O\'Neil,3,1\r\nu2,,0,0\r\n\'=1+1,"say ""hi"", twice\nplease",-5,\r\n'
    )


@pytest.mark.parametrize("text", ["=1", "+12065550100", "-1", "@x", "\tx", "\rx", " =1", "\uff1d1"])
def test_csv_text_is_no_formula(capsys, text):
    listing([{"id": text}], ("id",), Format.CSV)
    (_, (cell,)) = csv.reader(io.StringIO(capsys.readouterr().out, newline=""))
    assert cell == "'" + text


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=9), min_size=1))
def test_csv_brings_every_text_back(texts):
    with pytest.MonkeyPatch.context() as patch:
        out = io.StringIO(newline="")
        patch.setattr(sys, "stdout", out)
        listing([{"id": "x", "text": text} for text in texts], ("id", "text"), Format.CSV)
    rows = list(csv.reader(io.StringIO(out.getvalue(), newline=""), strict=True))[1:]
    assert [row[1] if row[1] == text else row[1][1:] for row, text in zip(rows, texts, strict=True)] == texts


def test_a_table_is_not_cut_where_nobody_watches(capsys):
    listing([{"id": "x" * 300, "name": "a\nb"}, {"id": "y", "name": "c"}], ("id", "name"), Format.TABLE)
    head, first, second = capsys.readouterr().out.splitlines()
    assert head == "id" + " " * 300 + "name"
    assert first == "x" * 300 + "  a b"
    assert second == "y" + " " * 301 + "c"


def test_a_table_counts_wide_characters_twice(capsys):
    listing([{"id": "王", "name": "a"}, {"id": "xyz", "name": "b"}], ("id", "name"), Format.TABLE)
    assert capsys.readouterr().out.splitlines()[1:] == ["王   a", "xyz  b"]


def test_a_table_may_show_fewer_columns(capsys):
    listing(ROWS, COLUMNS, Format.TABLE, shown=("id", "flag"))
    assert capsys.readouterr().out.splitlines() == ["id    flag", "u1    yes", "u2    no", "=1+1"]


@given(st.text())
def test_what_is_printed_is_one_line_that_steers_nothing(text):
    shown = printable(text)
    assert len(shown.splitlines()) <= 1
    assert not any(character in shown for character in "\x1b\x9b\r\n\u202e\u2066\u200f")


def test_a_record_is_a_field_a_line_with_its_lists(capsys):
    record({"id": "u1", "name": None}, Format.TABLE, lists={"access": [{"school_id": "s"}], "none": []})
    assert capsys.readouterr().out == "id    u1\nname\n\naccess (1)\nschool_id\ns\n\nnone (0)\n"


def test_a_record_is_one_object_with_its_lists(capsys):
    record({"id": "u1", "name": None}, Format.JSON, lists={"access": [{"school_id": "s"}]})
    assert json.loads(capsys.readouterr().out) == {"id": "u1", "name": None, "access": [{"school_id": "s"}]}


def test_a_record_as_csv_is_one_row(capsys):
    record({"id": "u1", "name": None}, Format.CSV, lists={"access": [{"school_id": "s"}]})
    assert capsys.readouterr().out == "id,name\r\nu1,\r\n"


def test_nested_facts_become_dotted_names():
    assert flattened({"a": {"b": 1, "c": {"d": 2}}, "e": [1]}) == {"a.b": 1, "a.c.d": 2, "e": "[1]"}


TERMINAL = """
import pty, sys
sys.exit(pty.spawn([sys.executable, "-c", sys.argv[1]]) >> 8)
"""


def in_terminal(code: str, **environ: str) -> str:
    """What a terminal of 80 columns is sent by this code."""
    done = subprocess.run(
        [sys.executable, "-c", TERMINAL, code],
        env=os.environ | {"COLUMNS": "80", "TERM": "xterm-256color"} | environ,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=30,
        check=True,
    )
    return done.stdout.decode()


LISTING = """
from rostersync.commands.output import Format, listing
listing([{"id": "x" * 100, "name": "a\\x1b[31mb"}], ("id", "name"), Format("%s"))
"""


@posix
def test_a_terminal_gets_folded_cells_and_a_bold_head():
    written = in_terminal(LISTING % "table")
    assert written.count("x") == 100
    assert max(line.count("x") for line in written.splitlines()) < 80
    assert "\x1b[1m" in written
    assert "\x1b[31m" not in written


@posix
def test_no_color_means_no_colour():
    assert "\x1b[3" not in in_terminal(LISTING % "table", NO_COLOR="1")


@posix
def test_csv_in_a_terminal_steers_nothing():
    assert "\x1b" not in in_terminal(LISTING % "csv")
