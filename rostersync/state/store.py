"""The state as the commands open it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from rostersync.errors import StateError
from rostersync.state.connection import reading
from rostersync.state.directory import Directory
from rostersync.state.schema import create_state

__all__ = ["Directory", "create_state", "open_reader"]


@contextlib.contextmanager
def open_reader(path: Path) -> Iterator[Directory]:
    """The directory, on one consistent snapshot of the state.

    Raises:
        StateError: the state is missing, empty, foreign or damaged.
    """
    with reading(path) as connection:
        connection.create_function("fold", 1, _fold, deterministic=True)
        yield Directory(connection)


def check_pages(path: Path) -> None:
    """Reads every page of the state: damage may lie where no single query would meet it.

    Raises:
        StateError: the state is missing, empty, foreign or damaged.
    """
    with reading(path) as connection:
        (found,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    if found != "ok":
        raise StateError(
            f"{path} is damaged ({' '.join(found.split())}); nothing was changed; restore a backup: "
            "rostersync state restore FILE"
        )


def _fold(text: object) -> str | None:
    """Without case in every script, which SQLite's own LIKE is only for ASCII."""
    return None if text is None else str(text).casefold()
