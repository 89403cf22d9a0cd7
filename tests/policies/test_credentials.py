"""R-C1, R-C2, R-C4, R-C5 and *Wanted values*: who gets an e-mail or a mobile that several want."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.policies.district import guardian, student, teacher
from tests.policies.tables import Case, Lived, Twins

NEW = ("added", "NEW", "New in the SIS import.")


def taken(field: str, value: str, holder: str) -> tuple[str, str, str]:
    return ("kept", "CREDENTIAL_TAKEN", f"{field} {value} in the SIS import belongs to {holder}; not stored.")


def changed(*changes: str) -> tuple[str, str, str]:
    return ("updated", "SIS_UPDATE", "Updated from the SIS: " + "; ".join(changes))


def withheld(*holders: str) -> tuple[str, str, str]:
    text = "; ".join(["Guardian not added: no unique contact credential", *holders])
    return ("withheld", "NO_UNIQUE_CREDENTIAL", text)


FAMILY = student("S1", "G1,G2,G3,G4", email="")
MAIL = "families.example.org"
A, B, C = (f"{name}@{MAIL}" for name in "abc")
M1, M2, M3 = "206-555-0101", "206-555-0102", "206-555-0103"
E1, E2, E3 = "+12065550101", "+12065550102", "+12065550103"


def holders_of(*emails: str) -> list[dict[str, str]]:
    """The family with guardians G1, G2 … who hold these e-mails."""
    return [FAMILY, *(guardian(f"G{n}", email=email) for n, email in enumerate(emails, 1))]


CASES = [
    Case(
        "two invitees swap e-mails",
        before=holders_of(A, B),
        tonight=holders_of(B, A),
        after={"G1": {"email": B}, "G2": {"email": A}},
        notes={"G1": [changed(f"email {A} -> {B}")], "G2": [changed(f"email {B} -> {A}")]},
    ),
    Case(
        "three invitees hand their e-mails round",
        before=holders_of(A, B, C),
        tonight=holders_of(B, C, A),
        after={"G1": {"email": B}, "G2": {"email": C}, "G3": {"email": A}},
        notes={"G1": [changed(f"email {A} -> {B}")], "G3": [changed(f"email {C} -> {A}")]},
    ),
    Case(
        "a chain whose end takes a new value",
        before=holders_of(A, B, C),
        tonight=holders_of(B, C, f"d@{MAIL}"),
        after={"G1": {"email": B}, "G2": {"email": C}, "G3": {"email": f"d@{MAIL}"}},
    ),
    Case(
        "a chain that starts with somebody new",
        before=holders_of(A, B),
        tonight=holders_of(B, C, A),
        after={"G1": {"email": B}, "G2": {"email": C}, "G3": {"email": A}},
        notes={"G3": [NEW]},
    ),
    Case(
        "three invitees hand their mobiles round",
        before=[FAMILY, *(guardian(f"G{n}", email="", sms=m) for n, m in ((1, M1), (2, M2), (3, M3)))],
        tonight=[FAMILY, *(guardian(f"G{n}", email="", sms=m) for n, m in ((1, M2), (2, M3), (3, M1)))],
        after={"G1": {"mobile": E2}, "G2": {"mobile": E3}, "G3": {"mobile": E1}},
        notes={"G2": [changed(f"mobile {E2} -> {E3}")]},
    ),
    Case(
        "a student, a guardian and a teacher hand their e-mails round",
        before=[student("S1", "G1", email=A), guardian("G1", email=B), teacher("T1", email=C)],
        tonight=[student("S1", "G1", email=B), guardian("G1", email=C), teacher("T1", email=A)],
        after={"S1": {"email": B}, "G1": {"email": C}, "T1": {"email": A}},
    ),
    Case(
        "no swap with an active user who keeps what is theirs",
        before=holders_of(A, B),
        accepted=["G2"],
        tonight=holders_of(B, A),
        after={"G1": {"email": A, "sis_email": B}, "G2": {"email": B, "sis_email": A}},
        notes={
            "G1": [taken("Email", B, "G2")],
            "G2": [("kept", "ACTIVE_EMAIL_KEPT", f"Active user has a new email in the SIS import - {B}.")],
        },
    ),
    Case(
        "a ring broken by an active user: the one before goes without, as the next gets their present value",
        before=holders_of(A, B, C),
        accepted=["G3"],
        tonight=holders_of(B, C, A),
        after={"G1": {"email": B}, "G2": {"email": None, "roster_status": "current"}, "G3": {"email": C}},
        notes={"G1": [changed(f"email {A} -> {B}")], "G2": [changed(f"email {B} -> none"), taken("Email", C, "G3")]},
    ),
    Case(
        "who holds it and still wants it goes before staff",
        before=holders_of(A),
        tonight=[*holders_of(A), teacher("T1", email=A)],
        after={"G1": {"email": A}, "T1": {"email": None, "roster_status": "current", "sis_email": A}},
        notes={"T1": [NEW, taken("Email", A, "G1")], "G1": []},
    ),
    Case(
        "who holds it and no longer wants it does not",
        before=holders_of(A),
        tonight=[*holders_of(B), teacher("T1", email=A)],
        after={"G1": {"email": B}, "T1": {"email": A}},
        notes={"T1": [NEW]},
    ),
    Case(
        "new ones: staff, then guardian, then student",
        tonight=[
            student("S1", "G1", email=A),
            guardian("G1", email=A, sms=M1),
            teacher("T1", email=A),
        ],
        after={"T1": {"email": A}, "G1": {"email": None, "mobile": E1}, "S1": {"email": None}},
        notes={"T1": [NEW], "G1": [NEW, taken("Email", A, "T1")], "S1": [NEW, taken("Email", A, "T1")]},
    ),
    Case(
        "a new student waits behind the guardian",
        tonight=[student("S1", "G1", email=A), guardian("G1", email=A)],
        after={"G1": {"email": A}, "S1": {"email": None, "roster_status": "current"}},
        notes={"S1": [NEW, taken("Email", A, "G1")], "G1": [NEW]},
    ),
    Case(
        "of one role the first sourcedId, as text",
        tonight=[student("S1", "G10,G9"), guardian("G9", email=A, sms=M1), guardian("G10", email=A, sms=M2)],
        after={"G10": {"email": A}, "G9": {"email": None, "mobile": E1}},
        notes={"G9": [NEW, taken("Email", A, "G10")]},
    ),
    Case(
        "an e-mail is the same whatever its case and blanks",
        tonight=[FAMILY, guardian("G1", email=A), guardian("G2", email=f" A@{MAIL.upper()} ", sms=M2)],
        after={"G1": {"email": A}, "G2": {"email": None, "mobile": E2}},
        notes={"G2": [NEW, taken("Email", A, "G1")]},
    ),
    Case(
        "a mobile is the same however it is written",
        tonight=[FAMILY, guardian("G1", sms=M1), guardian("G2", sms="(206) 555-0101")],
        after={"G1": {"mobile": E1}, "G2": {"mobile": None, "email": f"g2@{MAIL}"}},
        notes={"G2": [NEW, taken("Mobile", E1, "G1")]},
    ),
    Case(
        "a shared landline serves one; the other has an e-mail",
        tonight=[FAMILY, guardian("G1", phone=M1), guardian("G2", phone=M1)],
        after={"G1": {"mobile": E1}, "G2": {"mobile": None}},
        notes={"G2": [NEW, taken("Mobile", E1, "G1")]},
    ),
    Case(
        "a home phone is no credential: it never takes anything from anybody",
        tonight=[FAMILY, guardian("G1", sms=M1, phone=M3), guardian("G2", sms=M2, phone=M3), guardian("G3", sms=M3)],
        after={"G1": {"phone": E3}, "G2": {"phone": E3}, "G3": {"mobile": E3}},
        notes={"G1": [NEW], "G2": [NEW], "G3": [NEW]},
    ),
    Case(
        "a taken value leaves the present one",
        before=holders_of(A, B),
        tonight=holders_of(A, A),
        after={"G1": {"email": A}, "G2": {"email": B, "sis_email": A}},
        notes={"G1": [], "G2": [taken("Email", A, "G1")]},
    ),
    Case(
        "a taken value leaves the present one only where nobody else gets that one",
        before=holders_of(A, B),
        tonight=holders_of(A, A, B),
        after={"G1": {"email": A}, "G2": {"email": None}, "G3": {"email": B}},
        notes={"G2": [changed(f"email {B} -> none"), taken("Email", A, "G1")], "G3": [NEW]},
    ),
    Case(
        "two who want the same new value: the first sourcedId; the second keeps the present one",
        before=holders_of(A, B),
        tonight=holders_of(C, C),
        after={"G1": {"email": C}, "G2": {"email": B}},
        notes={"G2": [taken("Email", C, "G1")]},
    ),
    Case(
        "a guardian without any unique credential is not added",
        before=[FAMILY, guardian("G1", email=A, sms=M1), guardian("G2", email=B, sms=M2)],
        tonight=[
            FAMILY,
            guardian("G1", email=A, sms=M1),
            guardian("G2", email=B, sms=M2),
            guardian("G3", email=A, sms=M2),
        ],
        after={"G3": None},
        notes={"G3": [withheld(f"{A} belongs to G1", f"{E2} belongs to G2")]},
    ),
    Case(
        "one unique credential is enough",
        before=[FAMILY, guardian("G1", email=A, sms=M1)],
        tonight=[FAMILY, guardian("G1", email=A, sms=M1), guardian("G2", email=A, sms=M2)],
        after={"G2": {"email": None, "mobile": E2}},
        notes={"G2": [NEW, taken("Email", A, "G1")]},
    ),
    Case(
        "a guardian without any credential is not added",
        tonight=[FAMILY, guardian("G1", email="")],
        after={"G1": None},
        notes={"G1": [withheld()]},
    ),
    Case(
        "students and staff without a unique credential are added without one",
        tonight=[student("S1", email=""), teacher("T1", email=""), teacher("T2", email=A), teacher("T3", email=A)],
        after={
            "S1": {"email": None, "mobile": None, "account": "invitee"},
            "T1": {"email": None, "roster_status": "current"},
            "T3": {"email": None, "roster_status": "current"},
        },
        notes={"S1": [NEW], "T1": [NEW], "T3": [NEW, taken("Email", A, "T2")]},
    ),
    Case(
        "a guardian who loses the last credential stays: only new ones are withheld",
        before=holders_of(A, B),
        tonight=holders_of("", A, B),
        accepted=[],
        after={"G1": {"email": None, "roster_status": "current"}, "G2": {"email": A}, "G3": {"email": B}},
    ),
    Case(
        "an archived account wants nothing: who wants its value gets it",
        before=[student("S1", "G1"), guardian("G1", email=A), teacher("T1", email=B)],
        tonight=[student("S1", "G1"), guardian("G1", email=B)],
        after={"T1": {"roster_status": "archived", "email": None}, "G1": {"email": B}},
        notes={"G1": [changed(f"email {A} -> {B}")]},
        told=[],
    ),
    Case(
        "an active archived account that loses a value is told",
        before=[student("S1", "G1"), guardian("G1", email=A), teacher("T1", email=B)],
        accepted=["T1"],
        tonight=[student("S1", "G1"), guardian("G1", email=B)],
        after={"T1": {"roster_status": "archived", "email": None, "account": "active"}, "G1": {"email": B}},
        told=[("T1", "email", B)],
    ),
    Case(
        "an active archived account that loses its mobile is told at its e-mail",
        before=[student("S1", "G1"), guardian("G1", email=A), teacher("T1", email=B, sms=M1)],
        accepted=["T1"],
        tonight=[student("S1", "G1"), guardian("G1", email=A, sms=M1)],
        after={"T1": {"roster_status": "archived", "email": B, "mobile": None}, "G1": {"mobile": E1}},
        told=[("T1", "email", B)],
    ),
    Case(
        "an archived account keeps what nobody else wants",
        before=[teacher("T1", email=B, sms=M1)],
        accepted=["T1"],
        tonight=[],
        after={"T1": {"roster_status": "archived", "email": B, "mobile": E1}},
        told=[],
    ),
    Case(
        "a guardian without a student is not added",
        tonight=[student("S1", "G1"), guardian("G1"), guardian("G2")],
        after={"G2": None},
        notes={"G2": [("withheld", "NO_STUDENT", "Guardian not added: no student of theirs in the SIS import.")]},
    ),
    Case(
        "a guardian of a teacher is a guardian without a student",
        tonight=[teacher("T1"), guardian("G1", "T1")],
        after={"G1": None},
        notes={"G1": [("withheld", "NO_STUDENT", "Guardian not added: no student of theirs in the SIS import.")]},
    ),
    Case(
        "a guardian of a student marked tobedeleted is one without a student",
        tonight=[student("S1", "G1", status="tobedeleted"), guardian("G1")],
        after={"G1": None, "S1": None},
        notes={"G1": [("withheld", "NO_STUDENT", "Guardian not added: no student of theirs in the SIS import.")]},
    ),
    Case(
        "a guardian without a student wants nothing",
        tonight=[student("S1", "G2"), guardian("G1", email=A), guardian("G2", email=A), teacher("T1", email="")],
        after={"G1": None, "G2": {"email": A}},
        notes={
            "G1": [("withheld", "NO_STUDENT", "Guardian not added: no student of theirs in the SIS import.")],
            "G2": [NEW],
        },
    ),
    Case(
        "a guardian without a student and without a credential is withheld for the student alone",
        tonight=[guardian("G1", email=""), teacher("T1", email="")],
        after={"G1": None},
        notes={"G1": [("withheld", "NO_STUDENT", "Guardian not added: no student of theirs in the SIS import.")]},
    ),
    Case(
        "a disabled active account counts as active: it keeps what is its own",
        before=[FAMILY, guardian("G1", email=A), guardian("G2", email=B)],
        accepted=["G1"],
        tonight=[FAMILY, guardian("G1", email=C, enabledUser="false"), guardian("G2", email=A)],
        after={"G1": {"email": A, "account": "disabled"}, "G2": {"email": B}},
        notes={"G2": [taken("Email", A, "G1")]},
    ),
    Case(
        "a disabled invitee counts as an invitee: it follows the SIS",
        before=[FAMILY, guardian("G1", email=A), guardian("G2", email=B)],
        tonight=[FAMILY, guardian("G1", email=C, enabledUser="false"), guardian("G2", email=A)],
        after={"G1": {"email": C, "account": "disabled"}, "G2": {"email": A}},
    ),
    Case(
        "an active user wants the platform value, edited or not: the SIS value is free for others",
        before=holders_of(A, B),
        accepted=["G1"],
        edits={"G1": {"email": f"own@{MAIL}"}},
        tonight=holders_of(A, A),
        after={"G1": {"email": f"own@{MAIL}"}, "G2": {"email": A}},
        notes={"G2": [changed(f"email {B} -> {A}")]},
    ),
    Case(
        "an invitee's edit reserves nothing against the SIS",
        before=holders_of(A, B),
        edits={"G1": {"email": f"own@{MAIL}"}},
        tonight=holders_of(A, f"own@{MAIL}"),
        after={"G1": {"email": A}, "G2": {"email": f"own@{MAIL}"}},
    ),
    Case(
        "an invitee's edit to a value that another invitee had: the SIS sorts it out",
        before=[FAMILY, guardian("G1", email=A, sms=M1), guardian("G2", email=B, sms=M2)],
        edits={"G1": {"email": C}},
        tonight=[FAMILY, guardian("G1", email=B, sms=M1), guardian("G2", email=C, sms=M2)],
        after={"G1": {"email": B}, "G2": {"email": C}},
    ),
]


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Lived:
    return Lived(tmp_path_factory.mktemp("credentials"), CASES)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_r_c2_credentials_go_to_who_has_the_better_claim(lived: Lived, case: Case) -> None:
    lived.check(case)
    lived.kept_again(case)


def test_r_c1_a_guardian_is_let_in_when_the_holder_changes_theirs(tmp_path: Path) -> None:
    twins = Twins(tmp_path)
    family = student("S1", "G1,G2")
    waiting = guardian("G2", email=A)
    report = twins.night([family, guardian("G1", email=A), waiting])
    assert report.notes("G2") == [withheld(f"{A} belongs to G1")]
    assert twins.state.guardianships() == {("G1", "S1"): "current"}
    report = twins.night([family, guardian("G1", email=A), waiting])
    assert report.notes("G2") == [withheld(f"{A} belongs to G1")]
    report = twins.night([family, guardian("G1", email=B), waiting])
    assert report.notes("G2") == [NEW]
    assert twins.user("G2", "email", "account", "roster_status") == (A, "invitee", "current")
    assert twins.state.guardianships() == {("G1", "S1"): "current", ("G2", "S1"): "current"}


def test_r_c1_a_guardian_is_let_in_when_the_holder_leaves(tmp_path: Path) -> None:
    twins = Twins(tmp_path)
    waiting = [student("S1", "G2"), guardian("G2", email=A)]
    twins.night([*waiting, teacher("T1", email=A)])
    assert "G2" not in twins.state.ids()
    twins.accept("T1")
    report = twins.night(waiting)
    assert report.notes("G2") == [NEW]
    assert twins.user("G2", "email") == (A,)
    assert twins.user("T1", "email", "roster_status") == (None, "archived")
    assert twins.messages() == [("T1", "email", A)]


def test_r_c1_a_guardian_is_let_in_when_the_holder_edits_theirs_and_no_file_changed(tmp_path: Path) -> None:
    twins = Twins(tmp_path)
    rows = [student("S1", "G1,G2"), guardian("G1", email=A), guardian("G2", email=A)]
    twins.night(rows)
    twins.accept("G1")
    twins.edit("G1", email=B)
    report = twins.night(rows)
    assert report.notes("G2") == [NEW]
    assert twins.user("G2", "email") == (A,)
    assert twins.user("G1", "email") == (B,)


def test_r_c1_an_edit_that_takes_the_value_a_withheld_guardian_has_no_claim_to(tmp_path: Path) -> None:
    twins = Twins(tmp_path)
    rows = [student("S1", "G1,G2"), guardian("G1", email=A, sms=M1), guardian("G2", email=A)]
    twins.night(rows)
    twins.edit("G1", email=B)  # an invitee: the next sync takes it back, and nothing is free
    report = twins.night(rows)
    assert report.notes("G2") == [withheld(f"{A} belongs to G1")]
    assert twins.user("G1", "email") == (A,)


def test_r_c1_a_withheld_guardian_whose_own_row_changes_is_let_in(tmp_path: Path) -> None:
    twins = Twins(tmp_path)
    family = student("S1", "G1,G2")
    twins.night([family, guardian("G1", email=A), guardian("G2", email=A)])
    twins.night([family, guardian("G1", email=A), guardian("G2", email=A, sms=M2)])
    assert twins.user("G2", "email", "mobile") == (None, E2)


def test_r_c1_a_withheld_guardian_of_the_second_of_two_waiting(tmp_path: Path) -> None:
    twins = Twins(tmp_path)
    family = student("S1", "G1,G2,G3")
    waiting = [guardian("G2", email=A), guardian("G3", email=A)]
    report = twins.night([family, guardian("G1", email=A), *waiting])
    assert report.codes("G2") == report.codes("G3") == ["NO_UNIQUE_CREDENTIAL"]
    report = twins.night([family, guardian("G1", email=B), *waiting])
    assert report.notes("G2") == [NEW]
    assert report.notes("G3") == [withheld(f"{A} belongs to G2")]


def test_r_c1_a_withheld_guardian_is_let_in_by_a_setting(tmp_path: Path) -> None:
    twins = Twins(tmp_path, phone_credential="sms")
    rows = [student("S1", "G1,G2"), guardian("G1", email=A), guardian("G2", email=A, phone=M2)]
    report = twins.night(rows)
    assert report.codes("G2") == ["NO_UNIQUE_CREDENTIAL"]
    twins.configure(phone_credential="sms-then-phone")
    twins.night(rows)
    assert twins.user("G2", "email", "mobile") == (None, E2)


def test_r_c1_a_withheld_guardian_who_leaves_the_files_is_said_no_more(tmp_path: Path) -> None:
    twins = Twins(tmp_path)
    family = student("S1", "G1,G2")
    twins.night([family, guardian("G1", email=A), guardian("G2", email=A)])
    report = twins.night([family, guardian("G1", email=A)])
    assert report.notes("G2") == []
    report = twins.night([family, guardian("G1", email=B)])
    assert report.notes("G2") == []
    assert "G2" not in twins.state.ids()


def test_r_c2_who_goes_without_gets_it_once_it_is_free_and_their_own_row_did_not_change(tmp_path: Path) -> None:
    twins = Twins(tmp_path)
    family = student("S1", "G1,G2")
    wanting = guardian("G2", email=A, sms=M2)
    twins.night([family, guardian("G1", email=A), wanting])
    assert twins.user("G2", "email") == (None,)
    report = twins.night([family, guardian("G1", email=B), wanting])
    assert twins.user("G2", "email") == (A,)
    assert report.notes("G2") == [changed(f"email none -> {A}")]


def test_r_c2_a_chain_of_waiting_ones_moves_up_in_one_night(tmp_path: Path) -> None:
    twins = Twins(tmp_path)
    family = student("S1", "G1,G2,G3")
    twins.night([family, guardian("G1", email=A), guardian("G2", email=B), guardian("G3", email=C)])
    twins.accept("G1")
    wanting = [guardian("G2", email=A), guardian("G3", email=B)]
    report = twins.night([family, guardian("G1", email=A), *wanting])
    assert twins.user("G2", "email") == (None,)
    assert twins.user("G3", "email") == (B,)
    assert report.notes("G2") == [changed(f"email {B} -> none"), taken("Email", A, "G1")][::-1]
    twins.edit("G1", email=C)
    report = twins.night([family, guardian("G1", email=A), *wanting])
    assert twins.user("G2", "email") == (A,)


def test_r_c2_a_returning_person_finds_the_value_taken(tmp_path: Path) -> None:
    twins = Twins(tmp_path)
    family = [student("S1", "G1"), guardian("G1", email=A)]
    twins.night([*family, teacher("T1", email=B)])
    twins.accept("T1")
    twins.night([student("S1", "G1"), guardian("G1", email=B)])
    assert twins.user("T1", "email", "roster_status") == (None, "archived")
    report = twins.night([student("S1", "G1"), guardian("G1", email=B), teacher("T1", email=B)])
    assert twins.user("T1", "email", "roster_status", "account") == (None, "current", "active")
    assert twins.user("G1", "email") == (B,)
    assert "RETURNED" in report.codes("T1")


def test_r_c5_a_guardian_is_added_once_a_student_names_them(tmp_path: Path) -> None:
    twins = Twins(tmp_path)
    report = twins.night([student("S1"), guardian("G1")])
    assert report.codes("G1") == ["NO_STUDENT"]
    report = twins.night([student("S1", "G1"), guardian("G1")])
    assert report.notes("G1") == [NEW]
    assert twins.state.guardianships() == {("G1", "S1"): "current"}


def test_r_c5_a_guardian_is_added_once_the_student_of_their_row_is_there(tmp_path: Path) -> None:
    twins = Twins(tmp_path)
    report = twins.night([student("S2"), guardian("G1", "S1")])
    assert report.codes("G1") == ["NO_STUDENT"]
    report = twins.night([student("S2"), guardian("G1", "S1"), student("S1")])
    assert report.notes("G1") == [NEW]
    assert twins.state.guardianships() == {("G1", "S1"): "current"}


def test_wanted_values_of_an_account_back_from_the_archive_are_the_sis_values_of_an_invitee(tmp_path: Path) -> None:
    twins = Twins(tmp_path)
    twins.night([teacher("T1", email=A)])
    twins.night([])
    twins.night([teacher("T1", email=B)])
    assert twins.user("T1", "email", "account", "roster_status") == (B, "invitee", "current")
