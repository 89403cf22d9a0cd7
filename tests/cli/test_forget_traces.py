"""`forget`, a hostile second look: what others' history, plans and packed reports still tell of somebody."""

from __future__ import annotations

import io
import shutil
import sqlite3
from contextlib import closing

import polars as pl
import pyarrow as pa
import pytest

from rostersync.model.report import TABLE_COLUMNS, ReportTables
from rostersync.reports.packing import pack, unpack
from tests.cli.test_forget import CANARIES, GUARDIAN, OTHER, STUDENT, changed, contents, kept_tables, rewrite
from tests.cli.test_forget import without_family as take_family_out
from tests.inside import done

LINKED = {
    "--email": "edited.krombach@home.example.net",
    "--mobile": "+12065550186",
    "--phone": "206-555-0187",
    "--given-name": "Ysi-Edited",
}
OWN = {
    "--email": "other@home.example.net",
    "--mobile": "+12065550191",
    "--phone": "206-555-0192",
    "--given-name": "Otto",
    "--family-name": "Other",
}
SAID = ("krombach", "ysoldina", "ysi-edited", "2065550183", "2065550184", "2065550186", "2065550187")


def edit(folder, user, values):
    done(folder, "users", "edit", user, *(part for pair in values.items() for part in pair), "--by", "manager")


def rows(folder, query):
    with closing(sqlite3.connect(f"file:{folder / 'state.db'}?mode=ro", uri=True)) as state:
        return state.execute(query).fetchall()


def told(folder):
    places = [*((path.name, text) for path, text in contents(folder)), *kept_tables(folder)]
    return {(place, value) for place, text in places for value in SAID if value in text.casefold()}


@pytest.fixture
def district(made_once, home):
    shutil.copytree(made_once, home, dirs_exist_ok=True)
    rewrite(home / "oneroster", "users.csv", changed(CANARIES))
    done(home, "--quiet", "sync")
    return home


@pytest.fixture
def once_linked(district):
    """A guardian who left, and who was taken for another one for a while: one account, its values edited by hand."""
    done(district, "users", "accept", GUARDIAN)
    done(district, "users", "link", GUARDIAN, OTHER)
    edit(district, GUARDIAN, LINKED)
    done(district, "--quiet", "sync")
    done(district, "users", "unlink", GUARDIAN)
    edit(district, OTHER, OWN)
    done(district, "--quiet", "sync")
    take_family_out(district / "oneroster")
    done(district, "--quiet", "sync")
    assert told(district) > {("state.db", "krombach"), ("users.csv", "ysi-edited")}
    return district


def test_nothing_is_left_in_the_history_of_whom_they_were_linked_to(once_linked):
    everybody = "SELECT * FROM roster_users WHERE id NOT IN ('s0000003', 'g0000003') ORDER BY id"
    others = rows(once_linked, everybody)
    for each in (STUDENT, GUARDIAN):
        done(once_linked, "forget", each, "--yes")
    assert told(once_linked) == set()
    assert rows(once_linked, everybody) == others
    done(once_linked, "state", "check")
    struck = rows(
        once_linked, f"SELECT field FROM edits WHERE user_id = '{OTHER}' AND before = '[forgotten]' ORDER BY 1"
    )
    assert struck == [("email",), ("family_name",), ("given_name",), ("mobile",), ("phone",)]


@pytest.mark.long
def test_an_undo_afterwards_gives_the_others_nothing_of_theirs(once_linked):
    for each in (STUDENT, GUARDIAN):
        done(once_linked, "forget", each, "--yes")
    for _ in range(3):
        done(once_linked, "--quiet", "runs", "undo")
        done(once_linked, "state", "check")
        assert told(once_linked) == set()
    assert rows(once_linked, f"SELECT email, family_name FROM roster_users WHERE id = '{OTHER}'") in (
        [(OWN["--email"], OWN["--family-name"])],
        [],
    )


