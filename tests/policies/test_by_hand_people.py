"""R-U10 by hand, R-F5, R-C1, R-U4: accounts linked and parted, guardians added and removed by people."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from rostersync.errors import ConfigurationError, RefusedByPolicy
from tests.policies import by_hand
from tests.policies.district import District, guardian, student, teacher
from tests.policies.tables import Twins

S1, S2, T1 = student("S1"), student("S2"), teacher("T1")
G1, G2 = guardian("G1", "S1"), guardian("G2", "S1")
MAIL = {"email": "by@hand.example.org"}
FIELDS = ("email", "mobile", "account")


@pytest.fixture
def twins(tmp_path: Path) -> Twins:
    return Twins(tmp_path)


def accounts(twins: Twins, *user_ids: str) -> list[int]:
    """The accounts of these users."""
    return [twins.state.user(user_id)["account_id"] for user_id in user_ids]


def one_account(twins: Twins, *user_ids: str) -> bool:
    """Whether these users share one account."""
    return len(set(accounts(twins, *user_ids))) == 1


# --- R-U10: linked by hand ------------------------------------------------------------------------------------------


def test_r_u10_linked_by_hand_the_leading_record_gives_the_account_and_no_sync_parts_them(twins: Twins) -> None:
    twins.night([S1, T1, G1])
    before = accounts(twins, "T1")
    twins.in_both(lambda it: by_hand.link(it, "G1", "T1"))
    assert accounts(twins, "T1", "G1") == before * 2
    for _ in range(2):
        told = sorted(twins.night([S1, T1, G1]).notes("G1"))
        assert accounts(twins, "T1", "G1") == before * 2
        assert twins.user("G1", *FIELDS) == ("t1@staff.example.org", None, "invitee")
        assert told == [
            ("kept", "LINKED_RECORD_DIFFERS", f"{field} differs from T1, the leading record of the same account.")
            for field in ("email", "given_name")
        ]


def test_r_u10_linked_by_hand_active_survives_and_the_login_stays_that_of_the_leading_record(twins: Twins) -> None:
    twins.night([S1, T1, guardian("G1", "S1", sms="206-555-0101", phone="206-555-0102")])
    twins.accept("G1")
    twins.in_both(lambda it: by_hand.link(it, "T1", "G1"))
    assert twins.user("T1", *FIELDS, "phone") == ("t1@staff.example.org", "+12065550101", "active", "+12065550102")
    twins.night([S1, T1, guardian("G1", "S1", sms="206-555-0101", phone="206-555-0102")])
    assert twins.user("G1", *FIELDS) == ("t1@staff.example.org", "+12065550101", "active")
    assert one_account(twins, "T1", "G1")


def test_r_u10_linked_by_hand_who_had_no_login_has_the_other_ones(twins: Twins) -> None:
    twins.night([S1, guardian("G1", "S1", email="both@x.example")])
    twins.accept("G1")
    rows = [S1, guardian("G1", "S1", email="both@x.example"), teacher("T1", email="both@x.example")]
    assert "CREDENTIAL_TAKEN" in twins.night(rows).codes("T1")
    twins.in_both(lambda it: by_hand.link(it, "T1", "G1"))
    report = twins.night(rows)
    assert twins.user("T1", *FIELDS) == ("both@x.example", None, "active")
    assert "CREDENTIAL_TAKEN" not in report.codes("T1") + report.codes("G1")


def test_r_u10_linked_by_hand_who_wanted_the_freed_address_gets_it(twins: Twins) -> None:
    rows = [S1, T1, G1, student("S2", email="g1new@x.example")]
    twins.night(rows[:3])
    twins.accept("G1")
    twins.edit("G1", email="g1new@x.example")
    assert twins.night(rows).codes("S2") == ["CREDENTIAL_TAKEN", "NEW"]
    twins.in_both(lambda it: by_hand.link(it, "T1", "G1"))
    assert twins.night(rows).codes("S2") == ["SIS_UPDATE"]
    assert twins.user("S2", "email") == ("g1new@x.example",)


def test_r_u3_an_address_that_somebody_active_gave_up_goes_to_who_wants_it(twins: Twins) -> None:
    rows = [S1, G1, student("S2", email="g1new@x.example")]
    twins.night(rows[:2])
    twins.accept("G1")
    twins.edit("G1", email="g1new@x.example")
    twins.night(rows)
    twins.edit("G1", email="g1newer@x.example")
    twins.night(rows)
    assert twins.user("S2", "email") == ("g1new@x.example",)


def test_r_u10_linked_by_hand_counter_students_never_are(tmp_path: Path) -> None:
    district = District(tmp_path)
    district.night([S1, S2, T1, G1])
    before = district.everything()
    for pair in (("S1", "S2"), ("T1", "S1"), ("S1", "G1")):
        with pytest.raises(RefusedByPolicy, match="S1"):
            by_hand.link(district, *pair)
    for pair in (("T1", "X9"), ("T1", "T1")):
        with pytest.raises(ConfigurationError):
            by_hand.link(district, *pair)
    assert district.everything() == before
    assert by_hand.edits(district) == []


def test_r_u10_linked_by_hand_all_of_both_accounts_follow(twins: Twins) -> None:
    twins.night([S1, T1, G1, G2])
    twins.in_both(lambda it: by_hand.link(it, "G1", "G2"))
    twins.in_both(lambda it: by_hand.link(it, "G2", "T1"))
    twins.night([S1, T1, G1, G2])
    assert one_account(twins, "T1", "G1", "G2")
    twins.in_both(lambda it: by_hand.link(it, "G1", "T1"))
    assert len(by_hand.edits(twins.state)) == len([e for e in by_hand.edits(twins.state) if e[2] != "account_id"]) + 3


def test_r_u10_linked_by_hand_who_left_follows_who_is_here(twins: Twins) -> None:
    twins.night([S1, T1, G1])
    twins.night([S1, G1])
    here = accounts(twins, "G1")
    twins.in_both(lambda it: by_hand.link(it, "T1", "G1"))
    assert accounts(twins, "T1", "G1") == here * 2
    twins.night([S1, G1])
    assert twins.user("G1", *FIELDS) == ("g1@families.example.org", None, "invitee")


def test_r_u7_r_u10_linked_by_hand_it_is_disabled_while_all_its_records_say_so(twins: Twins) -> None:
    off = teacher("T1", enabledUser="false")
    twins.night([S1, off, G1])
    assert twins.user("T1", "account") == ("disabled",)
    twins.in_both(lambda it: by_hand.link(it, "T1", "G1"))
    assert twins.user("T1", "account") == ("invitee",)
    twins.night([S1, off, G1])
    assert twins.user("G1", "account") == ("invitee",)
    twins.night([S1, off, guardian("G1", "S1", enabledUser="false")])
    assert twins.user("G1", "account") == ("disabled",)
    twins.in_both(lambda it: by_hand.unlink(it, "G1"))
    twins.night([S1, off, G1])
    assert (twins.user("T1", "account"), twins.user("G1", "account")) == (("disabled",), ("invitee",))


def test_r_u10_linked_by_hand_leaves_a_trace_and_is_looked_at(tmp_path: Path) -> None:
    district = District(tmp_path)
    district.night([S1, T1, guardian("G1", "S1", sms="206-555-0101")])
    district.accept("G1")
    stays, goes = (district.user(user_id)["account_id"] for user_id in ("T1", "G1"))
    by_hand.link(district, "T1", "G1")
    assert by_hand.edits(district)[1:] == [
        ("users", "G1", "account_id", str(goes), str(stays)),
        ("users", "G1", "given_name", "GivenG1", None),
        ("users", "G1", "family_name", "Family", None),
        ("users", "G1", "email", "g1@families.example.org", None),
        ("users", "G1", "mobile", "+12065550101", None),
        ("users", "T1", "mobile", None, "+12065550101"),
        ("users", "T1", "state", "invitee", "active"),
    ]
    assert by_hand.to_review(district) == {"T1", "G1"}


# --- R-U10: parted by hand ------------------------------------------------------------------------------------------

SAME = {"givenName": "Ana", "email": "ana@x.example", "sms": "206-555-0101"}
TEACHER, PARENT = teacher("T1", **SAME), guardian("G1", "S1", **SAME)


def test_r_u10_parted_by_hand_no_sync_joins_them_again(twins: Twins) -> None:
    assert "SAME_PERSON" in twins.night([S1, TEACHER, PARENT]).codes("G1")
    twins.accept("T1")
    twins.in_both(lambda it: by_hand.unlink(it, "G1"))
    assert twins.user("G1", *FIELDS, "given_name") == (None, None, "active", "Ana")
    for night in ([S1, TEACHER, PARENT], [S1, TEACHER], [S1, TEACHER, PARENT], [TEACHER], [S1, TEACHER, PARENT]):
        twins.night(night)
        assert not one_account(twins, "T1", "G1")
        assert twins.user("T1", *FIELDS) == ("ana@x.example", "+12065550101", "active")
    assert twins.user("G1", "roster_status") == ("current",)


def test_r_u10_parted_by_hand_has_the_sis_values_that_nobody_else_holds(twins: Twins) -> None:
    rows = [S1, TEACHER, guardian("G1", "S1", **SAME | {"email": "ana@home.example"})]
    twins.night([S1, TEACHER, PARENT])
    assert "LINKED_RECORD_DIFFERS" in twins.night(rows).codes("G1")
    twins.in_both(lambda it: by_hand.unlink(it, "G1"))
    assert twins.user("G1", *FIELDS) == ("ana@home.example", None, "invitee")
    report = twins.night(rows)
    assert report.codes("G1") == ["CREDENTIAL_TAKEN"]
    assert twins.user("T1", *FIELDS) == ("ana@x.example", "+12065550101", "invitee")


def test_r_u10_parted_by_hand_the_leading_record_can_be_the_one_who_goes(twins: Twins) -> None:
    rows = [S1, TEACHER, guardian("G1", "S1", **SAME | {"email": "ana@home.example"})]
    twins.night([S1, TEACHER, PARENT])
    twins.night(rows)
    twins.in_both(lambda it: by_hand.unlink(it, "T1"))
    assert twins.user("T1", *FIELDS) == (None, None, "invitee")
    twins.night(rows)
    assert twins.user("T1", "email") == ("ana@x.example",)
    assert twins.user("G1", *FIELDS) == ("ana@home.example", "+12065550101", "invitee")


def test_r_u10_parted_by_hand_who_alone_is_current_keeps_the_login(twins: Twins) -> None:
    twins.night([S1, TEACHER, PARENT])
    twins.accept("G1")
    twins.night([S1, PARENT])
    twins.in_both(lambda it: by_hand.unlink(it, "G1"))
    for _ in range(2):
        assert twins.user("G1", *FIELDS, "roster_status") == ("ana@x.example", "+12065550101", "active", "current")
        assert twins.user("T1", *FIELDS, "roster_status") == (None, None, "active", "archived")
        twins.night([S1, PARENT])
    assert not one_account(twins, "T1", "G1")


def test_r_u10_parted_by_hand_and_linked_again(twins: Twins) -> None:
    twins.night([S1, TEACHER, PARENT])
    twins.in_both(lambda it: by_hand.unlink(it, "G1"))
    twins.in_both(lambda it: by_hand.link(it, "G1", "T1"))
    twins.night([S1, TEACHER, PARENT])
    assert one_account(twins, "T1", "G1")


def test_r_u10_parted_by_hand_counter_who_is_alone_stays_so(tmp_path: Path) -> None:
    district = District(tmp_path)
    district.night([S1, T1])
    before = district.everything()
    assert [row["note"] for row in by_hand.unlink(district, "T1")] == ["had an account of its own already"]
    with pytest.raises(ConfigurationError):
        by_hand.unlink(district, "X9")
    assert district.everything() == before


# --- R-F5, R-C1: guardians by hand ----------------------------------------------------------------------------------


def test_r_f5_a_guardian_added_by_hand_has_access_while_the_student_is_current(twins: Twins) -> None:
    twins.night([S1, G1])
    twins.in_both(
        lambda it: by_hand.add_guardian(it, "S1", "local:g", email=" By@Hand.Example.org", mobile="2065550109")
    )
    assert twins.user("local:g", *FIELDS, "role", "origin", "given_name") == (
        "by@hand.example.org",
        "+12065550109",
        "invitee",
        "guardian",
        "manual",
        "By",
    )
    assert twins.night([S1, G1]).codes("local:g") == []
    assert ("local:g", "A") in twins.state.access()
    report = twins.night()
    assert twins.state.statuses() == {"S1": "archived", "G1": "archived", "local:g": "current"}
    assert report.codes("S1") == report.codes("G1") == ["FAMILY_LEFT"]
    assert twins.state.access() == set()
    assert twins.state.guardianships()["local:g", "S1"] == "current"
    twins.night([S1, G1])
    assert ("local:g", "A") in twins.state.access()


@pytest.mark.parametrize("managed", [True, False])
def test_r_f5_a_sis_guardian_s_manual_guardianship_keeps_no_family_either(twins: Twins, managed: bool) -> None:
    twins.configure(manage_guardians=managed)
    twins.configure()
    twins.night([S1, S2, G1])

    def relate_by_hand(district: District) -> None:
        with sqlite3.connect(district.folder / "state.db") as connection:
            connection.execute("INSERT INTO guardianships VALUES ('G1', 'S2', 'current', 'manual', NULL)")
            connection.execute("UPDATE users SET review = 1 WHERE id IN ('G1', 'S2')")

    twins.in_both(relate_by_hand)
    twins.configure(manage_guardians=managed)
    without = {} if managed else {"without": {"users": ["agentSourcedIds"]}}
    assert twins.night([S2, G1], **without).codes("S1") == ["FAMILY_LEFT"]


def test_r_f5_one_guardian_by_hand_for_two_students(twins: Twins) -> None:
    twins.night([S1, S2])
    twins.in_both(lambda it: by_hand.add_guardian(it, "S1", "local:g", **MAIL))
    twins.in_both(lambda it: _equal(by_hand.add_known_guardian(it, "S2", "local:g"), "added"))
    twins.in_both(lambda it: _equal(by_hand.add_known_guardian(it, "S2", "local:g"), "related already"))
    twins.night([S1, S2])
    twins.in_both(lambda it: _equal(by_hand.remove_guardian(it, "local:g", "S1"), "ended"))
    twins.night([S1, S2])
    assert twins.user("local:g", "roster_status") == ("current",)
    twins.in_both(lambda it: by_hand.remove_guardian(it, "local:g", "S2"))
    assert twins.user("local:g", "roster_status") == ("archived",)
    twins.night([S1, S2])
    assert "local:g" not in {user for user, _ in twins.state.access()}
    twins.in_both(lambda it: _equal(by_hand.add_known_guardian(it, "S1", "local:g"), "added"))
    twins.night([S1, S2])
    assert ("local:g", "A") in twins.state.access()
    assert by_hand.to_review(twins.state) == set()


def test_r_c2_what_a_removed_guardian_held_goes_to_who_wants_it(twins: Twins) -> None:
    rows = [S1, guardian("G1", "S1", **MAIL)]
    twins.night([S1])
    twins.in_both(lambda it: by_hand.add_guardian(it, "S1", "local:g", **MAIL))
    (told,) = twins.night(rows).notes("G1")
    assert told[1:] == (
        "NO_UNIQUE_CREDENTIAL",
        "Guardian not added: no unique contact credential; by@hand.example.org belongs to local:g",
    )
    twins.in_both(lambda it: by_hand.remove_guardian(it, "local:g", "S1"))
    assert twins.night(rows).codes("G1") == ["NEW"]
    assert twins.user("G1", "email") == ("by@hand.example.org",)
    assert twins.user("local:g", "email") == (None,)

    def add_again(district: District) -> None:
        with pytest.raises(RefusedByPolicy, match="no e-mail and no mobile"):
            by_hand.add_known_guardian(district, "S1", "local:g")
        district.edit("local:g", email="other@hand.example.org")
        by_hand.add_known_guardian(district, "S1", "local:g")

    twins.in_both(add_again)
    twins.night(rows)
    assert twins.user("local:g", "email", "roster_status") == ("other@hand.example.org", "current")


def test_r_c1_what_somebody_who_left_held_is_free_once_it_is_cleared_there(twins: Twins) -> None:
    twins.night([S1, S2, guardian("G1", "S2")])
    twins.night([S1])

    def take_over(district: District) -> None:
        with pytest.raises(RefusedByPolicy, match="they are archived: clear it there"):
            by_hand.add_guardian(district, "S1", "local:g", email="g1@families.example.org")
        district.edit("G1", by="manager", email="")
        by_hand.add_guardian(district, "S1", "local:g", email="g1@families.example.org")

    twins.in_both(take_over)
    twins.night([S1])
    assert twins.user("local:g", "email") == ("g1@families.example.org",)
    assert "CREDENTIAL_TAKEN" in twins.night([S1, S2, guardian("G1", "S2")]).codes("G1")
    assert twins.user("local:g", "email") == ("g1@families.example.org",)


def test_r_u10_the_sis_brings_the_guardian_added_by_hand(twins: Twins) -> None:
    rows = [S1, guardian("G1", "S1", givenName="By", familyName="Hand", **MAIL)]
    twins.night([S1])
    twins.in_both(lambda it: by_hand.add_guardian(it, "S1", "local:g", **MAIL))
    assert "SAME_PERSON" in twins.night(rows).codes("G1")
    assert one_account(twins, "G1", "local:g")
    twins.configure(update_active_contacts=True)
    twins.accept("local:g")
    with pytest.raises(RefusedByPolicy):
        twins.edit("local:g", email="other@hand.example.org")
    twins.night([S1])
    assert twins.user("local:g", "roster_status", "email") == ("current", "by@hand.example.org")
    twins.edit("local:g", email="other@hand.example.org")
    twins.night([S1])
    assert twins.user("local:g", "roster_status", "email") == ("current", "other@hand.example.org")


@pytest.mark.parametrize("by", ["self", "manager"])
def test_r_u4_guardians_added_by_hand_stay_editable_under_the_lock(twins: Twins, by: str) -> None:
    twins.configure(update_active_contacts=True)
    twins.night([S1, G1])
    twins.in_both(lambda it: by_hand.add_guardian(it, "S1", "local:g", **MAIL))
    twins.accept("local:g")
    twins.edit("local:g", by=by, email="other@hand.example.org", given_name="Bye")
    for _ in range(2):
        twins.night([S1, G1])
        assert twins.user("local:g", *FIELDS, "given_name") == ("other@hand.example.org", None, "active", "Bye")
    twins.in_both(lambda it: by_hand.link(it, "local:g", "G1"))
    with pytest.raises(RefusedByPolicy):
        twins.edit("local:g", by=by, email="by@hand.example.org")


@pytest.mark.parametrize(
    ("act", "error"),
    [
        (lambda it: by_hand.add_guardian(it, "S9", "local:n", **MAIL), ConfigurationError),
        (lambda it: by_hand.add_guardian(it, "S1", "local:n", email="no mail"), ConfigurationError),
        (lambda it: by_hand.add_guardian(it, "S1", "local:n", given_name=" ", **MAIL), ConfigurationError),
        (lambda it: by_hand.add_guardian(it, "T1", "local:n", **MAIL), RefusedByPolicy),
        (lambda it: by_hand.add_guardian(it, "S2", "local:n", **MAIL), RefusedByPolicy),  # left
        (lambda it: by_hand.add_guardian(it, "S1", "local:n"), RefusedByPolicy),  # R-C1: no credential
        (
            lambda it: by_hand.add_guardian(it, "S1", "local:n", email="t1@staff.example.org", mobile="2065550109"),
            RefusedByPolicy,
        ),
        (lambda it: by_hand.add_known_guardian(it, "S1", "G1"), RefusedByPolicy),  # of the SIS
        (lambda it: by_hand.add_known_guardian(it, "S2", "local:g"), RefusedByPolicy),  # left
        (lambda it: by_hand.add_known_guardian(it, "S1", "local:x"), ConfigurationError),
        (lambda it: by_hand.remove_guardian(it, "G1", "S1"), RefusedByPolicy),  # of the SIS
        (lambda it: by_hand.remove_guardian(it, "local:g", "S2"), ConfigurationError),  # never related
        (lambda it: by_hand.remove_guardian(it, "local:x", "S1"), ConfigurationError),
    ],
)
def test_r_c1_r_f5_what_is_refused_changes_nothing(
    tmp_path: Path, act: Callable[[District], object], error: type[Exception]
) -> None:
    district = District(tmp_path)
    district.night([S1, S2, T1, G1])
    district.night([S1, T1, G1])
    by_hand.add_guardian(district, "S1", "local:g", email="there@hand.example.org")
    before, trace = district.everything(), by_hand.edits(district)
    with pytest.raises(error):
        act(district)
    assert (district.everything(), by_hand.edits(district)) == (before, trace)


def _equal(found: object, expected: object) -> None:
    assert found == expected
