"""`rostersync runs`: the history of the state."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer

from rostersync.commands import invocation, output
from rostersync.commands.durations import duration, rough
from rostersync.commands.output import Format, FormatOption
from rostersync.errors import ConfigurationError, GuardTripped

COLUMNS = ("run_id", "started_at", "finished_at", "status", "source", "applied")
LISTED = (*COLUMNS, "changes")
SHOWN = ("run_id", "status", "applied", "changes", "bar", "source")
"""What fits a terminal; the id is the time of the start."""

app = typer.Typer(help="The runs so far.", rich_markup_mode=None)


@app.command("list")
def list_runs(
    context: typer.Context,
    limit: Annotated[int | None, typer.Option("--limit", min=1, help="Only so many, the latest.")] = None,
    chosen: FormatOption = Format.TABLE,
) -> None:
    """The runs, latest first, with the number of changes each made.

    The bar in the table has three steps for every tenfold of changes.
    """
    from rostersync.reports.changes import bar, changes
    from rostersync.state.store import open_reader

    with open_reader(invocation.of(context).settings().state.path) as reader:
        rows = [{**row, "changes": changes(row["status"], row["summary"])} for row in reader.runs(limit)]
    output.listing([{**row, "bar": bar(row["changes"])} for row in rows], LISTED, chosen, shown=SHOWN)


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


@app.command("check")
def check(
    context: typer.Context,
    max_age: Annotated[
        str, typer.Option("--max-age", metavar="TIME", help='How old the last good night may be: 26h, 2d, "26 hours".')
    ] = "26h",
) -> None:
    """For monitoring: whether the last good night is young enough; exit code 5 if not.

    A good night applied something, or found that there was nothing to do. Days of a pause do not count; a run in a
    pause is good while it lasts.
    """
    from rostersync.settings.pauses import paused_until, time_without_pauses
    from rostersync.state.store import open_reader

    call = invocation.of(context)
    allowed, settings = duration(max_age, "--max-age"), call.settings()
    now = datetime.now(UTC)
    paused = paused_until(settings.pause, now.astimezone(settings.district.zone).date())
    with open_reader(settings.state.path) as reader:
        last = reader.last_good_run(paused=paused is not None)
    advice = "see `rostersync runs list` and the log of the schedule"
    if last is None:
        raise GuardTripped(f"no run was ever applied to {settings.state.path.name}; {advice}")
    started = datetime.fromisoformat(last["started_at"])
    age = time_without_pauses(started, now, () if paused else settings.pause, settings.district.zone)
    told = f"{last['run_id']} ({last['status']}), {rough(age)} ago"
    if age > allowed:
        raise GuardTripped(f"no good night since {told}; more than {max_age.strip()}; {advice}")
    if not call.quiet:
        output.line(f"Last good night: {told}")
