"""design.md, One writer, whole or nothing: a report is there whole and private, or not at all."""

import os
import resource
import signal
import stat
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

from rostersync.errors import ConfigurationError, RosterSyncError
from rostersync.reports import write
from rostersync.reports.folder import latest_run_id, prune, publish, writable
from tests.reports.page import ABOUT

FIRST, SECOND, THIRD = "20261121T213000Z", "20261122T213000Z", "20261123T213000Z"
NOBODY = 65534


def visible(folder):
    return sorted(path.name for path in folder.iterdir())


def fill(folder):
    (folder / "users.csv").write_text("whole")


@contextmanager
def umask(mask):
    old = os.umask(mask)
    try:
        yield
    finally:
        os.umask(old)


@contextmanager
def read_only_folder():
    """A folder that this process cannot write into; root gives up its rights for that long."""
    with tempfile.TemporaryDirectory() as outer:
        Path(outer).chmod(0o755)
        folder = Path(outer, "reports")
        folder.mkdir()
        folder.chmod(0o555)
        was_root = os.geteuid() == 0
        if was_root:
            os.seteuid(NOBODY)
        try:
            yield folder
        finally:
            if was_root:
                os.seteuid(0)
            folder.chmod(0o755)


def test_a_missing_folder_is_made_private(tmp_path):
    with umask(0):
        writable(tmp_path / "reports")
    assert stat.S_IMODE((tmp_path / "reports").stat().st_mode) == 0o700
    assert list((tmp_path / "reports").iterdir()) == []


def test_a_read_only_folder_is_refused_by_name():
    with read_only_folder() as folder, pytest.raises(ConfigurationError) as refused:
        writable(folder)
    assert refused.value.exit_code == 2
    assert str(folder) in str(refused.value)
    assert "Permission denied" in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_folder_that_cannot_be_made_is_refused_by_name(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigurationError, match="file/reports cannot be written"):
        writable(tmp_path / "file" / "reports")
    with pytest.raises(ConfigurationError, match="file cannot be written"):
        writable(tmp_path / "file")


def test_a_folder_that_everybody_may_write_is_refused(tmp_path):
    folder = tmp_path / "reports"
    folder.mkdir()
    folder.chmod(0o777)
    with pytest.raises(ConfigurationError, match="written by everybody"):
        writable(folder)
    folder.chmod(0o1777)
    writable(folder)


def test_a_report_is_for_its_owner_alone_whatever_the_umask(tmp_path):
    def careless(folder):
        (folder / "users.csv").write_text("a")
        (folder / "sub").mkdir()
        (folder / "sub" / "more.csv").write_text("b")

    with umask(0):
        target = publish(tmp_path, FIRST, careless)
    assert target == tmp_path / FIRST
    modes = {path: stat.S_IMODE(path.stat().st_mode) for path in [target, *target.rglob("*")]}
    assert modes == {
        target: 0o700,
        target / "users.csv": 0o600,
        target / "sub": 0o700,
        target / "sub" / "more.csv": 0o600,
    }


def test_nothing_is_seen_before_all_is_written(tmp_path):
    def look(folder):
        fill(folder)
        assert not (tmp_path / FIRST).exists()
        assert folder.parent == tmp_path
        assert latest_run_id(tmp_path) is None

    publish(tmp_path, FIRST, look)
    assert visible(tmp_path) == [FIRST]


@pytest.mark.parametrize("trouble", [RuntimeError, KeyboardInterrupt, OSError])
def test_a_writer_that_fails_leaves_nothing(tmp_path, trouble):
    def broken(folder):
        fill(folder)
        raise trouble("in the middle")

    with pytest.raises(RosterSyncError if trouble is OSError else trouble):
        publish(tmp_path, FIRST, broken)
    assert visible(tmp_path) == []


def test_a_killed_writer_leaves_nothing_to_be_taken_for_a_report_and_the_next_sweeps(tmp_path):
    program = """
import os, signal, sys
from pathlib import Path
from rostersync.reports.folder import publish
def killed(folder):
    (folder / "users.csv").write_text("half")
    os.kill(os.getpid(), signal.SIGKILL)
publish(Path(sys.argv[1]), sys.argv[2], killed)
"""
    run = subprocess.run([sys.executable, "-c", program, tmp_path, FIRST], check=False)
    assert run.returncode == -signal.SIGKILL
    [leftover] = visible(tmp_path)
    assert leftover.startswith(".partial-")
    assert latest_run_id(tmp_path) is None
    publish(tmp_path, SECOND, fill)
    assert visible(tmp_path) == sorted([leftover, SECOND])  # it may be at work still
    yesterday = time.time() - 86_400
    os.utime(tmp_path / leftover, (yesterday, yesterday))
    publish(tmp_path, THIRD, fill)
    assert visible(tmp_path) == [SECOND, THIRD]


