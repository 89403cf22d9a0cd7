"""Files from an SFTP server: a remote folder of CSV files, or a zip file.

A server cannot know whether an upload is complete, so nothing is believed but what stays the same: size and
time of a file before and after it was read, and of the whole set once all of it is here (reliability.md 0.1,
2.4 fetch).
"""

from __future__ import annotations

import itertools
import stat
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from rostersync.errors import ImportRefused, SourceError
from rostersync.model.delivery import DeliveredFile, Delivery, Listing
from rostersync.sources import archive, naming
from rostersync.sources.connection import Connection, connected
from rostersync.sources.interface import Progress, SourceSettings
from rostersync.sources.staging import StagedFile, check_space, delivered, in_order, staged_path
from rostersync.sources.transport import NetworkError

MAXIMUM_FILE_SIZE = 2 * 1024**3
"""Bytes in one remote file."""
MAXIMUM_SET_SIZE = 4 * 1024**3
"""Bytes in a delivery."""
SLOWEST_RATE = 64 * 1024
"""Bytes a second below which a download is given up: what bounds the time of a night."""
FIRST_WAIT = 1.0
"""Seconds before a second try; each further wait is about twice as long, at most a minute."""
_LONGEST_WAIT = 60.0

Result = TypeVar("Result")


@dataclass(frozen=True)
class RemoteFile:
    """A file of the server and what it looked like: equal values mean an unchanged file."""

    name: str  # base name, safe to show and to join to the folder
    path: str
    size: int  # bytes
    modified: int | None  # seconds since 1970


class _UnfinishedFileError(ImportRefused):
    """A file changed while it was read; another try may find it whole."""


@dataclass
class _Set:
    """What is here of a delivery; it outlives a lost connection."""

    target: Path
    progress: Progress
    taken: dict[RemoteFile, DeliveredFile] = field(default_factory=dict)
    numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    def forget(self) -> None:
        """Start over: some of it may be of another delivery than the rest."""
        for file in self.taken.values():
            file.path.unlink(missing_ok=True)
        self.taken.clear()


def address(source: SourceSettings) -> str:
    """How the source is shown to people: sftp://user@host:port/path."""
    return f"sftp://{source.username}@{source.host}:{source.port}/{source.path.lstrip('/')}"


def fetch(source: SourceSettings, target: Path, progress: Progress, known: Listing | None = None) -> Delivery:
    """Private copies in `target` of the CSV files of the configured remote folder or zip file.

    Where the server has just the files of `known`, unchanged since then, none is fetched. The network may fail
    `source.retries` times; a wrong key or password ends the night at once.

    Raises:
        SourceError: not reachable, not trusted, or nothing there.
        ImportRefused: a file still being written, an unsafe archive, hostile names (policies.md R-V1).
        ConfigurationError: a setting is missing.
    """
    here = _Set(target, progress)

    def session() -> Delivery:
        with connected(source) as connection:
            if known is not None and _told(list_source(connection, source)) == known:
                return Delivery(address(source), (), target, listing=known, unchanged=True)
            files, listing = _take(connection, source, here)
            return Delivery(address(source), files, target, listing=_told(listing))

    return _with_tries(session, NetworkError, source.retries)


def _told(listing: list[RemoteFile]) -> Listing | None:
    """What a listing says that changes with the files; None where the server does not tell their times."""
    told = tuple((file.name, file.size, file.modified) for file in listing if file.modified is not None)
    return told if len(told) == len(listing) else None


def _with_tries(action: Callable[[], Result], trouble: type[Exception], retries: int) -> Result:
    """Do it again after this kind of trouble, up to so many times, with longer and longer waits."""
    import tenacity  # here, so that other sources start without it

    tries = tenacity.Retrying(
        retry=tenacity.retry_if_exception_type(trouble),
        stop=tenacity.stop_after_attempt(retries + 1),
        wait=tenacity.wait_exponential(multiplier=FIRST_WAIT, max=_LONGEST_WAIT) + tenacity.wait_random(0, FIRST_WAIT),
        reraise=True,
    )
    return tries(action)


