"""Whether a delivery is complete, before anybody who is not in it is taken for gone.

A file that ends inside a row is incomplete. Doubtful is what no night of the district has looked like: a file without
its last line break, files of several nights, the last rows of the last import gone while other rows still name them.
What a normal night can look like is complete: how many may leave is for the guards to say (policies.md, *Guards*).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from rostersync.model.completeness import COMPLETE, DeliveryFacts, Verdict
from rostersync.model.notes import Code, note
from rostersync.settings.guards import GuardKind

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl

    from rostersync.model.roster import Roster
    from rostersync.model.snapshot import Snapshot
    from rostersync.settings import Settings

TABLES = ("users", "classes", "enrollments")
_KINDS: Mapping[str, tuple[GuardKind, ...]] = {"users": ("students", "guardians", "staff"), "classes": ("classes",)}
_NEEDED = ("users.csv", "classes.csv", "enrollments.csv")
_TORN = "TRUNCATED_ROW"
_NIGHTS = 5  # so many deliveries in a row tell what is usual of times
_TOGETHER = 3600  # seconds: files of one export
_APART = 12 * 3600  # seconds: files of two
_NAMED = 3  # so many people or classes at the end of a file do not go at once while other rows still name them


def newly_unended(tonight: DeliveryFacts, last: Sequence[DeliveryFacts]) -> frozenset[str]:
    """Names, in lower case, of tonight's files that end without a line break, as they did in no delivery before."""
    others = [each for each in last if each.digest != tonight.digest]
    return frozenset(
        name
        for name, file in tonight.files.items()
        if not file.ended
        and (before := [each.files[name].ended for each in others if name in each.files])
        and all(before)
    )


def torn_files(findings: pl.DataFrame) -> list[str]:
    """Names of the files that end inside a row, by a delivery's findings."""
    return sorted(set(findings.filter(findings["code"] == _TORN)["file"]))


def judge(
    roster: Roster,
    before: Snapshot | None,
    tonight: DeliveryFacts,
    last: Sequence[DeliveryFacts],
    settings: Settings,
    today: date,
    *,
    lifted: bool,
    ends: bool = True,
) -> Verdict:
    """The verdict on a delivery; `lifted`: a person let doubts through; without `ends` those of files are believed.

    `before` are the rows of the last applied import in the order of its files; None tells nothing.
    """
    torn = torn_files(roster.findings)
    certain = [f"{file} ends inside its last row" for file in torn]
    unended = sorted(newly_unended(tonight, last) - {file.lower() for file in torn})
    of_ends = _cut_short(roster, before, settings, today) if ends and not lifted else []
    doubts = [
        *(f"{name} ends without a line break, as it never did before" for name in unended),
        *_mixed(tonight, last),
        *of_ends,
    ]
    if certain:
        return Verdict("incomplete", (*certain, *([] if lifted else doubts)), bool(of_ends))
    return Verdict("doubtful", tuple(doubts), bool(of_ends)) if doubts and not lifted else COMPLETE


def with_verdict(roster: Roster, verdict: Verdict) -> Roster:
    """`roster` with its verdict: who is absent from a bulk file of an incomplete or doubtful one has not left."""
    if verdict.word == "complete":
        return roster
    unreadable = roster.unreadable | {table for table in TABLES if roster.modes.get(table) == "bulk"}
    return dataclasses.replace(roster, verdict=verdict, unreadable=unreadable, unsure=unreadable - roster.unreadable)


def told(notes: Mapping[str, pd.DataFrame], roster: Roster) -> dict[str, pd.DataFrame]:
    """`notes` where the removals of a whole table are held because of the verdict, not of rows that cannot be read."""
    verdict = roster.verdict
    if not roster.unsure:
        return dict(notes)
    code = Code.INCOMPLETE_DELIVERY
    text = note(code, verdict=verdict.word, why=verdict.reasons[0])
    said = {}
    for kind, rows in notes.items():
        held = (rows["code"] == Code.UNREADABLE_ROWS.value) & (kind in roster.unsure)
        said[kind] = rows.assign(code=rows["code"].mask(held, code.value), notes=rows["notes"].mask(held, text))
    return said


