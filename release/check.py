"""`make release-check`: floors, known vulnerabilities of everything locked, and a bill of materials that is the lock.

It passes only where everything was looked at. A service that cannot be reached, or that does not know a package, is a
failure in plain words: pip-audit by itself says "No known vulnerabilities found" of packages that it skipped.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from packaging.utils import canonicalize_name

from release.pins import DEVELOPMENT, PROJECT, RUNTIME, demanded, pinned, too_low

BILL = PROJECT / "dist" / "rostersync.cdx.json"
_SHOWN = 5
_TIMEOUT = 900  # seconds


def main() -> int:
    """Runs every check and says each in a line; 0 where all passed, else 1."""
    checks = (
        ("floors", floors()),
        *((f"vulnerabilities in {lock.name}", audit(lock)) for lock in (RUNTIME, DEVELOPMENT)),
        (f"bill of materials {BILL.relative_to(PROJECT)}", bill_of_materials(RUNTIME, BILL)),
    )
    failed = 0
    for name, faults in checks:
        found = list(faults)
        failed += bool(found)
        sys.stdout.write(f"{'failed' if found else 'ok':<6}  {name}\n")
        for fault in found:
            sys.stdout.write(f"        {fault}\n")
    return int(failed > 0)


def floors() -> Iterator[str]:
    """What the locks pin, or pyproject.toml lets through, below its floor."""
    for lock in (RUNTIME, DEVELOPMENT):
        yield from (f"{lock.name}: {line}" for line in too_low(pinned(lock)))
    yield from (f"pyproject.toml: {line}" for line in too_low(demanded()))


def audit(lock: Path) -> list[str]:
    """What pip-audit finds, and what it could not look at."""
    command = [sys.executable, "-m", "pip_audit", "--disable-pip", "--require-hashes", "--format", "json"]
    try:
        done = subprocess.run(
            [*command, "--requirement", str(lock)], capture_output=True, text=True, timeout=_TIMEOUT, check=False
        )
    except subprocess.TimeoutExpired:
        return [f"not audited: pip-audit gave no answer in {_TIMEOUT} s"]
    return judged(done.stdout, done.stderr, pinned(lock))


def judged(output: str, complaints: str, locked: Iterable[str]) -> list[str]:
    """The faults in pip-audit's JSON: holes, packages that it skipped or never names, no answer at all."""
    try:
        told = json.loads(output)["dependencies"]
    except (ValueError, KeyError, TypeError):
        last = (complaints.strip().splitlines() or ["it said nothing"])[-1]
        return [f"not audited: pip-audit could not ask its service ({last[:200]})"]
    faults = [
        f"{package['name']} {package['version']}: {hole['id']}, mended in {', '.join(hole['fix_versions']) or 'none'}"
        for package in told
        for hole in package.get("vulns", ())
    ]
    answered = {canonicalize_name(package["name"]) for package in told if "skip_reason" not in package}
    missing = sorted(set(locked) - answered)
    if missing:
        shown = ", ".join(missing[:_SHOWN]) + (" …" if len(missing) > _SHOWN else "")
        faults.append(
            f"not audited: of {len(missing)} packages ({shown}) nothing is known here: the service cannot be reached, "
            "or does not know them; run this where it can"
        )
    return faults


def bill_of_materials(lock: Path, target: Path) -> list[str]:
    """Writes a CycloneDX bill of what the lock pins; faults where it is not just that."""
    target.parent.mkdir(exist_ok=True)
    command = [sys.executable, "-m", "cyclonedx_py", "requirements", str(lock), "--pyproject", "pyproject.toml"]
    done = subprocess.run(
        [*command, "--output-reproducible", "--output-file", str(target)],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        timeout=_TIMEOUT,
        check=False,
    )
    if done.returncode:
        return [f"not written: {(done.stderr.strip().splitlines() or [''])[-1][:200]}"]
    bill = json.loads(target.read_text(encoding="utf-8"))
    listed = {(canonicalize_name(part["name"]), part["version"]) for part in bill["components"]}
    locked = {(name, str(version)) for name, versions in pinned(lock).items() for version in versions}
    wrong = sorted(f"{name} {version}" for name, version in listed ^ locked)
    without = sorted(
        part["name"]
        for part in bill["components"]
        if not any(reference.get("hashes") for reference in part.get("externalReferences", ()))
    )
    return [
        *([f"differs from {lock.name} in {', '.join(wrong[:_SHOWN])}"] if wrong else []),
        *([f"no hashes of {', '.join(without[:_SHOWN])}"] if without else []),
    ]


if __name__ == "__main__":
    sys.exit(main())
