"""`rostersync classes`: the classes of the directory, and what people decide about them."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from rostersync.commands import invocation, output
from rostersync.commands.output import Format, FormatOption

COLUMNS = ("id", "sourced_id", "title", "sis_title", "school_id", "course_id", "status", "origin")
"""Of the view roster_classes."""

ENROLLMENT_COLUMNS = ("class_id", "user_id", "role", "result")
"""Of `add` and `remove`."""

ClassArgument = Annotated[str, typer.Argument(metavar="ID", help="The class's id: the sourcedId, or local:…")]
UsersArgument = Annotated[list[str], typer.Argument(metavar="USER...", help="Users of the directory.")]
TitleArgument = Annotated[str, typer.Argument(metavar="TITLE", help="The title that people see.")]


class EnrollmentRole(StrEnum):
    """What somebody is in a class."""

    STUDENT = "student"
    TEACHER = "teacher"


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


@app.command("rename")
def rename(
    context: typer.Context,
    school_class: ClassArgument,
    title: TitleArgument,
    chosen: FormatOption = Format.TABLE,
) -> None:
    """Give a class another title; it stays, whatever the SIS says. The SIS's own title ends that."""
    from rostersync.state import class_edits

    row = class_edits.rename(invocation.of(context).settings().state.path, school_class, title)
    output.listing([row], ("id", "before", "after", "sis_title"), chosen)


@app.command("create")
def create(
    context: typer.Context,
    title: TitleArgument,
    school: Annotated[str, typer.Option("--school", metavar="ID", help="The school's id.")],
    chosen: FormatOption = Format.TABLE,
) -> None:
    """Make a class that the SIS does not know; no sync touches it."""
    from rostersync.state import class_edits
    from rostersync.state.store import open_reader

    path = invocation.of(context).settings().state.path
    made = class_edits.create(path, title, school)
    with open_reader(path) as reader:
        output.listing([row for row in reader.classes(search=made) if row["id"] == made], COLUMNS, chosen)


@app.command("add")
def add(
    context: typer.Context,
    school_class: ClassArgument,
    users: UsersArgument,
    role: Annotated[EnrollmentRole, typer.Option("--role", help="What they are in the class.")] = (
        EnrollmentRole.STUDENT
    ),
    chosen: FormatOption = Format.TABLE,
) -> None:
    """Enroll users by hand: a co-teacher, a student of the directory. All of them, or nobody."""
    from rostersync.state import class_edits

    path = invocation.of(context).settings().state.path
    rows = class_edits.add(path, school_class, list(dict.fromkeys(users)), role.value)
    output.listing(rows, ENROLLMENT_COLUMNS, chosen)


@app.command("remove")
def remove(
    context: typer.Context, school_class: ClassArgument, users: UsersArgument, chosen: FormatOption = Format.TABLE
) -> None:
    """End what was enrolled by hand. All of them, or nobody."""
    from rostersync.state import class_edits

    rows = class_edits.remove(invocation.of(context).settings().state.path, school_class, list(dict.fromkeys(users)))
    output.listing(rows, ENROLLMENT_COLUMNS, chosen)


@app.command("archive")
def archive(context: typer.Context, school_class: ClassArgument, chosen: FormatOption = Format.TABLE) -> None:
    """Archive a class made by hand; its enrollments stay as they are."""
    from rostersync.state import class_edits

    row = class_edits.archive(invocation.of(context).settings().state.path, school_class)
    output.listing([row], ("id", "result"), chosen)
