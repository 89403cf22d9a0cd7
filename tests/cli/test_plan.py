"""`plan` and `apply` from outside: a night in two steps, and every refusal (contract.md, Commands)."""

import json
import os
import shutil
import sqlite3
import stat
from contextlib import closing
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from tests.cli.conftest import prepared
from tests.cli.test_sync import fetched, history

TABLES = ("users", "classes", "enrollments", "guardianships", "changes", "outbox")


def state(folder):
    return {table: sorted(fetched(folder, f"SELECT * FROM roster_{table}"), key=repr) for table in TABLES}


def without_run_ids(found):
    changes = [row[1:] for row in found["changes"]]
    return {**found, "changes": sorted(changes, key=repr)}


@pytest.fixture(scope="module")
def night2_once(synced_once, tmp_path_factory):
    """A district after its first sync, with the second night's files in `oneroster`."""
    folder = tmp_path_factory.mktemp("night2")
    shutil.copytree(synced_once, folder, dirs_exist_ok=True)
    shutil.rmtree(folder / "oneroster")
    return prepared(folder, ["generate", "oneroster", "--students", "60", "--night", "2"])


@pytest.fixture(scope="module")
def planned_once(night2_once, tmp_path_factory):
    """The same with a plan of the second night in `plan.json`."""
    folder = tmp_path_factory.mktemp("planned")
    shutil.copytree(night2_once, folder, dirs_exist_ok=True)
    return prepared(folder, ["--quiet", "plan", "--out", "plan.json"])


@pytest.fixture
def night2(night2_once, home):
    """`home` as `night2_once`."""
    shutil.copytree(night2_once, home, dirs_exist_ok=True)
    return home


@pytest.fixture
def planned(planned_once, home):
    """`home` as `planned_once`."""
    shutil.copytree(planned_once, home, dirs_exist_ok=True)
    return home


@pytest.fixture
def untouched(planned):
    """After the test the directory is as it was."""
    before = state(planned)
    yield planned
    if (planned / "kept.db").exists():
        (planned / "kept.db").replace(planned / "state.db")
    assert state(planned) == before


def refusal(done):
    assert done.stdout == ""
    assert done.stderr.startswith("rostersync: error: ")
    assert done.stderr.count("\n") == 1
    return done.stderr


def reports(folder):
    return {path.name for path in (folder / "reports").glob("2*")}


def new_report(folder, before):
    (name,) = reports(folder) - before
    return folder / "reports" / name


class TestPlan:
    def test_it_is_a_dry_run(self, run, night2):
        before, there = state(night2), reports(night2)
        said = run("plan").stdout
        assert "dry run, nothing was changed" in said
        assert state(night2) == before
        assert len(history(run)) == 1
        report = new_report(night2, there)
        assert json.loads((report / "summary.json").read_text(encoding="utf-8"))["run"]["dry_run"] is True

    def test_a_kept_plan_is_private_and_holds_every_row_of_its_report(self, run, night2):
        there = reports(night2)
        assert "plan.json" in run("plan", "--out", "plan.json").stdout
        file = night2 / "plan.json"
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        kept = json.loads(file.read_text(encoding="utf-8"))
        assert kept["rostersync_plan"] == 1
        assert kept["state"]["generation"] == 1
        report = new_report(night2, there)
        assert kept["summary"] == json.loads((report / "summary.json").read_text(encoding="utf-8"))
        for name, table in kept["report"].items():
            assert len(table["rows"]) == (report / f"{name}.csv").read_bytes().count(b"\r\n") - 1
        assert sum(len(table["rows"]) for table in kept["report"].values()) > 0
        assert not [path for path in night2.iterdir() if path.name.startswith(".plan")]

    def test_an_earlier_plan_is_replaced(self, run, planned):
        before = (planned / "plan.json").read_bytes()
        run("plan", "--out", "plan.json")
        assert (planned / "plan.json").read_bytes() != before

    def test_another_file_is_left_as_it_is(self, run, night2):
        (night2 / "other.json").write_text('{"mine": 1}', encoding="utf-8")
        there = reports(night2)
        assert "other.json is there and no plan" in refusal(run("plan", "--out", "other.json", code=2))
        assert (night2 / "other.json").read_text(encoding="utf-8") == '{"mine": 1}'
        assert reports(night2) == there, "refused before the night is worked out"

    def test_a_link_to_a_plan_is_left_as_it_is(self, run, planned):
        (planned / "link.json").symlink_to(planned / "plan.json")
        refusal(run("plan", "--out", "link.json", code=2))

    @pytest.mark.parametrize("out", ["nowhere/plan.json", "reports"])
    def test_a_place_that_cannot_hold_it_is_exit_2(self, run, night2, out):
        assert out.partition("/")[0] in refusal(run("plan", "--out", out, code=2))

    def test_files_that_cannot_be_used_are_exit_4_and_leave_no_plan(self, run, night2):
        (night2 / "oneroster" / "users.csv").write_text("sourcedId,role\n", encoding="utf-8")
        refusal(run("plan", "--out", "plan.json", code=4))
        assert not (night2 / "plan.json").exists()
        assert len(history(run)) == 1

    def test_a_source_that_is_not_there_is_exit_3(self, run, night2):
        refusal(run("plan", "--source", "nowhere", "--out", "plan.json", code=3))

    def test_a_lost_state_is_exit_2(self, run, untouched):
        (untouched / "state.db").rename(untouched / "kept.db")
        refusal(run("plan", code=2))
        assert not (untouched / "state.db").exists()

    @pytest.mark.parametrize("word", ["teachers", "students@", "all@school-001"])
    @pytest.mark.parametrize("command", [["plan"], ["apply", "plan.json"]], ids=" ".join)
    def test_what_cannot_be_overridden_is_exit_2(self, run, untouched, command, word):
        assert "neither all, a kind (students" in refusal(run(*command, "--override-guards", word, code=2))


