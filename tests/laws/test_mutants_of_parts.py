"""Each law catches a program in which just that is broken (`broken.py`), in a night which it passes otherwise."""

from __future__ import annotations

import contextlib
import copy
import itertools
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import pytest

from rostersync.state import views
from tests.laws import broken, checks, every_night, test_plans, test_undo
from tests.laws.by_hand import CLASS, GUARDIANS, ByHand
from tests.laws.guarded_nights import Guarded
from tests.laws.interrupted import check_every_moment, scene
from tests.laws.stories import Accept, Configure, Edit, Night, Step, class_rows, enrollment_rows, tell, user_rows
from tests.laws.test_delta_chain import delta_of, rows_of
from tests.laws.test_known_stories import ANA, CHILD, IN_K1, night, user
from tests.laws.test_laws import Make, check_twins, new_district
from tests.laws.test_mutants import without_live_rules
from tests.policies.district import District, Report

__all__ = ["new_district"]


@dataclass
class Played:
    """A district, what the guards' law knows of its nights, and the steps that were played."""

    district: District
    guarded: Guarded
    steps: list[Step]

    @property
    def rules(self) -> Configure:
        """The settings that hold."""
        return next((step for step in reversed(self.steps) if isinstance(step, Configure)), Configure())

    def again(self, make: Make) -> Played:
        """The same district at the same point."""
        found = make().folder
        return Played(self.district.copy(found), copy.deepcopy(self.guarded), list(self.steps))


@dataclass(frozen=True)
class Tale:
    """What was before, and the night on which a law is tried; the share that guards let go, where there are guards."""

    before: Sequence[Step]
    night: Night
    share: str = ""

    def play(self, make: Make) -> Played:
        """A district of its own at the point before the night."""
        return _played(list(self.before), self.share, make).again(make)


_PLAYED: dict[str, Played] = {}
"""Districts by their story: each beginning is played once."""


def _played(steps: list[Step], share: str, make: Make) -> Played:
    story = repr((steps, share, make))
    if story in _PLAYED:
        return _PLAYED[story]
    if steps:
        found = _played(steps[:-1], share, make).again(make)
        if isinstance(steps[-1], Night) and share:
            found.guarded.night(found.district, steps[-1], Configure())
        else:
            tell(found.district, steps[-1])
        found.steps.append(steps[-1])
    else:
        found = Played(make(), Guarded(share or "100%", 0), [])
        if share:
            found.district.limits = GUARDS.format(share)
            found.district.configure()
    return _PLAYED.setdefault(story, found)


GUARDS = '[guards]\nsmall = 0\nmax_removed = "{}"\nmax_changed = "30%"\nmax_rejected = "100%"\n'
Law = Callable[[Played, Night, Make], Any]

# --- the laws, on one night -------------------------------------------------------------------------------------------


def is_an_honest_night(played: Played, last: Night, _: Make) -> None:
    """What no night may do."""
    every_night.live_night(played.district, last, played.rules)


def keeps_to_the_guards(played: Played, last: Night, _: Make) -> None:
    """R-D1, R-D2, R-D5."""
    played.guarded.night(played.district, last, played.rules)


def is_foretold_and_comes_to_rest(played: Played, last: Night, _: Make) -> None:
    """R-A3, R-A1."""
    checks.check_dry_run_and_repeat(played.district, last)


def has_no_order(played: Played, last: Night, make: Make) -> None:
    """R-A2."""
    check_twins(played.district, played.again(make).district, last, shuffle=1)


def is_the_same_in_full(played: Played, last: Night, make: Make) -> None:
    """Scope equals `--full`."""
    check_twins(played.district, played.again(make).district, last)


def is_the_same_in_full_twice(played: Played, last: Night, make: Make) -> None:
    """Scope equals `--full`, the night after as well."""
    other = played.again(make).district
    check_twins(played.district, other, last)
    check_twins(played.district, other, last)


