"""`sync`, `runs`, `classes` and every exit code of theirs from outside (contract.md, Commands)."""

import csv
import json
import shutil
import sqlite3

import pytest

from rostersync.commands import classes, runs


def history(run):
    return json.loads(run("runs", "list", "--format", "json").stdout)


def fetched(folder, query):
    with sqlite3.connect(folder / "state.db") as state:
        return state.execute(query).fetchall()


def as_delta(folder):
    """The set, its rows all active, as deltas."""
    manifest = folder / "manifest.csv"
    manifest.write_text(manifest.read_text(encoding="utf-8").replace(",bulk", ",delta"), encoding="utf-8")
    for file in folder.glob("*.csv"):
        if file != manifest:
            with file.open(encoding="utf-8", newline="") as lines:
                rows = list(csv.DictReader(lines))
            with file.open("w", encoding="utf-8", newline="") as lines:
                writer = csv.DictWriter(lines, list(rows[0]))
                writer.writeheader()
                writer.writerows(row | {"status": "active"} for row in rows)


class TestSync:
    def test_verbose_says_how_long_each_stage_took(self, run, district, home):
        done = run("--verbose", "--log-format", "json", "sync")
        (line,) = [json.loads(line) for line in done.stderr.splitlines() if "seconds per stage" in line]
        (report,) = (home / "reports").glob("*T*Z")
        seconds = json.loads((report / "summary.json").read_text(encoding="utf-8"))["seconds"]
        assert {"fetch", "read", "decide", "apply"} <= seconds.keys()
        assert {name: line[name] for name in seconds} == seconds
        assert "seconds per stage" not in run("sync").stderr

    def test_a_first_sync_fills_the_state_and_says_what_it_did(self, run, district):
        done = run("sync")
        (row,) = history(run)
        assert row["status"] == "applied"
        assert row["run_id"] in done.stdout
        assert "\x1b" not in done.stdout + done.stderr
        assert (district / "reports" / row["run_id"] / "users.csv").exists()
        assert fetched(district, "SELECT count(*) FROM roster_users WHERE role = 'student'") == [(60,)]

    def test_quiet_says_nothing_when_all_is_well(self, run, district):
        done = run("sync", "--quiet")
        assert (done.stdout, done.stderr) == ("", "")

    def test_the_second_time_nothing_is_done(self, run, synced):
        before = fetched(synced, "SELECT * FROM roster_users")
        run("sync")
        assert fetched(synced, "SELECT * FROM roster_users") == before
        assert len(history(run)) == 2

    def test_a_dry_run_leaves_a_report_and_no_trace_in_the_state(self, run, district):
        said = run("sync", "--dry-run").stdout
        assert "dry run" in said
        assert history(run) == []
        assert fetched(district, "SELECT count(*) FROM roster_users") == [(0,)]
        (report,) = [folder for folder in (district / "reports").iterdir() if folder.name in said]
        assert json.loads((report / "summary.json").read_text(encoding="utf-8"))

    def test_a_delta_set_and_a_manifest_alone_are_exit_0(self, run, synced, tmp_path):
        before = fetched(synced, "SELECT * FROM roster_users")
        as_delta(synced / "oneroster")
        run("sync")
        alone = tmp_path / "alone"
        alone.mkdir()
        (alone / "manifest.csv").write_text("propertyName,value\noneroster.version,1.1\n", encoding="utf-8")
        run("sync", "--source", str(alone))
        assert fetched(synced, "SELECT * FROM roster_users") == before
        assert [row["status"] for row in history(run)] == ["applied"] * 3
        (row,) = json.loads(run("validate", "oneroster", "--format", "json").stdout)[:1] or [{"severity": "none"}]
        assert row["severity"] != "error"

    def test_a_delta_set_without_a_bulk_set_before_it_is_exit_4(self, run, district):
        as_delta(district / "oneroster")
        told = run("sync", code=4).stderr
        assert "no bulk set was applied" in told
        assert "bulk set" in told
        assert fetched(district, "SELECT count(*) FROM roster_users") == [(0,)]

    def test_another_source_may_be_named(self, run, synced):
        run("generate", "night2", "--students", "60", "--night", "2")
        shutil.rmtree(synced / "oneroster")
        run("sync", "--source", "night2")
        assert history(run)[0]["source"].endswith("night2")

    def test_a_full_look_gives_the_same_and_json_logs_are_json_lines(self, run, synced):
        before = fetched(synced, "SELECT * FROM roster_users")
        said = run("sync", "--full", "--log-format", "json").stderr
        assert all(json.loads(line)["level"] for line in said.splitlines())
        assert fetched(synced, "SELECT * FROM roster_users") == before


