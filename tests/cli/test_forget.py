"""`forget` from outside: nothing of the person is left in the state's file nor in any report."""

import csv
import json
import shutil
import sqlite3
import zipfile
from contextlib import closing

import pytest

from rostersync.state.lock import hold

STUDENT, GUARDIAN, OTHER = "s0000003", "g0000003", "g0000004"
CANARIES = {
    STUDENT: {
        "username": "quillonuser",
        "userIds": "{SIS:QUILLON77}",
        "givenName": "Quillon",
        "familyName": "Vexmoor",
        "middleName": "Zanthus",
        "identifier": "QV-778899",
        "email": "quillon.vexmoor@students.example.org",
        "sms": "206-555-0181",
        "phone": "206-555-0182",
    },
    GUARDIAN: {
        "username": "ysolduser",
        "userIds": "{SIS:YSOLD88}",
        "givenName": "Ysoldina",
        "familyName": "Krombach",
        "middleName": "Plenty",
        "email": "ysoldina@home.example.net",
        "sms": "206-555-0183",
        "phone": "206-555-0184",
    },
}
LATER = {
    STUDENT: {"email": "q.vexmoor2@students.example.org", "familyName": "Vexmoor-Trill"},
    GUARDIAN: {"email": "no-mail-of-krombach", "phone": "206-555-0185"},
}
EDITED = {"--email": "edited.krombach@home.example.net", "--mobile": "+12065550186", "--given-name": "Ysi-Edited"}


def rewrite(folder, name, change):
    """Rows of a CSV, each as `change` makes it; None leaves it out."""
    with (folder / name).open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        header, rows = reader.fieldnames, [change(row) for row in reader]
    with (folder / name).open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, header)
        writer.writeheader()
        writer.writerows(row for row in rows if row is not None)


def changed(values):
    return lambda row: {**row, **values.get(row["sourcedId"], {})}


def without_family(folder):
    rewrite(folder, "users.csv", lambda row: None if row["sourcedId"] in CANARIES else row)
    rewrite(folder, "enrollments.csv", lambda row: None if row["userSourcedId"] in CANARIES else row)


def secrets():
    """Every value that tells of the two, as it is delivered and as it is stored."""
    found = {"quillonuser", "ysolduser", "QUILLON77", "YSOLD88", "QV-778899", "Zanthus", "Krombach", "Vexmoor"}
    found |= {"Quillon", "Ysoldina", "Ysi-Edited", "edited.krombach", "q.vexmoor2", "ysoldina@home", "no-mail-of"}
    found |= {f"206555018{digit}" for digit in range(1, 7)} | {f"206-555-018{digit}" for digit in range(1, 7)}
    return {each.casefold() for each in found}


def contents(folder):
    """File -> its text, of all that a sync leaves: the state's files and the reports, workbooks unpacked."""
    for path in sorted([*folder.glob("state.db*"), *folder.glob("state.db*/**/*"), *folder.glob("reports/**/*")]):
        if path.is_file():
            if path.suffix == ".xlsx":
                with zipfile.ZipFile(path) as book:
                    yield path, "".join(book.read(name).decode(errors="replace") for name in book.namelist())
            else:
                yield path, path.read_bytes().decode(errors="replace")


def told(folder):
    """(file, value) of everything that is still to be read somewhere."""
    tables = list(kept_tables(folder))
    places = [*((path.name, text) for path, text in contents(folder)), *tables]
    return {(place, value) for place, text in places for value in secrets() if value in text.casefold()}


def kept_tables(folder):
    """The compressed tables of reports that the state keeps, as text."""
    import polars as pl

    with closing(sqlite3.connect(f"file:{folder / 'state.db'}?mode=ro", uri=True)) as state:
        for run, name, content in state.execute("SELECT run, name, content FROM report_tables"):
            yield f"kept {run} {name}", pl.read_ipc(content).write_csv()


def rows(folder, query):
    with closing(sqlite3.connect(f"file:{folder / 'state.db'}?mode=ro", uri=True)) as state:
        return state.execute(query).fetchall()


