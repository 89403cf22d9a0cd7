"""Reads rostersync.toml and the environment into frozen settings; all mistakes are reported at once."""

from rostersync.settings.environment import CONFIG_VARIABLE
from rostersync.settings.guards import GuardKind, Guards, GuardWindow, Pause, SchoolGuards, allowed
from rostersync.settings.models import (
    District,
    Messages,
    Policy,
    PolicyValues,
    Reports,
    SchoolPolicy,
    Schools,
    Settings,
    Source,
    State,
)
from rostersync.settings.reading import DEFAULT_FILE, find_file, interpret, load, template

__all__ = [
    "CONFIG_VARIABLE",
    "DEFAULT_FILE",
    "District",
    "GuardKind",
    "GuardWindow",
    "Guards",
    "Messages",
    "Pause",
    "Policy",
    "PolicyValues",
    "Reports",
    "SchoolGuards",
    "SchoolPolicy",
    "Schools",
    "Settings",
    "Source",
    "State",
    "allowed",
    "find_file",
    "interpret",
    "load",
    "template",
]
