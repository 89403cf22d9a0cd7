"""`rostersync report`: the report of a run, written again."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rostersync.commands import invocation, logs, output
from rostersync.errors import ConfigurationError

if TYPE_CHECKING:
    from rostersync.settings import Settings


class ReportFormat(StrEnum):
    """What a report may be written as."""

    CSV = "csv"
    HTML = "html"
    XLSX = "xlsx"
    MARKDOWN = "md"


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
        Path | None,
        typer.Option(
            "--out", help="The folder it goes to; md: the file. [default: the run's among the reports; md: stdout]"
        ),
    ] = None,
    sort: Annotated[
        str | None, typer.Option("--sort", metavar="COLUMN", help="Sort every file that has this column by it.")
    ] = None,
    with_names: Annotated[
        bool, typer.Option("--with-names", help="md: name schools, and the first who need a person. Keep it private.")
    ] = False,
) -> None:
    """Write a run's report again, from the state.

    The same files as the run wrote, in place of what stands there. With --format md a summary for a mail or a ticket,
    which holds numbers alone.
    """
    from rostersync.rewriting import rewrite

    call = invocation.of(context)
    settings = call.settings()
    logs.configure(call)
    if chosen is ReportFormat.MARKDOWN:
        if sort is not None:
            raise ConfigurationError("--sort: a summary has no rows to sort; nothing was written; leave it out")
        _tell(settings, run, out, with_names=with_names, quiet=call.quiet)
        return
    if with_names:
        raise ConfigurationError(
            "--with-names belongs to --format md; nothing was written; the other formats always hold names"
        )
    folder = rewrite(settings, run, out, format_=chosen and chosen.value, sort=sort)
    if not call.quiet:
        output.line(output.printable(f"Report (student data, keep it private): {folder}"))


def _tell(settings: Settings, run: str | None, out: Path | None, *, with_names: bool, quiet: bool) -> None:
    """Writes the summary for a ticket to stdout, or in place of a file, for its owner alone.

    Raises:
        ConfigurationError: the file cannot be written.
    """
    from rostersync.reports.folder import put, reason
    from rostersync.rewriting import told

    text = told(settings, run, with_names=with_names)
    if out is None:
        output.line(text.rstrip("\n"))
        return
    try:
        put(out.absolute(), text.encode())
    except OSError as error:
        raise ConfigurationError(
            f"--out: {out} cannot be written ({reason(error)}); nothing was changed there; name another file"
        ) from error
    if not quiet:
        output.line(output.printable(f"Summary{' (names of people, keep it private)' if with_names else ''}: {out}"))