def test_two_writers_at_a_time_do_not_sweep_each_other(tmp_path):
    inside, go_on = threading.Event(), threading.Event()

    def slow(folder):
        inside.set()
        assert go_on.wait(10)
        fill(folder)

    first = threading.Thread(target=publish, args=(tmp_path, FIRST, slow))
    first.start()
    assert inside.wait(10)
    second = threading.Thread(target=publish, args=(tmp_path, SECOND, fill))
    second.start()
    go_on.set()
    first.join(10)
    second.join(10)
    assert {path.name: (path / "users.csv").read_text() for path in tmp_path.iterdir() if path.is_dir()} == {
        FIRST: "whole",
        SECOND: "whole",
    }


def test_a_report_that_stands_is_never_replaced(tmp_path):
    publish(tmp_path, FIRST, fill)
    with pytest.raises(RosterSyncError, match=f"{FIRST} exists already"):
        publish(tmp_path, FIRST, lambda folder: (folder / "other").write_text(""))
    assert [path.name for path in (tmp_path / FIRST).iterdir()] == ["users.csv"]
    assert visible(tmp_path) == [FIRST]


def test_a_planted_link_is_neither_followed_nor_swept_through(tmp_path):
    reports, victim = tmp_path / "reports", tmp_path / "victim"
    reports.mkdir()
    victim.mkdir()
    (victim / "precious").write_text("as it was")
    (reports / ".partial-planted").symlink_to(victim)
    (reports / FIRST).symlink_to(victim)
    with pytest.raises(RosterSyncError, match="exists already"):
        publish(reports, FIRST, fill)
    publish(reports, SECOND, fill)
    assert [path.name for path in victim.iterdir()] == ["precious"]
    assert latest_run_id(reports) == SECOND


def test_a_link_inside_a_report_is_not_followed(tmp_path):
    victim = tmp_path / "victim"
    victim.write_text("as it was")
    victim.chmod(0o644)
    reports = tmp_path / "reports"
    reports.mkdir()
    with pytest.raises(RosterSyncError, match=FIRST):
        publish(reports, FIRST, lambda folder: (folder / "users.csv").symlink_to(victim))
    assert stat.S_IMODE(victim.stat().st_mode) == 0o644
    assert visible(reports) == []


def test_a_folder_that_became_read_only_is_named(make_tables, make_summary):
    tables = make_tables()
    carried_out = []
    with read_only_folder() as folder, pytest.raises(RosterSyncError) as refused:
        write(folder, FIRST, tables, ABOUT, lambda: carried_out.append(1) or make_summary(tables))
    assert carried_out == []  # found before the run, not after it
    assert str(folder) in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_full_disk_leaves_nothing(tmp_path, make_tables, make_summary):
    rows = [{"action": "added", "code": "NEW", "id": f"c-{number}", "title": "x" * 200} for number in range(20_000)]
    tables = make_tables(classes=rows)
    summary = make_summary(tables)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, limits[1]))
    try:
        with pytest.raises(RosterSyncError, match="was not written") as refused:
            write(tmp_path, FIRST, tables, ABOUT, lambda: summary)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, handler)
    assert "too large" in str(refused.value)
    assert visible(tmp_path) == []


@pytest.mark.parametrize("run_id", ["../elsewhere", "2026", "", "20261121T213000Z\n", ".partial-x"])
def test_only_run_ids_are_folder_names(tmp_path, run_id):
    with pytest.raises(ValueError, match="not a run id"):
        publish(tmp_path, run_id, fill)
    assert visible(tmp_path) == []


def test_the_latest_run_is_the_greatest_id_of_a_report(tmp_path):
    assert latest_run_id(tmp_path / "missing") is None
    for run_id in (SECOND, FIRST):
        publish(tmp_path, run_id, fill)
    (tmp_path / "notes").mkdir()
    (tmp_path / "99991231T000000Z").write_text("a file")
    (tmp_path / "99991231T000000").mkdir()
    assert latest_run_id(tmp_path) == SECOND


def test_the_oldest_reports_go(tmp_path):
    for run_id in (SECOND, FIRST, THIRD):
        publish(tmp_path, run_id, fill)
    (tmp_path / "notes").mkdir()
    assert prune(tmp_path, keep=3) == []
    assert prune(tmp_path, keep=2) == [FIRST]
    assert visible(tmp_path) == [SECOND, THIRD, "notes"]
    assert prune(tmp_path, keep=1) == [SECOND]
    with pytest.raises(ValueError, match="at least one"):
        prune(tmp_path, keep=0)
