"""The page of a run: what it shows, escaped for certain, the same each time, asking nothing of anywhere."""

import base64
import dataclasses
import hashlib
import re
import stat

import pytest

from rostersync.model.past_run import PastRun
from rostersync.model.report import SHOWN_COLUMNS, TABLE_COLUMNS, TrippedGuard
from rostersync.reports.html.columns import LAYOUTS
from rostersync.reports.packing import pack, unpack
from tests.reports.page import ABOUT, Page, write_page

NASTY = [
    "<script>alert(1)</script>",
    "</td></table><img src=x onerror=alert(1)>",
    "\"><a href='javascript:alert(1)'>x</a>",
    "&lt;b&gt;&&amp;",
    "{{ 7 * 7 }} {% raw %}",
    "-->]]></style></script>",
    "=HYPERLINK(1)",
    "مرحبا",
    "O'Brien",
    "two\nlines",
    "W" * 500,
]


@pytest.mark.parametrize("text", NASTY)
def test_every_cell_says_what_the_table_says_and_is_no_markup(tmp_path, make_tables, make_summary, text):
    columns = {table: [name for name in SHOWN_COLUMNS[table] if name != "line"] for table in SHOWN_COLUMNS}
    rows = {table: [dict.fromkeys(names, text) | {"line": 1}] for table, names in columns.items()}
    tables = make_tables(**rows)
    page = Page(write_page(tmp_path, tables, make_summary(tables)))
    for table, layout in LAYOUTS.items():
        (row,) = page.table(table)
        assert [value for header, value in row.items() if header != "Line"] == [text] * (
            len(layout.columns) - ("line" in layout.columns)
        )
    clean = make_tables(**{table: [dict.fromkeys(names, "x") | {"line": 1}] for table, names in columns.items()})
    (tmp_path / "report.html").unlink()
    harmless = Page(write_page(tmp_path, clean, make_summary(clean)))
    assert [tag for tag, _ in page.tags] == [tag for tag, _ in harmless.tags]


@pytest.mark.parametrize("text", NASTY)
def test_names_around_the_tables_are_escaped_too(tmp_path, make_tables, make_summary, text):
    guard = TrippedGuard(what="Removal", kind="students", school_id=text, school=text, count=9, total=9, limit="10%")
    tables = make_tables(users=[{"id": "1", "school": text, "role": "student", "action": "added", "code": "NEW"}])

    def tags(name):
        summary = make_summary(tables, status="held", guards=(guard,)).model_copy(update={"diagnosis": (name,)})
        (tmp_path / "report.html").unlink(missing_ok=True)
        return [
            tag
            for tag, _ in Page(write_page(tmp_path, tables, summary, dataclasses.replace(ABOUT, district=name))).tags
        ]

    assert tags(text) == tags("plain")


def test_control_and_direction_characters_mislead_nobody(tmp_path, make_tables, make_summary):
    name = "a\x00b\x1f\x7fc\u202egpj.exe"
    tables = make_tables(users=[{"id": "1", "given_name": name, "school": name, "action": "added", "code": "NEW"}])
    text = write_page(tmp_path, tables, make_summary(tables), dataclasses.replace(ABOUT, district=name))
    assert Page(text).table("users")[0]["Given name"] == "abc\ufffdgpj.exe"
    assert not re.search("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u202a-\u202e\u2066-\u2069]", text)


