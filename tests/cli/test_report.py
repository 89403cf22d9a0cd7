"""`report` from outside: any kept run's report again, byte for byte (contract.md, Commands)."""

import csv
import shutil
import stat

import pytest

from tests.cli.test_plan import refusal
from tests.cli.test_sync import history

CSVS = {"users.csv", "classes.csv", "enrollments.csv", "guardianships.csv", "issues.csv"}
FILES = {*CSVS, "report.html", "summary.json"}


TO_THE_LIST = b'<li><a href="../index.html">All reports</a></li>\n'


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def elsewhere(files):
    """The same report outside of the reports: its page has no list to lead to."""
    assert files["report.html"].count(TO_THE_LIST) == 1
    return files | {"report.html": files["report.html"].replace(TO_THE_LIST, b"")}


@pytest.fixture
def two_runs(run, synced):
    """`home` after two nights; gives their ids."""
    run("generate", "night2", "--students", "60", "--night", "2")
    run("--quiet", "sync", "--source", "night2")
    return [row["run_id"] for row in reversed(history(run))]


class TestAgain:
    def test_a_lost_report_comes_back_byte_for_byte(self, run, synced, two_runs):
        for run_id in two_runs:
            folder = synced / "reports" / run_id
            before = contents(folder)
            assert set(before) == FILES
            shutil.rmtree(folder)
            assert run_id in run("report", run_id).stdout
            assert contents(folder) == before
            assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}
            assert stat.S_IMODE(folder.stat().st_mode) == 0o700

    def test_without_a_run_it_is_the_latest_that_left_one(self, run, synced, two_runs):
        run("sync", "--source", "nowhere", code=3)
        before = contents(synced / "reports" / two_runs[-1])
        run("report", "--out", "copy")
        assert contents(synced / "copy") == elsewhere(before)

    def test_beside_the_list_it_leads_there(self, run, synced, two_runs):
        before = contents(synced / "reports" / two_runs[-1])
        run("report", "--out", "reports/copy")
        assert contents(synced / "reports" / "copy") == before

    def test_a_report_that_stands_is_replaced(self, run, synced, two_runs):
        folder = synced / "reports" / two_runs[0]
        before = contents(folder)
        (folder / "users.csv").write_text("spoilt", encoding="utf-8")
        (folder / "report.html").write_text("spoilt", encoding="utf-8")
        run("report", two_runs[0])
        assert contents(folder) == before
        assert {path.name for path in (synced / "reports").glob("2*")} == set(two_runs)

    def test_an_applied_plan_leaves_one_too(self, run, synced):
        run("--quiet", "plan", "--out", "plan.json")
        run("--quiet", "apply", "plan.json")
        before = contents(synced / "reports" / history(run)[0]["run_id"])
        run("report", "--out", "copy")
        assert contents(synced / "copy") == elsewhere(before)

    def test_quiet_says_nothing(self, run, synced):
        done = run("report", "--quiet")
        assert (done.stdout, done.stderr) == ("", "")

    def test_the_newest_are_kept_and_the_last_applied_always(self, run, synced, two_runs):
        one = {"ROSTERSYNC_REPORTS__KEEP": "1"}
        run("--quiet", "sync", "--source", "night2", environ=one)
        run("report", environ=one)
        said = refusal(run("report", two_runs[0], code=2, environ=one))
        assert f"keeps no report of run {two_runs[0]}" in said
        run("sync", "--source", "nowhere", code=3)
        run("report")


