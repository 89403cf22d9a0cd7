"""Which guards trip, and what they hold (policies.md R-D1, R-D2, R-D5)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Protocol, cast

from rostersync.model.decisions import Decisions
from rostersync.model.guards import CHANGED, REMOVED, GuardKey, Judgement, Tried, Trip
from rostersync.model.night import Holds, Night
from rostersync.model.notes import Code, note
from rostersync.policies.guards import schools, tries
from rostersync.policies.guards.diagnosis import diagnose
from rostersync.settings.guards import GuardKind, Guards, allowed

if TYPE_CHECKING:
    import pandas as pd

    from rostersync.settings.overrides import Overrides

ADDED, ENDED = "added", "ended"
"""What is held because of another guard's trip: new people (R-D2), endings beside new guardianships (R-D5)."""
_NONE_LEFT = 3  # so many of a kind at a school never go to none
_MANY = 20  # of so many people over half may not be replaced by others


class Totals(Protocol):
    """Of how many records the shares are."""

    def stored(self) -> Mapping[GuardKey, int]:
        """The totals of guards that tripped in the last sync."""

    def count(self, kind: str) -> Mapping[str, int]:
        """School id -> current records of this kind in the state."""


class Judge:
    """Judges round after round; what it holds once stays held."""

    def __init__(self, night: Night, guards: Guards, overrides: Overrides, totals: Totals) -> None:
        import pandas as pd

        self._night, self._guards, self._overrides, self._totals = night, guards, overrides, totals
        self._stored = totals.stored()
        self._trips: dict[GuardKey, Trip] = {}
        self._said: dict[GuardKey, Trip] = {}
        self._numbers: dict[GuardKey, int] = {}
        self._tried: dict[str, dict[str, Tried]] = {}
        self._marks = {
            name: pd.Series(0, index=getattr(night, name).index, dtype="int64")
            for name in ("users", "classes", "enrollments", "pairs")
        }
        self._accounts: dict[int, int] = {}

    def holds(self) -> Holds:
        """What is held so far."""
        marks = {name: column.copy() for name, column in self._marks.items()}
        return Holds(**marks, accounts=dict(self._accounts))

    def holds_more(self, decisions: Decisions) -> bool:
        """Whether these decisions make a guard hold more than before; changes are judged once no removal is left."""
        return self._judge_removals(decisions) or self._judge_changes(decisions)

    def judgement(self, decisions: Decisions, names: Mapping[str, str]) -> Judgement:
        """What there is to say; `decisions` are those of the last round."""

        def shown(school_id: str) -> str:
            return names.get(school_id) or school_id or "no school"

        texts = {}
        for key, number in self._numbers.items():
            told = self._said.get(key) or self._trips[key]
            texts[number] = note(
                Code.GUARD_HELD,
                what=told.what,
                kind=told.kind,
                school=shown(told.school_id),
                count=told.count,
                total=told.total,
                limit=told.limit,
            )
        return Judgement(
            tried=self._tried,
            trips=tuple(self._trips.values()),
            notes=texts,
            diagnosis=diagnose(tuple(self._trips.values()), decisions, self._totals.count, shown),
            on_trip=self._guards.on_trip,
        )

    # --- R-D1 and R-D2 ----------------------------------------------------------------------------------------------

    def _judge_removals(self, decisions: Decisions) -> bool:
        for kind, rows in tries.removals(decisions).items():
            for school_id, count in rows["school_id"].value_counts().sort_index().items():
                self._judge_removal(cast("GuardKind", kind), str(school_id), int(count))
        if not self._trips:
            return False
        removed = tries.removed_users(decisions)
        more = False
        for kind, word in tries.PEOPLE.items():
            rows = schools.of_users(removed[removed["kind"] == word], decisions)
            more |= self._hold("users", rows, self._holding(kind))
        classes = schools.of_classes(tries.removed_classes(decisions))
        more |= self._hold("classes", classes, self._holding("classes"))
        more |= self._hold_enrollments(decisions)
        more |= self._hold_guardianships(decisions)
        return more | self._hold_additions(decisions)

    def _judge_removal(self, kind: GuardKind, school_id: str, count: int) -> None:
        today, key = self._night.today, (REMOVED, str(kind), school_id)
        share, small = self._guards.max_removed_of(kind, school_id, today), self._guards.small_of(school_id)
        total = max(self._total(key), count)
        limit = allowed(share, total)
        tried = self._tried.setdefault(kind, {})
        window = self._guards.window_of(kind, today)
        lifted = window is not None and window.max_removed == "100%"
        to_none = count >= _NONE_LEFT and count >= total and not lifted
        most = max(limit, small)
        tried[school_id] = Tried(count, min(most, total - 1) if to_none else most)
        if ((count > limit and count > small) or to_none) and not self._overrides.lets_through(kind, school_id):
            self._trips[key] = Trip(REMOVED, "Removal", kind, school_id, count, total, share)

    def _holding(self, kind: str) -> dict[str, int]:
        """School id -> number of the note for removals of this kind: of its own guard, else of the first that tripped.

        No removal is applied at a school that tripped; guardianships are held only where they tripped themselves.
        """
        found = {}
        for guard, own_kind, school_id in list(self._trips):
            if guard == REMOVED and not self._overrides.lets_through(kind, school_id):
                if own_kind == kind:
                    found[school_id] = self._number((guard, own_kind, school_id))
                elif kind != "guardianships" and (guard, kind, school_id) not in self._trips:
                    found.setdefault(school_id, self._number((guard, own_kind, school_id)))
        return found

    def _hold_enrollments(self, decisions: Decisions) -> bool:
        """Those of classes at schools that tripped, and all of people who are held."""
        ended = tries.ended_enrollments(decisions)
        rows = schools.of_enrollments(ended, decisions)
        more = self._hold("enrollments", rows, self._holding("enrollments"))
        in_scope = ended[ended["user_at"] >= 0]
        of_people = self._marks["users"].reindex(in_scope["user_at"]).set_axis(in_scope.index)
        return self._mark("enrollments", of_people) | more

    def _hold_guardianships(self, decisions: Decisions) -> bool:
        """Those that tripped themselves, and with a held guardian those that end because the row is absent (R-F4)."""
        ended = tries.ended_pairs(decisions)
        more = self._hold("pairs", schools.of_pairs(ended, decisions), self._holding("guardianships"))
        absent = ended[~ended["guardian_in"]]
        of_guardians = self._marks["users"].reindex(absent["guardian"]).set_axis(absent.index)
        return self._mark("pairs", of_guardians) | more

    def _hold_additions(self, decisions: Decisions) -> bool:
        """New people of a kind of which over half would go, and guardians of only such students."""
        new = tries.new_users(decisions)
        more = False
        for kind, word in tries.PEOPLE.items():
            rows = schools.of_users(new[new["kind"] == word], decisions)
            replaced = {}
            for school_id, count in rows["school_id"].value_counts().sort_index().items():
                trip = self._trips.get((REMOVED, kind, str(school_id)))
                if trip is not None and trip.total >= _MANY and 2 * trip.count > trip.total:
                    added = Trip(ADDED, "Addition", kind, str(school_id), int(count), trip.total, trip.limit)
                    replaced[str(school_id)] = self._number((ADDED, kind, str(school_id)), added)
            more |= self._hold("users", rows, replaced)
        pairs = decisions.pairs[decisions.pairs["counted"] & decisions.pairs["student_in"]]
        held = self._marks["users"].where(~self._night.users["known"], 0)
        of_student = held.reindex(pairs["student"]).set_axis(pairs.index)
        only_held = of_student.groupby(pairs["guardian"]).min()
        guardians = new[(new["kind"] == tries.PEOPLE["guardians"]) & new.index.isin(only_held[only_held > 0].index)]
        return self._mark("users", only_held.reindex(guardians.index)) | more

    # --- R-D5 -------------------------------------------------------------------------------------------------------

    def _judge_changes(self, decisions: Decisions) -> bool:
        accounts = tries.changed_accounts(decisions)
        begun = tries.new_pairs(decisions, self._night.users["known"])
        rows = schools.of_pairs(begun, decisions)
        for kind, what, found in (("contacts", "Change", accounts), ("guardianships", "Addition", rows)):
            for school_id, count in found["school_id"].value_counts().sort_index().items():
                self._judge_change(kind, what, str(school_id), int(count))
        tripped = {key[1:]: key for key in self._trips if key[0] == CHANGED}
        if not tripped:
            return False
        numbers = {school: self._number(key) for (kind, school), key in tripped.items() if kind == "contacts"}
        by_account = _numbers(accounts.rename(columns={"account_id": "row"}), numbers)
        accounts_held = zip(by_account.index.to_list(), by_account.to_list(), strict=True)
        fresh = {account: number for account, number in accounts_held if account not in self._accounts}
        self._accounts.update(fresh)
        numbers = {school: self._number(key) for (kind, school), key in tripped.items() if kind == "guardianships"}
        more = self._hold("pairs", rows, numbers)
        return self._hold_endings(decisions, set(numbers)) | more | bool(fresh)

    def _judge_change(self, kind: str, what: str, school_id: str, count: int) -> None:
        key = (CHANGED, kind, school_id)
        small, share = self._guards.small_of(school_id), self._guards.max_changed_of(school_id)
        if count <= small or self._overrides.lets_through(kind, school_id):
            return
        total = self._total(key)
        if count > allowed(share, total):
            self._trips[key] = Trip(CHANGED, what, kind, school_id, count, total, share)

    def _hold_endings(self, decisions: Decisions, tripped: set[str]) -> bool:
        """Where new guardianships are held the endings are held too, and a guardian who would go with them."""
        ended = tries.ended_pairs(decisions)
        rows = schools.of_pairs(ended, decisions)
        numbers = {}
        for school_id, count in rows["school_id"].value_counts().sort_index().items():
            if str(school_id) in tripped:
                trip = self._trips[CHANGED, "guardianships", str(school_id)]
                lost = Trip(ENDED, "Removal", trip.kind, trip.school_id, int(count), trip.total, trip.limit)
                numbers[trip.school_id] = self._number((ENDED, trip.kind, trip.school_id), lost)
        more = self._hold("pairs", rows, numbers)
        held = self._marks["pairs"].reindex(ended.index)
        by_guardian = held.groupby(ended["guardian"]).max()
        removed = tries.removed_users(decisions)
        goes = removed[removed.index.isin(by_guardian[by_guardian > 0].index)]
        if "guardians" in self._overrides.kinds:
            return more
        return self._mark("users", by_guardian.reindex(goes.index)) | more

    # --- numbers ----------------------------------------------------------------------------------------------------

    def _total(self, key: GuardKey) -> int:
        """Current records after the last sync in which this guard did not trip."""
        _, kind, school_id = key
        if key in self._stored:
            return self._stored[key]
        return self._totals.count(kind).get(school_id, 0)

    def _number(self, key: GuardKey, told: Trip | None = None) -> int:
        """The number of a note; `told` are its values where they are not those of the trip."""
        if told is not None:
            self._said[key] = told
        return self._numbers.setdefault(key, len(self._numbers) + 1)

    def _hold(self, name: str, rows: pd.DataFrame, numbers: Mapping[str, int]) -> bool:
        return bool(numbers) and self._mark(name, _numbers(rows, numbers))

    def _mark(self, name: str, found: pd.Series) -> bool:
        """Marks rows that were not marked before; whether there were any. 0 marks nothing."""
        column = self._marks[name]
        found = found[found > 0]
        fresh = found[column.reindex(found.index) == 0]
        column.loc[fresh.index] = fresh.astype("int64")
        return not fresh.empty


def _numbers(rows: pd.DataFrame, numbers: Mapping[str, int]) -> pd.Series:
    """Per `row` the number of the first school that has one."""
    number = rows["school_id"].map(dict(numbers))
    found: pd.Series = number[number.notna()].astype("int64").groupby(rows["row"]).min()
    return found
