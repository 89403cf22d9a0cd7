"""`rostersync state`: whether the state is sound, copies of it, and going back to one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rostersync.commands import invocation, output
from rostersync.commands.output import Format, FormatOption
from rostersync.errors import RosterSyncError

if TYPE_CHECKING:
    from rostersync.state.checking import Checked

CHECK_COLUMNS = ("result", "check", "rule", "says", "found", "ids")
"""Of `check`: `found` is how many break it, `ids` the first of them."""
SHOWN = ("result", "check", "says", "found", "ids")

app = typer.Typer(help="Care for the state.", rich_markup_mode=None)


@app.command("check")
def check(context: typer.Context, chosen: FormatOption = Format.TABLE) -> None:
    """Look for damage and for what breaks the rules.

    Reads the whole state and changes nothing; a sync may run meanwhile. Exit code 2: the file is damaged or no state;
    1: something in it breaks a rule, named by ids.
    """
    from rostersync.state import checking

    path = invocation.of(context).settings().state.path
    found = checking.check(path)
    output.listing([_row(each) for each in found], CHECK_COLUMNS, chosen, shown=SHOWN)
    broken = [each.name for each in found if each.count]
    if broken:
        raise RosterSyncError(
            f"{path} breaks the rules in {len(broken)} checks: {', '.join(broken)}; nothing was changed; "
            "stop the schedule, keep a copy (rostersync state backup), and go back to a backup that passes, or ask for "
            "help with a support bundle"
        )


@app.command("backup")
def backup(
    context: typer.Context,
    file: Annotated[
        Path | None,
        typer.Argument(metavar="[FILE]", help="Where the copy goes. [default: backups/state-TIME.db beside the state]"),
    ] = None,
) -> None:
    """Copy the state, also while a sync runs.

    The copy is checked before it has its name, and readable by its owner alone. A file that is there is never replaced.
    """
    from rostersync.state import copies

    path = invocation.of(context).settings().state.path
    output.line(str(copies.backup(path, file.absolute() if file is not None else None)))


@app.command("restore")
def restore(context: typer.Context, file: Annotated[Path, typer.Argument(metavar="FILE", help="A backup.")]) -> None:
    """Put a backup in the place of the state.

    The backup is checked first, and stays; the replaced state is kept beside the new one.
    """
    from rostersync.state import copies

    call = invocation.of(context)
    path = call.settings().state.path
    done = copies.restore(path, file.absolute())
    if call.quiet:
        return
    output.line(f"{path} is {file} again; its last run: {done.last_run or 'none'}")
    if done.kept is not None:
        output.line(f"The replaced state is kept: {done.kept}")
    output.line("Next: rostersync state check; then rostersync sync --dry-run")


def _row(checked: Checked) -> dict[str, object]:
    more = checked.count - len(checked.ids)
    listed = [*checked.ids, *([f"and {more} more"] if more else [])]
    return {
        "result": "failed" if checked.count else "ok",
        "check": checked.name,
        "rule": checked.rule or None,
        "says": checked.says,
        "found": checked.count,
        "ids": ", ".join(listed) or None,
    }
