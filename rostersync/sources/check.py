"""Whether the source could be read tonight, one line per question (for `rostersync doctor`)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from rostersync.errors import RosterSyncError, SourceError
from rostersync.sources import archive, folder, naming, sftp
from rostersync.sources.connection import (
    HostKeyError,
    LoginError,
    connected,
    credentials,
    trusted_keys,
)
from rostersync.sources.interface import SourceSettings
from rostersync.sources.transport import NetworkError


@dataclass(frozen=True)
class SourceCheck:
    """One question about the source and its answer, in one line."""

    name: str
    ok: bool
    message: str


def check(source: SourceSettings) -> list[SourceCheck]:
    """Ask the configured source everything short of reading its files; stop where no more can be asked.

    For sftp it connects once, shows the host key's SHA-256, logs in and lists the files. It raises nothing
    that a source can cause, and writes nothing.
    """
    if source.kind == "sftp":
        return _check_sftp(source)
    try:
        return [_check_folder(Path(source.path)) if source.kind == "folder" else _check_zip(Path(source.path))]
    except RosterSyncError as error:
        return [SourceCheck(source.kind, False, str(error))]


def _check_folder(path: Path) -> SourceCheck:
    listing = folder.list_folder(path)
    if not listing.csv_files:
        return _check_zip(folder.only_zip(path, listing))
    for found in listing.csv_files:
        folder.check_readable(found)
    return SourceCheck("folder", True, _files(str(path), [(f.path.name, f.size) for f in listing.csv_files]))


def _check_zip(path: Path) -> SourceCheck:
    if path.is_dir():
        raise SourceError(f'{path} is a folder, not a zip file. Set source.kind = "folder".')
    folder.check_readable(folder.look(path))
    return SourceCheck("zip", True, _files(str(path), archive.list_archive(path, shown=str(path))))


def _check_sftp(source: SourceSettings) -> list[SourceCheck]:
    checks: list[SourceCheck] = []
    try:
        keys = trusted_keys(source)
        checks.append(
            SourceCheck("known hosts", True, f"{source.known_hosts} pins {len(keys)} key(s) for {source.host}")
        )
        with connected(source) as connection:
            key = connection.host_key
            checks += [
                SourceCheck("connection", True, f"{connection.where} answers"),
                SourceCheck("host key", True, f"{key.type} {key.fingerprint_sha256}, as pinned"),
                SourceCheck("login", True, f"as {source.username} with {' or '.join(credentials(source))}"),
            ]
            files = sftp.list_source(connection, source)
            listed = _files(sftp.address(source), [(file.name, file.size) for file in files])
            checks.append(SourceCheck("files", True, listed))
    except RosterSyncError as error:
        checks.append(SourceCheck(_question(error), False, str(error)))
    return checks


def _question(error: RosterSyncError) -> str:
    """Which question a failure answers."""
    match error:
        case HostKeyError():
            return "host key"
        case LoginError():
            return "login"
        case NetworkError():
            return "connection"
        case SourceError():
            return "files"
        case _:
            return "sftp"


def _files(where: str, files: list[tuple[str, int]]) -> str:
    listed = ", ".join(f"{naming.shown(name)} {_amount(size)}" for name, size in files)
    return f"{where}: {len(files)} file{'s' if len(files) != 1 else ''}: {listed}"


def _amount(n_bytes: int) -> str:
    """A size for people: 1 KB is 1,000 bytes."""
    for unit, factor in (("GB", 10**9), ("MB", 10**6), ("KB", 10**3)):
        if n_bytes >= factor:
            return f"{n_bytes / factor:,.1f} {unit}"
    return f"{n_bytes} bytes"
