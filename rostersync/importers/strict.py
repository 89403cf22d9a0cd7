"""A delivery held against the whole OneRoster specification, not only what a sync needs (`validate --strict`).

Source of the rules: 1EdTech OneRoster 1.1 and 1.2 CSV bindings. This page looks at files and headers, strict_cells
at what the cells hold.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rostersync.importers.finding_list import LISTED, FindingList
from rostersync.importers.manifest import FILE as MANIFEST
from rostersync.importers.manifest import files_by_name
from rostersync.importers.specification import FileRule, specification
from rostersync.importers.strict_cells import check_cells, check_references
from rostersync.importers.text import DelimitedText
from rostersync.model.findings import Severity

if TYPE_CHECKING:
    import polars as pl

    from rostersync.model.delivery import DeliveredFile, Delivery

_EXTENSION = "metadata."
_OF_1_2_0 = ("resourceSourcedIds",)
"""A column of users.csv that 1.2.0 had and 1.2.1 took away; a set that says 1.2 may be either."""

_MODES = ("bulk", "delta", "absent")


@dataclass(frozen=True)
class _Read:
    """A file read exactly as it is: its rule and its cells (`line`, one text column per column of the rule)."""

    rule: FileRule
    cells: pl.DataFrame


def check(delivery: Delivery, version: str, encoding: str = "auto") -> pl.DataFrame:
    """Every way in which `delivery` is not OneRoster `version` ("1.1", "1.2"), as a findings frame.

    Raises:
        ImportRefused: a file is no readable CSV.
    """
    findings = FindingList()
    files = files_by_name(delivery)
    rules = specification(version)
    modes = _check_manifest(files, rules, version, encoding, findings)
    by_name = {rule.name.lower(): rule for rule in rules.values()}
    read: dict[str, _Read] = {}
    for name, file in files.items():
        rule = by_name.get(name)
        if rule is None:
            if name != MANIFEST:
                message = f"No file of OneRoster {version}. Leave it out of the delivery."
                findings.note(Severity.ERROR, file.name, "UNKNOWN_FILE", message)
            continue
        if file.name != rule.name:
            message = f"File names are case-sensitive. Name it {rule.name}."
            findings.note(Severity.ERROR, rule.name, "FILE_NAME", message, value=file.name)
        read[rule.key] = _Read(rule, _read_cells(file, rule, encoding, findings))
    for key, part in read.items():
        check_cells(part.rule, part.cells, modes.get(key, "bulk"), findings)
    ids = {key: part.cells["sourcedId"] for key, part in read.items() if "sourcedId" in part.cells.columns}
    for key, part in read.items():
        if modes.get(key, "bulk") != "delta":  # a delta refers to what was delivered before, too
            check_references(part.rule, part.cells, ids, findings)
    return findings.frame()


def _read_cells(file: DeliveredFile, rule: FileRule, encoding: str, findings: FindingList) -> pl.DataFrame:
    """The cells as they are, after checks of encoding, header and shape."""
    text = DelimitedText(file, encoding)
    if text.windows_1252:
        message = "The file is not UTF-8. Have the SIS export UTF-8."
        findings.note(Severity.ERROR, rule.name, "ENCODING", message)
    _check_header(text.header, rule, findings)
    known = {column.name for column in rule.columns}
    wanted: dict[int, str] = {}
    for position, cell in enumerate(text.header):
        if cell in known and cell not in wanted.values():
            wanted[position] = cell
    if not wanted:
        import polars as pl

        return pl.DataFrame(schema={"line": pl.UInt32()})
    records = text.records(wanted)
    if records.cells.is_empty():
        message = "A file without rows is not allowed. Leave it out and mark it absent in the manifest."
        findings.note(Severity.ERROR, rule.name, "EMPTY_FILE", message)
    message = "Every row has exactly as many cells as the header. Correct the export."
    findings.rows(
        Severity.ERROR, rule.name, records.faults, code="CELL_COUNT", message=message, value="fault", listed=LISTED
    )
    return records.cells


def _check_header(header: tuple[str, ...], rule: FileRule, findings: FindingList) -> None:
    names = [column.name for column in rule.columns]
    by_case = {name.lower(): name for name in names}
    for cell in dict.fromkeys(header):
        if cell in names or cell.startswith(_EXTENSION) or (cell in _OF_1_2_0 and "pronouns" in names):
            continue
        if cell.lower() in by_case:
            code, message = "HEADER_CASE", f"Column names are case-sensitive. Name it {by_case[cell.lower()]}."
        elif cell:
            code = "UNKNOWN_COLUMN"
            message = f"No column of this file; columns of one's own are named {_EXTENSION}something."
        else:
            code, message = "UNKNOWN_COLUMN", "A column without a name. Remove it from the export."
        findings.note(Severity.ERROR, rule.name, code, message, line=1, column=cell, value=cell)
    for name in (name for name in names if header.count(name) > 1):
        message = "The header names this column more than once. Remove the others."
        findings.note(Severity.ERROR, rule.name, "DUPLICATE_COLUMN", message, line=1, column=name)
    for column in (column for column in rule.columns if column.name not in header):
        severity = Severity.ERROR if column.required else Severity.WARNING
        message = "The header has every column of the specification, optional ones too. Add it to the export."
        findings.note(severity, rule.name, "MISSING_COLUMN", message, line=1, column=column.name)
    present = [cell for cell in dict.fromkeys(header) if cell in names]
    if present != sorted(present, key=names.index):
        message = f"The columns are not in the order of the specification: {', '.join(names)}."
        findings.note(Severity.ERROR, rule.name, "COLUMN_ORDER", message, line=1)
    first = next((place for place, cell in enumerate(header) if cell.startswith(_EXTENSION)), len(header))
    if any(cell in names for cell in header[first:]):
        message = f"Columns of one's own ({_EXTENSION}…) come last. Move them to the end."
        findings.note(Severity.ERROR, rule.name, "COLUMN_ORDER", message, line=1, column=header[first])


def _check_manifest(
    files: Mapping[str, DeliveredFile],
    rules: Mapping[str, FileRule],
    version: str,
    encoding: str,
    findings: FindingList,
) -> dict[str, str]:
    """What the manifest says of each file (by key), after a check that it says everything, and rightly."""
    file = files.get(MANIFEST)
    if file is None:
        message = "A delivery has a manifest.csv. Have the SIS export one."
        findings.note(Severity.ERROR, MANIFEST, "MANIFEST_MISSING", message)
        return {}
    text = DelimitedText(file, encoding)
    if text.header != ("propertyName", "value"):
        message = "The header of the manifest is propertyName,value. Correct it."
        findings.note(Severity.ERROR, MANIFEST, "MANIFEST_ENTRY", message, line=1)
        return {}
    said: dict[str, tuple[int, str]] = {}
    for line, name, value in text.records({0: "name", 1: "value"}).cells.iter_rows():
        said[name or ""] = (line, value or "")
    expected: dict[str, tuple[str, ...]] = {"manifest.version": ("1.0",), "oneroster.version": (version,)}
    expected.update({f"file.{key}": _MODES for key in rules})
    for name, allowed in expected.items():
        line, value = said.get(name, (None, None))
        if value not in allowed:
            message = f"Property {name} has to be {' or '.join(allowed)}. Correct the manifest."
            findings.note(Severity.ERROR, MANIFEST, "MANIFEST_ENTRY", message, line=line, column=name, value=value)
    for name, (line, value) in said.items():
        if name not in expected and not name.startswith("source."):
            message = f"No property of a OneRoster {version} manifest. Remove it."
            findings.note(Severity.ERROR, MANIFEST, "MANIFEST_ENTRY", message, line=line, column=name, value=value)
    modes = {key: said.get(f"file.{key}", (0, ""))[1] for key in rules}
    for key, mode in modes.items():
        there = f"{key.lower()}.csv" in files
        if there == (mode not in {"bulk", "delta"}):
            state = "there" if there else "not there"
            message = (
                f"The manifest says {mode or 'nothing'} of this file, and it is {state}. Correct the one or the other."
            )
            findings.note(Severity.ERROR, f"{key}.csv", "MANIFEST_DISAGREES", message, column=f"file.{key}")
    return modes