@pytest.fixture(scope="module")
def family_left(made_once, tmp_path_factory):
    """A family that came, was edited and changed, asked for a dry run, and left."""
    from tests.cli.conftest import prepared

    folder = tmp_path_factory.mktemp("left")
    shutil.copytree(made_once, folder, dirs_exist_ok=True)
    settings = (folder / "rostersync.toml").read_text()
    assert 'formats = ["csv", "html"]' in settings
    (folder / "rostersync.toml").write_text(settings.replace('["csv", "html"]', '["csv", "html", "xlsx"]'))
    night = folder / "oneroster"
    rewrite(night, "users.csv", changed(CANARIES))
    prepared(folder, ["--quiet", "sync"], ["users", "accept", GUARDIAN])
    edits = [part for pair in EDITED.items() for part in pair]
    prepared(folder, ["users", "edit", GUARDIAN, *edits, "--by", "self"])
    rewrite(night, "users.csv", changed(LATER))
    prepared(folder, ["--quiet", "plan"], ["--quiet", "sync"])
    without_family(night)
    prepared(folder, ["--quiet", "sync"], ["state", "backup"])
    return folder


@pytest.fixture
def left(family_left, home):
    shutil.copytree(family_left, home, dirs_exist_ok=True)
    statuses = rows(home, f"SELECT id, roster_status FROM users WHERE id IN ('{STUDENT}', '{GUARDIAN}') ORDER BY 1")
    assert statuses == [(GUARDIAN, "archived"), (STUDENT, "archived")]
    seen = {value for _, value in told(home)}
    assert secrets() - seen <= {f"206-555-018{digit}" for digit in range(1, 7)}
    return home


def test_nothing_is_left_of_them_but_that_it_was_done(run, left):
    before = rows(left, "SELECT id, email, roster_status FROM roster_users ORDER BY id")
    runs = rows(left, "SELECT run_id FROM roster_runs ORDER BY run_id")
    for each in (STUDENT, GUARDIAN):
        said = run("forget", each, "--yes")
        assert str(left / "backups") in said.stderr
        assert "plan files" in said.stderr
    assert told(left) == set()
    kept = rows(left, "SELECT record_id, field, before, after FROM edits WHERE field = 'forgotten' ORDER BY number")
    assert kept == [(STUDENT, "forgotten", None, None), (GUARDIAN, "forgotten", None, None)]
    others = [row for row in before if row[0] not in CANARIES]
    assert rows(left, "SELECT id, email, roster_status FROM roster_users ORDER BY id") == others
    assert rows(left, "SELECT run_id FROM roster_runs ORDER BY run_id") == runs
    assert "ok" in run("state", "check").stdout
    reports = {path.name for path in (left / "reports").iterdir() if path.is_dir()}
    assert reports == {run_id for (run_id,) in runs}, "the dry run's report cannot be written again: it goes"
    for run_id in reports:
        assert {path.name for path in (left / "reports" / run_id).iterdir()} >= {
            "users.csv",
            "report.html",
            "report.xlsx",
        }


def test_the_next_nights_and_an_undo_go_on_without_them(run, left):
    for each in (STUDENT, GUARDIAN):
        run("forget", each, "--yes")
    run("--quiet", "sync")
    run("--quiet", "sync", "--full")
    assert told(left) == set()
    run("--quiet", "runs", "undo")
    run("--quiet", "runs", "undo")
    run("state", "check")
    assert told(left) == set()
    run("generate", "again", "--students", "60")
    run("--quiet", "sync", "--source", "again", "--full")
    came = f"SELECT id, account, roster_status FROM roster_users WHERE id IN ('{STUDENT}', '{GUARDIAN}') ORDER BY id"
    assert rows(left, came) == [(GUARDIAN, "invitee", "current"), (STUDENT, "invitee", "current")]
    assert "is current" in run("forget", STUDENT, "--yes", code=7).stderr


