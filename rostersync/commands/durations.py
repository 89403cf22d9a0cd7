"""Times as people write them on the command line: 26h, 2d, 90m, "26 hours"."""

from __future__ import annotations

import re
from datetime import timedelta

from rostersync.errors import ConfigurationError

_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_WRITTEN = re.compile(r"\s*(\d{1,6})\s*(m|h|d|w|(?:min|minute|hour|day|week)s?)\s*", re.IGNORECASE)


def duration(text: str, option: str) -> timedelta:
    """How long `text` says.

    Raises:
        ConfigurationError: it is no time; the message names the `option`.
    """
    found = _WRITTEN.fullmatch(text)
    if found is None or int(found[1]) == 0:
        raise ConfigurationError(f'{option} {text!r} is no time; give one such as 26h, 2d, 90m or "26 hours"')
    return timedelta(**{_UNITS[found[2][0].lower()]: int(found[1])})


def rough(time: timedelta) -> str:
    """A time in its two largest units: 3 d 4 h, 5 h 12 min, 40 min."""
    minutes = max(0, int(time.total_seconds())) // 60
    days, hours, minutes = minutes // 1440, minutes // 60 % 24, minutes % 60
    if days:
        return f"{days} d {hours} h"
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"
