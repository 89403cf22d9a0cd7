"""The districts that are measured: made by the project's generator, kept in bench-data/."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
from pathlib import Path

import rostersync.generate

DATA = Path(__file__).resolve().parent.parent / "bench-data"
SIZES = {"S": 20_000, "M": 200_000, "L": 1_000_000}
LARGEST = "L"
SEED = 7


def district(size: str, night: int) -> tuple[Path, dict[str, int]]:
    """Give the folder of a night and its rows per file; made where it is missing or of an older generator."""
    folder = DATA / size / f"night-{night}"
    stamp = folder.with_suffix(".json")
    made_by = _generator()
    if stamp.exists():
        known = json.loads(stamp.read_text())
        if known["generator"] == made_by:
            rows: dict[str, int] = known["rows"]
            return folder, rows
    print(f"making {SIZES[size]:,} students, night {night}", file=sys.stderr)
    stamp.unlink(missing_ok=True)
    shutil.rmtree(folder, ignore_errors=True)
    made = _made(folder, SIZES[size], night)
    stamp.write_text(json.dumps({"generator": made_by, "rows": made}))
    return folder, made


def _made(folder: Path, students: int, night: int) -> dict[str, int]:
    """Rows per file. A process of its own: what it needs would count as memory of those started later."""
    command = [sys.executable, "-m", "rostersync", "generate", str(folder), "--format", "json"]
    arguments = ["--students", str(students), "--seed", str(SEED), "--night", str(night)]
    said = subprocess.run([*command, *arguments], check=True, stdout=subprocess.PIPE).stdout
    return {row["file"]: int(row["rows"]) for row in json.loads(said)}


def _generator() -> str:
    """A digest of the generator's source: what another one made is not measured."""
    sources = sorted(Path(rostersync.generate.__file__).parent.glob("*.py"))
    return hashlib.sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()
