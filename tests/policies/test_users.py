"""R-U1 to R-U6, R-U8, R-U9: people who come, change, leave and return."""

from __future__ import annotations

from pathlib import Path

import pytest

from rostersync.errors import RefusedByPolicy
from tests.policies.district import District, enrollment, guardian, person, school_class, student, teacher
from tests.policies.tables import Case, Lived, Note, Twins

NEW = ("added", "NEW", "New in the SIS import.")
LEFT = ("archived", "LEFT_SIS", "No longer in the SIS import.")
RETURNED = ("restored", "RETURNED", "Back in the SIS import.")
MAIL = "families.example.org"
M1, M2, M3 = "206-555-0101", "206-555-0102", "206-555-0103"
E1, E2, E3 = "+12065550101", "+12065550102", "+12065550103"
S1 = student("S1", "G1")


def changed(*changes: str) -> Note:
    return ("updated", "SIS_UPDATE", "Updated from the SIS: " + "; ".join(changes))


def email_kept(value: str) -> Note:
    return ("kept", "ACTIVE_EMAIL_KEPT", f"Active user has a new email in the SIS import - {value}.")


def phone_kept(value: str) -> Note:
    return ("kept", "ACTIVE_PHONE_KEPT", f"Active user has a new phone number in the SIS import - {value}.")


def name_kept(value: str) -> Note:
    return ("kept", "ACTIVE_NAME_KEPT", f"Active user has a new name in the SIS import - {value}.")


def blank_kept(field: str, value: str) -> Note:
    return ("kept", "BLANK_KEPT", f"The SIS import has no {field}; kept {value}.")


def taken(field: str, value: str, holder: str) -> Note:
    return ("kept", "CREDENTIAL_TAKEN", f"{field} {value} in the SIS import belongs to {holder}; not stored.")


def g1(**values: str) -> list[dict[str, str]]:
    """The family of S1 with this guardian."""
    return [S1, guardian("G1", **values)]


OWN = f"own@{MAIL}"
OLD = f"g1@{MAIL}"
FRESH = f"new@{MAIL}"

