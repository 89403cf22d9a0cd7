"""Documented settings that this version cannot honour: refused in plain words, never ignored."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rostersync.settings.mistakes import Mistake

_FORMATS = ("xlsx",)


def take_out(raw: dict[str, Any]) -> Iterator[Mistake]:
    """Takes the settings that are not available out of the raw tables; gives a mistake for each."""
    reports = raw.get("reports")
    formats = reports.get("formats") if isinstance(reports, dict) else None
    if isinstance(reports, dict) and isinstance(formats, list):
        missing = [name for name in formats if name in _FORMATS]
        if missing:
            del reports["formats"]
            names = ", ".join(f'"{name}"' for name in missing)
            yield Mistake(
                ("reports", "formats"),
                f'{names} is not available in this version; remove it or set formats = ["csv", "html"]',
            )
