"""Deliberately broken variants of the program: the law that each breaks catches it.

A law that a mistake slips through proves nothing. Every story below passes its law with the program as it is.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from rostersync import carrying_out, pipeline, planning
from rostersync.policies import classes, credentials, findings_ledger, guardianships
from rostersync.policies.guards import counts
from rostersync.scope import people
from rostersync.state import record_counts, views, writer
from tests.laws import every_night, test_counts, test_laws
from tests.laws.by_hand import ByHand
from tests.laws.stories import Accept, Night, Step
from tests.laws.test_known_stories import ANA, CHILD, IN_K1, night, user
from tests.laws.test_laws import Make, new_district
from tests.policies.district import District

__all__ = ["new_district"]

Law = Callable[[list[Step], Make], None]
Patch = Callable[[pytest.MonkeyPatch], None]


def every_night_holds(story: list[Step], make: Make) -> None:
    every_night.live(story, make)


def scope_equals_full(story: list[Step], make: Make) -> None:
    test_laws.twins(story, make, shuffled=False)


def dry_run_and_repeat(story: list[Step], make: Make) -> None:
    test_laws.dry_run_and_repeat(story, make)


def counts_are_true(story: list[Step], make: Make) -> None:
    test_counts.kept_true(story, make)


def without_live_rules(patch: pytest.MonkeyPatch) -> None:
    """A sync does not ask its own rules (`state.live_invariants`), so that the law is what catches a mutant."""
    patch.setattr(carrying_out, "_checked", lambda *_, **__: contextlib.nullcontext())


# --- the mutants ----------------------------------------------------------------------------------------------------


def active_people_follow_the_sis(patch: pytest.MonkeyPatch) -> None:
    """R-U3 forgotten: names and home phones of active users are the SIS's."""
    names = ("given_name", "family_name", "phone")
    patch.setattr(
        credentials, "platform_values", lambda table: table.assign(**{f"to_{n}": table[f"sis_{n}"] for n in names})
    )


def guardianships_never_end(patch: pytest.MonkeyPatch) -> None:
    """R-G2 forgotten: who was a guardian once stays one."""
    decide = guardianships.decide_guardianships

    def mutant(*args: Any, **kwargs: Any) -> Any:
        pairs = decide(*args, **kwargs)
        return pairs.assign(to=pairs["to"].mask(pairs["to"] == "ended", pairs["stored"]))

    patch.setattr(guardianships, "decide_guardianships", mutant)


def what_people_made_is_the_sis_s(patch: pytest.MonkeyPatch) -> None:
    """R-K4 forgotten: an enrollment made by hand ends as one of the SIS whose row is gone."""
    decide = classes.decide_enrollments
    patch.setattr(
        classes,
        "decide_enrollments",
        lambda enrollments, *args: decide(enrollments.assign(origin="sis"), *args).assign(origin=enrollments["origin"]),
    )


def the_report_forgets_enrollments(patch: pytest.MonkeyPatch) -> None:
    """A change that no report row tells."""
    tell = planning.notes_and_changes

    def mutant(*args: Any) -> Any:
        notes, changes = tell(*args)
        return {**notes, "enrollments": notes["enrollments"].iloc[:0]}, changes

    patch.setattr(planning, "notes_and_changes", mutant)


def scope_forgets_credentials(patch: pytest.MonkeyPatch) -> None:
    """Who wants an e-mail that somebody else gives up is not looked at."""
    patch.setattr(people, "_reached_by_credentials", lambda *args: set())


def a_second_run_is_another_run(patch: pytest.MonkeyPatch) -> None:
    """What was written is written again, on top of what is there."""
    write = writer._write_orgs

    def mutant(connection: sqlite3.Connection, plan: Any) -> None:
        write(connection, plan)
        connection.execute("UPDATE users SET school_ids = school_ids || ',A' WHERE origin = 'sis'")

    patch.setattr(writer, "_write_orgs", mutant)


def a_dry_run_looks_elsewhere(patch: pytest.MonkeyPatch) -> None:
    """A dry run leaves out what it finds of classes."""
    propose = pipeline.propose

    def mutant(*args: Any, **kwargs: Any) -> Any:
        plan, roster = propose(*args, **kwargs)
        dry = patch_state["dry"]
        return (replace(plan, notes={**plan.notes, "classes": plan.notes["classes"].iloc[:0]}) if dry else plan), roster

    original = pipeline.night
    patch_state: dict[str, bool] = {"dry": False}

    def remembering(*args: Any, **kwargs: Any) -> Any:
        patch_state["dry"] = kwargs["dry_run"]
        return original(*args, **kwargs)

    patch.setattr(pipeline, "night", remembering)
    patch.setattr(pipeline, "propose", mutant)


def counts_forget_enrollments(patch: pytest.MonkeyPatch) -> None:
    """Who enters or leaves a class that stays as it is changes no count."""
    touched = counts.touched
    patch.setattr(counts, "touched", lambda decisions: replace(touched(decisions), members=()))


def counts_forget_families(patch: pytest.MonkeyPatch) -> None:
    """A student who moves leaves the guardian's count where it was."""
    asked = record_counts._asked

    @contextlib.contextmanager
    def mutant(connection: sqlite3.Connection, touched: Any) -> Iterator[None]:
        with asked(connection, touched):
            for name, rows in (("users", 0), ("accounts", 1)):
                own = {row[rows] for row in touched.users}
                others = {row for row in connection.execute(f"SELECT id FROM temp.counted_{name}") if row[0] not in own}
                connection.executemany(f"DELETE FROM temp.counted_{name} WHERE id = ?", others)
            yield

    patch.setattr(record_counts, "_asked", mutant)


