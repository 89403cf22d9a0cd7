"""What is no longer as it was when a plan was made, as words for people."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from rostersync import __version__
from rostersync.model.delivery import Delivery
from rostersync.model.plan_file import PlanFile, PlannedState
from rostersync.settings import Settings


def moved_since(plan: PlanFile, settings: Settings, state: PlannedState, today: date) -> Iterator[str]:
    """Everything but the files: program, state, settings, date."""
    if plan.program != __version__:
        yield f"it was made by rostersync {plan.program}, this is {__version__}"
    if plan.state.generation != state.generation:
        yield f"the state changed since (generation {plan.state.generation}, now {state.generation})"
    elif plan.state.mark != state.mark:
        yield f"the state is another one of the same generation ({state.generation}): a restored backup?"
    if plan.settings_digest != settings.digest():
        yield "settings that decide changed (region, encoding, schools, policy or guards)"
    if plan.as_of != today:
        yield f"it is for {plan.as_of}, today is {today}"


def moved_files(plan: PlanFile, delivery: Delivery) -> Iterator[str]:
    """The files of the delivery that are not those of the plan."""
    now = {file.name: file.digest for file in delivery.files}
    for name in sorted(plan.digests.keys() | now.keys()):
        if name not in now:
            yield f"{name} is gone"
        elif name not in plan.digests:
            yield f"{name} is new"
        elif plan.digests[name] != now[name]:
            yield f"{name} changed"