def is_the_same_as_a_delta(played: Played, last: Night, make: Make) -> None:
    """R-V5: a delta and a bulk set of one night, and an empty delta after it."""
    other = played.again(make).district
    before = next(rows_of(step) for step in reversed(played.steps) if isinstance(step, Night))
    for tonight in (rows_of(last), rows_of(last)):
        whole, delta = tell(played.district, last), other.delta(**delta_of(before, tonight))
        assert isinstance(whole, Report)
        wrong = checks.differences(checks.report_rows(whole), checks.report_rows(delta))
        assert not wrong, f"the delta says: {wrong}"
        assert checks.differences(checks.state_of(played.district), checks.state_of(other)) == {}
        before = tonight


def can_be_taken_back(played: Played, last: Night, _: Make) -> None:
    """Undo restores."""
    before = test_undo.contents(played.district)
    tell(played.district, last)
    test_undo.take_back(played.district)
    wrong = checks.differences(before, test_undo.contents(played.district))
    assert not wrong, f"before the night, and after it was taken back: {wrong}"


def is_the_same_from_a_plan(played: Played, last: Night, make: Make) -> None:
    """Applying a plan equals the sync."""
    other = played.again(make).district
    report = tell(played.district, last)
    assert isinstance(report, Report)
    rows = (user_rows(last), class_rows(last), enrollment_rows(last))
    applied = test_plans.plan_and_apply(other, other.files(*rows))
    test_plans.check_same(played.district, report, other, applied)


def removes_nobody_by_a_fault(played: Played, last: Night, make: Make) -> None:
    """R-V3: `last` is the night before with a row that cannot be used."""
    other = played.again(make).district
    before = checks.standing(other)
    tell(other, last)
    checks.check_no_removal(before, played.district, other, "a broken row")


def is_whole_or_nothing(played: Played, last: Night, _: Make) -> None:
    """R-A4."""
    check_every_moment(scene("sync", [last], played.district), played.district.folder / "watched")


def is_undone_whole_or_not(played: Played, last: Night, _: Make) -> None:
    """R-A4 of an undo."""
    check_every_moment(scene("undo", [last], played.district), played.district.folder / "watched")


# --- the nights -------------------------------------------------------------------------------------------------------

K1: dict[str, Any] = {"classes": ({"sourcedId": "K1"},), "enrollments": (IN_K1,)}
SMALL = night(CHILD, ANA, **K1)
RENAMED = night(user("S1", agentSourcedIds="G1", givenName="Other"), ANA, **K1)
BUSY = Tale(
    [
        Configure(policy={"update_active_contacts": True}),
        night(CHILD, ANA, user("T1", email="t1@x.example"), **K1),
        Accept("G1"),
        Accept("T1"),
    ],
    night(
        user("S1", agentSourcedIds="G2"),
        {**ANA, "email": "new@x.example"},
        user("S2", agentSourcedIds="G1"),
        user("G2", email="g2@x.example"),
        user("G3", email="g3@x.example"),
        user("T1", email="t2@x.example"),
        classes=({"sourcedId": "K2"},),
    ),
)
"""People come and change, one waits, a class goes, two people are told of their new logins."""
RIVALS = Tale(
    [SMALL],
    night(CHILD, ANA, user("T1", email="t@x.example"), user("T2", email="t@x.example", givenName="Bo"), **K1),
)
T1 = user("T1", email="t1@x.example")
CHILD_GONE = Tale([SMALL, night(CHILD, ANA, T1, **K1), Edit("T1", "given_name", "Bo")], night(ANA, T1, **K1))
FAULTY = Tale([SMALL], night({**CHILD, "role": "wizard"}, ANA, **K1))
BY_HAND = Tale(
    [
        SMALL,
        ByHand("create", (CLASS,)),
        ByHand("guardian", ("S1", GUARDIANS[0], "Ana", "hand@x.example", "")),
        Accept(GUARDIANS[0]),
    ],
    RENAMED,
)


def students(*numbers: int, mail: str = "x.example", **values: str) -> list[dict[str, str]]:
    """Students without guardians."""
    return [user(f"S{number:02}", email=f"s{number:02}@{mail}", **values) for number in numbers]


