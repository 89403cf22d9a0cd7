"""*Contact details*: which number is the mobile, how values are compared, and what is no e-mail or phone."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from tests.policies.district import guardian, student, teacher
from tests.policies.tables import Case, Lived, Note, Twins

NEW = ("added", "NEW", "New in the SIS import.")
M1, M2, M3 = "206-555-0101", "206-555-0102", "206-555-0103"
E1, E2, E3 = "+12065550101", "+12065550102", "+12065550103"
S1 = student("S1", "G1")
MAIL = "families.example.org"


def changed(*changes: str) -> Note:
    return ("updated", "SIS_UPDATE", "Updated from the SIS: " + "; ".join(changes))


def blank_kept(field: str, value: str) -> Note:
    return ("kept", "BLANK_KEPT", f"The SIS import has no {field}; kept {value}.")


# (sms, phone) -> (mobile, home phone) by policy.phone_credential
NUMBERS: list[tuple[str, str, dict[str, tuple[str | None, str | None]]]] = [
    (M1, M2, {"sms": (E1, E2), "phone": (E2, None), "sms-then-phone": (E1, E2)}),
    (M1, "", {"sms": (E1, None), "phone": (None, None), "sms-then-phone": (E1, None)}),
    ("", M2, {"sms": (None, E2), "phone": (E2, None), "sms-then-phone": (E2, None)}),
    ("", "", {"sms": (None, None), "phone": (None, None), "sms-then-phone": (None, None)}),
    (M1, M1, {"sms": (E1, E1), "phone": (E1, None), "sms-then-phone": (E1, E1)}),
]


def _number_cases(policy: str) -> list[Case]:
    return [
        Case(
            f"{policy}: sms {sms or 'blank'}, phone {phone or 'blank'}",
            tonight=[teacher("T1", sms=sms, phone=phone)],
            after={
                "T1": dict(
                    zip(("mobile", "phone", "sis_mobile", "sis_phone"), results[policy] * 2, strict=True),
                )
            },
        )
        for sms, phone, results in NUMBERS
    ] + [
        Case(
            f"{policy}: a number with an extension is no mobile, alone",
            tonight=[teacher("T1", phone=f"{M1} x12")],
            after={"T1": {"mobile": None, "sis_mobile": None}},
        ),
        Case(
            f"{policy}: a number with an extension takes no mobile from anybody",
            tonight=[
                student("S1", "G1,G2"),
                guardian("G1", phone=f"{M1} ext. 12"),
                guardian("G2", sms=M1, phone=M1),
            ],
            after={"G1": {"mobile": None}, "G2": {"mobile": E1}},
            notes={"G1": [NEW], "G2": [NEW]},
        ),
    ]


SMS, PHONE = _number_cases("sms"), _number_cases("phone")
WAYS = [
    "206-555-0101",
    "(206) 555-0101",
    "206.555.0101",
    "206 555 0101",
    " 206-555-0101 ",
    "2065550101",
    "1-206-555-0101",
    "+1 206 555 0101",
    "+12065550101",
    "(206)555-0101",
]
FOREIGN = [("+44 20 7946 0958", "+442079460958"), ("+49 30 901820", "+4930901820")]
EMAILS = [
    (f"Ana@{MAIL}", f"ana@{MAIL}"),
    (f"  ana@{MAIL}  ", f"ana@{MAIL}"),
    (f"\uff41\uff4e\uff41@{MAIL}", f"ana@{MAIL}"),
    ("ana@school.local", "ana@school.local"),
    ("ana+one@example.test", "ana+one@example.test"),
    ("o'neil@example.org", "o'neil@example.org"),
]
NO_EMAILS = ["nonsense", "a@b@example.org", "two words@example.org", "@example.org", "ana@", "ana@example..org"]
NO_PHONES = ["12", "call me", "206-555", "000-000-0000"]

SMS_THEN_PHONE = [
    *_number_cases("sms-then-phone"),
    *(
        Case(f"a number written as {number!r}", tonight=[teacher("T1", sms=number)], after={"T1": {"mobile": E1}})
        for number in WAYS
    ),
    *(
        Case(f"a number from abroad {number}", tonight=[teacher("T1", sms=number)], after={"T1": {"mobile": shown}})
        for number, shown in FOREIGN
    ),
    *(
        Case(f"the e-mail {email!r}", tonight=[teacher("T1", email=email)], after={"T1": {"email": shown}})
        for email, shown in EMAILS
    ),
    *(
        Case(
            f"no e-mail, for a new user: {email!r}",
            tonight=[teacher("T1", email=email)],
            after={"T1": {"email": None, "sis_email": None, "roster_status": "current"}},
            notes={"T1": [NEW]},
        )
        for email in NO_EMAILS
    ),
    *(
        Case(
            f"no e-mail, for a known user: {email!r}",
            before=[teacher("T1", sms=M1)],
            tonight=[teacher("T1", email=email, sms=M1)],
            after={"T1": {"email": "t1@staff.example.org", "sis_email": "t1@staff.example.org", "mobile": E1}},
            notes={"T1": []},
        )
        for email in NO_EMAILS
    ),
    *(
        Case(
            f"no phone, for a new user: {number!r}",
            tonight=[teacher("T1", sms=number)],
            after={"T1": {"mobile": None, "sis_mobile": None, "roster_status": "current"}},
            notes={"T1": [NEW]},
        )
        for number in NO_PHONES
    ),
    *(
        Case(
            f"no phone, for a known user: {number!r}",
            before=[teacher("T1", sms=M1, phone=M2)],
            tonight=[teacher("T1", sms=number, phone=number)],
            after={"T1": {"mobile": E1, "sis_mobile": E1, "phone": E2, "sis_phone": E2}},
            notes={"T1": []},
        )
        for number in NO_PHONES
    ),
    Case(
        "an invalid e-mail of a new guardian is a blank: no credential, not added",
        tonight=[S1, guardian("G1", email="nonsense")],
        after={"G1": None},
        notes={"G1": [("withheld", "NO_UNIQUE_CREDENTIAL", "Guardian not added: no unique contact credential")]},
    ),
    Case(
        "an invalid sms of a new user is a blank: the phone serves",
        tonight=[teacher("T1", sms="12", phone=M2)],
        after={"T1": {"mobile": E2, "phone": None}},
    ),
    Case(
        "an invalid e-mail says nothing while other values change",
        before=[S1, guardian("G1", sms=M1)],
        tonight=[S1, guardian("G1", email="nonsense", sms=M2, givenName="Other")],
        after={"G1": {"email": f"g1@{MAIL}", "mobile": E2, "given_name": "Other"}},
        notes={"G1": [changed("given_name GivenG1 -> Other", f"mobile {E1} -> {E2}")]},
    ),
    Case(
        "an invalid e-mail beside a blank mobile: the e-mail is held, the mobile clears",
        before=[S1, guardian("G1", sms=M1)],
        tonight=[S1, guardian("G1", email="nonsense")],
        after={"G1": {"email": f"g1@{MAIL}", "mobile": None}},
        notes={"G1": [changed(f"mobile {E1} -> none")]},
    ),
    Case(
        "an invalid e-mail of an active user says nothing",
        before=[S1, guardian("G1", sms=M1)],
        accepted=["G1"],
        tonight=[S1, guardian("G1", email="nonsense", sms=M1)],
        after={"G1": {"email": f"g1@{MAIL}"}},
        notes={"G1": []},
    ),
    Case(
        "an invalid e-mail keeps its holder's claim",
        before=[student("S1", "G1,G2"), guardian("G1")],
        tonight=[student("S1", "G1,G2"), guardian("G1", email="nonsense"), guardian("G2", email=f"g1@{MAIL}", sms=M2)],
        after={"G1": {"email": f"g1@{MAIL}"}, "G2": {"email": None, "mobile": E2}},
    ),
    Case(
        "the sms comes and the landline becomes the home phone",
        before=[S1, guardian("G1", phone=M1)],
        tonight=[S1, guardian("G1", phone=M1, sms=M2)],
        after={"G1": {"mobile": E2, "phone": E1}},
    ),
    Case(
        "the sms goes and the landline becomes the mobile",
        before=[S1, guardian("G1", phone=M1, sms=M2)],
        tonight=[S1, guardian("G1", phone=M1)],
        after={"G1": {"mobile": E1, "phone": None}},
    ),
    Case(
        "names keep their letters, blanks collapse",
        tonight=[teacher("T1", givenName=" Zoe\u0308  Ann ", familyName="O'Neil-de  la Cruz")],
        after={"T1": {"given_name": "Zo\u00eb Ann", "family_name": "O'Neil-de la Cruz"}},
    ),
    Case(
        "a name that differs in its letters' case is another spelling and follows",
        before=[S1, guardian("G1", givenName="ANA")],
        tonight=[S1, guardian("G1", givenName="Ana")],
        after={"G1": {"given_name": "Ana"}},
        notes={"G1": [changed("given_name ANA -> Ana")]},
    ),
]

TABLES = {"sms": SMS, "phone": PHONE, "sms-then-phone": SMS_THEN_PHONE}


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Lived]:
    """The nights of one policy's table, lived once."""

    @cache
    def live(policy: str) -> Lived:
        return Lived(tmp_path_factory.mktemp(policy), TABLES[policy], phone_credential=policy)

    return live


