"""`rostersync classes`: the classes of the directory."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from rostersync.commands import invocation, output
from rostersync.commands.output import Format, FormatOption

COLUMNS = ("id", "sourced_id", "title", "sis_title", "school_id", "course_id", "status", "origin")
"""Of the view roster_classes."""


class ClassStatus(StrEnum):
    """The roster status of a class."""

    ACTIVE = "active"
    ARCHIVED = "archived"


app = typer.Typer(help="The classes.", rich_markup_mode=None)


@app.callback()
def group() -> None:
    """The classes."""


@app.command("list")
def list_classes(
    context: typer.Context,
    school: Annotated[str | None, typer.Option("--school", help="Only classes of this school (its id).")] = None,
    status: Annotated[ClassStatus | None, typer.Option("--status", help="Only this status.")] = None,
    search: Annotated[str | None, typer.Option("--search", help="Only where title or id holds this text.")] = None,
    chosen: FormatOption = Format.TABLE,
) -> None:
    """The classes that meet all filters."""
    from rostersync.state.store import open_reader

    with open_reader(invocation.of(context).settings().state.path) as reader:
        output.listing(reader.classes(school=school, status=status, search=search), COLUMNS, chosen)