class TestFormats:
    @pytest.mark.parametrize(("name", "files"), [("html", {"report.html"}), ("csv", CSVS), ("xlsx", {"report.xlsx"})])
    def test_out_holds_the_one_asked_for(self, run, synced, two_runs, name, files):
        run("report", "--format", name, "--out", "copy")
        assert set(contents(synced / "copy")) == {*files, "summary.json"}

    def test_among_the_reports_it_is_added(self, run, synced, two_runs):
        csv_alone = {"ROSTERSYNC_REPORTS__FORMATS": "csv"}
        folder = synced / "reports" / two_runs[0]
        run("report", two_runs[0], environ=csv_alone)
        assert set(contents(folder)) == FILES - {"report.html"}
        run("report", two_runs[0], "--format", "html", environ=csv_alone)
        assert set(contents(folder)) == FILES

    @pytest.mark.parametrize("formats", ["csv", "html", "html,csv"])
    def test_a_sync_writes_what_the_settings_say(self, run, synced, formats):
        run("--quiet", "sync", environ={"ROSTERSYNC_REPORTS__FORMATS": formats})
        found = set(contents(synced / "reports" / history(run)[0]["run_id"]))
        assert ("report.html" in found) == ("html" in formats)
        assert (found >= CSVS) == ("csv" in formats)
        assert "summary.json" in found

    def test_the_page_of_a_run_stays_the_same_after_later_runs_and_an_undo(self, run, synced, two_runs):
        before = [contents(synced / "reports" / run_id) for run_id in two_runs]
        run("sync", "--source", "nowhere", code=3)
        run("--quiet", "runs", "undo")
        run("--quiet", "sync", "--source", "night2")
        for run_id, files in zip(two_runs, before, strict=True):
            shutil.rmtree(synced / "reports" / run_id)
            run("report", run_id)
            assert contents(synced / "reports" / run_id) == files

    def test_a_workbook_comes_back_byte_for_byte(self, run, synced):
        all_formats = {"ROSTERSYNC_REPORTS__FORMATS": "csv,html,xlsx"}
        run("generate", "night2", "--students", "60", "--night", "2")
        run("--quiet", "sync", "--source", "night2", environ=all_formats)
        folder = synced / "reports" / history(run)[0]["run_id"]
        before = contents(folder)
        assert set(before) == {*FILES, "report.xlsx"}
        shutil.rmtree(folder)
        run("report", environ=all_formats)
        assert contents(folder) == before
        assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}

    def test_the_page_may_be_sorted_too(self, run, synced):
        run("report", "--format", "html", "--sort", "school", "--out", "copy")
        assert '<th scope="col" data-column="school" aria-sort="ascending">' in (synced / "copy/report.html").read_text(
            encoding="utf-8"
        )


class TestMarkdown:
    def test_it_goes_to_stdout_and_names_nobody(self, run, synced, two_runs):
        text = run("report", "--format", "md", two_runs[0]).stdout
        assert text.startswith(f"# School district: run {two_runs[0]}\n")
        with (synced / "reports" / two_runs[0] / "users.csv").open(encoding="utf-8-sig", newline="") as file:
            people = list(csv.DictReader(file))
        assert people
        cells = {cell.strip("\\ ") for line in text.splitlines() for cell in line.split("|")}
        assert not cells & {row[name] for row in people for name in ("id", "family_name", "email", "school")} - {""}

    def test_it_goes_to_a_private_file_that_is_replaced(self, run, synced):
        text = run("report", "--format", "md").stdout
        (synced / "ticket.md").write_text("yesterday's", encoding="utf-8")
        assert run("report", "--format", "md", "--out", "ticket.md").stdout == "Summary: ticket.md\n"
        assert (synced / "ticket.md").read_bytes() == text.encode()
        assert stat.S_IMODE((synced / "ticket.md").stat().st_mode) == 0o600

    @pytest.mark.parametrize(
        ("arguments", "said"),
        [
            (("--format", "md", "--sort", "school"), "--sort: a summary has no rows"),
            (("--format", "csv", "--with-names"), "--with-names belongs to --format md"),
            (("--with-names",), "--with-names belongs to --format md"),
            (("--format", "md", "--out", "nowhere/ticket.md"), "nowhere/ticket.md cannot be written"),
            (("--format", "md", "--out", "reports"), "reports cannot be written"),
            (("--format", "md", "20200101T000000Z"), "knows no run"),
        ],
    )
    def test_what_cannot_be_is_exit_2(self, run, synced, arguments, said):
        assert said in refusal(run("report", *arguments, code=2))

    def test_quiet_writes_the_file_alone(self, run, synced):
        assert run("--quiet", "report", "--format", "md", "--out", "ticket.md").stdout == ""
        assert (synced / "ticket.md").stat().st_size


class TestIndex:
    def test_it_lists_every_kept_run_and_names_the_latest(self, run, synced, two_runs):
        run("--quiet", "sync", "--dry-run")
        listed = (synced / "reports/index.html").read_text(encoding="utf-8")
        dry = max(path.name for path in (synced / "reports").glob("2*"))
        for run_id in (*two_runs, dry):
            assert f'<a href="{run_id}/report.html">' in listed
        assert "dry run" in listed
        assert (synced / "reports/latest").read_bytes() == f"{two_runs[-1]}\n".encode()
        for name in ("index.html", "latest"):
            assert stat.S_IMODE((synced / "reports" / name).stat().st_mode) == 0o600

    def test_dry_runs_never_push_out_the_last_applied_run(self, run, synced, two_runs):
        one = {"ROSTERSYNC_REPORTS__KEEP": "1"}
        for _ in range(2):
            run("--quiet", "sync", "--dry-run", environ=one)
        kept = sorted(path.name for path in (synced / "reports").glob("2*"))
        assert kept[0] == two_runs[-1]
        assert len(kept) == 2
        listed = (synced / "reports/index.html").read_text(encoding="utf-8")
        assert two_runs[0] not in listed
        assert all(run_id in listed for run_id in kept)

    def test_a_run_that_was_taken_back_is_listed_as_that(self, run, synced, two_runs):
        assert ">undone<" not in (synced / "reports/index.html").read_text(encoding="utf-8")
        run("--quiet", "runs", "undo")
        undone = (synced / "reports/index.html").read_text(encoding="utf-8")
        assert undone.count('<span class="mark undone">undone</span>') == 1
        run("report", two_runs[0])
        assert (synced / "reports/index.html").read_text(encoding="utf-8") == undone

    def test_a_page_that_is_written_later_is_linked(self, run, synced, two_runs):
        csv_alone = {"ROSTERSYNC_REPORTS__FORMATS": "csv"}
        run("report", two_runs[0], environ=csv_alone)
        assert f'<a href="{two_runs[0]}/">' in (synced / "reports/index.html").read_text(encoding="utf-8")
        run("report", two_runs[0])
        assert f'<a href="{two_runs[0]}/report.html">' in (synced / "reports/index.html").read_text(encoding="utf-8")


