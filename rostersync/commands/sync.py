"""`rostersync sync`: the nightly job."""

from __future__ import annotations

import gc
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rostersync.commands import invocation, logs, output, progress
from rostersync.errors import GuardTripped

if TYPE_CHECKING:
    from rostersync.model.report import RunSummary


def sync(
    context: typer.Context,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only report what would be done; the state stays as it is.")
    ] = False,
    source: Annotated[
        Path | None, typer.Option("--source", help="A folder or zip file instead of the configured source.")
    ] = None,
    full: Annotated[
        bool, typer.Option("--full", help="Look at every record, not only at what could have changed.")
    ] = False,
    override_guards: Annotated[
        list[str] | None,
        typer.Option(
            "--override-guards",
            metavar="WHAT",
            help="Let this run through a guard: all, a kind (students, guardians, staff, classes, enrollments, "
            "guardianships, contacts) or KIND@SCHOOL-ID. May be given several times.",
        ),
    ] = None,
) -> None:
    """Fetch tonight's files, decide, apply, report."""
    from rostersync import pipeline
    from rostersync.settings import overrides

    let_through = overrides.parse(override_guards or [])
    call = invocation.of(context)
    settings = call.settings()
    logs.configure(call)
    if source is None:
        settings = settings.model_copy(update={"source": settings.source.require_usable()})
    gc.disable()  # one night and done: looking for garbage among millions of rows takes a tenth of a first load
    with progress.shown(call) as watcher:
        outcome = pipeline.sync(
            settings, source=source, dry_run=dry_run, full=full, progress=watcher, overrides=let_through
        )
    if outcome.paused_until is not None:
        if not call.quiet:
            output.line(
                f"Run {outcome.run_id}: paused until {outcome.paused_until}, that day included ([[pause]] in "
                f"{settings.file.name}); nothing was fetched or changed; dry runs still work"
            )
        return
    _warn(outcome.summary)
    if not call.quiet:
        from rich.console import Console

        from rostersync.reports.terminal import print_summary

        print_summary(outcome.summary, Console(file=sys.stdout, highlight=False))
    from rostersync.reports.terminal import guard_line, of_records

    if of_records(outcome.summary):
        raise GuardTripped(guard_line(outcome.summary))
    raise typer.Exit(outcome.exit_code)


def _warn(summary: RunSummary) -> None:
    """Says on stderr, also with --quiet, why the run ends with another code than 0."""
    import structlog

    from rostersync.reports.terminal import unchanged_text

    if text := unchanged_text(summary):
        structlog.get_logger().warning(f"{text}; see whether the SIS still exports")
