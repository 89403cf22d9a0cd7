"""The findings of a run code by code, for every format that counts them: what is there, new, still there, fixed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rostersync.model.findings import Severity

if TYPE_CHECKING:
    from rostersync.model.report import RunSummary


@dataclass(frozen=True)
class CodeLine:
    """A code, its severities, its rows in issues.csv; no severity and no row where all of it was fixed.

    `moved`: how many are `new`, `still` there, `fixed` and `unlisted`; None of a run before there was a ledger.
    """

    code: str
    severities: tuple[str, ...]
    rows: int
    moved: Mapping[str, int] | None

    def count(self, kind: str) -> str:
        """One of `moved` as it is shown; a dash where nobody knows."""
        return "–" if self.moved is None else f"{self.moved[kind]:,}"


def code_lines(summary: RunSummary) -> tuple[CodeLine, ...]:
    """The codes of a run: errors first, most rows first; last those of which all were fixed."""
    of_code: dict[str, dict[str, int]] = {}
    for severity in (*Severity, *summary.findings):
        for code, rows in summary.findings.get(severity, {}).items():
            of_code.setdefault(code, {})[str(severity)] = rows
    none = dict.fromkeys(("new", "still", "fixed", "unlisted"), 0)
    known = bool(summary.ledger)
    found = [
        CodeLine(code, tuple(rows), sum(rows.values()), summary.ledger.get(code, none) if known else None)
        for code, rows in of_code.items()
    ]
    gone = [CodeLine(code, (), 0, moved) for code, moved in sorted(summary.ledger.items()) if code not in of_code]
    rank = {severity.value: place for place, severity in enumerate(Severity)}
    found.sort(key=lambda line: (rank.get(line.severities[0], len(rank)), -line.rows, line.code))
    return (*found, *gone)