TEN = night(*students(*range(10)))
FOUR_LEAVE = Tale([TEN], night(*students(*range(4, 10))), share="30%")
THREE_LEAVE = Tale([TEN], night(*students(*range(3, 10))), share="30%")
TEN_COME = night(*students(*range(4, 20)))
FOUR_LEAVE_AND_TEN_COME = Tale([TEN, TEN_COME], TEN_COME, share="30%")
A_SCHOOL_CLOSES = Tale(
    [night(*students(*range(5)), *students(7, 8, 9, orgSourcedIds="B"))], night(*students(*range(5))), share="100%"
)
A_COLUMN_SLIPS = Tale([TEN], night(*students(*range(5)), *students(*range(5, 10), mail="y.example")), share="30%")

MUTANTS: list[tuple[Callable[[pytest.MonkeyPatch], None], Law, Tale, str]] = [
    (broken.commits_in_the_middle, is_whole_or_nothing, BUSY, "R-A4: a kill left neither"),
    (broken.tells_after_the_commit, is_whole_or_nothing, BUSY, "R-A4: a kill left neither.*outbox"),
    (broken.names_a_snapshot_first, is_whole_or_nothing, BUSY, "R-A4: .*snapshot .* not whole"),
    (broken.shows_the_report_first, is_whole_or_nothing, BUSY, "R-A4: .*report"),
    (broken.an_undo_commits_in_the_middle, is_undone_whole_or_not, BUSY, "R-A4: a kill left neither"),
    (broken.tells_everybody_again, is_foretold_and_comes_to_rest, BUSY, "R-A1: .*outbox"),
    (broken.a_dry_run_writes, is_foretold_and_comes_to_rest, BUSY, "R-A3: a dry run wrote"),
    (broken.the_order_decides, has_no_order, RIVALS, "the twin says"),
    (broken.scope_forgets_edits, is_the_same_in_full, CHILD_GONE, "the twin says"),
    (broken.scope_forgets_guardians, is_the_same_in_full, CHILD_GONE, "the twin says"),
    (broken.scope_forgets_who_is_held, is_the_same_in_full_twice, FOUR_LEAVE, "the twin says.*held"),
    (broken.a_delta_removes_nobody, is_the_same_as_a_delta, BUSY, "the delta says"),
    (broken.rows_do_not_wait, is_the_same_as_a_delta, BUSY, "the delta says"),
    (broken.an_undo_forgets_values, can_be_taken_back, BUSY, "taken back: .*accounts"),
    (broken.an_undo_leaves_messages, can_be_taken_back, BUSY, "taken back: .*outbox"),
    (broken.a_plan_forgets_messages, is_the_same_from_a_plan, BUSY, "the applied plan: .*outbox"),
    (broken.a_plan_reports_less, is_the_same_from_a_plan, BUSY, "the applied plan reports"),
    (broken.a_credential_for_all, is_an_honest_night, RIVALS, "two accounts hold"),
    (broken.a_class_by_hand_is_archived, is_an_honest_night, BY_HAND, "classes .* made by hand"),
    (broken.a_guardianship_by_hand_ends, is_an_honest_night, BY_HAND, "guardianships .* made by hand"),
    (broken.says_what_did_not_happen, is_an_honest_night, BY_HAND, "said to change, and did not"),
    (broken.tells_twice, is_an_honest_night, BUSY, "R-U4: queued"),
    (broken.tells_only_the_new_address, is_an_honest_night, BUSY, "R-U4: queued"),
    (broken.a_rejected_row_is_nobody, removes_nobody_by_a_fault, FAULTY, "a broken row removed"),
    (broken.what_is_held_goes, keeps_to_the_guards, FOUR_LEAVE, "R-D1, R-D2: 4 of 10 went"),
    (broken.one_more_may_go, keeps_to_the_guards, FOUR_LEAVE, "R-D1, R-D2: 4 of 10 went"),
    (broken.one_less_may_go, keeps_to_the_guards, THREE_LEAVE, "R-D1: .* is held for 3 of 10"),
    (broken.what_is_added_makes_room, keeps_to_the_guards, FOUR_LEAVE_AND_TEN_COME, "R-D1, R-D2: 4 of 10 went"),
    (broken.none_may_be_left, keeps_to_the_guards, A_SCHOOL_CLOSES, "R-D1, R-D2: 3 of 3 went"),
    (broken.held_contacts_change, keeps_to_the_guards, A_COLUMN_SLIPS, "R-D5: .* is held"),
]
QUICK = {is_an_honest_night, removes_nobody_by_a_fault}
"""The laws of one night; the others need several, or other guards, and stories of `make test` keep them elsewhere."""


