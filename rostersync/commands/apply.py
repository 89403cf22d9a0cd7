"""`rostersync apply`: a kept plan, carried out."""

from __future__ import annotations

import gc
from pathlib import Path
from typing import Annotated

import typer

from rostersync.commands import invocation, logs, progress
from rostersync.commands.overrides import OverrideOption, overrides
from rostersync.commands.summary import show


def apply(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="What `rostersync plan --out FILE` kept.")],
    override_guards: OverrideOption = None,
) -> None:
    """Carry out a kept plan, as a run of its own.

    Refused (exit code 7) when state, files, settings or date are no longer those of the plan.
    """
    from rostersync import plans, two_steps

    call = invocation.of(context)
    allowed = overrides(override_guards)
    settings = call.settings()
    logs.configure(call)
    kept = plans.read(file)
    if kept.source_path is None:
        settings = settings.model_copy(update={"source": settings.source.require_usable()})
    gc.disable()  # as in sync
    with progress.shown(call) as watcher:
        outcome = two_steps.apply(settings, kept, override_guards=allowed, progress=watcher)
    if not call.quiet:
        show(outcome.summary)
    raise typer.Exit(outcome.exit_code)
