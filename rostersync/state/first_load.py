"""Builds the state of a first load as a new file and puts it in the place of the empty one.

Millions of rows go in several times faster than through the stdlib's SQLite (`state.bulk_loader`). The new file takes
the old one's name in one rename, which is the commit: until then the state is empty, afterwards it is whole.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from rostersync.errors import StateError
from rostersync.model.night import ENROLLMENT_KEY
from rostersync.model.plan import Plan
from rostersync.state.connection import writing
from rostersync.state.draft import Draft, next_number, remove
from rostersync.state.durability import flush

if TYPE_CHECKING:
    from rostersync.model.decisions import Decisions
    from rostersync.model.roster import Roster

WORTH_IT = 50_000
"""New accounts and enrollments from which on another process pays for its start."""


class Ahead:
    """What is done of a first load while the night is still being decided; the lock is held."""

    def __init__(self, path: Path) -> None:
        self.draft: Draft | None = None
        self._path = path

    def read(self, roster: Roster) -> Roster:
        """Once the import is read: begins the new file where the state is empty and the import large.

        Gives the roster, its enrollments in order of their key where a file was begun: in a large district everybody
        who wants them so, the file first, sorts for long.
        """
        tables = [frame for frame in (roster.users, roster.enrollments) if frame is not None]
        if sum(frame.height for frame in tables) < max(WORTH_IT, 1):
            return roster
        uri = f"{self._path.absolute().as_uri()}?mode=ro"
        # What cannot be written now is tried, and said, by the run's transaction.
        with contextlib.suppress(OSError, sqlite3.Error), contextlib.closing(sqlite3.connect(uri, uri=True)) as old:
            if _is_empty(old):
                self.draft = _begin(old, self._path)
                if roster.enrollments is not None:
                    enrollments = roster.enrollments.sort(ENROLLMENT_KEY)
                    self.draft.expect(enrollments)
                    roster = replace(roster, enrollments=enrollments)
        return roster

    def decided(self, decisions: Decisions) -> None:
        """Once the night is decided: hands over what it adds."""
        if self.draft is not None:
            self.draft.add(decisions)


@contextlib.contextmanager
def ahead(path: Path) -> Iterator[Ahead]:
    """What may be begun of a first load; at the end of the block nothing is left of it but what `transaction` used."""
    begun = Ahead(path)
    try:
        yield begun
    finally:
        if begun.draft is not None:
            begun.draft.close()


def suits(plan: Plan) -> bool:
    """Whether so much is added that another process pays for its start; whether the state is empty is asked of it."""
    decisions = plan.decisions
    added = int(decisions.accounts["new"].sum()) + int((decisions.enrollments["stored"] == "").sum())
    return added >= max(WORTH_IT, 1) and not bool(decisions.users["known"].any())


@contextlib.contextmanager
def transaction(path: Path, plan: Plan, draft: Draft | None = None) -> Iterator[tuple[sqlite3.Connection, bool]]:
    """One transaction for the plan, and whether the rows it adds are in the tables already; the lock is held.

    `draft`: the new file that these rows are on their way to, if one was begun.

    Raises:
        StateBusy: another program holds a write lock on the file.
        StateError: the state cannot be written.
    """
    if draft is None:
        try:
            remove(_draft(path))  # of a run that was killed
        except OSError as error:
            raise _not_written(path, error) from error
    if draft is not None or suits(plan):
        with _replacing(path, plan, draft) as connection:
            if connection is not None:
                yield connection, True
                return
    with writing(path) as connection:
        yield connection, False


@contextlib.contextmanager
def _replacing(path: Path, plan: Plan, draft: Draft | None) -> Iterator[sqlite3.Connection | None]:
    """A connection to the new file with the plan's new rows in it; at the end of the block it becomes the state.

    None where another program has the state open: its file must not be swapped away then. Whatever goes wrong, the
    state stays as it is and the draft is removed.
    """
    uri = f"{path.absolute().as_uri()}?mode=rw"
    with contextlib.ExitStack() as stack:
        old = stack.enter_context(contextlib.closing(sqlite3.connect(uri, uri=True, timeout=1, isolation_level=None)))
        stack.callback(_log_again, old)
        if not (_is_empty(old) and _alone(old) and _without_log(path)):
            yield None
            return
        try:
            if draft is None:
                draft = _begin(old, path)
                stack.callback(draft.close)
                draft.add(plan.decisions)
            elif next_number(old) != draft.number:
                yield None
                return
            draft.wait()
            connection = stack.enter_context(contextlib.closing(sqlite3.connect(draft.file, isolation_level=None)))
            connection.execute("PRAGMA journal_mode = OFF")  # a draft that fails is thrown away whole
            connection.execute("PRAGMA synchronous = OFF")  # it is synchronised once, before its name counts
            connection.execute("BEGIN")
            draft.settle(connection)
            yield connection
            connection.execute("COMMIT")
            connection.execute("PRAGMA journal_mode = WAL")
            connection.close()
            flush(draft.file)
            old.close()  # Windows replaces no open file; whoever opens the old one now reads an empty state
            draft.file.replace(path)
        except (OSError, sqlite3.OperationalError) as error:
            raise _not_written(path, error) from error
        _flush_folder(path)


def _not_written(path: Path, error: OSError | sqlite3.Error) -> StateError:
    return StateError(
        f"{path} cannot be written ({getattr(error, 'strerror', None) or error}); nothing was changed; "
        "make room, and make its folder writable for the account that runs rostersync"
    )


def _flush_folder(path: Path) -> None:
    """The new file has the state's name; whether it keeps it through a power cut is the disk's."""
    try:
        flush(path.parent)
    except OSError as error:
        raise StateError(
            f"the run itself is applied, but {path.parent} could not be brought to the disk ({error.strerror}): after "
            "a power cut the state may be the empty one; see whether the disk fails; `rostersync report` writes the "
            "report, which is missing"
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


def _begin(old: sqlite3.Connection, path: Path) -> Draft:
    file = _draft(path)
    remove(file)  # of a run that was killed
    return Draft(old, file)


def _draft(path: Path) -> Path:
    return path.with_name(path.name + ".first-load")
