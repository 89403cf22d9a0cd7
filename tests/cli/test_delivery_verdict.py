"""A delivery that is not complete, from outside: exit code 0, nobody removed, and why, wherever somebody looks."""

import csv
import json

import pytest


@pytest.fixture
def torn(synced):
    """A synced district whose users.csv ends inside a row; gives the last student in it, who is missing now."""
    file = synced / "oneroster" / "classes.csv"
    rows = list(csv.DictReader(file.open(encoding="utf-8", newline="")))
    lines = file.read_bytes().splitlines(keepends=True)
    file.write_bytes(b"".join(lines[:-1]) + lines[-1][: len(lines[-1]) // 2])
    users = synced / "oneroster" / "users.csv"
    people = users.read_text(encoding="utf-8").splitlines(keepends=True)
    student = next(row for row in csv.DictReader(people) if row.get("role", "student") == "student")["sourcedId"]
    users.write_text(
        "".join(line for line in people if not line.startswith(f"{student},")), encoding="utf-8", newline=""
    )
    return rows[-1]["sourcedId"], student


def test_it_holds_removals_and_says_why(run, torn, home):
    torn_class, student = torn
    done = run("sync")
    line = "Delivery incomplete, nobody is removed: classes.csv ends inside its last row."
    assert line in done.stdout
    assert line in done.stderr
    (report,) = [path for path in (home / "reports").iterdir() if path.is_dir() and "INCOMPLETE" in
                 (path / "users.csv").read_text(encoding="utf-8-sig")]  # fmt: skip
    summary = json.loads((report / "summary.json").read_text())
    assert summary["delivery"] == {"verdict": "incomplete", "reasons": ["classes.csv ends inside its last row"]}
    assert summary["run"]["exit_code"] == 0
    assert line in (report / "report.html").read_text(encoding="utf-8")
    user = json.loads(run("users", "show", student, "--format", "json").stdout)
    assert "archived" not in json.dumps(user)
    told = run("explain", student, "--format", "json").stdout
    assert "the delivery is incomplete: classes.csv ends inside its last row" in told
    assert torn_class in run("classes", "list", "--format", "csv").stdout


def test_validate_says_so_without_a_state(run, torn):
    done = run("validate", "oneroster", "--format", "json")
    assert "; incomplete: classes.csv ends inside its last row, and a sync would remove nobody" in done.stderr
