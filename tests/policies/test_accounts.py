"""R-U7 and R-U10: accounts that are disabled, and accounts that serve several records."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.policies.district import Row, guardian, person, role, student, teacher
from tests.policies.tables import Case, Lived, Note, Twins

NEW = ("added", "NEW", "New in the SIS import.")
MAIL = "families.example.org"
ANA = f"ana@{MAIL}"
OTHER = f"other@{MAIL}"
M1, M2, M3 = "206-555-0101", "206-555-0102", "206-555-0103"
E1, E2, E3 = "+12065550101", "+12065550102", "+12065550103"
S1 = student("S1", "G1,G2,G3", email="")
NAME = {"givenName": "Ana", "familyName": "Ruiz"}
SAME = {**NAME, "email": ANA, "sms": M1}


def joined(leader: str) -> Note:
    return ("linked", "SAME_PERSON", f"Same person as {leader}; one account serves both.")


def differs(field: str, leader: str) -> Note:
    return ("kept", "LINKED_RECORD_DIFFERS", f"{field} differs from {leader}, the leading record of the same account.")


def taken(field: str, value: str, holder: str) -> Note:
    return ("kept", "CREDENTIAL_TAKEN", f"{field} {value} in the SIS import belongs to {holder}; not stored.")


def withheld(*holders: str) -> Note:
    text = "; ".join(["Guardian not added: no unique contact credential", *holders])
    return ("withheld", "NO_UNIQUE_CREDENTIAL", text)


def two(first: dict[str, str], second: dict[str, str]) -> list[Row]:
    """G1 and G2 of one student, both new, with these values."""
    return [S1, guardian("G1", **{**SAME, **first}), guardian("G2", **{**SAME, **second})]


ONE = "one person"
APART = "two persons"

EQUAL_OR_NOT: list[tuple[str, dict[str, str], dict[str, str], str]] = [
    ("all equal", {}, {}, ONE),
    ("names written in another case", {}, {"givenName": "ANA", "familyName": "ruiz"}, ONE),
    ("names with other blanks", {"familyName": "de la Ruiz"}, {"familyName": " de  la Ruiz"}, ONE),
    ("names composed and decomposed", {"givenName": "Zo\u00eb"}, {"givenName": "Zoe\u0308"}, ONE),
    ("an e-mail in another case", {}, {"email": ANA.upper()}, ONE),
    ("a number written otherwise", {}, {"sms": "+1 (206) 555-0101"}, ONE),
    ("no mobile on either side", {"sms": ""}, {"sms": ""}, ONE),
    ("no e-mail on either side", {"email": ""}, {"email": ""}, ONE),
    ("e-mail and landline equal", {"sms": "", "phone": M1}, {"sms": "", "phone": M1}, ONE),
    ("e-mail equal, the mobile once sms and once phone", {}, {"sms": "", "phone": M1}, ONE),
    ("a home phone beside is not asked", {"phone": M2}, {"phone": M3}, ONE),
    ("another given name", {}, {"givenName": "Bea"}, APART),
    ("another family name", {}, {"familyName": "Lopez"}, APART),
    ("an accent more", {}, {"givenName": "\u00c1na"}, APART),
    ("another e-mail", {}, {"email": OTHER}, APART),
    ("another mobile", {}, {"sms": M2}, APART),
    ("one without the mobile", {}, {"sms": ""}, APART),
    ("one without the e-mail", {}, {"email": ""}, APART),
    ("a shared landline alone", {"email": "", "sms": "", "phone": M1}, {"email": "", "sms": "", "phone": M1}, APART),
    ("one's sms is the other's landline, no e-mail", {"email": ""}, {"email": "", "sms": "", "phone": M1}, APART),
    ("nothing filled but the name", {"email": "", "sms": ""}, {"email": "", "sms": ""}, APART),
]


def _new_pair(name: str, first: dict[str, str], second: dict[str, str], result: str) -> Case:
    if result == ONE:
        return Case(
            f"new: {name}",
            tonight=two(first, second),
            one_account=["G1", "G2"],
            notes={"G1": [NEW]},
            linked={"G2": [joined("G1")]},
            after={"G2": {"roster_status": "current", "account": "invitee"}},
        )
    return Case(f"new: {name}", tonight=two(first, second), apart=["G1", "G2"])


def _known_pair(name: str, first: dict[str, str], second: dict[str, str], result: str) -> Case:
    rows = two(first, second)
    if result == ONE:
        return Case(
            f"later: {name}",
            before=rows[:2],
            tonight=rows,
            one_account=["G1", "G2"],
            linked={"G2": [joined("G1")]},
        )
    return Case(f"later: {name}", before=rows[:2], tonight=rows, apart=["G1", "G2"])


CASES = [
    *(_new_pair(*row) for row in EQUAL_OR_NOT),
    *(_known_pair(*row) for row in EQUAL_OR_NOT),
    Case(
        "a teacher and a guardian: the teacher leads whatever the ids",
        tonight=[S1, guardian("G1", **SAME), teacher("T1", **SAME)],
        one_account=["G1", "T1"],
        notes={"T1": [NEW], "G1": [joined("T1")]},
        after={"G1": {"email": ANA, "mobile": E1}, "T1": {"email": ANA, "mobile": E1}},
    ),
    Case(
        "three records, one account",
        tonight=[S1, guardian("G1", **SAME), guardian("G2", **SAME), teacher("T1", **SAME)],
        one_account=["G1", "G2", "T1"],
        notes={"T1": [NEW], "G1": [joined("T1")], "G2": [joined("T1")]},
    ),
    Case(
        "a third record joins two that share an account",
        before=[S1, guardian("G1", **SAME), teacher("T1", **SAME)],
        tonight=[S1, guardian("G1", **SAME), guardian("G2", **SAME), teacher("T1", **SAME)],
        one_account=["G1", "G2", "T1"],
    ),
    Case(
        "a new teacher joins a known guardian's account and leads it from now on",
        before=[S1, guardian("G1", **SAME)],
        accepted=["G1"],
        tonight=[S1, guardian("G1", **SAME), teacher("T1", **SAME)],
        one_account=["G1", "T1"],
        notes={"T1": [joined("G1")], "G1": []},
        after={"T1": {"account": "active", "email": ANA}, "G1": {"account": "active", "email": ANA}},
    ),
    Case(
        "students are never linked: not to staff",
        tonight=[student("S9", **SAME), teacher("T1", **SAME)],
        apart=["S9", "T1"],
        after={"T1": {"email": ANA}, "S9": {"email": None, "mobile": None}},
        notes={"T1": [NEW], "S9": [NEW, taken("Email", ANA, "T1"), taken("Mobile", E1, "T1")]},
    ),
    Case(
        "students are never linked: staff not to a known student's account",
        before=[student("S9", **SAME)],
        tonight=[student("S9", **SAME), teacher("T1", **SAME)],
        apart=["S9", "T1"],
        after={"S9": {"email": ANA}, "T1": {"email": None, "mobile": None}},
        notes={"T1": [NEW, taken("Email", ANA, "S9"), taken("Mobile", E1, "S9")]},
    ),
    Case(
        "students are never linked: not to each other",
        tonight=[student("S8", **SAME), student("S9", **SAME)],
        apart=["S8", "S9"],
        notes={"S9": [NEW, taken("Email", ANA, "S8"), taken("Mobile", E1, "S8")]},
    ),
    Case(
        "known records that become equal are not linked",
        before=[S1, guardian("G1", **SAME), guardian("G2", **{**SAME, "email": OTHER, "sms": M2})],
        tonight=[S1, guardian("G1", **SAME), guardian("G2", **SAME)],
        apart=["G1", "G2"],
        after={"G2": {"email": OTHER, "mobile": E2}},
        notes={"G2": [taken("Email", ANA, "G1"), taken("Mobile", E1, "G1")]},
    ),
    Case(
        "linked records that come to differ stay linked, and the report says so",
        before=[S1, guardian("G1", **SAME), teacher("T1", **SAME)],
        tonight=[S1, guardian("G1", **{**SAME, "email": OTHER}), teacher("T1", **SAME)],
        one_account=["G1", "T1"],
        after={"G1": {"email": ANA, "sis_email": OTHER}, "T1": {"email": ANA, "sis_email": ANA}},
        kept={"G1": [differs("email", "T1")], "T1": []},
    ),
    Case(
        "the leading record decides for both",
        before=[S1, guardian("G1", **SAME), teacher("T1", **SAME)],
        tonight=[S1, guardian("G1", **SAME), teacher("T1", **{**SAME, "email": OTHER, "givenName": "Anna"})],
        one_account=["G1", "T1"],
        after={"G1": {"email": OTHER, "given_name": "Anna"}, "T1": {"email": OTHER, "given_name": "Anna"}},
        kept={"G1": [differs("email", "T1"), differs("given_name", "T1")], "T1": []},
    ),
    Case(
        "a value that only the other record says is free for others",
        before=[S1, guardian("G1", **SAME), teacher("T1", **SAME)],
        tonight=[
            S1,
            guardian("G1", **{**SAME, "email": OTHER}),
            teacher("T1", **SAME),
            guardian("G2", email=OTHER),
        ],
        after={"G2": {"email": OTHER}, "G1": {"email": ANA}},
        notes={"G2": [NEW]},
    ),
    Case(
        "the leading record leaves, the other stays: it leads, and the account is one",
        before=[S1, guardian("G1", **SAME), teacher("T1", **SAME)],
        accepted=["T1"],
        tonight=[S1, guardian("G1", **SAME)],
        one_account=["G1", "T1"],
        after={
            "T1": {"roster_status": "archived"},
            "G1": {"roster_status": "current", "account": "active", "email": ANA, "mobile": E1},
        },
        notes={"T1": [("archived", "LEFT_SIS", "No longer in the SIS import.")], "G1": []},
    ),
    Case(
        "the leading record leaves: the account follows the one that stays",
        before=[S1, guardian("G1", **SAME), teacher("T1", **SAME)],
        tonight=[S1, guardian("G1", **{**SAME, "email": OTHER})],
        after={"T1": {"roster_status": "archived"}, "G1": {"email": OTHER, "account": "invitee"}},
        kept={"G1": [], "T1": []},
    ),
    Case(
        "the other record leaves: nothing changes for the leading one",
        before=[S1, guardian("G1", **SAME), teacher("T1", **SAME)],
        tonight=[student("S1", email=""), teacher("T1", **SAME)],
        after={"T1": {"roster_status": "current", "email": ANA}, "G1": {"roster_status": "archived"}},
        notes={"T1": []},
    ),
    Case(
        "an active account wants its platform values: who equals them joins",
        before=[S1, guardian("G1", **SAME)],
        accepted=["G1"],
        edits={"G1": {"email": OTHER}},
        tonight=[S1, guardian("G1", **SAME), teacher("T1", **{**SAME, "email": OTHER})],
        one_account=["G1", "T1"],
        after={"T1": {"email": OTHER, "account": "active"}},
    ),
    Case(
        "who equals the SIS values of a record of the account joins as well",
        before=[S1, guardian("G1", **SAME)],
        accepted=["G1"],
        edits={"G1": {"email": OTHER}},
        tonight=[S1, guardian("G1", **SAME), teacher("T1", **SAME)],
        one_account=["G1", "T1"],
        after={"T1": {"email": OTHER, "account": "active"}},
    ),
    Case(
        "an invitee's edit is no wanted value: who equals it does not join",
        before=[S1, guardian("G1", **SAME)],
        edits={"G1": {"email": OTHER}},
        tonight=[S1, guardian("G1", **SAME), guardian("G2", **{**SAME, "email": OTHER, "sms": M1})],
        apart=["G1", "G2"],
        after={"G1": {"email": ANA, "mobile": E1}, "G2": {"email": OTHER, "mobile": None}},
    ),
    Case(
        "who equals the SIS values of a record that was archived joins its account",
        before=[teacher("T1", **SAME), student("S1", "G1")],
        accepted=["T1"],
        tonight=[student("S1", "G1"), guardian("G1", **SAME)],
        one_account=["T1", "G1"],
        after={"G1": {"account": "active", "email": ANA}, "T1": {"roster_status": "archived"}},
        notes={"G1": [joined("T1")]},
    ),
    Case(
        "a guardian who joins is not asked for a credential of their own",
        before=[teacher("T1", **SAME)],
        tonight=[teacher("T1", **SAME), S1, guardian("G1", **SAME)],
        one_account=["T1", "G1"],
        after={"G1": {"email": ANA, "roster_status": "current"}},
        notes={"G1": [joined("T1")]},
    ),
    Case(
        "a guardian without a student does not join either",
        tonight=[guardian("G9", **SAME), teacher("T1", **SAME)],
        after={"G9": None, "T1": {"email": ANA}},
        notes={
            "G9": [("withheld", "NO_STUDENT", "Guardian not added: no student of theirs in the SIS import.")],
            "T1": [NEW],
        },
    ),
    Case(
        "nobody joins a guardian who is not added",
        tonight=[S1, guardian("G0", **SAME), guardian("G1", **SAME)],
        after={"G0": None, "G1": {"email": ANA}},
        notes={"G1": [NEW]},
    ),
    Case(
        "two equal guardians whose values are all taken are both withheld",
        before=[teacher("T1", email=ANA, sms=M1), S1],
        tonight=[teacher("T1", email=ANA, sms=M1), S1, guardian("G1", **SAME), guardian("G2", **SAME)],
        after={"G1": None, "G2": None},
        notes={"G1": [withheld(f"{ANA} belongs to T1", f"{E1} belongs to T1")]},
    ),
    Case(
        "two equal newcomers of whom one value is taken share what is left",
        before=[teacher("T1", email=ANA), S1],
        tonight=[teacher("T1", email=ANA), S1, guardian("G1", **SAME), guardian("G2", **SAME)],
        one_account=["G1", "G2"],
        after={"G1": {"email": None, "mobile": E1}, "G2": {"email": None, "mobile": E1}},
    ),
    Case(
        "disabled, and what it was",
        before=[student("S2"), student("S3")],
        accepted=["S3"],
        tonight=[
            student("S2", enabledUser="false"),
            student("S3", enabledUser="false"),
            student("S4", enabledUser="false"),
        ],
        after={"S2": {"account": "disabled"}, "S3": {"account": "disabled"}, "S4": {"account": "disabled"}},
    ),
    Case(
        "enabled again has its former state",
        before=[student("S2", enabledUser="false"), student("S3", enabledUser="false")],
        tonight=[student("S2"), student("S3", enabledUser="false")],
        after={"S2": {"account": "invitee"}, "S3": {"account": "disabled"}},
    ),
    Case(
        "blank is not false",
        tonight=[student("S2", enabledUser="")],
        after={"S2": {"account": "invitee"}},
    ),
    Case(
        "blank is not false any more",
        before=[student("S2", enabledUser="false")],
        tonight=[student("S2", enabledUser="")],
        after={"S2": {"account": "invitee"}},
    ),
    Case(
        "a word that cannot be read says nothing",
        before=[student("S2", enabledUser="false"), student("S3")],
        tonight=[student("S2", enabledUser="maybe"), student("S3", enabledUser="maybe")],
        after={"S2": {"account": "disabled"}, "S3": {"account": "invitee"}},
    ),
    Case(
        "one record of two says false: not disabled",
        before=[S1, guardian("G1", **SAME), teacher("T1", **SAME)],
        tonight=[S1, guardian("G1", **SAME), teacher("T1", **SAME, enabledUser="false")],
        after={"T1": {"account": "invitee"}, "G1": {"account": "invitee"}},
    ),
    Case(
        "both records say false: disabled",
        before=[S1, guardian("G1", **SAME), teacher("T1", **SAME)],
        accepted=["G1"],
        tonight=[S1, guardian("G1", **SAME, enabledUser="false"), teacher("T1", **SAME, enabledUser="false")],
        after={"T1": {"account": "disabled"}, "G1": {"account": "disabled"}},
    ),
    Case(
        "the record that said true leaves: every record in the import says false",
        before=[S1, guardian("G1", **SAME, enabledUser="false"), teacher("T1", **SAME)],
        tonight=[S1, guardian("G1", **SAME, enabledUser="false")],
        after={"G1": {"account": "disabled"}},
    ),
    Case(
        "a second record that says true joins: not disabled any more",
        before=[S1, guardian("G1", **SAME, enabledUser="false")],
        tonight=[S1, guardian("G1", **SAME, enabledUser="false"), teacher("T1", **SAME)],
        one_account=["G1", "T1"],
        after={"G1": {"account": "invitee"}, "T1": {"account": "invitee"}},
    ),
]


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Lived:
    return Lived(tmp_path_factory.mktemp("accounts"), CASES)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_r_u10_and_r_u7_accounts(lived: Lived, case: Case) -> None:
    lived.check(case)
    lived.kept_again(case)


def test_r_u7_disabled_and_back_keeps_the_former_state(tmp_path: Path) -> None:
    twins = Twins(tmp_path)
    on, off = [student("S1"), student("S2")], [student(s, enabledUser="false") for s in ("S1", "S2")]
    twins.night(on)
    twins.accept("S2")
    twins.night(off)
    assert [twins.user(s, "account", "school_access", "announcements") for s in ("S1", "S2")] == [
        ("disabled", 0, 0)
    ] * 2
    twins.night(on)
    assert [twins.user(s, "account", "school_access") for s in ("S1", "S2")] == [("invitee", 1), ("active", 1)]


def test_r_u7_the_setting_decides_though_no_file_changed(tmp_path: Path) -> None:
    twins = Twins(tmp_path, follow_enabled_user=False)
    rows = [student("S1", enabledUser="false"), student("S2")]
    twins.night(rows)
    twins.accept("S1")
    assert twins.user("S1", "account") == ("active",)
    twins.configure(follow_enabled_user=True)
    twins.night(rows)
    assert twins.user("S1", "account") == ("disabled",)
    twins.configure(follow_enabled_user=False)
    twins.night(rows)
    assert twins.user("S1", "account") == ("active",)


def test_r_u7_a_missing_column_says_nothing(tmp_path: Path) -> None:
    twins = Twins(tmp_path)
    twins.night([student("S1", enabledUser="false"), student("S2")])
    twins.night([student("S1"), student("S2")], without={"users": ["enabledUser"]})
    assert twins.user("S1", "account") == ("disabled",)
    assert twins.user("S2", "account") == ("invitee",)


def test_r_u10_linked_records_that_differ_are_said_every_night_until_they_agree(tmp_path: Path) -> None:
    twins = Twins(tmp_path)
    twins.night([S1, guardian("G1", **SAME), teacher("T1", **SAME)])
    apart = [S1, guardian("G1", **{**SAME, "sms": M2}), teacher("T1", **SAME)]
    for _ in range(2):
        assert differs("mobile", "T1") in twins.night(apart).notes("G1")
    assert twins.night([S1, guardian("G1", **SAME), teacher("T1", **SAME)]).codes("G1") in ([], ["SIS_UPDATE"])


def test_r_u10_the_leading_record_returns_and_leads_again(tmp_path: Path) -> None:
    twins = Twins(tmp_path)
    both = [S1, guardian("G1", **SAME), teacher("T1", **SAME)]
    twins.night(both)
    account = twins.user("T1", "account_id")
    twins.night([S1, guardian("G1", **{**SAME, "email": OTHER})])
    assert twins.user("G1", "email") == (OTHER,)
    twins.night([S1, guardian("G1", **{**SAME, "email": OTHER}), teacher("T1", **SAME)])
    assert twins.user("T1", "email", "account_id", "roster_status") == (ANA, *account, "current")
    assert twins.user("G1", "email", "account_id") == (ANA, *account)


def test_r_u10_a_locked_account_of_two_records_is_told_once_per_address(tmp_path: Path) -> None:
    twins = Twins(tmp_path, update_active_contacts=True)
    twins.night([S1, guardian("G1", **SAME), teacher("T1", **SAME)])
    twins.accept("T1")
    both = {**SAME, "email": OTHER}
    twins.night([S1, guardian("G1", **both), teacher("T1", **both)])
    assert twins.user("G1", "email", "account") == (OTHER, "active")
    assert sorted(address for _, _, address in twins.messages()) == [ANA, OTHER]


def test_r_u10_a_withheld_guardian_joins_when_the_person_who_holds_the_values_comes(tmp_path: Path) -> None:
    twins = Twins(tmp_path)
    withheld_rows = [student("S1", "G1,G2", email=""), guardian("G1", **{**SAME, "givenName": "Bea"})]
    report = twins.night([*withheld_rows, guardian("G2", **SAME)])
    assert report.codes("G2") == ["NO_UNIQUE_CREDENTIAL"]
    report = twins.night([student("S1", "G1,G2", email=""), guardian("G1", **SAME), guardian("G2", **SAME)])
    assert report.notes("G2") == [joined("G1")]
    assert twins.user("G1", "account_id") == twins.user("G2", "account_id")


def test_r_u8_and_r_c4_decide_while_a_staff_role_stands_beside_the_guardian_role(tmp_path: Path) -> None:
    twins = Twins(tmp_path)
    both = [role("P1", "teacher", "primary"), role("P1", "parent"), role("S1", "student", "primary")]
    people = [person("P1", ""), student("S1", "P1")]  # no credential: a guardian alone would not be added
    report = twins.night(people, roles=both)
    assert report.notes("P1") == [NEW]
    assert twins.user("P1", "role", "roles", "email") == ("teacher", "teacher,guardian", None)
    assert twins.state.guardianships() == {("P1", "S1"): "current"}
    report = twins.night([student("S1")], roles=both[2:])
    assert report.notes("P1") == [("archived", "LEFT_SIS", "No longer in the SIS import.")]


def test_r_c4_a_staff_role_needs_no_student(tmp_path: Path) -> None:
    twins = Twins(tmp_path)
    roles = [role("P1", "parent", "primary"), role("P1", "aide"), role("S1", "student", "primary")]
    report = twins.night([person("P1", "", email=ANA), student("S1")], roles=roles)
    assert report.notes("P1") == [NEW]
    assert twins.user("P1", "roster_status") == ("current",)
    report = twins.night([person("P1", "", email=ANA), student("S1")], roles=[roles[0], roles[2]])
    assert twins.user("P1", "role", "account") == ("guardian", "invitee")