LOCK_OFF = [
    Case(
        "r_u1 new people of every role are invitees with the SIS values",
        tonight=[
            student("S1", "G1", grades="05"),
            guardian("G1", sms=M1, phone=M2, identifier="77"),
            teacher("T1"),
            person("P1", "administrator", email="p1@staff.example.org"),
        ],
        after={
            "S1": {
                "account": "invitee",
                "roster_status": "current",
                "origin": "sis",
                "role": "student",
                "grades": "05",
            },
            "G1": {
                "account": "invitee",
                "role": "guardian",
                "email": OLD,
                "sis_email": OLD,
                "mobile": E1,
                "sis_mobile": E1,
                "phone": E2,
                "sis_phone": E2,
                "given_name": "GivenG1",
                "sis_given_name": "GivenG1",
                "identifier": "77",
            },
            "T1": {"account": "invitee", "role": "teacher", "roles": "teacher"},
            "P1": {"account": "invitee", "role": "administrator"},
        },
        notes={"S1": [NEW], "G1": [NEW], "T1": [NEW], "P1": [NEW]},
    ),
    *(
        Case(
            f"r_u1 the role {word} counts as {role}",
            tonight=[student("S1", "P1"), person("P1", word, email="p1@example.org")],
            after={"P1": {"role": role}},
        )
        for word, role in (
            ("parent", "guardian"),
            ("relative", "guardian"),
            ("guardian", "guardian"),
            ("aide", "teacher"),
            ("proctor", "teacher"),
        )
    ),
    Case(
        "r_u2 an invitee follows the SIS",
        before=g1(sms=M1, phone=M2),
        tonight=g1(email=FRESH, sms=M2, phone=M3, givenName="Other", familyName="Name"),
        after={
            "G1": {
                "email": FRESH,
                "mobile": E2,
                "phone": E3,
                "given_name": "Other",
                "family_name": "Name",
                "account": "invitee",
            }
        },
        notes={
            "G1": [
                changed(
                    "given_name GivenG1 -> Other",
                    "family_name Family -> Name",
                    f"email {OLD} -> {FRESH}",
                    f"mobile {E1} -> {E2}",
                    f"phone {E2} -> {E3}",
                )
            ]
        },
    ),
    Case(
        "r_u2 whatever was edited locally, while the row did not change",
        before=g1(sms=M1, phone=M2),
        edits={"G1": {"email": OWN, "mobile": M3, "phone": M1, "given_name": "Own"}},
        tonight=g1(sms=M1, phone=M2),
        after={"G1": {"email": OLD, "mobile": E1, "phone": E2, "given_name": "GivenG1"}},
    ),
    Case(
        "r_u2 an edit and a change of the SIS in one day",
        before=g1(),
        edits={"G1": {"email": OWN}},
        tonight=g1(email=FRESH),
        after={"G1": {"email": FRESH, "sis_email": FRESH}},
        notes={"G1": [changed(f"email {OWN} -> {FRESH}")]},
    ),
    Case(
        "r_u2 an edit that says what the SIS says tonight is no change to report",
        before=g1(),
        edits={"G1": {"email": FRESH}},
        tonight=g1(email=FRESH),
        after={"G1": {"email": FRESH, "sis_email": FRESH}},
        kept={"G1": []},
    ),
    Case(
        "r_u2 a value the invitee added where the SIS has none goes",
        before=g1(),
        edits={"G1": {"mobile": M1, "phone": M2}},
        tonight=g1(),
        after={"G1": {"email": OLD, "mobile": None, "phone": None}},
    ),
    Case(
        "r_u2 a home phone is no credential: blank in the SIS, it goes",
        before=g1(sms=M1, phone=M2),
        tonight=g1(sms=M1),
        after={"G1": {"mobile": E1, "phone": None, "sis_phone": None}},
        notes={"G1": [changed(f"phone {E2} -> none")]},
    ),
    Case(
        "r_u3 an active user keeps contacts and name",
        before=g1(sms=M1, phone=M2),
        accepted=["G1"],
        tonight=g1(email=FRESH, sms=M3, phone=M1, givenName="Other"),
        after={
            "G1": {
                "email": OLD,
                "mobile": E1,
                "phone": E2,
                "given_name": "GivenG1",
                "sis_email": FRESH,
                "sis_mobile": E3,
                "sis_phone": E1,
                "sis_given_name": "Other",
                "account": "active",
            }
        },
        kept={"G1": [email_kept(OLD), name_kept("GivenG1 Family"), phone_kept(E1)]},
    ),
    Case(
        "r_u3 the same of students and staff",
        before=[student("S1"), teacher("T1")],
        accepted=["S1", "T1"],
        tonight=[student("S1", email="x1@students.example.org"), teacher("T1", familyName="Other")],
        after={"S1": {"email": "s1@students.example.org"}, "T1": {"family_name": "Family"}},
        notes={"S1": [email_kept("s1@students.example.org")], "T1": [name_kept("GivenT1 Family")]},
    ),
    Case(
        "r_u3 what an active user edited differs from the SIS: said every night, while no row changes",
        before=g1(sms=M1),
        accepted=["G1"],
        edits={"G1": {"email": OWN, "mobile": M2, "family_name": "Own"}},
        tonight=g1(sms=M1),
        after={"G1": {"email": OWN, "mobile": E2, "family_name": "Own", "sis_email": OLD}},
        notes={"G1": [email_kept(OWN), name_kept("GivenG1 Own"), phone_kept(E2)]},
    ),
    Case(
        "r_u3 a blank of the SIS is not said",
        before=g1(sms=M1),
        accepted=["G1"],
        tonight=g1(email="", sms=""),
        after={"G1": {"email": OLD, "mobile": E1, "sis_email": None, "sis_mobile": None}},
        kept={"G1": []},
    ),
    Case(
        "r_u3 a filled value of the SIS beside a blank one of the user is said as none",
        before=g1(),
        accepted=["G1"],
        tonight=g1(sms=M1),
        after={"G1": {"mobile": None, "sis_mobile": E1}},
        notes={"G1": [phone_kept("none")]},
    ),
    Case(
        "r_u3 the home phone is kept in silence",
        before=g1(sms=M1, phone=M2),
        accepted=["G1"],
        tonight=g1(sms=M1, phone=M3),
        after={"G1": {"phone": E2, "sis_phone": E3}},
        kept={"G1": []},
    ),
    Case(
        "r_u3 a new landline that would serve as the mobile is a new phone number",
        before=g1(phone=M1),
        accepted=["G1"],
        tonight=g1(phone=M2),
        after={"G1": {"mobile": E1, "sis_mobile": E2}},
        notes={"G1": [phone_kept(E1)]},
    ),
    Case(
        "r_u3 the same e-mail and number written otherwise differ in nothing",
        before=g1(sms=M1),
        accepted=["G1"],
        tonight=g1(email=f" G1@{MAIL.upper()}", sms="+1 (206) 555 0101"),
        after={"G1": {"email": OLD, "mobile": E1, "sis_email": OLD, "sis_mobile": E1}},
        notes={"G1": []},
    ),
    Case(
        "r_u3 the SIS that comes round to what the user has is not said any more",
        before=g1(),
        accepted=["G1"],
        edits={"G1": {"email": OWN}},
        tonight=g1(email=OWN),
        after={"G1": {"email": OWN, "sis_email": OWN}},
        kept={"G1": []},
    ),
    Case(
        "r_u5 a blank e-mail clears it while the mobile is held",
        before=g1(sms=M1),
        tonight=g1(email="", sms=M1),
        after={"G1": {"email": None, "mobile": E1, "sis_email": None}},
        notes={"G1": [changed(f"email {OLD} -> none")]},
    ),
    Case(
        "r_u5 a blank mobile clears it while the e-mail is held",
        before=g1(sms=M1),
        tonight=g1(),
        after={"G1": {"email": OLD, "mobile": None}},
        notes={"G1": [changed(f"mobile {E1} -> none")]},
    ),
    Case(
        "r_u5 with both blank both stay",
        before=g1(sms=M1),
        tonight=g1(email=""),
        after={"G1": {"email": OLD, "mobile": E1, "sis_email": None, "sis_mobile": None}},
        notes={"G1": [blank_kept("email", OLD), blank_kept("mobile", E1)]},
    ),
    Case(
        "r_u5 the only one stays",
        before=g1(),
        tonight=g1(email=""),
        after={"G1": {"email": OLD}},
        notes={"G1": [blank_kept("email", OLD)]},
    ),
    Case(
        "r_u5 of students and staff too",
        before=[student("S1"), teacher("T1", sms=M1)],
        tonight=[student("S1", email=""), teacher("T1", email="", sms=M1)],
        after={"S1": {"email": "s1@students.example.org"}, "T1": {"email": None, "mobile": E1}},
        notes={"S1": [blank_kept("email", "s1@students.example.org")]},
    ),
    Case(
        "r_u5 the e-mail goes when the mobile comes in the same night",
        before=g1(),
        tonight=g1(email="", sms=M1),
        after={"G1": {"email": None, "mobile": E1}},
        notes={"G1": [changed(f"email {OLD} -> none", f"mobile none -> {E1}")]},
    ),
    Case(
        "r_u5 the e-mail stays when the mobile that should come belongs to somebody",
        before=[*g1(), guardian("G2", "S1", sms=M1)],
        tonight=[*g1(email="", sms=M1), guardian("G2", "S1", sms=M1)],
        after={"G1": {"email": OLD, "mobile": None}},
        notes={"G1": [blank_kept("email", OLD), taken("Mobile", E1, "G2")]},
    ),
    Case(
        "r_u5 the e-mail goes when the new mobile belongs to somebody but the old one stays",
        before=[*g1(sms=M2), guardian("G2", "S1", sms=M1)],
        tonight=[*g1(email="", sms=M1), guardian("G2", "S1", sms=M1)],
        after={"G1": {"email": None, "mobile": E2}},
        notes={"G1": [changed(f"email {OLD} -> none"), taken("Mobile", E1, "G2")]},
    ),
    Case(
        "r_u5 with both blank the one that somebody else wants goes, the other stays",
        before=g1(sms=M1),
        tonight=[*g1(email=""), guardian("G2", "S1", email=OLD)],
        after={"G1": {"email": None, "mobile": E1}, "G2": {"email": OLD}},
        notes={"G1": [blank_kept("mobile", E1), changed(f"email {OLD} -> none")], "G2": [NEW]},
    ),
    Case(
        "r_u5 the last one goes too, to who wants it",
        before=g1(),
        tonight=[*g1(email=""), guardian("G2", "S1", email=OLD)],
        after={"G1": {"email": None, "mobile": None, "roster_status": "current"}, "G2": {"email": OLD}},
        notes={"G1": [changed(f"email {OLD} -> none")], "G2": [NEW]},
    ),
    Case(
        "r_u5 a value that clears serves who wants it the same night",
        before=[*g1(sms=M1), guardian("G2", "S1", sms=M2)],
        tonight=[*g1(), guardian("G2", "S1", sms=M1)],
        after={"G1": {"email": OLD, "mobile": None}, "G2": {"mobile": E1}},
    ),
    Case(
        "r_u5 an invitee's own value under a blank of the SIS stays only as the last one",
        before=g1(),
        edits={"G1": {"email": OWN}},
        tonight=g1(email=""),
        after={"G1": {"email": OWN}},
        notes={"G1": [blank_kept("email", OWN)]},
    ),
    Case(
        "r_u5 a blank where nothing is held says nothing",
        before=g1(sms=M1, email=""),
        tonight=g1(sms=M1, email=""),
        after={"G1": {"email": None, "mobile": E1}},
        notes={"G1": []},
    ),
    Case(
        "r_u6 all else follows in every state",
        before=[*g1(identifier="1"), student("S2", grades="03"), student("S3", grades="03")],
        accepted=["G1", "S2"],
        tonight=[
            *g1(identifier="2"),
            student("S2", grades="04", orgSourcedIds="B"),
            student("S3", grades="04", enabledUser="false"),
        ],
        after={
            "G1": {"identifier": "2", "account": "active"},
            "S2": {"grades": "04", "school_ids": "B", "account": "active"},
            "S3": {"grades": "04", "account": "disabled"},
        },
        notes={"G1": [changed("identifier 1 -> 2")]},
    ),
    Case(
        "r_u6 a role follows, staff to administrator",
        before=[teacher("T1")],
        accepted=["T1"],
        tonight=[person("T1", "administrator", email="t1@staff.example.org")],
        after={"T1": {"role": "administrator", "roles": "administrator", "account": "active"}},
    ),
    Case(
        "r_u6 a list in another order is no change",
        before=[teacher("T1", orgSourcedIds="A,B")],
        tonight=[teacher("T1", orgSourcedIds="B,A")],
        after={"T1": {"roster_status": "current"}},
        notes={"T1": []},
    ),
    Case(
        "r_u8 staff leave, whoever they are",
        before=[teacher("T1"), person("P1", "administrator"), person("P2", "aide")],
        accepted=["T1"],
        tonight=[],
        after={
            "T1": {"roster_status": "archived", "account": "active", "email": "t1@staff.example.org"},
            "P1": {"roster_status": "archived", "account": "invitee"},
            "P2": {"roster_status": "archived"},
        },
        notes={"T1": [LEFT], "P1": [LEFT], "P2": [LEFT]},
    ),
    Case(
        "r_u8 a row marked tobedeleted, or inactive, is a row that is gone",
        before=[teacher("T1"), teacher("T2"), teacher("T3")],
        tonight=[teacher("T1", status="tobedeleted"), teacher("T2", status="inactive"), teacher("T3", status="active")],
        after={
            "T1": {"roster_status": "archived"},
            "T2": {"roster_status": "archived"},
            "T3": {"roster_status": "current"},
        },
    ),
    Case(
        "r_u8 a rejected row is no leaving",
        before=[teacher("T1")],
        tonight=[teacher("T1", givenName="", familyName="")],
        after={"T1": {"roster_status": "current", "given_name": "GivenT1", "email": "t1@staff.example.org"}},
    ),
]

