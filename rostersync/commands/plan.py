"""`rostersync plan`: what a sync would do, to be looked at and kept."""

from __future__ import annotations

import gc
from pathlib import Path
from typing import Annotated

import typer

from rostersync.commands import invocation, logs, progress
from rostersync.commands.overrides import OverrideOption
from rostersync.commands.summary import end


def plan(
    context: typer.Context,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="FILE", help="Keep the plan there; an earlier plan is replaced."),
    ] = None,
    source: Annotated[
        Path | None, typer.Option("--source", help="A folder or zip file instead of the configured source.")
    ] = None,
    override_guards: OverrideOption = None,
) -> None:
    """Show what a sync would do; the state stays as it is.

    A kept plan can be reviewed, and then carried out with `rostersync apply FILE`.
    """
    from rostersync import two_steps
    from rostersync.settings import overrides

    call = invocation.of(context)
    let_through = overrides.parse(override_guards or [])
    settings = call.settings()
    logs.configure(call)
    if source is None:
        settings = settings.model_copy(update={"source": settings.source.require_usable()})
    gc.disable()  # as in sync
    with progress.shown(call) as watcher:
        outcome = two_steps.plan(settings, out, source=source, let_through=let_through, progress=watcher)
    end(call, settings, outcome, more="" if out is None else f"Plan (student data, keep it private): {out}")
