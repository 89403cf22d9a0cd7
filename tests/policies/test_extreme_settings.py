"""R-F2, R-F7 and R-U9 beside accounts, settings that change, manual guardians and older states."""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path

import pytest

from rostersync.state import schema
from tests.policies.district import guardian, student
from tests.policies.tables import Twins
from tests.policies.test_families import add_manual_guardian
from tests.state.first_schema import make_first_schema

EXTREME, SOFT = {"abandoned_families": "extreme"}, {"abandoned_families": "soft"}
FAMILY = [student("S1", "G1"), student("S2", "G1"), guardian("G1")]


def left(codes: str) -> tuple[str, str, str]:
    action = "removed" if codes == "extreme" else "archived"
    return (action, "FAMILY_LEFT", f"Family no longer in the SIS import ({codes}).")


def test_r_u9_the_account_keeps_its_state_and_contacts_through_removal_and_return(tmp_path: Path) -> None:
    twins = Twins(tmp_path, **EXTREME)
    twins.night(FAMILY)
    twins.accept("G1")
    twins.edit("G1", mobile="206-555-0101")
    fields = ("account_id", "account", "email", "mobile", "given_name")
    before = twins.user("G1", *fields)
    twins.night([])
    assert twins.user("G1", *fields) == before
    assert twins.user("G1", "roster_status", "school_access", "announcements") == ("removed", 0, 0)
    twins.night(FAMILY)
    assert twins.user("G1", *fields) == before
    assert twins.user("G1", "roster_status", "school_access") == ("current", 1)


def test_r_f2_who_is_removed_keeps_the_schools_the_sis_said_last_and_has_access_to_none(tmp_path: Path) -> None:
    twins = Twins(tmp_path, **EXTREME)
    twins.night([student("S1", orgSourcedIds="A,B")])
    report = twins.night([])
    assert twins.user("S1", "school_ids", "school_access") == ("A,B", 0)
    assert twins.state.access() == set()
    assert report.rows(id="S1")[0]["roster_status"] == "removed"


def test_r_f2_the_change_is_in_the_history_with_its_action(tmp_path: Path) -> None:
    twins = Twins(tmp_path, **EXTREME)
    twins.night(FAMILY)
    twins.night(FAMILY[1:])
    report = twins.night([])
    # A sibling who was archived earlier is removed tonight, and counts among the removals.
    tried = {kind: report.summary["schools"][kind]["A"]["tried_to_remove"] for kind in ("students", "guardians")}
    assert tried == {"students": 2, "guardians": 1}
    query = "SELECT action, code, before, after FROM roster_changes WHERE id = 'S1' ORDER BY run_id"
    assert [tuple(row.values()) for row in twins.state.rows(query)] == [
        ("added", "NEW", None, None),
        ("archived", "LEFT_SIS", "current", "archived"),
        ("removed", "FAMILY_LEFT", "archived", "removed"),
    ]


@pytest.mark.parametrize(("then", "later"), [(SOFT, EXTREME), (EXTREME, SOFT)], ids=["soft", "extreme"])
def test_r_f7_a_later_change_of_setting_changes_nothing_that_was_decided(
    tmp_path: Path, then: dict[str, str], later: dict[str, str]
) -> None:
    twins = Twins(tmp_path, **then)
    twins.night([*FAMILY, student("S3", "G3"), guardian("G3")])
    twins.night([*FAMILY, student("S3", "G3"), guardian("G3")])
    twins.night([FAMILY[0], FAMILY[2], student("S3", "G3"), guardian("G3")])  # S2 leaves, the family stays
    twins.night([student("S3", "G3"), guardian("G3")])
    decided = twins.state.statuses()
    twins.configure(**later)
    for _ in range(2):
        report = twins.night([student("S3", "G3"), guardian("G3")])
        assert report.rows() == []
        assert twins.state.statuses() == decided
    report = twins.night([])
    assert report.notes("S3") == report.notes("G3") == [left(later["abandoned_families"])]
    assert twins.state.statuses() == {**decided, "S3": report.rows(id="S3")[0]["roster_status"]} | {
        "G3": report.rows(id="G3")[0]["roster_status"]
    }


@pytest.mark.parametrize(("first", "then"), [(SOFT, EXTREME), (EXTREME, SOFT)], ids=["to extreme", "to soft"])
def test_r_f7_the_mode_is_that_of_the_night_in_which_the_family_is_abandoned(
    tmp_path: Path, first: dict[str, str], then: dict[str, str]
) -> None:
    twins = Twins(tmp_path, **first)
    twins.night(FAMILY)
    twins.night(FAMILY[1:])
    twins.configure(**then)
    report = twins.night([])
    status = "removed" if then is EXTREME else "archived"
    assert twins.state.statuses() == dict.fromkeys(("S1", "S2", "G1"), status)
    assert report.notes("S2") == report.notes("G1") == [left(then["abandoned_families"])]
    assert report.notes("S1") == ([left("extreme")] if then is EXTREME else [])


