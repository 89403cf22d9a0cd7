"""What probably happened to the files of a night that guards stopped: the patterns that are known."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from rostersync.model.decisions import Decisions
from rostersync.model.guards import REMOVED, Trip
from rostersync.policies.guards import schools, tries

if TYPE_CHECKING:
    import pandas as pd

_NEARLY_ALL = 0.9
_OF_A_SCHOOL = ("students", "staff", "classes")
"""Kinds of which a school seldom loses all."""
_PEOPLE = ("students", "staff")
"""A school that loses all of these, as many kinds as it has, is gone itself."""
_FILES = {"classes": "classes.csv", "enrollments": "enrollments.csv"}


def diagnose(
    trips: Sequence[Trip],
    decisions: Decisions,
    count: Callable[[str], Mapping[str, int]],
    shown: Callable[[str], str],
) -> tuple[str, ...]:
    """One sentence per known pattern: a changed id scheme, no agents, nearly all of a kind gone, a school gone.

    `count`: kind -> school id -> current records; `shown`: the name of a school.
    """
    removed = [trip for trip in trips if trip.guard == REMOVED]
    if not removed:
        return ()
    lines = list(_new_ids(removed, decisions))
    explained = {kind for kind, _ in lines}
    explained |= {"enrollments", "guardianships"} if explained else set()
    gone = [trip for trip in removed if trip.count >= _NEARLY_ALL * trip.total and trip.kind not in explained]
    texts = [text for _, text in lines]
    if any(trip.kind == "guardianships" for trip in gone) and not decisions.pairs["asserted"].any():
        texts.append(
            "No row names a guardian or student any more: the column agentSourcedIds of users.csv is probably empty."
        )
        gone = [trip for trip in gone if trip.kind not in {"guardianships", "guardians"}]
    everywhere, single = [], dict[str, list[str]]()
    for kind in dict.fromkeys(trip.kind for trip in gone):
        at = {trip.school_id for trip in gone if trip.kind == kind}
        if at >= {school for school, total in count(kind).items() if total}:
            everywhere.append(kind)
        elif kind in _OF_A_SCHOOL:
            for school in at:
                single.setdefault(school, []).append(kind)
    has = {kind: {school for school, total in count(kind).items() if total} for kind in _PEOPLE}
    for school, kinds in sorted(single.items()):
        whole = any(kind in kinds for kind in _PEOPLE) and all(
            kind in kinds or kind in everywhere for kind in _PEOPLE if school in has[kind]
        )
        texts.append(_school_gone(shown(school)) if whole else _kinds_gone(shown(school), kinds))
    return (*texts, *_all_gone(everywhere))


def _all_gone(kinds: Sequence[str]) -> Iterable[str]:
    if kinds:
        files = ", ".join(dict.fromkeys(_FILES.get(kind, "users.csv") for kind in kinds))
        yield (
            f"Nearly all {', '.join(kinds)} of the district are gone: the export of {files} is probably cut short, or "
            "a header or the encoding is wrong."
        )


def _kinds_gone(school: str, kinds: Sequence[str]) -> str:
    files = ", ".join(dict.fromkeys(_FILES.get(kind, "users.csv") for kind in kinds))
    return f"Nearly all {', '.join(kinds)} of {school} are gone: the export of {files} probably leaves them out there."


def _school_gone(school: str) -> str:
    return (
        f"{school} is nearly gone while other schools are there: its id is probably missing or changed in the export "
        "(orgSourcedIds of users.csv, schoolSourcedId of classes.csv)."
    )


def _new_ids(trips: Iterable[Trip], decisions: Decisions) -> Iterable[tuple[str, str]]:
    """Kinds of people of whom about as many are new as are gone, under the same names."""
    gone, new = tries.removed_users(decisions), tries.new_users(decisions)
    for kind, word in tries.PEOPLE.items():
        at = [trip.school_id for trip in trips if trip.kind == kind]
        left = _names(_at(gone[gone["kind"] == word], at, decisions), "sis")
        came = _names(_at(new[new["kind"] == word], at, decisions), "to")
        before, after = left.total(), came.total()
        same = (left & came).total()
        if before and same >= _NEARLY_ALL * before and same >= _NEARLY_ALL * after:
            text = (
                f"{before:,} {kind} are gone and {after:,} are new under the same names: the SIS probably gives other "
                "sourcedIds than before."
            )
            yield kind, text


def _at(users: pd.DataFrame, school_ids: Sequence[str], decisions: Decisions) -> pd.DataFrame:
    rows = schools.of_users(users, decisions)
    return users.loc[rows.loc[rows["school_id"].isin(school_ids), "row"].unique()]


def _names(users: pd.DataFrame, prefix: str) -> Counter[str]:
    names = users[f"{prefix}_given_name"].str.cat(users[f"{prefix}_family_name"], sep="\x1f").str.casefold()
    return Counter(names.to_list())
