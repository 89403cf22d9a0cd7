"""What no night may do, read from the state before and after it (policies.md, Access, R-U3, R-U4, R-G2, R-F6, R-V2)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from hypothesis import note

from tests.laws import checks
from tests.laws.marked_findings import check_marks, open_findings
from tests.laws.stories import Configure, Night, Step, tell, user_rows
from tests.policies.district import District, Report

CONTACTS = ("given_name", "family_name", "email", "mobile", "phone")
LOCK = "update_active_contacts"


def live(story: list[Step], new_district: Callable[[], District]) -> None:
    """Play a story; after every night all of these laws hold."""
    district, settings = new_district(), Configure()
    for number, step in enumerate(story):
        note(f"step {number}: {step}")
        if isinstance(step, Configure):
            settings = step
        if not isinstance(step, Night):
            tell(district, step)
            continue
        live_night(district, step, settings)


def live_night(district: District, step: Night, settings: Configure) -> Report:
    """Play a night, after which all of these laws hold."""
    before, accounts = views(district), accounts_of(district)
    known, findings = checks.records(district), open_findings(district)
    report = tell(district, step)
    assert isinstance(report, Report)
    after = views(district)
    checks.check_reported(known, checks.records(district), report)
    check_marks(findings, district, report)
    checks.check_unique(district.folder / "state.db")
    checks.check_access(district)
    check_nobody_gone_has_access(district)
    check_active_contacts(before, after, settings)
    check_messages(accounts, district, report)
    check_guardianships(after, step, report, settings)
    check_manual(before, after, step)
    return report


Views = dict[str, dict[tuple[str, ...], dict[str, Any]]]


def views(district: District) -> Views:
    """The four views by what names their rows."""
    keys = {
        "users": ("id",),
        "classes": ("id",),
        "enrollments": ("class_id", "user_id", "role"),
        "guardianships": ("guardian_id", "student_id"),
    }
    return {
        kind: {tuple(row[name] for name in key): row for row in district.rows(f"SELECT * FROM roster_{kind}")}
        for kind, key in keys.items()
    }


def check_nobody_gone_has_access(district: District) -> None:
    """Access: nobody archived or removed, and no disabled account, has access to a school or gets announcements."""
    query = (
        "SELECT DISTINCT u.id FROM roster_users u LEFT JOIN roster_access a ON a.user_id = u.id "
        "WHERE (u.roster_status <> 'current' OR u.account = 'disabled') "
        "AND (a.user_id IS NOT NULL OR u.school_access OR u.announcements)"
    )
    assert district.rows(query) == [], "Access: gone, and still let in"


def check_active_contacts(before: Views, after: Views, settings: Configure) -> None:
    """R-U3: with the lock off a sync leaves the contacts of active users who are current afterwards as they are."""
    if any(policy.get(LOCK) for policy in (settings.policy, *settings.schools.values())):
        return
    for key, old in before["users"].items():
        new = after["users"][key]
        if old["account"] == "active" and new["roster_status"] == "current" and old["account_id"] == new["account_id"]:
            moved = [name for name in CONTACTS if old[name] != new[name]]
            assert not moved, f"R-U3: {moved} of {key[0]} changed, who is active"


def accounts_of(district: District) -> dict[int, dict[str, Any]]:
    """Accounts by their ids, with the state that a disabled one will have again."""
    rows = district.rows("SELECT account_id, email, mobile, state FROM accounts")
    return {row["account_id"]: row for row in rows}


def check_messages(before: dict[int, dict[str, Any]], district: District, report: Report) -> None:
    """R-U4: whoever is active and whose login changed is told once, at the old and at the new address; nobody else.

    At the e-mail, or by SMS where there is none afterwards; an e-mail that was lost is written to all the same.
    """
    after = accounts_of(district)
    expected = set()
    for account_id, old in before.items():
        new = after[account_id]
        if old["state"] == "active" and (old["email"], old["mobile"]) != (new["email"], new["mobile"]):
            expected |= {(account_id, "email", address) for address in (old["email"], new["email"]) if address}
            if not new["email"]:
                expected |= {(account_id, "sms", address) for address in (old["mobile"], new["mobile"]) if address}
    query = (
        "SELECT u.account_id, o.channel, o.address FROM roster_outbox o JOIN roster_users u ON u.id = o.user_id "
        "WHERE o.run_id = ?"
    )
    queued = [tuple(row.values()) for row in district.rows(query, report.folder.name)]
    assert sorted(queued) == sorted(expected), f"R-U4: queued {sorted(queued)}, expected {sorted(expected)}"


def check_guardianships(after: Views, night: Night, report: Report, settings: Configure) -> None:
    """R-G2: a current guardianship is named tonight, or manual, held, rejected, unmanaged, or of somebody who left.

    Of a student, that is, or of staff: a guardian whose row turned into that of a teacher.
    """
    policies = (settings.policy, *settings.schools.values())
    if any(policy.get("manage_guardians") is False for policy in policies) or "agentSourcedIds" in night.without:
        return  # stored guardianships stay as they are (R-G4, R-V4)
    rows = [row for row in user_rows(night) if row["status"] != "tobedeleted"]
    if any(not row["sourcedId"] for row in rows):
        return  # anybody may be meant (R-V3)
    named = {(row["sourcedId"], agent) for row in rows for agent in row["agentSourcedIds"].split(",")}
    rejected = {issue["id"] for issue in report.rows("issues") if issue["severity"] == "error"}
    held = {row["id"] for row in report.rows() if row["action"] == "held"}
    held |= {(row["guardian_id"], row["student_id"]) for row in report.rows("guardianships") if row["action"] == "held"}
    here = {row["sourcedId"] for row in rows}
    for (guardian, student), pair in after["guardianships"].items():
        if pair["status"] != "current" or pair["origin"] == "manual" or student not in here:
            continue
        if after["users"][student,]["roster_status"] != "current":
            continue  # of a school that is left out
        who = after["users"][guardian,]
        if who["role"] in {"teacher", "administrator"} and who["roster_status"] != "current":
            continue  # staff who left: R-U8 decides of them, not R-F4; they have no access
        excused = {guardian, student} & rejected or {guardian, student, (guardian, student)} & held
        asserted = {(guardian, student), (student, guardian)} & named and guardian in here
        assert asserted or excused, f"R-G2: {guardian} and {student} stay together, and no row says so"


def check_manual(before: Views, after: Views, night: Night) -> None:
    """What was made by hand stays, but for R-F6 and its return (R-U9), and a credential that others get (R-C2)."""
    for kind in ("classes", "guardianships"):
        for key, old in before[kind].items():
            assert old["origin"] != "manual" or after[kind].get(key) == old, f"{kind} {key} was made by hand"
    shared = [row["account_id"] for row in after["users"].values()]
    for key, old in before["users"].items():
        if old["origin"] != "manual":
            continue
        new = after["users"][key]
        own = ("role", "roles", "identifier", "roster_status", "origin", "account_id")
        if shared.count(old["account_id"]) == 1:
            own = (*own, "given_name", "family_name", "phone")
        moved = [name for name in own if old[name] != new[name]]
        assert not moved, f"{moved} of {key[0]} changed, who was added by hand"
    named = {(row["classSourcedId"], row["userSourcedId"], row["role"]) for row in night.enrollments}
    for key, old in before["enrollments"].items():
        if old["origin"] != "manual" or old == after["enrollments"].get(key):
            continue
        new, person = after["enrollments"].get(key), after["users"][key[1],]
        assert new is not None, f"R-K4: {key} was made by hand and is gone"
        went = new["status"] == "ended" and person["roster_status"] != "current"
        came = new["status"] == "current" and before["users"][key[1],]["roster_status"] != "current"
        assert went or came or key in named, f"R-K4, R-F6: {key} was made by hand: {old} -> {new}"


def contents(path: Path) -> dict[str, list[Any]]:
    """The public views of a state in a folder, to compare states across processes."""
    district = object.__new__(District)
    district.folder = path
    return checks.state_of(district)
