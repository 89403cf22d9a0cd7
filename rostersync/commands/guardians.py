"""`rostersync guardians`: guardians whom the SIS does not know."""

from __future__ import annotations

from typing import Annotated

import typer

from rostersync.commands import invocation, output
from rostersync.commands.output import Format, FormatOption
from rostersync.errors import ConfigurationError

COLUMNS = ("guardian_id", "student_id", "result")

app = typer.Typer(help="Guardians added by hand.", rich_markup_mode=None)


@app.command("add")
def add(
    context: typer.Context,
    student: Annotated[str, typer.Argument(metavar="STUDENT_ID", help="The student's id.")],
    given_name: Annotated[str | None, typer.Option("--given-name", help="The guardian's given name.")] = None,
    family_name: Annotated[str | None, typer.Option("--family-name", help="The guardian's family name.")] = None,
    email: Annotated[str | None, typer.Option("--email", help="An e-mail to log in with.")] = None,
    mobile: Annotated[str | None, typer.Option("--mobile", help="A mobile to log in with.")] = None,
    guardian: Annotated[
        str | None,
        typer.Option("--guardian", metavar="ID", help="Instead: somebody added by hand before, for another student."),
    ] = None,
    chosen: FormatOption = Format.TABLE,
) -> None:
    """Add a guardian to a student; an e-mail or a mobile that nobody else has is needed."""
    from rostersync.state import manual_guardians

    given = {"given_name": given_name, "family_name": family_name, "email": email, "mobile": mobile}
    values = {name: value for name, value in given.items() if value is not None}
    if guardian is not None and values:
        raise ConfigurationError("--guardian names somebody who is there already; nobody was added; leave the rest out")
    if guardian is None and not (given_name and family_name):
        raise ConfigurationError("a new guardian needs --given-name and --family-name; nobody was added; give both")
    settings = invocation.of(context).settings()
    if guardian is not None:
        row = manual_guardians.add_known(settings.state.path, student, guardian)
    else:
        row = manual_guardians.add(settings.state.path, settings.district.region, student, values)
    output.listing([row], COLUMNS, chosen)


@app.command("remove")
def remove(
    context: typer.Context,
    guardian: Annotated[str, typer.Argument(metavar="GUARDIAN_ID", help="The guardian's id, local:…")],
    student: Annotated[str, typer.Argument(metavar="STUDENT_ID", help="The student's id.")],
    chosen: FormatOption = Format.TABLE,
) -> None:
    """End what was added by hand; a guardian who has no student any more is archived."""
    from rostersync.state import manual_guardians

    settings = invocation.of(context).settings()
    output.listing([manual_guardians.remove(settings.state.path, guardian, student)], COLUMNS, chosen)
