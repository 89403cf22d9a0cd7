"""One writer per state: a lock that the kernel owns, so that it is free again after a kill."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from rostersync.errors import StateBusy, StateError


@contextlib.contextmanager
def hold(state: Path) -> Iterator[None]:
    """Hold the state for the length of the block.

    Raises:
        StateBusy: another run holds it (exit code 6).
        StateError: the lock file beside the state cannot be made.
    """
    from filelock import FileLock, Timeout

    path = state.with_name(state.name + ".lock")
    lock = FileLock(path, timeout=0, mode=0o600)
    try:
        lock.acquire()
    except Timeout as error:
        raise StateBusy(
            f"another run holds {state}; nothing was changed; wait for it to finish, then run again"
        ) from error
    except OSError as error:
        raise StateError(f"{path} cannot be written ({os.strerror(error.errno or 0)}); nothing was changed") from error
    try:
        yield
    finally:
        lock.release()
