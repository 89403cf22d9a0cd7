"""R-U1 to R-U10: people who come, change, leave and return."""

from __future__ import annotations

from pathlib import Path

from tests.policies.district import District, guardian, student, teacher


def test_r_u1_new_users_are_invitees_with_the_sis_values(tmp_path: Path) -> None:
    district = District(tmp_path)
    report = district.night([student("S1", "G1"), guardian("G1", sms="206-555-0101")])
    assert district.user("S1")["account"] == "invitee"
    assert district.user("G1")["email"] == "g1@families.example.org"
    assert district.user("G1")["mobile"] == "+12065550101"
    assert report.notes("G1") == [("added", "NEW", "New in the SIS import.")]


def test_r_u2_invitees_follow_the_sis_whatever_was_edited(tmp_path: Path) -> None:
    district = District(tmp_path)
    district.night([student("S1", "G1"), guardian("G1")])
    district.edit("G1", email="own@families.example.org", given_name="Own")
    assert district.user("G1")["email"] == "own@families.example.org"
    report = district.night([student("S1", "G1"), guardian("G1")])
    assert district.user("G1")["email"] == "g1@families.example.org"
    assert district.user("G1")["given_name"] == "GivenG1"
    assert report.notes("G1") == [
        (
            "updated",
            "SIS_UPDATE",
            "Updated from the SIS: given_name Own -> GivenG1; email own@families.example.org -> g1@families.example.org",
        )
    ]


def test_r_u3_active_users_keep_their_own_and_the_report_says_so_every_night(tmp_path: Path) -> None:
    district = District(tmp_path)
    district.night([student("S1", "G1"), guardian("G1", sms="206-555-0101")])
    district.accept("G1")
    changed = guardian("G1", email="new@families.example.org", sms="206-555-0199", givenName="Other")
    for _ in range(2):
        report = district.night([student("S1", "G1"), changed])
        assert report.notes("G1") == [
            ("kept", "ACTIVE_EMAIL_KEPT", "Active user has a new email in the SIS import - g1@families.example.org."),
            ("kept", "ACTIVE_NAME_KEPT", "Active user has a new name in the SIS import - GivenG1 Family."),
            ("kept", "ACTIVE_PHONE_KEPT", "Active user has a new phone number in the SIS import - +12065550101."),
        ]
    assert district.user("G1")["email"] == "g1@families.example.org"
    assert district.user("G1")["sis_email"] == "new@families.example.org"


def test_r_u4_with_the_lock_on_the_sync_sets_contacts_and_tells_both_addresses(tmp_path: Path) -> None:
    district = District(tmp_path, update_active_contacts=True)
    district.night([student("S1", "G1"), guardian("G1")])
    district.accept("G1")
    district.night([student("S1", "G1"), guardian("G1", email="new@families.example.org")])
    assert district.user("G1")["email"] == "new@families.example.org"
    messages = district.rows("SELECT user_id, channel, template, address FROM roster_outbox ORDER BY address")
    assert [tuple(message.values()) for message in messages] == [
        ("G1", "email", "contact-updated", "g1@families.example.org"),
        ("G1", "email", "contact-updated", "new@families.example.org"),
    ]
    district.night([student("S1", "G1"), guardian("G1", email="new@families.example.org")])
    assert len(district.rows("SELECT * FROM roster_outbox")) == 2


def test_r_u8_staff_leave_and_r_u9_return_with_their_account(tmp_path: Path) -> None:
    district = District(tmp_path)
    district.night([teacher("T1")])
    district.accept("T1")
    account = district.user("T1")["account_id"]
    report = district.night([])
    assert district.user("T1")["roster_status"] == "archived"
    assert report.notes("T1") == [("archived", "LEFT_SIS", "No longer in the SIS import.")]
    report = district.night([teacher("T1")])
    assert district.user("T1")["roster_status"] == "current"
    assert (district.user("T1")["account_id"], district.user("T1")["account"]) == (account, "active")
    assert report.notes("T1") == [("restored", "RETURNED", "Back in the SIS import.")]


def test_r_u10_staff_and_guardian_record_of_one_person_share_an_account(tmp_path: Path) -> None:
    district = District(tmp_path)
    same = {"givenName": "Ana", "familyName": "Ruiz", "email": "ana@example.org", "sms": "206-555-0101"}
    report = district.night([teacher("T1", **same), student("S1", "G1"), guardian("G1", **same)])
    assert district.user("T1")["account_id"] == district.user("G1")["account_id"]
    assert report.notes("G1") == [("linked", "SAME_PERSON", "Same person as T1; one account serves both.")]
