"""The summary at the end of a run, as a person or a cron mail sees it."""

import io
import itertools
import re

from rich.console import Console

from rostersync.model.notes import Action, Code
from rostersync.model.report import SchoolRemovals, TrippedGuard
from rostersync.reports.terminal import ATTENTION, guard_line, print_summary

KEPT_OR_STOPPED = {Action.KEPT, Action.WITHHELD, Action.HELD, Action.REJECTED}


def shown(summary, *, terminal=False):
    out = io.StringIO()
    print_summary(summary, Console(file=out, width=80, force_terminal=terminal, color_system=None))
    return out.getvalue()


def test_a_quiet_night(make_tables, make_summary):
    text = shown(make_summary(make_tables()))
    assert text.splitlines() == [
        "Run 20261121T213000Z: applied (4.5 s, exit code 0)",
        "Source: /srv/oneroster",
        "",
        "Nothing needs a person.",
        "",
        "No change to report.",
        "",
        "Report (student data, keep it private): reports",
    ]


def test_what_needs_a_person_comes_before_what_was_done(make_tables, make_summary):
    tables = make_tables(
        users=[
            {"role": "student", "action": "added", "code": "NEW"},
            *[{"role": "guardian", "action": "withheld", "code": "NO_UNIQUE_CREDENTIAL"}] * 2,
            {"role": "teacher", "action": "kept", "code": "ACTIVE_EMAIL_KEPT"},
        ],
        enrollments=[{"action": "rejected", "code": "REJECTED_ROW"}],
        issues=[{"severity": "error", "code": "UNKNOWN_ROLE", "line": 2}] * 3
        + [{"severity": "warning", "code": "INVALID_EMAIL", "line": 3}],
    )
    lines = [re.sub(r"  +", "  ", line.strip()) for line in shown(make_summary(tables)).splitlines()]
    person, done = lines.index("Needs a person"), lines.index("Done")
    found = lines.index("Findings in the files (issues.csv)")
    assert person < done < found
    assert lines[person + 1 : done - 1] == [
        "3  errors in the files: these rows were not used  issues.csv",
        "1  records whose row was rejected; known ones keep their values  enrollments.csv",
        "2  guardians not added: no e-mail or mobile of their own  users.csv",
        "1  active users whose e-mail differs from the SIS; kept  users.csv",
    ]
    assert lines[done + 1 : found - 1] == [
        "students  guardians  staff  classes  enrollments  guardianships",
        "added  1  -  -  -  -  -",
        "kept  -  -  1  -  -  -",
        "withheld  -  2  -  -  -  -",
        "rejected  -  -  -  -  1  -",
    ]
    assert lines[found + 1 : found + 3] == ["3  error  UNKNOWN_ROLE", "1  warning  INVALID_EMAIL"]


def test_a_dry_run_says_that_nothing_was_changed(make_tables, make_summary):
    tables = make_tables(classes=[{"action": "added", "code": "NEW"}])
    text = shown(make_summary(tables, dry_run=True))
    assert "dry run, nothing was changed" in text
    assert "Would be done" in text


def test_a_guard_is_named_with_its_numbers(make_tables, make_summary):
    guard = TrippedGuard(
        what="Removal", kind="students", school_id="s", school="[red]Oak", count=60, total=400, limit="10%"
    )
    removals = {"students": {"s": SchoolRemovals(school="[red]Oak", tried_to_remove=60, allowed=40)}}
    text = shown(make_summary(make_tables(), schools=removals, guards=[guard], status="held", exit_code=5))
    assert "Removal of students at [red]Oak held: 60 of 400 (limit 10%)" in text


def trip(school_id="s-1", kind="students"):
    return TrippedGuard(what="Removal", kind=kind, school_id=school_id, school="Oak", count=60, total=400, limit="10%")


def test_a_trip_is_said_first_with_what_happened_and_how_to_let_it_through(make_tables, make_summary):
    summary = make_summary(make_tables(), guards=[trip(), trip("", "staff")], status="held", exit_code=5)
    lines = shown(summary.model_copy(update={"diagnosis": ("Oak is nearly gone.",)})).splitlines()
    first = lines.index("A guard tripped: what tripped and what hangs together with it is held")
    assert lines[first + 1 : first + 4] == [
        "Probably: Oak is nearly gone.",
        "Correct the export in the SIS. If the files are right, let this through once:",
        "rostersync sync --override-guards staff --override-guards students@s-1",
    ]
    assert first < lines.index("Needs a person")


