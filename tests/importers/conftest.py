from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from rostersync.model.delivery import DeliveredFile, Delivery
from tests.importers import district


@pytest.fixture
def deliver(tmp_path: Path) -> Callable[..., Delivery]:
    """A delivery of the given files (name without .csv or with it -> text or bytes)."""

    def made(files: dict[str, str | bytes]) -> Delivery:
        return district.delivered(tmp_path, files)

    return made


@pytest.fixture
def staged(tmp_path: Path) -> Callable[[bytes], DeliveredFile]:
    """One file of a delivery with these bytes."""

    def made(content: bytes) -> DeliveredFile:
        path = tmp_path / "users.csv"
        path.write_bytes(content)
        return DeliveredFile("users.csv", path, len(content), "", None)

    return made


@pytest.fixture
def today() -> date:
    return district.TODAY
