"""Copy the state of rostersync, also while a run is under way, and keep the newest copies.

python backup.py STATE FOLDER [KEEP]

Writes FOLDER/state-YYYYMMDD.db; a second copy of a day replaces the first. KEEP is 14 unless given.
"""

from __future__ import annotations

import os
import sqlite3
import sys
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path


def backup(state: Path, folder: Path, keep: int) -> Path:
    """Copy the state; gives the copy. It appears under its name once it is whole, for its owner alone."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    target = folder / f"state-{datetime.now(UTC):%Y%m%d}.db"
    draft = target.with_suffix(".part")
    draft.unlink(missing_ok=True)
    with (
        closing(sqlite3.connect(f"{state.resolve().as_uri()}?mode=ro", uri=True)) as source,
        closing(sqlite3.connect(draft)) as copy,
    ):
        source.backup(copy)
    draft.replace(target)
    for old in sorted(folder.glob("state-????????.db"))[:-keep]:
        old.unlink()
    return target


def main(arguments: list[str]) -> None:
    """Run as a script."""
    if len(arguments) not in {2, 3}:
        sys.exit(__doc__)
    keep = int(arguments[2]) if len(arguments) > 2 else 14
    if keep < 1:
        sys.exit("KEEP must be at least 1; nothing was copied")
    os.umask(0o077)
    try:
        print(backup(Path(arguments[0]), Path(arguments[1]), keep))
    except (OSError, sqlite3.Error) as error:
        sys.exit(f"{arguments[0]} was not copied: {error}")


if __name__ == "__main__":
    main(sys.argv[1:])
