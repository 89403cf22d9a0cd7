"""The state as the commands open it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

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


def _fold(text: object) -> str | None:
    """Without case in every script, which SQLite's own LIKE is only for ASCII."""
    return None if text is None else str(text).casefold()
