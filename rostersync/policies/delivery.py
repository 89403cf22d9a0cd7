"""How long the SIS has been delivering the same files (policies.md R-D6)."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from rostersync.model.report import UNCHANGED_DELIVERY, TrippedGuard
from rostersync.settings.pauses import time_without_pauses

if TYPE_CHECKING:
    from rostersync.model.delivery import Delivery
    from rostersync.settings import Settings

DELIVERY, SINCE = "delivery", "delivery_since"
"""Facts of the state's meta: a digest of the last applied delivery, and when a run first saw it."""

_MOMENT = "%Y-%m-%dT%H:%M:%SZ"


def digest(delivery: Delivery) -> str:
    """sha256 (hex) over the names and contents of all files."""
    lines = sorted(f"{file.name}\n{file.digest}\n" for file in delivery.files)
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def first_seen(delivery: Delivery, meta: Mapping[str, str], started_at: datetime) -> dict[str, str]:
    """DELIVERY and SINCE as they are after tonight: other files than last time are seen for the first time."""
    found = digest(delivery)
    same = meta.get(DELIVERY) == found and SINCE in meta
    return {DELIVERY: found, SINCE: meta[SINCE] if same else started_at.astimezone(UTC).strftime(_MOMENT)}


def since(facts: Mapping[str, str]) -> datetime:
    """When a run first saw the files that still come."""
    return datetime.strptime(facts[SINCE], _MOMENT).replace(tzinfo=UTC)


def unchanged_too_long(facts: Mapping[str, str], now: datetime, settings: Settings) -> TrippedGuard | None:
    """The guard `max_age`, where it trips: `count` days without a change, pauses not counted, of `total`."""
    age = time_without_pauses(since(facts), now, settings.pause, settings.district.zone)
    limit = settings.guards.max_age
    if age <= limit:
        return None
    return TrippedGuard(
        what=UNCHANGED_DELIVERY,
        kind="files",
        school_id="",
        school="",
        count=age.days,
        total=limit.days,
        limit=_shown(limit),
    )


def _shown(limit: timedelta) -> str:
    """The limit as the settings write it: "7 days", "36 hours"."""
    hours = int(limit.total_seconds()) // 3600
    number, unit = (hours // 24, "day") if hours % 24 == 0 else (hours, "hour")
    return f"{number} {unit}" if number == 1 else f"{number} {unit}s"
