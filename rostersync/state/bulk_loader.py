"""A process of its own that fills the tables of a new state file: `python -m rostersync.state.bulk_loader FILE`.

It reads from standard input, for every table, a line with its name and an Arrow stream of its rows. It brings its own
copy of SQLite (ADBC's), several times faster than one call per row; two copies must never have one file open within
one process, which is why this is another process. The file is a draft that nobody else knows: nothing is journalled.
"""

from __future__ import annotations

import sys
from typing import Any


def fill(path: str) -> None:
    """Append every table of standard input, and build the indexes that the file had: each table comes once."""
    import adbc_driver_manager
    import adbc_driver_sqlite

    driver = adbc_driver_sqlite._driver_path()  # noqa: SLF001 - the package offers no other way to it
    with (
        adbc_driver_manager.AdbcDatabase(driver=driver, uri=path) as database,
        adbc_driver_manager.AdbcConnection(database) as connection,
    ):
        for pragma in ("journal_mode = OFF", "synchronous = OFF", "cache_size = -262144"):
            _rows(connection, f"PRAGMA {pragma}")
        query = "SELECT name, tbl_name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL"
        indexes = _rows(connection, query)
        for name, _, _ in indexes:
            _rows(connection, f"DROP INDEX {name}")
        while table := sys.stdin.buffer.readline().decode().strip():
            _append(connection, table)
            _build(connection, [each for each in indexes if each[1] == table])
            indexes = [each for each in indexes if each[1] != table]
        _build(connection, indexes)


def _build(connection: Any, indexes: list[tuple[str, ...]]) -> None:
    for _, _, definition in indexes:
        _rows(connection, definition)


def _append(connection: Any, table: str) -> None:
    import adbc_driver_manager
    import pyarrow as pa

    with adbc_driver_manager.AdbcStatement(connection) as statement:
        statement.set_options(**{"adbc.ingest.target_table": table, "adbc.ingest.mode": "adbc.ingest.mode.append"})
        with pa.ipc.open_stream(sys.stdin.buffer) as rows:
            statement.bind_stream(rows)
            statement.execute_update()


def _rows(connection: Any, query: str) -> list[tuple[str, ...]]:
    import adbc_driver_manager
    import pyarrow as pa

    with adbc_driver_manager.AdbcStatement(connection) as statement:
        statement.set_sql_query(query)
        stream, _ = statement.execute_query()
        table = pa.RecordBatchReader._import_from_c(stream.address).read_all()  # noqa: SLF001 - Arrow's C interface
    return [tuple(row.values()) for row in table.to_pylist()]


if __name__ == "__main__":
    try:
        fill(sys.argv[1])
    except Exception as error:  # noqa: BLE001 - whoever waits for this process says it in one line
        sys.exit(" ".join(str(error).split()) or type(error).__name__)
