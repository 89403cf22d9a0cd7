"""`rostersync sync`: the nightly job."""

from __future__ import annotations

import gc
from pathlib import Path
from typing import Annotated

import typer

from rostersync.commands import invocation, logs, progress
from rostersync.commands.overrides import OverrideOption
from rostersync.commands.summary import end


def sync(
    context: typer.Context,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only report what would be done; the state stays as it is.")
    ] = False,
    source: Annotated[
        Path | None, typer.Option("--source", help="A folder or zip file instead of the configured source.")
    ] = None,
    full: Annotated[
        bool, typer.Option("--full", help="Look at every record, not only at what could have changed.")
    ] = False,
    override_guards: OverrideOption = None,
    refetch: Annotated[
        bool, typer.Option("--refetch", help="Fetch from the server even where it says that nothing changed there.")
    ] = False,
) -> None:
    """Fetch tonight's files, decide, apply, report."""
    from rostersync import pipeline
    from rostersync.settings import overrides

    let_through = overrides.parse(override_guards or [])
    call = invocation.of(context)
    settings = call.settings()
    logs.configure(call)
    if source is None and dry_run:  # of a sync in a pause no source is asked
        settings = settings.model_copy(update={"source": settings.source.require_usable()})
    gc.disable()  # one night and done: looking for garbage among millions of rows takes a tenth of a first load
    with progress.shown(call) as watcher:
        outcome = pipeline.sync(
            settings,
            source=source,
            dry_run=dry_run,
            full=full,
            progress=watcher,
            overrides=let_through,
            refetch=refetch,
        )
    end(call, settings, outcome)
