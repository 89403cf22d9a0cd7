"""`rostersync support-bundle`: a file for whoever helps, without a person in it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from rostersync.commands import invocation, output


def support_bundle(
    context: typer.Context,
    file: Annotated[
        Path | None,
        typer.Argument(metavar="[FILE]", help="Where it goes. [default: rostersync-support-TIME.zip, here]"),
    ] = None,
) -> None:
    """Write a file for whoever helps with a problem.

    Settings without secrets, names and paths, versions, how the latest runs went, and an extract of the state in which
    every id, name, address and number is a made-up word. A file that is there is never replaced.
    """
    from rostersync.support_bundle import write

    settings = invocation.of(context).settings()
    target = file or Path(f"rostersync-support-{datetime.now(UTC):%Y%m%dT%H%M%SZ}.zip")
    output.line(str(write(settings, target.absolute())))
