"""A file for whoever helps with a problem: settings without secrets, versions, runs, an extract without a person."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import os
import platform
import secrets
import sqlite3
import zipfile
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

from rostersync import __version__
from rostersync.errors import ConfigurationError
from rostersync.model.pseudonyms import Pseudonyms
from rostersync.settings import Settings

_LIBRARIES = ("pandas", "polars", "pyarrow", "numpy", "paramiko", "pydantic", "sqlmodel", "alembic")
_RUNS = 30
_OF_SUMMARY = ("counts", "codes", "findings", "ledger", "seconds", "settings_digest")
_SET = "(set)"
README = """\
What is in this file: settings without names, paths and secrets; versions; how the latest runs went; an extract of the
state. In the extract every id, name, address and number is a word such as user-000017: the same value is the same word
in every table of this file. A column ..._shape holds a value's form: ^ capital, ~ other letter, * letter beyond ASCII,
# digit. Nobody's name, address or number is in it. How many people there are, who shares a value with whom and which
families there are can be seen: give it only to whoever helps you.
"""


def write(settings: Settings, target: Path) -> Path:
    """Write the bundle to a new file, for its owner alone; gives that file.

    Raises:
        ConfigurationError: something stands at `target`, or it cannot be written.
        StateError: the state is missing, empty, foreign or damaged.
    """
    from rostersync.state.connection import reading

    words = Pseudonyms(secrets.SystemRandom().shuffle)
    with reading(settings.state.path) as connection:
        parts = dict(_parts(settings, connection, words))
    if os.path.lexists(target):
        raise ConfigurationError(f"{target} exists already; it was left as it is; name another file")
    try:
        descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600)
        try:
            with os.fdopen(descriptor, "wb") as file, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as bundle:
                for name, text in parts.items():
                    bundle.writestr(name, text)
        except BaseException:
            with contextlib.suppress(OSError):
                target.unlink()
            raise
    except OSError as error:
        raise ConfigurationError(
            f"{target} cannot be written ({error.strerror}); nothing was left there; name a file in another folder"
        ) from error
    return target


def _parts(settings: Settings, connection: sqlite3.Connection, words: Pseudonyms) -> Iterator[tuple[str, str]]:
    from rostersync.state.extract import TABLES, choose, extracted, header

    chosen = choose(connection)
    yield "README.txt", README
    tables = {table: _csv(header(table), list(extracted(connection, table, words))) for table in TABLES}
    yield "about.json", _json(_about(connection, chosen))
    yield "settings.json", _json(_settings(settings, words))
    yield "runs.json", _json(_runs(connection, words))
    for table, text in tables.items():
        yield f"extract/{table}.csv", text


def _about(connection: sqlite3.Connection, chosen: int) -> dict[str, Any]:
    counted = ("users", "accounts", "classes", "enrollments", "guardianships", "runs", "waiting", "outbox", "edits")
    return {
        "made_at": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "rostersync": __version__,
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
        "system": f"{platform.system()} {platform.machine()}",
        "libraries": {name: metadata.version(name) for name in _LIBRARIES},
        "schema": connection.execute("PRAGMA user_version").fetchone()[0],
        "pages": [connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "freelist_count")],
        "rows": {table: connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in counted},  # noqa: S608 - constants
        "users_in_extract": chosen,
    }


def _settings(settings: Settings, words: Pseudonyms) -> dict[str, Any]:
    """What decides, and of everything else only whether it is set: names and paths may tell of people."""
    told = settings.model_dump(mode="json", include={"policy", "guards", "pause"})
    for section in ("policy", "guards"):
        told[section]["schools"] = {words.word("org", key): own for key, own in told[section]["schools"].items()}
    source = settings.source
    plain = {"kind", "encoding", "port", "timeout", "retries"}
    return {
        "district": {"region": settings.district.region, "timezone": settings.district.timezone},
        "source": {
            name: getattr(source, name) if name in plain else _SET if getattr(source, name) else None
            for name in type(source).model_fields
        },
        "schools": {"include": [words.word("org", each) for each in settings.schools.include]},
        **told,
        "reports": {"formats": settings.reports.formats, "keep": settings.reports.keep},
        "digest": settings.digest(),
    }


def _runs(connection: sqlite3.Connection, words: Pseudonyms) -> list[dict[str, Any]]:
    """The latest runs; of their summaries what holds neither names nor texts."""
    rows = connection.execute(
        "SELECT number, run_id, started_at, finished_at, status, applied, generation, undoes, summary FROM runs "
        "ORDER BY number DESC LIMIT ?",
        (_RUNS,),
    )
    names = [column[0] for column in rows.description]
    found = [dict(zip(names, row, strict=True)) for row in rows]
    return [{**run, "summary": _summary(json.loads(run["summary"] or "{}"), words)} for run in found]


def _summary(summary: Mapping[str, Any], words: Pseudonyms) -> dict[str, Any]:
    told = {name: summary[name] for name in _OF_SUMMARY if name in summary}
    if "run" in summary:
        told["run"] = {name: summary["run"][name] for name in ("status", "dry_run", "exit_code")}
    told["files"] = [
        {name: file.get(name) for name in ("size", "rows", "mode")}
        for file in summary.get("source", {}).get("files", ())
    ]
    told["schools"] = {
        kind: {
            words.word("org", school): {name: own[name] for name in ("tried_to_remove", "allowed")}
            for school, own in schools.items()
        }
        for kind, schools in summary.get("schools", {}).items()
    }
    told["guards_tripped"] = [
        {
            **{name: guard[name] for name in ("what", "kind", "count", "total", "limit")},
            "school_id": words.word("org", guard["school_id"]),
        }
        for guard in summary.get("guards_tripped", ())
    ]
    return told


def _csv(columns: list[str], rows: list[list[object]]) -> str:
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(columns)
    writer.writerows(rows)
    return text.getvalue()


def _json(value: object) -> str:
    return json.dumps(value, indent=2)
