"""What is wrong with the files: a value per row and column, never an exception (policies.md R-V2 to R-V4)."""

from __future__ import annotations

from enum import StrEnum

FINDING_COLUMNS = ("severity", "file", "line", "id", "column", "code", "value", "message")
"""Columns of a findings frame, as in issues.csv (contract.md, Reports); `line` is an integer or null."""

MORE_ROWS = "The same in {more} more rows of this file."
"""The message of the finding that stands for those of a kind that are not listed one by one."""


class Severity(StrEnum):
    """How much a finding weighs."""

    ERROR = "error"  # the row is rejected
    WARNING = "warning"  # the row is used
