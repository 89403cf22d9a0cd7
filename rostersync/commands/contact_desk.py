"""`rostersync report contacts`: what the office must fix in the SIS."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rostersync.commands import invocation, output
from rostersync.errors import ConfigurationError

if TYPE_CHECKING:
    import polars as pl

    from rostersync.settings import Settings

SHOWN = ("school", "problem", "role", "id", "name", "sis_value", "holder", "affected", "since", "fix")
"""The columns of the table in a terminal."""


class ContactsFormat(StrEnum):
    """How the listing is written."""

    TABLE = "table"
    CSV = "csv"
    JSON = "json"
    HTML = "html"
    XLSX = "xlsx"


FILES = frozenset({ContactsFormat.CSV, ContactsFormat.HTML, ContactsFormat.XLSX})
"""What goes into a file."""


def contacts(
    context: typer.Context,
    school: Annotated[
        str | None, typer.Option("--school", metavar="ID", help="Only people of this school, by its sourcedId.")
    ] = None,
    chosen: Annotated[
        ContactsFormat | None,
        typer.Option("--format", help="How it is written. [default: table; with --out what the file's name ends in]"),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="The file it goes to; one that is there is replaced.")
    ] = None,
) -> None:
    """What the office must fix in the SIS so that people can log in, the most useful first.

    Guardians who are not added and who has their contacts, contacts that several people share, e-mails and phones that
    are none, and contacts that differ from the SIS.
    """
    from rostersync.contact_desk import contact_desk
    from rostersync.model.contact_desk import COLUMNS

    call = invocation.of(context)
    settings = call.settings()
    written = _format(chosen, out)
    rows = contact_desk(settings, school)
    if out is None:
        output.listing(rows.iter_rows(named=True), COLUMNS, output.Format(written.value), shown=SHOWN)
        return
    _write(settings, rows, written, out)
    if not call.quiet:
        output.line(output.printable(f"Contacts to fix (personal data, keep them private): {out}; {rows.height} rows"))


def _format(chosen: ContactsFormat | None, out: Path | None) -> ContactsFormat:
    """The format asked for; that of the file's name where none is."""
    files = ", ".join(sorted(one.value for one in FILES))
    if out is None:
        written = chosen or ContactsFormat.TABLE
        if written.value in set(output.Format):
            return written
        raise ConfigurationError(f"--format {written.value} needs --out FILE; nothing was written")
    ending = out.suffix.lower().removeprefix(".")
    if chosen is None and ending not in FILES:
        raise ConfigurationError(f"--out {out}: its name tells no format of {files}; nothing was written; add --format")
    written = chosen or ContactsFormat(ending)
    if written not in FILES:
        raise ConfigurationError(f"--format {written.value} goes to no file; nothing was written; use one of {files}")
    return written


def _write(settings: Settings, rows: pl.DataFrame, chosen: ContactsFormat, out: Path) -> None:
    from rostersync.reports.single_file import write_file

    writers = {ContactsFormat.CSV: _csv, ContactsFormat.HTML: _html, ContactsFormat.XLSX: _xlsx}
    write_file(out.absolute(), lambda path: writers[chosen](settings, rows, path))


def _csv(_settings: Settings, rows: pl.DataFrame, path: Path) -> None:
    from rostersync.reports.csv import write_table

    write_table(path, rows)


def _html(settings: Settings, rows: pl.DataFrame, path: Path) -> None:
    from rostersync.reports.folder import create_private
    from rostersync.reports.html.contacts_page import contacts_page

    today = datetime.now(settings.district.zone).date()
    with create_private(path) as file:
        file.write(contacts_page(rows, settings.district.name, today).encode())


def _xlsx(_settings: Settings, rows: pl.DataFrame, path: Path) -> None:
    from rostersync.reports.xlsx.book import write_table

    write_table(path, "contacts", rows.columns, rows.rows(), datetime.now(UTC))
