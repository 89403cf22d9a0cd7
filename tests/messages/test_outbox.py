"""R-U4: what is queued with a change, and that nothing is written where a template is wrong."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from rostersync.errors import ConfigurationError
from tests.policies.district import District, guardian, student, teacher

LOCKED = {"update_active_contacts": True}
CHILD = student("S1", "G1,G2", email="")
OLD, NEW = "old.mail@families.example.org", "new.mail@families.example.org"
M1, M2 = "206-555-0101", "206-555-0102"


def queued(district: District) -> list[dict[str, Any]]:
    return district.rows("SELECT * FROM roster_outbox ORDER BY address")


def changed(folder: Path, before: dict[str, str], after: dict[str, str]) -> District:
    """An active guardian whose row said one thing and says another tonight."""
    district = District(folder, **LOCKED)
    district.night([CHILD, guardian("G1", **before)])
    district.accept("G1")
    district.night([CHILD, guardian("G1", **after)])
    return district


def test_r_u4_the_texts_stand_in_the_outbox_one_per_address(tmp_path: Path) -> None:
    district = changed(tmp_path, {"email": OLD}, {"email": NEW})
    new, old = queued(district)
    assert list(new)[-2:] == ["subject", "body"]
    assert (new["address"], old["address"]) == (NEW, OLD)
    assert new["subject"] == old["subject"] == "School district: your contact details have changed"
    assert f"E-mail: o***@f***.org -> {NEW}" in new["body"]
    assert f"E-mail: {OLD} -> n***@f***.org" in old["body"]
    assert NEW not in old["body"]
    assert OLD not in new["body"]
    assert "GivenG1" not in old["body"]
    district.night([CHILD, guardian("G1", email=NEW)])
    assert len(queued(district)) == 2


def test_r_u4_an_sms_has_no_subject(tmp_path: Path) -> None:
    district = changed(tmp_path, {"email": "", "sms": M1}, {"email": "", "sms": M2})
    assert [(row["channel"], row["address"], row["subject"]) for row in queued(district)] == [
        ("sms", "+12065550101", None),
        ("sms", "+12065550102", None),
    ]
    assert "+12065550101 -> ***02" in queued(district)[0]["body"]
    assert "***01 -> +12065550102" in queued(district)[1]["body"]


def test_r_u4_the_new_holder_of_an_old_address_learns_nothing_of_the_one_who_had_it(tmp_path: Path) -> None:
    """Two active guardians swap: each old address is the other's by now."""
    district = District(tmp_path, **LOCKED)
    people = {"G1": {"givenName": "Anastasia", "sms": M1}, "G2": {"givenName": "Bartholomew", "sms": M2}}
    district.night([CHILD, guardian("G1", email=OLD, **people["G1"]), guardian("G2", email=NEW, **people["G2"])])
    district.accept("G1", "G2")
    district.night([CHILD, guardian("G1", email=NEW, **people["G1"]), guardian("G2", email=OLD, **people["G2"])])
    assert len(queued(district)) == 4
    for row in queued(district):
        holder = {OLD: "Bartholomew", NEW: "Anastasia"}[row["address"]]
        other = {"Bartholomew": "Anastasia", "Anastasia": "Bartholomew"}[holder]
        assert other not in row["body"]
        assert ({OLD, NEW} - {row["address"]}).pop() not in row["body"]


def test_r_u4_an_archived_active_account_that_loses_its_e_mail_is_told_who_it_was_not_who_has_it(
    tmp_path: Path,
) -> None:
    district = District(tmp_path)
    district.night([CHILD, guardian("G1", email=NEW), teacher("T1", email=OLD)])
    district.accept("T1")
    district.night([CHILD, guardian("G1", email=OLD)])
    (row,) = queued(district)
    assert (row["user_id"], row["address"]) == ("T1", OLD)
    assert f"{OLD} -> none" in row["body"]
    assert "T1" not in row["body"]


def test_r_u4_the_districts_own_wording_and_name(tmp_path: Path) -> None:
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates" / "contact-updated.email.txt.j2").write_text("Grüße von {{ district }}\n", encoding="utf-8")
    (tmp_path / "templates" / "contact-updated.email.subject.j2").write_text("one\n  two\n", encoding="utf-8")
    district = changed(tmp_path, {"email": OLD}, {"email": NEW})
    assert {(row["subject"], row["body"]) for row in queued(district)} == {("one two", "Grüße von School district")}


@pytest.mark.parametrize("dry_run", [True, False])
def test_r_u4_a_wrong_template_refuses_the_night_and_nothing_is_written(tmp_path: Path, dry_run: bool) -> None:
    district = District(tmp_path, **LOCKED)
    district.night([CHILD, guardian("G1")])
    before, runs = district.everything(), district.rows("SELECT * FROM roster_runs")
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates" / "contact-updated.sms.txt.j2").write_text("{{ phone }}", encoding="utf-8")
    with pytest.raises(ConfigurationError, match=r"contact-updated\.sms\.txt\.j2, line 1: there is no variable phone"):
        district.night([CHILD], dry_run=dry_run)
    assert district.everything() == before
    assert district.rows("SELECT * FROM roster_runs") == runs
