"""Pauses, unchanged files, refusals and `runs check`, from outside (contract.md, Commands and exit codes)."""

import json
import shutil
import sqlite3
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest

from tests.cli.conftest import clean_environment


def history(run):
    return json.loads(run("runs", "list", "--format", "json").stdout)


def state_of(folder):
    with sqlite3.connect(folder / "state.db") as state:
        views = ("users", "classes", "enrollments", "guardianships", "changes", "outbox")
        return [state.execute(f"SELECT * FROM roster_{view}").fetchall() for view in views]


def moved(folder, statement, *values):
    """The state with something of it as if it had been longer ago."""
    with sqlite3.connect(folder / "state.db") as state:
        assert state.execute(statement, values).rowcount


def ago(**time):
    return (datetime.now(UTC) - timedelta(**time)).strftime("%Y-%m-%dT%H:%M:%SZ")


def last_run(folder, **time):
    """The latest run as if it had been so long ago."""
    moved(folder, "UPDATE runs SET started_at = ? WHERE number = (SELECT max(number) FROM runs)", ago(**time))


def settings(folder, text):
    file = folder / "rostersync.toml"
    file.write_text(file.read_text(encoding="utf-8") + text, encoding="utf-8")


def paused(folder, days_before=3, days_after=3):
    today = datetime.now(UTC).date()
    first, last = today - timedelta(days=days_before), today + timedelta(days=days_after)
    settings(folder, f"\n[[pause]]\nfrom = {first}\nto = {last}\n")
    return last


def guard(folder, line):
    file = folder / "rostersync.toml"
    text = file.read_text(encoding="utf-8")
    assert "[guards]\n" in text
    name = line.partition(" ")[0]
    kept = [each for each in text.splitlines() if not each.startswith(f"{name} =")]
    file.write_text("\n".join(kept).replace("[guards]\n", f"[guards]\n{line}\n") + "\n", encoding="utf-8")


class TestPause:
    def test_a_sync_says_until_when_and_exits_0(self, run, synced):
        before = state_of(synced)
        last = paused(synced)
        shutil.rmtree(synced / "oneroster")  # nothing is fetched
        done = run("sync")
        assert f"paused until {last}" in done.stdout
        assert done.stdout.count("\n") == 1
        assert done.stderr == ""
        assert state_of(synced) == before
        assert [(row["status"], row["applied"]) for row in history(run)] == [("paused", 0), ("applied", 1)]
        assert len(list((synced / "reports").glob("2*"))) == 1

    def test_quiet_says_nothing(self, run, synced):
        paused(synced)
        done = run("sync", "--quiet")
        assert (done.stdout, done.stderr) == ("", "")

    def test_another_source_is_paused_too_and_a_dry_run_is_not(self, run, district):
        paused(district)
        assert "paused" in run("sync", "--source", "oneroster").stdout
        assert "dry run, nothing was changed" in run("sync", "--dry-run").stdout
        assert state_of(district)[0] == []

    def test_a_pause_that_is_over_stops_nothing(self, run, district):
        paused(district, days_before=9, days_after=-3)
        run("sync")
        assert history(run)[0]["status"] == "applied"

    def test_the_run_is_shown_with_the_day(self, run, synced):
        last = paused(synced)
        run("sync")
        shown = json.loads(run("runs", "show", history(run)[0]["run_id"], "--format", "json").stdout)
        assert (shown["status"], shown["paused_until"]) == ("paused", str(last))


class TestUnchangedFiles:
    def since(self, folder, **time):
        moved(folder, "UPDATE meta SET value = ? WHERE key = 'delivery_since'", ago(**time))

    def test_for_too_long_is_exit_5_and_applied(self, run, synced):
        self.since(synced, days=8)
        before = state_of(synced)
        for arguments in (["sync"], ["sync", "--dry-run"]):
            done = run(*arguments, code=5)
            assert "exit code 5" in done.stdout
            assert "the files have not changed since " in done.stdout
            assert "(limit 7 days)" in done.stdout
        assert [row["status"] for row in history(run)] == ["applied", "applied"]
        assert state_of(synced) == before

    def test_quiet_says_it_in_one_line(self, run, synced):
        self.since(synced, days=8)
        done = run("sync", "--quiet", code=5)
        assert done.stdout == ""
        assert done.stderr.count("\n") == 1
        assert "the files have not changed since " in done.stderr

    def test_json_logs_say_it_too(self, run, synced):
        self.since(synced, days=8)
        (line,) = run("sync", "--quiet", "--log-format", "json", code=5).stderr.splitlines()
        assert json.loads(line)["level"] == "warning"

    def test_for_less_long_is_exit_0(self, run, synced):
        self.since(synced, days=6, hours=23)
        assert "have not changed" not in run("sync").stdout

    def test_days_of_a_pause_do_not_count(self, run, synced):
        self.since(synced, days=8)
        paused(synced, days_before=5, days_after=-3)
        run("sync")

    def test_other_files_count_anew(self, run, synced):
        self.since(synced, days=8)
        run("generate", "night2", "--students", "60", "--night", "2")
        run("sync", "--source", "night2")
        run("sync", "--source", "night2")
        summary = json.loads((synced / "reports" / history(run)[0]["run_id"] / "summary.json").read_text("utf-8"))
        assert summary["guards_tripped"] == []


