"""The districts that are measured: made by the project's generator, kept in bench-data/."""

from __future__ import annotations

import hashlib
import json
import shutil
import sys
from pathlib import Path

import rostersync.generate
from rostersync.generate import write_district

DATA = Path(__file__).resolve().parent.parent / "bench-data"
SIZES = {"S": 20_000, "M": 200_000, "L": 1_000_000}
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
    rows = write_district(folder, students=SIZES[size], seed=SEED, night=night)
    stamp.write_text(json.dumps({"generator": made_by, "rows": rows}))
    return folder, rows


def _generator() -> str:
    """A digest of the generator's source: what another one made is not measured."""
    sources = sorted(Path(rostersync.generate.__file__).parent.glob("*.py"))
    return hashlib.sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()
