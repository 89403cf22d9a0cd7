"""The program's state and the oracle's, side by side."""

from __future__ import annotations

from typing import Any

from tests.laws.by_hand import ByHand
from tests.laws.oracle.by_hand import follow
from tests.laws.oracle.night import Oracle
from tests.laws.stories import Accept, Configure, Edit, Night, Step, tell
from tests.policies.district import District, Report

STANDING = {"T0", "K0"}
"""The teacher and the class that every night of the harness has."""
ROLES = {"staff": "teacher", "guardian": "guardian", "student": "student"}
UNTOLD = frozenset({"SIS_UPDATE", "REJECTED_ROW", "UNREADABLE_ROWS"})
"""Codes that the oracle does not tell."""
SIS = ("given_name", "family_name", "email", "mobile", "phone")


def by_program(district: District, report: Report) -> dict[str, dict[Any, Any]]:
    """What is compared: users with their accounts, guardianships, enrollments, classes, and what the report says."""
    users = [row for row in district.rows("SELECT * FROM roster_users") if row["id"] not in STANDING]
    shared: dict[int, list[str]] = {}
    for row in users:
        shared.setdefault(row["account_id"], []).append(row["id"])
    names = ("role", "school_ids", *SIS, "account", "roster_status", *(f"sis_{name}" for name in SIS))
    told = {(row["id"], row["code"]) for row in report.rows() if row["code"] not in UNTOLD}
    return {
        "users": {
            row["id"]: {name: row[name] or "" for name in names} | {"people": sorted(shared[row["account_id"]])}
            for row in users
        },
        "guardianships": district.guardianships(),
        "classes": {
            row["id"]: (row["title"], row["sis_title"] or "", row["school_id"], row["status"])
            for row in district.rows("SELECT * FROM roster_classes")
            if row["id"] not in STANDING
        },
        "enrollments": {
            (row["class_id"], row["user_id"], row["role"]): (row["status"], row["origin"])
            for row in district.rows("SELECT * FROM roster_enrollments")
            if row["user_id"] not in STANDING
        },
        "codes": {key: "said" for key in told if key[0] not in STANDING},
    }


def by_oracle(oracle: Oracle) -> dict[str, dict[Any, Any]]:
    """The same of the oracle."""
    shared: dict[int, list[str]] = {}
    for user in oracle.users.values():
        shared.setdefault(user.account, []).append(user.id)
    users = {}
    for user in oracle.users.values():
        account = oracle.accounts[user.account]
        users[user.id] = {
            "role": ROLES[user.kind],
            "school_ids": user.schools,
            **{name: getattr(account, name) for name in SIS},
            "account": "disabled" if account.disabled else account.state,
            "roster_status": user.status,
            **{f"sis_{name}": getattr(user, name) for name in SIS},
            "people": sorted(shared[user.account]),
        }
    return {
        "users": users,
        "guardianships": oracle.pairs,
        "classes": {
            key: (known.title, known.sis_title, known.school, known.status) for key, known in oracle.classes.items()
        },
        "enrollments": {
            key: (status, "manual" if key in oracle.manual else "sis") for key, status in oracle.enrollments.items()
        },
        "codes": dict.fromkeys(oracle.codes, "said"),
    }


def check_step(district: District, oracle: Oracle, step: Step) -> Report | bool:
    """Play a step on both and compare them after a night; gives what `tell` gives."""
    done = tell(district, step)
    match step:
        case Night():
            oracle.night(step)
            assert isinstance(done, Report)
            program, expected = by_program(district, done), by_oracle(oracle)
            wrong = {kind: _differing(program[kind], expected[kind]) for kind in program}
            wrong = {kind: items for kind, items in wrong.items() if items}
            assert not wrong, "\n".join(f"{kind}: {item}" for kind, items in wrong.items() for item in items)
        case Configure():
            oracle.settings = step
        case Accept() if done:
            oracle.accept(step.user_id)
        case Edit() if done:
            oracle.edit(step)
        case ByHand() if done:
            follow(oracle, step)
    return done


def _differing(program: dict[Any, Any], expected: dict[Any, Any]) -> list[str]:
    found = []
    for key in sorted(program.keys() | expected.keys()):
        one, other = program.get(key), expected.get(key)
        if isinstance(one, dict) and isinstance(other, dict):
            found += [
                f"{key} {name} is {one[name]!r}, expected {other[name]!r}" for name in one if one[name] != other[name]
            ]
        elif one != other:
            found.append(f"{key} is {one!r}, expected {other!r}")
    return found