def test_r_f7_a_family_comes_back_and_leaves_under_another_setting(tmp_path: Path) -> None:
    twins = Twins(tmp_path, **EXTREME)
    twins.night(FAMILY)
    twins.night([])
    twins.configure(**SOFT)
    twins.night(FAMILY)
    assert set(twins.state.statuses().values()) == {"current"}
    twins.night([])
    assert set(twins.state.statuses().values()) == {"archived"}


def test_r_f5_manual_guardians_keep_nobody_from_being_removed_and_stay_themselves(tmp_path: Path) -> None:
    twins = Twins(tmp_path, **EXTREME)
    twins.night(FAMILY)
    twins.in_both(lambda district: add_manual_guardian(district, "local:1", "S1"))
    twins.night(FAMILY[1:])
    twins.night([])
    assert twins.state.statuses() == {**dict.fromkeys(("S1", "S2", "G1"), "removed"), "local:1": "current"}
    assert twins.state.guardianships()["local:1", "S1"] == "current"
    assert twins.state.access() == set()


def test_r_g4_guardians_of_the_state_who_are_not_managed_stay_while_the_student_is_removed(tmp_path: Path) -> None:
    twins = Twins(tmp_path, **EXTREME)
    twins.night(FAMILY)
    twins.configure(**EXTREME, manage_guardians=False)
    twins.night(FAMILY[1:2])
    assert twins.state.statuses() == {"S1": "archived", "S2": "current", "G1": "current"}
    twins.night([])
    assert twins.state.statuses() == {"S1": "removed", "S2": "removed", "G1": "current"}


def test_r_v3_a_rejected_row_of_the_guardian_removes_the_student_and_nobody_else(tmp_path: Path) -> None:
    twins = Twins(tmp_path, **EXTREME)
    twins.night([student("S1", "G1"), guardian("G1")])
    twins.night([guardian("G1", familyName="")])
    assert twins.state.statuses() == {"S1": "removed", "G1": "current"}
    report = twins.night([])
    assert twins.state.statuses() == {"S1": "removed", "G1": "removed"}
    assert report.notes("G1") == [left("extreme")]


def test_r_v3_while_rows_cannot_be_read_nobody_is_removed(tmp_path: Path) -> None:
    twins = Twins(tmp_path, **EXTREME)
    twins.night(FAMILY)
    twins.night(FAMILY[1:])
    twins.night([student("", "")])
    assert twins.state.statuses() == {"S1": "archived", "S2": "current", "G1": "current"}


def test_r_f7_in_a_state_of_the_first_schema_who_left_with_the_family_is_not_decided_again(tmp_path: Path) -> None:
    twins = Twins(tmp_path, **SOFT)
    stays = [student("S2", "G1"), guardian("G1")]
    twins.night([student("S1", "G1"), *stays, student("S3", "G3"), guardian("G3"), student("S4")])
    twins.night(stays)
    twins.in_both(lambda district: _as_first_schema(district.folder / "state.db"))
    twins.configure(**EXTREME)
    twins.night(stays)
    assert twins.state.statuses() == {
        "S1": "archived", "S2": "current", "G1": "current", "S3": "archived", "G3": "archived", "S4": "archived"
    }  # fmt: skip
    twins.night([])
    assert twins.state.statuses() == {
        "S1": "removed", "S2": "removed", "G1": "removed", "S3": "archived", "G3": "archived", "S4": "archived"
    }  # fmt: skip


def _as_first_schema(path: Path) -> None:
    """What later schemas added is taken out again."""
    first = path.with_name("first.db")
    make_first_schema(first)
    with contextlib.closing(sqlite3.connect(first)) as connection:
        before = _columns(connection)
    first.unlink()
    with contextlib.closing(sqlite3.connect(path)) as connection:
        for (view,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'view'").fetchall():
            connection.execute(f"DROP VIEW {view}")
        for table, columns in _columns(connection).items():
            if table not in before:
                connection.execute(f"DROP TABLE {table}")
            for column in columns - before.get(table, columns):
                connection.execute(f"ALTER TABLE {table} DROP COLUMN {column}")
        connection.execute("UPDATE alembic_version SET version_num = '0001'")
        connection.execute("PRAGMA user_version = 1")
        connection.commit()
    assert schema.SCHEMA_VERSION > 1


def _columns(connection: sqlite3.Connection) -> dict[str, set[str]]:
    tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
    return {name: {row[1] for row in connection.execute(f"PRAGMA table_info({name})")} for (name,) in tables}
