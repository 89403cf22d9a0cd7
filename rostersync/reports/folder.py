"""The folder of all reports: one folder per run in it, whole or not there, for its owner alone.

A report is derived from the state: when it cannot be written, the run itself stands.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import stat
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from rostersync.errors import ConfigurationError, RosterSyncError

RUN_ID = re.compile(r"\d{8}T\d{6}Z")
"""A run's id and its report's folder name: the UTC start (contract.md, Reports)."""

REPORT_FILE = re.compile(r"(users|classes|enrollments|guardianships|issues)\.csv|summary\.json|report\.(html|xlsx)")
"""A file of a report."""

_PARTIAL = ".partial-"
_LEFTOVER_SECONDS = 6 * 3600  # no report takes that long to write


class ReportNotWritten(RosterSyncError):
    """The folder of reports cannot be written; whoever asked for the report knows what became of the run."""


def writable(path: Path) -> None:
    """Makes the folder of reports when it is missing, and checks that a report can be written there.

    Raises:
        ConfigurationError: it cannot be made or written, or others could put files into it.
    """
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        mode = path.stat().st_mode
        if os.name != "nt" and mode & stat.S_IWOTH and not mode & stat.S_ISVTX:
            raise ConfigurationError(
                f"Report folder {path} can be written by everybody; nothing was done. Run: chmod 700 {path}"
            )
        Path(tempfile.mkdtemp(prefix=".probe-", dir=path)).rmdir()
    except OSError as error:
        raise ConfigurationError(
            f"Report folder {path} cannot be written ({reason(error)}); nothing was done. "
            "Make it writable or set reports.path to another folder."
        ) from error


def latest_run_id(path: Path) -> str | None:
    """The greatest run id that has a report, or None: a new run's id must be later."""
    return max((run_id for run_id in run_ids(path) if _is_time(run_id)), default=None)


def _is_time(run_id: str) -> bool:
    """Whether a run can have had this id, and a later one can follow: a folder may have been named by hand."""
    try:
        datetime.fromisoformat(run_id)
    except ValueError:
        return False
    return run_id < "9999"


def publish(path: Path, run_id: str, writer: Callable[[Path], object]) -> Path:
    """Lets `writer` fill a hidden folder, then puts it in place as `path/RUN_ID`; gives that folder.

    Everything is on disk before the name appears; whatever fails or is killed, no part is ever seen.
    What an earlier, killed run left is removed. Folders have mode 0700 and files 0600, whatever the umask.

    Raises:
        ReportNotWritten: the folder cannot be written.
        RosterSyncError: that run has a report already.
        ValueError: not a run id.
    """
    if not RUN_ID.fullmatch(run_id):
        raise ValueError(f"not a run id: {run_id!r}")
    target = path / run_id
    try:
        _sweep(path)
        if os.path.lexists(target):
            raise RosterSyncError(
                f"Report folder {target} exists already; it was left as it is. Start the run again: it gets a later id."
            )
        with _partial_folder(path, run_id) as partial:
            writer(partial)
            _settle(partial)
            partial.rename(target)
        _flush_folder(path)
    except OSError as error:
        raise ReportNotWritten(
            f"The report of run {run_id} was not written to {path} ({reason(error)}); no part of it was "
            "left there. Make room or make the folder writable."
        ) from error
    return target


def replace(target: Path, writer: Callable[[Path], object]) -> Path:
    """Lets `writer` fill a hidden folder beside `target`, then puts it in its place; gives `target`.

    What stands there must be a report, or an empty folder; it goes when the new one is complete on the disk.

    Raises:
        ConfigurationError: something else stands there, or the folder around it is missing or cannot be written.
    """
    try:
        if os.path.lexists(target) and not _is_report(target):
            raise ConfigurationError(
                f"{target} is there and no report: it was left as it is; name a new folder, or an empty one"
            )
        with _partial_folder(target.parent, target.name) as partial:
            writer(partial)
            _settle(partial)
            _exchange(partial, target)
        _flush_folder(target.parent)
    except OSError as error:
        raise ConfigurationError(
            f"The report was not written to {target} ({reason(error)}); nothing was changed there. "
            "Make room, or make the folder around it writable."
        ) from error
    return target


