"""The list of all reports: `index.html` for people, `latest` for programs, beside the folders of the runs."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rostersync.errors import RosterSyncError
from rostersync.reports.folder import put, reason, run_ids
from rostersync.reports.summary import SUMMARY_FILE

INDEX_PAGE, LATEST = "index.html", "latest"

_ATTEMPTS = 5


@dataclass(frozen=True)
class KeptReport:
    """A report that lies in the folder: what its summary says (nothing where that cannot be read), what is in it.

    `undone`: the run was taken back since.
    """

    run_id: str
    summary: Mapping[str, Any] = field(default_factory=dict)
    files: tuple[str, ...] = ()
    undone: bool = False

    @property
    def dry_run(self) -> bool:
        """Whether nothing of it was carried out."""
        return bool(self._run.get("dry_run"))

    @property
    def status(self) -> str:
        """How the run ended."""
        return "undone" if self.undone else str(self._run.get("status") or "unknown")

    @property
    def counts(self) -> Mapping[str, Mapping[str, int]]:
        """Kind -> action -> rows, as far as the summary has them."""
        found = self.summary.get("counts")
        if not isinstance(found, dict):
            return {}
        return {kind: actions for kind, actions in found.items() if isinstance(actions, dict)}

    @property
    def _run(self) -> Mapping[str, Any]:
        found = self.summary.get("run")
        return found if isinstance(found, dict) else {}


def write(path: Path, district: str, undone: Collection[str] = ()) -> None:
    """Lists the reports of this folder in `index.html`, and names the latest one of a run (no dry run) in `latest`.

    `undone` are the runs that were taken back since. Both files are there whole, for their owner alone. A dry run may
    end beside a sync: who writes last looks again.

    Raises:
        RosterSyncError: a file cannot be written; the reports themselves are complete.
    """
    from rostersync.reports.html.index_page import render

    try:
        for _ in range(_ATTEMPTS):
            listed = sorted(run_ids(path), reverse=True)
            reports = [_kept(path, run_id, undone=run_id in undone) for run_id in listed]
            put(path / INDEX_PAGE, render(reports, district).encode())
            latest = next((report.run_id for report in reports if report.summary and not report.dry_run), None)
            if latest is not None:
                put(path / LATEST, f"{latest}\n".encode())
            if sorted(run_ids(path), reverse=True) == listed:
                return
    except OSError as error:
        raise RosterSyncError(
            f"The list of reports in {path} was not written ({reason(error)}); the run and the reports are "
            "complete. Make room or make the folder writable; the next run writes the list."
        ) from error


def _kept(path: Path, run_id: str, *, undone: bool) -> KeptReport:
    folder = path / run_id
    files = tuple(sorted(_names(folder)))
    try:
        summary = json.loads((folder / SUMMARY_FILE).read_bytes())
    except (OSError, ValueError):
        summary = None
    return KeptReport(run_id, summary if isinstance(summary, dict) else {}, files, undone)


def _names(folder: Path) -> Iterator[str]:
    try:
        yield from (entry.name for entry in folder.iterdir())
    except OSError:
        return
