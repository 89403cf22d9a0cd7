"""`[policy.schools]` and *Settings of several schools*: what rules people of schools that differ."""

from __future__ import annotations

from pathlib import Path

import pytest

from rostersync.errors import ConfigurationError, RefusedByPolicy
from tests.policies.district import District, Row, guardian, student, teacher
from tests.policies.tables import Twins

M1, M2 = "206-555-0101", "206-555-0102"
E1, E2 = "+12065550101", "+12065550102"
LOCK = {"update_active_contacts": True}
FRESH = "new@example.org"

# whose schools -> is the lock on, where A and B have it and C (and the district) have not
LOCKED = [("A", True), ("C", False), ("A,B", True), ("A,C", False), ("B,A", True), ("C,A", False)]


@pytest.mark.parametrize(("schools", "locked"), LOCKED)
def test_settings_of_several_schools_the_lock_is_on_only_if_all_say_so(
    tmp_path: Path, schools: str, locked: bool
) -> None:
    twins = Twins(tmp_path, schools={"A": LOCK, "B": LOCK})
    first, *others = schools.split(",")

    def people(**values: str) -> list[Row]:
        """A teacher of the schools, and a guardian of students of them whose own org is elsewhere."""
        family = [student(f"S{number}", "G1", orgSourcedIds=school) for number, school in enumerate([first, *others])]
        return [
            *family,
            teacher("T1", orgSourcedIds=schools, **{name: "t" + value for name, value in values.items()}),
            guardian("G1", orgSourcedIds="C" if locked else "A", **values),
        ]

    twins.night(people())
    twins.accept("T1", "G1")
    report = twins.night(people(email=FRESH))
    emails = (twins.user("T1", "email"), twins.user("G1", "email"))
    if locked:
        assert emails == (("t" + FRESH,), (FRESH,))
        assert report.codes("T1") == report.codes("G1") == ["SIS_UPDATE"]
        with pytest.raises(RefusedByPolicy):
            twins.state.edit("G1", given_name="Own")
    else:
        assert emails == (("t1@staff.example.org",), ("g1@families.example.org",))
        assert report.codes("T1") == report.codes("G1") == ["ACTIVE_EMAIL_KEPT"]
        twins.state.edit("G1", given_name="Own")


def test_settings_of_several_schools_a_student_who_changes_school_changes_the_lock(tmp_path: Path) -> None:
    twins = Twins(tmp_path, schools={"B": LOCK})
    twins.night([student("S1", "G1"), guardian("G1"), student("S2")])
    twins.accept("G1", "S1")
    told = [student("S1", "G1", email=FRESH), guardian("G1", email="g" + FRESH), student("S2")]
    twins.night(told)
    assert twins.user("G1", "email") == ("g1@families.example.org",)
    twins.night([student("S1", "G1", email=FRESH, orgSourcedIds="B"), *told[1:]])  # the guardian's row is unchanged
    assert twins.user("S1", "email") == (FRESH,)
    assert twins.user("G1", "email") == ("g" + FRESH,)


def test_settings_of_several_schools_a_sibling_elsewhere_takes_the_lock_off(tmp_path: Path) -> None:
    twins = Twins(tmp_path, schools={"B": LOCK})
    locked = student("S1", "G1", orgSourcedIds="B")
    twins.night([locked, guardian("G1")])
    twins.accept("G1")
    report = twins.night([locked, student("S2", "G1"), guardian("G1", email=FRESH)])
    assert twins.user("G1", "email") == ("g1@families.example.org",)
    assert report.codes("G1") == ["ACTIVE_EMAIL_KEPT"]


def test_settings_of_several_schools_an_account_of_two_records_has_the_schools_of_both(tmp_path: Path) -> None:
    twins = Twins(tmp_path, schools={"B": LOCK})
    same = {"givenName": "Ana", "familyName": "Ruiz", "email": "ana@example.org"}
    family = student("S1", "G1", orgSourcedIds="B")
    twins.night([family, guardian("G1", **same), teacher("T1", **same)])  # T1 at A: no lock
    twins.accept("G1")
    twins.night([family, guardian("G1", **{**same, "email": FRESH}), teacher("T1", **{**same, "email": FRESH})])
    assert twins.user("G1", "email") == ("ana@example.org",)