def _is_report(path: Path) -> bool:
    """Whether a folder holds nothing but files of a report."""
    if path.is_symlink() or not path.is_dir():
        return False
    return all(REPORT_FILE.fullmatch(entry.name) and not entry.is_dir() for entry in path.iterdir())


def _exchange(partial: Path, target: Path) -> None:
    """Puts one folder in the place of another; where that fails, the old one is back."""
    if not os.path.lexists(target):
        partial.rename(target)
        return
    old = Path(tempfile.mkdtemp(prefix=f"{_PARTIAL}{target.name}-old-", dir=target.parent))
    try:
        target.rename(old / target.name)
        try:
            partial.rename(target)
        except OSError:
            (old / target.name).rename(target)
            raise
    finally:
        shutil.rmtree(old, ignore_errors=True)


def prune(path: Path, keep: int, never: str | None = None) -> list[str]:
    """Removes the oldest reports beyond the newest `keep` (`reports.keep`), never that of a run `never`; gives the ids.

    Raises:
        RosterSyncError: one cannot be removed.
    """
    if keep < 1:
        raise ValueError("at least one report is kept")
    surplus = [run_id for run_id in sorted(run_ids(path))[:-keep] if run_id != never]
    if not surplus:
        return []
    try:
        for run_id in surplus:
            hidden = path / f"{_PARTIAL}{run_id}-old"
            (path / run_id).rename(hidden)  # first, so that a kill leaves no half of a report under its name
            shutil.rmtree(hidden)
    except OSError as error:
        raise RosterSyncError(
            f"Old reports in {path} could not be removed ({reason(error)}); the run and its report are complete. "
            "Make the folder writable."
        ) from error
    return surplus


def put(path: Path, content: bytes) -> None:
    """Writes a file for its owner alone in the place of the one that stands there, whole or not at all.

    Raises:
        OSError: it cannot be written; what stood there still does.
    """
    descriptor, name = tempfile.mkstemp(prefix=f"{_PARTIAL}{path.name}-", dir=path.parent)  # mode 0600
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            Path(name).unlink()
        raise


def create_private(path: Path) -> BinaryIO:
    """A new file for its owner alone; never one that is there, nor one that a link points to."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
    return os.fdopen(os.open(path, flags, 0o600), "wb")


def run_ids(path: Path) -> Iterator[str]:
    """The runs that have a report in the folder of reports, in any order."""
    if path.is_dir():
        for entry in path.iterdir():
            if RUN_ID.fullmatch(entry.name) and entry.is_dir() and not entry.is_symlink():
                yield entry.name


def reason(error: OSError) -> str:
    """What the system says of it."""
    return error.strerror or str(error) or type(error).__name__


@contextmanager
def _partial_folder(path: Path, run_id: str) -> Iterator[Path]:
    partial = Path(tempfile.mkdtemp(prefix=f"{_PARTIAL}{run_id}-", dir=path))
    try:
        partial.chmod(0o700)
        yield partial
    finally:
        shutil.rmtree(partial, ignore_errors=True)  # gone already when it was renamed


def leftovers(path: Path) -> list[Path]:
    """Reports that were not finished: of what was killed, or is at work."""
    return sorted(path.glob(f"{_PARTIAL}*"))


def _sweep(path: Path) -> None:
    """Removes what killed runs left; what stays (another owner's) must not cost tonight's report.

    A younger one may be at work still: a dry run beside a sync.
    """
    for entry in path.iterdir():
        if entry.name.startswith(_PARTIAL) and time.time() - entry.lstat().st_mtime > _LEFTOVER_SECONDS:
            if entry.is_dir():
                shutil.rmtree(entry, ignore_errors=True)  # never follows a link
            else:
                with contextlib.suppress(OSError):
                    entry.unlink()


def _settle(folder: Path) -> None:
    """Sets the modes and brings everything to the disk, the folders after what is in them."""
    for parent, _, names in os.walk(folder, topdown=False):
        for name in names:
            _flush(Path(parent, name), 0o600)
        Path(parent).chmod(0o700)
        _flush_folder(Path(parent))


def _flush(path: Path, mode: int) -> None:
    descriptor = os.open(path, os.O_RDWR | getattr(os, "O_NOFOLLOW", 0))
    try:
        if os.name != "nt":
            os.fchmod(descriptor, mode)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _flush_folder(path: Path) -> None:
    if os.name == "nt":  # a folder cannot be opened there
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
