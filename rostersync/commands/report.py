"""`rostersync report`: the report of a run, written again."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from rostersync.commands import invocation, logs, output
from rostersync.errors import ConfigurationError


class ReportFormat(StrEnum):
    """What a report may be written as."""

    CSV = "csv"
    HTML = "html"
    XLSX = "xlsx"


AVAILABLE = frozenset({ReportFormat.CSV, ReportFormat.HTML})


def report(
    context: typer.Context,
    run: Annotated[
        str | None,
        typer.Argument(metavar="[RUN]", help="The run's id, as in `runs list`. [default: the latest with a report]"),
    ] = None,
    chosen: Annotated[
        ReportFormat | None,
        typer.Option("--format", help="What it is written as. [default: reports.formats of the settings]"),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="The folder it goes to. [default: the run's among the reports]")
    ] = None,
    sort: Annotated[
        str | None, typer.Option("--sort", metavar="COLUMN", help="Sort every file that has this column by it.")
    ] = None,
) -> None:
    """Write a run's report again, from the state.

    The same files as the run wrote, in place of what stands there.
    """
    from rostersync.rewriting import rewrite

    call = invocation.of(context)
    settings = call.settings()
    logs.configure(call)
    if chosen is not None and chosen not in AVAILABLE:
        raise ConfigurationError(
            f"--format: {chosen.value} is not available in this version; nothing was written; use --format csv or html"
        )
    folder = rewrite(settings, run, out, format_=chosen and chosen.value, sort=sort)
    if not call.quiet:
        output.line(output.printable(f"Report (student data, keep it private): {folder}"))