def test_policy_schools_a_setting_that_changes_decides_though_no_file_changed(tmp_path: Path) -> None:
    twins = Twins(tmp_path)
    rows = [student("S1", "G1", orgSourcedIds="B"), guardian("G1"), student("S2", "G2"), guardian("G2")]
    twins.night(rows)
    twins.accept("G1", "G2")
    rows = [rows[0], guardian("G1", email=FRESH), rows[2], guardian("G2", email="2" + FRESH)]
    twins.night(rows)
    twins.configure(schools={"B": LOCK})
    twins.night(rows)
    assert twins.user("G1", "email") == (FRESH,)
    assert twins.user("G2", "email") == ("g2@families.example.org",)
    assert [user for user, _, _ in twins.messages()] == ["G1", "G1"]
    twins.configure(**LOCK, schools={"A": {"update_active_contacts": False}})
    twins.night(rows)
    assert twins.user("G2", "email") == ("g2@families.example.org",)
    twins.configure(**LOCK)
    twins.night(rows)
    assert twins.user("G2", "email") == ("2" + FRESH,)


@pytest.mark.parametrize(("schools", "disabled"), [("A", True), ("C", False), ("A,B", True), ("A,C", False)])
def test_settings_of_several_schools_enabled_user_is_followed_only_if_all_say_so(
    tmp_path: Path, schools: str, disabled: bool
) -> None:
    twins = Twins(tmp_path, schools={"C": {"follow_enabled_user": False}})
    family = [student(f"S{number}", "G1", orgSourcedIds=school) for number, school in enumerate(schools.split(","))]
    twins.night(
        [*family, guardian("G1", enabledUser="false"), teacher("T1", orgSourcedIds=schools, enabledUser="false")]
    )
    expected = "disabled" if disabled else "invitee"
    assert (twins.user("T1", "account"), twins.user("G1", "account")) == ((expected,), (expected,))


# phone_credential of A is "phone", of B "sms-then-phone", of C (the district's) "sms"
@pytest.mark.parametrize(
    ("schools", "mobile", "phone"), [("A", E2, None), ("B", E1, E2), ("C", E1, E2), ("A,B", E1, E2), ("B,C", E1, E2)]
)
def test_settings_of_several_schools_the_phone_credential_is_sms_where_they_differ(
    tmp_path: Path, schools: str, mobile: str, phone: str | None
) -> None:
    twins = Twins(
        tmp_path,
        phone_credential="sms",
        schools={"A": {"phone_credential": "phone"}, "B": {"phone_credential": "sms-then-phone"}},
    )
    family = [student(f"S{number}", "G1", orgSourcedIds=school) for number, school in enumerate(schools.split(","))]
    twins.night([*family, guardian("G1", sms=M1, phone=M2, orgSourcedIds="C")])
    assert twins.user("G1", "mobile", "phone") == (mobile, phone)


def test_settings_of_several_schools_a_landline_is_no_mobile_where_they_differ(tmp_path: Path) -> None:
    twins = Twins(tmp_path, phone_credential="phone", schools={"B": {"phone_credential": "sms-then-phone"}})
    twins.night([teacher("T1", orgSourcedIds="A,B", phone=M1), teacher("T2", orgSourcedIds="A,C", phone=M2)])
    assert twins.user("T1", "mobile", "phone") == (None, E1)
    assert twins.user("T2", "mobile", "phone") == (E2, None)  # two schools that agree


def test_settings_of_several_schools_the_phone_credential_of_an_account_of_two_records(tmp_path: Path) -> None:
    twins = Twins(tmp_path)
    same = {"givenName": "Ana", "familyName": "Ruiz", "email": "ana@example.org", "sms": M1}
    rows = [
        student("S1", "G1", orgSourcedIds="B"),
        guardian("G1", **same, phone=M2),
        teacher("T1", **same, phone=M2),
    ]
    twins.night(rows)
    assert twins.user("G1", "account_id") == twins.user("T1", "account_id")
    twins.configure(schools={"A": {"phone_credential": "phone"}})  # T1's school; G1's student is at B
    twins.night(rows)
    assert twins.user("T1", "mobile", "phone") == (E1, E2)


