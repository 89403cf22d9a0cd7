"""Keeps the snapshot beside the state: derived data, written before the commit that names it.

A missing, old or foreign snapshot costs one full comparison, never correctness (design.md). The hashes are polars'
own, which hold within one version of polars: the version and a canary are kept with them. So are the digests of its
files: they are mapped into memory, not read, and a mapped file is not looked at otherwise.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import secrets
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from rostersync.model.snapshot import TABLE_KEYS, Snapshot, snapshot_schema
from rostersync.state.durability import flush

if TYPE_CHECKING:
    import polars as pl

_FORMAT = 3
_TABLES = (*TABLE_KEYS, "agents")


def new_seed() -> int:
    """A seed for a new snapshot, unknown to whoever writes the files."""
    return secrets.randbits(48)


def folder_of(state: Path) -> Path:
    """Where the snapshots of a state lie."""
    return state.with_name(state.name + ".snapshots")


def write(state: Path, name: str, snapshot: Snapshot) -> None:
    """Write and sync a snapshot under `name`; nothing points to it until the state names it."""
    folder = folder_of(state) / name
    shutil.rmtree(folder, ignore_errors=True)
    folder_of(state).mkdir(mode=0o700, exist_ok=True)
    folder.mkdir(mode=0o700)
    digests = {}
    for table in _TABLES:
        path = folder / f"{table}.arrow"
        with os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as file:
            snapshot.table(table).write_ipc(file)
            file.flush()
            os.fsync(file.fileno())
        digests[table] = _digest(path)
    about = {
        "format": _FORMAT,
        "seed": snapshot.seed,
        "canary": _canary(snapshot.seed),
        "polars": _version(),
        "read_as": snapshot.read_as,
        "digests": digests,
    }
    with os.fdopen(os.open(folder / "about.json", os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as file:
        json.dump(about, file)
        file.flush()
        os.fsync(file.fileno())
    flush(folder)
    flush(folder.parent)


def read(state: Path, name: object) -> Snapshot | None:
    """The snapshot that the state names, or None where it cannot be trusted: `name` may be anything."""
    import polars as pl

    if not (isinstance(name, str) and name.isalnum()):  # as run ids are: no other folder is meant
        return None
    folder = folder_of(state) / name
    try:
        about = json.loads((folder / "about.json").read_text())
        seed = int(about["seed"])
        if (about["format"], about["polars"], about["canary"]) != (_FORMAT, _version(), _canary(seed)):
            return None
        read_as = str(about["read_as"])
        tables = {table: _mapped(folder / f"{table}.arrow", about["digests"][table]) for table in _TABLES}
    except (OSError, ValueError, KeyError, TypeError, pl.exceptions.PolarsError):
        return None
    if any(dict(tables[table].schema) != snapshot_schema(table) for table in _TABLES):
        return None
    return Snapshot(**tables, seed=seed, read_as=read_as)


def _mapped(path: Path, digest: str) -> pl.DataFrame:
    """The table of a file: of what nobody asks for no page is read again.

    Raises:
        OSError: the file cannot be read.
        ValueError: it is not the one that was written.
    """
    import polars as pl
    import pyarrow as pa

    if _digest(path) != digest:
        raise ValueError(f"{path.name} is another file than was written")
    with pa.memory_map(str(path)) as file:
        table = pa.ipc.open_file(file).read_all()
    return pl.DataFrame(table)


def _digest(path: Path) -> str:
    import xxhash

    with path.open("rb", buffering=0) as file:
        return hashlib.file_digest(file, xxhash.xxh3_128).hexdigest()  # against damage, not against people


def sweep(state: Path, keep: str | None) -> None:
    """Remove the snapshots that no state names any more."""
    with contextlib.suppress(OSError):  # what stays costs room alone, and the next run tries again
        for folder in folder_of(state).glob("*"):
            if folder.name != keep:
                shutil.rmtree(folder, ignore_errors=True)


def _version() -> str:
    import polars as pl

    return pl.__version__


def _canary(seed: int) -> list[int]:
    """Hashes of a fixed frame: they differ where another polars would find other fingerprints."""
    import polars as pl

    frame: pl.DataFrame = pl.DataFrame({"text": ["", "Nguyễn", None, "a,b"], "flag": [True, None, False, True]})
    return [int(value) for value in frame.hash_rows(seed=seed)]