def _marked(law: Law) -> Sequence[pytest.MarkDecorator]:
    return () if law in QUICK else (pytest.mark.long,)


"""A mutant, the law it breaks, the night in which it does, and what the law says of it."""

SOUND = [
    pytest.param(law, [tale for _, _, tale, _ in rows], id=law.__name__, marks=_marked(law))
    for law, rows in itertools.groupby(sorted(MUTANTS, key=lambda row: row[1].__name__), key=lambda row: row[1])
]
COSTLY = {
    broken.shows_the_report_first,
    broken.a_plan_forgets_messages,
    broken.scope_forgets_guardians,
    broken.tells_everybody_again,
    broken.scope_forgets_edits,
    broken.one_less_may_go,
    broken.none_may_be_left,
    broken.a_dry_run_writes,
    broken.scope_forgets_who_is_held,
    broken.rows_do_not_wait,
    broken.an_undo_forgets_values,
}
"""Mutants beside which another one, here or in `test_mutants.py`, breaks the same law at less expense."""


@pytest.mark.parametrize(("law", "tales"), SOUND)
def test_the_program_as_it_is_keeps_the_law(new_district: Make, law: Law, tales: list[Tale]) -> None:
    for tale in {id(tale): tale for tale in tales}.values():
        law(tale.play(new_district), tale.night, new_district)


@pytest.mark.parametrize(
    ("mutant", "law", "tale", "says"),
    [pytest.param(*row, id=row[0].__name__, marks=(pytest.mark.long,) if row[0] in COSTLY else ()) for row in MUTANTS],
)
def test_the_law_catches_what_is_broken(
    new_district: Make, monkeypatch: pytest.MonkeyPatch, mutant: Callable[..., None], law: Law, tale: Tale, says: str
) -> None:
    played = tale.play(new_district)
    without_live_rules(monkeypatch)
    mutant(monkeypatch)
    with pytest.raises(AssertionError, match=f"(?s){says}"):
        law(played, tale.night, new_district)


AT_THREE_SCHOOLS = [
    night(
        user("S1", agentSourcedIds="G1", orgSourcedIds="B"),
        user("S2", agentSourcedIds="G1"),
        user("S3", agentSourcedIds="G1", orgSourcedIds="C"),
        ANA,
        T1,
    ),
    night(user("S2", agentSourcedIds="G1"), user("S3", orgSourcedIds="C"), ANA, {**T1, "enabledUser": "false"}),
]
"""G1 stays with S2 at A; S1 left B, S3 is no longer a child of hers, and T1 may not log in."""


@pytest.mark.parametrize(
    ("view", "condition"),
    [
        ("roster_access", "u.roster_status = 'current' AND "),
        ("roster_access", "AND NOT a.disabled "),
        ("roster_access", "AND s.roster_status = 'current' "),
        ("roster_access", "AND g.status = 'current'"),
        ("roster_users", "u.roster_status = 'current' AND "),
        ("roster_users", "AND NOT a.disabled "),
    ],
)
def test_the_law_of_access_catches_a_view_without(new_district: Make, view: str, condition: str) -> None:
    """Access: each of the conditions of the views is missed where it is left out."""
    district = Tale(AT_THREE_SCHOOLS, AT_THREE_SCHOOLS[-1]).play(new_district).district
    checks.check_access(district)
    assert condition in views.VIEWS[view]
    with contextlib.closing(sqlite3.connect(district.folder / "state.db")) as connection:
        connection.execute(f"DROP VIEW {view}")
        connection.execute(views.VIEWS[view].replace(condition, ""))
        connection.commit()
    with pytest.raises(AssertionError, match="Access"):
        checks.check_access(district)
