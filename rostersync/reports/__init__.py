"""What a run leaves for people: a folder of its own in the formats asked for, a summary in the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from concurrent.futures import Future
    from pathlib import Path

    from rostersync.model.report import ReportTables, RunSummary
    from rostersync.reports.formats import About


def write(
    path: Path,
    run_id: str,
    tables: ReportTables,
    about: About,
    meanwhile: Callable[[Callable[[RunSummary], None]], None],
) -> Path:
    """Writes a run's report to `path/RUN_ID`, whole or not at all; gives that folder.

    `meanwhile` is called while the tables are written, which is work for another core: it carries the run out, and
    hands over the summary once it is known; the rest is written while the run is brought to the disk. Whatever it
    raises leaves no report.

    Raises:
        RosterSyncError: the folder cannot be written, or that run has a report already.
    """
    from concurrent.futures import ThreadPoolExecutor

    from rostersync.reports.folder import publish
    from rostersync.reports.formats import WRITERS
    from rostersync.reports.summary import write_summary

    def fill(folder: Path) -> None:
        with ThreadPoolExecutor(1) as pool:
            begun = [pool.submit(WRITERS[name], folder, tables, about) for name in about.formats]
            rest: list[Future[None]] = []

            def finish(summary: RunSummary) -> None:
                for each in begun:
                    each.result()(summary)
                write_summary(folder, summary)

            meanwhile(lambda summary: rest.append(pool.submit(finish, summary)))
            for each in rest:
                each.result()

    return publish(path, run_id, fill)


def write_again(target: Path, tables: ReportTables, about: About, kept: Mapping[str, Any]) -> Path:
    """Writes the report of a run that ended to the folder `target`, in place of what stands there; gives that folder.

    `kept` is the run's summary as the state has it.

    Raises:
        ConfigurationError: something else than a report stands there, the folder cannot be written, or another version
            kept a summary that this one cannot read.
    """
    from concurrent.futures import ThreadPoolExecutor

    from rostersync.reports.folder import replace
    from rostersync.reports.formats import WRITERS
    from rostersync.reports.summary import write_kept_summary

    summary = summary_of(kept)

    def fill(folder: Path) -> None:
        with ThreadPoolExecutor(2) as pool:
            for written in [pool.submit(WRITERS[name], folder, tables, about) for name in about.formats]:
                written.result()(summary)
        write_kept_summary(folder, kept)

    return replace(target, fill)


def summary_of(kept: Mapping[str, Any]) -> RunSummary:
    """The summary that the state keeps of a run.

    Raises:
        ConfigurationError: another version kept it, and this one cannot read it.
    """
    from pydantic import ValidationError

    from rostersync.errors import ConfigurationError
    from rostersync.model.report import RunSummary

    try:
        return RunSummary.model_validate(kept)
    except ValidationError as error:
        raise ConfigurationError(
            "the state keeps a summary of this run that another version wrote and this one cannot read "
            f"({error.error_count()} differences); nothing was written; use the newer version of rostersync"
        ) from None