LOCK_ON = [
    Case(
        "r_u4 a new e-mail is told at the old and the new one, whatever else changes",
        before=g1(sms=M1),
        accepted=["G1"],
        tonight=g1(email=FRESH, sms=M2),
        after={"G1": {"email": FRESH, "mobile": E2, "account": "active"}},
        notes={"G1": [changed(f"email {OLD} -> {FRESH}", f"mobile {E1} -> {E2}")]},
        told=[("G1", "email", OLD), ("G1", "email", FRESH)],
    ),
    Case(
        "r_u4 a new mobile is told at the e-mail",
        before=g1(sms=M1),
        accepted=["G1"],
        tonight=g1(sms=M2),
        after={"G1": {"email": OLD, "mobile": E2}},
        told=[("G1", "email", OLD)],
    ),
    Case(
        "r_u4 without e-mail a new mobile is told at the old and the new one",
        before=g1(email="", sms=M1),
        accepted=["G1"],
        tonight=g1(email="", sms=M2),
        after={"G1": {"mobile": E2}},
        told=[("G1", "sms", E1), ("G1", "sms", E2)],
    ),
    Case(
        "r_u4 name and home phone are set without a message",
        before=g1(phone=M1, sms=M2),
        accepted=["G1"],
        tonight=g1(phone=M3, sms=M2, givenName="Other"),
        after={"G1": {"given_name": "Other", "phone": E3}},
        notes={"G1": [changed("given_name GivenG1 -> Other", f"phone {E1} -> {E3}")]},
        told=[],
    ),
    Case(
        "r_u4 an invitee is told nothing",
        before=g1(),
        tonight=g1(email=FRESH),
        after={"G1": {"email": FRESH}},
        told=[],
    ),
    Case(
        "r_u4 a blank mobile that clears is a change and told",
        before=g1(sms=M1),
        accepted=["G1"],
        tonight=g1(),
        after={"G1": {"email": OLD, "mobile": None}},
        told=[("G1", "email", OLD)],
    ),
    Case(
        "r_u5 with both blank both stay, and nothing is told",
        before=g1(sms=M1),
        accepted=["G1"],
        tonight=g1(email=""),
        after={"G1": {"email": OLD, "mobile": E1}},
        notes={"G1": [blank_kept("email", OLD), blank_kept("mobile", E1)]},
        told=[],
    ),
    Case(
        "r_u4 a taken value changes nothing and is told to nobody",
        before=[*g1(), guardian("G2", "S1")],
        accepted=["G1", "G2"],
        tonight=[*g1(), guardian("G2", "S1", email=OLD)],
        after={"G2": {"email": f"g2@{MAIL}"}},
        notes={"G2": [taken("Email", OLD, "G1")]},
        told=[],
    ),
    Case(
        "r_u4 two active users who swap get each what they want, and both are told",
        before=[*g1(), guardian("G2", "S1")],
        accepted=["G1", "G2"],
        tonight=[*g1(email=f"g2@{MAIL}"), guardian("G2", "S1", email=OLD)],
        after={"G1": {"email": f"g2@{MAIL}"}, "G2": {"email": OLD}},
        told=[(user, "email", value) for user in ("G1", "G2") for value in (OLD, f"g2@{MAIL}")],
    ),
    Case(
        "r_u5 an active user who loses the last value to somebody else is told",
        before=g1(),
        accepted=["G1"],
        tonight=[*g1(email=""), guardian("G2", "S1", email=OLD)],
        after={"G1": {"email": None}, "G2": {"email": OLD}},
        told=[("G1", "email", OLD)],
    ),
    Case(
        "r_u3 with the lock on nothing is kept",
        before=g1(sms=M1),
        accepted=["G1"],
        tonight=g1(email=FRESH, sms=M2, givenName="Other"),
        after={"G1": {"email": FRESH, "mobile": E2, "given_name": "Other"}},
        told=None,
        notes={"G1": [changed("given_name GivenG1 -> Other", f"email {OLD} -> {FRESH}", f"mobile {E1} -> {E2}")]},
    ),
]