class TestRefusedImports:
    """R-D3 and R-D7: exit code 4, one line, a row `refused`, the state as it was."""

    @staticmethod
    def refused(run, folder, *arguments):
        before = state_of(folder)
        done = run("sync", *arguments, code=4)
        assert done.stdout == ""
        assert done.stderr.count("\n") == 1
        assert "nothing was changed" in done.stderr
        assert state_of(folder) == before
        if "--dry-run" not in arguments:
            assert history(run)[0]["status"] == "refused"
        return done.stderr

    @staticmethod
    def rewritten(folder, change):
        file = folder / "oneroster" / "users.csv"
        header, *rows = file.read_text(encoding="utf-8").splitlines()
        file.write_text("\n".join([header, *(change(row) for row in rows)]) + "\n", encoding="utf-8")

    def test_too_many_rejected_rows(self, run, synced):
        self.rewritten(synced, lambda row: row.replace(",student,", ",pupil,"))
        assert "users.csv: 60 of " in self.refused(run, synced)
        assert "UNKNOWN_ROLE" in self.refused(run, synced, "--dry-run")
        guard(synced, 'max_rejected = "100%"')
        run("sync")

    def test_another_id_scheme(self, run, synced):
        self.rewritten(synced, lambda row: f"X-{row}")
        assert "only 0 of the " in self.refused(run, synced)
        assert "--override-guards all" in self.refused(run, synced, "--override-guards", "classes")
        self.refused(run, synced, "--full")

    def test_a_word_that_is_no_guard_is_exit_2(self, run, synced):
        assert "pupils" in run("sync", "--override-guards", "all", "--override-guards", "pupils", code=2).stderr
        assert len(history(run)) == 1


class TestRunsCheck:
    def test_a_night_of_today_is_good(self, run, synced):
        done = run("runs", "check", "--max-age", "26h")
        assert done.stdout.startswith(f"Last good night: {history(run)[0]['run_id']} (applied), ")
        assert run("runs", "check", "--quiet").stdout == ""

    @pytest.mark.parametrize(
        ("age", "written", "code"),
        [
            ({"hours": 25}, "26h", 0),
            ({"hours": 27}, "26h", 5),
            ({"hours": 27}, "26 hours", 5),
            ({"hours": 47}, "2d", 0),
            ({"hours": 49}, "2 days", 5),
            ({"minutes": 89}, "90m", 0),
            ({"minutes": 91}, "90 Minutes", 5),
            ({"days": 8}, "1w", 5),
            ({"days": 6}, "1 week", 0),
        ],
    )
    def test_its_age_against_the_time_given(self, run, synced, age, written, code):
        last_run(synced, **age)
        done = run("runs", "check", "--max-age", written, code=code)
        if code:
            assert done.stdout == ""
            assert done.stderr.startswith("rostersync: error: no good night since ")
            assert done.stderr.count("\n") == 1
            assert history(run)[0]["run_id"] in done.stderr

    def test_the_default_is_26_hours(self, run, synced):
        last_run(synced, hours=25)
        run("runs", "check")
        last_run(synced, hours=27)
        run("runs", "check", code=5)

    def test_nothing_was_ever_applied(self, run, district):
        assert "no run was ever applied" in run("runs", "check", code=5).stderr
        run("sync", "--dry-run")
        run("sync", "--source", "nowhere", code=3)
        run("runs", "check", code=5)

    def test_a_night_that_failed_is_none(self, run, synced):
        last_run(synced, hours=27)
        run("sync", "--source", "nowhere", code=3)
        run("runs", "check", code=5)
        run("sync")
        run("runs", "check")

    def test_a_held_night_is_good_and_a_stopped_one_is_not(self, run, synced):
        moved(synced, "UPDATE runs SET status = 'held'")
        run("runs", "check")
        moved(synced, "UPDATE runs SET status = 'stopped', applied = 0")
        run("runs", "check", code=5)

    def test_a_night_that_was_taken_back_is_none(self, run, synced):
        moved(
            synced,
            "INSERT INTO runs (run_id, started_at, status, applied, undoes) SELECT '29990101T000000Z', started_at, "
            "'applied', 1, number FROM runs",
        )
        run("runs", "check", code=5)

    def test_a_paused_night_is_good_while_the_pause_lasts(self, run, synced):
        last_run(synced, days=4)
        paused(synced)
        run("runs", "check", code=5)  # the schedule does not run
        run("sync")
        assert "(paused)" in run("runs", "check").stdout

    def test_after_a_pause_its_days_do_not_count(self, run, synced):
        last_run(synced, days=4)
        run("runs", "check", "--max-age", "2d", code=5)
        paused(synced, days_before=3, days_after=-1)
        run("runs", "check", "--max-age", "2d")
        run("runs", "check", "--max-age", "12h", code=5)

    @pytest.mark.parametrize("text", ["", "soon", "26", "0h", "-1d", "1.5h", "26 h m"])
    def test_a_time_that_is_none_is_exit_2(self, run, synced, text):
        assert "--max-age" in run("runs", "check", f"--max-age={text}", code=2).stderr

    def test_a_lost_state_is_exit_2(self, run, synced):
        (synced / "state.db").unlink()
        run("runs", "check", code=2)
        assert not (synced / "state.db").exists()

    def test_it_loads_nothing_heavy(self, synced):
        heavy = ("pandas", "polars", "pyarrow", "sqlalchemy", "paramiko", "rich.console", "structlog")
        code = (
            "import sys; from rostersync.__main__ import run; code = run(['runs', 'check']); "
            f"print([name for name in {heavy!r} if name in sys.modules]); sys.exit(code)"
        )
        done = subprocess.run(
            [sys.executable, "-c", code],
            cwd=synced,
            env=clean_environment(),
            capture_output=True,
            timeout=60,
            check=True,
        )
        assert done.stdout.decode().splitlines()[-1] == "[]"
