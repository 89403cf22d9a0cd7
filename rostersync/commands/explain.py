"""`rostersync explain`: where each value of a record comes from, and what would change it."""

from __future__ import annotations

import dataclasses
import json
import shutil
import sys
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rostersync.commands import invocation, output
from rostersync.commands.output import Format, FormatOption
from rostersync.errors import ConfigurationError
from rostersync.model.notes import Code

if TYPE_CHECKING:
    import sqlite3

    from rostersync.explaining import Explained, Explanation
    from rostersync.settings import Settings

_WIDTH = 80  # of the lines where stdout is no terminal
_WIDEST = 100
_MANY = 12
"""More enrollments than these are counted in the table; csv and json hold them all."""


def explain(
    context: typer.Context,
    record: Annotated[str, typer.Argument(metavar="SOURCED_ID", help="A user's or class's id: sourcedId, or local:…")],
    chosen: FormatOption = Format.TABLE,
) -> None:
    """Where each value comes from: platform, SIS, the rule and setting that decided, and what would change it."""
    from rostersync.state.connection import reading

    settings = invocation.of(context).settings()
    with reading(settings.state.path) as connection:
        found = explanations(connection, settings, record)
    if not found:
        raise ConfigurationError(_unknown(settings, record))
    match chosen:
        case Format.JSON:
            output.line(json.dumps([_as_json(each) for each in found], indent=2))
        case Format.CSV:
            rows = [{"kind": each.kind, "id": each.id, **row.as_row()} for each in found for row in each.rows]
            output.listing(rows, list(rows[0]), Format.CSV)
        case Format.TABLE:
            for number, each in enumerate(found):
                _print(each, first=number == 0)


def explanations(connection: sqlite3.Connection, settings: Settings, record: str) -> list[Explanation]:
    """What is known under this id: a user, a class, a row that waits; none where nobody knows it."""
    from rostersync.explaining import explain_class, explain_person, explain_waiting
    from rostersync.state.records import Records

    records, include = Records(connection), settings.schools.include
    person, school_class = records.person(record), records.school_class(record)
    if person is not None:
        person = dataclasses.replace(person, notes=(*person.notes, *_held_last_night(connection, "users", record)))
    if school_class is not None:
        held = _held_last_night(connection, "classes", record)
        school_class = dataclasses.replace(school_class, notes=(*school_class.notes, *held))
    found = [] if person is None else [explain_person(person, settings.policy, include)]
    found += [] if school_class is None else [explain_class(school_class, settings.policy, include)]
    known = {"users": person is not None, "classes": school_class is not None}
    return found + [
        explain_waiting(facts, settings.policy)
        for facts in records.waiting(record)
        if not known[facts.waiting.kind] and not facts.waiting.deleted
    ]


def _held_last_night(connection: sqlite3.Connection, kind: str, record: str) -> Iterator[tuple[str, str]]:
    """Codes and notes of what the last applied run held because the files were not whole: only its report says so."""
    from rostersync.state import report_tables, run_history

    codes = (Code.INCOMPLETE_DELIVERY.value, Code.UNREADABLE_ROWS.value)
    run_id = run_history.last_applied(connection)
    if run_id is None:
        return
    said = json.loads(report_tables.run_summary(connection, run_id) or "{}").get("codes", {})
    if not any(said.get(kind, {}).get(code) for code in codes):
        return  # its report need not be looked at
    import polars as pl

    from rostersync.reports.packing import read_columns

    packed = report_tables.kept(connection, run_id)
    if kind in packed:
        rows = read_columns(packed[kind], ("id", "code", "notes"))
        yield from rows.filter((pl.col("id") == record) & pl.col("code").is_in(codes)).select("code", "notes").rows()


def _unknown(settings: Settings, record: str) -> str:
    left_out = "; its schools may not take part (schools.include)" if settings.schools.include else ""
    return (
        f"neither the state nor the last import knows {record}{left_out}; nothing was changed; check the id, or see "
        "`rostersync users list` and `rostersync classes list`"
    )


def _as_json(explanation: Explanation) -> dict[str, Any]:
    from rostersync.explaining.rows import as_json

    return {
        "kind": explanation.kind,
        "id": explanation.id,
        "about": explanation.about,
        "values": [as_json(row) for row in explanation.rows],
    }


def _print(explanation: Explanation, *, first: bool) -> None:
    """The record for people: a few lines per value, those with the same reason together."""
    width = min(shutil.get_terminal_size().columns, _WIDEST) if sys.stdout.isatty() else _WIDTH
    if not first:
        output.line("")
    output.line(f"{explanation.kind} {explanation.id}: {output.printable(explanation.about)}")
    for title, rows in _sections(explanation.rows):
        output.line("")
        for line in _wrapped(title, width, "", ""):
            output.line(line)
        for line in _details(rows, width):
            output.line(line)


def _sections(rows: Sequence[Explained]) -> Iterator[tuple[str, list[Explained]]]:
    """Rows that have the same story, in order of the first of each, with a title that names their values."""
    stories: dict[object, list[Explained]] = {}
    for row in rows:
        alone = row.part in {"status", "waiting", "credential"} or (row.part == "value" and row.platform != row.sis)
        story: tuple[object, ...] = (row.part, row.reason, row.place, row.run, row.edited, row.field if alone else "")
        if row.part == "enrollment":
            story = (row.part, row.platform, row.reason.rule)
        stories.setdefault(story, []).append(row)
    for together in stories.values():
        yield _title(together), together


def _title(rows: Sequence[Explained]) -> str:
    first = rows[0]
    if first.part == "enrollment":
        names = [row.field for row in rows[:_MANY]]
        more = f" and {len(rows) - _MANY} more" if len(rows) > _MANY else ""
        return f"{len(rows)} enrollment{'s' if len(rows) > 1 else ''} {first.platform}: {', '.join(names)}{more}"
    if first.part == "row":
        said = "; ".join(f"{row.field}: {output.printable(row.sis) or 'none'}" for row in rows)
        return said if first.field.startswith("in the last row") else f"the row says {said}"
    name = f"{first.part} " if first.part in {"guardianship", "credential", "account", "run"} else ""
    parts = [f"{row.field}: {output.printable(row.platform) or 'none'}" for row in rows]
    return name + "; ".join(parts)


def _details(rows: Sequence[Explained], width: int) -> Iterator[str]:
    first = rows[0].as_row()
    source = f"{first['file']} line {first['line']}" if first["line"] else first["file"] or ""
    read = f" (read in {first['read_in']})" if first["read_in"] else ""
    said = ""
    if first["sis"] is not None and first["sis"] != first["platform"] and first["part"] != "row":
        said = f"{output.printable(first['sis'])}, "
    elif source and first["sis"] is None and first["part"] == "value":
        said = "none, "
    done = "accepted" if first["field"] == "account" else "edited"
    since = f"{done} {first['edited']}" if first["edited"] else f"run {first['run']}" if first["run"] else ""
    deciding = [f"{setting} (set by {setting.set_by})" for setting in rows[0].reason.settings]
    lines = {
        "SIS": f"{said}{source}{read}" if source else said.rstrip(", "),
        "rule": "; ".join([first["rule"], *deciding]),
        "since": since,
        "why": first["why"],
        "change": first["to_change"],
    }
    for name, text in lines.items():
        if text:
            yield from _wrapped(output.printable(text), width, f"  {name:<7}", " " * 9)


def _wrapped(text: str, width: int, start: str, rest: str) -> list[str]:
    import textwrap

    return textwrap.wrap(
        text, width, initial_indent=start, subsequent_indent=rest, break_long_words=False, break_on_hyphens=False
    )
