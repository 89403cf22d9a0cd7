"""The first sheet: the run, what needs a person, guards, counts and a chart of them, findings, what the sheets hold."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from rostersync.model.notes import Action
from rostersync.reports.attention import attention, people_text
from rostersync.reports.finding_codes import code_lines
from rostersync.reports.terminal import KINDS, delivery_text, override_command, unchanged_text
from rostersync.reports.xlsx.book import COLOURS, shown

if TYPE_CHECKING:
    from rostersync.model.report import RunSummary
    from rostersync.reports.formats import About
    from rostersync.reports.xlsx.book import Book, Sheet

_WIDTHS = (24, 30, 14, 14, 14, 14, 16, 14)


def fill(book: Book, sheet: Sheet, summary: RunSummary, about: About, sheets: Mapping[str, tuple[int, str]]) -> None:
    """Writes the sheet of a run; `sheets` is by table how many rows its sheet holds, and where the rest is."""
    for place, width in enumerate(_WIDTHS):
        sheet.worksheet.set_column(place, place, width)
    _run(sheet, summary, about)
    _attention(sheet, summary)
    _guards(sheet, summary)
    _counts(book, sheet, summary)
    _findings(sheet, summary)
    _sheets(sheet, sheets)
    sheet.worksheet.activate()
    sheet.worksheet.set_landscape()
    sheet.worksheet.fit_to_pages(1, 0)


def _run(sheet: Sheet, summary: RunSummary, about: About) -> None:
    run = summary.run
    sheet.heading(shown(f"{about.district}: run {run.run_id}"))
    sheet.row(["Student data: keep this file private."])
    sheet.row(["Status", f"dry run, nothing was changed ({run.status})" if run.dry_run else run.status])
    sheet.row(["Started", _local(run.started_at, about.timezone)])
    sheet.row(["Finished", _local(run.finished_at, about.timezone)])
    sheet.row(["Exit code", run.exit_code])
    if summary.people is not None:
        sheet.row(["People", f"{summary.people.waiting:,} {people_text(summary)}"])
    sheet.row(["Source", shown(summary.source.name)])
    for file in summary.source.files:
        rows = "not read" if file.rows is None else f"{file.rows:,} rows"
        sheet.row(["", shown(f"{file.name}: {rows}, {file.size:,} bytes")])
    if text := delivery_text(summary):
        sheet.row([shown(text)])
    sheet.skip()


def _attention(sheet: Sheet, summary: RunSummary) -> None:
    sheet.heading("Needs a person")
    lines = list(attention(summary))
    if not lines and not summary.guards_tripped and not delivery_text(summary):
        sheet.row(["Nothing needs a person."])
    if lines:
        sheet.header(["sheet", "code", "rows", "what", "", "", "", "", "what to do"])
        for line in lines:
            sheet.row([line.table, line.code, line.count, line.text, "", "", "", "", line.advice])
    sheet.skip()


def _guards(sheet: Sheet, summary: RunSummary) -> None:
    if not summary.guards_tripped:
        return
    sheet.heading("Guards that tripped")
    sheet.header(["what", "school", "kind", "count", "total", "limit"])
    for guard in summary.guards_tripped:
        sheet.row([guard.what, shown(guard.school), guard.kind, guard.count, guard.total, guard.limit])
    for text in (*summary.diagnosis, unchanged_text(summary)):
        if text:
            sheet.row([shown(text)])
    if command := override_command(summary):
        sheet.row(["If the files are right, let this through once:"])
        sheet.row([shown(command)])
    sheet.skip()


def _counts(book: Book, sheet: Sheet, summary: RunSummary) -> None:
    """Rows per action and kind, and under them the chart: a bar per kind, coloured by action."""
    actions = [each for each in Action if any(summary.counts.get(kind, {}).get(each) for kind in KINDS)]
    would = summary.run.dry_run or summary.run.status == "stopped"
    sheet.heading("Would be done" if would else "Done")
    if not actions:
        sheet.row(["No change to report."])
        sheet.skip()
        return
    head = sheet.next_row
    sheet.header(["action", *KINDS])
    for action in actions:
        sheet.row([action.value, *(summary.counts.get(kind, {}).get(action, 0) for kind in KINDS)])
    sheet.skip()
    chart, name = book.chart({"type": "bar", "subtype": "stacked"}), sheet.worksheet.get_name()
    for place, action in enumerate(actions, head + 1):
        chart.add_series(
            {
                "name": [name, place, 0],
                "categories": [name, head, 1, head, len(KINDS)],
                "values": [name, place, 1, place, len(KINDS)],
                "fill": {"color": COLOURS[action][1]},
                "gap": 60,
            }
        )
    chart.set_title({"name": "Rows by kind and action", "name_font": {"size": 12}})
    chart.set_y_axis({"reverse": True})
    chart.set_x_axis({"num_format": "#,##0", "major_gridlines": {"visible": True, "line": {"color": "#D0D5DA"}}})
    chart.set_legend({"position": "bottom"})
    chart.set_size({"width": 900, "height": 340})
    sheet.worksheet.insert_chart(sheet.next_row, 0, chart, {"description": "Rows by kind and action, as in the table"})
    sheet.next_row += 18


def _findings(sheet: Sheet, summary: RunSummary) -> None:
    found = code_lines(summary)
    if not found:
        return
    sheet.heading("Findings in the files (sheet issues)")
    kinds = ("new", "still", "fixed", "unlisted")
    sheet.header(["severity", "code", "rows", *kinds])
    for line in found:
        moved = [None if line.moved is None else line.moved[kind] for kind in kinds]
        sheet.row([shown(", ".join(line.severities)) or "fixed", shown(line.code), line.rows, *moved])
    sheet.skip()


def _sheets(sheet: Sheet, sheets: Mapping[str, tuple[int, str]]) -> None:
    sheet.heading("Sheets")
    sheet.header(["sheet", "", "rows", "where the rest is"])
    for table, (rows, rest) in sheets.items():
        sheet.row([table, "", rows, rest])


def _local(moment: datetime, timezone: str) -> str:
    return f"{moment.astimezone(ZoneInfo(timezone)):%Y-%m-%d %H:%M:%S} {timezone}"
