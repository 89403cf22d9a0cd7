"""What guards owe, counted from the state before and after a night (policies.md R-D1, R-D2, R-D5)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from fractions import Fraction
from typing import Any

from tests.laws.every_night import Views, live_night, views
from tests.laws.stories import Configure, Night
from tests.policies.district import District, Report

Key = tuple[str, str]
"""A kind and a school."""


class Guarded:
    """A district's nights, and of how many records the shares are: those before the guard tripped."""

    def __init__(self, share: str, small: int) -> None:
        self._share, self._small = Fraction(share.removesuffix("%")) / 100, small
        self._before: dict[Key, int] = {}

    def night(self, district: District, step: Night, settings: Configure) -> Report:
        """Play a night after which the laws of every night hold, and those of guards."""
        before = views(district)
        first = not before["users"] and not before["classes"]
        report = live_night(district, step, settings)
        after = views(district)
        check_held(before, after, report)
        tripped = {
            (trip["kind"], trip["school_id"]): trip
            for trip in report.summary["guards_tripped"]
            if trip["what"] == "Removal"
        }
        if first:
            assert not tripped, "a first load removes nothing"
            return report
        totals = {**current(before), **self._before}
        self._check_removals(totals, before, after)
        for key, trip in tripped.items():
            self._check_trip(totals.get(key, 0), key, trip)
        self._before = {key: max(totals.get(key, 0), trip["count"]) for key, trip in tripped.items()}
        return report

    def _check_removals(self, totals: Mapping[Key, int], before: Views, after: Views) -> None:
        for key, count in removed(before, after).items():
            total = max(totals.get(key, 0), count)
            assert not self._too_many(count, total), f"R-D1, R-D2: {count} of {total} went, {key}"

    def _check_trip(self, total: int, key: Key, trip: Mapping[str, Any]) -> None:
        count = trip["count"]
        assert trip["total"] == max(total, count), f"R-D1: {key} is said to be {trip['total']}, and is {total}"
        assert self._too_many(count, trip["total"]), f"R-D1: {key} is held for {count} of {trip['total']}"

    def _too_many(self, count: int, total: int) -> bool:
        return (count > self._share * total and count > self._small) or (count >= 3 and count >= total)


def check_held(before: Views, after: Views, report: Report) -> None:
    """Whatever a row says is held stands as it stood: nobody new, nobody gone, no other login."""
    for row in report.rows("users", action="held"):
        old, new = before["users"].get((row["id"],)), after["users"].get((row["id"],))
        assert (old is None) == (new is None), f"R-D2: {row['id']} is held, and was added"
        if old is not None and new is not None:
            same = ("roster_status", "email", "mobile") if "contacts" in row["notes"] else ("roster_status",)
            assert [old[name] for name in same] == [new[name] for name in same], f"R-D2, R-D5: {row['id']} is held"
    for row in report.rows("classes", action="held"):
        assert before["classes"][row["id"],]["status"] == after["classes"][row["id"],]["status"], "R-D2: class"
    keys = {"enrollments": ("class_id", "user_id", "role"), "guardianships": ("guardian_id", "student_id")}
    for kind, key in keys.items():
        for row in report.rows(kind, action="held"):
            name = tuple(row[column] for column in key)
            assert _status(before[kind].get(name)) == _status(after[kind].get(name)), f"R-D2, R-D5: {kind} {name}"


def _status(row: Mapping[str, Any] | None) -> str:
    return "" if row is None else str(row["status"])


def current(state: Views) -> Counter[Key]:
    """How many of a kind are current at a school, of what the SIS made."""
    found: Counter[Key] = Counter()
    for user in state["users"].values():
        if user["origin"] == "sis" and user["roster_status"] == "current":
            found.update(_keys(_kind(user), _schools(user, state)))
    for row in state["classes"].values():
        if row["origin"] == "sis" and row["status"] == "active":
            found["classes", row["school_id"] or ""] += 1
    for (class_id, *_), row in state["enrollments"].items():
        school_class = state["classes"][class_id,]
        if row["origin"] == "sis" and row["status"] == "current" and school_class["status"] == "active":
            found["enrollments", school_class["school_id"] or ""] += 1
    for (_, student), row in state["guardianships"].items():
        person = state["users"][student,]
        if row["origin"] == "sis" and row["status"] == "current" and person["roster_status"] == "current":
            found.update(_keys("guardianships", _listed(person)))
    return found


def removed(before: Views, after: Views) -> Counter[Key]:
    """How many of a kind left a school, by the schools that they have afterwards; people, classes and enrollments."""
    found: Counter[Key] = Counter()
    for key, old in before["users"].items():
        new = after["users"][key]
        if old["origin"] == "sis" and old["roster_status"] == "current" != new["roster_status"]:
            # A guardian's school is counted where a pair that stood before says so: there may be more tonight.
            through = _pairs_of(key[0], before, after) if _kind(new) == "guardians" else _listed(new)
            found.update(_keys(_kind(new), through))
    for key, old in before["classes"].items():
        new = after["classes"][key]
        if old["origin"] == "sis" and old["status"] == "active" != new["status"]:
            found["classes", new["school_id"] or ""] += 1
    for key, old in before["enrollments"].items():
        then, now = before["classes"][key[0],], after["classes"][key[0],]
        counted = "active" in {then["status"], now["status"]}
        ended = old["status"] == "current" and after["enrollments"][key]["status"] == "ended"
        if old["origin"] == "sis" and ended and counted:
            found["enrollments", now["school_id"] or ""] += 1
    return found


def _kind(user: Mapping[str, Any]) -> str:
    roles = set(user["roles"].split(","))
    if roles & {"teacher", "administrator"}:
        return "staff"
    return "students" if "student" in roles else "guardians"


def _schools(user: Mapping[str, Any], state: Views) -> set[str]:
    if _kind(user) != "guardians":
        return _listed(user)
    return _pairs_of(user["id"], state, state) - {""} or _listed(user)


def _pairs_of(guardian: str, pairs: Views, people: Views) -> set[str]:
    """The schools of the students of a guardian."""
    found: set[str] = set()
    for (who, student), row in pairs["guardianships"].items():
        if who == guardian and row["status"] == "current":
            found |= _listed(people["users"][student,]) - {""}
    return found


def _listed(user: Mapping[str, Any]) -> set[str]:
    return set((user["school_ids"] or "").split(","))


def _keys(kind: str, schools: Iterable[str]) -> Iterator[Key]:
    return ((kind, school) for school in schools)
