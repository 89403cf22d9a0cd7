"""contract.md, Reports: summary.json says the same as the CSVs."""

import json
import stat
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from rostersync.model.notes import Action, Code, actions_of
from rostersync.model.report import RunSummary, SchoolRemovals, TrippedGuard
from rostersync.reports import write
from tests.reports.page import ABOUT

NOTED = st.sampled_from([(action.value, code.value) for code in Code for action in actions_of(code)])


def user(role, action, code):
    return {"role": role, "action": action, "code": code}


def test_rows_are_counted_by_kind_and_action_and_code(make_tables, make_summary):
    summary = make_summary(
        make_tables(
            users=[
                user("student", "added", "NEW"),
                user("student", "added", "NEW"),
                user("guardian", "withheld", "NO_STUDENT"),
                user("teacher", "kept", "ACTIVE_EMAIL_KEPT"),
                user("administrator", "kept", "ACTIVE_EMAIL_KEPT"),
                user("administrator", "kept", "ACTIVE_NAME_KEPT"),
            ],
            classes=[{"action": "archived", "code": "LEFT_SIS"}],
        )
    )
    assert summary.counts["students"] == {**dict.fromkeys(Action, 0), "added": 2}
    assert summary.counts["guardians"]["withheld"] == 1
    assert summary.counts["staff"]["kept"] == 3
    assert summary.counts["users"] == {**dict.fromkeys(Action, 0), "added": 2, "withheld": 1, "kept": 3}
    assert summary.counts["classes"]["archived"] == 1
    assert summary.counts["enrollments"] == summary.counts["guardianships"] == dict.fromkeys(Action, 0)
    assert summary.codes["staff"] == {"ACTIVE_EMAIL_KEPT": 2, "ACTIVE_NAME_KEPT": 1}
    assert summary.codes["guardianships"] == {}


@given(
    users=st.lists(st.tuples(st.sampled_from(["student", "guardian", "teacher", "administrator"]), NOTED)),
    enrollments=st.lists(NOTED),
)
def test_counts_are_those_of_the_rows(users, enrollments, make_tables, make_summary):
    tables = make_tables(
        users=[user(role, *noted) for role, noted in users],
        enrollments=[{"action": action, "code": code} for action, code in enrollments],
    )
    summary = make_summary(tables)
    actions = Counter(action for _, (action, _) in users)
    assert Counter(summary.counts["users"]) == actions
    people = (summary.counts[kind] for kind in ("students", "guardians", "staff"))
    assert sum(map(Counter, people), Counter()) == actions
    assert Counter(summary.codes["enrollments"]) == Counter(code for _, code in enrollments)


def test_findings_are_counted_by_severity_and_code(make_tables, make_summary):
    found = [("error", "A"), ("warning", "B"), ("error", "A"), ("error", "C")]
    rows = [{"severity": severity, "code": code, "line": 2} for severity, code in found]
    summary = make_summary(make_tables(issues=rows))
    assert summary.findings == {"error": {"A": 2, "C": 1}, "warning": {"B": 1}}


def test_summary_json_as_other_programs_read_it(tmp_path, make_tables, make_summary):
    tables = make_tables(users=[user("student", "held", "GUARD_HELD")])
    summary = make_summary(
        tables,
        status="held",
        exit_code=5,
        schools={
            "students": {
                "s-2": SchoolRemovals(school="Élan", tried_to_remove=60, allowed=40),
                "s-1": SchoolRemovals(school="Oak", tried_to_remove=1, allowed=None),
            }
        },
        guards=[
            TrippedGuard(
                what="Removal",
                kind="students",
                school_id="s-2",
                school="Élan",
                count=60,
                total=400,
                limit="10%",
            )
        ],
    )
    folder = write(tmp_path, summary.run.run_id, tables, ABOUT, lambda known: known(summary))
    assert sorted(path.name for path in folder.iterdir()) == [
        "classes.csv",
        "enrollments.csv",
        "guardianships.csv",
        "issues.csv",
        "report.html",
        "summary.json",
        "users.csv",
    ]
    raw = (folder / "summary.json").read_bytes()
    assert raw.endswith(b"}\n")
    assert "Élan".encode() in raw
    data = json.loads(raw)
    assert data["run"] == {
        "run_id": "20261121T213000Z",
        "started_at": "2026-11-21T21:30:00Z",
        "finished_at": "2026-11-21T21:30:04.500000Z",
        "status": "held",
        "dry_run": False,
        "exit_code": 5,
    }
    assert data["source"]["files"] == [
        {"name": "users.csv", "size": 1234, "digest": "ab" * 32, "rows": 12, "mode": "bulk"}
    ]
    assert data["counts"]["students"]["held"] == 1
    assert list(data["schools"]["students"]) == ["s-1", "s-2"]
    assert data["schools"]["students"]["s-2"] == {"school": "Élan", "tried_to_remove": 60, "allowed": 40}
    assert data["schools"]["students"]["s-1"]["allowed"] is None
    assert data["guards_tripped"][0]["limit"] == "10%"
    assert data["seconds"] == {"read": 0.123}
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}


def test_a_summary_that_was_read_again_is_the_same(make_tables, make_summary):
    summary = make_summary(make_tables())
    data = summary.to_json()
    assert RunSummary.model_validate(data) == summary
    with pytest.raises(ValidationError, match="unknown"):
        RunSummary.model_validate({**data, "unknown": 1})
