"""Documented settings that this version cannot honour: refused in plain words, never ignored."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rostersync.settings.mistakes import Mistake

SECTIONS = ("guards", "pause")
_POLICY = {"abandoned_families": ("extreme", "soft"), "unique_credentials": ("strict", "first-claim")}
_FORMATS = ("html", "xlsx")


def take_out(raw: dict[str, Any]) -> Iterator[Mistake]:
    """Takes the settings that are not available out of the raw tables; gives a mistake for each."""
    for section in SECTIONS:
        if section in raw:
            del raw[section]
            yield Mistake((section,), "is not available in this version; remove it")
    policy = raw.get("policy")
    if isinstance(policy, dict):
        yield from _from_policy(policy, ("policy",))
        schools = policy.get("schools")
        for school, own in schools.items() if isinstance(schools, dict) else ():
            if isinstance(own, dict):
                yield from _from_policy(own, ("policy", "schools", school))
    reports = raw.get("reports")
    formats = reports.get("formats") if isinstance(reports, dict) else None
    if isinstance(reports, dict) and isinstance(formats, list):
        missing = [name for name in formats if name in _FORMATS]
        if missing:
            del reports["formats"]
            names = ", ".join(f'"{name}"' for name in missing)
            yield Mistake(
                ("reports", "formats"),
                f'{names} is not available in this version; remove it or set formats = ["csv"]',
            )


def _from_policy(values: dict[str, Any], key: tuple[str, ...]) -> Iterator[Mistake]:
    for name, (unavailable, instead) in _POLICY.items():
        if values.get(name) == unavailable:
            del values[name]
            yield Mistake(
                (*key, name),
                f'"{unavailable}" is not available in this version; remove it or set {name} = "{instead}"',
            )
