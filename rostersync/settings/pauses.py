"""Days on which a sync applies nothing, and times that do not count them (policies.md R-D4, R-D6). No clock."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from rostersync.settings.guards import Pause

_DAY = timedelta(days=1)


def paused_until(pauses: Sequence[Pause], today: date) -> date | None:
    """The last day of the pause that holds today, None where none does; pauses that follow each other are one."""
    for first, last in _joined(pauses):
        if first <= today <= last:
            return last
    return None


def time_without_pauses(since: datetime, until: datetime, pauses: Sequence[Pause], zone: ZoneInfo) -> timedelta:
    """How long it is from one moment to another, without what lies in pauses; their days begin and end in `zone`."""
    whole = until - since
    for first, last in _joined(pauses):
        # "Until further notice" is often the last day of the calendar, after which none comes.
        near = min(last, until.date() + 2 * _DAY)
        begins, ends = _midnight(max(first, since.date() - 2 * _DAY), zone), _midnight(near + _DAY, zone)
        whole -= max(timedelta(0), min(until, ends) - max(since, begins))
    return whole


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    # In UTC: times of one zone are subtracted as the clock on the wall shows them, summer time or not.
    return datetime.combine(day, time(), tzinfo=zone).astimezone(UTC)


def _joined(pauses: Sequence[Pause]) -> list[tuple[date, date]]:
    """First and last days, in order, without overlaps and without gaps of no day."""
    joined: list[tuple[date, date]] = []
    for pause in sorted(pauses, key=lambda each: each.first):
        if joined and pause.first - joined[-1][1] <= _DAY:
            joined[-1] = (joined[-1][0], max(joined[-1][1], pause.last))
        else:
            joined.append((pause.first, pause.last))
    return joined
