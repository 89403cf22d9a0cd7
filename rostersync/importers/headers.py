"""The cells of a header as OneRoster column names (policies.md R-V1, R-V4)."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rostersync.errors import ImportRefused
from rostersync.importers.layouts import OLD_NAMES
from rostersync.model.findings import Severity

if TYPE_CHECKING:
    from rostersync.importers.finding_list import FindingList
    from rostersync.importers.layouts import Layout

NEAR = 0.8
"""How alike a name must be to a known one to be taken for a slip of the pen (difflib's ratio, 1 is equal)."""

_PREFIX = re.compile(r"(?:[A-Za-z0-9_]+\.|[A-Za-z]{1,2}_)(.+)")


class RequiredColumnMissing(ImportRefused):
    """A file lacks a column without which nothing can be done with it."""


@dataclass(frozen=True)
class Header:
    """Where the columns of a layout are.

    `positions`: OneRoster name -> positions, several where the header names it twice. `labels`: OneRoster name
    -> what the file calls it.
    """

    positions: Mapping[str, tuple[int, ...]]
    labels: Mapping[str, str]


def match(name: str, cells: tuple[str, ...], layout: Layout, findings: FindingList) -> Header:
    """Find the columns of `layout` in the header `cells` of file `name`; oddities go to `findings`.

    Raises:
        RequiredColumnMissing: a required column is missing.
    """
    known = (*(column.name for column in layout.columns), *layout.unused)
    by_case = {column.lower(): column for column in known}
    exact = {by_case[cell.lower()] for cell in cells if cell.lower() in by_case}
    positions: dict[str, list[int]] = {}
    labels: dict[str, str] = {}
    unknown = []
    for position, cell in enumerate(cells):
        column = by_case.get(cell.lower())
        if column is None:
            column = OLD_NAMES.get(cell.lower())
            if column not in known or column in exact:
                unknown.append(cell)
                continue
            message = f"Old or misspelt column name, read as {column}. Rename it in the export."
            findings.note(Severity.WARNING, name, "OLD_HEADER", message, line=1, column=column, value=cell)
        elif cell != column:
            message = f"Column name in other letter case, read as {column}. Rename it in the export."
            findings.note(Severity.WARNING, name, "HEADER_CASE", message, line=1, column=column, value=cell)
        positions.setdefault(column, []).append(position)
        labels.setdefault(column, cell)
    required = [column.name for column in layout.columns if column.required]
    missing = [column for column in required if column not in positions]
    if missing:
        raise _missing(name, missing, cells)
    _report_unknown(name, unknown, [column for column in known if column not in positions], findings)
    return Header({column: tuple(found) for column, found in positions.items()}, labels)


def _report_unknown(name: str, unknown: list[str], absent: list[str], findings: FindingList) -> None:
    """Extra columns are ignored; one that looks like a misspelt known one is named."""
    lowered = {column.lower(): column for column in absent}
    for cell in unknown:
        if not cell or cell.lower().startswith(("metadata.", "ext_")):
            continue
        plain = re.sub(r"[\s_.-]+", "", _PREFIX.sub(r"\1", cell)).lower()
        near = difflib.get_close_matches(plain, lowered, n=1, cutoff=NEAR)
        if near:
            message = f"Unknown column, ignored; did the export mean {lowered[near[0]]}?"
            findings.note(Severity.WARNING, name, "UNKNOWN_COLUMN", message, line=1, column=cell, value=cell)


def _missing(name: str, missing: list[str], cells: tuple[str, ...]) -> RequiredColumnMissing:
    start = f"{name} line 1: required column {', '.join(missing)} is missing"
    prefixed = [cell for cell in cells if (found := _PREFIX.fullmatch(cell)) and found.group(1) in missing]
    separators = [mark for mark in (";", "\t", "|") if any(mark in cell for cell in cells)]
    if prefixed and prefixed[0].isprintable():
        advice = f"{prefixed[0]} carries a prefix of the SIS: rename the columns in the export template."
    elif separators and len(cells) == 1:
        shown = "tabs" if separators[0] == "\t" else f"'{separators[0]}'"
        advice = f"The cells are separated by {shown}; OneRoster needs commas: change that in the export."
    else:
        lowered = {cell.lower(): cell for cell in cells if cell}
        near = difflib.get_close_matches(missing[0].lower(), lowered, n=1, cutoff=NEAR)
        like = lowered[near[0]] if near else ""
        advice = f"Is it {like}? " if like.isprintable() and like else ""
        advice += "Add it to the export."
    return RequiredColumnMissing(f"{start}. Nothing was changed. {advice}")