# --- what tells that a part is missing ------------------------------------------------------------------------------


def _mixed(tonight: DeliveryFacts, last: Sequence[DeliveryFacts]) -> list[str]:
    """Files of two nights, in a district whose files have always been written together."""
    others = [each for each in last if each.digest != tonight.digest]
    spreads = [_spread(each) for each in others]
    now = _spread(tonight)
    usual = len(others) >= _NIGHTS and all(spread is not None and spread <= _TOGETHER for spread in spreads)
    if now is None or now <= _APART or not usual:
        return []
    oldest = min(_NEEDED, key=lambda name: tonight.files[name].modified or 0)
    written = datetime.fromtimestamp(tonight.files[oldest].modified or 0, UTC)
    return [f"{oldest} is of {written:%Y-%m-%d %H:%M} UTC, {now // 3600} hours older than the other files"]


def _spread(delivery: DeliveryFacts) -> int | None:
    """Seconds between the first and the last of the files that are needed; None where that is not known."""
    times = [delivery.files[name].modified for name in _NEEDED if name in delivery.files]
    known = [time for time in times if time is not None]
    return max(known) - min(known) if len(known) == len(_NEEDED) else None


def _cut_short(roster: Roster, before: Snapshot | None, settings: Settings, today: date) -> list[str]:
    """Files that lack exactly the last rows of the last import, while other rows still name what stood there.

    Not where most of a file is another one, nor where a window or a limit of 100 % says that much goes rightly.
    """
    if before is None or settings.guards.max_removed == "100%":
        return []
    found = []
    for table, rejected, deleted in (
        ("users", roster.rejected_users, roster.deleted_users),
        ("classes", roster.rejected_classes, roster.deleted_classes),
    ):
        here = (
            roster.user_ids() if table == "users" else None if roster.classes is None else roster.classes["sourced_id"]
        )
        rows = before.table(table)
        if here is None or roster.modes.get(table) != "bulk" or here.len() >= rows.height:
            continue
        if any(settings.guards.window_of(kind, today) for kind in _KINDS[table]):
            continue
        lost = _lost_at_the_end(here, rejected, deleted, rows)
        if not _NAMED <= len(lost) <= rows.height // 2:
            continue
        named = _named(roster, table, lost, whole=not settings.schools.include)
        if named >= _NAMED:
            found.append(
                f"{table}.csv ends {len(lost):,} rows earlier than in the last night, and other rows still name "
                f"{named:,} of them"
            )
    return found


def _lost_at_the_end(
    here: pl.Series, rejected: pl.DataFrame, deleted: frozenset[str], before: pl.DataFrame
) -> pl.Series:
    """Ids of the last import's last rows, where these and no others are gone; else none."""
    import polars as pl

    ids = before["id"].cast(pl.String)
    told_of = pl.concat([rejected["sourced_id"].cast(pl.String), pl.Series(list(deleted), dtype=pl.String)])
    there = ids.is_in(here.cast(pl.String).implode())
    ids, there = ids.filter(~ids.is_in(told_of.implode())), there.filter(~ids.is_in(told_of.implode()))
    kept = int(there.sum())
    return ids.slice(kept) if bool(there.head(kept).all()) else ids.clear()


def _named(roster: Roster, table: str, lost: pl.Series, *, whole: bool) -> int:
    """How many of these users or classes tonight's sound rows name; those rows are read, never recognised.

    `whole`: every school takes part, so that rows of roles.csv too stand for people who should be here.
    """
    import polars as pl

    among = lost.implode()
    column = "user_id" if table == "users" else "class_id"
    parts = []
    if roster.enrollments is not None:
        parts.append(roster.enrollments[column])
    if table == "users" and roster.users is not None:
        agents = roster.users["agents"].drop_nulls().cast(pl.String).unique()
        parts.append(agents.str.split(",").explode())
        parts += [roster.roles["user_id"]] if whole and roster.roles is not None else []
    named: set[str] = set()
    for part in parts:
        texts = part.cast(pl.String)
        named.update(texts.filter(texts.is_in(among)))
    return len(named)
