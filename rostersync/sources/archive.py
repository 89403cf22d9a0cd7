"""Files from a zip archive, checked before anything is unpacked (reliability.md 2.4, unpack).

An archive comes from outside: it may be torn, or made to fill the disk or to write where it should not. Names
in it are compared and shown, never used as paths; what it says of sizes is checked against what comes out.
"""

from __future__ import annotations

import io
import re
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path, PurePosixPath

from rostersync.errors import ImportRefused
from rostersync.model.delivery import DeliveredFile
from rostersync.sources import naming
from rostersync.sources.interface import Progress
from rostersync.sources.staging import CHUNK, StagedFile, check_space, delivered, in_order, staged_path

MAXIMUM_ENTRIES = 64
"""Files in an archive, without folders and the litter of desktop systems."""
MAXIMUM_SIZE = 2 * 1024**3
"""Bytes that an archive may unpack to, and may have itself."""
MAXIMUM_RATIO = 100
"""Times that an entry may grow when unpacked."""
RATIO_APPLIES_ABOVE = 1024**2
"""Bytes up to which any ratio passes: a small file of one repeated line is honest."""
_MAXIMUM_LISTED = 1024  # entries of any sort
_MAXIMUM_READ = 4 * 1024**2  # bytes of the archive in memory at once, its table of contents among them
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_ENCRYPTED = 0x1 | 0x40 | 0x2000  # plain, strong, hidden names
_LOCAL_HEADER = 30  # bytes in front of every entry, at least
_DAMAGE = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    OSError,
    OverflowError,
    RuntimeError,  # NotImplementedError among them
    ValueError,  # names in no encoding among them
)
# What zipfile raises for damaged archives: wrong check sums, cut streams, offsets that lie outside the file.
_LITTER_FOLDERS = {"__macosx"}
_LITTER_FILES = {"thumbs.db", "desktop.ini"}


def stage_archive(path: Path, target: Path, *, shown: str, progress: Progress) -> tuple[DeliveredFile, ...]:
    """Private copies in `target` of the CSV files in a zip file that nobody else can change.

    Args:
        path: the staged archive.
        target: the staging folder.
        shown: how the archive is shown to people.
        progress: told of every file that is unpacked.

    Raises:
        ImportRefused: it is no whole zip file, is unsafe, or has no CSV files (policies.md R-V1).
    """
    with _opened(path, shown) as packed:
        entries = safe_entries(packed, shown)
        check_space(target, sum(entry.file_size for entry in entries))
        return in_order(
            [
                _unpack(packed, entry, staged_path(target, number), progress)
                for number, entry in enumerate(entries, start=1)
            ]
        )


def list_archive(path: Path, *, shown: str) -> list[tuple[str, int]]:
    """Name and unpacked size in bytes of each CSV file in a zip file; raises as `stage_archive`."""
    with _opened(path, shown) as packed:
        return [(_base_name(entry), entry.file_size) for entry in safe_entries(packed, shown)]


class _BoundedReads(io.BufferedReader):
    """A file that is never read into memory at large.

    zipfile reads the table of contents in one piece, however long the archive says it is: this is where a
    table of millions of entries is refused.
    """

    def read(self, size: int | None = -1, /) -> bytes:
        if size is not None and size > _MAXIMUM_READ:
            raise _UnsafeArchiveError("its table of contents is too long")
        return super().read(size)


class _UnsafeArchiveError(Exception):
    """What is wrong with an archive, for the message of the refusal."""


@contextmanager
def _opened(path: Path, shown: str) -> Iterator[zipfile.ZipFile]:
    """The archive; whatever is wrong with it becomes an ImportRefused of one line."""
    try:
        _check_own_size(path)
        with _BoundedReads(io.FileIO(path)) as stream, zipfile.ZipFile(stream) as packed:
            yield packed
    except _UnsafeArchiveError as fault:
        raise ImportRefused(
            f"The archive {shown} is refused: {fault}. Nothing was changed. Have it made again, of CSV files alone."
        ) from fault
    except _DAMAGE as error:
        raise ImportRefused(
            f"{shown} is not a whole zip file ({naming.shown(str(error))}); nothing was changed. Deliver it again."
        ) from error


def _check_own_size(path: Path) -> None:
    if path.stat().st_size > MAXIMUM_SIZE:
        raise _UnsafeArchiveError(f"it is larger than {MAXIMUM_SIZE:,} bytes")


def safe_entries(packed: zipfile.ZipFile, shown: str) -> list[zipfile.ZipInfo]:
    """The CSV entries of an archive, in the order of their names, once every entry has passed the checks."""
    listed = packed.infolist()
    if len(listed) > _MAXIMUM_LISTED:
        raise _UnsafeArchiveError(f"it has {len(listed):,} entries")
    for entry in listed:
        _check_kind(entry)
        _check_name(entry)
    files = [entry for entry in listed if not entry.is_dir() and not _is_litter(entry)]
    if len(files) > MAXIMUM_ENTRIES:
        raise _UnsafeArchiveError(f"it has {len(files)} files (at most {MAXIMUM_ENTRIES})")
    _check_sizes([entry for entry in listed if not entry.is_dir()])
    _check_twins(files)
    _check_overlaps(listed, packed.start_dir)
    return _csv_entries(files, shown)


