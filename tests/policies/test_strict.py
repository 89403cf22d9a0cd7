"""R-C3: with `unique_credentials = "strict"` a credential that several of one role want goes to none of them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.policies.district import guardian, student, teacher
from tests.policies.tables import Case, Lived, Twins
from tests.policies.test_credentials import E1, E2, FAMILY, M1, M2, MAIL, NEW, A, B, C, changed, taken, withheld

STRICT = {"unique_credentials": "strict"}


def shared(*ids: str, **values: str) -> list[dict[str, str]]:
    """New guardians of one student who all have this e-mail."""
    return [guardian(user_id, email=A, **values) for user_id in ids]


CASES = [
    Case(
        "two new guardians who want one e-mail: none gets it, and each is told of the other",
        tonight=[FAMILY, *shared("G1", "G2")],
        after={"G1": None, "G2": None},
        notes={"G1": [withheld(f"{A} belongs to G2")], "G2": [withheld(f"{A} belongs to G1")]},
    ),
    Case(
        "who has something else is added with that alone",
        tonight=[FAMILY, guardian("G1", email=A, sms=M1), guardian("G2", email=A)],
        after={"G1": {"email": None, "mobile": E1, "sis_email": A}, "G2": None},
        notes={"G1": [NEW, taken("Email", A, "G2")], "G2": [withheld(f"{A} belongs to G1")]},
    ),
    Case(
        "both credentials are contested, with different people",
        tonight=[
            FAMILY,
            guardian("G1", email=A, sms=M1),
            guardian("G2", email=A, sms=M2),
            guardian("G3", email=B, sms=M1),
        ],
        after={"G1": None, "G2": {"email": None, "mobile": E2}, "G3": {"email": B, "mobile": None}},
        notes={"G1": [withheld(f"{A} belongs to G2", f"{E1} belongs to G3")]},
    ),
    Case(
        "of many a note names three",
        tonight=[student("S1", "G1,G2,G3,G4,G5"), *shared("G1", "G2", "G3", "G4", "G5")],
        notes={
            "G1": [withheld(f"{A} belongs to G2, G3, G4 and 1 more")],
            "G3": [withheld(f"{A} belongs to G1, G2, G4 and 1 more")],
            "G5": [withheld(f"{A} belongs to G1, G2, G3 and 1 more")],
        },
    ),
    Case(
        "of four a note names the three others",
        tonight=[FAMILY, *shared("G1", "G2", "G3", "G4")],
        notes={"G4": [withheld(f"{A} belongs to G1, G2, G3")], "G2": [withheld(f"{A} belongs to G1, G3, G4")]},
    ),
    Case(
        "who holds it and still wants it keeps it",
        before=[FAMILY, guardian("G1", email=A)],
        tonight=[FAMILY, *shared("G1", "G2", "G3")],
        after={"G1": {"email": A}, "G2": None, "G3": None},
        notes={"G1": [], "G2": [withheld(f"{A} belongs to G1")], "G3": [withheld(f"{A} belongs to G1")]},
    ),
    Case(
        "who holds it and wants it no more reserves nothing: the two others contest it",
        before=[FAMILY, guardian("G1", email=A)],
        tonight=[FAMILY, guardian("G1", email=B), *shared("G2", "G3")],
        after={"G1": {"email": B}, "G2": None, "G3": None},
        notes={"G1": [changed(f"email {A} -> {B}")], "G2": [withheld(f"{A} belongs to G3")]},
    ),
    Case(
        "known ones are asked as new ones are, and keep what they have",
        before=[FAMILY, guardian("G1", email=B), guardian("G2", email=C)],
        tonight=[FAMILY, *shared("G1", "G2", "G3")],
        after={"G1": {"email": B, "sis_email": A}, "G2": {"email": C}, "G3": None},
        notes={
            "G1": [taken("Email", A, "G2, G3")],
            "G2": [taken("Email", A, "G1, G3")],
            "G3": [withheld(f"{A} belongs to G1, G2")],
        },
    ),
    Case(
        "the present value goes all the same where somebody else gets that one",
        before=[FAMILY, guardian("G1", email=B), guardian("G2", email=C)],
        tonight=[FAMILY, *shared("G1", "G2"), guardian("G3", email=B)],
        after={"G1": {"email": None}, "G2": {"email": C}, "G3": {"email": B}},
        notes={"G1": [changed(f"email {B} -> none"), taken("Email", A, "G2")], "G3": [NEW]},
    ),
    Case(
        "the order of roles comes first: one teacher goes before two guardians",
        tonight=[FAMILY, teacher("T1", email=A), *shared("G1", "G2")],
        after={"T1": {"email": A}, "G1": None, "G2": None},
        notes={"G1": [withheld(f"{A} belongs to T1")], "T1": [NEW]},
    ),
    Case(
        "two teachers: nobody gets it, no guardian either",
        tonight=[FAMILY, teacher("T1", email=A), teacher("T2", email=A), *shared("G1")],
        after={"T1": {"email": None, "roster_status": "current"}, "T2": {"email": None}, "G1": None},
        notes={
            "T1": [NEW, taken("Email", A, "T2")],
            "T2": [NEW, taken("Email", A, "T1")],
            "G1": [withheld(f"{A} belongs to T1, T2")],
        },
    ),
    Case(
        "a guardian and the child: the guardian gets it",
        tonight=[student("S1", "G1", email=A), guardian("G1", email=A)],
        after={"G1": {"email": A}, "S1": {"email": None}},
        notes={"S1": [NEW, taken("Email", A, "G1")]},
    ),
    Case(
        "two siblings with one e-mail are added without it",
        tonight=[student("S1", email=A), student("S2", email=A)],
        after={"S1": {"email": None, "roster_status": "current"}, "S2": {"email": None}},
        notes={"S1": [NEW, taken("Email", A, "S2")], "S2": [NEW, taken("Email", A, "S1")]},
    ),
    Case(
        "two records of one person are one claimant",
        tonight=[FAMILY, guardian("G1", email=A, givenName="Ana"), guardian("G2", email=A, givenName="ANA")],
        after={"G1": {"email": A}, "G2": {"email": A}},
        one_account=["G1", "G2"],
        notes={"G1": [NEW]},
    ),
    Case(
        "two records of one person and somebody else are two claimants",
        tonight=[
            FAMILY,
            guardian("G1", email=A, givenName="Ana"),
            guardian("G2", email=A, givenName="ANA"),
            guardian("G3", email=A, givenName="Bea"),
        ],
        after={"G1": None, "G2": None, "G3": None},
        notes={"G1": [withheld(f"{A} belongs to G3")], "G3": [withheld(f"{A} belongs to G1")]},
    ),
    Case(
        "an account that nobody current uses wants nothing, and keeps what goes to nobody",
        before=[FAMILY, teacher("T1", email=A)],
        accepted=["T1"],
        tonight=[FAMILY, *shared("G1", "G2")],
        after={"T1": {"email": A, "roster_status": "archived"}, "G1": None, "G2": None},
        notes={"G1": [withheld(f"{A} belongs to G2")]},
        told=[],
    ),
    Case(
        "a guardian without a student contests nothing (R-C5)",
        tonight=[student("S1", "G1"), *shared("G1", "G2")],
        after={"G1": {"email": A}, "G2": None},
        notes={"G1": [NEW]},
    ),
    Case(
        "swaps and chains go on: each value is wanted by one",
        before=[FAMILY, guardian("G1", email=A), guardian("G2", email=B), guardian("G3", email=C)],
        tonight=[FAMILY, guardian("G1", email=B), guardian("G2", email=C), guardian("G3", email=A)],
        after={"G1": {"email": B}, "G2": {"email": C}, "G3": {"email": A}},
    ),
    Case(
        "a shared landline goes to none; who has an e-mail is added",
        tonight=[FAMILY, guardian("G1", phone=M1), guardian("G2", phone=M1), guardian("G3", email="", phone=M1)],
        after={"G1": {"mobile": None, "email": f"g1@{MAIL}"}, "G2": {"mobile": None}, "G3": None},
        notes={"G3": [withheld(f"{E1} belongs to G1, G2")]},
    ),
]


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Lived:
    return Lived(tmp_path_factory.mktemp("strict"), CASES, **STRICT)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_r_c3_a_contested_credential_goes_to_none(lived: Lived, case: Case) -> None:
    lived.check(case)
    lived.kept_again(case)


@pytest.mark.parametrize("stays", ["G1", "G2"])
def test_r_c3_it_is_free_once_the_other_withheld_guardian_leaves_the_files(tmp_path: Path, stays: str) -> None:
    twins = Twins(tmp_path, **STRICT)
    rows = {row["sourcedId"]: row for row in shared("G1", "G2")}
    twins.night([FAMILY, *rows.values()])
    assert twins.state.ids() == {"S1"}
    report = twins.night([FAMILY, rows[stays]])
    assert report.notes(stays) == [NEW]
    assert twins.user(stays, "email") == (A,)


def test_r_c3_a_known_user_gets_it_once_the_withheld_guardian_leaves_the_files(tmp_path: Path) -> None:
    twins = Twins(tmp_path, **STRICT)
    known = guardian("G1", email=A, sms=M1)
    for _ in range(2):
        twins.night([FAMILY, known, *shared("G2")])
        assert twins.user("G1", "email", "mobile") == (None, E1)
    report = twins.night([FAMILY, known])
    assert twins.user("G1", "email") == (A,)
    assert report.notes("G1") == [changed(f"email none -> {A}")]
    twins.night([FAMILY, known, *shared("G2")])
    assert twins.user("G1", "email") == (A,), "who holds it and still wants it is not asked again"


def test_r_c3_a_known_user_gets_it_once_the_withheld_guardian_has_no_student(tmp_path: Path) -> None:
    twins = Twins(tmp_path, **STRICT)
    known = guardian("G1", email=A, sms=M1)
    twins.night([student("S1", "G1"), student("S2", "G2"), known, *shared("G2")])
    assert twins.user("G1", "email") == (None,)
    report = twins.night([student("S1", "G1"), known, *shared("G2")])
    assert report.codes("G2") == ["NO_STUDENT"]
    assert twins.user("G1", "email") == (A,)


def test_r_c3_it_is_free_once_another_row_changes(tmp_path: Path) -> None:
    twins = Twins(tmp_path, **STRICT)
    twins.night([FAMILY, guardian("G1", email=A, sms=M1), *shared("G2")])
    report = twins.night([FAMILY, guardian("G1", email=B, sms=M1), *shared("G2")])
    assert report.notes("G2") == [NEW]
    assert twins.user("G2", "email") == (A,)


def test_r_c3_the_setting_decides_though_no_file_changed(tmp_path: Path) -> None:
    twins = Twins(tmp_path, **STRICT)
    rows = [FAMILY, *shared("G1", "G2")]
    twins.night(rows)
    twins.configure()
    twins.night(rows)
    assert twins.user("G1", "email") == (A,)
    twins.configure(**STRICT)
    report = twins.night(rows)
    assert twins.user("G1", "email") == (A,), "who holds it keeps it"
    assert report.notes("G2") == [withheld(f"{A} belongs to G1")]


@pytest.mark.parametrize(
    ("schools", "contested"),
    [(("A", "A"), True), (("A", "B"), True), (("B", "B"), False), (("A,B", "B"), True)],
    ids=["both strict", "one strict", "none strict", "one of one's schools strict"],
)
def test_r_c3_where_any_of_their_schools_is_strict(tmp_path: Path, schools: Sequence[str], contested: bool) -> None:
    twins = Twins(tmp_path, schools={"A": STRICT})
    children = [student(f"S{n}", f"G{n}", orgSourcedIds=school) for n, school in enumerate(schools, 1)]
    # A guardian's schools are those of their students: their own say nothing.
    twins.night([*children, *shared("G1", "G2", orgSourcedIds="A")])
    assert ("G1" in twins.state.ids()) is not contested


def test_r_c3_a_student_who_changes_school_makes_it_strict_or_not(tmp_path: Path) -> None:
    twins = Twins(tmp_path, schools={"A": STRICT})
    there = [student("S2", "G2", orgSourcedIds="B"), *shared("G1", "G2")]
    twins.night([student("S1", "G1"), *there])
    assert twins.state.ids() == {"S1", "S2"}
    twins.night([student("S1", "G1", orgSourcedIds="B"), *there])
    assert twins.state.ids() == {"S1", "S2", "G1"}


def test_r_c3_the_school_of_a_third_one_behind_them_does_not_count(tmp_path: Path) -> None:
    twins = Twins(tmp_path, schools={"A": STRICT})
    twins.night(
        [student("S1", email=A), teacher("T1", email=A, orgSourcedIds="B"), teacher("T2", email=A, orgSourcedIds="B")]
    )
    assert twins.user("T1", "email") == (A,)
    assert twins.user("S1", "email") == (None,)
