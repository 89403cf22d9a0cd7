"""What a disturbed command may leave: the old state or the new one, and in the end what an undisturbed one leaves."""

from __future__ import annotations

import contextlib
import hashlib
import re
import shutil
import sqlite3
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from rostersync import rewriting
from rostersync.run_records import record_failure
from rostersync.state.checking import broken
from tests.faults import nights
from tests.faults.injecting import Ending, Fault, killed, reason
from tests.faults.nights import STATE, Night
from tests.laws.moments import OF_THE_CLOCK, Rows, check_end, check_reports, check_snapshot, integrity, rows_of

TIME = re.compile(r"2\d\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ")
IN_NAMES = re.compile(r"20[0-8]\d{5}T\d{6}Z|(?<=\.db\.)\d+(?=\.part)")
"""What names have of the moment and of the process."""
ENDED = {"SIGTERM": ("terminated", 143), "SIGINT": ("interrupted", 130)}
UNCHANGED = re.compile(
    r"nothing was (changed|done)|was left as it (is|was)|left as it was|stays as it was|no part of it was"
)
MIGRATED = "was brought from schema"
DONE = re.compile(r"itself is (applied|held|taken back)|run and (its|the) reports? are complete")


@dataclass(frozen=True)
class Expected:
    """The state after an undisturbed command, and after the night that follows on it or on a row of a failed run."""

    night: Night
    new: Path
    end: Path
    end_after_failure: Path
    finished: set[str] = field(default_factory=set)
    """Digests of what was left and led to the end already: many a fault leaves the same."""

    @classmethod
    def of(cls, night: Night, new: Path) -> Expected:
        """`new` is the folder in which the command came to its end; the next night is played in a copy of it."""
        end, after_failure = (new.with_name(f"{new.name}-{end}") for end in ("end", "end-after-failure"))
        shutil.copytree(new, end)
        nights.finish(end)
        if night.name in {"sync", "first load"}:
            shutil.copytree(night.before, after_failure)
            run = night.run or ""
            settings = nights.at(after_failure).settings
            record_failure(settings, run, datetime.now(UTC), settings.source.path, OSError(), None)
            nights.finish(after_failure)
            nights.finish(after_failure)
        return cls(night, new, end, after_failure)

    def check(self, left: Path, ending: Ending, fault: Fault) -> str:
        """Whether the old state or the new one was left; the next night is played on it.

        Raises:
            AssertionError: it is neither, or the command said otherwise, or the next night does not finish it.
        """
        which = self.which(left)
        _check_said(which, ending, fault)
        digest = _digest(left)
        if digest in self.finished:
            return which
        if which == "new" and self.night.run is not None:
            _check_report(left, self.night.run)
        if which == "old" and self.night.name == "undo":
            self._undo(left)
        nights.finish(left)
        if which == "old" and self.night.name in {"sync", "first load"}:
            nights.finish(left)  # in the undisturbed one there were two nights as well
        failed = self._says_that_it_failed(left)
        check_end(left, self.end_after_failure if failed else self.end)
        _check_whole(left)
        self.finished.add(digest)
        return which

    def which(self, left: Path) -> str:
        """`old` or `new`.

        Raises:
            AssertionError: it is neither, or damaged, or it names what is not there.
        """
        path = left / STATE
        assert integrity(path) == [], "R-A4: a damaged state was left"
        found, before = rows_of(path), rows_of(self.night.before / STATE)
        if found == before:
            check_reports(left, told=_reports(self.night.before))
            return "old"
        check_snapshot(path)
        check_reports(left, told=_reports(self.night.before))
        wrong = _differences(_timeless(path), _timeless(self.new / STATE))
        if wrong and self._says_that_it_failed(left):
            found["runs"] = [row for row in found["runs"] if ("run_id", self.night.run) not in row]
            wrong = _differences(_repr(found), _repr(before))
            assert not wrong, f"R-A4: a run failed and changed this: {wrong}"
            return "old"
        assert not wrong, f"R-A4: neither the old state nor the new one: {wrong}"
        return "new"

    def _says_that_it_failed(self, left: Path) -> bool:
        """A run that failed says so in a row of its own, as soon as it can."""
        with contextlib.closing(sqlite3.connect(left / STATE)) as state:
            row = state.execute("SELECT status FROM runs WHERE run_id = ?", (self.night.run,)).fetchone()
        return bool(row == ("failed",))

    def _undo(self, left: Path) -> None:
        from rostersync import undoing

        undoing.undo(nights.at(left).settings, None, dry_run=False)


