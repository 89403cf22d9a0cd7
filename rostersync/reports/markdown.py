"""The summary of a run as Markdown, for a mail or a ticket: numbers alone, unless names are asked for."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from rostersync.model.notes import Action
from rostersync.reports.attention import attention, people_text
from rostersync.reports.finding_codes import code_lines
from rostersync.reports.terminal import KINDS, of_records, override_command, printable

if TYPE_CHECKING:
    import polars as pl

    from rostersync.model.report import ReportTables, RunSummary

MOST_NAMED = 20
"""So many rows of a table are named, the most serious ones that need a person."""

_MEANING = re.compile(r"([\\`*_{}\[\]()<>#+\-.!|~&@:$^=\"'/])")
"""What Markdown, HTML in it, a ticket's mentions, links or formulas could take for more than a letter."""

_NAMED_COLUMNS = {
    "users": ("action", "school", "role", "id", "given_name", "family_name", "code"),
    "classes": ("action", "school", "id", "title", "code"),
    "enrollments": ("action", "school", "class_id", "class_title", "user_id", "user_name", "code"),
    "guardianships": ("action", "guardian_id", "guardian_name", "student_id", "student_name", "code"),
}
"""Who a row is about; contact details and notes, which may hold them, stay in the report."""


def markdown(summary: RunSummary, district: str, tables: ReportTables | None = None) -> str:
    """The summary of a run; the same values give the same text.

    Without `tables` it holds no id and no name of a person, class or school, and no path. With them it names the
    schools of the guards, and the first rows of each table that need a person.
    """
    named = tables is not None
    parts = [
        _head(summary, district, named=named),
        _guards(summary, named=named),
        _attention(summary),
        _counts(summary),
        _findings(summary),
    ]
    if tables is not None:
        parts.append(_rows(summary, tables))
    return "\n\n".join("\n".join(part) for part in map(list, parts) if part) + "\n"


def escaped(text: str) -> str:
    """A text that Markdown shows as it is, on one line, within a cell too."""
    return _MEANING.sub(r"\\\1", printable(text)).replace("\\<", "&lt;").replace("\\>", "&gt;").replace("\\&", "&amp;")


def _code(code: str) -> str:
    return f"`{code}`" if re.fullmatch(r"\w+", code) else escaped(code)


def _head(summary: RunSummary, district: str, *, named: bool) -> Iterator[str]:
    run = summary.run
    done = f"dry run, nothing was changed ({run.status})" if run.dry_run else run.status
    yield f"# {escaped(district)}: run {run.run_id}"
    yield ""
    yield f"- Status: {escaped(done)}, exit code {run.exit_code}"
    yield f"- Started: {run.started_at:%Y-%m-%d %H:%M} UTC"
    if summary.people is not None:
        yield f"- People: {summary.people.waiting:,} {people_text(summary)}"
    if named:
        yield "- Holds names of people: keep it private"


def _guards(summary: RunSummary, *, named: bool) -> list[str]:
    if not summary.guards_tripped:
        return []
    header = ("what", "kind", *(["school"] if named else []), "count", "of", "limit")
    rows = [
        (
            each.what,
            each.kind,
            *([escaped(each.school)] if named else []),
            f"{each.count:,}",
            f"{each.total:,}",
            each.limit,
        )
        for each in summary.guards_tripped
    ]
    lines = ["## Guards that tripped", "", *_table(header, rows)]
    if named:
        lines += ["", *(f"- {escaped(text)}" for text in summary.diagnosis)]
        if command := override_command(summary):
            lines += ["", "If the files are right, let this through once:", "", f"    {printable(command)}"]
    elif of_records(summary):
        lines += ["", "Correct the export, or let it through once with `--override-guards`; the report says how."]
    return lines


def _attention(summary: RunSummary) -> list[str]:
    rows = [(f"{line.count:,}", line.text, line.table, _code(line.code), line.advice) for line in attention(summary)]
    if not rows:
        return [] if summary.guards_tripped else ["Nothing needs a person."]
    return ["## Needs a person", "", *_table(("rows", "what", "table", "code", "what to do"), rows)]


def _counts(summary: RunSummary) -> list[str]:
    counts = {
        action: [summary.counts.get(kind, {}).get(action, 0) for kind in KINDS]
        for action in Action
        if any(summary.counts.get(kind, {}).get(action) for kind in KINDS)
    }
    if not counts:
        return ["No change to report."]
    would = summary.run.dry_run or summary.run.status == "stopped"
    rows = [(action.value, *(f"{count:,}" for count in by_kind)) for action, by_kind in counts.items()]
    return ["## Would be done" if would else "## Done", "", *_table(("action", *KINDS), rows)]


def _findings(summary: RunSummary) -> list[str]:
    rows = [
        (
            ", ".join(map(escaped, line.severities)) or "fixed",
            _code(line.code),
            f"{line.rows:,}",
            line.count("new"),
            line.count("fixed"),
        )
        for line in code_lines(summary)
    ]
    if not rows:
        return []
    return ["## Findings in the files", "", *_table(("severity", "code", "rows", "new", "fixed"), rows)]


def _rows(summary: RunSummary, tables: ReportTables) -> list[str]:
    import polars as pl

    from rostersync.reports.seriousness import most_serious

    codes = {line.code for line in attention(summary) if line.code}
    lines: list[str] = []
    for table, columns in _NAMED_COLUMNS.items():
        frame = _frame(tables, table).filter(pl.col("code").is_in(codes))
        if frame.is_empty():
            continue
        first = most_serious(frame, table, columns, MOST_NAMED)
        more = f", the first {MOST_NAMED} of {frame.height:,}" if frame.height > MOST_NAMED else ""
        lines += [
            "",
            f"## Who in {table}{more}",
            "",
            *_table(columns, [tuple(map(escaped, row)) for row in first.rows()]),
        ]
    return lines[1:]


def _frame(tables: ReportTables, table: str) -> pl.DataFrame:
    from rostersync.model.report import TABLE_COLUMNS
    from rostersync.reports.frames import polars_frame

    return polars_frame(getattr(tables, table), TABLE_COLUMNS[table])


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """A table; what is not of our own words is escaped by then."""
    yield f"| {' | '.join(header)} |"
    yield f"|{'---|' * len(header)}"
    for row in rows:
        yield f"| {' | '.join(row)} |"
