"""A new state file that a process of its own fills while the night is still being decided (`state.bulk_loader`)."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import subprocess
import sys
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import IO, TYPE_CHECKING

from rostersync.model.night import ENROLLMENT_KEY, ENROLLMENT_VALUES
from rostersync.state.new_rows import NewRows, insert, new_rows

if TYPE_CHECKING:
    import polars as pl

    from rostersync.model.decisions import Decisions

_SLICE = 100_000


class Draft:
    """An empty state as a new file, and the process that puts rows into it.

    `number` is the one that the row of this run will have. Nobody else knows the file until it is renamed.
    """

    def __init__(self, old: sqlite3.Connection, file: Path) -> None:
        """Copies the state that `old` reads to `file`, which must not be there, and starts the process.

        Raises:
            OSError: the file cannot be written.
            sqlite3.OperationalError: the same, said by SQLite.
        """
        self.file = file
        self.number = _copy(old, file)
        self._expected: pl.DataFrame | None = None
        self._decided: pl.DataFrame | None = None
        self._feeder = ThreadPoolExecutor(1, thread_name_prefix="first load")
        self._fed: list[Future[None]] = []
        self._cut_short = False
        command = [sys.executable, "-P", "-m", "rostersync.state.bulk_loader", str(file)]
        self._loader = subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE)  # noqa: S603 - our own

    def expect(self, enrollments: pl.DataFrame) -> None:
        """Hands over those of the import before it is decided who is enrolled; `settle` mends what is otherwise."""
        self._fed.append(self._feeder.submit(self._feed_expected, enrollments))

    def add(self, decisions: Decisions) -> None:
        """Hands over what the night adds."""
        self._fed.append(self._feeder.submit(self._feed_decided, decisions))

    def wait(self) -> None:
        """Ends when all that was handed over is in the file.

        Raises:
            OSError: the process failed.
        """
        for fed in self._fed:
            fed.result()
        try:
            self._input.close()
        except OSError:  # what the process says of its end is more to the point
            self._cut_short = True
        assert self._loader.stderr is not None  # noqa: S101 - for the type checker
        said = self._loader.stderr.read().decode(errors="replace").strip()
        if self._loader.wait() != 0:
            ended = f"the process that fills it was ended, status {self._loader.returncode}"
            raise OSError(said.rpartition("\n")[2] or ended)
        if self._cut_short:
            raise OSError("the process that fills it did not get all of it")

    def settle(self, connection: sqlite3.Connection) -> None:
        """Makes the enrollments of the file, which `connection` writes, those that were decided."""
        if self._expected is None:
            return
        expected = self._expected
        decided = expected.clear() if self._decided is None else _as(self._decided, expected)
        if expected.equals(decided):
            return
        columns = expected.columns
        wrong = expected.join(decided, on=columns, how="anti", nulls_equal=True).select(ENROLLMENT_KEY)
        right = decided.join(expected, on=columns, how="anti", nulls_equal=True)
        key = " AND ".join(f"{name} = ?" for name in ENROLLMENT_KEY)
        for part in wrong.iter_slices(_SLICE):
            connection.executemany(f"DELETE FROM enrollments WHERE {key}", part.rows())
        insert(connection, NewRows("enrollments", right))

    def close(self) -> None:
        """Ends the process, if it is still there, and removes the file, if it still has this name."""
        self._loader.kill()
        self._feeder.shutdown(cancel_futures=True)
        with contextlib.suppress(OSError):  # it flushes what is not written yet
            self._input.close()
        self._loader.wait()
        if self._loader.stderr is not None:
            self._loader.stderr.close()
        with contextlib.suppress(OSError):  # what stays is removed by the next run
            remove(self.file)

    @property
    def _input(self) -> IO[bytes]:
        assert self._loader.stdin is not None  # noqa: S101 - for the type checker
        return self._loader.stdin

    def _feed_expected(self, enrollments: pl.DataFrame) -> None:
        self._expected = _enrollment_rows(enrollments, self.number)
        self._feed(NewRows("enrollments", self._expected))

    def _feed_decided(self, decisions: Decisions) -> None:
        for rows in new_rows(decisions, self.number):
            if rows.table == "enrollments" and self._expected is not None:
                self._decided = rows.frame
            else:
                self._feed(rows)

    def _feed(self, rows: NewRows) -> None:
        """Through pyarrow, whose writer takes a tenth of the time of polars' own; in parts, to insert meanwhile."""
        import polars as pl
        import pyarrow as pa

        table = rows.frame.to_arrow(compat_level=pl.CompatLevel.oldest())
        try:
            self._input.write(f"{rows.table}\n".encode())
            with pa.ipc.new_stream(self._input, table.schema) as stream:
                stream.write_table(table, max_chunksize=_SLICE)
            self._input.flush()
        except OSError:  # `wait` says why
            self._cut_short = True


def remove(file: Path) -> None:
    """Removes a draft and what SQLite left beside it."""
    for suffix in ("", "-journal", "-wal", "-shm"):
        file.with_name(file.name + suffix).unlink(missing_ok=True)


def _copy(old: sqlite3.Connection, file: Path) -> int:
    os.close(os.open(file, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    with contextlib.closing(sqlite3.connect(file, isolation_level=None)) as new:
        old.backup(new)
        return next_number(new)


def next_number(connection: sqlite3.Connection) -> int:
    """The number that the row of the next run has."""
    return int(connection.execute("SELECT coalesce(max(number), 0) + 1 FROM runs").fetchone()[0])


def _enrollment_rows(enrollments: pl.DataFrame, number: int) -> pl.DataFrame:
    """ENROLLMENT_COLUMNS of a roster as the rows that they most likely become."""
    import polars as pl

    texts = [name for name in ENROLLMENT_VALUES if name != "is_primary"]
    rows = enrollments.select(
        *ENROLLMENT_KEY,
        *(pl.col(name).cast(pl.String) for name in texts),
        pl.col("is_primary").fill_null(value=False),
        status=pl.lit("current"),
        origin=pl.lit("sis"),
        added_in=pl.lit(number, dtype=pl.Int64),
    ).sort(ENROLLMENT_KEY)
    rows = rows.with_columns(pl.when(pl.col(name) != "").then(pl.col(name)).alias(name) for name in texts)
    empty = [name for name in texts if rows[name].null_count() == rows.height]
    return rows.drop(empty)  # binding blanks costs as much as binding values


def _as(rows: pl.DataFrame, other: pl.DataFrame) -> pl.DataFrame:
    """Rows with the columns and types of another frame, and those that it lacks behind them, in the order of keys."""
    import polars as pl

    lacking = {name: dtype for name, dtype in other.schema.items() if name not in rows.columns}
    rows = rows.with_columns(pl.lit(None, dtype=dtype).alias(name) for name, dtype in lacking.items())
    more = [name for name in rows.columns if name not in other.columns]
    typed = [pl.col(name).cast(dtype) for name, dtype in other.schema.items()]
    return rows.select(*typed, *more).sort(ENROLLMENT_KEY)
