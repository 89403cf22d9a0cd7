"""Known holes of Python's own library in what is used here: `doctor` warns of an interpreter that has them."""

from __future__ import annotations

import platform
import sys
from collections.abc import Mapping
from typing import NamedTuple

Release = tuple[int, int, int]


class Hole(NamedTuple):
    """An advisory, the module that has it, what that does here, and the release of each line in which it is mended.

    Lines that are older than all named have it, newer ones do not.
    """

    advisory: str
    module: str
    used_for: str
    mended: Mapping[tuple[int, int], int]


HOLES = (
    # CVEProject/cvelistV5. Those of zipfile.Path, tarfile and email are left out: none of them is imported.
    Hole("CVE-2024-0450", "zipfile", "reads archives", {(3, 11): 8, (3, 12): 2}),
    Hole("CVE-2025-8291", "zipfile", "reads archives", {(3, 11): 14, (3, 12): 12, (3, 13): 10, (3, 14): 1}),
)


def running() -> Release:
    """The release of this interpreter."""
    return sys.version_info[:3]


def holes_of(release: Release) -> list[Hole]:
    """Those that this release has."""
    return [hole for hole in HOLES if _has(hole, release)]


def _has(hole: Hole, release: Release) -> bool:
    line, patch = release[:2], release[2]
    if line in hole.mended:
        return patch < hole.mended[line]
    return line < min(hole.mended)


def said(release: Release, found: list[Hole]) -> str:
    """What doctor says of an interpreter, in one line."""
    name = f"{platform.python_implementation()} {'.'.join(map(str, release))}"
    if not found:
        return f"{name}: no known hole in what is used"
    fixes = ", ".join(f"{hole.advisory}{_fix(hole, release)}" for hole in found)
    modules = " and ".join(sorted({f"{hole.module}, which {hole.used_for}" for hole in found}))
    return (
        f"{name} has known holes in {modules}: {fixes}; archives are also checked before they are opened; update Python"
    )


def _fix(hole: Hole, release: Release) -> str:
    mended = hole.mended.get(release[:2])
    return "" if mended is None else f" (mended in {release[0]}.{release[1]}.{mended})"
