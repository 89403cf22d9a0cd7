"""What comes first in a report of more rows than a page or sheet shows."""

import random

import pytest

from rostersync.model.notes import Action, Code, actions_of
from rostersync.model.report import TABLE_COLUMNS
from rostersync.reports.seriousness import SERIOUSNESS, most_serious


def test_every_action_and_code_has_its_place_once():
    placed = [(action, code) for action, codes in SERIOUSNESS.items() for code in codes]
    assert len(placed) == len(set(placed))
    assert set(placed) == {(action, code) for code in Code for action in actions_of(code)}
    assert set(SERIOUSNESS) == set(Action)


def ids(frame):
    return frame["id"].to_list()


USERS = [
    {"id": "new", "action": "added", "code": "NEW", "notes": "A"},
    {"id": "kept-name", "action": "kept", "code": "ACTIVE_NAME_KEPT", "notes": "A"},
    {"id": "kept-login", "action": "kept", "code": "CREDENTIAL_TAKEN", "notes": "Z"},
    {"id": "gone", "action": "removed", "code": "FAMILY_LEFT", "notes": "Z"},
    {"id": "archived", "action": "archived", "code": "FAMILY_LEFT", "notes": "A"},
    {"id": "held", "action": "held", "code": "GUARD_HELD", "notes": "Z"},
    {"id": "rejected-2", "action": "rejected", "code": "REJECTED_ROW", "notes": "B"},
    {"id": "rejected-3", "action": "rejected", "code": "REJECTED_ROW", "notes": "A"},
    {"id": "rejected-1", "action": "rejected", "code": "REJECTED_ROW", "notes": "B"},
]
ORDERED = [
    *("held", "rejected-3", "rejected-1", "rejected-2", "gone", "archived", "kept-login", "kept-name", "new"),
]


@pytest.mark.parametrize("most", range(1, 11))
def test_by_action_then_code_then_notes_then_id(make_tables, most):
    rows = random.Random(most).sample(USERS, len(USERS))
    found = most_serious(make_tables(users=rows).users, "users", TABLE_COLUMNS["users"], most)
    assert ids(found) == ORDERED[:most]


def test_blanks_are_texts_and_columns_come_as_asked(make_tables):
    found = most_serious(make_tables(users=USERS[:1]).users, "users", ("id", "email", "action"), 5)
    assert found.columns == ["id", "email", "action"]
    assert found.rows() == [("new", "", "added")]


def test_what_a_later_version_says_comes_first(make_tables):
    rows = [*USERS, {"id": "unknown", "action": "added", "code": "LATER", "notes": "Z"}]
    assert ids(most_serious(make_tables(users=rows).users, "users", ("id", "action", "code"), 2)) == ["unknown", "held"]


def test_findings_come_as_in_the_csv_errors_first_then_by_place(make_tables):
    rows = [
        {"severity": "warning", "file": "a.csv", "line": 1, "id": "4"},
        {"severity": "error", "file": "b.csv", "line": 10, "id": "3"},
        {"severity": "error", "file": "b.csv", "line": 9, "id": "2"},
        {"severity": "error", "file": "a.csv", "line": None, "id": "1"},
    ]
    for most in (2, 4):
        found = most_serious(make_tables(issues=rows).issues, "issues", TABLE_COLUMNS["issues"], most)
        assert ids(found) == ["1", "2", "3", "4"][:most]
    assert found["line"].to_list() == ["", "9", "10", "1"]


def test_rows_alike_in_everything_are_all_there(make_tables):
    rows = [{"id": f"{number:04}", "action": "added", "code": "NEW", "notes": "N"} for number in range(50)]
    random.Random(1).shuffle(rows)
    found = most_serious(make_tables(users=rows).users, "users", ("id",), 20)
    assert sorted(ids(found)) == [f"{number:04}" for number in range(20)]


def test_an_empty_table_has_none(make_tables):
    assert most_serious(make_tables().users, "users", TABLE_COLUMNS["users"], 5).height == 0