NO_GUARDIANS = {"manage_guardians": False}


def test_settings_of_several_schools_guardians_are_not_managed_if_any_says_so(tmp_path: Path) -> None:
    twins = Twins(tmp_path, schools={"B": NO_GUARDIANS})
    report = twins.night(
        [
            student("S1", "G1,G3"),
            student("S2", "G2,G3", orgSourcedIds="B"),
            guardian("G1", orgSourcedIds="B"),
            guardian("G2"),
            guardian("G3"),
        ]
    )
    assert twins.state.ids() == {"S1", "S2", "G1"}
    assert twins.state.guardianships() == {("G1", "S1"): "current"}
    assert report.rows(id="G2") == report.rows(id="G3") == []


def test_manage_guardians_false_leaves_those_in_the_state_alone(tmp_path: Path) -> None:
    twins = Twins(tmp_path)
    twins.night([student("S1", "G1,G2", orgSourcedIds="B"), guardian("G1"), guardian("G2"), student("S2")])
    twins.configure(schools={"B": NO_GUARDIANS})
    report = twins.night(
        [
            student("S1", orgSourcedIds="B"),
            guardian("G1", email=FRESH, givenName="Other"),
            guardian("G3", "S1"),
            student("S2"),
        ]
    )
    assert twins.user("G1", "email", "given_name", "roster_status") == (
        "g1@families.example.org",
        "GivenG1",
        "current",
    )
    assert twins.state.statuses() == {"S1": "current", "S2": "current", "G1": "current", "G2": "current"}
    assert twins.state.guardianships() == {("G1", "S1"): "current", ("G2", "S1"): "current"}
    assert report.rows("guardianships") == []
    twins.night([student("S2")])  # the student leaves: his guardians are untouched
    assert twins.state.statuses() == {"S1": "archived", "S2": "current", "G1": "current", "G2": "current"}
    assert twins.state.guardianships() == {("G1", "S1"): "current", ("G2", "S1"): "current"}


def test_manage_guardians_turned_on_again_brings_those_of_the_files(tmp_path: Path) -> None:
    twins = Twins(tmp_path, manage_guardians=False)
    rows = [student("S1", "G1"), guardian("G1")]
    report = twins.night(rows)
    assert twins.state.ids() == {"S1"}
    assert report.rows(id="G1") == []
    twins.configure()
    report = twins.night(rows)
    assert report.codes("G1") == ["NEW"]
    assert twins.state.guardianships() == {("G1", "S1"): "current"}
    twins.configure(manage_guardians=False)
    twins.night([student("S1"), guardian("G1", email=FRESH)])
    assert twins.user("G1", "email") == ("g1@families.example.org",)
    assert twins.state.guardianships() == {("G1", "S1"): "current"}
    twins.configure()
    twins.night([student("S1", "G1"), guardian("G1", email=FRESH)])
    assert twins.user("G1", "email") == (FRESH,)


def test_manage_guardians_false_guardians_of_the_import_take_no_credential(tmp_path: Path) -> None:
    twins = Twins(tmp_path, manage_guardians=False)
    twins.night([student("S1", "G1", email="g1@families.example.org"), guardian("G1")])
    assert twins.user("S1", "email") == ("g1@families.example.org",)


def test_policy_schools_an_id_that_neither_import_nor_state_knows_is_an_error(tmp_path: Path) -> None:
    district = District(tmp_path)
    district.night([student("S1")])
    before = district.everything()
    district.configure(schools={"NOWHERE": LOCK})
    with pytest.raises(ConfigurationError, match="NOWHERE") as error:
        district.night([student("S1"), student("S2")])
    assert error.value.exit_code == 2
    assert district.everything() == before


def test_policy_schools_an_id_that_only_the_state_knows_is_none(tmp_path: Path) -> None:
    district = District(tmp_path)
    district.night([student("S1", orgSourcedIds="C")])
    district.configure(schools={"C": LOCK})
    district.night([student("S2")], schools=["A", "B"])
    assert district.statuses() == {"S1": "archived", "S2": "current"}
