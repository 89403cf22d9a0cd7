"""Every prefix cut of a small delivery, byte by byte, and every subset of its files, against the state it made.

Each must end in the same state, in a refusal, in additions only, or, where the cut is at a row's end, in the removal of
at most `guards.small` rows, each told in the report. The quick tests try a sample, the sweep of `make test-long` all of
them.
"""

from __future__ import annotations

import itertools
import shutil
from collections import Counter
from pathlib import Path

import pytest

from rostersync.errors import RosterSyncError
from tests import figures
from tests.policies.district import District

SMALL = 5

FILES = {
    "users.csv": (
        "sourcedId,givenName,familyName,role,orgSourcedIds,agentSourcedIds,email\n"
        "T1,Ada,Lake,teacher,A,,t1@staff.example.org\n"
        "G1,Zoë,Hill,parent,A,S1,g1@home.example.org\n"
        "G2,Ngọc,Vale,parent,A,\"S2,S3\",g2@home.example.org\n"
        "S1,Kim,Hill,student,A,G1,s1@study.example.org\n"
        "S2,Lea,Vale,student,A,G2,s2@study.example.org\n"
        "S3,Max,Vale,student,A,G2,s3@study.example.org\n"
    ),
    "classes.csv": (
        "sourcedId,title,schoolSourcedId,termSourcedIds\n"
        "K1,Art,A,term\nK2,Music,A,term\nK3,Chess,A,term\nK4,Dance,A,term\n"
    ),
    "enrollments.csv": (
        "sourcedId,classSourcedId,userSourcedId,role,endDate\n"
        "e1,K1,T1,teacher,\ne2,K1,S1,student,\ne3,K2,S1,student,\ne4,K2,S2,student,2026-09-30\ne5,K3,S3,student,\n"
    ),
    "orgs.csv": "sourcedId,name,type\nA,North,school\n",
    "academicSessions.csv": "sourcedId,title,type,startDate,endDate\nterm,T,term,2026-08-24,2099-06-30\n",
    "courses.csv": "sourcedId,title,orgSourcedId\nc1,Arts,A\n",
    "manifest.csv": "".join(
        f"{name},{value}\n"
        for name, value in {
            "propertyName": "value",
            "manifest.version": "1.0",
            "oneroster.version": "1.1",
            **{f"file.{name}": "bulk" for name in ("users", "classes", "enrollments", "orgs", "academicSessions")},
            "file.courses": "bulk",
        }.items()
    ),
}  # fmt: skip
BYTES = {name: text.encode() for name, text in FILES.items()}
VIEWS = ("users", "classes", "enrollments", "guardianships", "access")
_LOSSES = {"archived", "removed", "ended"}
_GAINS = {"added", "restored"}
_SAYINGS = {"kept", "held", "rejected", "withheld"}
_KEYS = {
    "users": ("id",),
    "classes": ("id",),
    "enrollments": ("class_id", "user_id", "role"),
    "guardianships": ("guardian_id", "student_id"),
}


class Cuts:
    """The state that the whole delivery made, and what a part of it would make of that state."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "base").mkdir()
        self.base = District(folder / "base")
        self.base.configure(guards={"small": SMALL, "max_rejected": "5%"})
        self.base.sync(self._files(BYTES))
        self.before = self.base.everything()
        self._tries = itertools.count()

    def _files(self, files: dict[str, bytes]) -> Path:
        folder = self.folder / "files"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        for name, content in files.items():
            (folder / name).write_bytes(content)
        return folder

    def ends(self, files: dict[str, bytes], *, at_a_row: bool) -> str:
        """How a run with these files ends; the report is that of a dry run, and every tenth time of the run itself.

        A report that does not allow it fails the test, and so does a run that does what it does not say.
        """
        folder = self._files(files)
        try:
            report = self.base.sync(folder, dry_run=True)
        except RosterSyncError as error:
            return "refused" if error.exit_code in {3, 4} else str(error)
        found = {kind: report.rows(kind) for kind in _KEYS}
        actions = {row["action"] for rows in found.values() for row in rows}
        assert actions <= _LOSSES | _GAINS | _SAYINGS, actions
        lost = {
            (kind, *(row[key] for key in _KEYS[kind]))
            for kind in _KEYS
            for row in found[kind]
            if row["action"] in _LOSSES
        }
        assert len(lost) <= SMALL, lost
        assert not lost or at_a_row, lost
        assert not lost or report.summary["delivery"]["verdict"] == "complete"
        how = "removals" if lost else "additions" if actions & _GAINS else "same"
        if how == "removals" or next(self._tries) % 10 == 0:
            self._really(folder, how, lost)
        return how

    def _really(self, folder: Path, how: str, lost: set[tuple[str, ...]]) -> None:
        target = self.folder / "run"
        shutil.rmtree(target, ignore_errors=True)
        run = self.base.copy(target)
        run.sync(folder)
        after = run.everything()
        if how == "same":
            assert after == self.before
        gone = sum(row not in after[view] for view in ("users", "classes", "enrollments", "guardianships")
                   for row in self.before[view])  # fmt: skip
        assert gone <= len(lost)


@pytest.fixture(scope="module")
def cuts(tmp_path_factory: pytest.TempPathFactory) -> Cuts:
    return Cuts(tmp_path_factory.mktemp("cuts"))


def rows_end(content: bytes, cut: int) -> bool:
    return content[cut - 1 : cut] == b"\n" or cut == 0


def sweep(cuts: Cuts, name: str, step: int) -> Counter[str]:
    """How every `step`-th prefix of a file ends, and every one at a row's end."""
    content, found = BYTES[name], Counter[str]()
    for cut in range(len(content)):
        at_a_row = rows_end(content, cut)
        if cut % step == 0 or (at_a_row and step == 1):
            try:
                found[cuts.ends({**BYTES, name: content[:cut]}, at_a_row=at_a_row)] += 1
            except AssertionError as error:
                raise AssertionError(f"{name} cut after {cut} bytes, {content[:cut][-30:]!r}: {error}") from error
    return found


def subsets(cuts: Cuts, step: int) -> Counter[str]:
    found = Counter[str]()
    sets = [chosen for size in range(len(BYTES)) for chosen in itertools.combinations(BYTES, size)]
    for chosen in sets[::step]:
        try:
            found[cuts.ends({name: BYTES[name] for name in chosen}, at_a_row=False)] += 1
        except AssertionError as error:
            raise AssertionError(f"only {chosen}: {error}") from error
    return found


def test_a_cut_file_removes_nobody(cuts: Cuts) -> None:
    """A sample: cuts inside of rows, of every file."""
    found = sum((sweep(cuts, name, 47) for name in BYTES), Counter[str]())
    assert found["same"] > 5
    assert found["refused"] > 2
    assert set(found) <= {"same", "refused", "additions", "removals"}


def test_a_delivery_without_some_of_its_files_removes_nobody(cuts: Cuts) -> None:
    found = subsets(cuts, 13)
    assert set(found) <= {"same", "refused"}
    assert found["refused"]


@pytest.mark.long
@pytest.mark.parametrize("name", BYTES)
def test_every_cut_of_a_file_removes_nobody(cuts: Cuts, name: str) -> None:
    found = sweep(cuts, name, 1)
    assert found.total() == len(BYTES[name])
    figures.write("deliveries with a file cut, byte by byte", {"tried": found.total(), **found})


@pytest.mark.long
def test_every_subset_of_the_files_removes_nobody(cuts: Cuts) -> None:
    found = subsets(cuts, 1)
    assert found.total() == 2 ** len(BYTES) - 1
    figures.write("deliveries without some of their files", {"tried": found.total(), **found})
