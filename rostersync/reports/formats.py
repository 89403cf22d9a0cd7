"""What a report may be written as (`reports.formats`): a further format is a line in WRITERS."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from rostersync.model.past_run import PastRun

if TYPE_CHECKING:
    from rostersync.model.report import ReportTables, RunSummary


@dataclass(frozen=True)
class About:
    """What a report says or needs beside tables and summary.

    `before`: the runs before this one, oldest first. `formats`: all that this report is written as. `sort`: a column
    by which every table that has it is sorted first. `listed`: the report lies beside the list of all reports.
    """

    district: str
    timezone: str
    formats: tuple[str, ...]
    before: tuple[PastRun, ...] = ()
    sort: str | None = None
    listed: bool = True


Finish = Callable[["RunSummary"], object]
"""Writes what is left once the run has ended and its summary is known."""

Writer = Callable[[Path, "ReportTables", About], Finish]
"""Writes into a folder what the tables alone allow, while the run is still carried out."""


def _csv(folder: Path, tables: ReportTables, about: About) -> Finish:
    from rostersync.reports.csv import write_tables

    write_tables(folder, tables, sort=about.sort)
    return lambda _summary: None


def _html(folder: Path, tables: ReportTables, about: About) -> Finish:
    from rostersync.reports.html import begin

    return begin(folder, tables, about)


def _xlsx(folder: Path, tables: ReportTables, about: About) -> Finish:
    from rostersync.reports.xlsx import begin

    return begin(folder, tables, about)


WRITERS: Mapping[str, Writer] = MappingProxyType({"csv": _csv, "html": _html, "xlsx": _xlsx})
"""Format -> its writer."""