class TestSort:
    def test_every_file_that_has_the_column_is_sorted_by_it(self, run, synced, two_runs):
        before = contents(synced / "reports" / two_runs[0])
        run("report", two_runs[0], "--out", "sorted", "--sort", "school")
        after = contents(synced / "sorted")
        for name in ("users.csv", "classes.csv", "enrollments.csv"):
            with (synced / "sorted" / name).open(encoding="utf-8-sig", newline="") as file:
                schools = [row["school"] for row in csv.DictReader(file)]
            assert schools == sorted(schools)
            assert sorted(after[name].splitlines()) == sorted(before[name].splitlines())
        assert after["users.csv"] != before["users.csv"]
        assert after["guardianships.csv"] == before["guardianships.csv"], "it has no such column"

    def test_a_column_that_no_file_has_is_exit_2(self, run, synced):
        said = refusal(run("report", "--sort", "shcool", "--out", "copy", code=2))
        assert "no report has a column shcool" in said
        assert "school" in said.replace("shcool", "")
        assert not (synced / "copy").exists()


class TestRefusals:
    def test_an_unknown_run_is_exit_2(self, run, synced):
        assert "knows no run 20000101T000000Z" in refusal(run("report", "20000101T000000Z", code=2))

    def test_a_run_that_left_none_is_exit_2(self, run, synced):
        run("sync", "--source", "nowhere", code=3)
        failed = history(run)[0]["run_id"]
        assert "it left none" in refusal(run("report", failed, code=2))

    def test_a_state_without_any_is_exit_2(self, run, district):
        assert "keeps no report yet" in refusal(run("report", code=2))

    def test_a_dry_run_is_not_kept(self, run, synced):
        before = {path.name for path in (synced / "reports").glob("2*")}
        run("--quiet", "sync", "--dry-run")
        (dry,) = {path.name for path in (synced / "reports").glob("2*")} - before
        assert "dry runs are not in it" in refusal(run("report", dry, code=2))

    def test_another_format_is_exit_2(self, run, synced):
        refusal(run("report", "--format", "pdf", code=2))

    def test_a_folder_with_other_things_is_left_as_it_is(self, run, synced):
        (synced / "mine").mkdir()
        (synced / "mine" / "letter.txt").write_text("mine", encoding="utf-8")
        assert "no report" in refusal(run("report", "--out", "mine", code=2))
        assert [path.name for path in (synced / "mine").iterdir()] == ["letter.txt"]

    def test_an_empty_folder_and_an_earlier_report_may_be_replaced(self, run, synced):
        (synced / "copy").mkdir()
        run("report", "--out", "copy")
        run("report", "--out", "copy")
        assert set(contents(synced / "copy")) == FILES

    @pytest.mark.parametrize("out", ["rostersync.toml", "nowhere/deep/copy"])
    def test_a_place_that_cannot_hold_it_is_exit_2(self, run, synced, out):
        refusal(run("report", "--out", out, code=2))

    def test_a_lost_state_is_exit_2(self, run, synced):
        (synced / "state.db").unlink()
        refusal(run("report", code=2))
        assert not (synced / "state.db").exists()


def test_a_list_that_cannot_be_written_is_said_and_the_run_stands(run, synced):
    (synced / "reports" / "index.html").unlink()
    (synced / "reports" / "index.html").mkdir()
    said = refusal(run("--quiet", "sync", code=1))
    assert "the run and the reports are complete" in said
    newest = history(run)[0]
    assert newest["status"] == "applied"
    assert set(contents(synced / "reports" / newest["run_id"])) == FILES
