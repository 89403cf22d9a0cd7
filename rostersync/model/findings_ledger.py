"""The ledger of findings: which are new, still there or fixed from night to night."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl

CONTENT = ("severity", "file", "code", "column_name", "record_id", "value", "message")
"""A finding as the ledger has it: the columns of issues.csv but for the line, which says nothing about it."""
LEDGER_COLUMNS = ("identity", *CONTENT, "first_run", "last_run", "fixed_run")
"""`identity`: of file, code, column and record, where there is no record of value and message. Runs are numbers."""
UNLISTED_COLUMNS = ("file", "code", "column_name", "count", "last_id")
"""Findings beyond those that a file lists one by one: how many, and the last record id up to which all are listed."""

TOLD = "told:"
"""In front of a file's name in the facts of an import: its run, where the whole file was read. The state keeps none."""
EVERY_OTHER = "*"
"""In the place of a name: the run, where its import was no delta, for whatever else findings name."""


class Mark(StrEnum):
    """What a report says of a finding, beside the earlier nights."""

    NEW = "new"  # not there the night before
    STILL = "still"


MARKED_COLUMNS = ("mark", "first_run")
"""Of a finding of a night: a Mark, null where nobody knows; where it is still there, the run that found it first."""
FIXED_COLUMNS = ("severity", "file", "id", "column", "code", "value", "message", "first_run")
"""A finding that is gone: the columns of issues.csv but for the line, and the run that found it first."""


@dataclass(frozen=True)
class LedgerMoves:
    """What a night moves in the ledger.

    `found`: `identity` and CONTENT of rows to write; `again` of them those that begin tonight (new, or back after they
    were fixed). `fixed`: identities that are gone. `unlisted`: UNLISTED_COLUMNS from now on; those of the files in
    `told` are replaced. `counts`: per code `new`, `still`, `fixed` and `unlisted`.
    `marks`: MARKED_COLUMNS, row by row beside the findings of the night. `gone`: FIXED_COLUMNS of what is fixed.
    """

    found: pl.DataFrame
    again: pl.Series
    fixed: pl.Series
    unlisted: pl.DataFrame
    counts: dict[str, dict[str, int]]
    marks: pl.DataFrame
    gone: pl.DataFrame


def found_by_code(
    findings: Mapping[str, Mapping[str, int]], ledger: Mapping[str, Mapping[str, int]] | None
) -> dict[str, int]:
    """How many findings of each code a night's files had, of the `findings` and `ledger` of its summary.

    Listed one by one or not; of a night before there was a ledger the listed ones.
    """
    if ledger:
        return {code: moved["new"] + moved["still"] + moved["unlisted"] for code, moved in ledger.items()}
    found: dict[str, int] = {}
    for codes in findings.values():
        for code, count in codes.items():
            found[code] = found.get(code, 0) + count
    return found


def ledger_schema() -> dict[str, pl.DataType]:
    """Column types of a frame of the ledger."""
    import polars as pl

    return {name: pl.Int64() if name.endswith("_run") else pl.String() for name in LEDGER_COLUMNS}


def unlisted_schema() -> dict[str, pl.DataType]:
    """Column types of a frame of what is not listed."""
    import polars as pl

    return {name: pl.Int64() if name == "count" else pl.String() for name in UNLISTED_COLUMNS}