class TestRefusals:
    """Every refusal is one line on stderr, and the state is as it was."""

    @pytest.fixture(autouse=True)
    def untouched(self, synced):
        tables = ("roster_users", "roster_classes", "roster_enrollments", "roster_guardianships")
        before = [fetched(synced, f"SELECT * FROM {table}") for table in tables]
        yield
        if (synced / "kept.db").exists():
            (synced / "kept.db").replace(synced / "state.db")
        assert [fetched(synced, f"SELECT * FROM {table}") for table in tables] == before

    @staticmethod
    def refusal(done):
        assert done.stdout == ""
        assert done.stderr.startswith("rostersync: error: ")
        assert done.stderr.count("\n") == 1
        return done.stderr

    def test_settings_with_a_mistake_are_exit_2(self, run, synced):
        (synced / "rostersync.toml").write_text("[polcy]\n", encoding="utf-8")
        assert "policy" in self.refusal(run("sync", code=2))

    def test_a_source_that_is_not_configured_is_exit_2(self, run, synced):
        (synced / "rostersync.toml").write_text("", encoding="utf-8")
        assert "source.path is missing" in self.refusal(run("sync", code=2))

    @pytest.mark.parametrize("content", [b"", b"SQLite? no" * 500], ids=["empty", "foreign"])
    def test_a_state_that_is_none_is_exit_2(self, run, synced, content):
        (synced / "state.db").rename(synced / "kept.db")
        (synced / "state.db").write_bytes(content)
        assert "state.db" in self.refusal(run("sync", code=2))
        assert (synced / "state.db").read_bytes() == content

    @pytest.mark.parametrize(
        "command",
        [
            ["sync"],
            ["sync", "--dry-run"],
            ["runs", "list"],
            ["runs", "show", "20261121T213000Z"],
            ["users", "list"],
            ["users", "show", "x"],
            ["users", "accept", "x"],
            ["users", "edit", "x", "--email", "new@example.org", "--by", "self"],
            ["classes", "list"],
        ],
        ids=" ".join,
    )
    def test_a_lost_state_is_exit_2_and_no_new_one_is_made(self, run, synced, command):
        (synced / "state.db").rename(synced / "kept.db")
        assert "state.db" in self.refusal(run(*command, code=2))
        assert not (synced / "state.db").exists()

    def test_a_source_that_is_not_there_is_exit_3(self, run, synced):
        shutil.rmtree(synced / "oneroster")
        assert "oneroster" in self.refusal(run("sync", code=3))

    def test_a_named_source_that_is_not_there_is_exit_3(self, run, synced):
        assert "nowhere" in self.refusal(run("sync", "--source", "nowhere", code=3))

    def test_a_source_that_is_empty_is_exit_3(self, run, synced):
        shutil.rmtree(synced / "oneroster")
        (synced / "oneroster").mkdir()
        self.refusal(run("sync", code=3))

    def test_files_that_cannot_be_used_are_exit_4(self, run, synced):
        (synced / "oneroster" / "users.csv").write_text("sourcedId,role\n", encoding="utf-8")
        assert "users.csv" in self.refusal(run("sync", code=4))
        assert history(run)[0]["status"] == "refused"

    def test_a_delta_set_after_one_that_was_skipped_is_exit_4(self, run, synced):
        as_delta(synced / "oneroster")
        run("sync")
        users = synced / "oneroster" / "users.csv"
        sound = users.read_bytes()
        users.write_bytes(sound + b'"broken\n')
        run("sync", code=4)
        users.write_bytes(sound.replace(b"example.org", b"example.net"))
        skipped = history(run)[0]["run_id"]
        assert f"run {skipped} (refused)" in self.refusal(run("sync", code=4))
        run("sync", "--dry-run", code=4)

    def test_a_state_that_another_run_holds_is_exit_6(self, run, synced):
        from rostersync.state.lock import hold

        with hold(synced / "state.db"):
            self.refusal(run("sync", code=6))

    def test_an_unwritable_report_folder_is_exit_2(self, run, synced):
        shutil.rmtree(synced / "reports")
        (synced / "reports").write_text("", encoding="utf-8")
        assert "reports" in self.refusal(run("sync", code=2))


