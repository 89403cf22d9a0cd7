"""What files hold, told by their contents alone: many times faster than copying and reading them."""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

_CHUNK = 1 << 20
_HEAD = 1 << 16


def digests(paths: Sequence[Path]) -> list[str]:
    """XXH3 (128 bits, hex) of each file.

    It tells what changed by itself. It is not cryptographic: who writes whole files could make two of one digest, and
    would hide from the next night what they need not have written.

    Raises:
        OSError: a file cannot be read.
    """
    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(_digest, paths))


def _digest(path: Path) -> str:
    import xxhash

    found = xxhash.xxh3_128()
    buffer = memoryview(bytearray(_CHUNK))
    # never waits for whoever writes into a pipe
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    with os.fdopen(descriptor, "rb", buffering=0) as file:
        while size := file.readinto(buffer):
            found.update(buffer[:size])
    return found.hexdigest()


def ends_with_break(path: Path) -> bool:
    """Whether the last line of a file is a whole one: LF ends it, or CR where no line of its start has LF.

    Raises:
        OSError: the file cannot be read.
    """
    with path.open("rb") as file:
        start = file.read(_HEAD)
        if not start:
            return False
        file.seek(-1, os.SEEK_END)
        last = file.read(1)
    return last == b"\n" or (last == b"\r" and b"\n" not in start)