@pytest.mark.parametrize(
    ("policy", "case"),
    [pytest.param(policy, case, id=case.name) for policy, cases in TABLES.items() for case in cases],
)
def test_contact_details_are_read_as_the_policy_says(lived: Callable[[str], Lived], policy: str, case: Case) -> None:
    lived(policy).check(case)
    lived(policy).kept_again(case)


def test_contact_details_invalid_values_are_findings_every_night(tmp_path: Path) -> None:
    twins = Twins(tmp_path)
    rows = [teacher("T1", email="nonsense", sms="12"), teacher("T2", email="")]
    for _ in range(2):
        issues = twins.night(rows).rows("issues")
        found = {(row["severity"], row["file"], row["id"], row["column"], row["code"], row["value"]) for row in issues}
        assert ("warning", "users.csv", "T1", "email", "INVALID_EMAIL", "nonsense") in found
        assert ("warning", "users.csv", "T1", "sms", "INVALID_PHONE", "12") in found
        assert not [row for row in issues if row["id"] == "T2"]
        assert {row["line"] for row in issues if row["id"] == "T1"} == {"3"}


def test_contact_details_a_new_setting_reads_the_same_files_otherwise(tmp_path: Path) -> None:
    twins = Twins(tmp_path)
    rows = [
        student("S1", "G1,G2,G3,G4"),
        guardian("G1", phone=M1),  # e-mail and landline
        guardian("G2", email="", phone=M2),  # a landline alone
        guardian("G3", phone="206-555-0104"),  # becomes active
        guardian("G4", sms=M3, phone="206-555-0105"),
    ]
    twins.night(rows)
    twins.accept("G3")
    assert twins.user("G1", "mobile", "phone") == (E1, None)
    twins.configure(phone_credential="sms")
    report = twins.night(rows)
    assert twins.user("G1", "mobile", "phone") == (None, E1)
    assert twins.user("G2", "mobile", "phone") == (E2, E2)  # the last credential stays, and it is a home phone now
    assert blank_kept("mobile", E2) in report.notes("G2")
    assert twins.user("G3", "mobile", "phone") == ("+12065550104", None)
    assert report.codes("G4") == []
    twins.configure(phone_credential="phone")
    twins.night(rows)
    assert twins.user("G1", "mobile", "phone") == (E1, None)
    assert twins.user("G4", "mobile", "phone") == ("+12065550105", None)
    twins.configure()
    twins.night(rows)
    assert twins.user("G4", "mobile", "phone") == (E3, "+12065550105")


def test_contact_details_a_home_phone_may_have_an_extension(tmp_path: Path) -> None:
    twins = Twins(tmp_path)
    twins.night([teacher("T1", sms=M1, phone=f"{M2} ext. 12")])
    mobile, phone = twins.user("T1", "mobile", "phone")
    assert mobile == E1
    assert phone.startswith(E2)
    assert phone.endswith("12")
