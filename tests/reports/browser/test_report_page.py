"""The page of a run in a real browser: what a reader does with mouse, keys, screen reader, phone and paper."""

import csv
import io
from datetime import date

import polars as pl
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from rostersync.model.contact_desk import COLUMNS
from rostersync.model.report import TABLE_COLUMNS, TrippedGuard
from rostersync.reports import index
from rostersync.reports.html.contacts_page import contacts_page
from rostersync.reports.summary import write_summary

pytestmark = pytest.mark.browser

GUARDS = (TrippedGuard(what="Removal", kind="students", school_id="n", school="North", count=9, total=20, limit="10%"),)
REPORT_ORDER = ["s-2", "g-10", "s-9", "s-10"]


def test_it_asks_for_nothing_runs_nothing_of_the_data_and_says_nothing(open_page):
    opened = open_page(guards=GUARDS, status="held")
    opened.header("notes").get_by_role("button").click()
    opened.page.locator("#users-search").fill("zoë")
    opened.page.wait_for_timeout(300)
    assert opened.requests == [opened.file.as_uri()]
    assert opened.complaints == []
    assert opened.page.evaluate("window.hurt") is None
    assert opened.rows(column="given_name") == ["Zoë <script>window.hurt = true</script>"]


def test_its_policy_lets_no_other_script_run(open_page):
    opened = open_page()
    opened.page.evaluate(
        "() => { const own = document.createElement('script'); own.textContent = 'window.hurt = true';"
        " document.body.append(own); }"
    )
    assert opened.page.evaluate("window.hurt") is None
    assert any("Content Security Policy" in text for text in opened.complaints)


def test_sorted_by_notes_up_and_down_blanks_last(open_page):
    opened = open_page()
    assert opened.rows() == REPORT_ORDER
    button = opened.header("notes").get_by_role("button")
    button.click()
    assert opened.rows(column="notes") == ["A", "B, with a comma", "Removal held.", ""]
    assert opened.header("notes").get_attribute("aria-sort") == "ascending"
    assert opened.header("action").get_attribute("aria-sort") is None
    assert "sorted by Notes, ascending" in opened.said()
    button.click()
    assert opened.rows(column="notes") == ["Removal held.", "B, with a comma", "A", ""]
    assert opened.header("notes").get_attribute("aria-sort") == "descending"
    opened.page.locator("#users [data-do=clear]").click()
    assert opened.rows() == REPORT_ORDER
    assert opened.header("action").get_attribute("aria-sort") == "ascending"


def test_ids_and_lines_sort_as_people_count(open_page):
    opened = open_page()
    opened.header("id").get_by_role("button").click()
    assert opened.rows() == ["g-10", "s-2", "s-9", "s-10"]
    opened.header("line", "issues").get_by_role("button").click()
    assert opened.rows("issues", "line") == ["9", "10", "11"]


def test_actions_sort_by_how_serious_they_are(open_page):
    opened = open_page()
    button = opened.header("action").get_by_role("button")
    button.click()
    assert opened.rows(column="action") == ["added", "added", "kept", "held"]
    button.click()
    assert opened.rows(column="action") == ["held", "kept", "added", "added"]


@pytest.mark.parametrize(
    ("chosen", "found"),
    [
        ({"action": "added"}, ["s-9", "s-10"]),
        ({"school": "South"}, ["g-10", "s-9", "s-10"]),
        ({"school": "North"}, ["s-2", "g-10"]),
        ({"role": "guardian"}, ["g-10"]),
        ({"code": "GUARD_HELD"}, ["s-2"]),
        ({"school": "South", "role": "student"}, ["s-9", "s-10"]),
        ({"school": "North", "action": "added"}, []),
    ],
)
def test_filters_leave_what_was_chosen_and_say_how_many(open_page, chosen, found):
    opened = open_page()
    for column, value in chosen.items():
        opened.page.select_option(f"#users-{column}", value)
    assert opened.rows() == found
    assert opened.said() == f"{len(found)} of 4 rows."


def test_findings_are_filtered_by_mark_and_sorted_by_day_with_their_rows(open_page):
    opened = open_page()
    opened.page.select_option("#issues-mark", "still")
    assert opened.rows("issues") == ["x", "z"]
    assert opened.said("issues") == "2 of 3 rows."
    opened.page.locator("#issues [data-do=clear]").click()
    opened.header("since", "issues").get_by_role("button").dblclick()
    told = [opened.rows("issues", column) for column in ("id", "mark", "since")]
    assert list(zip(*told, strict=True)) == [("x", "still", "2026-11-03"), ("y", "new", ""), ("z", "still", "")]


def test_what_was_fixed_is_reached_from_its_code_and_copied(open_page):
    opened = open_page(permissions=["clipboard-read", "clipboard-write"])
    opened.page.locator("#done tr", has_text="ALL_FIXED").get_by_role("link").click()
    assert opened.page.url.endswith("#fixed")
    assert opened.rows("fixed") == ["b"]
    opened.page.locator("#fixed [data-do=copy]").click()
    expect(opened.page.locator("#fixed [role=status]")).to_contain_text("Copied 1 row as CSV.")
    text = opened.page.evaluate("navigator.clipboard.readText()").replace("\r\n", "\n")
    assert text.splitlines() == [
        "severity,file,id,column,code,value,message,since",
        "warning,users.csv,b,,ALL_FIXED,'-1,Odd.,2026-11-20",
    ]


