"""`forget` in a directory of 20,000 students: the file is written anew in seconds, and nothing of them is in it."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing

import pytest

from tests import figures
from tests.cli.test_forget import CANARIES, changed, contents, rewrite, secrets, without_family
from tests.inside import done

STUDENTS = 20_000


@pytest.mark.long
def test_the_file_of_a_large_district_is_cleared_of_them(home):
    done(home, "init")
    done(home, "generate", "oneroster", "--students", STUDENTS)
    rewrite(home / "oneroster", "users.csv", changed(CANARIES))
    done(home, "--quiet", "sync")
    without_family(home / "oneroster")
    done(home, "--quiet", "sync")
    size = (home / "state.db").stat().st_size
    seconds = []
    for each in CANARIES:
        begun = time.monotonic()
        done(home, "forget", each, "--yes")
        seconds.append(time.monotonic() - begun)
    words = [
        value for value in secrets() if not value[0].isdigit()
    ]  # numbers are others' too: there are so many people
    left = {value for _, text in contents(home) for value in words if value in text.casefold()}
    assert left == set()
    assert (home / "state.db").stat().st_size <= size * 1.1
    with closing(sqlite3.connect(f"file:{home / 'state.db'}?mode=ro", uri=True)) as state:
        assert state.execute("PRAGMA freelist_count").fetchone() == (0,)
        (students,) = state.execute("SELECT count(*) FROM users WHERE role = 'student'").fetchone()
    assert students > STUDENTS * 0.9
    done(home, "state", "check")
    assert max(seconds) < 60
    figures.write("forget", {"students": students, "bytes of the state": size, "seconds": round(max(seconds))})
