"""What SQLite says when a state cannot be read or written, in words for people: what to do hangs on why."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from rostersync.errors import RosterSyncError, StateBusy, StateError

_PRIMARY = 0xFF
"""The part of an extended result code that says what kind it is."""
_DISK = frozenset({sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR})
_CLOSED = frozenset({sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM})
_BUSY = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})
_NO_TEXT = "Could not decode to UTF-8"
RESTORE = "restore a backup: rostersync state restore FILE"


def of_disk(error: Exception) -> bool:
    """Whether the disk is full or fails: that says nothing of the state itself, which needs no backup then."""
    return _kind(error) in _DISK


def told(path: Path, error: Exception, doing: str, otherwise: str = RESTORE) -> RosterSyncError:
    """The error to raise where a state could not be read or written, and nothing was changed.

    `doing` is what failed ("read as a state", "written"); `otherwise` what to do where neither the disk nor the
    folder's permissions are to blame.
    """
    kind = _kind(error)
    if kind in _BUSY:
        return StateBusy(f"{path} is locked by another program; nothing was changed; try again later")
    if kind in _DISK:
        advice = "make room on its disk, or see whether the disk fails, then run again"
    elif kind in _CLOSED:
        advice = "make it and its folder writable for the account that runs rostersync"
    else:
        advice = otherwise
    return StateError(f"{path} cannot be {doing} ({reason(error)}); nothing was changed; {advice}")


def reason(error: Exception) -> str:
    """What went wrong, without what stands in the state: SQLite quotes a text that is no UTF-8."""
    if str(error).startswith(_NO_TEXT):
        return "a text in it is not UTF-8"
    return " ".join(str(error).split())


def _kind(error: Exception) -> int | None:
    """SQLite's result code; None of any other error: text or JSON that is damaged."""
    code: int | None = getattr(error, "sqlite_errorcode", None)
    return None if code is None else code & _PRIMARY
