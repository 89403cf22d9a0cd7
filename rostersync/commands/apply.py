"""`rostersync apply`: a kept plan, carried out."""

from __future__ import annotations

import gc
from pathlib import Path
from typing import Annotated

import typer

from rostersync.commands import invocation, logs, progress
from rostersync.commands.overrides import OverrideOption
from rostersync.commands.summary import end


def apply(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="What `rostersync plan --out FILE` kept.")],
    override_guards: OverrideOption = None,
) -> None:
    """Carry out a kept plan, as a run of its own.

    Refused (exit code 7) when state, files, settings or date are no longer those of the plan.
    """
    from rostersync import plans, two_steps
    from rostersync.settings import overrides

    call = invocation.of(context)
    let_through = overrides.parse(override_guards or [])
    settings = call.settings()
    logs.configure(call)
    kept = plans.read(file)
    gc.disable()  # as in sync
    with progress.shown(call) as watcher:
        outcome = two_steps.apply(settings, kept, let_through=let_through, progress=watcher)
    end(call, settings, outcome)
