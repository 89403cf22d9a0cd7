"""Forgets a person who left: state, kept reports and the reports on the disk, then the file's old pages."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

from rostersync.errors import RosterSyncError
from rostersync.model.forgotten import Forgotten, FormerPerson, TheirsAlone
from rostersync.settings import Settings

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence
    from pathlib import Path

    from rostersync.model.report import ReportTables


def look_up(settings: Settings, user_id: str) -> FormerPerson | None:
    """Who would be forgotten, None where that was done already; changes nothing.

    Raises:
        ConfigurationError: the state does not have the id.
        RefusedByPolicy: a record of theirs is current, or in the last import.
    """
    from rostersync.state.connection import reading
    from rostersync.state.forgetting import find, forgotten_at

    with reading(settings.state.path) as connection:
        return None if forgotten_at(connection, user_id) else find(connection, user_id)


def forget(settings: Settings, user_id: str) -> Forgotten:
    """Erase the person with this id, and all records on their account, but for the fact that it was done.

    Reports come first and the state last: whatever stops it, the same call again finishes it.

    Raises:
        ConfigurationError: the state does not have the id, or the reports cannot be written.
        RefusedByPolicy: a record of theirs is current, or in the last import.
        StateBusy: a run holds the state, or a reader keeps old pages.
    """
    from rostersync.plans.file import kept_in
    from rostersync.reports import folder
    from rostersync.sources import staging
    from rostersync.state.connection import reading, writing
    from rostersync.state.copies import copies_beside
    from rostersync.state.forgetting import clear_free_pages, erase, find, forgotten_at, theirs_alone
    from rostersync.state.lock import hold

    path = settings.state.path
    with reading(path) as connection:  # a lost state is said before a lock is laid beside it
        before = forgotten_at(connection, user_id)
    folder.writable(settings.reports.path)
    with hold(path, "forget"):
        done = Forgotten((user_id,), before=before)
        if before is None:
            with writing(path) as connection:
                person = find(connection, user_id)
                done.ids, done.rows = person.ids, erase(connection, person)
                _clean_reports(settings, connection, person.ids, theirs_alone(connection, person), done)
        clear_free_pages(path)
    done.copies = [
        *copies_beside(path),
        *staging.leftovers(path.with_name(path.name + ".staging")),
        *folder.leftovers(settings.reports.path),
        *(plan for place in sorted({path.parent.resolve(), settings.file.parent.resolve()}) for plan in kept_in(place)),
    ]
    return done


def _clean_reports(
    settings: Settings, connection: sqlite3.Connection, ids: Sequence[str], theirs: TheirsAlone, done: Forgotten
) -> None:
    """The tables that the state keeps, and every report on the disk that names them."""
    from rostersync.reports import index
    from rostersync.reports.folder import run_ids
    from rostersync.reports.forgetting import names, without
    from rostersync.reports.packing import pack, unpack
    from rostersync.state import report_tables
    from rostersync.state.run_history import taken_back

    kept = report_tables.runs_kept(connection)
    for run_id in kept:
        tables = unpack(report_tables.kept(connection, run_id))
        cleaned = without(tables, ids, theirs)
        # All are packed anew: those of earlier versions hold texts of rows that are not in them.
        report_tables.replace(connection, run_id, pack(cleaned or tables))
        if cleaned is not None:
            done.rows["report_tables"] = done.rows.get("report_tables", 0) + 1
    for run_id in sorted(run_ids(settings.reports.path)):
        folder = settings.reports.path / run_id
        if not names(folder, ids, theirs):
            continue
        if run_id in kept:
            _write_again(settings, connection, folder, unpack(report_tables.kept(connection, run_id)))
            done.rewritten.append(run_id)
        else:
            _remove(folder)
            done.removed.append(run_id)
    if done.removed:
        index.write(settings.reports.path, settings.district.name, taken_back(connection))


def _write_again(settings: Settings, connection: sqlite3.Connection, folder: Path, tables: ReportTables) -> None:
    from rostersync.reports import write_again
    from rostersync.reports.forgetting import formats_of
    from rostersync.reports.formats import About
    from rostersync.state.report_tables import run_summary
    from rostersync.state.run_history import runs_before

    before = runs_before(connection, folder.name)
    about = About(settings.district.name, settings.district.timezone, formats_of(folder), before)
    write_again(folder, tables, about, json.loads(run_summary(connection, folder.name) or "{}"))


def _remove(folder: Path) -> None:
    try:
        shutil.rmtree(folder)
    except OSError as error:
        raise RosterSyncError(
            f"the report {folder} cannot be removed ({error.strerror}); the state was left as it is; make it writable, "
            "then run the same command again"
        ) from error
