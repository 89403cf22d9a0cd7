"""`rostersync users`: the directory, accepted invitations, edits of single people."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from rostersync.commands import invocation, output
from rostersync.commands.output import Format, FormatOption
from rostersync.errors import ConfigurationError

COLUMNS = (
    "id",
    "sourced_id",
    "role",
    "roles",
    "identifier",
    "school_ids",
    "given_name",
    "family_name",
    "email",
    "mobile",
    "phone",
    "grades",
    "account_id",
    "account",
    "roster_status",
    "origin",
    "school_access",
    "announcements",
    "sis_given_name",
    "sis_family_name",
    "sis_email",
    "sis_mobile",
    "sis_phone",
)
"""Of the view roster_users."""
SHOWN = (
    "id",
    "role",
    "given_name",
    "family_name",
    "email",
    "mobile",
    "account",
    "roster_status",
    "school_ids",
)

LINK_COLUMNS = ("id", "role", "account_id", "account", "note")
"""Of `link` and `unlink`."""


class Role(StrEnum):
    """A role of a user."""

    STUDENT = "student"
    GUARDIAN = "guardian"
    TEACHER = "teacher"
    ADMINISTRATOR = "administrator"


class Account(StrEnum):
    """The state of an account."""

    INVITEE = "invitee"
    ACTIVE = "active"
    DISABLED = "disabled"


class RosterStatus(StrEnum):
    """The roster status of a user."""

    CURRENT = "current"
    ARCHIVED = "archived"
    REMOVED = "removed"


class Origin(StrEnum):
    """Where a user comes from."""

    SIS = "sis"
    MANUAL = "manual"


class Editor(StrEnum):
    """Who makes an edit: the lock rules differ."""

    SELF = "self"
    MANAGER = "manager"


app = typer.Typer(help="The directory.", rich_markup_mode=None)


@app.command("list")
def list_users(
    context: typer.Context,
    role: Annotated[Role | None, typer.Option("--role", help="Only users with this role, leading or not.")] = None,
    school: Annotated[
        str | None,
        typer.Option("--school", help="Only people of this school (its id); guardians by their students."),
    ] = None,
    account: Annotated[Account | None, typer.Option("--account", help="Only accounts in this state.")] = None,
    status: Annotated[
        RosterStatus | None, typer.Option("--roster-status", "--status", help="Only this roster status.")
    ] = None,
    origin: Annotated[Origin | None, typer.Option("--origin", help="Only from there.")] = None,
    search: Annotated[
        str | None, typer.Option("--search", help="Only where name, e-mail, phone or id holds this text.")
    ] = None,
    limit: Annotated[int | None, typer.Option("--limit", min=1, help="Only so many.")] = None,
    chosen: FormatOption = Format.TABLE,
) -> None:
    """The users that meet all filters; csv and json hold every column of roster_users."""
    from rostersync.state.store import open_reader

    with open_reader(invocation.of(context).settings().state.path) as reader:
        rows = reader.users(
            role=role,
            school=school,
            account=account,
            roster_status=status,
            origin=origin,
            search=search,
            limit=limit,
        )
        output.listing(rows, COLUMNS, chosen, shown=SHOWN)


@app.command("show")
def show(
    context: typer.Context,
    user: Annotated[str, typer.Argument(metavar="ID", help="The user's id: the sourcedId, or local:…")],
    chosen: FormatOption = Format.TABLE,
) -> None:
    """One user with guardianships, enrollments and schools they may see."""
    from rostersync.state.store import open_reader

    with open_reader(invocation.of(context).settings().state.path) as reader:
        found = reader.user(user)
        if found is None:
            raise ConfigurationError(f"the state knows no user {user}; see `rostersync users list`")
        lists: dict[str, list[dict[str, object]]] = {
            "guardianships": reader.guardianships_of(user),
            "enrollments": reader.enrollments_of(user),
            "access": [{"school_id": school} for school in reader.access_of(user)],
        }
    output.record({name: found[name] for name in COLUMNS}, chosen, lists=lists)


@app.command("accept")
def accept(
    context: typer.Context,
    users: Annotated[
        list[str] | None, typer.Argument(metavar="[ID]...", help="Users whose invitation was accepted.")
    ] = None,
    from_file: Annotated[
        Path | None, typer.Option("--from-file", help="A CSV with a column `id`: one user per row.")
    ] = None,
    chosen: FormatOption = Format.TABLE,
) -> None:
    """Record that invitations were accepted: invitees become active. An unknown id, and none is recorded."""
    ids = [*(users or ()), *(ids_of(from_file) if from_file is not None else ())]
    if not ids:
        raise ConfigurationError("no user named: give IDs or --from-file; nothing was changed")
    from rostersync.state import edits

    settings = invocation.of(context).settings()
    output.listing(edits.accept(settings.state.path, list(dict.fromkeys(ids))), ("id", "result"), chosen)


@app.command("edit")
def edit(
    context: typer.Context,
    user: Annotated[str, typer.Argument(metavar="ID", help="The user's id: the sourcedId, or local:…")],
    by: Annotated[Editor, typer.Option("--by", help="Who edits: the user, or a manager.")],
    email: Annotated[str | None, typer.Option("--email", help='The new e-mail; "" clears it.')] = None,
    mobile: Annotated[str | None, typer.Option("--mobile", help='The new mobile; "" clears it.')] = None,
    phone: Annotated[str | None, typer.Option("--phone", help='The new home phone; "" clears it.')] = None,
    given_name: Annotated[str | None, typer.Option("--given-name", help="The new given name.")] = None,
    family_name: Annotated[str | None, typer.Option("--family-name", help="The new family name.")] = None,
    chosen: FormatOption = Format.TABLE,
) -> None:
    """Edit one user's platform values, as far as the lock allows."""
    wanted = {
        "email": email,
        "mobile": mobile,
        "phone": phone,
        "given_name": given_name,
        "family_name": family_name,
    }
    changes = {name: value.strip() or None for name, value in wanted.items() if value is not None}
    if not changes:
        raise ConfigurationError("no edit named: give --email, --mobile, --phone or a name; nothing was changed")
    from rostersync.state import edits

    settings = invocation.of(context).settings()
    rows = edits.edit(settings.state.path, settings, user, changes, by=by.value)
    output.listing(rows, ("field", "before", "after"), chosen)


