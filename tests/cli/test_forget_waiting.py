"""`forget` of people who never became users, who wait again, and of what else names a person who left."""

from __future__ import annotations

import csv
import shutil
import sqlite3
from contextlib import closing

import pytest

from tests.cli.test_forget import contents, kept_tables, rewrite
from tests.inside import done

SAID = ("ysoldina", "krombach", "2065550183")
NEVER = "krom-1"
ROW = {
    "sourcedId": NEVER,
    "enabledUser": "true",
    "orgSourcedIds": "school-001",
    "role": "guardian",
    "username": "ysolduser",
    "givenName": "Ysoldina",
    "familyName": "Krombach",
    "email": "ysoldina@home.example.net",
    "sms": "206-555-0183",
}
STUDENT = "s0000003"


def with_row(folder, name, row):
    with (folder / name).open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        header, rows = reader.fieldnames, list(reader)
    with (folder / name).open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, header, restval="")
        writer.writeheader()
        writer.writerows([*rows, row])


def without(folder, user):
    rewrite(folder, "users.csv", lambda row: None if row["sourcedId"] == user else row)
    rewrite(folder, "enrollments.csv", lambda row: None if row["userSourcedId"] == user else row)


def told(folder, said=SAID):
    places = [*((path.name, text) for path, text in contents(folder)), *kept_tables(folder)]
    return {(place, value) for place, text in places for value in said if value in text.casefold()}


def rows(folder, query):
    with closing(sqlite3.connect(f"file:{folder / 'state.db'}?mode=ro", uri=True)) as state:
        return state.execute(query).fetchall()


@pytest.fixture
def district(made_once, home):
    shutil.copytree(made_once, home, dirs_exist_ok=True)
    done(home, "--quiet", "sync")
    return home


@pytest.mark.parametrize(
    "values",
    [{}, {"givenName": "", "familyName": "Krombach"}],
    ids=["withheld", "rejected"],
)
def test_who_never_became_a_user_and_is_gone_is_forgotten(run, district, values):
    with_row(district / "oneroster", "users.csv", {**ROW, **values})
    done(district, "--quiet", "sync")
    assert rows(district, f"SELECT 1 FROM users WHERE id = '{NEVER}'") == []
    assert "still in the SIS's files" in run("forget", NEVER, "--yes", code=7).stderr
    without(district / "oneroster", NEVER)
    done(district, "--quiet", "sync")
    assert bool(told(district)) == (not values)
    run("forget", NEVER, "--yes")
    assert told(district) == set()
    assert "had been forgotten" in run("forget", NEVER, "--yes").stderr
    assert "ok" in run("state", "check").stdout
    done(district, "--quiet", "sync", "--full")
    assert told(district) == set()


def test_who_comes_back_after_it_was_done_is_not_said_to_be_forgotten(run, district):
    with_row(district / "oneroster", "users.csv", ROW)
    rewrite(
        district / "oneroster",
        "users.csv",
        lambda row: {**row, "agentSourcedIds": NEVER} if row["sourcedId"] == STUDENT else row,
    )
    done(district, "--quiet", "sync")
    assert rows(district, f"SELECT roster_status FROM users WHERE id = '{NEVER}'") == [("current",)]
    without(district / "oneroster", NEVER)
    rewrite(
        district / "oneroster",
        "users.csv",
        lambda row: {**row, "agentSourcedIds": ""} if row["sourcedId"] == STUDENT else row,
    )
    done(district, "--quiet", "sync")
    run("forget", NEVER, "--yes")
    assert told(district) == set()
    with_row(district / "oneroster", "users.csv", ROW)  # and no student of theirs: withheld
    done(district, "--quiet", "sync")
    assert "still in the SIS's files" in run("forget", NEVER, "--yes", code=7).stderr
    without(district / "oneroster", NEVER)
    done(district, "--quiet", "sync")
    assert "had been forgotten" not in run("forget", NEVER, "--yes").stderr
    assert told(district) == set()


def test_a_rejected_enrollment_of_theirs_goes_as_well(run, district):
    row = {
        "sourcedId": "e-odd",
        "classSourcedId": "c000001",
        "schoolSourcedId": "school-001",
        "userSourcedId": STUDENT,
        "role": "odd-role",
    }
    with_row(district / "oneroster", "enrollments.csv", row)
    done(district, "--quiet", "sync")
    without(district / "oneroster", STUDENT)
    done(district, "--quiet", "sync")
    run("forget", STUDENT, "--yes")
    images = rows(district, "SELECT key, image, after FROM before_images WHERE table_name = 'waiting'")
    enrollments = [image for image in images if image[0].startswith('["enrollments"')]
    assert [image for image in enrollments if STUDENT in str(image)] == []
    waiting = rows(district, "SELECT id, cells FROM waiting WHERE kind = 'enrollments'")
    assert [row for row in waiting if STUDENT in str(row)] == []


def test_a_guardian_by_hand_who_has_no_student_left_is_archived_and_can_be_forgotten(run, district):
    names = ("--given-name", "Ysoldina", "--family-name", "Krombach", "--email", "ysoldina@home.example.net")
    done(district, "guardians", "add", STUDENT, *names)
    ((by_hand,),) = rows(district, "SELECT id FROM users WHERE origin = 'manual'")
    without(district / "oneroster", STUDENT)
    done(district, "--quiet", "sync")
    listed = run("forget", STUDENT, "--yes").stdout
    assert "guardians added by hand, archived: no student is left" in " ".join(listed.split())
    assert rows(district, f"SELECT roster_status FROM users WHERE id = '{by_hand}'") == [("archived",)]
    done(district, "--quiet", "sync")
    run("forget", by_hand, "--yes")
    assert told(district) == set()
    assert "ok" in run("state", "check").stdout


def test_a_guardian_by_hand_of_another_student_too_stays(run, district):
    names = ("--given-name", "Ysoldina", "--family-name", "Krombach", "--email", "ysoldina@home.example.net")
    done(district, "guardians", "add", STUDENT, *names)
    ((by_hand,),) = rows(district, "SELECT id FROM users WHERE origin = 'manual'")
    done(district, "guardians", "add", "s0000004", "--guardian", by_hand)
    without(district / "oneroster", STUDENT)
    done(district, "--quiet", "sync")
    run("forget", STUDENT, "--yes")
    assert rows(district, f"SELECT roster_status FROM users WHERE id = '{by_hand}'") == [("current",)]


def test_what_killed_commands_left_is_named(run, district):
    without(district / "oneroster", STUDENT)
    done(district, "--quiet", "sync")
    left = [
        district / "reports" / ".partial-20260101T000000Z-abc",
        district / "state.db.staging" / "delivery-abc",
        district / "backups" / ".state-20260101T000000Z.db.77.part",
        district / "state.db.restore",
    ]
    for place in left:
        place.mkdir(parents=True)
    said = run("forget", STUDENT, "--yes").stderr
    for place in left:
        assert str(place) in said
