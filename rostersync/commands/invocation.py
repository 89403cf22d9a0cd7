"""The options that stand before every command, and what follows from them."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, cast

import typer

if TYPE_CHECKING:
    from rostersync.settings import Settings


class LogFormat(StrEnum):
    """How log lines are written to stderr."""

    TEXT = "text"
    JSON = "json"


@dataclass(frozen=True)
class Invocation:
    """The global options of one call (contract.md, Commands)."""

    config: Path | None = None
    quiet: bool = False
    verbose: bool = False
    log_format: LogFormat = LogFormat.TEXT

    def settings(self) -> Settings:
        """The settings of this call.

        Raises:
            ConfigurationError: as `rostersync.settings.load`.
        """
        from rostersync.settings import load

        return load(self.config, os.environ)

    @property
    def bars(self) -> bool:
        """Progress bars are wanted: somebody watches stderr, and it is not meant for a program."""
        if self.quiet or self.log_format is LogFormat.JSON or os.environ.get("NO_COLOR"):
            return False
        return sys.stderr.isatty() and os.environ.get("TERM") != "dumb"


def of(context: typer.Context) -> Invocation:
    """The invocation that a command belongs to."""
    return cast("Invocation", context.find_root().obj)