@app.command("link")
def link(
    context: typer.Context,
    one: Annotated[str, typer.Argument(metavar="ID", help="A user.")],
    other: Annotated[str, typer.Argument(metavar="ID", help="A record of the same person.")],
    chosen: FormatOption = Format.TABLE,
) -> None:
    """Make the accounts of two records one: staff and guardians only. The leading record's account stays."""
    from rostersync.state import links

    rows = links.link(invocation.of(context).settings().state.path, one, other)
    output.listing(rows, LINK_COLUMNS, chosen)


@app.command("unlink")
def unlink(
    context: typer.Context,
    user: Annotated[str, typer.Argument(metavar="ID", help="The user who gets an account of their own.")],
    chosen: FormatOption = Format.TABLE,
) -> None:
    """Give a user an account of their own, with the SIS values that nobody else holds."""
    from rostersync.state import links

    rows = links.unlink(invocation.of(context).settings().state.path, user)
    output.listing(rows, LINK_COLUMNS, chosen)


def ids_of(file: Path) -> list[str]:
    """The ids in a CSV's column `id`, in its order; blank cells are left out.

    Raises:
        ConfigurationError: the file cannot be read, is no CSV, or has no such column or not one id.
    """
    import csv

    try:
        with file.open(encoding="utf-8-sig", newline="") as lines:
            rows = csv.DictReader(lines, strict=True)
            if "id" not in (rows.fieldnames or ()):
                raise ConfigurationError(f"{file} has no column `id`; nothing was changed")
            found = [text for row in rows if (text := (row["id"] or "").strip())]
    except OSError as error:
        raise ConfigurationError(f"{file} cannot be read: {error.strerror}; nothing was changed") from None
    except UnicodeDecodeError:
        raise ConfigurationError(f"{file} is not UTF-8 text; save it as CSV UTF-8; nothing was changed") from None
    except csv.Error as error:
        raise ConfigurationError(f"{file}, line {rows.line_num}: {error}; nothing was changed") from None
    if not found:
        raise ConfigurationError(f"{file} names no user in its column `id`; nothing was changed")
    return found
