"""Rows of the import that the state does not reflect are kept, with what is said of them (policies.md R-V5)."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

import pytest

from tests.policies.district import District, Row, enrollment, guardian, school_class, student

FAMILY = [student("S1"), guardian("G1", "S1")]
TWIN = guardian("G2", "S1", email="g1@families.example.org")


@pytest.fixture
def district(tmp_path: Path) -> District:
    return District(tmp_path)


def waiting(district: District) -> dict[tuple[str, str], tuple[bool, str | None]]:
    """(kind, id) -> whether it is a deletion, and the code."""
    return {(r["kind"], r["id"]): (bool(r["deleted"]), r["code"]) for r in district.rows("SELECT * FROM waiting")}


def cells(district: District, kind: str, record: str) -> dict[str, object]:
    row = district.rows("SELECT cells FROM waiting WHERE kind = ? AND id = ?", kind, record)[0]
    return dict(json.loads(row["cells"]))


def nights(district: District, users: Iterable[Row], classes: Iterable[Row] = (), enrolled: Iterable[Row] = ()) -> None:
    """The night, and again: the second writes nothing (R-A1)."""
    args = (list(users), list(classes), list(enrolled))
    district.night(*args)
    rows = district.rows("SELECT * FROM waiting")
    district.night(*args)
    assert district.rows("SELECT * FROM waiting") == rows
    district.night(*args, shuffle=7)
    assert district.rows("SELECT * FROM waiting") == rows
    district.night(*args, full=True)
    assert district.rows("SELECT * FROM waiting") == rows


def test_withheld_guardians_wait_with_the_note(district: District) -> None:
    nights(district, [*FAMILY, TWIN, guardian("G3", "")])
    assert waiting(district) == {
        ("users", "G2"): (False, "NO_UNIQUE_CREDENTIAL"),
        ("users", "G3"): (False, "NO_STUDENT"),
    }
    note = district.rows("SELECT notes FROM waiting WHERE id = 'G2'")[0]["notes"]
    assert note == "Guardian not added: no unique contact credential; g1@families.example.org belongs to G1"
    row = cells(district, "users", "G2")
    assert (row["given_name"], row["email"], row["agents"], row["sms"]) == (
        "GivenG2",
        "g1@families.example.org",
        "S1",
        None,
    )
    nights(district, [FAMILY[0], TWIN, guardian("G3", "S1")])
    assert waiting(district) == {}, "both are there now"


def test_whoever_is_in_the_state_as_the_row_says_does_not_wait(district: District) -> None:
    nights(district, [*FAMILY, student("S2", orgSourcedIds="B,A")])
    assert waiting(district) == {}
    nights(district, [*FAMILY, student("S2", orgSourcedIds="A,B", email="no mail")])
    assert waiting(district) == {}


def test_a_withheld_guardian_whose_row_goes_waits_no_more(district: District) -> None:
    nights(district, [*FAMILY, TWIN])
    nights(district, FAMILY)
    assert waiting(district) == {}


def test_rejected_rows_wait_with_what_is_wrong(district: District) -> None:
    broken = [student("S2", familyName=""), guardian("G2", "S2") | {"role": "wizard"}, guardian("", "S1")]
    nights(district, [*FAMILY, *broken], [school_class("K1", title="")], [enrollment("K0", "S9")])
    assert waiting(district) == {
        ("users", "S2"): (False, "REJECTED_ROW"),
        ("users", "G2"): (False, "REJECTED_ROW"),
        ("classes", "K1"): (False, "REJECTED_ROW"),
        ("enrollments", "K0-S9-student"): (False, "UNKNOWN_USER"),
    }
    kept = cells(district, "users", "G2")
    assert kept["rejected"] == [{"sourced_id": "G2", "agents": "S2", "school_ids": "A"}]
    assert [finding["finding"] for finding in kept["findings"]] == ["UNKNOWN_ROLE"]
    nights(district, [*FAMILY, student("S2")], [school_class("K1")])
    assert waiting(district) == {}


def test_enrollments_without_effect_wait(district: District) -> None:
    nights(district, [*FAMILY], [school_class("K1")], [enrollment("K1", "S1"), enrollment("K0", "S1")])
    assert waiting(district) == {}
    nights(district, [*FAMILY], [], [enrollment("K1", "S1"), enrollment("K0", "S1")])
    assert waiting(district) == {("enrollments", "K1-S1-student"): (False, None)}
    nights(district, [*FAMILY], [], [enrollment("K0", "S1")])
    assert waiting(district) == {}, "R-K1: it stays as it was, and is not in the import"


def test_rows_of_one_member_wait_behind_each_other(district: District) -> None:
    twice = [enrollment("K0", "S1", sourcedId="E2", primary="true"), enrollment("K0", "S1", sourcedId="E1")]
    nights(district, FAMILY, [], twice)
    assert set(waiting(district)) == {("enrollments", "E1"), ("enrollments", "E2")}, "neither says what the state holds"
    nights(district, FAMILY, [], twice[:1])
    assert waiting(district) == {}


def test_guardians_who_are_not_managed_and_classes_that_stay_archived(tmp_path: Path) -> None:
    district = District(tmp_path, manage_guardians=False, restore_classes=False)
    nights(district, FAMILY, [school_class("K1")])
    nights(district, FAMILY)
    nights(district, FAMILY, [school_class("K1")])
    assert waiting(district) == {("users", "G1"): (False, None), ("classes", "K1"): (False, "CLASS_STAYS_ARCHIVED")}
    district.configure(manage_guardians=True, restore_classes=True)
    nights(district, FAMILY, [school_class("K1")])
    assert waiting(district) == {}


def test_a_guardian_whose_row_stands_while_he_is_archived_waits(district: District) -> None:
    nights(district, [*FAMILY, student("S2")])
    nights(district, [FAMILY[1], student("S2")])
    assert district.statuses()["G1"] == "archived"
    assert waiting(district) == {("users", "G1"): (False, None)}
    nights(district, [student("S2")])
    assert waiting(district) == {}
