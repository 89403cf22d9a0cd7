"""docs/messages.md names every template and every variable, and no other."""

import re
from pathlib import Path

from rostersync.messages.loading import DEFAULTS, NAMES
from rostersync.messages.variables import MEANINGS

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "messages.md").read_text(encoding="utf-8")
FIRST_CELLS = [line.split("|")[1] for line in PAGE.splitlines() if line.startswith("| `")]
TOLD = {name for cell in FIRST_CELLS for name in re.findall(r"`([^`]+)`", cell)}


def test_every_template_and_every_variable_is_told():
    assert set(NAMES) | set(MEANINGS) == TOLD


def test_every_template_comes_along():
    assert sorted(path.name for path in DEFAULTS.iterdir()) == sorted(NAMES)
