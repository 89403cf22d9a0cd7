"""The list of the kept reports, and `latest`: whole, private, and of what is there."""

import json
import os
import stat
import time

import pytest

from rostersync.errors import RosterSyncError
from rostersync.reports import index
from rostersync.reports.folder import prune, publish
from rostersync.reports.summary import write_summary
from tests.reports.page import Page

FIRST, SECOND, THIRD = "20261121T213000Z", "20261122T213000Z", "20261123T213000Z"


@pytest.fixture
def keep(tmp_path, make_tables, make_summary):
    """keep(RUN_ID, dry_run=…, status=…): a report as a run left it."""

    def make(run_id, *, page=True, **how):
        folder = tmp_path / run_id
        folder.mkdir()
        tables = make_tables(
            users=[{"id": "1", "role": "student", "action": "added", "code": "NEW"}],
            issues=[{"severity": "error", "code": "DUPLICATE_ID"}],
        )
        write_summary(folder, make_summary(tables, **how))
        if page:
            (folder / "report.html").write_text("page")

    return make


def listed(folder):
    text = (folder / "index.html").read_text(encoding="utf-8")
    page = Page(text.replace('<section aria-labelledby="list-title">', '<section id="list">'))
    return page.rows["list"][1:], [link for link in page.links if not link.startswith("#")]


def test_latest_first_with_counts_status_and_link(tmp_path, keep):
    keep(FIRST)
    keep(SECOND, status="held", page=False)
    index.write(tmp_path, "District")
    rows, links = listed(tmp_path)
    assert [row[0] for row in rows] == [SECOND, FIRST]
    assert rows[0][1:] == ["Sun 2026-11-22 21:30 UTC", "held", "0 of 1", "1", "0", "0", "0", "1"]
    assert links == [f"{SECOND}/", f"{FIRST}/report.html"]
    assert (tmp_path / "latest").read_bytes() == f"{SECOND}\n".encode()


def test_a_dry_run_is_listed_as_one_and_is_not_the_latest(tmp_path, keep):
    keep(FIRST)
    keep(SECOND, dry_run=True)
    keep(THIRD, dry_run=True, status="held")
    index.write(tmp_path, "District")
    assert [row[2] for row in listed(tmp_path)[0]] == ["dry run, held", "dry run", "applied"]
    assert (tmp_path / "latest").read_text() == f"{FIRST}\n"
    assert "Changes of the last 1 runs" in (tmp_path / "index.html").read_text()


def test_a_run_that_was_taken_back_is_listed_as_that(tmp_path, keep):
    keep(FIRST)
    keep(SECOND)
    index.write(tmp_path, "District", {FIRST})
    assert [row[2] for row in listed(tmp_path)[0]] == ["applied", "undone"]


def test_dry_runs_alone_have_no_latest(tmp_path, keep):
    keep(FIRST, dry_run=True)
    index.write(tmp_path, "District")
    assert not (tmp_path / "latest").exists()
    assert len(listed(tmp_path)[0]) == 1


def test_removed_reports_vanish_from_it(tmp_path, keep):
    for run_id in (FIRST, SECOND, THIRD):
        keep(run_id)
    index.write(tmp_path, "District")
    prune(tmp_path, 1)
    index.write(tmp_path, "District")
    assert [row[0] for row in listed(tmp_path)[0]] == [THIRD]


def test_both_files_are_private_and_nothing_is_left_over(tmp_path, keep):
    keep(FIRST)
    for _ in range(2):
        index.write(tmp_path, "District")
        assert {path.name for path in tmp_path.iterdir()} == {FIRST, "index.html", "latest"}
        assert {stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("index.html", "latest")} == {0o600}


@pytest.mark.parametrize(
    "content", [b"", b"[]", b"\xff", b'{"run": 5, "counts": [], "findings": 7}', b'{"counts": {"users": 1}}']
)
def test_a_summary_that_cannot_be_read_does_not_hide_the_report(tmp_path, keep, content):
    keep(FIRST)
    (tmp_path / FIRST / "summary.json").write_bytes(content)
    index.write(tmp_path, "District")
    ((run_id, _, status, *counts),) = listed(tmp_path)[0]
    assert (run_id, status, counts) == (FIRST, "unknown", ["–", *["0"] * 5])


def test_a_report_that_came_meanwhile_is_in_it(tmp_path, keep, monkeypatch):
    keep(FIRST)
    put = index.put

    def and_another(path, content):
        put(path, content)
        if not (tmp_path / SECOND).exists():
            keep(SECOND)

    monkeypatch.setattr(index, "put", and_another)
    index.write(tmp_path, "District")
    assert [row[0] for row in listed(tmp_path)[0]] == [SECOND, FIRST]
    assert (tmp_path / "latest").read_text() == f"{SECOND}\n"


def test_what_a_killed_run_left_of_the_list_goes_with_the_next_report(tmp_path):
    for name, age in ((".partial-index.html-killed", 7 * 3600), (".partial-index.html-at-work", 60)):
        (tmp_path / name).write_text("half")
        os.utime(tmp_path / name, (time.time() - age,) * 2)
    publish(tmp_path, FIRST, lambda folder: (folder / "users.csv").write_text("whole"))
    assert {path.name for path in tmp_path.iterdir()} == {FIRST, ".partial-index.html-at-work"}


def test_names_are_escaped(tmp_path, keep):
    keep(FIRST)
    summary = json.loads((tmp_path / FIRST / "summary.json").read_text())
    summary["run"]["status"] = "<script>x</script>"
    (tmp_path / FIRST / "summary.json").write_text(json.dumps(summary))
    index.write(tmp_path, "<b>District</b>")
    text = (tmp_path / "index.html").read_text()
    assert "<script" not in text
    assert "<b>District" not in text


def test_what_cannot_be_written_is_said_and_the_old_list_stands(tmp_path, keep, monkeypatch):
    keep(FIRST)
    index.write(tmp_path, "District")
    before = (tmp_path / "index.html").read_bytes()

    def full(path, content):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(index, "put", full)
    with pytest.raises(RosterSyncError, match=r"No space left on device.*the run and the reports are complete"):
        index.write(tmp_path, "District")
    assert (tmp_path / "index.html").read_bytes() == before


def test_a_report_that_is_never_to_go_stays(tmp_path, keep):
    for run_id in (FIRST, SECOND, THIRD):
        keep(run_id)
    assert prune(tmp_path, 1, never=FIRST) == [SECOND]
    assert (tmp_path / FIRST).is_dir()