@pytest.fixture(scope="module")
def lock_off(tmp_path_factory: pytest.TempPathFactory) -> Lived:
    return Lived(tmp_path_factory.mktemp("lock_off"), LOCK_OFF)


@pytest.fixture(scope="module")
def lock_on(tmp_path_factory: pytest.TempPathFactory) -> Lived:
    return Lived(tmp_path_factory.mktemp("lock_on"), LOCK_ON, update_active_contacts=True)


@pytest.mark.parametrize("case", LOCK_OFF, ids=lambda case: case.name)
def test_r_u_people_with_the_lock_off(lock_off: Lived, case: Case) -> None:
    lock_off.check(case)
    lock_off.kept_again(case)


@pytest.mark.parametrize("case", LOCK_ON, ids=lambda case: case.name)
def test_r_u4_people_with_the_lock_on(lock_on: Lived, case: Case) -> None:
    lock_on.check(case)
    lock_on.kept_again(case)


def test_r_u4_the_lock_turned_on_sets_what_active_users_kept_while_no_file_changed(tmp_path: Path) -> None:
    twins = Twins(tmp_path)
    twins.night(g1(sms=M1))
    twins.accept("G1")
    twins.edit("G1", given_name="Own")
    rows = g1(email=FRESH, sms=M1)
    twins.night(rows)
    twins.configure(update_active_contacts=True)
    report = twins.night(rows)
    assert twins.user("G1", "email", "given_name") == (FRESH, "GivenG1")
    assert report.notes("G1") == [changed("given_name Own -> GivenG1", f"email {OLD} -> {FRESH}")]
    told = [("G1", "email", OLD), ("G1", "email", FRESH)]
    assert twins.messages() == told
    before = twins.state.everything()
    assert twins.night(rows).notes("G1") == []
    assert twins.state.everything() == before
    twins.configure(update_active_contacts=False)
    report = twins.night(g1(email=OLD, sms=M1))
    assert twins.user("G1", "email") == (FRESH,)
    assert report.notes("G1") == [email_kept(FRESH)]
    assert twins.messages() == told


