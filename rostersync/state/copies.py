"""Copies of the state: made while others read and write it, and put in its place again.

A copy is one file, complete and checked before it has its name, for its owner alone.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import shutil
import sqlite3
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from rostersync.errors import ConfigurationError, StateBusy, StateError
from rostersync.state.durability import flush
from rostersync.state.lock import hold
from rostersync.state.pages import dangling, pages
from rostersync.state.schema import refuse_triggers, verify
from rostersync.state.snapshot import folder_of
from rostersync.state.trouble import of_disk

BACKUPS = "backups"
"""The folder beside the state where copies go that are given no name."""
_BUSY_TIMEOUT = 30.0  # seconds
_LEFTOVER_SECONDS = 24 * 3600  # no copy takes that long
_SUFFIXES = ("", "-journal", "-wal", "-shm")


@dataclass(frozen=True)
class Restored:
    """`kept`: where the replaced state lies now, None where there was none. `last_run`: of the state that is back."""

    kept: Path | None
    last_run: str | None


def backup(state: Path, target: Path | None = None) -> Path:
    """Copy the state to `target`, else to the folder of backups beside it; gives the copy.

    A state of an older schema is copied as it is. Needs no lock: a sync may be at work.

    Raises:
        ConfigurationError: something stands at `target`, or it cannot be written.
        StateError: the state is missing, empty, foreign, of a newer version or damaged.
        StateBusy: another program locks the file.
    """
    if target is None:
        _make_folder(state.parent / BACKUPS)
        target = _free(state.parent / BACKUPS / f"state-{_stamp()}.db")
    if not state.exists():
        raise StateError(f"{state} is missing: there is nothing to copy; see `rostersync state restore`")
    if os.path.lexists(target):
        raise ConfigurationError(f"{target} exists already; it was left as it is; name another file")
    draft = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        with _opened(state) as source:
            verify(source, state)
            _copy(source, draft, journal="DELETE")
        _check(draft, state)
        flush(draft)
        os.link(draft, target)  # unlike a rename, this never replaces what appeared meanwhile
        flush(target.parent)
    except FileExistsError as error:
        raise ConfigurationError(f"{target} appeared meanwhile; it was left as it is; name another file") from error
    except OSError as error:
        raise ConfigurationError(
            f"{target} cannot be written ({error.strerror}); no copy was made; make room, or name a file in a folder "
            "that can be written"
        ) from error
    except (sqlite3.Error, UnicodeDecodeError) as error:
        raise _not_copied(state, error) from error
    finally:
        _remove(draft)
    return target


def restore(state: Path, file: Path) -> Restored:
    """Put a copy of `file` in the place of the state, which is kept beside it; snapshots go, for they are not its own.

    At every moment the state is the old one or the new one.

    Raises:
        ConfigurationError: there is no such file, or it is the state itself.
        StateError: the file is no state, of a newer version or damaged, or the state's folder cannot be written.
        StateBusy: a run holds the state, or another program has it open.
    """
    if not file.is_file():
        raise ConfigurationError(f"{file} is missing or no file; the state was left as it is; name a backup")
    if state.exists() and file.samefile(state):
        raise ConfigurationError(f"{file} is the state itself; it was left as it is; name a backup")
    draft = state.with_name(state.name + ".restore")
    with hold(state, "state restore"):
        try:
            _remove(draft)  # of a restore that was killed
            last_run = _draft_of(file, draft)
            kept = _set_aside(state)
            shutil.rmtree(folder_of(state), ignore_errors=True)
            draft.replace(state)
            flush(state.parent)
        except (OSError, sqlite3.Error) as error:
            raise StateError(
                f"{file} was not restored ({getattr(error, 'strerror', None) or error}); the state was left as it is; "
                "make room, and make its folder writable"
            ) from error
        finally:
            _remove(draft)
    return Restored(kept, last_run)


def copies_beside(state: Path) -> list[Path]:
    """Copies that this program made of the state: backups, those before a migration, replaced states.

    So are those that were not finished: of what was killed, or is at work.
    """
    made = (f"{BACKUPS}/*.db", f"{BACKUPS}/.*.part", f"{state.name}.replaced-*")
    found = [path for pattern in made for path in state.parent.glob(pattern)]
    found += [state.with_name(state.name + suffix) for suffix in (".restore", ".first-load")]
    return sorted(path for path in found if path.exists() and not path.name.endswith(("-wal", "-shm")))


def before_migration(state: Path, version: int) -> Path:
    """Copy a state before the migration to schema `version`; as `backup`."""
    folder = state.parent / BACKUPS
    _make_folder(folder)
    return backup(state, _free(folder / f"before-schema-{version}-{_stamp()}.db"))  # a second try in one second


def _stamp() -> str:
    return datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        for left in folder.glob(".*.part*"):  # of copies that were killed
            if time.time() - left.stat().st_mtime > _LEFTOVER_SECONDS:
                left.unlink(missing_ok=True)
    except OSError as error:
        raise ConfigurationError(f"{folder} cannot be made ({error.strerror}); nothing was changed") from error


@contextlib.contextmanager
def _opened(file: Path) -> Iterator[sqlite3.Connection]:
    """A connection that only reads; of a copy without a log it also works where its folder cannot be written."""
    alone = not file.with_name(file.name + "-wal").exists() and not os.access(file.parent, os.W_OK)
    uri = f"{file.absolute().as_uri()}?mode=ro{'&immutable=1' if alone else ''}"
    with contextlib.closing(sqlite3.connect(uri, uri=True, timeout=_BUSY_TIMEOUT, isolation_level=None)) as connection:
        connection.execute("PRAGMA trusted_schema = OFF")
        yield connection


def _copy(source: sqlite3.Connection, draft: Path, *, journal: str) -> None:
    os.close(os.open(draft, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    with contextlib.closing(sqlite3.connect(draft, isolation_level=None)) as copy:
        source.backup(copy)  # in one step: a snapshot, whatever is written meanwhile
        copy.execute(f"PRAGMA journal_mode = {journal}")


def _check(copy: Path, of: Path) -> None:
    with _opened(copy) as connection:
        damage = pages(connection) or ", ".join(dangling(connection)[:3])
    if damage:
        raise StateError(
            f"{of} is damaged ({damage}); no copy was made and nothing was changed; restore an older backup: "
            "rostersync state restore FILE"
        )


def _draft_of(file: Path, draft: Path) -> str | None:
    """A checked copy of the file as it will be the state; gives its last run."""
    try:
        with _opened(file) as source:
            verify(source, file)
            refuse_triggers(source, file)
            _copy(source, draft, journal="WAL")
            (last_run,) = source.execute("SELECT max(run_id) FROM runs").fetchone()
        with _opened(draft) as copy:
            damage = pages(copy) or ", ".join(dangling(copy)[:3])
    except sqlite3.OperationalError:  # no room, or in use: says nothing of the file
        raise
    except (sqlite3.DatabaseError, UnicodeDecodeError) as error:
        raise StateError(f"{file} is damaged ({error}); the state was left as it is; name another backup") from error
    except StateError as error:
        raise StateError(f"{str(error).partition(';')[0]}; the state was left as it is; name another backup") from error
    if damage:
        raise StateError(f"{file} is damaged ({damage}); the state was left as it is; name another backup")
    flush(draft)
    return None if last_run is None else str(last_run)


def _set_aside(state: Path) -> Path | None:
    """Gives the state a second name; its own stays until the new file takes it."""
    log = state.with_name(state.name + "-wal")
    if not state.exists() and not log.exists():
        return None
    for second in state.parent.glob(f"{state.name}.replaced-*"):  # of a restore that was killed
        if state.exists() and second.samefile(state):
            second.unlink()
    kept = _free(state.with_name(f"{state.name}.replaced-{_stamp()}"))
    _settle(state)
    if state.exists():
        os.link(state, kept)
    if (
        log.exists()
    ):  # of a state that is lost or too damaged to be opened: kept with it, and not taken for the new one's
        log.rename(kept.with_name(kept.name + "-wal"))
    state.with_name(state.name + "-shm").unlink(missing_ok=True)
    flush(state.parent)
    return kept


def _free(name: Path) -> Path:
    """The name, with a number in it where it is taken: several in one second."""
    stem, suffix = (name.stem, name.suffix) if name.suffix == ".db" else (name.name, "")
    others = (name.with_name(f"{stem}-{number}{suffix}") for number in itertools.count(2))
    return next(each for each in itertools.chain((name,), others) if not os.path.lexists(each))


def _settle(state: Path) -> None:
    """Brings the log into the file: only who has it open alone can, and a file in use must not be swapped away."""
    if not state.exists():
        return
    uri = f"{state.absolute().as_uri()}?mode=rw"
    try:
        with contextlib.closing(sqlite3.connect(uri, uri=True, timeout=1, isolation_level=None)) as connection:
            connection.execute("PRAGMA locking_mode = EXCLUSIVE")
            connection.execute("PRAGMA journal_mode = DELETE")
            connection.execute("BEGIN EXCLUSIVE")
            connection.execute("COMMIT")
    except sqlite3.OperationalError as error:
        if "locked" in str(error) or "busy" in str(error):
            raise StateBusy(
                f"another program has {state} open; nothing was changed; close it, then restore again"
            ) from error
    except (sqlite3.DatabaseError, UnicodeDecodeError):
        pass  # damaged: that is why it is replaced


def _not_copied(state: Path, error: Exception) -> Exception:
    if "locked" in str(error) or "busy" in str(error):
        return StateBusy(f"{state} is locked by another program; no copy was made; try again later")
    if of_disk(error):
        return StateError(
            f"{state} cannot be copied ({error}); no copy was made; make room on the disk, or see whether it fails, "
            "then run again"
        )
    return StateError(
        f"{state} cannot be copied ({error}); no copy was made; make room, or where it is damaged restore an older "
        "backup: rostersync state restore FILE"
    )


def _remove(draft: Path) -> None:
    for suffix in _SUFFIXES:
        with contextlib.suppress(OSError):  # what stays goes with the leftovers of copies that were killed
            draft.with_name(draft.name + suffix).unlink(missing_ok=True)
