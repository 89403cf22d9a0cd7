"""What is disturbed: a sync, an undo, a migration and a first load of a tiny district that has something of everything.

Each is a folder as it lies before, and the arguments of the command. A report of a later date lies among the reports,
so that the run's id, which must be later still, is the same each time.
"""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from rostersync import pipeline
from rostersync.policies.delivery import SINCE
from tests.policies.district import District, enrollment, guardian, school_class, student, teacher
from tests.state.test_findings_upgrade import made_older

LATER_REPORT = "20991231T235800Z"
STATE = "state.db"


@dataclass(frozen=True)
class Night:
    """A command to disturb, in a copy of the folder `before`."""

    name: str
    before: Path
    arguments: tuple[str, ...]
    floor: int
    """So many system calls at least can be disturbed; fewer, and the sweep sees too little."""
    environment: Mapping[str, str] = field(default_factory=dict)
    run: str | None = "20991231T235801Z"
    """The id of the run; None of a migration, which is none."""
    messages: int = 0
    """Messages in the outbox once all is done."""


def make(name: str, folder: Path) -> Night:
    """The night of that name, prepared in a folder that is not there yet."""
    folder.mkdir(parents=True)
    _district(folder)
    match name:
        case "sync":
            return Night(name, folder, ("--quiet", "sync"), floor=250, messages=4)
        case "undo":
            finish(folder)
            return Night(name, folder, ("--quiet", "runs", "undo"), floor=150, run="20991231T235802Z", messages=4)
        case "migration":
            made_older(folder / STATE)
            return Night(name, folder, ("runs", "list"), floor=150, run=None, messages=4)
        case "first load":
            (folder / "empty").mkdir()
            first = District(folder / "empty", update_active_contacts=True)
            shutil.copytree(folder / "oneroster", first.folder / "oneroster")
            _configure(first)
            _later_report(first.folder)
            environment = {"FIRST_LOAD_FROM": "1"}
            return Night(name, first.folder, ("--quiet", "sync"), floor=150, environment=environment)
    raise ValueError(name)


def finish(folder: Path) -> None:
    """The next night's run, of the same files."""
    pipeline.sync(at(folder).settings, source=None, dry_run=False, full=False)


def at(folder: Path) -> District:
    """The district whose files lie there."""
    district = object.__new__(District)
    district.folder = folder
    return district


def _district(folder: Path) -> None:
    """A district after its first night, with the files of its second one in `oneroster`.

    That night changes two active accounts' e-mails under the lock (two messages each), removes a family, archives a
    class, ends and begins guardianships, and adds people.
    """
    district = District(folder, update_active_contacts=True, abandoned_families="extreme")
    district.night(
        [
            *(student("S1", "G1"), student("S2", "G1"), student("S3", "G3"), student("S4", "G4")),
            *(guardian("G1"), guardian("G3"), guardian("G4"), teacher("T1")),
        ],
        [school_class("K1"), school_class("K2")],
        [
            *(enrollment("K1", "S1"), enrollment("K1", "S3"), enrollment("K2", "S2")),
            enrollment("K2", "T1", "teacher"),
        ],
    )
    for user_id in ("G1", "G4", "T1"):
        district.accept(user_id)
    files = district.files(
        [
            *(student("S1", "G1"), student("S2", "G2"), student("S4", "G4"), student("S5", "G5")),
            *(guardian("G1", email="new@families.example.org"), guardian("G2"), guardian("G4"), guardian("G5")),
            teacher("T1", email="t2@staff.example.org"),
        ],
        [school_class("K2", title="Renamed")],
        [enrollment("K2", "S2"), enrollment("K2", "S5"), enrollment("K2", "T1", "teacher")],
    )
    # Else it depends on the machine whether the next night falls on the same second and leaves this fact alone.
    with contextlib.closing(sqlite3.connect(folder / STATE)) as state, state:
        earlier = "UPDATE meta SET value = ? WHERE key = ?"
        assert state.execute(earlier, ("2025-09-01T02:00:00Z", SINCE)).rowcount == 1
    files.rename(folder / "oneroster")
    _configure(district)
    _later_report(folder)


def _configure(district: District) -> None:
    file = district.folder / "rostersync.toml"
    settings = file.read_text(encoding="utf-8").replace('["csv"]', '["csv", "html"]')
    file.write_text(f'{settings}[source]\npath = "oneroster"\n', encoding="utf-8")


def _later_report(folder: Path) -> None:
    """A dry run's report, as it were, of a later date than any run."""
    reports = folder / "reports" / LATER_REPORT
    reports.mkdir(parents=True)
    for name in ("users.csv", "issues.csv"):
        (reports / name).touch()
    (reports / "summary.json").write_text('{"run": {"dry_run": true}}', encoding="utf-8")
