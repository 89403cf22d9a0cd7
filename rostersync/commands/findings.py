"""`rostersync report findings`: what is wrong in the SIS files, since when, and how it went from night to night."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rostersync.commands import invocation, output
from rostersync.commands.output import Format, FormatOption
from rostersync.errors import ConfigurationError
from rostersync.model.findings_ledger import found_by_code

if TYPE_CHECKING:
    import zoneinfo

COLUMNS = ("code", "severity", "file", "id", "column", "value", "message", "since", "first_run", "last_run")
SHOWN = ("code", "file", "id", "column", "value", "since", "message")
TREND_COLUMNS = ("code", "run_id", "date", "found", "new", "fixed")


def findings(
    context: typer.Context,
    code: Annotated[str | None, typer.Option("--code", metavar="CODE", help="Only findings of this code.")] = None,
    trend: Annotated[
        bool, typer.Option("--trend", help="Instead of the findings: how many per code and kept night.")
    ] = False,
    chosen: FormatOption = Format.TABLE,
) -> None:
    """What is wrong in the SIS files and not fixed yet, with since when.

    The same finding in another line of the file is the same one. What a file does not list one by one is counted at
    the end. A file that was absent, or a delta, says nothing about what it does not hold.
    """
    from rostersync.state.connection import reading
    from rostersync.state.findings_ledger import findings_of_nights, open_findings, unlisted_findings

    call = invocation.of(context)
    settings = call.settings()
    wanted = None if code is None else code.strip().upper()
    zone = settings.district.zone
    with reading(settings.state.path) as connection:
        nights = findings_of_nights(connection)[-settings.reports.keep :]
        rows, more = open_findings(connection, wanted), unlisted_findings(connection)
    known = {one for _, _, summary in nights for one in _listed(summary)} | {row["code"] for row in rows}
    if wanted is not None and wanted not in known:
        listed = ", ".join(sorted(known)) or "none"
        raise ConfigurationError(f"--code: no kept night found {wanted}; nothing was listed; found were {listed}")
    if trend:
        output.listing(_trend(nights, zone, wanted), TREND_COLUMNS, chosen)
        return
    dated = [row | {"since": _day(row["started_at"], zone)} for row in rows]
    output.listing(dated, COLUMNS, chosen, shown=SHOWN)
    for each, count in sorted(more.items()):
        if wanted in {None, each} and not call.quiet:
            typer.echo(f"{each}: {count} more that the files do not list one by one", err=True)


def _day(moment: str, zone: zoneinfo.ZoneInfo) -> str:
    return datetime.fromisoformat(moment).astimezone(zone).date().isoformat()


def _listed(summary: dict[str, Any]) -> dict[str, int]:
    """Findings per code, of every severity."""
    return found_by_code(summary.get("findings", {}), None)


def _trend(
    nights: list[tuple[str, str, dict[str, Any]]], zone: zoneinfo.ZoneInfo, wanted: str | None
) -> Iterator[dict[str, Any]]:
    """A row per code and night: findings listed, and how many of them were new or fixed (blank before the ledger)."""
    codes = {code for _, _, summary in nights for code in (*_listed(summary), *summary.get("ledger", {}))}
    for code in sorted(codes if wanted is None else codes & {wanted}):
        for run_id, started_at, summary in nights:
            moved = summary.get("ledger")
            of_code = None if moved is None else moved.get(code, {"new": 0, "still": 0, "fixed": 0, "unlisted": 0})
            found = found_by_code(summary.get("findings", {}), moved).get(code, 0)
            yield {
                "code": code,
                "run_id": run_id,
                "date": _day(started_at, zone),
                "found": found,
                "new": None if of_code is None else of_code["new"],
                "fixed": None if of_code is None else of_code["fixed"],
            }
