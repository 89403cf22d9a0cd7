"""What SQLite itself finds wrong in a file."""

from __future__ import annotations

import sqlite3


def pages(connection: sqlite3.Connection) -> str:
    """What is damaged in the file, in SQLite's words; blank where all is well."""
    found = [str(row[0]) for row in connection.execute("PRAGMA integrity_check(3)")]
    return "" if found == ["ok"] else "; ".join(" ".join(text.split()) for text in found)


def dangling(connection: sqlite3.Connection) -> list[str]:
    """Rows that refer to a row which is not there, as table and row number where it has one."""
    rows = connection.execute("PRAGMA foreign_key_check").fetchall()
    return [f"{table} {row}" if row is not None else f"{table} to {parent}" for table, row, parent, _ in rows]
