"""`rostersync runs undo`: takes the latest applied run back."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from rostersync.commands import invocation, output
from rostersync.commands.output import Format, FormatOption

if TYPE_CHECKING:
    from rostersync.undoing import Undone

COLUMNS = ("action", "kind", "id", "code", "notes")


def undo(
    context: typer.Context,
    run: Annotated[
        str | None, typer.Argument(metavar="[RUN]", help="The run's id; without it the latest applied run.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only show what would go back and what would stay.")
    ] = False,
    chosen: FormatOption = Format.TABLE,
) -> None:
    """Take the latest applied run back; what people did since stays. The next sync brings its night again."""
    from rostersync import undoing

    call = invocation.of(context)
    done = undoing.undo(call.settings(), run, dry_run=dry_run)
    if chosen is not Format.TABLE:
        output.listing(done.rows.iter_rows(named=True), COLUMNS, chosen)
    elif done.outcome is None:
        _print_lists(done)
    elif not call.quiet:
        from rich.console import Console

        from rostersync.reports.terminal import print_summary

        print_summary(done.outcome.summary, Console(file=sys.stdout, highlight=False))
        _print_messages(done)


def _print_lists(done: Undone) -> None:
    """What would go back, then what would stay and why."""
    stays = done.rows["action"] == "kept"
    output.line(f"Dry run: nothing was changed. Taking run {done.run_id} back would do this:")
    for title, rows in (("Goes back", done.rows.filter(~stays)), ("Stays", done.rows.filter(stays))):
        output.line(f"\n{title} ({rows.height:,})")
        if rows.height:
            output.listing(rows.iter_rows(named=True), COLUMNS, Format.TABLE)
    _print_messages(done)


def _print_messages(done: Undone) -> None:
    if done.withdrawn:
        would = "would be withdrawn" if done.outcome is None else "withdrawn"
        output.line(f"\nMessages {would} before they were sent: {done.withdrawn:,}")