def _csv_entries(files: list[zipfile.ZipInfo], shown: str) -> list[zipfile.ZipInfo]:
    found = [entry for entry in files if naming.is_csv(_base_name(entry))]
    if not found:
        nested = " but another zip file" if any(naming.is_zip(_base_name(entry)) for entry in files) else ""
        raise _UnsafeArchiveError(f"it has no CSV files{nested}")
    folders = sorted({str(_inner_path(entry).parent) for entry in found})
    if len(folders) > 1:
        named = ", ".join(naming.shown(folder) for folder in folders[:3])
        raise _UnsafeArchiveError(f"it has CSV files in several folders ({named})")
    naming.check_names((_base_name(entry) for entry in found), shown)
    return sorted(found, key=lambda entry: _base_name(entry).lower())


def _check_kind(entry: zipfile.ZipInfo) -> None:
    name = naming.shown(entry.filename)
    kind = stat.S_IFMT(entry.external_attr >> 16)
    if kind not in {0, stat.S_IFREG, stat.S_IFDIR}:
        raise _UnsafeArchiveError(f"{name} is a link or a device, not a file")
    if entry.flag_bits & _ENCRYPTED:
        raise _UnsafeArchiveError(f"{name} is encrypted")
    if entry.compress_type not in _METHODS:
        raise _UnsafeArchiveError(
            f"{name} is compressed by method {entry.compress_type}; only plain zip (deflate) is read"
        )


def _check_name(entry: zipfile.ZipInfo) -> None:
    name = entry.orig_filename  # `filename` ends at the first NUL
    slashed = name.replace("\\", "/")
    if not name:  # zipfile itself fails on such an entry
        raise _UnsafeArchiveError("it has an entry without a name")
    if naming.has_control_characters(name):
        raise _UnsafeArchiveError(f"the name {naming.shown(name)!r} has control characters in it")
    if slashed.startswith("/") or re.match(r"[A-Za-z]:", name):
        raise _UnsafeArchiveError(f"{naming.shown(name)} is an absolute path")
    if ".." in slashed.split("/"):
        raise _UnsafeArchiveError(f"{naming.shown(name)} leads out of the archive")


def _check_sizes(files: list[zipfile.ZipInfo]) -> None:
    for entry in files:
        growth = entry.file_size / max(entry.compress_size, 1)
        if entry.file_size > RATIO_APPLIES_ABOVE and growth > MAXIMUM_RATIO:
            raise _UnsafeArchiveError(
                f"{naming.shown(entry.filename)} unpacks to {growth:,.0f} times its size (at most {MAXIMUM_RATIO})"
            )
    total = sum(entry.file_size for entry in files)
    if total > MAXIMUM_SIZE:
        raise _UnsafeArchiveError(f"it unpacks to {total:,} bytes (at most {MAXIMUM_SIZE:,})")


def _check_twins(files: list[zipfile.ZipInfo]) -> None:
    seen: set[str] = set()
    for entry in files:
        name = naming.folded(str(_inner_path(entry)))
        if name in seen:
            raise _UnsafeArchiveError(f"it has {naming.shown(entry.filename)} twice")
        seen.add(name)


def _check_overlaps(listed: list[zipfile.ZipInfo], end: int) -> None:
    """Entries that share bytes are a bomb: each byte on disk is unpacked many times."""
    following = end
    for entry in sorted(listed, key=lambda entry: entry.header_offset, reverse=True):
        if entry.header_offset + _LOCAL_HEADER + entry.compress_size > following:
            raise _UnsafeArchiveError(f"{naming.shown(entry.filename)} overlaps another entry")
        following = entry.header_offset


def _unpack(packed: zipfile.ZipFile, entry: zipfile.ZipInfo, target: Path, progress: Progress) -> DeliveredFile:
    name = _base_name(entry)
    progress.start(name, entry.file_size)
    with StagedFile(target, progress) as staged:
        with packed.open(entry) as stream:
            while chunk := stream.read(CHUNK):
                if staged.size + len(chunk) > entry.file_size:
                    raise _UnsafeArchiveError(f"{naming.shown(name)} is larger than it says")
                staged.write(chunk)
        if staged.size != entry.file_size:
            raise _UnsafeArchiveError(f"{naming.shown(name)} is smaller than it says")
        digest = staged.finish()
    return delivered(name, staged, digest, _modified(entry))


def _modified(entry: zipfile.ZipInfo) -> float | None:
    """Seconds since 1970; zip files keep local time without a zone, taken as this machine's."""
    try:
        return datetime(*entry.date_time).astimezone().timestamp()
    except (ValueError, OverflowError, OSError):
        return None


def _inner_path(entry: zipfile.ZipInfo) -> PurePosixPath:
    """The path inside the archive; some systems write backslashes."""
    return PurePosixPath(entry.filename.replace("\\", "/"))


def _base_name(entry: zipfile.ZipInfo) -> str:
    return _inner_path(entry).name


def _is_litter(entry: zipfile.ZipInfo) -> bool:
    """What desktop systems add to archives unasked."""
    parts = [part.lower() for part in _inner_path(entry).parts]
    return not parts or bool(_LITTER_FOLDERS & set(parts)) or parts[-1].startswith(".") or parts[-1] in _LITTER_FILES