class TestApply:
    def test_it_equals_the_sync(self, run, planned, tmp_path_factory):
        twin = tmp_path_factory.mktemp("twin")
        shutil.copytree(planned, twin, dirs_exist_ok=True)
        there = reports(planned)
        said = run("apply", "plan.json").stdout
        applied = new_report(planned, there)
        run("--quiet", "--config", twin / "rostersync.toml", "sync")
        synced = new_report(twin, there)
        assert without_run_ids(state(planned)) == without_run_ids(state(twin))
        for name in ("users", "classes", "enrollments", "guardianships", "issues"):
            assert (applied / f"{name}.csv").read_bytes() == (synced / f"{name}.csv").read_bytes()
        one, other = (json.loads((report / "summary.json").read_text(encoding="utf-8")) for report in (applied, synced))
        assert {key: one[key] for key in ("counts", "codes", "schools", "findings")} == {
            key: other[key] for key in ("counts", "codes", "schools", "findings")
        }
        assert one["run"]["dry_run"] is False
        assert applied.name in said
        row = history(run)[0]
        assert (row["run_id"], row["status"], row["applied"]) == (applied.name, "applied", 1)

    def test_the_next_sync_finds_nothing_to_do(self, run, planned):
        run("--quiet", "apply", "plan.json")
        before = state(planned)
        run("--quiet", "sync")
        assert state(planned) == before

    def test_its_run_is_later_than_that_of_the_plan(self, run, planned):
        plan = json.loads((planned / "plan.json").read_text(encoding="utf-8"))
        run("--quiet", "apply", "plan.json")
        assert history(run)[0]["run_id"] > plan["run_id"]

    def test_quiet_says_nothing(self, run, planned):
        done = run("apply", "plan.json", "--quiet")
        assert (done.stdout, done.stderr) == ("", "")

    def test_a_source_named_by_hand_is_looked_at_again_wherever_the_call_is_made(self, run, planned, tmp_path_factory):
        shutil.move(planned / "oneroster", planned / "elsewhere")
        run("--quiet", "plan", "--source", "elsewhere", "--out", "plan.json")
        away = tmp_path_factory.mktemp("away")
        shutil.move(planned / "plan.json", away / "plan.json")
        run("--quiet", "apply", away / "plan.json")
        assert history(run)[0]["source"] == "elsewhere"

    def test_it_is_applied_once(self, run, planned):
        run("--quiet", "apply", "plan.json")
        assert "the state changed since (generation 1, now 2)" in refusal(run("apply", "plan.json", code=7))

    def test_a_first_load_can_be_planned(self, run, district):
        run("--quiet", "plan", "--out", "plan.json")
        run("--quiet", "apply", "plan.json")
        assert fetched(district, "SELECT count(*) FROM roster_users WHERE role = 'student'") == [(60,)]

    def test_words_given_now_are_those_of_the_run(self, run, planned):
        run("--quiet", "apply", "plan.json", "--override-guards", "students@school-001", "--override-guards", "staff")
        assert history(run)[0]["status"] == "applied"

    def test_words_of_the_plan_stand_in_it(self, run, night2):
        run("--quiet", "plan", "--out", "plan.json", "--override-guards", "staff", "--override-guards", "classes")
        kept = json.loads((night2 / "plan.json").read_text(encoding="utf-8"))
        assert kept["override_guards"] == ["classes", "staff"]
        run("--quiet", "apply", "plan.json")
        assert history(run)[0]["status"] == "applied"


