"""The lock files, and the floor below which no version may fall: versions in which a known hole was mended."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

PROJECT = Path(__file__).resolve().parents[1]
RUNTIME = PROJECT / "requirements" / "runtime.lock"
DEVELOPMENT = PROJECT / "requirements" / "dev.lock"
_PIN = re.compile(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)", re.MULTILINE)


class Floor(NamedTuple):
    """The first version without the hole, the advisory, and what it let happen."""

    version: str
    advisory: str
    what: str


FLOORS: Mapping[str, Floor] = MappingProxyType(
    {
        "asyncssh": Floor("2.14.1", "CVE-2023-46445", "a client's session could be taken over (tests alone use it)"),
        "certifi": Floor("2024.7.4", "CVE-2024-39689", "a root that is no longer trusted"),
        "cryptography": Floor("44.0.1", "CVE-2024-12797", "OpenSSL did not notice a failed handshake"),
        "filelock": Floor("3.20.3", "CVE-2025-68146", "a planted link truncated another file (and CVE-2026-22701)"),
        "idna": Floor("3.7", "CVE-2024-3651", "one name took for ever"),
        "jaraco-context": Floor("6.1.0", "CVE-2026-23949", "an archive wrote outside its folder"),
        "jinja2": Floor("3.1.6", "CVE-2025-27516", "a template left its sandbox"),
        "lxml": Floor("4.9.1", "CVE-2022-2309", "a document crashed the parser (development alone)"),
        "mako": Floor("1.2.2", "CVE-2022-40023", "a template took for ever"),
        "paramiko": Floor("3.4.0", "CVE-2023-48795", "messages of a handshake could be left out (Terrapin)"),
        "pip": Floor("25.3", "CVE-2025-8869", "an archive wrote outside its folder (development alone)"),
        "pyarrow": Floor("26.0.0", "CVE-2026-92287", "a Parquet file named an address to call; and CVE-2023-47248"),
        "pydantic": Floor("2.4.0", "CVE-2024-3772", "one address took for ever"),
        "pygments": Floor("2.15.1", "CVE-2022-40896", "one text took for ever"),
        "requests": Floor("2.32.4", "CVE-2024-47081", "a netrc password went to another host (development alone)"),
        "urllib3": Floor("2.6.0", "CVE-2025-66418", "an answer unpacked without end (development alone)"),
        "zipp": Floor("3.19.1", "CVE-2024-5569", "an archive took for ever"),
    }
)


def pinned(lock: Path) -> dict[str, list[Version]]:
    """Package -> the versions that a lock pins: several where they differ by platform or Python."""
    found: dict[str, list[Version]] = {}
    for name, version in _PIN.findall(lock.read_text(encoding="utf-8")):
        found.setdefault(canonicalize_name(name), []).append(Version(version))
    return found


def too_low(versions: Mapping[str, list[Version]], floors: Mapping[str, Floor] = FLOORS) -> list[str]:
    """What lies below its floor, a line each."""
    return [
        f"{name} {version} has {floors[name].advisory} ({floors[name].what}): {floors[name].version} or newer is needed"
        for name, known in sorted(versions.items())
        for version in known
        if name in floors and version < Version(floors[name].version)
    ]


def demanded() -> dict[str, list[Version]]:
    """Package -> the lowest version that pyproject.toml lets somebody install who does not use the lock."""
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    lines = [*project["dependencies"], *(line for extra in project["optional-dependencies"].values() for line in extra)]
    found: dict[str, list[Version]] = {}
    for requirement in map(Requirement, lines):
        lowest = [Version(part.version) for part in requirement.specifier if part.operator in {">=", "==", "~="}]
        found[canonicalize_name(requirement.name)] = [max(lowest, default=Version("0"))]
    return found