def test_it_asks_nothing_of_anywhere_and_runs_only_what_is_ours(tmp_path, make_tables, make_summary):
    tables = make_tables(users=[{"id": "1", "action": "added", "code": "NEW"}])
    text = write_page(tmp_path, tables, make_summary(tables))
    page = Page(text)
    (policy,) = [a["content"] for tag, a in page.tags if a.get("http-equiv") == "Content-Security-Policy"]
    assert policy.startswith("default-src 'none';")
    assert "unsafe" not in policy
    for kind in ("style", "script"):
        (inline,) = re.findall(f"<{kind}>(.*?)</{kind}>", text, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(inline.encode()).digest()).decode()
        assert f"{kind}-src 'sha256-{digest}'" in policy
    for tag, attributes in page.tags:
        assert tag not in {"link", "img", "iframe", "object", "form"}
        assert not {"src", "style", "srcset"} & set(attributes)
        assert not any(name.startswith("on") for name in attributes)
    assert "://" not in text
    assert {link for link in page.links if not link.startswith("#")} == {
        "../index.html",
        *(f"{table}.csv" for table in TABLE_COLUMNS),
    }


def test_a_large_table_shows_its_most_serious_rows_and_says_so(tmp_path, make_tables, make_summary):
    rows = [{"id": f"{number:05}", "action": "added", "code": "NEW", "notes": "New."} for number in range(5_001)]
    rows[4_000] |= {"action": "held", "code": "GUARD_HELD"}
    tables = make_tables(users=rows, classes=[{"id": "C", "action": "added", "code": "NEW"}])
    text = write_page(tmp_path, tables, make_summary(tables))
    shown = Page(text).table("users")
    assert len(shown) == 5_000
    assert [row["Id"] for row in shown[:2]] == ["04000", "00000"]
    assert "The 5,000 most serious of 5,001 rows" in text
    assert '<a href="users.csv">' in text
    (tmp_path / "report.html").unlink()
    alone = write_page(tmp_path, tables, make_summary(tables), dataclasses.replace(ABOUT, formats=("html",)))
    assert '.csv">' not in alone
    assert "rostersync report 20261121T213000Z --format csv" in alone


def test_guards_come_first_with_what_to_do(tmp_path, make_tables, make_summary):
    guard = TrippedGuard(
        what="Removal", kind="students", school_id="s 1", school="North", count=9, total=20, limit="10%"
    )
    tables = make_tables(
        users=[{"id": "1", "action": "held", "code": "GUARD_HELD"}],
        issues=[{"severity": "error", "code": "DUPLICATE_ID", "file": "users.csv"}],
    )
    summary = make_summary(tables, status="held", exit_code=5, guards=(guard,))
    text = write_page(tmp_path, tables, summary.model_copy(update={"diagnosis": ("the ids changed",)}))
    places = [
        text.index(part)
        for part in ("Held in part", "Probably: the ids changed", "North", "--override-guards &#39;students@s 1&#39;",
                     "errors in the files", "held by a guard", "What was done", 'id="users"')
    ]  # fmt: skip
    assert places == sorted(places)


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ({"status": "applied"}, "Everything that the rules decided was applied."),
        ({"status": "applied", "dry_run": True}, "Nothing was changed: this is what a sync would do."),
        ({"status": "stopped", "exit_code": 5}, "A guard tripped and stopped the run: nothing was changed."),
        (
            {"status": "held", "exit_code": 5},
            "A guard tripped: what it protects was held, everything else was applied.",
        ),
    ],
)
def test_how_the_run_ended_is_said_in_words(tmp_path, make_tables, make_summary, how, said):
    tables = make_tables()
    text = write_page(tmp_path, tables, make_summary(tables, **how))
    assert said in text
    undone = how.get("dry_run") or how["status"] == "stopped"
    assert ("What would be done" in text) == bool(undone)
    assert "Saturday, 21 November 2026, 13:30 (America/Los_Angeles)" in text


def test_the_same_again_whatever_the_order_of_rows_or_the_library(tmp_path, make_tables, make_summary):
    rows = [{"id": f"{number}", "school": f"S{number}", "action": "added", "code": "NEW"} for number in range(30)]
    tables, turned = make_tables(users=rows), make_tables(users=rows[::-1])
    first = write_page(tmp_path / "1", tables, make_summary(tables))
    assert write_page(tmp_path / "2", turned, make_summary(turned)) == first
    assert write_page(tmp_path / "3", unpack(pack(turned)), make_summary(turned)) == first