def test_r_u4_edits_of_sis_users_are_refused_while_the_lock_is_on(tmp_path: Path) -> None:
    district = District(tmp_path, update_active_contacts=True)
    district.night([*g1(), teacher("T1")])
    district.accept("G1")
    for user_id in ("G1", "S1", "T1"):
        for by in ("self", "manager"):
            with pytest.raises(RefusedByPolicy):
                district.edit(user_id, by=by, given_name="Own")
    assert district.user("G1")["given_name"] == "GivenG1"
    district.configure(update_active_contacts=False)
    district.edit("G1", email=OWN)
    assert district.user("G1")["email"] == OWN


def test_r_u4_a_message_is_queued_with_the_run_that_caused_it(tmp_path: Path) -> None:
    district = District(tmp_path, update_active_contacts=True)
    district.night(g1())
    district.accept("G1")
    district.night(g1(email=FRESH))
    (runs,) = district.rows("SELECT DISTINCT run_id, template, sent_at FROM roster_outbox")
    latest = district.rows("SELECT max(run_id) AS run_id FROM roster_runs")[0]["run_id"]
    assert runs == {"run_id": latest, "template": "contact-updated", "sent_at": None}


def test_r_u5_a_missing_column_is_not_a_blank(tmp_path: Path) -> None:
    twins = Twins(tmp_path)
    twins.night(g1(sms=M1, phone=M2))
    report = twins.night(g1(), without={"users": ["email", "sms", "phone"]})
    assert twins.user("G1", "email", "mobile", "phone") == (OLD, E1, E2)
    assert report.notes("G1") == []
    assert "MISSING_COLUMN" in {row["code"] for row in report.rows("issues")}
    report = twins.night(g1(), without={"users": ["email"]})
    assert twins.user("G1", "email", "mobile", "phone") == (OLD, None, None)


