"""Private copies: the folder of one run and the files written into it.

Whatever the umask, the folder is its owner's alone (0700) and so are the files (0600). Their names are ours
(01.csv, 02.csv …): no name from outside ever becomes a path.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from rostersync.errors import ConfigurationError
from rostersync.model.delivery import DeliveredFile
from rostersync.sources.interface import Progress

CHUNK = 1024 * 1024
"""Bytes read at a time from local files and archives."""
_WORTH_A_THREAD = CHUNK // 2
_PREFIX = "delivery-"
_LEFTOVER_AGE = 24 * 60 * 60  # seconds; a night's run is over long before
_CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)


@contextmanager
def staging_folder(staging: Path) -> Iterator[Path]:
    """A fresh folder of this run's own under `staging`, removed with all in it when the context ends.

    `staging` is made (0700) if it is not there. What killed runs left behind more than a day ago is removed.

    Raises:
        ConfigurationError: nothing can be written there.
    """
    try:
        staging.mkdir(mode=0o700, parents=True, exist_ok=True)
        _sweep(staging)
        folder = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=staging))
    except OSError as error:
        raise ConfigurationError(
            f"The staging folder {staging} cannot be written ({error.strerror}); nothing was changed."
        ) from error
    try:
        folder.chmod(0o700)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def leftovers(staging: Path) -> list[Path]:
    """Folders with files of a delivery that lie there: of runs that were killed, or are at work."""
    return sorted(staging.glob(f"{_PREFIX}*"))


def _sweep(staging: Path) -> None:
    """Remove the folders that killed runs left behind; one that cannot be removed stays."""
    oldest = time.time() - _LEFTOVER_AGE
    for leftover in staging.glob(f"{_PREFIX}*"):
        try:
            found = leftover.lstat()
        except OSError:
            continue  # its own run has just removed it
        if stat.S_ISDIR(found.st_mode) and found.st_mtime < oldest:
            shutil.rmtree(leftover, ignore_errors=True)


def check_space(folder: Path, n_bytes: int) -> None:
    """Refuse early what the disk cannot hold.

    Raises:
        ConfigurationError: fewer than `n_bytes` are free.
    """
    free = shutil.disk_usage(folder).free
    if free < n_bytes:
        raise ConfigurationError(
            f"The disk of the staging folder {folder.parent} has {free:,} bytes free, the delivery needs "
            f"{n_bytes:,}; nothing was changed. Make room and run again."
        )


class _Digest:
    """A sha256 that is taken of one large chunk while the next one is read and the last one written."""

    def __init__(self) -> None:
        self._digest = hashlib.sha256()
        self._under_way: threading.Thread | None = None

    def update(self, chunk: bytes) -> None:
        self._settle()
        if len(chunk) < _WORTH_A_THREAD:
            self._digest.update(chunk)
            return
        self._under_way = threading.Thread(target=self._digest.update, args=(chunk,))
        self._under_way.start()

    def hexadecimal(self) -> str:
        self._settle()
        return self._digest.hexdigest()

    def _settle(self) -> None:
        if self._under_way is not None:
            self._under_way.join()


class StagedFile:
    """A private file while it is written: as `.part` first, under its own name once it is whole.

    Counts and digests what passes, and tells `progress`. Left without `finish`, the part is removed.
    """

    def __init__(self, path: Path, progress: Progress) -> None:
        self.path = path
        self.size = 0
        self._part = path.with_name(path.name + ".part")
        self._progress = progress
        self._digest = _Digest()
        with _staging_trouble(path):
            self._stream = os.fdopen(os.open(self._part, _CREATE, 0o600), "wb")
            self._part.chmod(0o600)

    def write(self, chunk: bytes) -> None:
        """Add these bytes."""
        with _staging_trouble(self.path):
            self._stream.write(chunk)
        self._digest.update(chunk)
        self.size += len(chunk)
        self._progress.advance(len(chunk))

    def finish(self) -> str:
        """Give the file its name; returns its sha256 in hex."""
        with _staging_trouble(self.path):
            self._stream.close()
            self._part.replace(self.path)
        self._progress.done()
        return self._digest.hexadecimal()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with suppress(OSError):  # a full disk at the last flush: the write that failed has said so
            self._stream.close()
        with suppress(OSError):  # gone already where the file is whole; else it goes with its folder
            self._part.unlink(missing_ok=True)


@contextmanager
def _staging_trouble(path: Path) -> Iterator[None]:
    """Tell trouble with our own disk from trouble with the source."""
    try:
        yield
    except OSError as error:
        raise ConfigurationError(
            f"The staging folder {path.parent.parent} cannot be written ({error.strerror}); nothing was changed."
        ) from error


def staged_path(folder: Path, number: int) -> Path:
    """Where the CSV file with this number (from 1) of a delivery is kept."""
    return folder / f"{number:02d}.csv"


def delivered(name: str, staged: StagedFile, digest: str, modified: float | None) -> DeliveredFile:
    """The finished file as a value; `modified` in seconds since 1970."""
    when = None if modified is None else _moment(modified)
    return DeliveredFile(name=name, path=staged.path, size=staged.size, digest=digest, modified=when)


def _moment(seconds: float) -> datetime | None:
    """A time stamp from outside, or None where it is none that a calendar knows."""
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, OSError, ValueError):
        return None


def in_order(files: list[DeliveredFile]) -> tuple[DeliveredFile, ...]:
    """The files of a delivery in the order that it promises."""
    return tuple(sorted(files, key=lambda file: (file.name.lower(), file.name)))