def test_sorting_keeps_the_filter(open_page):
    opened = open_page()
    opened.page.select_option("#users-action", "added")
    opened.header("id").get_by_role("button").dblclick()
    assert opened.rows() == ["s-10", "s-9"]


@pytest.mark.parametrize(
    ("text", "found"), [("SCRIPT", ["s-2"]), ("south new", ["s-9", "s-10"]), ("+1503", ["s-2"]), ("nowhere", [])]
)
def test_search_finds_every_word_in_any_cell(open_page, text, found):
    opened = open_page()
    opened.page.locator("#users-search").fill(text)
    opened.page.wait_for_timeout(300)
    assert opened.rows() == found


def test_a_line_of_what_needs_a_person_leads_to_its_rows(open_page):
    opened = open_page(guards=GUARDS, status="held")
    opened.page.get_by_role("link", name="held by a guard").click()
    assert opened.page.url.endswith("#users")
    assert opened.rows() == ["s-2"]
    assert opened.page.locator("#users-code").input_value() == "GUARD_HELD"


def test_copied_rows_are_a_csv_that_no_spreadsheet_evaluates(open_page):
    opened = open_page(permissions=["clipboard-read", "clipboard-write"])
    opened.page.select_option("#users-school", "South")
    opened.page.locator("#users [data-do=copy]").click()
    expect(opened.page.locator("#users [role=status]")).to_contain_text("Copied 3 rows as CSV.")
    text = opened.page.evaluate("navigator.clipboard.readText()").replace("\r\n", "\n")
    rows = list(csv.DictReader(io.StringIO(text), strict=True))
    assert tuple(rows[0]) == TABLE_COLUMNS["users"]
    assert [(row["id"], row["given_name"], row["notes"]) for row in rows] == [
        ("g-10", "مرحبا", "B, with a comma"),
        ("s-9", "'=1+1", ""),
        ("s-10", "", "A"),
    ]


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("=1", "'=1"), ("+1", "'+1"), ("-1", "'-1"), ("@x", "'@x"), (" =1", "' =1"), ("\ufeff=1", "'\ufeff=1"),
        ("\u200b=1", "'\u200b=1"), ("＝1", "'＝1"), ("＠x", "'＠x"), ("\tx", "'\tx"), ("\nx", "\"'\nx\""),
        ("plain", "plain"), ("1-1", "1-1"), ('say "x"', '"say ""x"""'), ("a,b", '"a,b"'),
    ],
)  # fmt: skip
def test_a_copied_cell_is_as_safe_as_in_the_csv_files(open_page, text, safe):
    assert open_page().page.evaluate("(text) => cell(text, 'notes')", text) == safe


def test_lines_stay_numbers_when_copied(open_page):
    assert open_page().page.evaluate("cell('-1', 'line')") == "-1"


def test_everything_works_with_keys_alone(open_page):
    opened = open_page()
    keyboard = opened.page.keyboard
    keyboard.press("Tab")
    assert opened.page.evaluate("document.activeElement.textContent") == "Skip to the report"
    assert opened.page.locator(".skip").bounding_box()["x"] >= 0
    keyboard.press("Enter")
    assert opened.page.evaluate("document.activeElement.id") == "main"
    opened.page.locator("#users-search").focus()
    for place in ("users-action", "users-school", "users-role", "users-code"):
        keyboard.press("Tab")
        assert opened.page.evaluate("document.activeElement.id") == place
    keyboard.press("Tab")
    keyboard.press("Tab")
    assert opened.page.evaluate("document.activeElement.textContent") == "Copy as CSV"
    keyboard.press("Tab")  # the region of the table, which arrows scroll
    assert opened.page.evaluate("document.activeElement.getAttribute('role')") == "region"
    keyboard.press("Tab")
    assert opened.page.evaluate("document.activeElement.textContent") == "Action"
    outline = "getComputedStyle(document.activeElement).outlineStyle"
    assert opened.page.evaluate(outline) == "solid"
    keyboard.press("Enter")
    assert opened.rows(column="action")[-1] == "held"
    keyboard.press("Space")
    assert opened.rows(column="action")[0] == "held"