class TestRuns:
    def test_the_latest_comes_first(self, run, synced):
        run("sync", "--source", "nowhere", code=3)
        rows = history(run)
        assert [row["run_id"] for row in rows] == sorted((row["run_id"] for row in rows), reverse=True)
        assert tuple(rows[0]) == (*runs.COLUMNS, "changes")
        assert (rows[0]["changes"], rows[1]["changes"] > 100) == (0, True)
        assert len(json.loads(run("runs", "list", "--limit", "1", "--format", "json").stdout)) == 1

    def test_the_table_has_a_bar_and_the_csv_the_number(self, run, synced):
        run("sync", "--source", "nowhere", code=3)
        made = json.loads(run("runs", "list", "--format", "json").stdout)[1]["changes"]
        header, failed, first = run("runs", "list").stdout.splitlines()
        assert header.split() == ["run_id", "status", "applied", "changes", "bar", "source"]
        assert f"{made}" in first
        assert first.count("\u25a0") > 6
        assert "\u25a0" not in failed
        columns = run("runs", "list", "--format", "csv").stdout.split("\r\n")[0]
        assert columns == ",".join((*runs.COLUMNS, "changes"))

    def test_one_run_is_shown_with_its_counts(self, run, synced):
        (row,) = history(run)
        shown = json.loads(run("runs", "show", row["run_id"], "--format", "json").stdout)
        assert {name: shown[name] for name in runs.COLUMNS} == {name: row[name] for name in runs.COLUMNS}
        assert shown["counts.students.added"] == 60
        assert f"run_id  {row['run_id']}".split() == run("runs", "show", row["run_id"]).stdout.split()[:2]

    def test_an_unknown_run_is_named(self, run, synced):
        assert "knows no run 20000101T000000Z" in run("runs", "show", "20000101T000000Z", code=2).stderr


class TestClasses:
    def listed(self, run, *filters):
        return json.loads(run("classes", "list", "--format", "json", *filters).stdout)

    def test_json_is_the_view(self, run, synced):
        rows = self.listed(run)
        assert [tuple(row.values()) for row in rows] == fetched(synced, "SELECT * FROM roster_classes ORDER BY id")
        assert tuple(rows[0]) == classes.COLUMNS

    def test_filters(self, run, synced):
        first = self.listed(run)[0]
        assert {row["school_id"] for row in self.listed(run, "--school", first["school_id"])} == {first["school_id"]}
        assert self.listed(run, "--status", "archived") == []
        assert first["id"] in {row["id"] for row in self.listed(run, "--search", first["title"].upper())}


