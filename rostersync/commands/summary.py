"""The summary of a run on stdout."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rostersync.model.report import RunSummary


def show(summary: RunSummary) -> None:
    """Prints it for people."""
    from rich.console import Console

    from rostersync.reports.terminal import print_summary

    print_summary(summary, Console(file=sys.stdout, highlight=False))