class TestMoved:
    """Exit 7, with everything that is no longer that of the plan."""

    def test_files_are_named(self, run, untouched):
        source = untouched / "oneroster"
        (source / "users.csv").write_bytes((source / "users.csv").read_bytes() + b"\r\n")
        (source / "courses.csv").unlink()
        (source / "demographics.csv").write_text("sourcedId\n", encoding="utf-8")
        said = refusal(run("apply", "plan.json", code=7))
        assert "courses.csv is gone; demographics.csv is new; users.csv changed; nothing was changed" in said
        assert "classes.csv" not in said
        assert len(history(run)) == 1

    def test_an_edit_since_is_said(self, run, planned):
        (user,) = json.loads(run("users", "list", "--limit", "1", "--format", "json").stdout)
        run("users", "accept", user["id"])
        before = state(planned)
        assert "the state changed since" in refusal(run("apply", "plan.json", code=7))
        assert state(planned) == before

    def test_another_state_of_the_same_generation_is_said(self, run, untouched):
        (untouched / "state.db").rename(untouched / "kept.db")
        shutil.rmtree(untouched / "state.db.snapshots")
        for rest in untouched.glob("state.db-*"):
            rest.unlink()
        run("init")
        run("generate", "first", "--students", "60")
        run("--quiet", "sync", "--source", "first")
        assert fetched(untouched, "SELECT value FROM meta WHERE key = 'generation'") == [("1",)]
        assert "another one of the same generation" in refusal(run("apply", "plan.json", code=7))

    def test_settings_and_date_are_said_together(self, run, untouched):
        changed = {"ROSTERSYNC_POLICY__ABANDONED_FAMILIES": "extreme"}
        said = refusal(run("apply", "plan.json", code=7, environ=changed))
        assert "settings that decide changed" in said
        changed["ROSTERSYNC_DISTRICT__TIMEZONE"] = self.zone_of_another_date(untouched)
        said = refusal(run("apply", "plan.json", code=7, environ=changed))
        assert "settings that decide changed" in said
        assert "today is" in said

    @staticmethod
    def zone_of_another_date(folder):
        """A time zone in which the plan's date is not today's."""
        planned = json.loads((folder / "plan.json").read_text(encoding="utf-8"))["as_of"]
        zones = ("Pacific/Kiritimati", "Pacific/Niue")  # 25 hours apart
        return next(zone for zone in zones if datetime.now(ZoneInfo(zone)).date().isoformat() != planned)

    def test_a_source_that_went_with_other_things_is_still_exit_7(self, run, untouched):
        shutil.rmtree(untouched / "oneroster")
        refusal(run("apply", "plan.json", code=3))
        changed = {"ROSTERSYNC_POLICY__RESTORE_CLASSES": "false"}
        assert "settings that decide changed" in refusal(run("apply", "plan.json", code=7, environ=changed))


class TestRefusals:
    def test_no_such_file_is_exit_2(self, run, untouched):
        assert "nowhere.json cannot be read" in refusal(run("apply", "nowhere.json", code=2))

    @pytest.mark.parametrize("what", ["pipe", "folder"])
    def test_what_is_no_file_is_exit_2_and_not_waited_for(self, run, untouched, what):
        path = untouched / what
        os.mkfifo(path) if what == "pipe" else path.mkdir()
        assert f"{what} is no file; nothing was changed" in refusal(run("apply", what, code=2))

    @pytest.mark.parametrize(
        "spoil",
        [
            lambda content: content[: len(content) // 2],
            lambda content: content[:-1],
            lambda content: content[:40],
            lambda content: b"",
            lambda content: content.replace(b'"archived"', b'"removed"', 1),
            lambda content: content + b"\n",
            lambda content: b"\x89PNG" + content,
        ],
        ids=["half", "last byte", "head", "empty", "edited", "longer", "foreign"],
    )
    def test_a_torn_or_edited_file_is_exit_2(self, run, untouched, spoil):
        file = untouched / "plan.json"
        content = file.read_bytes()
        assert spoil(content) != content
        file.write_bytes(spoil(content))
        said = refusal(run("apply", "plan.json", code=2))
        assert "plan.json" in said
        assert "make a new one" in said

    def test_a_newer_format_is_exit_2(self, run, untouched):
        file = untouched / "plan.json"
        file.write_bytes(file.read_bytes().replace(b'"rostersync_plan": 1', b'"rostersync_plan": 2', 1))
        assert "made by a newer rostersync (format 2" in refusal(run("apply", "plan.json", code=2))

    def test_a_state_that_another_run_holds_is_exit_6(self, run, untouched):
        from rostersync.state.lock import hold

        with hold(untouched / "state.db"):
            refusal(run("apply", "plan.json", code=6))

    def test_a_lost_state_is_exit_2_and_no_new_one_is_made(self, run, untouched):
        (untouched / "state.db").rename(untouched / "kept.db")
        refusal(run("apply", "plan.json", code=2))
        assert not (untouched / "state.db").exists()

    def test_a_failure_while_it_is_applied_leaves_everything_and_a_row(self, run, untouched):
        with closing(sqlite3.connect(untouched / "state.db")) as db:
            db.execute("CREATE TRIGGER broken BEFORE INSERT ON changes BEGIN SELECT RAISE(ABORT, 'no'); END")
            db.commit()
        there = reports(untouched)
        run("apply", "plan.json", code=1)
        assert history(run)[0]["status"] == "failed"
        assert reports(untouched) == there
        with closing(sqlite3.connect(untouched / "state.db")) as db:
            db.execute("DROP TRIGGER broken")
            db.commit()
        run("--quiet", "plan", "--out", "again.json")
