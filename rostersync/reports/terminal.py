"""The end of a run in a terminal or a cron mail: what needs a person, then what was done; never a name."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from rostersync.model.findings import Severity
from rostersync.model.notes import Action, Code
from rostersync.model.report import UNCHANGED_DELIVERY, TrippedGuard

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from rostersync.model.report import RunSummary

ATTENTION = {
    Code.GUARD_HELD: "held by a guard",
    Code.UNREADABLE_ROWS: "removals held: rows whose sourcedId cannot be read",
    Code.INCOMPLETE_DELIVERY: "removals held: the delivery is not complete",
    Code.REJECTED_ROW: "records whose row was rejected; known ones keep their values",
    Code.NO_UNIQUE_CREDENTIAL: "guardians not added: no e-mail or mobile of their own",
    Code.NO_STUDENT: "guardians not added: no student of theirs in the import",
    Code.CREDENTIAL_TAKEN: "e-mails or mobiles not stored: somebody else has them",
    Code.LINKED_RECORD_DIFFERS: "differences between two records of one person",
    Code.ACTIVE_EMAIL_KEPT: "active users whose e-mail differs from the SIS; kept",
    Code.ACTIVE_PHONE_KEPT: "active users whose phone differs from the SIS; kept",
    Code.ACTIVE_NAME_KEPT: "active users whose name differs from the SIS; kept",
    Code.BLANK_KEPT: "e-mails or mobiles kept that are blank in the SIS",
    Code.CLASS_STAYS_ARCHIVED: "classes back in the SIS that stay archived",
    Code.TITLE_KEPT: "class titles edited here; kept",
    Code.NOT_RESTORED: "e-mails or mobiles not given back: somebody else has them by now",
    Code.ADDED_STANDS: "added by the run that was taken back and used since; they stay",
    Code.EDIT_STANDS: "values changed here since the run that was taken back; they stay",
    Code.MESSAGE_SENT: "messages of the run that was taken back are sent already",
}
"""Codes that somebody may want to look at, most urgent first, and what their number counts."""

TABLES = ("users", "classes", "enrollments", "guardianships")
KINDS = ("students", "guardians", "staff", "classes", "enrollments", "guardianships")
_WIDTH = 80  # columns
_NAMED = 3  # so many guards are named in the command that lets a run through


def print_summary(summary: RunSummary, console: Console) -> None:
    """Prints a run's summary within 80 columns; plain text where the console is no terminal."""
    console.print(printable(_headline(summary)), style="bold", markup=False, highlight=False)
    console.print(printable(f"Source: {summary.source.name}"), markup=False, highlight=False, soft_wrap=True)
    if text := delivery_text(summary):
        console.print(printable(text), style="bold", markup=False, highlight=False, soft_wrap=True)
    _print_attention(summary, console)
    _print_counts(summary, console)
    _print_findings(summary, console)
    console.print()
    console.print(
        printable(f"Report (student data, keep it private): {summary.report}"),
        markup=False,
        highlight=False,
        soft_wrap=True,
    )


def printable(text: str) -> str:
    """The text without what could steer a terminal: line breaks, control and direction characters."""
    return "".join(letter if letter.isprintable() else "\ufffd" for letter in text)


def _headline(summary: RunSummary) -> str:
    run = summary.run
    seconds = (run.finished_at - run.started_at).total_seconds()
    dry = "dry run, nothing was changed" if run.dry_run else run.status
    if run.status == "stopped" and not run.dry_run:
        dry = "stopped by a guard, nothing was changed"
    return f"Run {run.run_id}: {dry} ({seconds:.1f} s, exit code {run.exit_code})"


def _print_attention(summary: RunSummary, console: Console) -> None:
    _print_diagnosis(summary, console)
    lines = [*_guard_lines(summary), *_error_lines(summary), *_code_lines(summary)]
    if not lines:
        if not delivery_text(summary):
            console.print("\nNothing needs a person.")
        return
    console.print("\nNeeds a person", style="bold")
    rows = _grid()
    rows.add_column(justify="right", no_wrap=True)
    rows.add_column(overflow="fold")
    rows.add_column(no_wrap=True)
    for count, text, file in lines:
        rows.add_row(f"{count:,}", _text(text), file)
    console.print(rows)


def _print_diagnosis(summary: RunSummary, console: Console) -> None:
    """What probably happened where guards tripped, and how to let a run through that is right."""
    guards = of_records(summary)
    if not guards:
        return
    stopped = summary.run.status == "stopped"
    done = "nothing is applied" if stopped else "what tripped and what hangs together with it is held"
    console.print(f"\nA guard tripped: {done}", style="bold")
    for line in summary.diagnosis:
        console.print(_text(f"Probably: {line}"))
    console.print("Correct the export in the SIS. If the files are right, let this through once:")
    for line in _override_lines(summary):
        console.print(_text(line), soft_wrap=True)


def override_command(summary: RunSummary) -> str:
    """The command that lets a run through which guards over records stop or hold; blank where none tripped."""
    options, more = _overrides(summary)
    return f"rostersync sync {' '.join(options)}{f' {more}' if more else ''}" if options else ""


