"""The process: runs the command line, turns every ending into a line and an exit code; the only exiter."""

from __future__ import annotations

import contextlib
import io
import itertools
import logging
import os
import signal
import sys
import traceback
from pathlib import Path
from types import FrameType
from typing import NoReturn

import typer

from rostersync.cli import OutputClosed, app
from rostersync.commands.logs import error_lines
from rostersync.errors import RosterSyncError

INTERRUPTED = 128 + signal.SIGINT
TERMINATED = 128 + signal.SIGTERM
_PRINTERS = ("output.py", "terminal.py")
"""Modules that do nothing else than print."""
OUTPUT_CLOSED = 141  # what a shell reports of a program that SIGPIPE ended
_WHOLE = "a run that was under way is applied whole or not at all"


class Terminated(BaseException):
    """The process was asked to end."""


def main() -> None:
    """Runs the command of this process and exits with its code (contract.md, Exit codes)."""
    # Nothing that happens to be installed beside us takes part; to look for it would take a part of a quiet night.
    os.environ["PYDANTIC_DISABLE_PLUGINS"] = "__all__"
    # numpy's linear algebra, which nothing here asks for, would start threads that keep a core busy for a while.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    signal.signal(signal.SIGTERM, _terminate)
    _fill_in_streams()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A name that a terminal's encoding lacks must not end a run; programs that read us expect UTF-8.
            stream.reconfigure(errors="backslashreplace", encoding=stream.encoding if stream.isatty() else "utf-8")
    code = run(sys.argv[1:])
    for asked in (signal.SIGTERM, signal.SIGINT):
        signal.signal(asked, signal.SIG_IGN)  # what was asked for is done or refused, and was said
    if sys.getprofile() or sys.gettrace():
        sys.exit(code)
    if not _flushed():
        code = code or OUTPUT_CLOSED
    logging.shutdown()
    os._exit(code)  # to take a large night's objects apart one by one would take longer than some of its work


def _fill_in_streams() -> None:
    """A standard stream that was closed becomes the null device: no file of ours may get its number."""
    while (descriptor := os.open(os.devnull, os.O_RDWR)) <= 2:
        pass
    os.close(descriptor)
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115 - until the process ends


def _flushed() -> bool:
    """Whether what was written out has left the process."""
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except (OSError, ValueError):
        return False
    return True


def run(arguments: list[str]) -> int:
    """Runs one command; the exit code, after a line on stderr where something went wrong."""
    for number, argument in enumerate(arguments, 1):
        if "\0" in argument or "".join(argument.splitlines()) != argument:
            return _refuse(arguments, f"argument {number} has a line break; nothing was done; write it without", 2)
    try:
        code = app(arguments, prog_name="rostersync", standalone_mode=False)
        sys.stdout.flush()
    except typer.TyperException as error:
        return _refuse(arguments, _usage(error), error.exit_code)
    except RosterSyncError as error:
        return _refuse(arguments, str(error), error.exit_code, error)
    except (KeyboardInterrupt, typer.Abort):
        return _refuse(arguments, f"interrupted; {_WHOLE}", INTERRUPTED)
    except Terminated:
        return _refuse(arguments, f"terminated; {_WHOLE}", TERMINATED)
    except (OutputClosed, BrokenPipeError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # Python flushes it once more at its end
        return OUTPUT_CLOSED
    except Exception as error:  # noqa: BLE001 - the last resort: anything else is a defect of ours
        if isinstance(error, OSError) and _of_output(error):
            lost = f"the output cannot be written ({error.strerror}); {_WHOLE}: see `rostersync runs list`"
            return _refuse(arguments, lost, 1, error)
        if isinstance(error, FileNotFoundError) and _is_nowhere():
            gone = f"the current folder was removed; {_WHOLE}; change to another folder, then run again"
            return _refuse(arguments, gone, 2, error)
        return _refuse(arguments, _unexpected(error), 1, error)
    if code == INTERRUPTED:  # how typer passes on a KeyboardInterrupt
        return _refuse(arguments, f"interrupted; {_WHOLE}", INTERRUPTED)
    return code if isinstance(code, int) else 0


def _terminate(_signal: int, _frame: FrameType | None) -> NoReturn:
    raise Terminated


def _refuse(arguments: list[str], message: str, code: int, error: Exception | None = None) -> int:
    """Says on stderr why the command ends; the traceback of the error only with --verbose."""
    trace = None
    if error is not None and "--verbose" in arguments:
        trace = "".join(traceback.format_exception(error))
    with contextlib.suppress(OSError, ValueError):  # nobody can be told, but for the exit code
        sys.stderr.write(error_lines(message, code, trace, as_json=_wants_json(arguments)))
    return code


def _wants_json(arguments: list[str]) -> bool:
    # Read by hand: the arguments may be what is wrong.
    return "--log-format=json" in arguments or ("--log-format", "json") in itertools.pairwise(arguments)


def _usage(error: typer.TyperException) -> str:
    context = getattr(error, "ctx", None)
    command = context.command_path if context is not None else "rostersync"
    return f"{' '.join(error.format_message().split()).rstrip('.')}; see `{command} --help`"


def _of_output(error: OSError) -> bool:
    """Whether stdout is what could not be written, as where a log lies on a full disk."""
    place = _place(error)
    return not _flushed() or (place is not None and Path(place.filename).name in _PRINTERS)


def _place(error: Exception) -> traceback.FrameSummary | None:
    """The innermost frame of ours."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if f"{os.sep}rostersync{os.sep}" in frame.filename] or list(frames)
    return own[-1] if own else None


def _is_nowhere() -> bool:
    """Whether the current folder is gone, so that no relative path means anything."""
    try:
        Path.cwd()
    except OSError:
        return True
    return False


def _unexpected(error: Exception) -> str:
    """What an unexpected exception is called: its text may hold personal data, its type and place do not."""
    found = _place(error)
    place = f" in {Path(found.filename).name}, line {found.lineno}" if found else ""
    reason = f" ({error.strerror})" if isinstance(error, OSError) and error.strerror else ""
    return (
        f"unexpected {type(error).__name__}{reason}{place}; {_WHOLE}; run it again with --verbose for details; "
        "`rostersync state check` tells whether the state is damaged"
    )


if __name__ == "__main__":
    main()
