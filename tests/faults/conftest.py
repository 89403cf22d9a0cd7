"""What the tests of faults need of the machine."""

import os
import shutil
from collections.abc import Iterator

import pytest

from tests.faults.injecting import Program

MISSING = "strace is not on the path: apt-get install strace"


@pytest.fixture(scope="session")
def strace() -> None:
    """Skips where strace is missing; fails in CI."""
    if shutil.which("strace") is None:
        if "CI" in os.environ:
            pytest.fail(MISSING)
        pytest.skip(MISSING)


@pytest.fixture(scope="module")
def program(strace: None) -> Iterator[Program]:
    """The program, to be disturbed."""
    found = Program()
    yield found
    found.close()