class TestGuards:
    """Exit code 5: what is held, what is stopped, what is let through (contract.md, Commands)."""

    @pytest.fixture
    def half(self, synced):
        """The district's files with every other student and their enrollments gone."""
        users = synced / "oneroster" / "users.csv"
        rows = users.read_text(encoding="utf-8").splitlines()
        gone = {row.split(",")[0] for row in [row for row in rows if ",student," in row][::2]}
        for path in (users, synced / "oneroster" / "enrollments.csv"):
            kept = [row for row in path.read_text(encoding="utf-8").splitlines() if not gone & set(row.split(",")[:6])]
            path.write_text("\n".join(kept) + "\n", encoding="utf-8")
        return synced

    @staticmethod
    def students(folder):
        query = "SELECT count(*) FROM roster_users WHERE role = 'student' AND roster_status = 'current'"
        return fetched(folder, query)[0][0]

    @staticmethod
    def summary(folder):
        return json.loads(max((folder / "reports").glob("*/summary.json")).read_text(encoding="utf-8"))

    def test_what_a_guard_holds_is_exit_5_and_said_first(self, run, half):
        done = run("sync", code=5)
        assert done.stderr.startswith("rostersync: error: a guard tripped: removal of ")
        assert done.stderr.count("\n") == 1
        lines = done.stdout.splitlines()
        assert "held" in lines[0]
        assert "exit code 5" in lines[0]
        assert lines.index("Needs a person") < lines.index("Done")
        assert "--override-guards" in done.stdout
        assert self.students(half) == 60
        row = history(run)[0]
        assert (row["status"], row["applied"]) == ("held", 0)
        guards = self.summary(half)["guards_tripped"]
        assert {(guard["what"], guard["kind"]) for guard in guards} >= {("Removal", "students")}
        again = run("sync", "--quiet", code=5)
        assert (again.stdout, again.stderr.count("\n")) == ("", 1)
        assert history(run)[0]["status"] == "held"

    def test_a_held_night_that_applied_something_is_the_last_applied_one(self, run, half):
        users = half / "oneroster" / "users.csv"
        header, first, *rows = users.read_text(encoding="utf-8").splitlines()
        cells = first.split(",")
        cells[header.split(",").index("username")] = "another.name"
        users.write_text("\n".join([header, ",".join(cells), *rows]) + "\n", encoding="utf-8")
        run("sync", code=5, environ={"ROSTERSYNC_REPORTS__KEEP": "1"})
        held = history(run)[0]
        assert (held["status"], held["applied"]) == ("held", 1)
        assert [path.name for path in (half / "reports").glob("2*")] == [held["run_id"]]

    def test_a_held_night_that_applied_nothing_leaves_the_report_of_the_last_applied_one(self, run, half):
        one = {"ROSTERSYNC_REPORTS__KEEP": "1"}
        last = history(run)[0]["run_id"]
        for _ in range(2):
            run("sync", code=5, environ=one)
            nothing = history(run)[0]
            assert (nothing["status"], nothing["applied"]) == ("held", 0)
            assert {path.name for path in (half / "reports").glob("2*")} == {nothing["run_id"], last}
        run("report", last, "--out", "copy")  # the state has its tables too

    def test_stop_applies_nothing_and_is_exit_5(self, run, half):
        before = fetched(half, "SELECT value FROM meta WHERE key = 'generation'")
        done = run("sync", code=5, environ={"ROSTERSYNC_GUARDS__ON_TRIP": "stop"})
        assert "nothing was changed" in done.stdout.splitlines()[0]
        assert "Would be done" in done.stdout
        row = history(run)[0]
        assert (row["status"], row["applied"]) == ("stopped", 0)
        assert fetched(half, "SELECT value FROM meta WHERE key = 'generation'") == before
        assert (half / "reports" / row["run_id"] / "users.csv").exists()
        assert self.students(half) == 60

    @pytest.mark.parametrize("on_trip", ["hold", "stop"])
    def test_a_dry_run_exits_alike(self, run, half, on_trip):
        done = run("sync", "--dry-run", code=5, environ={"ROSTERSYNC_GUARDS__ON_TRIP": on_trip})
        assert "dry run" in done.stdout
        assert len(history(run)) == 1
        assert self.summary(half)["run"]["status"] == {"hold": "held", "stop": "stopped"}[on_trip]

    def test_an_override_lets_the_run_through(self, run, half):
        run("sync", "--override-guards", "all")
        assert self.students(half) == 30
        assert history(run)[0]["status"] == "applied"
        run("sync")

    def test_overrides_may_be_given_one_by_one(self, run, half):
        run("sync", "--override-guards", "staff@school-001", code=5)
        kinds = {guard["kind"] for guard in self.summary(half)["guards_tripped"]}
        words = [word for kind in kinds for word in ("--override-guards", kind)]
        run("sync", "--dry-run", *words)
        assert self.students(half) == 60
        run("sync", *words)
        assert self.students(half) == 30

    @pytest.mark.parametrize("word", ["everything", "students@", "all@school-001", "students@school-999"])
    def test_a_word_that_is_none_is_exit_2(self, run, half, word):
        done = run("sync", "--override-guards", word, code=2)
        assert done.stdout == ""
        assert done.stderr.count("\n") == 1
        assert "--override-guards" in done.stderr
        assert self.students(half) == 60
