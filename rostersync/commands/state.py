"""`rostersync state`: whether the state is sound, copies of it, and going back to one."""

from __future__ import annotations

from typing import TYPE_CHECKING

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
