"""What needs a person, line by line, for the formats that say what to do about it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rostersync.model.advice import ADVICE, ERRORS_ADVICE
from rostersync.model.findings import Severity
from rostersync.reports.terminal import ATTENTION, TABLES

if TYPE_CHECKING:
    from rostersync.model.report import RunSummary


@dataclass(frozen=True)
class Attention:
    """So many rows of a table, what they are and what to do; `code` is blank for errors in the files."""

    count: int
    text: str
    table: str
    code: str
    advice: str


def attention(summary: RunSummary) -> Iterator[Attention]:
    """The lines of a run, most urgent first; guards that tripped are told apart."""
    errors = sum(summary.findings.get(Severity.ERROR, {}).values())
    if errors:
        yield Attention(errors, "errors in the files: these rows were not used", "issues", "", ERRORS_ADVICE)
    for code, text in ATTENTION.items():
        for table in TABLES:
            count = summary.codes.get(table, {}).get(code, 0)
            if count:
                yield Attention(count, text, table, code.value, ADVICE[code].text)
