"""`rostersync report`: without more the report of a run; its listings are commands of their own."""

from __future__ import annotations

from typing import Any

import typer
from typer.core import TyperGroup

from rostersync.commands import contact_desk, findings, report

_RUN = "\0run"
"""In front of the arguments of a run's report; no argument can hold it."""


class ReportGroup(TyperGroup):
    """What does not begin with the name of a listing is about the report of a run."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Marks what is about the report of a run."""
        listing = bool(args) and args[0] in self.commands and not self.commands[args[0]].hidden
        return list(super().parse_args(ctx, args if listing else [_RUN, *args]))

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """The listing, or the report of a run, whose name is that of the group."""
        if args[0] == _RUN:
            return "", self.commands["run"], args[1:]
        return super().resolve_command(ctx, args)


app = typer.Typer(
    cls=ReportGroup,
    help="Write a run's report again, or list what is to be fixed in the SIS.",
    rich_markup_mode=None,
)
app.command(
    "run",
    hidden=True,
    epilog="Listings of what is to be fixed: rostersync report contacts, rostersync report findings.",
)(report.report)
app.command("contacts")(contact_desk.contacts)
app.command("findings")(findings.findings)
