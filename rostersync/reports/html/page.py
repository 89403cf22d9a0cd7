"""What stands on the page of a run, and the page itself."""

from __future__ import annotations

import zoneinfo
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from markupsafe import Markup

from rostersync.model.findings_ledger import found_by_code
from rostersync.model.notes import Action
from rostersync.model.past_run import PastRun
from rostersync.model.report import TABLE_COLUMNS, RunSummary
from rostersync.reports.attention import attention, people_text
from rostersync.reports.finding_codes import CodeLine, code_lines
from rostersync.reports.html import assets, columns, row_markup
from rostersync.reports.html.counting import GROUPS, KINDS
from rostersync.reports.html.findings_trend import FindingsLine, findings_line
from rostersync.reports.html.school_changes import CHART_KINDS, SchoolLine, school_lines
from rostersync.reports.html.trend import trend
from rostersync.reports.marks import shown_table
from rostersync.reports.seriousness import SERIOUSNESS, most_serious
from rostersync.reports.terminal import TABLES, delivery_text, of_records, override_command, unchanged_text

if TYPE_CHECKING:
    import polars as pl

    from rostersync.model.report import ReportTables
    from rostersync.reports.formats import About

MOST_ROWS = 5_000
"""So many rows of a table are on the page; the CSV has them all."""


@dataclass(frozen=True)
class Choice:
    """A filter of a table: its column and the values that occur, with how many rows have each."""

    column: str
    values: tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class PageTable:
    """A table of the page: its rows as markup, `shown` of `total`; `sorted_by` is the column they are in order of."""

    name: str
    layout: columns.Layout
    rows: Markup
    shown: int
    total: int
    sorted_by: str
    choices: tuple[Choice, ...]


@dataclass(frozen=True)
class Body:
    """What the tables alone give: known before the run has ended."""

    tables: tuple[PageTable, ...]
    schools: tuple[SchoolLine, ...]


def body_of(tables: ReportTables, sort: str | None) -> Body:
    """The tables' part of the page."""
    shown = tuple(_table(shown_table(tables, name), name, layout, sort) for name, layout in columns.LAYOUTS.items())
    some = tuple(table for table in shown if table.total or table.name in TABLE_COLUMNS)
    return Body(some, school_lines(tables))


def render(body: Body, summary: RunSummary, about: About) -> str:
    """The page of a run; the same values give the same text."""
    style, script = assets.inline("page.css"), assets.inline("report.js")
    run = summary.run
    # a run without files (an undo) found nothing and looked at nothing
    found = found_by_code(summary.findings, summary.ledger) if summary.source.files else None
    this = PastRun(run.run_id, run.status, run.dry_run, summary.counts, found)
    runs = (*about.before, this)
    needs = tuple(attention(summary))
    return (
        assets.environment()
        .get_template("report.html.j2")
        .render(
            style=style,
            script=script,
            policy=assets.policy(style, script),
            district=about.district,
            summary=summary,
            run=run,
            started=_local(run.started_at, about.timezone),
            took=_took(summary),
            ending=_ending(summary),
            guards=of_records(summary),
            stale=unchanged_text(summary),
            incomplete=delivery_text(summary),
            override=override_command(summary),
            waiting=tuple(line for line in needs if line.waits),
            look=tuple(line for line in needs if not line.waits),
            people=summary.people,
            people_text=people_text(summary),
            cards=tuple(_cards(summary)),
            findings=_findings(summary, runs),
            groups=GROUPS,
            chart_kinds=CHART_KINDS,
            trend=trend(runs),
            schools=body.schools,
            tables=body.tables,
            label=columns.label,
            of_csv=columns.of_csv,
            order=" ".join(SERIOUSNESS),
            csvs=TABLE_COLUMNS,
            has_fixed=any(table.name == "fixed" for table in body.tables),
            has_csv="csv" in about.formats,
            listed=about.listed,
        )
    )


def _table(everything: pl.DataFrame, name: str, layout: columns.Layout, sort: str | None) -> PageTable:
    import polars as pl

    rows = most_serious(everything, name, layout.columns, MOST_ROWS)
    sorted_by = layout.first
    if sort in layout.columns:
        rows = rows.sort(pl.col(sort) == "", pl.col(sort), maintain_order=True)
        sorted_by = sort
    return PageTable(
        name,
        layout,
        row_markup.rows(rows, layout.names_row),
        rows.height,
        everything.height,
        sorted_by,
        tuple(_choice(rows, column) for column in layout.filters),
    )


def _choice(rows: pl.DataFrame, column: str) -> Choice:
    """Values of a column that occur, schools one by one, in the order of their seriousness or of the alphabet."""
    counts: Counter[str] = Counter()
    for value, found in row_markup.clean_column(rows[column]).value_counts().iter_rows():
        for part in value.split("; ") if column == "school" else (value,):
            counts[part] += found
    rank = {action.value: place for place, action in enumerate(SERIOUSNESS)} if column == "action" else {}
    return Choice(column, tuple(sorted(counts.items(), key=lambda item: (rank.get(item[0], 0), item[0]))))


def _local(moment: datetime, timezone: str) -> str:
    local = moment.astimezone(zoneinfo.ZoneInfo(timezone))
    return f"{local:%A}, {local.day} {local:%B %Y, %H:%M} ({timezone})"


def _took(summary: RunSummary) -> int:
    return round((summary.run.finished_at - summary.run.started_at).total_seconds())


def _ending(summary: RunSummary) -> tuple[str, str, str]:
    """How the run ended: a word for the style, a headline, a sentence."""
    run = summary.run
    held = bool(of_records(summary))
    if run.dry_run:
        would = " A guard tripped: a sync would end like this too." if held else ""
        return ("held" if held else "dry"), "Dry run", f"Nothing was changed: this is what a sync would do.{would}"
    if run.status == "stopped":
        return "stopped", "Stopped", "A guard tripped and stopped the run: nothing was changed."
    if run.status == "held":
        return "held", "Held in part", "A guard tripped: what it protects was held, everything else was applied."
    return "applied", "Applied", "Everything that the rules decided was applied."


def _cards(summary: RunSummary) -> list[tuple[str, str, list[tuple[str, int]]]]:
    """Kind, the table that it stands in, and its actions that occurred."""
    cards = []
    for kind in KINDS:
        counts = summary.counts.get(kind, {})
        table = kind if kind in TABLES else "users"
        cards.append((kind, table, [(action.value, counts[action]) for action in Action if counts.get(action)]))
    return cards


def _findings(summary: RunSummary, runs: Sequence[PastRun]) -> list[tuple[CodeLine, FindingsLine]]:
    """Each code of the files' findings, and how it went over these runs."""
    return [(line, findings_line(line.code, runs)) for line in code_lines(summary)]
