"""The page that lists the kept reports."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rostersync.model.findings import Severity
from rostersync.model.past_run import TREND, PastRun
from rostersync.reports.html import REPORT_PAGE, assets
from rostersync.reports.html.counting import GROUPS, total
from rostersync.reports.html.trend import moment, trend

if TYPE_CHECKING:
    from rostersync.reports.index import KeptReport


@dataclass(frozen=True)
class Line:
    """A report of the list; `people` who wait until somebody acts, `errors`: rows of the files that were not used."""

    run_id: str
    link: str
    when: str
    status: str
    style: str
    people: str
    counts: tuple[int, ...]
    errors: int


def render(reports: Sequence[KeptReport], district: str) -> str:
    """The list of these reports, latest first, with the trend of the runs among them that are no dry runs."""
    style = assets.inline("page.css")
    ran = [PastRun(each.run_id, each.status, counts=each.counts) for each in reports if not each.dry_run]
    return (
        assets.environment()
        .get_template("index.html.j2")
        .render(
            style=style,
            policy=assets.policy(style),
            district=district,
            groups=GROUPS,
            lines=[_line(each) for each in reports],
            trend=trend(ran[:TREND][::-1]),
            latest=ran[0].run_id if ran else "",
        )
    )


def _line(report: KeptReport) -> Line:
    findings = report.summary.get("findings")
    errors = findings.get(Severity.ERROR.value) if isinstance(findings, dict) else None
    status = f"dry run, {report.status}" if report.dry_run and report.status != "applied" else report.status
    if report.dry_run and report.status == "applied":
        status = "dry run"
    return Line(
        report.run_id,
        f"{report.run_id}/{REPORT_PAGE}" if REPORT_PAGE in report.files else f"{report.run_id}/",
        f"{moment(report.run_id):%a %Y-%m-%d %H:%M} UTC",
        status,
        "dry" if report.dry_run else report.status,
        _people(report),
        tuple(total(report.counts, group) for group in GROUPS),
        sum(errors.values()) if isinstance(errors, dict) else 0,
    )


def _people(report: KeptReport) -> str:
    """How many wait, of how many the report names; a dash where an older version wrote it."""
    found = report.summary.get("people")
    numbers = [found.get(name) for name in ("waiting", "reported")] if isinstance(found, dict) else []
    if len(numbers) != 2 or not all(isinstance(each, int) for each in numbers):
        return "–"
    return f"{numbers[0]:,} of {numbers[1]:,}"
