"""A page of made-up tables in headless Chromium, and everything that it asks for or complains about."""

import shutil

import pytest

from tests.reports.page import write_page

MISSING = "Chromium is not on the path: apt-get install chromium"
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"]

ROWS = {
    "users": [
        {
            "action": "held",
            "school": "North",
            "role": "student",
            "id": "s-2",
            "given_name": "Zoë <script>window.hurt = true</script>",
            "notes": "Removal held.",
            "code": "GUARD_HELD",
            "mobile": "+15035550100",
        },
        {
            "action": "kept",
            "school": "North; South",
            "role": "guardian",
            "id": "g-10",
            "given_name": "مرحبا",
            "notes": "B, with a comma",
            "code": "BLANK_KEPT",
        },
        {"action": "added", "school": "South", "role": "student", "id": "s-9", "given_name": "=1+1", "code": "NEW"},
        {"action": "added", "school": "South", "role": "student", "id": "s-10", "notes": "A", "code": "NEW"},
    ],
    "classes": [{"action": "archived", "school": "South", "id": "c-1", "title": "W" * 300, "code": "LEFT_SIS"}],
    "issues": [
        {"severity": "error", "file": "users.csv", "line": 10, "id": "x", "code": "DUPLICATE_ID", "message": "Twice."}
        | {"mark": "still", "since": "2026-11-03"},
        {"severity": "warning", "file": "users.csv", "line": 9, "id": "y", "code": "BLANKS_AROUND", "value": "-"}
        | {"mark": "new"},
        {"severity": "warning", "file": "users.csv", "line": 11, "id": "z", "code": "BLANKS_AROUND"}
        | {"mark": "still"},
    ],
    "fixed": [
        {"severity": "warning", "file": "users.csv", "id": "b", "code": "ALL_FIXED", "since": "2026-11-20"}
        | {"value": "-1", "message": "Odd."},
        {"severity": "error", "file": "users.csv", "id": "a", "code": "DUPLICATE_ID", "since": "2026-11-19"},
    ],
}


@pytest.fixture(scope="session")
def chromium():
    """The browser; a test that needs it fails without it."""
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if path is None:
        pytest.fail(MISSING)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


LEDGER = {
    "ALL_FIXED": {"new": 0, "still": 0, "fixed": 1, "unlisted": 0},
    "BLANKS_AROUND": {"new": 1, "still": 1, "fixed": 0, "unlisted": 0},
    "DUPLICATE_ID": {"new": 0, "still": 1, "fixed": 1, "unlisted": 0},
}


class Opened:
    """A page in the browser, with what it requested and said on the console."""

    def __init__(self, page, file):
        self.page, self.file = page, file
        self.requests, self.complaints = [], []
        page.on("request", lambda request: self.requests.append(request.url))
        page.on("console", lambda message: self.complaints.append(message.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.goto(file.as_uri())

    def rows(self, table="users", column="id"):
        """The texts of a column, row by row, as they stand."""
        script = """([table, column]) => {
            const found = document.querySelector(`#${table} table.sortable`);
            const place = [...found.tHead.rows[0].cells].findIndex((cell) => cell.dataset.column === column);
            return [...found.tBodies[0].rows].map((row) => row.cells[place].textContent);
        }"""
        return self.page.evaluate(script, [table, column])

    def header(self, column, table="users"):
        return self.page.locator(f"#{table} th[data-column={column}]")

    def said(self, table="users"):
        return self.page.locator(f"#{table} [role=status]").text_content()


@pytest.fixture
def open_page(chromium, tmp_path, make_tables, make_summary):
    """open_page(rows, …) -> Opened; other arguments are those of a browser context."""
    contexts = []

    def opened(rows=None, guards=(), status="applied", **context):
        tables = make_tables(**(ROWS if rows is None else rows))
        folder = tmp_path / f"report-{len(contexts)}"
        summary = make_summary(tables, guards=guards, status=status).model_copy(update={"ledger": LEDGER})
        write_page(folder, tables, summary)
        contexts.append(chromium.new_context(**context))
        return Opened(contexts[-1].new_page(), folder / "report.html")

    yield opened
    for each in contexts:
        each.close()
