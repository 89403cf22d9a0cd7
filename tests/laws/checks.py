"""What every night has to obey, as checks on a state and a report (policies.md, *Always*, Access)."""

from __future__ import annotations

import contextlib
import hashlib
import random
import sqlite3
from pathlib import Path
from typing import Any

from rostersync.state.checking import broken
from tests.laws.stories import Night, class_rows, enrollment_rows, tell, user_rows
from tests.policies import district as harness
from tests.policies.district import District, Report

KINDS = ("users", "classes", "enrollments", "guardianships")
CHANGES = frozenset({"added", "linked", "updated", "archived", "removed", "ended", "restored"})
SAID_ONLY = frozenset({"kept", "withheld", "held", "rejected"})
Rows = dict[str, list[tuple[str, ...]]]


def report_rows(report: Report) -> Rows:
    """The rows of the four CSVs, in order of their content, without the lines that notes name."""
    return {
        kind: sorted(tuple(_without_line(value) for value in row.values()) for row in report.rows(kind))
        for kind in KINDS
    }


def issue_rows(report: Report) -> list[tuple[str, ...]]:
    """The rows of issues.csv, lines apart."""
    return sorted(
        tuple(value for key, value in row.items() if key not in {"line", "message"}) for row in report.rows("issues")
    )


def _without_line(value: str) -> str:
    head, found, tail = value.partition(" line ")
    return f"{head} line {tail.lstrip('0123456789')}" if found else value


def state_of(district: District) -> dict[str, list[tuple[Any, ...]]]:
    """All public views; runs by their number, times left out."""
    everything = district.everything()
    runs = [row["run_id"] for row in district.rows("SELECT run_id FROM roster_runs ORDER BY run_id")]
    number = {run_id: index for index, run_id in enumerate(runs)}
    everything["changes"] = sorted(((number[row[0]], *row[1:]) for row in everything["changes"]), key=repr)
    everything["outbox"] = sorted(((row[1:5], number[row[5]], row[8:]) for row in everything["outbox"]), key=repr)
    return everything


def differences(one: dict[str, list[Any]], other: dict[str, list[Any]]) -> dict[str, tuple[list[Any], list[Any]]]:
    """What only the one and what only the other has; empty where they are equal."""
    found = {}
    for name in one.keys() | other.keys():
        left, right = one.get(name, []), other.get(name, [])
        only = [row for row in left if row not in right], [row for row in right if row not in left]
        if any(only) or len(left) != len(right):
            found[name] = only
    return found


def changes_in(report: Report) -> list[dict[str, str]]:
    """Report rows that say something changed."""
    return [row for kind in KINDS for row in report.rows(kind) if row["action"] in CHANGES]


def state_digest(district: District) -> str:
    """A digest of the state's bytes, those not yet in the main file among them."""
    state = hashlib.sha256()
    for name in ("state.db", "state.db-wal"):
        path = district.folder / name
        state.update(path.read_bytes() if path.exists() else b"")
    return state.hexdigest()


def check_dry_run_and_repeat(district: District, night: Night, *, full: bool = True) -> Report:
    """R-A3 before and R-A1 after a night: the dry run said it all, and the same import again changes nothing."""
    before = state_digest(district)
    said = tell(district, night, dry_run=True)
    assert state_digest(district) == before, "R-A3: a dry run wrote to the state"
    report = tell(district, night)
    assert isinstance(said, Report)
    assert isinstance(report, Report)
    wrong = differences(report_rows(said), report_rows(report))
    assert not wrong, f"R-A3: the dry run said, the run did: {wrong}"
    assert issue_rows(said) == issue_rows(report), "R-A3: issues"
    check_repeat(district, night, full=full)
    return report


LEFT_BY_RUNS = frozenset({"runs", "report_tables", "before_images"})
"""Tables in which every run leaves something, whether it changes anything or not."""
OF_RUNS = frozenset({"snapshot", "based_on"})
"""Facts that name a run: the snapshot's, and the set that later deltas follow on."""


def every_row(district: District) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table but those in which every run leaves something, and every fact but those that name it."""
    with contextlib.closing(sqlite3.connect(f"file:{district.folder / 'state.db'}?mode=ro", uri=True)) as state:
        tables = {name for (name,) in state.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        found = {name: state.execute(f"SELECT * FROM {name}").fetchall() for name in tables - LEFT_BY_RUNS}
    found["meta"] = [row for row in found["meta"] if row[0] not in OF_RUNS]
    return {name: sorted(rows, key=repr) for name, rows in found.items()}


def check_repeat(district: District, night: Night, *, full: bool = True) -> None:
    """R-A1: the same import again changes no row of any table; with `full` once more with a look at everything.

    It reports only what is kept, withheld, held or rejected, both times the same.
    """
    before = every_row(district)
    said = []
    for everything in (False, True) if full else (False,):
        again = tell(district, night, full=everything)
        assert isinstance(again, Report)
        assert not changes_in(again), f"R-A1: reported again: {changes_in(again)}"
        wrong = differences(before, every_row(district))
        assert not wrong, f"R-A1: before and after the second run{' --full' * everything}: {wrong}"
        said.append(report_rows(again))
    wrong = differences(said[0], said[-1])
    assert not wrong, f"R-A1: the second run, and the third one with --full, said: {wrong}"


def shuffled(district: District, night: Night, seed: int) -> Report:
    """R-A2: the night with rows and columns in another order."""
    order = random.Random(seed)
    rows = [user_rows(night), class_rows(night), enrollment_rows(night)]
    for part in rows:
        order.shuffle(part)
    headers = {name: list(getattr(harness, name)) for name in ("USER_HEADER", "CLASS_HEADER", "ENROLLMENT_HEADER")}
    try:
        for name, header in headers.items():
            setattr(harness, name, order.sample(header, len(header)))
        return district.night(*rows, without={"users": night.without})
    finally:
        for name, header in headers.items():
            setattr(harness, name, header)


def check_unique(path: Path) -> None:
    """No two accounts hold the same e-mail, nor the same mobile; the state's own checks hold."""
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    try:
        for credential in ("email", "mobile"):
            query = f"SELECT {credential} FROM roster_users WHERE {credential} IS NOT NULL"
            rows = connection.execute(f"{query} GROUP BY 1 HAVING count(DISTINCT account_id) > 1").fetchall()
            assert not rows, f"two accounts hold {rows}"
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
        wrong = [each for each in broken(connection) if each.count]
        assert not wrong, f"what `state check` calls broken: {wrong}"
    finally:
        connection.close()


