"""`rostersync validate`: what is wrong with a set of files, without state or configuration."""

from __future__ import annotations

import os
import tempfile
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rostersync.commands import invocation, logs, output, progress
from rostersync.commands.invocation import Invocation
from rostersync.commands.output import Format, FormatOption
from rostersync.errors import ConfigurationError
from rostersync.model.findings import FINDING_COLUMNS, Severity

if TYPE_CHECKING:
    from rostersync.settings import District


class Encoding(StrEnum):
    """What the files may be encoded in; auto tries UTF-8 first."""

    AUTO = "auto"
    UTF_8 = "utf-8"
    WINDOWS_1252 = "windows-1252"


def validate(
    context: typer.Context,
    path: Annotated[Path, typer.Argument(metavar="PATH", help="A OneRoster folder or zip file.")],
    strict: Annotated[
        bool,
        typer.Option("--strict", help="Hold it against the whole specification, not only what a sync needs."),
    ] = False,
    region: Annotated[
        str | None,
        typer.Option(
            "--region",
            help="Country of phone numbers without a country code. [default: as configured, else US]",
        ),
    ] = None,
    encoding: Annotated[Encoding, typer.Option("--encoding", help="How the files are encoded.")] = Encoding.AUTO,
    chosen: FormatOption = Format.TABLE,
) -> None:
    """Check a set of files; the findings are the result.

    Exit code 0 also with findings: a sync would leave out the rows with errors. Exit code 4: it would refuse
    the whole set.
    """
    call = invocation.of(context)
    district = _district(call, region)
    logs.configure(call)
    from rostersync.importers.validate import validate as find
    from rostersync.policies.completeness import torn_files
    from rostersync.sources import fetch_path

    with (
        tempfile.TemporaryDirectory(prefix="rostersync-") as private,
        progress.shown(call) as watcher,
        fetch_path(path, staging=Path(private), progress=watcher) as delivery,
    ):
        today = datetime.now(district.zone).date()
        findings = find(delivery, region=district.region, encoding=encoding.value, today=today, strict=strict)
    output.listing(findings.iter_rows(named=True), FINDING_COLUMNS, chosen)
    if not call.quiet:
        errors = int((findings["severity"] == Severity.ERROR.value).sum())
        torn = ", ".join(torn_files(findings))
        incomplete = f"; incomplete: {torn} ends inside its last row, and a sync would remove nobody" if torn else ""
        output.said(f"{path}: errors: {errors}, warnings: {findings.height - errors}{incomplete}")


def _district(call: Invocation, region: str | None) -> District:
    """What validation asks of a district: the region named, else as configured, else of the US."""
    from pydantic import ValidationError

    from rostersync.settings import District, find_file

    if region is not None:
        try:
            return District(region=region)
        except ValidationError as error:
            raise ConfigurationError(f"--region: {error.errors()[0]['ctx']['error']}; nothing was changed") from None
    if call.config is None and not find_file(None, os.environ).exists():
        return District()
    try:
        return call.settings().district
    except ConfigurationError as error:
        if call.config is not None:
            raise
        output.said(f"rostersync: the settings are not used, for they have mistakes ({str(error).splitlines()[0]})")
        return District()
