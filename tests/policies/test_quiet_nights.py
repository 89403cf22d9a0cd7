"""A night in which nothing changed is told before it is read; it says and leaves what the long way does (R-A1)."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from rostersync import undoing
from rostersync.errors import RosterSyncError
from rostersync.reports import folder
from rostersync.rewriting import rewrite
from tests.policies.district import (
    District,
    Report,
    enrollment,
    guardian,
    school_class,
    student,
    teacher,
)

DAY = datetime(2026, 3, 10, 3, 0, tzinfo=UTC)
USERS = [
    student("S1", "G1,G2"),
    student("S2", "G1", email="s1@students.example.org"),  # somebody else has it: CREDENTIAL_TAKEN
    guardian("G1", "S1,S2"),
    guardian("G2", "S1", email="g1@families.example.org"),  # withheld: NO_UNIQUE_CREDENTIAL
    teacher("T1"),
    student("S9", familyName=""),  # rejected
]
CLASSES = [school_class("K1")]
ENROLLMENTS = [enrollment("K1", "S1"), enrollment("K1", "S2", endDate="2026-03-20"), enrollment("K1", "T1", "teacher")]


@pytest.fixture
def district(tmp_path: Path) -> District:
    """After a first night, an accepted teacher who changed their name, and a night that saw it."""
    made = District(tmp_path)
    made.configure(guards={})
    made.recognises = True
    tonight(made)
    made.accept("T1")
    made.edit("T1", given_name="Other")
    tonight(made)
    return made


def files(district: District) -> Path:
    """The folder of the SIS, the same every night."""
    folder = district.folder / "sis"
    if not folder.exists():
        district.files(USERS, CLASSES, ENROLLMENTS).rename(folder)
    return folder


def tonight(district: District, now: datetime = DAY, **options: object) -> Report:
    return district.sync(files(district), now=now, **options)


def was_recognised(report: Report) -> bool:
    return "read" not in report.summary["seconds"]


def rewritten(path: Path, before: str, after: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert before in text
    path.write_text(text.replace(before, after), encoding="utf-8")


def test_the_same_night_is_recognised_and_says_the_same(district: District) -> None:
    before, counted = district.everything(), rows_of_all_tables(district)
    again = tonight(district)
    assert was_recognised(again)
    assert district.everything() == before
    full = tonight(district, full=True)
    assert not was_recognised(full)
    for kind in ("users", "classes", "enrollments", "guardianships", "issues"):
        assert again.rows(kind) == full.rows(kind)
    assert {row["code"] for row in again.rows()} >= {"CREDENTIAL_TAKEN", "NO_UNIQUE_CREDENTIAL", "REJECTED_ROW"}
    apart = {"run", "seconds", "report"}
    assert {k: v for k, v in again.summary.items() if k not in apart} == {
        k: v for k, v in full.summary.items() if k not in apart
    }
    assert rows_of_all_tables(district) == counted


def rows_of_all_tables(district: District) -> dict[str, list[tuple[object, ...]]]:
    """What the state holds, but for what tells of runs."""
    apart = {"runs", "report_tables", "before_images"}
    with closing(sqlite3.connect(district.folder / "state.db")) as connection:
        names = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {
            name: [
                row
                for row in connection.execute(f"SELECT * FROM {name} ORDER BY 1")
                if name != "meta" or row[0] != "based_on"
            ]
            for name in names
            if name not in apart and not name.startswith("sqlite")
        }


def test_right_after_a_night_with_changes_the_next_one_says_what_stands(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    district, other = District(tmp_path / "a"), District(tmp_path / "b")
    for each in (district, other):
        each.configure(guards={})
        each.recognises = each is district
        tonight(each)
    again, long_way = tonight(district), tonight(other)
    assert was_recognised(again)
    assert not was_recognised(long_way)
    for kind in ("users", "classes", "enrollments", "guardianships", "issues"):
        assert again.rows(kind) == long_way.rows(kind)
    assert not [row for row in again.rows() if row["action"] in {"added", "linked", "updated"}]
    assert again.summary["ledger"] == long_way.summary["ledger"]
    assert again.summary["counts"] == long_way.summary["counts"]


def test_a_recognised_night_is_a_run_like_any_other(district: District) -> None:
    again = tonight(district)
    (run,) = district.rows("SELECT * FROM roster_runs WHERE run_id = ?", again.summary["run"]["run_id"])
    assert (run["status"], run["applied"]) == ("applied", 1)
    assert (district.folder / "reports" / "latest").read_text(encoding="utf-8").strip() == run["run_id"]
    assert run["run_id"] in (district.folder / "reports" / "index.html").read_text(encoding="utf-8")
    shutil.rmtree(district.folder / "reports" / run["run_id"])
    undoing.undo(district.settings, None, dry_run=False)
    assert not was_recognised(tonight(district))


def an_added_file(district: District) -> None:
    (files(district) / "demographics.csv").write_text("sourcedId\n", encoding="utf-8")


def other_settings(district: District) -> None:
    district.configure(guards={}, unique_credentials="strict")


def no_tables_kept(district: District) -> None:
    with closing(sqlite3.connect(district.folder / "state.db")) as connection, connection:
        connection.execute("DELETE FROM report_tables")


def other_program(district: District) -> None:
    with closing(sqlite3.connect(district.folder / "state.db")) as connection, connection:
        (text,) = connection.execute("SELECT value FROM meta WHERE key = 'inputs'").fetchone()
        older = json.dumps(json.loads(text) | {"version": "0.0.1"})
        connection.execute("UPDATE meta SET value = ? WHERE key = 'inputs'", (older,))


@pytest.mark.parametrize(
    "what",
    [
        pytest.param(lambda d: rewritten(files(d) / "users.csv", "GivenS1", "GivenX1"), id="a letter of one row"),
        pytest.param(an_added_file, id="a file more"),
        pytest.param(lambda d: (files(d) / "orgs.csv").rename(files(d) / "Orgs.csv"), id="another file name"),
        pytest.param(other_settings, id="a setting"),
        pytest.param(other_program, id="another version"),
        pytest.param(lambda d: d.edit("T1", given_name="Third"), id="an edit"),
        pytest.param(lambda d: d.accept("S1"), id="an acceptance"),
        pytest.param(lambda d: undoing.undo(d.settings, None, dry_run=False), id="an undo"),
        pytest.param(no_tables_kept, id="no tables kept"),
    ],
)
def test_whatever_else_moved_is_looked_at(district: District, what: Callable[[District], object]) -> None:
    assert was_recognised(tonight(district))
    what(district)
    assert not was_recognised(tonight(district))
    assert was_recognised(tonight(district))


def test_r_k6_a_date_that_a_rule_goes_by_is_looked_at(district: District) -> None:
    district.configure(guards={"max_age": "60 days"})
    tonight(district)
    assert was_recognised(tonight(district, DAY + timedelta(days=9)))
    assert district.enrollments()[("K1", "S2")] == "current"
    there = tonight(district, DAY + timedelta(days=10))
    assert not was_recognised(there)
    assert district.enrollments()[("K1", "S2")] == "ended"
    assert was_recognised(tonight(district, DAY + timedelta(days=11)))
    assert not was_recognised(tonight(district, DAY)), "a clock that was set back"


def test_r_d6_files_that_are_too_old_are_said_to_be(district: District) -> None:
    assert was_recognised(tonight(district, DAY + timedelta(days=6)))
    stale = tonight(district, DAY + timedelta(days=8))
    assert not was_recognised(stale)
    assert stale.summary["run"]["exit_code"] == 5


def test_what_a_guard_holds_is_looked_at_every_night(district: District) -> None:
    district.configure(guards={"small": 0, "max_removed": "10%"})
    rewritten(files(district) / "users.csv", "T1,", "T2,")
    for _ in range(2):
        held = tonight(district)
        assert held.summary["run"]["status"] == "held"
        assert not was_recognised(held)


@pytest.mark.parametrize("options", [{"full": True}, {"dry_run": True}, {"override": ("students",)}])
def test_who_asks_for_more_gets_it(district: District, options: dict[str, object]) -> None:
    assert not was_recognised(tonight(district, **options))


def test_a_zip_is_recognised_once_it_is_unpacked(district: District) -> None:
    zipped = Path(shutil.make_archive(str(district.folder / "sis"), "zip", files(district)))
    again = district.sync(zipped, now=DAY)
    assert was_recognised(again)
    assert again.summary["source"]["name"] == str(zipped)


def test_a_recognised_night_tries_what_any_night_tries(district: District) -> None:
    (files(district) / "users.csv").unlink()
    with pytest.raises(Exception, match=r"users\.csv"):
        tonight(district)


def test_a_report_that_cannot_be_written_leaves_the_run_and_says_so(district: District, monkeypatch) -> None:
    def full(_: Path) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(folder, "_settle", full)
        with pytest.raises(RosterSyncError, match=r"itself is applied and kept in the state; only its report") as said:
            tonight(district)
    (run,) = district.rows("SELECT run_id, status, applied FROM roster_runs ORDER BY run_id DESC LIMIT 1")
    assert (run["status"], run["applied"]) == ("applied", 1)
    assert f"`rostersync report {run['run_id']}`" in str(said.value)
    assert not (district.folder / "reports" / run["run_id"]).exists()
    assert (rewrite(district.settings, run["run_id"], None) / "users.csv").exists()
