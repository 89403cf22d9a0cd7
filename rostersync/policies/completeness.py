"""Whether a delivery is complete, before anybody who is not in it is taken for gone.

A file that ends inside a row is incomplete. Doubtful is what no night of the district has looked like: a file without
its last line break, files of several nights, the last rows of the last import gone while other rows still name them, or
any rows of it in a district whose files have always agreed.
What a normal night can look like is complete: how many may leave is for the guards to say (policies.md, *Guards*).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from rostersync.model.completeness import DeliveryFacts, LastRows, Verdict, Word
from rostersync.model.notes import Code, note
from rostersync.settings.guards import GuardKind

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl

    from rostersync.model.roster import Roster
    from rostersync.settings import Settings
    from rostersync.settings.overrides import Overrides

TABLES = ("users", "classes", "enrollments")
_KINDS: Mapping[str, tuple[GuardKind, ...]] = {"users": ("students", "guardians", "staff"), "classes": ("classes",)}
_NEEDED = ("users.csv", "classes.csv", "enrollments.csv")
_TORN = "TRUNCATED_ROW"
_NIGHTS = 5  # so many deliveries in a row tell what is usual of times
_TOGETHER = 3600  # seconds: files of one export
_APART = 12 * 3600  # seconds: files of two
_NEAR_THE_END = 0.1  # such a share of the others may stand behind the last rows: lines of earlier nights have moved
_NAMED = 3  # so many people or classes at the end of a file go in no district while other rows still name them


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
    before: LastRows | None,
    tonight: DeliveryFacts,
    last: Sequence[DeliveryFacts],
    settings: Settings,
    today: date,
    overrides: Overrides,
    *,
    absent: bool = True,
) -> Verdict:
    """The verdict on a delivery, but for what a person lets through; without `absent` missing rows are believed.

    `before` are the rows of the last applied import; None tells nothing.
    """
    torn = torn_files(roster.findings)
    certain = [f"{file} ends inside its last row" for file in torn]
    unended = sorted(newly_unended(tonight, last) - {file.lower() for file in torn})
    missing = _still_named(roster, before, whole=not settings.schools.include) if before is not None else []
    of_absent = _of_absent(missing, tonight, last, settings, today, overrides) if absent else []
    lifted = overrides.everything
    doubts = [
        *(f"{name} ends without a line break, as it never did before" for name in unended),
        *_mixed(tonight, last),
        *of_absent,
    ]
    word: Word = "incomplete" if certain else "doubtful" if doubts and not lifted else "complete"
    reasons = (*certain, *([] if lifted else doubts))
    # Who is at a school that takes no part is missing from the roster, and not from the files.
    told = before is not None and not settings.schools.include and all(roster.modes.get(t) == "bulk" for t in TABLES)
    named = sum(each.named for each in missing) if told else None
    return Verdict(word, reasons, bool(of_absent), bool(of_absent) and _always_agreed(tonight, last), named)


def with_verdict(roster: Roster, verdict: Verdict) -> Roster:
    """`roster` with its verdict: who is absent from a bulk file of an incomplete or doubtful one has not left."""
    if verdict.word == "complete":
        return dataclasses.replace(roster, verdict=verdict)
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


@dataclass(frozen=True)
class _Missing:
    """Users or classes of the last import, in a `table`, who are not in tonight's file while other rows name them.

    `at_the_end`: they are all that is missing of that file, stood in its last rows, and it has fewer rows than then;
    `rows` of it are missing. `certain`: it is known where they stood, not only about where.
    """

    table: str
    named: int
    at_the_end: bool
    rows: int
    certain: bool


def _of_absent(
    missing: Sequence[_Missing],
    tonight: DeliveryFacts,
    last: Sequence[DeliveryFacts],
    settings: Settings,
    today: date,
    overrides: Overrides,
) -> list[str]:
    """Files that lack what other rows still name: their last rows alone, or what was never missing so before.

    Not where a window or a limit of 100 % says that much goes rightly, or a person lets such a kind through.
    """
    if settings.guards.max_removed == "100%":
        return []
    always_agreed = _always_agreed(tonight, last)
    found = []
    for each in missing:
        kinds = _KINDS[each.table]
        if overrides.names_any(kinds) or any(settings.guards.window_of(kind, today) for kind in kinds):
            continue
        if each.at_the_end and each.named >= _NAMED:
            about = "" if each.certain else "about "
            found.append(
                f"{each.table}.csv ends {about}{each.rows:,} rows earlier than in the last night, and other rows still "
                f"name {each.named:,} of them"
            )
        elif each.named and always_agreed:
            found.append(
                f"{each.table}.csv lacks {each.named:,} of the last night that other rows still name, as in none of "
                f"the last {_NIGHTS} deliveries"
            )
    return found


def _always_agreed(tonight: DeliveryFacts, last: Sequence[DeliveryFacts]) -> bool:
    """Whether nobody was missing in the last deliveries whom their other rows named."""
    usual = [each.still_named for each in last if each.digest != tonight.digest and each.still_named is not None]
    return len(usual) >= _NIGHTS and not any(usual)


def _still_named(roster: Roster, before: LastRows, *, whole: bool) -> list[_Missing]:
    """What is missing of users and classes, of each at most one, as far as their files are bulk ones.

    Nothing of a file of which most is gone and that has new rows: that is another one, as at rollover. `whole`: every
    school takes part.
    """
    found = []
    for table, rejected, deleted in (
        ("users", roster.rejected_users, roster.deleted_users),
        ("classes", roster.rejected_classes, roster.deleted_classes),
    ):
        here = (
            roster.user_ids() if table == "users" else None if roster.classes is None else roster.classes["sourced_id"]
        )
        if here is None or roster.modes.get(table) != "bulk":
            continue
        ids, lines = before.of(table)
        lost, at_the_end = _lost(here, rejected, deleted, ids, lines)
        if lost.is_empty() or (len(lost) > len(ids) // 2 and _any_new(here, ids)):
            continue
        shorter = at_the_end and here.len() < len(ids)
        found.append(_Missing(table, _named(roster, table, lost, whole=whole), shorter, len(lost), lines is None))
    return found


def _lost(
    here: pl.Series, rejected: pl.DataFrame, deleted: frozenset[str], before: pl.Series, lines: pl.Series | None
) -> tuple[pl.Series, bool]:
    """Ids of the last import that are missing tonight, and whether they are just its last rows."""
    import polars as pl

    told_of = pl.concat([rejected["sourced_id"].cast(pl.String), pl.Series(list(deleted), dtype=pl.String)])
    ids = before.cast(pl.String)
    there = ids.is_in(pl.concat([here.cast(pl.String), told_of]).implode())
    if there.all():
        return ids.clear(), False
    counts = ~ids.is_in(told_of.implode())
    ids, there = ids.filter(counts), there.filter(counts)
    if lines is None:
        return ids.filter(~there), bool(there.head(int(there.sum())).all())
    lines = lines.filter(counts)
    first = lines.filter(~there).min()
    behind = 0 if first is None else int((lines.filter(there) > first).sum())
    return ids.filter(~there), behind <= _NEAR_THE_END * here.len()


def _any_new(here: pl.Series, before: pl.Series) -> bool:
    import polars as pl

    return not bool(here.cast(pl.String).is_in(before.cast(pl.String).implode()).all())


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
