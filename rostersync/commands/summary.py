"""The end of a run: its summary on stdout, why it ends with another code than 0 on stderr."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import typer

from rostersync.commands import logs, output
from rostersync.errors import GuardTripped

if TYPE_CHECKING:
    from rostersync.commands.invocation import Invocation
    from rostersync.outcome import Outcome
    from rostersync.settings import Settings


def end(call: Invocation, settings: Settings, outcome: Outcome, *, more: str = "") -> None:
    """Shows what a run did, and `more`, and ends the command with the run's exit code.

    Raises:
        GuardTripped: a guard of records tripped (R-D1, R-D5).
        Exit: otherwise.
    """
    if outcome.paused_until is not None:
        if not call.quiet:
            output.line(
                f"Run {outcome.run_id}: paused until {outcome.paused_until}, that day included ([[pause]] in "
                f"{settings.file.name}); nothing was fetched or changed; dry runs still work"
            )
        raise typer.Exit(outcome.exit_code)
    from rostersync.reports.terminal import delivery_text, guard_line, of_records, print_summary, unchanged_text

    if text := delivery_text(outcome.summary):
        logs.logger().warning(f"{output.printable(text)} Have the files exported and delivered again.")
    if text := unchanged_text(outcome.summary):
        logs.logger().warning(f"{text}; see whether the SIS still exports")
    if call.verbose:
        logs.logger().debug("seconds per stage", **outcome.summary.seconds)
    if not call.quiet:
        from rich.console import Console

        print_summary(outcome.summary, Console(file=sys.stdout, highlight=False))
        if more:
            output.line(output.printable(more))
    if of_records(outcome.summary):
        raise GuardTripped(guard_line(outcome.summary))
    raise typer.Exit(outcome.exit_code)
