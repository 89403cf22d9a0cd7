"""`runs undo` from outside (contract.md, Commands)."""

import csv
import io
import json
import sqlite3

import pytest

from rostersync.state.lock import hold


def view(folder, name, order="1, 2, 3"):
    """The rows of a view."""
    with sqlite3.connect(folder / "state.db") as state:
        return state.execute(f"SELECT * FROM {name} ORDER BY {order}").fetchall()


def people(folder):
    return {name: view(folder, name) for name in ("roster_users", "roster_enrollments", "roster_guardianships")}


def run_ids(folder):
    with sqlite3.connect(folder / "state.db") as state:
        return [run for (run,) in state.execute("SELECT run_id FROM roster_runs ORDER BY run_id")]


@pytest.fixture
def second_night(run, synced):
    """The district after its second night; and what its people and classes were before it."""
    before = people(synced)
    run("generate", "second", "--students", "60", "--night", "2")
    run("--quiet", "sync", "--source", "second")
    assert people(synced) != before
    return before


def test_the_latest_night_goes_and_is_brought_again(run, synced, second_night):
    after = people(synced)
    said = run("runs", "undo").stdout
    first, second, own = run_ids(synced)
    assert said.splitlines()[0].startswith(f"Run {own}: applied")
    assert f"Source: undo of {second}" in said
    assert people(synced) == second_night
    listed = json.loads(run("runs", "list", "--format", "json").stdout)
    assert [(row["run_id"], row["status"], row["applied"]) for row in listed] == [
        (own, "applied", 1),
        (second, "undone", 0),
        (first, "applied", 1),
    ]
    with (synced / "reports" / own / "users.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert rows
    assert {row["code"] for row in rows} <= {"UNDONE", "ADDED_UNDONE"}
    run("--quiet", "sync", "--source", "second")
    assert people(synced) == after


def test_a_dry_run_shows_both_lists_and_writes_nothing(run, synced, second_night):
    added = {row[0] for row in view(synced, "roster_users")} - {row[0] for row in second_night["roster_users"]}
    accepted, *others = sorted(added)
    run("users", "accept", accepted)
    before, runs = people(synced), run_ids(synced)
    said = run("runs", "undo", "--dry-run").stdout
    goes, _, stays = said.partition("\nStays (1)\n")
    assert f"Taking run {runs[-1]} back" in goes
    assert "\nGoes back (" in goes
    assert accepted in stays
    assert others
    assert all(user in goes for user in others)
    rows = json.loads(run("runs", "undo", "--dry-run", "--format", "json").stdout)
    assert [row["id"] for row in rows if row["code"] == "ADDED_STANDS"] == [accepted]
    table = csv.DictReader(io.StringIO(run("runs", "undo", "--dry-run", "--format", "csv").stdout, newline=""))
    assert len(list(table)) == len(rows)
    assert (people(synced), run_ids(synced)) == (before, runs)
    assert sorted(path.name for path in (synced / "reports").glob("2*")) == runs


def test_the_first_load_leaves_an_empty_directory(run, synced):
    run("--quiet", "runs", "undo", run_ids(synced)[0])
    assert not any(people(synced).values())
    assert view(synced, "roster_classes") == []
    assert "no applied run is left" in run("runs", "undo", code=7).stderr


def test_another_run_is_refused_in_a_line_that_names_the_right_one(run, synced, second_night):
    first, second = run_ids(synced)
    refusal = run("runs", "undo", first, code=7).stderr
    assert len(refusal.splitlines()) == 1
    assert f"runs undo {second}" in refusal
    assert "knows no run nonsense" in run("runs", "undo", "nonsense", code=2).stderr
    assert run_ids(synced) == [first, second]


def test_a_state_without_runs_has_nothing_to_take_back(run, district):
    assert "no applied run is left" in run("runs", "undo", code=7).stderr
    (district / "state.db").unlink()
    assert "missing" in run("runs", "undo", code=2).stderr


def test_while_another_run_holds_the_state_nothing_is_taken_back(run, synced):
    with hold(synced / "state.db"):
        assert "another run holds" in run("runs", "undo", code=6).stderr
        run("runs", "undo", "--dry-run")
    assert len(run_ids(synced)) == 1


def test_without_a_place_for_the_report_nothing_is_taken_back(run, synced):
    before = people(synced)
    (synced / "blocked").write_text("")
    environ = {"ROSTERSYNC_REPORTS__PATH": str(synced / "blocked")}
    assert "blocked" in run("runs", "undo", environ=environ, code=2).stderr
    assert people(synced) == before
