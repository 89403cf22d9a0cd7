"""Figures that tests write down for the documentation, where TESTS_FIGURES names a folder."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

FOLDER = os.environ.get("TESTS_FIGURES")


def write(name: str, figures: dict[str, Any]) -> None:
    """Write one file of figures, `faults-NAME.json`."""
    if FOLDER:
        folder = Path(FOLDER)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"faults-{name}.json").write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