def check_access(district: District) -> None:
    """Access, derived naively: own schools of students and staff, schools of current students of guardians."""
    users = {row["id"]: row for row in district.rows("SELECT * FROM roster_users")}
    pairs = district.rows("SELECT * FROM roster_guardianships WHERE status = 'current'")
    expected = set()
    for user in users.values():
        if user["roster_status"] != "current" or user["account"] == "disabled":
            continue
        roles = set(user["roles"].split(","))
        if roles - {"guardian"}:
            expected |= {(user["id"], school) for school in (user["school_ids"] or "").split(",") if school}
        if "guardian" in roles:
            students = [users[pair["student_id"]] for pair in pairs if pair["guardian_id"] == user["id"]]
            schools = [s["school_ids"] or "" for s in students if s["roster_status"] == "current"]
            expected |= {(user["id"], school) for listed in schools for school in listed.split(",") if school}
    found = {(row["user_id"], row["school_id"]) for row in district.rows("SELECT * FROM roster_access")}
    assert found == expected, f"Access: only in the view {found - expected}, missing {expected - found}"
    shown = {user["id"] for user in users.values() if user["school_access"]}
    assert shown == {user for user, _ in expected}, "Access: school_access and roster_access differ"
    assert shown == {user["id"] for user in users.values() if user["announcements"]}, "Access: announcements"


def check_reported(before: dict[str, dict[str, Any]], after: dict[str, dict[str, Any]], report: Report) -> None:
    """Every change of a record has a report row, and every row that tells of a change has a change."""
    named = {
        "users": lambda row: row["id"],
        "classes": lambda row: row["id"],
        "enrollments": lambda row: f"{row['class_id']} {row['user_id']}",
        "guardianships": lambda row: f"{row['guardian_id']} {row['student_id']}",
    }
    for kind in KINDS:
        rows = report.rows(kind)
        assert {row["action"] for row in rows} <= CHANGES | SAID_ONLY
        told = {named[kind](row) for row in rows if row["action"] in CHANGES}
        said = {named[kind](row) for row in rows}
        keys = before[kind].keys() | after[kind].keys()
        moved = {key for key in keys if before[kind].get(key) != after[kind].get(key)}
        assert moved <= said, f"{kind} changed without a word: {_shown(moved - said, before[kind], after[kind])}"
        assert told <= moved, f"{kind} said to change, and did not: {told - moved}"


def _shown(keys: set[str], before: dict[str, Any], after: dict[str, Any]) -> dict[str, Any]:
    return {key: list(zip(before.get(key, ()), after.get(key, ()), strict=False)) for key in keys}


def records(district: District) -> dict[str, dict[str, Any]]:
    """Rows of the four views by what names them in reports; derived columns left out."""
    derived = {"school_access", "announcements"}
    users = district.rows("SELECT * FROM roster_users")
    found: dict[str, dict[str, Any]] = {
        "users": {row["id"]: tuple(item for item in row.items() if item[0] not in derived) for row in users},
        "classes": {row["id"]: tuple(row.items()) for row in district.rows("SELECT * FROM roster_classes")},
        "enrollments": {},
        "guardianships": {
            f"{row['guardian_id']} {row['student_id']}": tuple(row.items())
            for row in district.rows("SELECT * FROM roster_guardianships")
        },
    }
    for row in district.rows("SELECT * FROM roster_enrollments ORDER BY role"):
        key = f"{row['class_id']} {row['user_id']}"
        found["enrollments"][key] = (*found["enrollments"].get(key, ()), *row.items())
    return found


def standing(district: District) -> set[tuple[str, ...]]:
    """What is current or active: users, classes, guardianships and enrollments."""
    query = "SELECT id FROM roster_classes WHERE status = 'active'"
    found: set[tuple[str, ...]] = {("class", row["id"]) for row in district.rows(query)}
    found |= {("user", user) for user, status in district.statuses().items() if status == "current"}
    found |= {("guardianship", *pair) for pair, status in district.guardianships().items() if status == "current"}
    found |= {("enrollment", *key) for key, status in district.enrollments().items() if status == "current"}
    return found


def check_no_removal(before: set[tuple[str, ...]], sound: District, broken: District, what: str) -> None:
    """Whatever stood before and stands after a sound night stands after the same night with one row broken."""
    lost = (before & standing(sound)) - standing(broken)
    assert not lost, f"{what} removed {sorted(lost)}"
