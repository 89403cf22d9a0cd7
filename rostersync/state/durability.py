"""Brings files and folders to the disk before something that relies on them is."""

from __future__ import annotations

import os
from pathlib import Path


def flush(path: Path) -> None:
    """Return once the file, or the names in the folder, are on the disk."""
    folder = path.is_dir()
    if folder and os.name == "nt":  # folders cannot be opened there
        return
    descriptor = os.open(path, os.O_RDONLY if folder else os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