def test_sorted_by_a_column_where_asked_blanks_last(tmp_path, make_tables, make_summary):
    rows = [{"id": "1", "school": "B"}, {"id": "2"}, {"id": "3", "school": "A"}]
    rows = [row | {"action": "added", "code": "NEW"} for row in rows]
    tables = make_tables(users=rows, classes=rows)
    about = dataclasses.replace(ABOUT, sort="school")
    page = Page(write_page(tmp_path, tables, make_summary(tables), about))
    assert [row["Id"] for row in page.table("users")] == ["3", "1", "2"]
    sorted_by = {a["data-column"] for tag, a in page.tags if tag == "th" and a.get("aria-sort")}
    assert sorted_by == {"school"}


def test_every_column_of_every_table_is_on_the_page():
    assert set(LAYOUTS) == set(SHOWN_COLUMNS)
    for table, columns in SHOWN_COLUMNS.items():
        assert sorted(LAYOUTS[table].columns) == sorted(columns)
        assert {*LAYOUTS[table].filters, LAYOUTS[table].names_row} <= set(columns)


def test_the_file_is_private_and_never_written_over(tmp_path, make_tables, make_summary):
    tables = make_tables()
    write_page(tmp_path, tables, make_summary(tables))
    assert stat.S_IMODE((tmp_path / "report.html").stat().st_mode) == 0o600
    with pytest.raises(FileExistsError):
        write_page(tmp_path, tables, make_summary(tables))


def test_an_empty_report_has_no_tools_and_no_empty_table(tmp_path, make_tables, make_summary):
    tables = make_tables()
    text = write_page(tmp_path, tables, make_summary(tables))
    assert 'role="search"' not in text
    assert text.count("Nothing to report.") == 6 + 5  # cards, tables
    assert "No school has a change." in text


def test_filters_offer_what_occurs_schools_one_by_one(tmp_path, make_tables, make_summary):
    rows = [
        {"id": "1", "school": "North; South", "role": "student", "action": "added", "code": "NEW"},
        {"id": "2", "school": "South", "role": "", "action": "held", "code": "GUARD_HELD"},
    ]
    tables = make_tables(users=rows)
    text = write_page(tmp_path, tables, make_summary(tables))
    (schools,) = re.findall(r'<select id="users-school".*?</select>', text)
    assert re.findall(r">([^<]+)</option>", schools) == ["All", "North (1)", "South (2)"]
    (actions,) = re.findall(r'<select id="users-action".*?</select>', text)
    assert re.findall(r">([^<]+)</option>", actions) == ["All", "held (1)", "added (1)"]
    (roles,) = re.findall(r'<select id="users-role".*?</select>', text)
    assert re.findall(r">([^<]+)</option>", roles) == ["All", "(blank) (1)", "student (1)"]


def test_the_runs_before_stand_in_the_chart_and_its_table(tmp_path, make_tables, make_summary):
    before = (
        PastRun("20261119T213000Z", "refused"),
        PastRun("20261120T213000Z", "held", counts={"students": {"added": 3, "archived": 2, "held": 1, "kept": 9}}),
    )
    tables = make_tables(users=[{"id": "1", "role": "student", "action": "updated", "code": "SIS_UPDATE"}])
    about = dataclasses.replace(ABOUT, before=before)
    page = Page(write_page(tmp_path, tables, make_summary(tables, dry_run=True), about))
    rows = [row for row in page.rows["charts"] if row[0].startswith("2026")]
    assert rows == [
        ["20261121T213000Z (this run)", "2026-11-21 21:30 UTC", "dry run", "0", "1", "0", "0"],
        ["20261120T213000Z", "2026-11-20 21:30 UTC", "held", "3", "0", "2", "1"],
        ["20261119T213000Z", "2026-11-19 21:30 UTC", "refused", "0", "0", "0", "0"],
    ]
