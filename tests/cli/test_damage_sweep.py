"""Bytes flipped anywhere in the state: a line that says what to do, or a sound answer; never a defect, never all new.

A flip inside a text is nothing that SQLite can notice: such a state is read as it stands. What may not happen is a
traceback, a state changed by who only reports damage, or a sync that takes a damaged directory for an empty one.
"""

from __future__ import annotations

import random
import shutil
import sqlite3
from contextlib import closing

import pytest

from tests import figures
from tests.inside import call, done

OFFSETS = 60
READERS_A_PLACE = 4
READERS = (
    ("doctor",),
    ("state", "check"),
    ("state", "backup", "copy.db"),
    ("users", "list", "--format", "csv"),
    ("explain", "s0000003"),
    ("report", "--format", "csv", "--out", "out"),
    ("sync", "--dry-run", "--source", "second"),
    ("support-bundle", "bundle.zip"),
)
WRITERS = (
    ("--quiet", "sync", "--source", "second"),
    ("--quiet", "sync", "--full"),
    ("users", "accept", "g0000004"),
    ("runs", "undo"),
)
ENDINGS = {0, 1, 2, 4, 5, 7}
ADVICE = ("restore", "update rostersync", "init", "support bundle", "nothing was changed", "no copy was made")


@pytest.fixture(scope="module")
def pristine(synced_once, tmp_path_factory):
    """A state of two nights, with the second night's files beside it."""
    folder = tmp_path_factory.mktemp("pristine")
    shutil.copytree(synced_once, folder, dirs_exist_ok=True)
    done(folder, "generate", "second", "--students", "60", "--night", "2")
    done(folder, "--quiet", "sync", "--source", "second")
    with closing(sqlite3.connect(folder / "state.db")) as state:
        state.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return folder


def people(folder):
    try:
        with closing(sqlite3.connect(f"file:{folder / 'state.db'}?mode=ro", uri=True)) as state:
            return state.execute("SELECT count(*) FROM users").fetchone()[0]
    except (sqlite3.DatabaseError, UnicodeDecodeError):
        return None


def flip(state, chance):
    """A byte, or a stretch of 64, at a place drawn by chance; gives the place."""
    content = bytearray(state.read_bytes())
    at = chance.randrange(len(content))
    for place in range(at, min(at + chance.choice((1, 1, 64)), len(content))):
        content[place] ^= chance.randrange(1, 256)
    state.write_bytes(content)
    return at


def judge(folder, arguments, before, *, reader):
    """How a command ended on a damaged state, which it must have left alone where it says so."""
    said = call(folder, *arguments)
    assert said.code in ENDINGS, (arguments, said.code, said.err)
    assert "unexpected" not in said.err, (arguments, said.err)
    assert "Traceback" not in said.out + said.err
    state = folder / "state.db"
    if said.code in {1, 2} and arguments != ("doctor",):
        lines = [line for line in said.err.splitlines() if "error:" in line]
        assert len(lines) == 1, (arguments, said.err)
        assert any(advice in lines[0] for advice in ADVICE), lines
    if reader or said.code == 2:
        assert state.read_bytes() == before, arguments
    return said.code


def sweep(pristine, home, offsets, seed):
    chance = random.Random(seed)
    known = people(pristine)
    noticed = 0
    calls = 0
    for _ in range(offsets):
        shutil.copytree(pristine, home, dirs_exist_ok=True)
        at = flip(home / "state.db", chance)
        damaged = (home / "state.db").read_bytes()
        codes = [judge(home, command, damaged, reader=True) for command in chance.sample(READERS, READERS_A_PLACE)]
        writer = chance.choice(WRITERS)
        codes.append(judge(home, writer, damaged, reader=False))
        calls += len(codes)
        noticed += any(codes)
        left = people(home)
        assert left is None or abs(left - known) <= 5, (at, writer, left)
        done(home, "state", "restore", pristine / "state.db")
        assert people(home) == known
        for path in home.iterdir():
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    figures.write("flipped bytes in the state", {"places": offsets, "commands": calls, "places noticed": noticed})


def test_a_few_places(pristine, home):
    sweep(pristine, home, 2, seed=5)


@pytest.mark.parametrize(
    ("harm", "commands"),
    [
        ("UPDATE meta SET value = 'x' WHERE key = 'generation'", (READERS[3], WRITERS[0])),
        ("UPDATE runs SET summary = '{\"a'", (WRITERS[0], ("runs", "show", "{run}"))),
        ("UPDATE report_tables SET content = x'00'", (READERS[5],)),
        ("UPDATE report_tables SET content = substr(content, 1, length(content) / 2)", (READERS[5],)),
        ("UPDATE users SET sis_given_name = CAST(x'ff41fe' AS TEXT)", (READERS[3], WRITERS[1])),
    ],
)
def test_values_that_nobody_can_have_written(pristine, home, harm, commands):
    """What SQLite reads without complaint."""
    shutil.copytree(pristine, home, dirs_exist_ok=True)
    with closing(sqlite3.connect(home / "state.db")) as state, state:
        ((run,),) = state.execute("SELECT max(run_id) FROM runs")
        assert state.execute(harm).rowcount
    with closing(sqlite3.connect(home / "state.db")) as state:
        state.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    damaged = (home / "state.db").read_bytes()
    for command in commands:
        arguments = tuple(part.format(run=run) for part in command)
        assert judge(home, arguments, damaged, reader=True) == 2, arguments


@pytest.mark.long
def test_places_everywhere(pristine, home):
    sweep(pristine, home, OFFSETS, seed=11)