def an_edit_leaves_the_counts(patch: pytest.MonkeyPatch) -> None:
    """Linked accounts count as the two that they were."""
    patch.setattr(record_counts, "drop", lambda connection: None)


def every_finding_is_new(patch: pytest.MonkeyPatch) -> None:
    """The marks of a report are made without what the state has of findings."""
    marks = findings_ledger._marks
    patch.setattr(
        findings_ledger, "_marks", lambda findings, known, found, stored: marks(findings, known, found, stored.clear())
    )


def what_was_fixed_is_not_said(patch: pytest.MonkeyPatch) -> None:
    """The ledger takes down that a finding is fixed, and the report is silent."""
    moves = findings_ledger.ledger_moves

    def mutant(*args: Any) -> Any:
        found = moves(*args)
        return replace(found, gone=found.gone.clear())

    patch.setattr(findings_ledger, "ledger_moves", mutant)


WITH_K1 = {"classes": ({"sourcedId": "K1"},), "enrollments": (IN_K1,)}
MOVED = user("S1", orgSourcedIds="B", agentSourcedIds="G1")
OF_TWO, BEN = user("S1", agentSourcedIds="G1,G2"), user("G2", email="g2@x.example", givenName="Ben")
WRONG = user("S1", agentSourcedIds="G1", email="no address")
RENAMED = user("S1", agentSourcedIds="G1", givenName="Other")

MUTANTS: list[tuple[Patch, Law, list[Step]]] = [
    (
        active_people_follow_the_sis,
        every_night_holds,
        [night(CHILD, ANA), Accept("S1"), night(RENAMED, ANA)],
    ),
    (guardianships_never_end, every_night_holds, [night(CHILD, ANA), night(user("S1"), ANA)]),
    (
        what_people_made_is_the_sis_s,
        every_night_holds,
        [
            night(CHILD, ANA, classes=({"sourcedId": "K1"},)),
            ByHand("enroll", ("K1", "S1", "student")),
            night(CHILD, ANA, user("S9"), classes=({"sourcedId": "K1"},)),
            night(RENAMED, ANA, classes=({"sourcedId": "K1"},)),
        ],
    ),
    (
        the_report_forgets_enrollments,
        every_night_holds,
        [night(CHILD, ANA, **WITH_K1), night(CHILD, ANA, classes=({"sourcedId": "K1"},))],
    ),
    (
        scope_forgets_credentials,
        scope_equals_full,
        [
            night(CHILD, ANA, user("T1", email="t@x.example"), user("T2", email="t@x.example", givenName="Bo")),
            night(CHILD, ANA, user("T1", email="other@x.example"), user("T2", email="t@x.example", givenName="Bo")),
        ],
    ),
    (a_second_run_is_another_run, dry_run_and_repeat, [night(CHILD, ANA)]),
    (
        a_dry_run_looks_elsewhere,
        dry_run_and_repeat,
        [night(CHILD, ANA, **WITH_K1), night(CHILD, ANA, classes=({"sourcedId": "K2"},))],
    ),
    (
        counts_forget_enrollments,
        counts_are_true,
        [night(CHILD, ANA, **WITH_K1), night(CHILD, ANA, classes=({"sourcedId": "K1"},))],
    ),
    (every_finding_is_new, every_night_holds, [night(WRONG, ANA), night(WRONG, ANA, user("S9"))]),
    (what_was_fixed_is_not_said, every_night_holds, [night(WRONG, ANA), night(CHILD, ANA)]),
    (counts_forget_families, counts_are_true, [night(CHILD, ANA), night(MOVED, ANA)]),
    (
        an_edit_leaves_the_counts,
        counts_are_true,
        [night(OF_TWO, ANA, BEN), ByHand("link", ("G1", "G2")), night(OF_TWO, ANA, BEN)],
    ),
]


@pytest.mark.parametrize(("mutant", "law", "story"), MUTANTS, ids=[mutant.__name__ for mutant, *_ in MUTANTS])
def test_the_law_catches_it(
    new_district: Make, monkeypatch: pytest.MonkeyPatch, mutant: Patch, law: Law, story: list[Step]
) -> None:
    for module in (every_night, test_counts, test_laws):  # hypothesis takes notes within its own tests alone
        monkeypatch.setattr(module, "note", print)
    law(story, new_district)
    without_live_rules(monkeypatch)
    mutant(monkeypatch)
    with pytest.raises(AssertionError):
        law(story, new_district)


def test_the_law_of_access_catches_a_view_that_forgets_the_status(new_district: Make) -> None:
    """Access: a view that lets in who is archived."""
    district: District = new_district()
    leaves: list[Night] = [night(CHILD, ANA), night(user("S2"))]
    for step in leaves:
        every_night.tell(district, step)
    every_night.check_nobody_gone_has_access(district)
    broken = views.VIEWS["roster_access"].replace("u.roster_status = 'current' AND ", "")
    with contextlib.closing(sqlite3.connect(district.folder / "state.db")) as connection:
        connection.execute("DROP VIEW roster_access")
        connection.execute(broken)
        connection.commit()
    with pytest.raises(AssertionError, match="gone, and still let in"):
        every_night.check_nobody_gone_has_access(district)