def test_once_more_only_clears_the_file_again(run, left):
    run("forget", STUDENT, "--yes")
    said = run("forget", STUDENT)
    assert "had been forgotten" in said.stderr
    assert len(rows(left, "SELECT 1 FROM edits WHERE field = 'forgotten'")) == 1


def test_the_listing_says_how_much_went(run, left):
    table = json.loads(run("forget", GUARDIAN, "--yes", "--format", "json").stdout)
    erased = {row["where"]: row["erased"] for row in table}
    assert erased["users"] == erased["accounts"] == 1
    assert erased["before_images"] > 0
    assert any(where.startswith("report ") and where.endswith("written again") for where in erased)


def test_who_is_current_or_unknown_is_refused(run, left):
    said = run("forget", OTHER, "--yes", code=7).stderr
    assert said.splitlines() == [
        f"rostersync: error: {OTHER} is current; nothing was changed; only who has left can be forgotten"
    ]
    assert "no user nobody" in run("forget", "nobody", "--yes", code=2).stderr


def test_a_former_record_of_somebody_who_is_current_is_refused(run, left):
    run("users", "link", GUARDIAN, OTHER)
    said = run("forget", GUARDIAN, "--yes", code=7).stderr
    assert f"{OTHER}, the same person as {GUARDIAN}, is current" in said


def test_records_on_one_account_are_forgotten_together(run, left):
    rewrite(left / "oneroster", "users.csv", lambda row: None if row["sourcedId"] == "t000001" else row)
    rewrite(left / "oneroster", "enrollments.csv", lambda row: None if row["userSourcedId"] == "t000001" else row)
    run("--quiet", "sync", "--override-guards", "all")
    run("users", "link", GUARDIAN, "t000001")
    run("forget", GUARDIAN, "--yes")
    assert rows(left, f"SELECT id FROM users WHERE id IN ('{GUARDIAN}', 't000001')") == []
    forgotten = rows(left, "SELECT record_id FROM edits WHERE field = 'forgotten' ORDER BY 1")
    assert forgotten == [(GUARDIAN,), ("t000001",)]
    assert [value for _, value in told(left) if "krombach" in value or "yso" in value] == []


def test_whoever_is_in_the_files_still_is_refused(run, left):
    rewrite(left / "oneroster", "users.csv", lambda row: row)
    shutil.copytree(left / "oneroster", left / "with")
    with (left / "with" / "users.csv").open("a", encoding="utf-8") as file:
        file.write(f"{GUARDIAN},,,true,school-001,parent,x,,Ysoldina,Krombach,,,ysoldina@home.example.net,,,,,\r\n")
    run("--quiet", "sync", "--source", "with")
    assert "still in the SIS's files" in run("forget", GUARDIAN, "--yes", code=7).stderr


def test_nothing_happens_without_a_yes_or_under_a_run(run, left):
    before = rows(left, "SELECT * FROM users ORDER BY id")
    assert "was not forgotten" in run("forget", STUDENT, code=2).stderr
    run("forget", STUDENT, code=2, stdin="n\n")
    with hold(left / "state.db"):
        run("forget", STUDENT, "--yes", code=6)
    assert rows(left, "SELECT * FROM users ORDER BY id") == before
    run("forget", STUDENT, stdin="y\n")


def test_a_reader_that_keeps_old_pages_is_said_and_the_same_call_finishes(run, left):
    with closing(sqlite3.connect(left / "state.db", isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT * FROM users").fetchone()
        said = run("forget", STUDENT, "--yes", code=6).stderr
        assert "run the same command again" in said
    run("forget", STUDENT)
    run("forget", GUARDIAN, "--yes")
    assert told(left) == set()


def test_where_a_report_cannot_be_written_nobody_is_forgotten(run, left):
    (left / "blocked").write_text("")
    run("forget", STUDENT, "--yes", environ={"ROSTERSYNC_REPORTS__PATH": str(left / "blocked")}, code=2)
    assert rows(left, f"SELECT count(*) FROM users WHERE id = '{STUDENT}'") == [(1,)]
