"""One writer per state: a lock that the kernel owns, so that it is free again after a kill."""

from __future__ import annotations

import contextlib
import json
import os
import platform
import stat
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from rostersync.errors import StateBusy, StateError
from rostersync.settings.file_systems import network_kind

_BEHIND_THE_LOCK = 1
"""Where the holder's name begins: Windows lets nobody read the byte that is locked."""
_PATIENCE = 0.5  # seconds in which a holder that has just begun writes its name


@dataclass(frozen=True)
class Holder:
    """Who holds a state: a process, its host, since when (UTC), and what for."""

    process: int
    host: str
    since: str
    doing: str

    def __str__(self) -> str:
        return f"{self.doing}, process {self.process} on {self.host}, since {self.since}"

    @property
    def gone(self) -> bool:
        """Whether it surely does not run any more; of a process on another host nobody knows."""
        if self.host != platform.node() or os.name == "nt":
            return False
        try:
            os.kill(self.process, 0)
        except ProcessLookupError:
            return True
        except OSError:
            return False
        return False


@contextlib.contextmanager
def hold(state: Path, doing: str = "a run") -> Iterator[None]:
    """Hold the state for the length of the block; `doing` is told to whoever comes meanwhile.

    The kernel's lock alone decides. On a network file system, where locks may not reach other hosts, neither may one of
    them have left its name.

    Raises:
        StateBusy: another run holds it (exit code 6).
        StateError: the lock file beside the state cannot be made, or the file system knows no locks.
    """
    from filelock import FileLock, Timeout

    path = state.with_name(state.name + ".lock")
    _refuse_other_kind(path)
    lock = FileLock(path, timeout=0, mode=0o600, fallback_to_soft=False)
    try:
        lock.acquire()
    except Timeout as error:
        holder = _found(path)
        raise StateBusy(
            f"another run holds {state}{f' ({holder})' if holder else ''}; nothing was changed; "
            "wait for it to finish, then run again"
        ) from error
    except OSError as error:
        raise StateError(
            f"{path} cannot be locked ({os.strerror(error.errno or 0)}); nothing was changed; make room, and make its "
            "folder writable for the account that runs rostersync"
        ) from error
    try:
        _refuse_other_host(state, path)
        _write(path, json.dumps(asdict(_own(doing))))
        try:
            yield
        finally:
            _write(path, "")
    finally:
        lock.release()


def _refuse_other_kind(path: Path) -> None:
    """A pipe in the place of the lock file would be waited for without end."""
    with contextlib.suppress(OSError):  # what cannot be looked at cannot be locked either, and that is said then
        if not stat.S_ISREG(path.stat().st_mode) and not path.is_dir():
            raise StateError(
                f"{path} cannot be locked (it is no file); nothing was changed; remove it, and see who put it there"
            )


def _own(doing: str) -> Holder:
    return Holder(os.getpid(), platform.node(), datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"), doing)


def _refuse_other_host(state: Path, path: Path) -> None:
    left = _read(path)
    if left is not None and left.host != platform.node() and network_kind(state) is not None:
        raise StateBusy(
            f"another host may hold {state} ({left}) and did not let go of it; nothing was changed; see that nothing "
            f"runs there any more, then delete {path} and run again"
        )


def _found(path: Path) -> Holder | None:
    """The holder's name; one that has just begun may not have written it yet."""
    ends = time.monotonic() + _PATIENCE
    holder = _read(path)
    while (holder is None or holder.gone) and time.monotonic() < ends:
        time.sleep(_PATIENCE / 20)
        holder = _read(path)
    return None if holder is None or holder.gone else holder


def _read(path: Path) -> Holder | None:
    try:
        told = json.loads(path.read_bytes()[_BEHIND_THE_LOCK:])
        return Holder(int(told["process"]), str(told["host"]), str(told["since"]), str(told["doing"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _write(path: Path, text: str) -> None:
    """Where it cannot be written nobody is named: a full disk must not keep a run from what needs no room."""
    with contextlib.suppress(OSError), path.open("r+b", buffering=0) as file:
        file.truncate(0)
        if text:
            file.seek(_BEHIND_THE_LOCK)
            file.write(text.encode())