def list_source(connection: Connection, source: SourceSettings) -> list[RemoteFile]:
    """The CSV files of the configured remote folder, sorted by lower-case name, or the one zip file.

    Raises:
        SourceError: nothing is there, or nothing that could be a delivery.
        ImportRefused: names or sizes that cannot be those of a delivery.
    """
    path = source.path.rstrip("/") or ("/" if source.path.startswith("/") else ".")
    with connection.within(10 * source.timeout):
        mode = connection.files.attributes(path).mode
        zipped = naming.is_zip(path.rsplit("/", 1)[-1])
        # A server that does not say what it is gets the benefit of the name.
        if zipped if mode is None else not stat.S_ISDIR(mode):
            if not zipped:
                raise SourceError(
                    f"{connection.where}: {naming.shown(path)} is neither a folder nor a zip file; nothing "
                    f"was changed. Check source.path."
                )
            return [_look(connection, path)]
        names = connection.files.names(path)
        csv_names = sorted((name for name in names if naming.is_csv(name)), key=lambda name: (name.lower(), name))
        where = f"{connection.where}: {naming.shown(path)}"
        naming.check_names(csv_names, where)
        chosen = csv_names or [_only_zip(names, where)]
        found = [_look(connection, f"{path.rstrip('/')}/{name}") for name in chosen]
    _check_total(found, where)
    return found


def _only_zip(names: list[str], where: str) -> str:
    zips = [name for name in names if naming.is_zip(name) and not naming.base_name_fault(name)]
    if len(zips) == 1:
        return zips[0]
    what = f"no CSV files but {len(zips)} zip files" if zips else "no CSV files"
    hint = "Name one of them in source.path." if zips else "Was it delivered yet?"
    raise SourceError(f"{where} has {what}; nothing was changed. {hint}")


def _look(connection: Connection, path: str) -> RemoteFile:
    found = connection.files.attributes(path)
    shown = f"{connection.where}: {naming.shown(path)}"
    if found.size is None or (found.mode is not None and not stat.S_ISREG(found.mode)):
        raise SourceError(f"{shown} is not a regular file; nothing was changed.")
    if found.size > MAXIMUM_FILE_SIZE:
        raise ImportRefused(
            f"{shown} has {found.size:,} bytes (at most {MAXIMUM_FILE_SIZE:,}); nothing was read. Is it a roster file?"
        )
    return RemoteFile(path.rsplit("/", 1)[-1], path, found.size, found.modified)


def _check_total(files: list[RemoteFile], where: str) -> None:
    total = sum(file.size for file in files)
    if total > MAXIMUM_SET_SIZE:
        raise ImportRefused(
            f"{where} has {total:,} bytes of CSV files (at most {MAXIMUM_SET_SIZE:,}); nothing was read. Is "
            f"it the right folder?"
        )


def _take(
    connection: Connection, source: SourceSettings, here: _Set
) -> tuple[tuple[DeliveredFile, ...], list[RemoteFile]]:
    """Download what the server lists, until a listing afterwards says the same; twice at most. Gives both."""
    for _ in range(2):
        listing = list_source(connection, source)
        check_space(here.target, sum(file.size for file in listing if file not in here.taken))
        for file in listing:
            if file not in here.taken:
                here.taken[file] = _take_file(connection, source, here, file)
        if list_source(connection, source) == listing:
            return _finished(connection, here, listing), listing
        here.forget()
    raise ImportRefused(
        f"{connection.where}: the files in {naming.shown(source.path)} changed while they were read, twice; "
        f"nothing was changed here. Run again once the delivery is complete."
    )


def _finished(connection: Connection, here: _Set, listing: list[RemoteFile]) -> tuple[DeliveredFile, ...]:
    files = [here.taken[file] for file in listing]
    if not naming.is_zip(files[0].name):
        return in_order(files)
    shown = f"{connection.where}: {naming.shown(listing[0].path)}"
    unpacked = archive.stage_archive(files[0].path, here.target, shown=shown, progress=here.progress)
    files[0].path.unlink()
    return unpacked


def _take_file(connection: Connection, source: SourceSettings, here: _Set, file: RemoteFile) -> DeliveredFile:
    def download() -> DeliveredFile:
        return _download(connection, source, here, _look(connection, file.path))

    return _with_tries(download, _UnfinishedFileError, source.retries)


def _download(connection: Connection, source: SourceSettings, here: _Set, before: RemoteFile) -> DeliveredFile:
    """One file, whole and unchanged, or nothing of it."""
    here.progress.start(before.name, before.size)
    packed = naming.is_zip(before.name)
    target = here.target / "delivery.zip" if packed else staged_path(here.target, next(here.numbers))
    with (
        connection.within(2 * source.timeout + before.size / SLOWEST_RATE),
        StagedFile(target, here.progress) as staged,
    ):
        for chunk in connection.files.read(before.path, before.size):
            staged.write(chunk)
        if staged.size != before.size or _look(connection, before.path) != before:
            raise _UnfinishedFileError(
                f"{connection.where}: {naming.shown(before.path)} is still being written; nothing was "
                f"changed here. Run again once the delivery is complete."
            )
        return delivered(before.name, staged, staged.finish(), before.modified)
