"""`rostersync runs`: the history of the state."""

from __future__ import annotations

from typing import Annotated

import typer

from rostersync.commands import invocation, output
from rostersync.commands.output import Format, FormatOption
from rostersync.errors import ConfigurationError

COLUMNS = ("run_id", "started_at", "finished_at", "status", "source", "applied")

app = typer.Typer(help="The runs so far.", rich_markup_mode=None)


@app.command("list")
def list_runs(
    context: typer.Context,
    limit: Annotated[int | None, typer.Option("--limit", min=1, help="Only so many, the latest.")] = None,
    chosen: FormatOption = Format.TABLE,
) -> None:
    """The runs, latest first."""
    from rostersync.state.store import open_reader

    with open_reader(invocation.of(context).settings().state.path) as reader:
        output.listing(reader.runs(limit), COLUMNS, chosen)


@app.command("show")
def show(
    context: typer.Context,
    run: Annotated[str, typer.Argument(metavar="RUN", help="The run's id, as in `runs list`.")],
    chosen: FormatOption = Format.TABLE,
) -> None:
    """One run: when, from where, what it did."""
    from rostersync.state.store import open_reader

    with open_reader(invocation.of(context).settings().state.path) as reader:
        found = reader.run(run)
    if found is None:
        raise ConfigurationError(f"the state knows no run {run}; see `rostersync runs list`")
    output.record({name: found[name] for name in COLUMNS} | output.flattened(found["summary"]), chosen)
