"""`rostersync generate`: a made-up district to try things with."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from rostersync.commands import invocation, output, progress
from rostersync.commands.output import Format, FormatOption


class OneRoster(StrEnum):
    """Versions of the format that can be written."""

    V1_1 = "1.1"
    V1_2 = "1.2"


def generate(
    context: typer.Context,
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder for the files; made if it is missing.")],
    students: Annotated[int, typer.Option("--students", min=1, help="So many students, about.")] = 300,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Another seed gives another district.")] = 1,
    night: Annotated[
        int, typer.Option("--night", min=1, help="1 is the first load; every later night about 1 % differs.")
    ] = 1,
    version: Annotated[OneRoster, typer.Option("--oneroster", help="Version of the format.")] = OneRoster.V1_1,
    chosen: FormatOption = Format.TABLE,
) -> None:
    """Write a made-up district.

    The same arguments give the same bytes.
    """
    from rostersync.generate import write_district

    with progress.shown(invocation.of(context)) as watcher:
        advance = progress.towards(watcher, "families")
        written = write_district(
            folder, students=students, seed=seed, night=night, version=version.value, progress=advance
        )
    rows = [{"file": name, "rows": count} for name, count in written.items()]
    output.listing(rows, ("file", "rows"), chosen)
