"""R-C1, R-C2, R-U10 and *Wanted values* where one thing hangs on another: chains, rings, leavers, shared accounts."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.policies.district import District, Row, guardian, student, teacher
from tests.policies.tables import Case, Lived, Twins
from tests.policies.test_credentials import E1, E2, M1, M2, MAIL, NEW, A, B, C, changed, taken, withheld

FAMILY = student("S1", "G1,G2,G3,G4,G5,G6", email="")
D, E, F = (f"{name}@{MAIL}" for name in "def")
ANA = {"givenName": "Ana", "familyName": "Ruiz"}


def holders(*emails: str) -> list[Row]:
    """The family with guardians G1, G2 … who have these e-mails; "" for one who is not in the files."""
    people = [guardian(f"G{n}", email=email) for n, email in enumerate(emails, 1) if email]
    return [FAMILY, *people]


CASES = [
    Case(
        "a ring of five",
        before=holders(A, B, C, D, E),
        tonight=holders(B, C, D, E, A),
        after={f"G{n}": {"email": email} for n, email in enumerate((B, C, D, E, A), 1)},
        notes={"G5": [changed(f"email {E} -> {A}")]},
    ),
    Case(
        "a chain of five that ends in a new value",
        before=holders(A, B, C, D, E),
        tonight=holders(B, C, D, E, F),
        after={f"G{n}": {"email": email} for n, email in enumerate((B, C, D, E, F), 1)},
    ),
    Case(
        "a chain of five whose last one takes what a teacher who left had",
        before=[*holders(A, B, C, D, E), teacher("T1", email=F)],
        tonight=holders(B, C, D, E, F),
        after={
            **{f"G{n}": {"email": email} for n, email in enumerate((B, C, D, E, F), 1)},
            "T1": {"email": None, "roster_status": "archived"},
        },
        told=[],
    ),
    Case(
        "a chain of five that lets somebody new in at its end",
        before=holders(A, B, C, D, E),
        tonight=holders(F, A, B, C, D, E),
        after={f"G{n}": {"email": email} for n, email in enumerate((F, A, B, C, D, E), 1)},
        notes={"G6": [NEW]},
    ),
    Case(
        "a ring of three with one member leaving: who left wants nothing, the others get what they want",
        before=holders(A, B, C),
        accepted=["G3"],
        tonight=holders(B, C, ""),
        after={"G1": {"email": B}, "G2": {"email": C}, "G3": {"email": None, "roster_status": "archived"}},
        told=[("G3", "email", C)],
    ),
    Case(
        "a ring of three whose leaver had what nobody wants now keeps it",
        before=holders(A, B, C),
        accepted=["G1"],
        tonight=holders("", C, B),
        after={"G1": {"email": A, "roster_status": "archived"}, "G2": {"email": C}, "G3": {"email": B}},
        told=[],
    ),
    Case(
        "e-mails go round one way and mobiles the other",
        before=[
            FAMILY,
            guardian("G1", email=A, sms=M1),
            guardian("G2", email=B, sms=M2),
            guardian("G3", email=C, sms="206-555-0103"),
        ],
        tonight=[
            FAMILY,
            guardian("G1", email=B, sms="206-555-0103"),
            guardian("G2", email=C, sms=M1),
            guardian("G3", email=A, sms=M2),
        ],
        after={
            "G1": {"email": B, "mobile": "+12065550103"},
            "G2": {"email": C, "mobile": E1},
            "G3": {"email": A, "mobile": E2},
        },
    ),
    Case(
        "a ring of five broken by an active user: the one before goes without, all others move",
        before=holders(A, B, C, D, E),
        accepted=["G5"],
        tonight=holders(B, C, D, E, A),
        after={
            "G1": {"email": B},
            "G2": {"email": C},
            "G3": {"email": D},
            "G4": {"email": None, "roster_status": "current"},
            "G5": {"email": E},
        },
        notes={"G4": [changed(f"email {D} -> none"), taken("Email", E, "G5")][::-1]},
    ),
]


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Lived:
    return Lived(tmp_path_factory.mktemp("chains"), CASES)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_r_c2_chains_of_any_length_move_in_one_night(lived: Lived, case: Case) -> None:
    lived.check(case)
    lived.kept_again(case)


@pytest.mark.parametrize("policy", [{}, {"unique_credentials": "strict"}], ids=["first claim", "strict"])
def test_r_c2_any_permutation_is_a_legal_night(tmp_path: Path, policy: dict[str, object]) -> None:
    district, order, count = District(tmp_path, **policy), random.Random(7), 20
    family = student("S1", ",".join(f"G{n}" for n in range(count)), email="")
    mails, mobiles = list(range(count)), list(range(count))
    for _ in range(3):
        people = [
            guardian(f"G{n}", email=f"m{mails[n]}@{MAIL}", sms=f"206-555-01{mobiles[n]:02}") for n in range(count)
        ]
        district.night([family, *people])
        found = district.rows("SELECT id, email, mobile FROM roster_users WHERE role = 'guardian'")
        assert {row["id"]: (row["email"], row["mobile"]) for row in found} == {
            f"G{n}": (f"m{mails[n]}@{MAIL}", f"+120655501{mobiles[n]:02}") for n in range(count)
        }
        order.shuffle(mails)
        order.shuffle(mobiles)


def test_r_u4_a_ring_of_active_users_under_the_lock_tells_everybody_at_both_addresses(tmp_path: Path) -> None:
    twins = Twins(tmp_path, update_active_contacts=True)
    twins.night(holders(A, B, C))
    twins.accept("G1", "G2", "G3")
    twins.night(holders(B, C, A))
    assert [twins.user(f"G{n}", "email")[0] for n in (1, 2, 3)] == [B, C, A]
    told = [("G1", A), ("G1", B), ("G2", B), ("G2", C), ("G3", A), ("G3", C)]
    assert twins.messages() == [(user, "email", address) for user, address in told]
    twins.night(holders(B, C, A))
    assert len(twins.messages()) == len(told)


def test_r_c1_a_guardian_is_let_in_by_a_chain_that_somebody_else_began(tmp_path: Path) -> None:
    twins = Twins(tmp_path)
    twins.night([*holders(A, B), guardian("G3", email=A)])
    report = twins.night([*holders(B, C), guardian("G3", email=A)])
    assert report.notes("G3") == [NEW]
    assert [twins.user(f"G{n}", "email")[0] for n in (1, 2, 3)] == [B, C, A]


def test_r_u10_staff_and_guardian_records_join_diverge_and_leave_one_by_one(tmp_path: Path) -> None:
    twins = Twins(tmp_path)
    child = student("S1", "G1,G2")
    waiting = guardian("G2", email=A, givenName="Bea")
    staff, parent = teacher("T1", email=A, sms=M1, **ANA), guardian("G1", email=A, sms=M1, **ANA)

    report = twins.night([child, staff, parent, waiting])
    assert report.codes("G1") == ["SAME_PERSON"]
    assert report.notes("G2") == [withheld(f"{A} belongs to T1")]
    account = twins.user("T1", "account_id")
    assert twins.user("G1", "account_id") == account

    diverged = guardian("G1", email=B, sms=M1, **ANA)
    report = twins.night([child, staff, diverged, waiting])
    assert "LINKED_RECORD_DIFFERS" in report.codes("G1")
    assert twins.user("G1", "account_id", "email") == (*account, A)
    assert report.codes("G2") == ["NO_UNIQUE_CREDENTIAL"]

    # The leading record leaves: the other one leads, its e-mail is the account's, and the old one is free.
    report = twins.night([child, diverged, waiting])
    assert twins.user("T1", "roster_status", "account_id", "email") == ("archived", *account, B)
    assert twins.user("G1", "roster_status", "account_id", "email") == ("current", *account, B)
    assert report.notes("G2") == [NEW]
    assert twins.user("G2", "email") == (A,)

    # It returns and leads again, and finds its e-mail taken.
    report = twins.night([child, staff, diverged, waiting])
    assert twins.user("T1", "roster_status", "email") == ("current", B)
    assert taken("Email", A, "G2") in report.notes("T1")

    # Both leave: nobody current, nothing wanted, everything kept.
    twins.night([child, waiting])
    assert twins.user("T1", "roster_status", "email", "mobile") == ("archived", B, E1)
    assert twins.user("G1", "roster_status") == ("archived",)
    twins.accept("T1")
    twins.night([child, waiting, teacher("T2", email=B)])
    assert twins.user("T1", "email", "mobile") == (None, E1)
    assert twins.user("T2", "email") == (B,)
    assert twins.messages() == [("T1", "email", B), ("T1", "sms", E1)]


def test_wanted_values_an_account_with_one_record_left_wants_those_of_the_record(tmp_path: Path) -> None:
    twins = Twins(tmp_path)
    child = student("S1", "G1,G2")
    both = [teacher("T1", email=A, **ANA), guardian("G1", email=A, **ANA)]
    twins.night([child, *both])
    # G2 wants the e-mail of an account that T1 left and G1 still has.
    report = twins.night([child, both[1], guardian("G2", email=A, givenName="Bea")])
    assert report.notes("G2") == [withheld(f"{A} belongs to G1")]
    assert twins.user("T1", "roster_status", "email") == ("archived", A)


def test_wanted_values_of_an_active_account_that_nobody_current_uses_come_back_only_if_still_there(
    tmp_path: Path,
) -> None:
    twins = Twins(tmp_path)
    child = student("S1", "G1")
    twins.night([child, guardian("G1", email=A), teacher("T1", email=B, sms=M1)])
    twins.accept("T1")
    twins.night([child, guardian("G1", email=A)])
    assert twins.user("T1", "email", "mobile", "roster_status") == (B, E1, "archived")
    twins.night([child, guardian("G1", email=B)])
    assert twins.user("T1", "email", "mobile") == (None, E1)
    assert twins.messages() == [("T1", "email", B), ("T1", "sms", E1)]
    report = twins.night([child, guardian("G1", email=B), teacher("T1", email=B, sms=M1)])
    assert twins.user("T1", "email", "mobile", "roster_status", "account") == (None, E1, "current", "active")
    assert "RETURNED" in report.codes("T1")
    assert twins.user("G1", "email") == (B,)
