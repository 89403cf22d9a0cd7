"""How much a night may remove or change, and when it may not run at all (policies.md, *Guards*)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from rostersync.settings.section import Section

GuardKind = Literal["students", "guardians", "staff", "classes", "enrollments", "guardianships"]
"""What R-D1 counts, per school."""

_SHARE = re.compile(r"\s*(\d{1,3}(?:\.\d{1,4})?)\s*%\s*")
_AGE = re.compile(r"\s*(\d{1,4})\s*(hour|day|week)s?\s*")
_LONGEST = {"hour": "hours", "day": "days", "week": "weeks"}


def _share(value: object) -> str:
    found = _SHARE.fullmatch(value) if isinstance(value, str) else None
    if found is None or Decimal(found[1]) > 100:
        raise ValueError('must be a share of 0 to 100 percent in quotes, such as "10%"')
    return f"{Decimal(found[1]).normalize():f}%"


def _age(value: object) -> timedelta:
    if isinstance(value, timedelta):
        return value
    found = _AGE.fullmatch(value) if isinstance(value, str) else None
    if found is None or int(found[1]) == 0:
        raise ValueError('must be a time in quotes, such as "7 days" or "36 hours"')
    return timedelta(**{_LONGEST[found[2]]: int(found[1])})


def _date(value: object) -> object:
    """A TOML date, or the same as text: the environment has no dates."""
    if isinstance(value, str):
        try:
            return date.fromisoformat(value.strip())
        except ValueError:
            raise ValueError("must be a date, such as 2027-01-11") from None
    if type(value) is not date:
        raise ValueError("must be a date without a time, such as 2027-01-11")
    return value


def _filled_list(value: object) -> object:
    return tuple(value) if isinstance(value, list) else value


def _some(kinds: tuple[GuardKind, ...]) -> tuple[GuardKind, ...]:
    if not kinds:
        raise ValueError('must name at least one kind, such as ["classes"]')
    return kinds


Share = Annotated[str, BeforeValidator(_share)]
"""A share as people write it, "12.5%"; `allowed` turns it into a number of records."""
Age = Annotated[timedelta, BeforeValidator(_age)]
Day = Annotated[date, BeforeValidator(_date)]


def allowed(share: str, total: int) -> int:
    """How many of `total` records a share lets through, rounded down: "10%" of 59 is 5."""
    return int(Decimal(share.removesuffix("%")) * total / 100)


class _Period(Section):
    """From the first to the last day, both inclusive, in the district's time zone."""

    first: Day = Field(alias="from")
    last: Day = Field(alias="to")

    @model_validator(mode="after")
    def _in_order(self) -> _Period:
        if self.last < self.first:
            raise ValueError(f"ends ({self.last}) before it begins ({self.first})")
        return self

    def holds(self, today: date) -> bool:
        """Whether today is one of its days."""
        return self.first <= today <= self.last


class GuardWindow(_Period):
    """Other limits for some days: rollover, a new term (R-D4)."""

    kinds: Annotated[tuple[GuardKind, ...], BeforeValidator(_filled_list), AfterValidator(_some)]
    max_removed: Share


class Pause(_Period):
    """Days on which a sync applies nothing (R-D4)."""


class SchoolGuards(Section):
    """One school's own limits; None follows the district's."""

    max_removed: Share | None = None
    max_changed: Share | None = None
    small: Annotated[int, Field(ge=0)] | None = None


class Guards(Section):
    """The limits of a night, for the district and for single schools (by org sourcedId)."""

    max_removed: Share = "10%"
    max_rejected: Share = "5%"
    max_changed: Share = "20%"
    max_age: Age = timedelta(days=7)
    small: Annotated[int, Field(ge=0)] = 5
    on_trip: Literal["hold", "stop"] = "hold"
    schools: Mapping[str, SchoolGuards] = {}
    window: Annotated[tuple[GuardWindow, ...], BeforeValidator(_filled_list)] = ()

    def window_of(self, kind: GuardKind, today: date) -> GuardWindow | None:
        """The window that holds for a kind today; of several the one that lets most through."""
        open_today = [window for window in self.window if kind in window.kinds and window.holds(today)]
        return max(open_today, key=lambda window: Decimal(window.max_removed.removesuffix("%")), default=None)

    def max_removed_of(self, kind: GuardKind, school_id: str, today: date) -> Share:
        """The share of a kind that may go at a school today: the window's, else the school's, else the district's."""
        window = self.window_of(kind, today)
        if window is not None:
            return window.max_removed
        own = self.schools.get(school_id)
        return own.max_removed if own is not None and own.max_removed is not None else self.max_removed

    def max_changed_of(self, school_id: str) -> Share:
        """The share of accounts or guardianships that may change at a school in one night (R-D5)."""
        own = self.schools.get(school_id)
        return own.max_changed if own is not None and own.max_changed is not None else self.max_changed

    def small_of(self, school_id: str) -> int:
        """So many may always go or change at a school."""
        own = self.schools.get(school_id)
        return own.small if own is not None and own.small is not None else self.small