def _override_lines(summary: RunSummary) -> list[str]:
    """The command within 80 columns, over several lines as a shell reads it where it is longer."""
    options, more = _overrides(summary)
    command = " ".join(["rostersync sync", *options])
    lines = [command] if len(command) <= _WIDTH else " \\\n  ".join(["rostersync sync", *options]).split("\n")
    return [*lines, f"({more})"] if more else lines


def _overrides(summary: RunSummary) -> tuple[list[str], str]:
    """The options of that command, three at most, and a word about the rest."""
    guards = of_records(summary)
    words = sorted({f"{guard.kind}@{guard.school_id}" if guard.school_id else guard.kind for guard in guards})
    options = [f"--override-guards {shlex.quote(word)}" for word in words[:_NAMED]]
    return options, "" if len(words) <= _NAMED else f"and {len(words) - _NAMED} more, or --override-guards all"


def of_records(summary: RunSummary) -> list[TrippedGuard]:
    """The guards that tripped over records (R-D1, R-D5), not over the age of the files (R-D6)."""
    return [guard for guard in summary.guards_tripped if guard.what != UNCHANGED_DELIVERY]


def guard_line(summary: RunSummary) -> str:
    """One line for whoever watches exit codes: the first guard that tripped, what was done, what to do."""
    first, *others = of_records(summary)
    more = f" and {len(others)} more" if others else ""
    done = "nothing was applied" if summary.run.status == "stopped" else "held, the rest was applied"
    if summary.run.dry_run:
        done = "a dry run, nothing was changed"
    return printable(
        f"a guard tripped: {first.what.lower()} of {first.count:,} of {first.total:,} {first.kind} at {first.school} "
        f"(limit {first.limit}){more}; {done}; see {summary.report}; correct the export, or let it through with "
        "--override-guards"
    )


def _guard_lines(summary: RunSummary) -> Iterator[tuple[int, str, str]]:
    for guard in summary.guards_tripped:
        if guard.what == UNCHANGED_DELIVERY:
            yield guard.count, f"days: {unchanged_text(summary)}", "summary.json"
            continue
        done = "stopped" if summary.run.status == "stopped" else "held"
        text = (
            f"{guard.what} of {guard.kind} at {guard.school} {done}: {guard.count:,} of {guard.total:,} "
            f"(limit {guard.limit})"
        )
        yield guard.count, text, "summary.json"


def unchanged_text(summary: RunSummary) -> str:
    """Since when the same files have come, where that is longer than `guards.max_age` allows; else blank (R-D6)."""
    since = summary.source.unchanged_since
    limits = [guard.limit for guard in summary.guards_tripped if guard.what == UNCHANGED_DELIVERY]
    if since is None or not limits:
        return ""
    return f"the files have not changed since {since:%Y-%m-%d %H:%M} UTC (limit {limits[0]})"


def delivery_text(summary: RunSummary) -> str:
    """Why the files are not taken for all of the district, in one line; blank where they are."""
    delivery = summary.delivery
    if delivery is None or not delivery.reasons:
        return ""
    return f"Delivery {delivery.verdict}, nobody is removed: {'; '.join(delivery.reasons)}."


def _error_lines(summary: RunSummary) -> Iterator[tuple[int, str, str]]:
    errors = sum(summary.findings.get(Severity.ERROR, {}).values())
    if errors:
        yield errors, "errors in the files: these rows were not used", "issues.csv"


def _code_lines(summary: RunSummary) -> Iterator[tuple[int, str, str]]:
    for code, text in ATTENTION.items():
        for table in TABLES:
            count = summary.codes.get(table, {}).get(code, 0)
            if count:
                yield count, text, f"{table}.csv"


def _print_counts(summary: RunSummary, console: Console) -> None:
    actions = [each for each in Action if any(summary.counts.get(kind, {}).get(each) for kind in KINDS)]
    if not actions:
        console.print("\nNo change to report.")
        return
    undone = summary.run.dry_run or summary.run.status == "stopped"
    console.print("\nWould be done" if undone else "\nDone", style="bold")
    table = _grid()
    table.add_column(no_wrap=True)
    for _ in KINDS:
        table.add_column(justify="right", no_wrap=True)
    table.add_row("", *KINDS, style="dim")
    for action in actions:
        counts = (summary.counts.get(kind, {}).get(action, 0) for kind in KINDS)
        table.add_row(action.value, *(f"{count:,}" if count else "-" for count in counts))
    console.print(table)


def _print_findings(summary: RunSummary, console: Console) -> None:
    if not any(summary.findings.values()):
        return
    console.print("\nFindings in the files (issues.csv)", style="bold")
    table = _grid()
    table.add_column(justify="right", no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for severity in (Severity.ERROR, Severity.WARNING):
        for code, count in sorted(summary.findings.get(severity, {}).items(), key=lambda item: (-item[1], item[0])):
            table.add_row(f"{count:,}", severity.value, _text(code))
    console.print(table)


def _grid() -> Table:
    from rich.table import Table

    return Table.grid(padding=(0, 2, 0, 0))


def _text(value: str) -> Text:
    from rich.text import Text

    return Text(printable(value))
