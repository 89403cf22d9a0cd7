"""Files from a folder of this machine: the CSV files directly in it, or the one zip file.

A link is followed while it stays inside the folder (`users.csv -> tonight/users.csv`). One that leads out is
refused: whoever may write into the folder must not choose which of this machine's files are read.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rostersync.errors import ImportRefused, SourceError
from rostersync.model.delivery import DeliveredFile
from rostersync.sources import naming
from rostersync.sources.interface import Progress
from rostersync.sources.staging import CHUNK, StagedFile, check_space, delivered, in_order, staged_path

_READ = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)


@dataclass(frozen=True)
class FoundFile:
    """A file in the folder, and what it looked like: equal values mean an unchanged file."""

    path: Path
    size: int  # bytes
    modified_ns: int  # nanoseconds since 1970
    inode: int


@dataclass(frozen=True)
class FolderListing:
    """What a folder holds that could be a delivery, each sorted by lower-case name."""

    csv_files: tuple[FoundFile, ...]
    zip_files: tuple[FoundFile, ...]


def list_folder(folder: Path) -> FolderListing:
    """The CSV and zip files directly in `folder`.

    Raises:
        SourceError: the folder is missing or unreadable.
        ImportRefused: a link leads out of the folder, or two names are one (policies.md R-V1).
    """
    with _reading(folder):
        if not folder.is_dir():
            what = "is a file, not a folder" if folder.exists() else "does not exist"
            raise SourceError(f"The source folder {folder} {what}; nothing was changed. Check source.path.")
        inside = folder.resolve()
        entries = sorted(folder.iterdir(), key=lambda path: (path.name.lower(), path.name))
        csv_files = tuple(_found(path, inside) for path in entries if naming.is_csv(path.name) and not path.is_dir())
        zip_files = tuple(_found(path, inside) for path in entries if naming.is_zip(path.name) and not path.is_dir())
    naming.check_names((file.path.name for file in csv_files), f"Folder {folder}")
    return FolderListing(csv_files, zip_files)


def _found(path: Path, inside: Path) -> FoundFile:
    if path.is_symlink() and not path.resolve().is_relative_to(inside):
        raise ImportRefused(
            f"{naming.shown(str(path))} is a link that leads out of the folder; nothing was read. Put the "
            f"file itself there."
        )
    return look(path)


def look(path: Path) -> FoundFile:
    """The file at `path` as it is now.

    Raises:
        SourceError: it is missing, unreadable or no regular file.
    """
    with _reading(path):
        seen = path.stat()
    if not stat.S_ISREG(seen.st_mode):
        raise SourceError(f"{naming.shown(str(path))} is not a regular file; nothing was changed.")
    return FoundFile(path, seen.st_size, seen.st_mtime_ns, seen.st_ino)


def only_zip(folder: Path, listing: FolderListing) -> Path:
    """The zip file of a folder without CSV files.

    Raises:
        SourceError: there is none, or more than one.
    """
    if len(listing.zip_files) == 1:
        return listing.zip_files[0].path
    if listing.zip_files:
        raise SourceError(
            f"The source folder {folder} has no CSV files but {len(listing.zip_files)} zip files; nothing "
            f"was changed. Name one of them in source.path."
        )
    with _reading(folder):
        deeper = sorted({path.parent.name for path in folder.glob("*/*") if naming.is_csv(path.name)})
    hint = f" Its folder {naming.shown(deeper[0])} has some: is that meant?" if deeper else " Was it delivered yet?"
    raise SourceError(f"The source folder {folder} has no CSV files; nothing was changed.{hint}")


def stage_folder(folder: Path, listing: FolderListing, target: Path, progress: Progress) -> tuple[DeliveredFile, ...]:
    """Private copies in `target` of the CSV files listed.

    Raises:
        ImportRefused: a file changed, came or went meanwhile (policies.md R-V1).
        SourceError: a file cannot be read.
    """
    check_space(target, sum(found.size for found in listing.csv_files))
    files = []
    for number, found in enumerate(listing.csv_files, start=1):
        staged, digest = copy(found, staged_path(target, number), progress)
        files.append(delivered(found.path.name, staged, digest, found.modified_ns / 1e9))
    if list_folder(folder).csv_files != listing.csv_files:
        raise ImportRefused(
            f"The files in {folder} changed while they were read; nothing was changed here. Run again once "
            f"the delivery is complete."
        )
    return in_order(files)


def copy(found: FoundFile, target: Path, progress: Progress) -> tuple[StagedFile, str]:
    """A private copy of one file, and its sha256 in hex.

    Raises:
        ImportRefused: it changed while it was read (policies.md R-V1).
        SourceError: it cannot be read.
    """
    progress.start(found.path.name, found.size)
    with StagedFile(target, progress) as staged:
        with _reading(found.path), os.fdopen(os.open(found.path, _READ), "rb", buffering=0) as stream:
            if not stat.S_ISREG(os.fstat(stream.fileno()).st_mode):
                raise SourceError(f"{naming.shown(str(found.path))} is not a regular file; nothing was changed.")
            # One byte more than expected is enough to know that it grew: one that grows for ever ends here.
            while chunk := stream.read(min(CHUNK, found.size + 1 - staged.size)):
                staged.write(chunk)
        if staged.size != found.size or look(found.path) != found:
            raise ImportRefused(
                f"{naming.shown(str(found.path))} changed while it was read; nothing was changed here. Run "
                f"again once the delivery is complete."
            )
        digest = staged.finish()
    return staged, digest


def check_readable(found: FoundFile) -> None:
    """Open the file and close it again; raises SourceError where this user may not."""
    with _reading(found.path):
        os.close(os.open(found.path, _READ))


@contextmanager
def _reading(path: Path) -> Iterator[None]:
    """Say in one line what of this machine's files cannot be read."""
    try:
        yield
    except OSError as error:
        raise SourceError(
            f"{naming.shown(str(path))} cannot be read ({error.strerror}); nothing was changed."
        ) from error
