"""A state of the schema before the ledger of findings, with nights in it that found something."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

from rostersync import rewriting
from rostersync.state import schema
from rostersync.state.connection import reading
from rostersync.state.findings_ledger import findings_of_nights, open_findings, unlisted_findings
from rostersync.state.run_history import runs_before
from tests.policies.district import District, student
from tests.state.first_schema import make_schema

BAD = {"email": "no address"}


def made_older(path: Path) -> None:
    """Takes from a state all that came with the ledger: tables, what was undone of them, keys and frames of reports."""
    with sqlite3.connect(path) as connection:
        connection.execute("DROP TABLE findings_ledger")
        connection.execute("DROP TABLE findings_unlisted")
        connection.execute("DELETE FROM report_tables WHERE name IN ('marks', 'fixed')")
        for number, text in connection.execute("SELECT number, summary FROM runs").fetchall():
            summary = {key: value for key, value in json.loads(text).items() if key not in {"ledger", "people"}}
            connection.execute("UPDATE runs SET summary = ? WHERE number = ?", (json.dumps(summary), number))
        connection.execute("UPDATE alembic_version SET version_num = '0003'")
        connection.execute("PRAGMA user_version = 3")
    connection.close()


def test_the_third_schema_becomes_the_newest(tmp_path: Path) -> None:
    old, fresh = tmp_path / "old.db", tmp_path / "fresh.db"
    make_schema(old, "0003")
    with sqlite3.connect(old) as connection:
        connection.execute(f"PRAGMA application_id = {schema.APPLICATION_ID}")
        connection.execute("PRAGMA user_version = 3")
        connection.execute("INSERT INTO meta (key, value) VALUES ('generation', '4')")
    connection.close()
    schema.create_state(fresh)
    query = "SELECT type, name, sql FROM sqlite_master WHERE name LIKE '%findings%' ORDER BY 1, 2"
    with reading(old) as upgraded, reading(fresh) as made:
        assert upgraded.execute("PRAGMA user_version").fetchone() == (schema.SCHEMA_VERSION,)
        assert upgraded.execute(query).fetchall() == made.execute(query).fetchall() != []


def test_the_first_night_after_the_upgrade_calls_all_new_and_the_next_one_knows_them(tmp_path: Path) -> None:
    district = District(tmp_path)
    first = district.night([student("S1", **BAD), student("S2")])
    made_older(district.settings.state.path)
    with reading(district.settings.state.path) as connection:
        assert open_findings(connection) == []
        assert unlisted_findings(connection) == {}
        ((_, _, summary),) = findings_of_nights(connection)
        assert "ledger" not in summary
        assert connection.execute("SELECT count(*) FROM users").fetchone() == (3,)
    second = district.night([student("S1", **BAD), student("S2")])
    assert second.summary["ledger"]["INVALID_EMAIL"] == {"new": 1, "still": 0, "fixed": 0, "unlisted": 0}
    third = district.night([student("S1", **BAD), student("S2")])
    assert third.summary["ledger"]["INVALID_EMAIL"] == {"new": 0, "still": 1, "fixed": 0, "unlisted": 0}
    with reading(district.settings.state.path) as connection:
        found = [
            (run.findings or {}).get("INVALID_EMAIL") for run in runs_before(connection, third.summary["run"]["run_id"])
        ]
    assert found == [1, 1]
    assert first.summary["findings"] == second.summary["findings"]


def test_a_report_from_before_can_be_written_again_without_marks(tmp_path: Path) -> None:
    district = District(tmp_path)
    first = district.night([student("S1", **BAD)])
    made_older(district.settings.state.path)
    run_id = first.summary["run"]["run_id"]
    folder = rewriting.rewrite(district.settings, run_id, tmp_path / "copy", format_="html")
    text = (folder / "report.html").read_text(encoding="utf-8")
    assert "no address" in text
    assert '<td><span class="mark new">' not in text
    assert 'id="fixed"' not in text
