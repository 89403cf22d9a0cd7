"""`report contacts` and `report findings` from outside, and that `report [RUN]` is what it was."""

import csv
import io
import json
import stat

import openpyxl
import pytest

from tests.cli.test_plan import refusal
from tests.cli.test_sync import history

COLUMNS = [
    *("school", "problem", "role", "id", "name", "contact", "sis_value", "here"),
    *("holder", "holder_name", "affected", "since", "fix"),
]
FINDINGS = [
    *("code", "severity", "file", "id", "column", "value", "message"),
    *("since", "first_run", "last_run"),
]


def listed(run, *arguments):
    return json.loads(run("report", "contacts", "--format", "json", *arguments).stdout)


def spoil(folder, **cells):
    """Gives cells of the first student other values; the student's id."""
    path = folder / "oneroster" / "users.csv"
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    row = next(row for row in rows if row["role"] == "student")
    row.update(cells)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return row["sourcedId"]


class TestContacts:
    def test_table_csv_and_json_hold_the_same(self, run, synced):
        rows = listed(run)
        assert rows
        assert list(rows[0]) == COLUMNS
        from_csv = list(csv.DictReader(io.StringIO(run("report", "contacts", "--format", "csv").stdout)))
        assert [row["id"] for row in from_csv] == [row["id"] for row in rows]
        table = run("report", "contacts").stdout
        assert all(row["id"] in table for row in rows)
        assert "\x1b" not in table

    def test_a_file_is_private_and_safe_for_spreadsheets(self, run, synced):
        rows = listed(run)
        said = run("report", "contacts", "--out", "desk.csv").stdout
        assert f"{len(rows)} rows" in said
        content = (synced / "desk.csv").read_bytes()
        assert content.startswith(b"\xef\xbb\xbf" + ",".join(COLUMNS).encode() + b"\r\n")
        assert stat.S_IMODE((synced / "desk.csv").stat().st_mode) == 0o600
        written = list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline="")))
        assert [(row["id"], row["sis_value"].lstrip("'")) for row in written] == [
            (row["id"], row["sis_value"] or "") for row in rows
        ]
        assert not [row for row in written if row["sis_value"].startswith("+")]

    def test_a_file_that_is_there_is_replaced_whole(self, run, synced):
        (synced / "desk.csv").write_text("old", encoding="utf-8")
        (synced / "desk.csv").chmod(0o644)
        run("report", "contacts", "--out", "desk.csv", "--quiet")
        assert (synced / "desk.csv").read_bytes().startswith(b"\xef\xbb\xbf")
        assert stat.S_IMODE((synced / "desk.csv").stat().st_mode) == 0o600
        assert not [path for path in synced.iterdir() if path.name.startswith(".partial")]

    def test_a_page_runs_nothing_but_its_own_script_and_shows_every_row(self, run, synced):
        run("report", "contacts", "--out", "desk.html")
        page = (synced / "desk.html").read_text(encoding="utf-8")
        assert "default-src &#39;none&#39;" in page
        assert stat.S_IMODE((synced / "desk.html").stat().st_mode) == 0o600
        assert all(f"<td>{row['id']}</td>" in page for row in listed(run))

    def test_a_workbook_holds_every_value_as_text(self, run, synced):
        run("report", "contacts", "--out", "desk.xlsx")
        assert stat.S_IMODE((synced / "desk.xlsx").stat().st_mode) == 0o600
        sheet = openpyxl.load_workbook(synced / "desk.xlsx")["contacts"]
        head, *written = sheet.iter_rows(values_only=True)
        assert list(head) == list(COLUMNS)
        assert [[cell or None for cell in row] for row in written] == [
            [None if row[name] in (None, "") else str(row[name]) for name in COLUMNS] for row in listed(run)
        ]

    def test_one_school(self, run, district):
        run("generate", "three-schools", "--students", "200")
        run("--quiet", "sync", "--source", "three-schools")
        school = "school-001"
        some, everything = listed(run, "--school", school), listed(run)
        assert 0 < len(some) < len(everything)
        assert [row for row in everything if row in some] == some

    @pytest.mark.parametrize(
        ("arguments", "words"),
        [
            (("--school", "nowhere"), ("no school nowhere", "school-001")),
            (("--out", "desk.txt"), ("desk.txt", "--format")),
            (("--out", "desk.csv", "--format", "json"), ("--format json", "no file")),
            (("--out", "reports"), ("--format",)),
            (("--out", "reports", "--format", "csv"), ("reports is a folder",)),
            (("--out", "nowhere/desk.csv"), ("nowhere/desk.csv", "nothing was changed")),
        ],
    )
    def test_refusals(self, run, synced, arguments, words):
        said = refusal(run("report", "contacts", *arguments, code=2))
        assert all(word in said for word in words)
        assert not (synced / "desk.csv").exists()

    def test_before_the_first_sync_there_is_nothing(self, run, district):
        assert listed(run) == []


class TestFindings:
    def test_listed_with_since_when_until_they_are_fixed(self, run, district):
        student = spoil(district, email="nobody")
        run("--quiet", "sync")
        spoil(district, phone="12")
        run("--quiet", "sync")
        first, second = (row["run_id"] for row in reversed(history(run)))
        rows = json.loads(run("report", "findings", "--format", "json", "--code", "invalid_email").stdout)
        assert list(rows[0]) == FINDINGS
        found = next(row for row in rows if row["id"] == student)
        assert (found["value"], found["first_run"], found["last_run"]) == ("nobody", first, second)
        trend = json.loads(run("report", "findings", "--trend", "--format", "json", "--code", "INVALID_PHONE").stdout)
        assert [row["run_id"] for row in trend] == [first, second]
        assert trend[1]["new"] == 1
        summary = json.loads((district / "reports" / second / "summary.json").read_text(encoding="utf-8"))
        assert summary["ledger"]["INVALID_PHONE"]["new"] == 1
        assert "nobody" in run("report", "findings").stdout

    def test_a_code_that_nobody_found_is_refused(self, run, synced):
        assert "NOWHERE" in refusal(run("report", "findings", "--code", "NOWHERE", code=2))


class TestReportOfARun:
    def test_options_before_and_after_the_run(self, run, synced):
        run_id = history(run)[0]["run_id"]
        run("report", "--out", "one", run_id)
        run("report", run_id, "--out", "two")
        assert (synced / "one" / "users.csv").read_bytes() == (synced / "two" / "users.csv").read_bytes()

    def test_help_names_the_listings(self, run, synced):
        said = run("report", "--help").stdout
        assert "--sort" in said
        assert "report contacts" in said
        assert "--school" in run("report", "contacts", "--help").stdout
