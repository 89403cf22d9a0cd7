"""What people do by day in a district: accounts, guardians and classes by hand."""

from __future__ import annotations

import sqlite3
from typing import Any
from unittest import mock

from rostersync.state import class_edits, links, manual_guardians
from tests.policies.district import District


def link(district: District, one: str, other: str) -> list[dict[str, Any]]:
    """`users link`."""
    return links.link(_state(district), one, other)


def unlink(district: District, user_id: str) -> list[dict[str, Any]]:
    """`users unlink`."""
    return links.unlink(_state(district), user_id)


def add_guardian(district: District, student_id: str, guardian_id: str, **values: str) -> str:
    """`guardians add`, of somebody new whose id is to be this one; gives the result's word."""
    values = {"given_name": "By", "family_name": "Hand"} | values
    with mock.patch("rostersync.state.manual_guardians.new_local_id", return_value=guardian_id):
        return str(manual_guardians.add(_state(district), "US", student_id, values)["result"])


def add_known_guardian(district: District, student_id: str, guardian_id: str) -> str:
    """`guardians add --guardian`."""
    return str(manual_guardians.add_known(_state(district), student_id, guardian_id)["result"])


def remove_guardian(district: District, guardian_id: str, student_id: str) -> str:
    """`guardians remove`."""
    return str(manual_guardians.remove(_state(district), guardian_id, student_id)["result"])


def rename(district: District, class_id: str, title: str) -> None:
    """`classes rename`."""
    class_edits.rename(_state(district), class_id, title)


def create_class(district: District, class_id: str, title: str = "Chess", school: str = "A") -> None:
    """`classes create`, of a class whose id is to be this one."""
    with mock.patch("rostersync.state.class_edits.new_local_id", return_value=class_id):
        assert class_edits.create(_state(district), title, school) == class_id


def enroll(district: District, class_id: str, *user_ids: str, role: str = "student") -> list[Any]:
    """`classes add`; gives the results' words."""
    return [row["result"] for row in class_edits.add(_state(district), class_id, user_ids, role)]


def remove(district: District, class_id: str, *user_ids: str) -> list[Any]:
    """`classes remove`; gives the results' words."""
    return [row["result"] for row in class_edits.remove(_state(district), class_id, user_ids)]


def archive(district: District, class_id: str) -> str:
    """`classes archive`; gives the result's word."""
    return str(class_edits.archive(_state(district), class_id)["result"])


def edits(district: District) -> list[tuple[Any, ...]]:
    """The trace: kind, record, field, before, after."""
    with sqlite3.connect(_state(district)) as connection:
        return connection.execute("SELECT kind, record_id, field, before, after FROM edits ORDER BY number").fetchall()


def to_review(district: District) -> set[str]:
    """Users and classes that the next sync looks at."""
    query = "SELECT id FROM users WHERE review UNION SELECT id FROM classes WHERE review"
    with sqlite3.connect(_state(district)) as connection:
        return {row[0] for row in connection.execute(query)}


def _state(district: District) -> Any:
    return district.folder / "state.db"
