"""What a source hands over: the files of one delivery, as private copies."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

Listing = tuple[tuple[str, int, int], ...]
"""Files of a server: name, size in bytes, time of the last change in seconds since 1970."""


@dataclass(frozen=True)
class DeliveredFile:
    """One CSV file of a delivery."""

    name: str  # base name as delivered, e.g. "users.csv" / "Users.CSV"
    path: Path  # staged private copy (0600 in a 0700 folder)
    size: int  # bytes
    digest: str  # sha256 hex, taken while copying
    modified: datetime | None  # UTC


@dataclass(frozen=True)
class Delivery:
    """The files of one night, staged; they are gone when the source's context ends."""

    source: str  # how it is shown to people: folder path, zip path, sftp://user@host:port/path
    files: tuple[DeliveredFile, ...]  # only *.csv, sorted by lower-case name
    folder: Path  # the staging folder of this run
    listing: Listing | None = None  # what a server says of the files it has, where that tells whether they change
    unchanged: bool = False  # the server has just what was asked about: nothing was fetched, `files` is empty