def test_many_trips_are_not_all_named(make_tables, make_summary):
    guards = [trip(f"s-{number}") for number in range(5)]
    text = shown(make_summary(make_tables(), guards=guards, status="held", exit_code=5))
    lines = [
        "rostersync sync \\",
        "  --override-guards students@s-0 \\",
        "  --override-guards students@s-1 \\",
        "  --override-guards students@s-2",
        "(and 2 more, or --override-guards all)",
    ]
    assert "\n".join(lines) in text
    assert max(map(len, text.splitlines())) <= 80


def test_a_stopped_run_did_nothing_of_what_it_lists(make_tables, make_summary):
    tables = make_tables(classes=[{"action": "added", "code": "NEW"}])
    text = shown(make_summary(tables, guards=[trip()], status="stopped", exit_code=5))
    assert "stopped by a guard, nothing was changed" in text.splitlines()[0]
    assert "Removal of students at Oak stopped: 60 of 400 (limit 10%)" in text
    assert "Would be done" in text


def test_one_line_for_who_watches_exit_codes(make_tables, make_summary):
    held = make_summary(make_tables(), guards=[trip(), trip("s-2")], status="held", exit_code=5)
    assert guard_line(held) == (
        "a guard tripped: removal of 60 of 400 students at Oak (limit 10%) and 1 more; held, the rest was applied; "
        "see reports; correct the export, or let it through with --override-guards"
    )
    dry = make_summary(make_tables(), guards=[trip()], status="stopped", exit_code=5, dry_run=True)
    assert "; a dry run, nothing was changed; " in guard_line(dry)


def test_every_line_fits_80_columns_but_for_paths(make_tables, make_summary):
    tables = make_tables(
        users=[
            {"role": role, "action": action.value, "code": code.value}
            for role in ("student", "guardian", "teacher")
            for action, code in zip(itertools.cycle(Action), Code, strict=False)
        ],
        issues=[{"severity": "warning", "code": "X" * 70, "line": 1}],
    )
    path = "/srv/" + "long/" * 40 + "reports"
    lines = shown(make_summary(tables, folder=path)).splitlines()
    assert f"Report (student data, keep it private): {path}" in lines  # whole, to be copied
    assert max(len(line) for line in lines if path not in line) <= 80


def test_large_counts_fit(make_tables, make_summary):
    empty = make_summary(make_tables())
    counts = {kind: dict.fromkeys(Action, 1_660_000) for kind in empty.counts}
    counts["enrollments"] = dict.fromkeys(Action, 11_660_000)
    summary = empty.model_copy(update={"counts": counts})
    lines = shown(summary).splitlines()
    assert max(map(len, lines)) <= 80
    assert sum(line.count("1,660,000") for line in lines) == 6 * len(Action)


def test_plain_text_without_a_terminal_and_no_control_characters(make_tables, make_summary):
    guard = TrippedGuard(
        what="Removal", kind="students", school_id="s", school="\x1b[2KOak\u202e", count=6, total=9, limit="5"
    )
    text = shown(make_summary(make_tables(), guards=[guard], folder="a\x1b]0;b"))
    assert all(letter.isprintable() or letter == "\n" for letter in text)
    assert "\x1b" not in text


def test_no_person_is_named(make_tables, make_summary):
    rows = [
        {
            "role": "student",
            "action": action.value,
            "code": code.value,
            **dict.fromkeys(("id", "given_name", "family_name", "email", "mobile", "notes"), "CANARY"),
        }
        for action, code in zip(itertools.cycle(Action), Code, strict=False)
    ]
    issues = [{"severity": "error", "code": "X", "value": "CANARY", "message": "CANARY", "line": 1}]
    summary = make_summary(make_tables(users=rows, issues=issues))
    assert "CANARY" not in shown(summary)
    assert "CANARY" not in summary.model_dump_json()


def test_everything_kept_or_stopped_is_brought_to_somebodys_attention():
    from rostersync.model.notes import actions_of

    assert set(ATTENTION) == {code for code in Code if KEPT_OR_STOPPED & set(actions_of(code))}
