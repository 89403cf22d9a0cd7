"""Runs beside each other: one works, the others are told who it is; a killed one's lock is free at once."""

import contextlib
import json
import os
import platform
import signal
import sqlite3
import subprocess
import sys
import time

import pytest

from rostersync.errors import StateBusy
from rostersync.state import connection, lock
from tests.cli.conftest import TIMEOUT, clean_environment
from tests.inside import call, done

SYNC = [sys.executable, "-m", "rostersync", "--quiet", "sync"]


def start(home):
    """A sync beside this process."""
    return subprocess.Popen(
        SYNC, cwd=home, env=clean_environment(), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )


@contextlib.contextmanager
def kept_waiting(home):
    """Lets a run come as far as its transaction, which waits for another program's."""
    with contextlib.closing(sqlite3.connect(home / "state.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


def wait_for_holder(home):
    """What the lock file says of whoever holds it, once it does."""
    ends = time.monotonic() + TIMEOUT
    while time.monotonic() < ends:
        with contextlib.suppress(OSError, ValueError):
            return json.loads((home / "state.db.lock").read_bytes()[1:])
        time.sleep(0.02)
    raise AssertionError("nobody took the lock")


@pytest.mark.long
def test_of_ten_at_once_one_works_and_nine_name_it(district):
    with kept_waiting(district):
        running = [start(district) for _ in range(10)]
        holder = wait_for_holder(district)
        (worker,) = [process for process in running if process.pid == holder["process"]]
        for process in running:
            if process is worker:
                continue
            _, said = process.communicate(timeout=TIMEOUT)
            assert process.returncode == 6
            who = f"(sync, process {worker.pid} on {platform.node()}, since {holder['since']})"
            assert said.startswith(f"rostersync: error: another run holds {district / 'state.db'} {who}; ")
            assert "nothing was changed" in said
            assert said.count("\n") == 1
    _, said = worker.communicate(timeout=TIMEOUT)
    assert (worker.returncode, said) == (0, "")
    with contextlib.closing(sqlite3.connect(district / "state.db")) as state:
        assert state.execute("SELECT status FROM roster_runs").fetchall() == [("applied",)]
    assert (district / "state.db.lock").read_bytes() == b""


def test_a_killed_run_leaves_its_name_and_no_lock(run, district):
    with kept_waiting(district):
        killed = start(district)
        wait_for_holder(district)
        killed.send_signal(signal.SIGKILL)
        killed.communicate(timeout=TIMEOUT)
    assert str(killed.pid) in (district / "state.db.lock").read_text()
    run("--quiet", "sync")


def test_who_holds_a_state_on_another_host_is_named_with_it(run, synced, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(platform, "node", lambda: "other-host")
        with lock.hold(synced / "state.db", "runs undo"):
            said = run("sync", code=6).stderr
    assert f"(runs undo, process {os.getpid()} on other-host, since 20" in said
    with lock.hold(synced / "state.db"):
        assert "on other-host" not in run("sync", code=6).stderr


def test_a_state_that_another_program_is_writing_to_is_left_alone(synced, monkeypatch):
    """A browser of databases, say, which does not know our lock."""
    monkeypatch.setattr(connection, "_BUSY_TIMEOUT", 0.1)
    file = synced / "oneroster" / "users.csv"
    file.write_text(file.read_text().replace("Elementary", "Primary") + "\n")
    before = (synced / "state.db").read_bytes()
    with kept_waiting(synced):
        said = call(synced, "--quiet", "sync")
    assert said.code == 6
    assert said.err.count("\n") == 1
    assert "locked by another program; nothing was changed" in said.err
    assert (synced / "state.db").read_bytes() == before
    done(synced, "--quiet", "sync")


class TestTheNameInTheLock:
    """What is left of it decides nothing, but where other hosts' locks may not be seen."""

    LEFT = b'\0{"process": 1, "host": "other-host", "since": "2026-11-21T21:30:00Z", "doing": "sync"}'

    @pytest.fixture
    def state(self, tmp_path):
        (tmp_path / "state.db.lock").write_bytes(self.LEFT)
        return tmp_path / "state.db"

    def test_a_host_that_ended_without_a_word_is_no_hindrance_on_a_disk(self, state):
        with lock.hold(state, "sync"):
            assert json.loads((state.parent / "state.db.lock").read_bytes()[1:])["host"] == platform.node()
        assert (state.parent / "state.db.lock").read_bytes() == b""

    def test_on_a_network_file_system_it_may_run_still(self, state, monkeypatch):
        monkeypatch.setattr(lock, "network_kind", lambda _: "nfs4")
        refused = pytest.raises(StateBusy, match=r"another host may hold .* on other-host.*nothing was changed")
        with refused, lock.hold(state):
            pass
        assert (state.parent / "state.db.lock").read_bytes() == self.LEFT
        (state.parent / "state.db.lock").unlink()
        with lock.hold(state):
            pass

    def test_a_run_of_this_host_that_was_killed_is_over_there_too(self, state, monkeypatch):
        monkeypatch.setattr(lock, "network_kind", lambda _: "nfs4")
        monkeypatch.setattr(platform, "node", lambda: "other-host")
        with lock.hold(state):
            pass

    @pytest.mark.parametrize("left", [b"", b"\0{", b"\0[]", b"\0{}", b"\xff\xfe"])
    def test_a_name_that_cannot_be_read_names_nobody(self, state, monkeypatch, left):
        monkeypatch.setattr(lock, "_PATIENCE", 0)
        with lock.hold(state):
            (state.parent / "state.db.lock").write_bytes(left)
            with pytest.raises(StateBusy, match=r"another run holds [^(]*; nothing was changed"), lock.hold(state):
                pass


def test_an_empty_environment_as_cron_may_give_it_changes_nothing(district):
    done = subprocess.run(
        ["/usr/bin/env", "-i", *SYNC],
        cwd=district,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=TIMEOUT,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    with contextlib.closing(sqlite3.connect(district / "state.db")) as state:
        assert state.execute("SELECT status FROM roster_runs").fetchall() == [("applied",)]


@pytest.mark.parametrize(("asked", "word", "code"), [("SIGTERM", "terminated", 143), ("SIGINT", "interrupted", 130)])
def test_a_run_that_is_asked_to_end_says_so_and_the_next_one_finishes_the_night(run, district, asked, word, code):
    with kept_waiting(district):
        running = start(district)
        wait_for_holder(district)
        running.send_signal(getattr(signal, asked))
    _, said = running.communicate(timeout=TIMEOUT)
    told = f"rostersync: error: {word}; a run that was under way is applied whole or not at all\n"
    assert (running.returncode, said) == (code, told)
    assert (district / "state.db.lock").read_bytes() == b""
    run("--quiet", "sync")
    with contextlib.closing(sqlite3.connect(district / "state.db")) as state:
        assert state.execute("SELECT status FROM roster_runs ORDER BY run_id").fetchall()[-1] == ("applied",)