def test_r_u5_a_kept_blank_clears_once_the_other_value_comes(tmp_path: Path) -> None:
    twins = Twins(tmp_path)
    twins.night(g1())
    twins.night(g1(email=""))
    report = twins.night(g1(email="", sms=M1))
    assert twins.user("G1", "email", "mobile") == (None, E1)
    assert report.notes("G1") == [changed(f"email {OLD} -> none", f"mobile none -> {E1}")]


def test_r_u5_a_kept_blank_clears_once_the_mobile_is_free_though_the_row_did_not_change(tmp_path: Path) -> None:
    twins = Twins(tmp_path)
    twins.night([*g1(), guardian("G2", "S1", sms=M1)])
    waiting = g1(email="", sms=M1)
    twins.night([*waiting, guardian("G2", "S1", sms=M1)])
    assert twins.user("G1", "email", "mobile") == (OLD, None)
    twins.night([*waiting, guardian("G2", "S1", sms=M2)])
    assert twins.user("G1", "email", "mobile") == (None, E1)


def test_r_u8_enrollments_of_staff_who_leave_end_in_active_classes_alone(tmp_path: Path) -> None:
    twins = Twins(tmp_path)
    classes = [school_class("K1"), school_class("K2"), school_class("K3")]
    teaching = [enrollment(f"K{n}", "T1", "teacher") for n in (1, 2, 3)]
    others = [enrollment(f"K{n}", "T2", "teacher") for n in (1, 2, 3)]
    twins.night([teacher("T1"), teacher("T2")], classes, [*teaching, *others])
    twins.night([teacher("T1"), teacher("T2")], [classes[0], classes[2]], [*teaching, *others])  # K2 is archived
    report = twins.night([teacher("T2")], [classes[0]], others)  # K3 is archived in the night that T1 leaves
    assert {pair: status for pair, status in twins.state.enrollments().items() if pair[1] == "T1"} == {
        ("K1", "T1"): "ended",
        ("K2", "T1"): "current",
        ("K3", "T1"): "current",
    }
    ended = [(row["class_id"], row["user_id"], row["action"], row["code"]) for row in report.rows("enrollments")]
    assert ended == [("K1", "T1", "ended", "ENROLLMENT_ENDED")]


