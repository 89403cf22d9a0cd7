"""The program as its users start it, with names that a tracer can know beforehand, and with a mistake put in if asked.

`python -m tests.faults.program ARGUMENTS`. Temporary files have the same names each time; a real one draws them. In the
environment, MISTAKE names a mutant of `tests/laws/broken.py` that is put in first, FIRST_LOAD_FROM the number of rows
from which on a first load is a file of its own.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator

NAME = "fixednam"


class _SameName:
    """In the place of the names that `tempfile` draws."""

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        return NAME


def main() -> None:
    """Run one command, and exit as it does."""
    tempfile._get_candidate_names = _SameName  # type: ignore[attr-defined]
    if "FIRST_LOAD_FROM" in os.environ:
        from rostersync.state import first_load

        first_load.WORTH_IT = int(os.environ["FIRST_LOAD_FROM"])
    if "MISTAKE" in os.environ:
        import pytest

        from tests.laws import broken

        getattr(broken, os.environ["MISTAKE"])(pytest.MonkeyPatch())
    from rostersync.__main__ import main as program

    program()


if __name__ == "__main__":
    main()
