"""What an explanation consists of: one row per value, with the rule that decided and what would change it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from rostersync.model.record import Event, Row

COLUMNS = (
    "part",
    "field",
    "platform",
    "sis",
    "rule",
    "setting",
    "set_by",
    "run",
    "edited",
    "file",
    "line",
    "read_in",
    "why",
    "to_change",
)
"""Of every row, in the order in which they are written."""

UNKNOWN = "unknown"
"""The rule of a value of which the state cannot tell who decided."""


@dataclass(frozen=True)
class Setting:
    """A setting that decides: its key and value as in rostersync.toml, and whose it is."""

    key: str
    value: str
    set_by: str

    def __str__(self) -> str:
        return f"{self.key} = {self.value}"


@dataclass(frozen=True)
class Place:
    """Where the SIS says it: file and line of the import of run `read_in`, which last read the row."""

    file: str | None = None
    line: int | None = None
    read_in: str | None = None


@dataclass(frozen=True)
class Reason:
    """Which rule decided, why in one or two sentences, and what would give the other outcome."""

    rule: str
    why: str
    to_change: str
    settings: tuple[Setting, ...] = ()


@dataclass(frozen=True)
class Explained:
    """One value of a record.

    `part`: value; status; account (another record on it); guardianship; enrollment; waiting (why a row has no
    effect); credential (who has one that a row wants); row (a cell of such a row); run (one that was taken back).
    """

    part: str
    field: str
    platform: str | None
    sis: str | None
    reason: Reason
    place: Place = Place()
    run: str | None = None
    edited: str | None = None

    def as_row(self) -> dict[str, Any]:
        """The row with COLUMNS."""
        return {
            "part": self.part,
            "field": self.field,
            "platform": self.platform,
            "sis": self.sis,
            "rule": self.reason.rule,
            "setting": "; ".join(map(str, self.reason.settings)) or None,
            "set_by": "; ".join(setting.set_by for setting in self.reason.settings) or None,
            "run": self.run,
            "edited": self.edited,
            "file": self.place.file,
            "line": self.place.line,
            "read_in": self.place.read_in,
            "why": self.reason.why,
            "to_change": self.reason.to_change,
        }


def as_json(row: Explained) -> dict[str, Any]:
    """A row as JSON has it: COLUMNS, with the settings as a list of `key`, `value`, `set_by`."""
    flat = row.as_row()
    settings = [{"key": one.key, "value": one.value, "set_by": one.set_by} for one in row.reason.settings]
    return {
        ("settings" if name == "setting" else name): (settings if name == "setting" else value)
        for name, value in flat.items()
        if name != "set_by"
    }


@dataclass(frozen=True)
class Explanation:
    """All of one record: `kind` is user, class or waiting; `about` is said in one line."""

    kind: str
    id: str
    about: str
    rows: list[Explained] = field(default_factory=list)


def place_of(row: Row, file: str) -> Place:
    """Where the record's last import had it; nowhere for what was made by hand."""
    if row["origin"] != "sis":
        return Place()
    return Place(file, row["line"], row["read_run"])


def last(events: Iterable[Event], *fields: str) -> Event | None:
    """The latest change of one of these fields; `events` come latest first."""
    return next((event for event in events if event.field in fields), None)


def when(event: Event | None, added_run: str | None) -> tuple[str | None, str | None]:
    """Run and edit that gave a value its present form: that of the event, else the run that added the record."""
    if event is None:
        return added_run, None
    if event.run is not None:
        return event.run, None
    return None, f"by {event.made_by} on {str(event.made_at)[:10]}"


def shown(value: object) -> str | None:
    """A value as the explanation shows it: a blank is None."""
    return None if value is None or value == "" else str(value)


def named(ids: Iterable[str]) -> str:
    """Ids as part of a sentence."""
    listed = list(ids)
    if len(listed) < 2:
        return "".join(listed)
    return f"{', '.join(listed[:-1])} and {listed[-1]}"


def listed(text: object) -> list[str]:
    """The parts of a comma-separated list."""
    return [part for part in str(text or "").split(",") if part]