def test_r_u8_enrollments_end_with_the_person_though_their_rows_are_still_there(tmp_path: Path) -> None:
    twins = Twins(tmp_path)
    teaching = [enrollment("K1", "T1", "teacher")]
    twins.night([teacher("T1")], [school_class("K1")], teaching)
    twins.night([], [school_class("K1")], teaching)
    assert twins.state.enrollments() == {("K1", "T1"): "ended"}
    twins.night([teacher("T1")], [school_class("K1")], teaching)
    assert twins.state.enrollments() == {("K1", "T1"): "current"}


def test_r_u9_staff_return_with_their_account_and_its_state(tmp_path: Path) -> None:
    twins = Twins(tmp_path)
    twins.night([teacher("T1"), teacher("T2")])
    twins.accept("T1")
    accounts = [twins.user(user_id, "account_id") for user_id in ("T1", "T2")]
    twins.night([])
    back = [teacher("T1", email="new1@staff.example.org"), teacher("T2", email="new2@staff.example.org")]
    report = twins.night(back)
    assert [twins.user(user_id, "account_id") for user_id in ("T1", "T2")] == accounts
    assert twins.user("T1", "roster_status", "account", "email") == ("current", "active", "t1@staff.example.org")
    assert twins.user("T2", "roster_status", "account", "email") == ("current", "invitee", "new2@staff.example.org")
    assert report.codes("T1") == ["ACTIVE_EMAIL_KEPT", "RETURNED"]
    assert RETURNED in report.notes("T2")


def test_r_u9_a_family_returns(tmp_path: Path) -> None:
    twins = Twins(tmp_path)
    rows = [S1, guardian("G1"), student("S2")]
    twins.night(rows)
    twins.accept("G1")
    accounts = {user: twins.user(user, "account_id") for user in ("S1", "G1")}
    twins.night([student("S2")])
    assert twins.state.statuses() == {"S1": "archived", "G1": "archived", "S2": "current"}
    report = twins.night(rows)
    assert twins.state.statuses() == {"S1": "current", "G1": "current", "S2": "current"}
    assert {user: twins.user(user, "account_id") for user in ("S1", "G1")} == accounts
    assert twins.user("G1", "account") == ("active",)
    assert report.notes("S1") == report.notes("G1") == [RETURNED]
    assert twins.state.guardianships() == {("G1", "S1"): "current"}


def test_r_u9_a_guardian_is_back_only_with_a_student_in_the_import(tmp_path: Path) -> None:
    twins = Twins(tmp_path)
    twins.night([S1, guardian("G1"), student("S2")])
    twins.night([student("S2")])
    twins.night([student("S2"), guardian("G1", "S1")])
    assert twins.state.statuses() == {"S1": "archived", "G1": "archived", "S2": "current"}
    twins.night([student("S2"), guardian("G1", "S1,S2")])
    assert twins.state.statuses() == {"S1": "archived", "G1": "current", "S2": "current"}


def test_r_u9_a_student_returns_alone_and_a_guardian_by_the_student(tmp_path: Path) -> None:
    twins = Twins(tmp_path)
    twins.night([student("S1", "G1,G2"), guardian("G1"), guardian("G2")])
    twins.night([])
    report = twins.night([student("S1", "G2"), guardian("G2")])
    assert twins.state.statuses()["S1"] == "current"
    assert twins.state.statuses()["G2"] == "current"
    assert report.notes("G2") == [RETURNED]