def test_without_scripts_the_tables_stand_and_no_control_is_dead(open_page):
    opened = open_page(java_script_enabled=False)
    assert opened.page.locator("#users tbody tr").count() == 4
    assert opened.page.locator("#users tbody tr th").all_text_contents() == REPORT_ORDER
    assert opened.page.locator("th button").count() == 0
    for control in opened.page.locator("button, input, select").all():
        assert not control.is_visible()
    assert opened.complaints == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_axe_finds_nothing_and_nothing_is_wider_than_the_screen(open_page, scheme, width):
    opened = open_page(
        guards=GUARDS, status="held", color_scheme=scheme, viewport={"width": width, "height": 844}, bypass_csp=True
    )
    opened.page.add_style_tag(content=".rows { content-visibility: visible !important }")
    opened.page.locator("details").evaluate_all("(all) => all.forEach((each) => { each.open = true; })")
    found = Axe().run(opened.page)
    assert found.violations_count == 0, found.generate_report()
    assert opened.page.evaluate("document.documentElement.scrollWidth") == width


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_axe_finds_nothing_in_the_contacts_to_fix(chromium, tmp_path, scheme, width):
    row = dict.fromkeys(COLUMNS, "W" * 60) | {"problem": "NO_UNIQUE_CREDENTIAL", "school": "North; South"}
    (tmp_path / "contacts.html").write_text(
        contacts_page(pl.DataFrame([row] * 30), "Maple Valley School District", date(2026, 11, 21)), encoding="utf-8"
    )
    context = chromium.new_context(color_scheme=scheme, viewport={"width": width, "height": 844}, bypass_csp=True)
    page = context.new_page()
    page.goto((tmp_path / "contacts.html").as_uri())
    page.add_style_tag(content=".rows { content-visibility: visible !important }")
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
    assert page.evaluate("document.documentElement.scrollWidth") == width
    sizes = "(name) => document.querySelector(`th[data-column=${name}]`).getBoundingClientRect().width"
    assert page.evaluate(sizes, "fix") >= 200, "a sentence is no tower of words"
    context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_axe_finds_nothing_in_the_list_of_reports(chromium, tmp_path, make_tables, make_summary, scheme, width):
    for run_id in ("20261121T213000Z", "20261122T213000Z"):
        (tmp_path / run_id).mkdir()
        tables = make_tables(users=[{"role": "student", "action": "added", "code": "NEW"}])
        write_summary(tmp_path / run_id, make_summary(tables, status="held"))
    index.write(tmp_path, "Maple Valley School District")
    context = chromium.new_context(color_scheme=scheme, viewport={"width": width, "height": 844}, bypass_csp=True)
    page = context.new_page()
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto((tmp_path / "index.html").as_uri())
    page.locator("details").evaluate_all("(all) => all.forEach((each) => { each.open = true; })")
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
    assert page.evaluate("document.documentElement.scrollWidth") == width
    assert asked == [(tmp_path / "index.html").as_uri()]
    context.close()


def test_headers_stay_in_sight_while_rows_are_scrolled(open_page):
    rows = [{"id": f"{number}", "action": "added", "code": "NEW", "notes": "N"} for number in range(400)]
    opened = open_page({"users": rows})
    region = opened.page.locator("#users > .scroll")
    region.scroll_into_view_if_needed()
    region.evaluate("(each) => each.scrollTo(0, 3000)")
    header = opened.header("id").bounding_box()
    assert abs(header["y"] - region.bounding_box()["y"]) < 5


def test_a_table_of_thousands_stays_quick_and_gives_all_its_rows(open_page):
    rows = [
        {
            "id": f"u{number}",
            "action": "added" if number % 3 else "kept",
            "code": "NEW" if number % 3 else "BLANK_KEPT",
            "school": f"School {number % 40}",
            "given_name": f"Name {number % 997}",
            "notes": f"Note {number % 101}",
        }
        for number in range(5_200)
    ]
    opened = open_page(dict.fromkeys(("users", "classes", "enrollments", "guardianships"), rows))
    took = """() => {
        const begun = performance.now();
        document.querySelector('#users th[data-column=notes] button').click();
        document.querySelector('#users table').getBoundingClientRect();
        return performance.now() - begun;
    }"""
    opened.page.evaluate("document.querySelector('#users').scrollIntoView()")
    for _ in range(2):
        assert opened.page.evaluate(took) < 2_000  # milliseconds; a tenth of it on an idle machine
    opened.page.select_option("#users-action", "kept")
    expect(opened.page.locator("#users [role=status]")).to_contain_text("of 5,000")
    assert opened.said().startswith("1,734 of 5,000 rows")
    assert len(opened.rows()) == 250
    assert opened.page.locator("#users > button").inner_text() == "List 250 more"
    opened.page.locator("#users > button").click()
    assert len(opened.rows()) == 500
    opened.page.locator("#users > .scroll").evaluate("(each) => each.scrollTo(0, each.scrollHeight)")
    expect(opened.page.locator("#users tbody tr")).to_have_count(750)
    opened.page.emulate_media(media="print")
    opened.page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    assert len(opened.rows()) == 1_734
    assert len(set(opened.rows())) == 1_734


def test_on_paper_there_are_the_tables_and_no_controls(open_page):
    opened = open_page(guards=GUARDS, status="held")
    opened.page.emulate_media(media="print")
    assert opened.page.locator("#users tbody tr").count() == 4
    for control in opened.page.locator("nav, .tools, .skip").all():
        assert not control.is_visible()
    region = opened.page.locator("#users > .scroll")
    assert region.evaluate("(each) => getComputedStyle(each).overflow") == "visible"
    assert opened.page.pdf(prefer_css_page_size=True).startswith(b"%PDF")