def _reports(folder: Path) -> set[str]:
    return {entry.name for entry in (folder / "reports").glob("*")}


def _digest(left: Path) -> str:
    """Of all that the next run finds and decides by: rows, times apart, and which files there are."""
    found = hashlib.sha256(repr(sorted(_timeless(left / STATE).items())).encode())
    for path in sorted(left.rglob("*")):
        found.update(f"{IN_NAMES.sub('', path.relative_to(left).as_posix())}\n".encode())
    return found.hexdigest()


def _timeless(path: Path) -> dict[str, list[str]]:
    """All rows, without when something was."""
    rows = rows_of(path, without=OF_THE_CLOCK | {"source"})
    return {name: sorted(TIME.sub("then", repr(row)) for row in found) for name, found in rows.items()}


def _repr(rows: Rows) -> dict[str, list[str]]:
    return {name: [repr(row) for row in found] for name, found in rows.items()}


def _differences(found: dict[str, list[str]], expected: dict[str, list[str]]) -> dict[str, object]:
    return {
        name: (
            [row for row in found.get(name, []) if row not in expected.get(name, [])],
            [row for row in expected.get(name, []) if row not in found.get(name, [])],
        )
        for name in found.keys() | expected.keys()
        if found.get(name) != expected.get(name)
    }


def _check_said(which: str, ending: Ending, fault: Fault) -> None:
    """An end that was seen agrees with what was left, in one line for people."""
    if killed(ending):
        assert fault == "SIGKILL", f"ended by a signal: {ending}"
        return
    if ending.code == 0:
        assert which == "new", "R-A4: said to be done, and is not"
        return
    notices = [line for line in ending.said.splitlines() if MIGRATED in line]
    lines = [line for line in ending.said.splitlines() if line not in notices]
    assert len(lines) == 1, f"not one line: {ending.said}"
    assert lines[0].startswith("rostersync: error: "), lines[0]
    assert "unexpected" not in lines[0], lines[0]
    if fault in ENDED:
        word, code = ENDED[fault]
        assert ending.code == code, f"exit code {ending.code}: {lines[0]}"
        assert lines[0] == f"rostersync: error: {word}; a run that was under way is applied whole or not at all"
        return
    assert ending.code in {1, 2, 6}, f"exit code {ending.code}: {lines[0]}"
    said = notices or (UNCHANGED if which == "old" else DONE).search(lines[0])
    assert said, f"the {which} state is left, and it says: {lines[0]}"
    assert which == "new" or not notices, f"the old state is left, and it says: {notices}"
    # Where the journal of a copy cannot be removed, SQLite takes the copy for one that may only be read.
    why = any(word in lines[0] for word in (reason(fault), "disk", "readonly database"))
    assert fault == "SIGKILL" or why, f"why is not said: {lines[0]}"


def _check_report(left: Path, run_id: str) -> None:
    """The report of a run that is applied can be written, whether it was or not."""
    folder = rewriting.rewrite(nights.at(left).settings, run_id, None)
    names = {entry.name for entry in folder.iterdir()}
    assert {"users.csv", "report.html", "summary.json"} <= names, names


def _check_whole(left: Path) -> None:
    """The rules of the whole state hold."""
    assert integrity(left / STATE) == []
    with contextlib.closing(sqlite3.connect(left / STATE)) as state:
        wrong = [each for each in broken(state) if each.count]
        queued = state.execute("SELECT user_id, channel, template, address, count(*) FROM outbox GROUP BY 1, 2, 3, 4")
        twice = [row for row in queued if row[4] > 1]
    assert not wrong, f"what `state check` calls broken: {wrong}"
    assert not twice, f"R-A4: messages are queued twice: {twice}"
