"""`rostersync init`, `doctor`, `trust-host`: from nothing to a first sync that can be trusted."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from rostersync.commands import interpreter, invocation, logs, output
from rostersync.errors import ConfigurationError, RosterSyncError, SourceError

if TYPE_CHECKING:
    from rostersync.settings import Settings


def init(
    context: typer.Context,
    folder: Annotated[
        Path | None, typer.Argument(metavar="[DIR]", help="Where rostersync.toml goes. [default: here]")
    ] = None,
) -> None:
    """Write settings and an empty state.

    The settings are a commented rostersync.toml. Whatever stands there already is kept.
    """
    from rostersync.settings import DEFAULT_FILE, find_file, interpret, load, template

    call = invocation.of(context)
    if folder is not None and call.config is not None:
        raise ConfigurationError("give either DIR or --config; nothing was changed")
    file = find_file(call.config, os.environ) if folder is None else folder / DEFAULT_FILE
    # What is about to be written is read first: a mistake in the environment must leave nothing half done.
    settings = load(file, os.environ) if file.exists() else interpret(template(), file, os.environ)
    output.line(_write_settings(file))
    output.line(_make_state(settings.state.path))
    output.line(_make_report_folder(settings.reports.path))
    output.line("")
    output.line(f"Next: edit {file}; then, in its folder:")
    output.line("  rostersync doctor          checks settings, source and report folder")
    output.line("  rostersync sync --dry-run  shows what the first sync would do")
    output.line("  rostersync sync            does it")


def _write_settings(file: Path) -> str:
    from rostersync.settings import template

    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with open(file, "x", encoding="utf-8", newline="\n", opener=_private) as settings:
            settings.write(template())
    except OSError as error:
        if file.is_file():
            return f"kept    {file}"
        raise ConfigurationError(f"{file} cannot be written: {error.strerror}; nothing was changed") from None
    return f"wrote   {file}"


def _private(path: str, flags: int) -> int:
    """Opens a new file for its owner alone, whatever the umask."""
    return os.open(path, flags, 0o600)


def _make_state(path: Path) -> str:
    from rostersync.state.store import create_state, open_reader

    if path.exists():
        with open_reader(path):  # an empty or foreign file is refused here, never replaced
            return f"kept    {path}"
    create_state(path)
    return f"wrote   {path} (empty)"


def _make_report_folder(path: Path) -> str:
    from rostersync.reports.folder import latest_run_id, writable

    stood = path.is_dir()
    writable(path)
    latest = latest_run_id(path)
    if latest is not None:
        output.said(
            f"Reports of earlier runs lie in {path} (the latest {latest}). If their state was lost, "
            "restore its backup before the next sync: with an empty one, everybody would be new."
        )
    return f"{'kept ' if stood else 'wrote'}   {path}"


def doctor(context: typer.Context) -> None:
    """Check settings, state, source and reports.

    One line per check; the exit code is that of the first that failed.
    """
    call = invocation.of(context)
    try:
        settings = call.settings()
    except ConfigurationError as error:
        mistakes = len(str(error).splitlines())
        output.line(_line(Answer("configuration", f"{mistakes} mistakes, see stderr", error.exit_code)))
        raise
    logs.configure(call)
    output.line(_line(Answer("configuration", str(settings.file))))
    output.line(_line(_check_interpreter()))
    first_failure = 0
    checks = (
        ("state", _check_state),
        ("source", _check_source),
        ("messages", _check_messages),
        ("reports", _check_reports),
    )
    for name, check in checks:
        try:
            answers = list(check(settings))
        except RosterSyncError as error:
            answers = [Answer(name, str(error), error.exit_code)]
        for answer in answers:
            first_failure = first_failure or answer.exit_code
            output.line(_line(answer))
    raise typer.Exit(first_failure)


class Answer(NamedTuple):
    """What one check found; exit code 0 where all is well, or where there is only something to think of (`warn`)."""

    name: str
    text: str
    exit_code: int = 0
    warn: bool = False


def _line(answer: Answer) -> str:
    mark = "failed" if answer.exit_code else "warn" if answer.warn else "ok"
    return f"{mark:<6}  {answer.name:<13}  {output.printable(answer.text)}"


def _check_interpreter() -> Answer:
    release = interpreter.running()
    found = interpreter.holes_of(release)
    return Answer("python", interpreter.said(release, found), warn=bool(found))


def _check_state(settings: Settings) -> Iterator[Answer]:
    from rostersync.state.store import check_pages, open_reader

    path = settings.state.path
    check_pages(path)
    with open_reader(path) as reader:
        runs = reader.runs(1)
    last = f"{runs[0]['run_id']} {runs[0]['status']}" if runs else "none"
    yield Answer("state", f"{path}; last run: {last}")
    mode = stat.S_IMODE(path.stat().st_mode)
    if os.name == "posix" and mode & (stat.S_IRWXG | stat.S_IRWXO):
        advice = f'{path} may be opened by others (mode {mode:04o}); run: chmod 600 "{path}"'
        yield Answer("permissions", advice, ConfigurationError.exit_code)
    else:
        yield Answer("permissions", "the state may be opened by its owner alone")


def _check_source(settings: Settings) -> Iterator[Answer]:
    from rostersync.sources.check import check

    for asked in check(settings.source.require_usable()):
        yield Answer(asked.name, asked.message, 0 if asked.ok else SourceError.exit_code)


def _check_messages(settings: Settings) -> Iterator[Answer]:
    from rostersync import messages

    folder = settings.messages.templates
    own = messages.load(folder).own
    said = f"{folder}: {', '.join(own)}; others" if own else "wording"
    yield Answer("messages", f"{said} as it comes along ({messages.DEFAULTS})")


def _check_reports(settings: Settings) -> Iterator[Answer]:
    from rostersync.reports.folder import writable

    writable(settings.reports.path)
    yield Answer("reports", str(settings.reports.path))


def trust_host(
    context: typer.Context,
    yes: Annotated[bool, typer.Option("--yes", help="Pin it without asking, after you compared it elsewhere.")] = False,
) -> None:
    """Show the SFTP server's key and pin it.

    Nothing is pinned before a yes. Compare the fingerprint with what the server's operator says.
    """
    call = invocation.of(context)
    settings = call.settings()
    logs.configure(call)
    source = settings.source
    if source.kind != "sftp":
        raise ConfigurationError(
            f'source.kind is "{source.kind}": only sftp has a host key to pin; nothing was changed'
        )
    from rostersync.sources import host_keys

    host, port = source.host or "", source.port
    where = host_keys.known_name(host, port)
    offered = host_keys.offered_key(host, port, source.timeout)
    pinned = host_keys.pinned(source.known_hosts, host, port)
    output.line(f"{output.printable(where)} shows {offered.type} {offered.fingerprint_sha256}")
    if offered in pinned:
        output.line(f"It is pinned already in {source.known_hosts}.")
        return
    for earlier in pinned:
        output.line(f"Pinned until now: {earlier.type} {earlier.fingerprint_sha256}. The key has CHANGED.")
    output.said("Compare it with what the operator of the server says, over the telephone or in their own pages.")
    if not (yes or _confirmed("Pin this key?")):
        raise SourceError(f"the key of {where} was not pinned; nothing was changed")
    host_keys.pin(source.known_hosts, host, port, offered)
    output.line(f"Pinned in {source.known_hosts}.")


def _confirmed(question: str) -> bool:
    try:
        return typer.confirm(question, default=False, err=True)
    except typer.Abort:
        return False  # nobody there to answer
