"""An empty state as an older schema had it."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine

from rostersync.state import schema


def make_first_schema(path: Path) -> None:
    """The tables of the first migration, without a row."""
    make_schema(path, "0001")


def make_schema(path: Path, revision: str) -> None:
    """The tables up to this migration, without a row."""
    engine = create_engine(f"sqlite:///{path}")
    with engine.begin() as connection:
        config = Config()
        config.set_main_option("script_location", str(Path(schema.__file__).parent / "migrations"))
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
    engine.dispose()
