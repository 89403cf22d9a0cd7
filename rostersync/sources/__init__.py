"""Where files come from: a folder, a zip file, an SFTP server.

Whatever the source, `fetch` gives one `Delivery` of private copies that do not change any more; the importers
never see where they came from.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rostersync.errors import ConfigurationError, SourceError
from rostersync.model.delivery import DeliveredFile, Delivery, Listing
from rostersync.sources import archive, folder, sftp
from rostersync.sources.interface import Progress, SilentProgress, SourceSettings
from rostersync.sources.staging import staging_folder

__all__ = ["Progress", "SourceSettings", "fetch", "fetch_path"]


@contextmanager
def fetch(
    source: SourceSettings, *, staging: Path, progress: Progress | None = None, known: Listing | None = None
) -> Iterator[Delivery]:
    """Tonight's files of the configured source, staged privately in a fresh folder under `staging`.

    The folder is removed when the context ends, whatever happened in it. Where a server still has just the files of
    `known`, none is fetched.

    Args:
        source: `settings.source`.
        staging: a folder of rostersync's own, made if it is not there; never a shared one such as /tmp.
        progress: told of every file that arrives; None is silent.
        known: what the server said of its files when they were fetched last.

    Raises:
        SourceError: not reachable, not trusted, or nothing there.
        ImportRefused: files that cannot be used: changed while they were read, an unsafe archive (policies.md
            R-V1).
        ConfigurationError: settings that do not fit, or a staging folder that cannot be written.
    """
    watcher = progress or SilentProgress()
    match source.kind:
        case "folder":
            with _staged_folder(Path(source.path), staging, watcher) as delivery:
                yield delivery
        case "zip":
            with _staged_zip(Path(source.path), staging, watcher) as delivery:
                yield delivery
        case "sftp":
            with staging_folder(staging) as private:
                yield sftp.fetch(source, private, watcher, known)
        case _:
            raise ConfigurationError(
                f"source.kind is {source.kind!r}; it must be folder, zip or sftp. Nothing was changed."
            )


@contextmanager
def fetch_path(path: Path, *, staging: Path, progress: Progress | None = None) -> Iterator[Delivery]:
    """The files at a path given by hand (`--source PATH`, `validate PATH`): a folder or a zip file.

    Like `fetch` otherwise.

    Raises:
        SourceError: nothing is there, or nothing that could be a delivery.
        ImportRefused: as `fetch`.
        ConfigurationError: as `fetch`.
    """
    if not path.exists():
        raise SourceError(f"{path} does not exist; nothing was changed. Give a folder of CSV files or a zip file.")
    stage = _staged_folder if path.is_dir() else _staged_zip
    with stage(path, staging, progress or SilentProgress()) as delivery:
        yield delivery


@contextmanager
def _staged_folder(path: Path, staging: Path, progress: Progress) -> Iterator[Delivery]:
    listing = folder.list_folder(path)
    with staging_folder(staging) as private:
        if listing.csv_files:
            yield Delivery(str(path), folder.stage_folder(path, listing, private, progress), private)
        else:
            found = folder.only_zip(path, listing)
            yield Delivery(str(found), _unpacked(found, private, progress), private)


@contextmanager
def _staged_zip(path: Path, staging: Path, progress: Progress) -> Iterator[Delivery]:
    if path.is_dir():
        raise SourceError(f'{path} is a folder, not a zip file; nothing was changed. Set source.kind = "folder".')
    folder.look(path)
    with staging_folder(staging) as private:
        yield Delivery(str(path), _unpacked(path, private, progress), private)


def _unpacked(path: Path, private: Path, progress: Progress) -> tuple[DeliveredFile, ...]:
    """Copy first, unpack the copy: what is checked is then what is read."""
    copied, _ = folder.copy(folder.look(path), private / "delivery.zip", progress)
    files = archive.stage_archive(copied.path, private, shown=str(path), progress=progress)
    copied.path.unlink()
    return files
