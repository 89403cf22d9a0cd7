"""Builds the state of a first load as a new file and puts it in the place of the empty one.

Millions of rows go in several times faster than through the stdlib's SQLite (`state.bulk_loader`). The new file takes
the old one's name in one rename, which is the commit: until then the state is empty, afterwards it is whole.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from rostersync.errors import StateError
from rostersync.model.plan import Plan
from rostersync.state.connection import writing
from rostersync.state.durability import flush
from rostersync.state.writer import NewRows, new_rows

WORTH_IT = 50_000
"""New accounts and enrollments from which on another process pays for its start."""


def suits(plan: Plan) -> bool:
    """Whether so much is added that another process pays for its start; whether the state is empty is asked of it."""
    decisions = plan.decisions
    added = int(decisions.accounts["new"].sum()) + int((decisions.enrollments["stored"] == "").sum())
    return added >= max(WORTH_IT, 1) and not bool(decisions.users["known"].any())


@contextlib.contextmanager
def transaction(path: Path, plan: Plan) -> Iterator[tuple[sqlite3.Connection, bool]]:
    """One transaction for the plan, and whether the rows it adds are in the tables already; the lock is held.

    Raises:
        StateBusy: another program holds a write lock on the file.
        StateError: the state cannot be written.
    """
    _remove(_draft(path))  # of a run that was killed
    if suits(plan):
        with _replacing(path, plan) as connection:
            if connection is not None:
                yield connection, True
                return
    with writing(path) as connection:
        yield connection, False


@contextlib.contextmanager
def _replacing(path: Path, plan: Plan) -> Iterator[sqlite3.Connection | None]:
    """A connection to the new file with the plan's new rows in it; at the end of the block it becomes the state.

    None where another program has the state open: its file must not be swapped away then. Whatever goes wrong, the
    state stays as it is and the draft is removed.
    """
    draft = _draft(path)
    uri = f"{path.absolute().as_uri()}?mode=rw"
    with contextlib.ExitStack() as stack:
        old = stack.enter_context(contextlib.closing(sqlite3.connect(uri, uri=True, timeout=1, isolation_level=None)))
        stack.callback(_log_again, old)
        if not (_is_empty(old) and _alone(old) and _without_log(path)):
            yield None
            return
        stack.callback(_remove, draft)
        try:
            number = _copy(old, draft)
            _load(draft, new_rows(plan, number))
            connection = stack.enter_context(contextlib.closing(sqlite3.connect(draft, isolation_level=None)))
            connection.execute("PRAGMA journal_mode = OFF")  # a draft that fails is thrown away whole
            connection.execute("PRAGMA synchronous = OFF")  # it is synchronised once, before its name counts
            connection.execute("BEGIN")
            yield connection
            connection.execute("COMMIT")
            connection.execute("PRAGMA journal_mode = WAL")
            connection.close()
            flush(draft)
            old.close()  # Windows replaces no open file; whoever opens the old one now reads an empty state
            draft.replace(path)
            flush(path.parent)
        except (OSError, sqlite3.OperationalError) as error:
            raise StateError(
                f"{path} cannot be written ({getattr(error, 'strerror', None) or error}); nothing was changed; "
                "make room, and make its folder writable for the account that runs rostersync"
            ) from error


def _is_empty(old: sqlite3.Connection) -> bool:
    query = "SELECT EXISTS (SELECT 1 FROM users) OR EXISTS (SELECT 1 FROM accounts) OR EXISTS (SELECT 1 FROM classes)"
    try:
        return not old.execute(query).fetchone()[0]
    except sqlite3.OperationalError:  # locked by another program: the ordinary way says so
        return False


def _alone(old: sqlite3.Connection) -> bool:
    """Whether nobody else has the file open; from then on nobody can read or write it."""
    try:
        old.execute("PRAGMA locking_mode = EXCLUSIVE")
        # Only a file that one connection has open can leave the write-ahead log, which must not outlive it.
        if old.execute("PRAGMA journal_mode = DELETE").fetchone() != ("delete",):
            return False
        old.execute("BEGIN EXCLUSIVE")
        old.execute("COMMIT")  # the lock stays until the connection closes; the copy wants no transaction open
    except sqlite3.OperationalError:
        return False
    return True


def _log_again(old: sqlite3.Connection) -> None:
    """The old file as it was, where it stays: readers may open it while a run writes."""
    with contextlib.suppress(sqlite3.Error):  # closed: the new file has its place
        old.execute("PRAGMA locking_mode = NORMAL")
        old.execute("PRAGMA journal_mode = WAL")


def _without_log(path: Path) -> bool:
    """Remove what readers left of the old file's write-ahead log: empty, it must not be taken for the new file's."""
    log = path.with_name(path.name + "-wal")
    if log.exists() and log.stat().st_size:
        return False
    log.unlink(missing_ok=True)
    path.with_name(path.name + "-shm").unlink(missing_ok=True)
    return True


def _copy(old: sqlite3.Connection, draft: Path) -> int:
    """The empty state as a new file; gives the number that the run's row will have."""
    os.close(os.open(draft, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    with contextlib.closing(sqlite3.connect(draft, isolation_level=None)) as new:
        old.backup(new)
        return int(new.execute("SELECT coalesce(max(number), 0) + 1 FROM runs").fetchone()[0])


def _load(draft: Path, tables: Iterator[NewRows]) -> None:
    """Hand the rows to the process that writes them."""
    import polars as pl

    command = [sys.executable, "-P", "-m", "rostersync.state.bulk_loader", str(draft)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE) as loader:  # noqa: S603 - our own
        assert loader.stdin is not None  # noqa: S101 - for the type checker
        assert loader.stderr is not None  # noqa: S101 - the same
        with contextlib.suppress(BrokenPipeError):  # what the loader says of its end is more to the point
            for rows in tables:
                loader.stdin.write(f"{rows.table}\n".encode())
                rows.frame.write_ipc_stream(loader.stdin, compat_level=pl.CompatLevel.oldest())
            loader.stdin.close()
        said = loader.stderr.read()
    if loader.returncode != 0:
        reason = said.decode(errors="replace").strip().rpartition("\n")[2] or f"status {loader.returncode}"
        raise OSError(reason)


def _draft(path: Path) -> Path:
    return path.with_name(path.name + ".first-load")


def _remove(draft: Path) -> None:
    for suffix in ("", "-journal", "-wal", "-shm"):
        draft.with_name(draft.name + suffix).unlink(missing_ok=True)
