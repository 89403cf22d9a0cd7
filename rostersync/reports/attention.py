"""What needs a person: line by line, for the formats that say what to do about it, and as one number of people."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rostersync.model.advice import ADVICE, ERRORS_ADVICE
from rostersync.model.findings import Severity
from rostersync.model.notes import Action, Code, actions_of
from rostersync.model.report import PeopleFacts
from rostersync.reports.frames import polars_frame
from rostersync.reports.terminal import ATTENTION, TABLES

if TYPE_CHECKING:
    from rostersync.model.report import ReportTables, RunSummary

WAITING = (Action.HELD, Action.WITHHELD, Action.REJECTED)
"""What happens to somebody only once a person has acted; everything else that is said is worth a look."""

_PEOPLE = {"users": ("id",), "enrollments": ("user_id",), "guardianships": ("guardian_id", "student_id")}
"""Table -> its columns that name people."""


@dataclass(frozen=True)
class Attention:
    """So many rows of a table, what they are and what to do; `code` is blank for errors in the files.

    `waits`: they wait until somebody acts.
    """

    count: int
    text: str
    table: str
    code: str
    advice: str
    waits: bool


def attention(summary: RunSummary) -> Iterator[Attention]:
    """The lines of a run, most urgent first; guards that tripped are told apart."""
    errors = sum(summary.findings.get(Severity.ERROR, {}).values())
    if errors:
        yield Attention(
            errors, "errors in the files: these rows were not used", "issues", "", ERRORS_ADVICE, waits=True
        )
    for code, text in ATTENTION.items():
        for table in TABLES:
            count = summary.codes.get(table, {}).get(code, 0)
            if count:
                yield Attention(count, text, table, code.value, ADVICE[code].text, waits=_waits(code))


def _waits(code: Code) -> bool:
    return any(action in WAITING for action in actions_of(code))


def people(tables: ReportTables) -> PeopleFacts:
    """How many people wait until somebody acts: they, a place of theirs in a class or a guardianship of theirs.

    Each is counted once, however many rows say it; `reported` are those of the users table, and whoever else waits.
    """
    import polars as pl

    waiting = [
        rows.filter(pl.col("action").is_in(WAITING))[name]
        for table, names in _PEOPLE.items()
        for rows in [polars_frame(getattr(tables, table), ("action", *names))]
        for name in names
    ]
    who = pl.concat([each.cast(pl.String) for each in waiting]).drop_nulls().unique()
    users = polars_frame(tables.users, ("id",))["id"].cast(pl.String).drop_nulls()
    others = who.len() - (int(who.is_in(users.implode()).sum()) if who.len() else 0)
    return PeopleFacts(waiting=who.len(), reported=users.n_unique() + others)


def people_text(summary: RunSummary) -> str:
    """What the number of people who wait counts, as the rest of a sentence that begins with it; blank without one."""
    facts, run = summary.people, summary.run
    if facts is None:
        return ""
    if not facts.reported:
        return "people wait for somebody to act: this report names nobody."
    verb = "would wait" if run.dry_run else "waits" if facts.waiting == 1 else "wait"
    named = f"{facts.reported:,} {'person' if facts.reported == 1 else 'people'}"
    who = f"of {named} in this report {verb} for somebody to act"
    return f"{who}: held, not added, or with a row that could not be used." if facts.waiting else f"{who}."