def test_what_only_looks_like_theirs_stays_with_others(district):
    """A malformed address is nobody's; an address inside a longer one and a number with an extension are others'."""
    night = district / "oneroster"
    theirs = {GUARDIAN: {"email": "ann@home.example.net", "sms": "x", "phone": "206-555-0184"}}
    others = {
        OTHER: {"email": "joann@home.example.net", "phone": "206-555-0184 ext. 7", "sms": "x"},
        "t000001": {"email": "ann@home.example.net.example", "sms": "x"},
    }
    rewrite(night, "users.csv", changed(theirs | others))
    done(district, "--quiet", "sync")
    take_family_out(night)
    done(district, "--quiet", "sync")
    of_others = "SELECT record_id, code, value FROM findings_ledger WHERE record_id IS NOT 'g0000003' ORDER BY 1, 2, 3"
    ledger = rows(district, of_others)
    assert ("t000001", "INVALID_PHONE", "x") in ledger
    done(district, "forget", GUARDIAN, "--yes")
    assert rows(district, of_others) == ledger
    reports = "".join(path.read_text() for path in district.glob("reports/*/users.csv"))
    assert "joann@home.example.net" in reports
    assert "ann@home.example.net.example" in reports
    assert "+12065550184 ext. 7" in reports
    assert "[forgotten]" not in reports


def test_a_plan_made_before_is_named_and_not_applied(district):
    done(district, "--quiet", "plan", "--out", "first.plan")
    take_family_out(district / "oneroster")
    done(district, "--quiet", "sync")
    done(district, "--quiet", "plan", "--out", "second.plan")
    said = done(district, "forget", STUDENT, "--yes").err
    assert str(district / "first.plan") in said
    assert str(district / "second.plan") in said
    for plan in ("first.plan", "second.plan"):
        assert "nothing was changed" in done(district, "apply", plan, code=7).err
    assert rows(district, f"SELECT count(*) FROM users WHERE id = '{STUDENT}'") == [(0,)]


@pytest.mark.long
def test_guardians_of_a_forgotten_student_stay_for_the_sibling(district):
    night = district / "oneroster"
    ((guardian, gone, stays),) = rows(
        district,
        "SELECT guardian_id, min(student_id), max(student_id) FROM guardianships GROUP BY guardian_id "
        "HAVING count(*) = 2 ORDER BY 1 LIMIT 1",
    )
    rewrite(night, "users.csv", lambda row: None if row["sourcedId"] == gone else row)
    rewrite(night, "enrollments.csv", lambda row: None if row["userSourcedId"] == gone else row)
    done(district, "--quiet", "sync")
    done(district, "forget", gone, "--yes")
    done(district, "state", "check")
    everything = "SELECT id, roster_status, school_access, email FROM roster_users ORDER BY id"
    before = rows(district, everything)
    for options in ((), ("--full",)):
        done(district, "--quiet", "sync", *options)
        assert rows(district, everything) == before
    assert [row[1:3] for row in before if row[0] == guardian] == [("current", 1)]
    assert rows(district, f"SELECT student_id FROM guardianships WHERE guardian_id = '{guardian}'") == [(stays,)]


def test_a_packed_report_holds_no_text_of_rows_that_are_not_in_it():
    people = [f"somebody-{number}-long-enough-for-a-buffer@home.example.org" for number in range(50)]
    everybody = pl.DataFrame(dict.fromkeys(TABLE_COLUMNS["users"], people))
    one = everybody.filter(pl.col("id") == people[7])
    empty = {name: pl.DataFrame(schema=dict.fromkeys(columns, pl.String)) for name, columns in TABLE_COLUMNS.items()}
    packed = pack(ReportTables(**{**empty, "users": one}))
    batch = pa.ipc.open_file(io.BytesIO(packed["users"])).get_batch(0)
    memory = b"".join(buffer.to_pybytes() for column in batch.columns for buffer in column.buffers() if buffer)
    assert [person for person in people if person.encode() in memory] == [people[7]]
    assert unpack(packed).users.equals(one)
