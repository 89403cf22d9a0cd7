"""`rostersync explain` from outside (contract.md, Commands)."""

import csv
import io
import json
import sqlite3
import subprocess
import sys

import pytest

from rostersync.explaining import COLUMNS
from tests.cli.conftest import TIMEOUT, clean_environment


@pytest.fixture
def ids(synced):
    """An id of a student with guardians and classes, of one of the guardians, and of a class."""
    with sqlite3.connect(synced / "state.db") as state:
        student, guardian = state.execute(
            "SELECT student_id, guardian_id FROM roster_guardianships WHERE status = 'current' ORDER BY 1, 2"
        ).fetchone()
        (class_id,) = state.execute(
            "SELECT min(class_id) FROM roster_enrollments WHERE user_id = ?", (student,)
        ).fetchone()
    return {"student": student, "guardian": guardian, "class": class_id}


def as_json(run, record):
    return json.loads(run("explain", record, "--format", "json").stdout)


def test_json_holds_every_value_with_its_settings(run, ids):
    (found,) = as_json(run, ids["student"])
    assert (found["kind"], found["id"]) == ("user", ids["student"])
    names = ["settings" if name == "setting" else name for name in COLUMNS if name != "set_by"]
    assert {tuple(row) for row in found["values"]} == {tuple(names)}
    by_field = {row["field"]: row for row in found["values"]}
    assert by_field["email"]["rule"] == "R-U2"
    assert by_field["email"]["file"] == "users.csv"
    assert by_field[f"guardian {ids['guardian']}"]["rule"] == "R-G1"
    assert f"{ids['class']} student" in by_field


def test_settings_in_json_are_keys_and_values(run, synced, ids):
    run("users", "accept", ids["student"])
    (found,) = as_json(run, ids["student"])
    email = next(row for row in found["values"] if row["field"] == "email")
    assert email["settings"] == [{"key": "policy.update_active_contacts", "value": "false", "set_by": "the district"}]


def test_csv_has_a_row_per_value_and_no_formula(run, ids):
    text = run("explain", ids["guardian"], "--format", "csv").stdout
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    assert tuple(rows[0]) == ("kind", "id", *COLUMNS)
    assert {row["id"] for row in rows} == {ids["guardian"]}
    mobiles = [row["platform"] for row in rows if row["field"] == "mobile" and row["platform"]]
    assert all(mobile.startswith("'+") for mobile in mobiles)
    (found,) = as_json(run, ids["guardian"])
    assert len(rows) == len(found["values"])


def test_the_table_is_for_people_and_fits_eighty_columns(run, ids):
    lines = run("explain", ids["guardian"]).stdout.splitlines()
    assert lines[0] == f"user {ids['guardian']}: guardian, current, account invitee, from the SIS"
    assert max(map(len, lines)) <= 80
    assert any(line.startswith(f"guardianship student {ids['student']}: current") for line in lines)
    assert any(line.strip() == "rule   R-U2" for line in lines)
    assert any(line.startswith("  change ") for line in lines)


def test_a_class_is_explained_and_an_id_that_is_both_as_both(run, synced, ids):
    (found,) = as_json(run, ids["class"])
    assert (found["kind"], found["id"]) == ("class", ids["class"])
    with sqlite3.connect(synced / "state.db") as state:
        state.execute("UPDATE classes SET id = ? WHERE id = ?", (ids["student"], ids["class"]))
    assert [each["kind"] for each in as_json(run, ids["student"])] == ["user", "class"]
    text = run("explain", ids["student"]).stdout
    assert text.startswith(f"user {ids['student']}: ")
    assert f"\nclass {ids['student']}: active" in text


def test_somebody_of_the_last_import_alone_is_explained(run, synced, ids):
    path = synced / "oneroster" / "users.csv"
    header, *rows = path.read_text(encoding="utf-8").splitlines()
    cells = dict.fromkeys(header.split(","), "")
    cells |= {"sourcedId": "nobodys", "enabledUser": "true", "role": "guardian"}
    cells |= {"givenName": "Ann", "familyName": "Lee", "email": "ann@example.org"}
    path.write_text("\n".join([header, *rows, ",".join(cells.values()), ""]), encoding="utf-8")
    run("--quiet", "sync")
    (found,) = as_json(run, "nobodys")
    assert found["kind"] == "waiting"
    assert (found["values"][0]["rule"], found["values"][0]["line"]) == ("R-C5", len(rows) + 2)
    assert "R-C5" in run("explain", "nobodys").stdout


def test_an_unknown_id_is_refused_in_one_line(run, synced):
    for arguments in (("nobody",), ("nobody", "--format", "json")):
        done = run("explain", *arguments, code=2)
        assert done.stdout == ""
        assert len(done.stderr.splitlines()) == 1
        assert "knows nobody" in done.stderr
    (synced / "rostersync.toml").write_text('[schools]\ninclude = ["school-001"]\n')
    assert "schools.include" in run("explain", "nobody", code=2).stderr


def test_usage_and_a_lost_state_are_refused(run, synced, ids):
    run("explain", code=2)
    run("explain", ids["student"], "--format", "xml", code=2)
    (synced / "state.db").unlink()
    assert "is missing" in run("explain", ids["student"], code=2).stderr


def test_nothing_heavy_is_loaded(synced, ids):
    program = (
        "import sys\nfrom rostersync.cli import app\n"
        f"app(['explain', {ids['student']!r}, '--format', 'json'], standalone_mode=False)\n"
        "print(*sorted({name.partition('.')[0] for name in sys.modules}), file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=synced,
        env=clean_environment(),
        capture_output=True,
        check=True,
        timeout=TIMEOUT,
    )
    loaded = set(done.stderr.decode().split())
    assert loaded & {"pandas", "numpy", "polars", "pyarrow", "sqlalchemy", "sqlmodel", "alembic"} == set()
    assert "rostersync" in loaded
