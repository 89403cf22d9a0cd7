"""The process: runs the command line, turns every ending into a line and an exit code; the only exiter."""

from __future__ import annotations

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
OUTPUT_CLOSED = 141  # what a shell reports of a program that SIGPIPE ended
_WHOLE = "a run that was under way is applied whole or not at all"


class Terminated(BaseException):
    """The process was asked to end."""


def main() -> None:
    """Runs the command of this process and exits with its code (contract.md, Exit codes)."""
    signal.signal(signal.SIGTERM, _terminate)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A name that a terminal's encoding lacks must not end a run; programs that read us expect UTF-8.
            stream.reconfigure(errors="backslashreplace", encoding=stream.encoding if stream.isatty() else "utf-8")
    code = run(sys.argv[1:])
    if sys.getprofile() or sys.gettrace():
        sys.exit(code)
    if not _flushed():
        code = code or OUTPUT_CLOSED
    logging.shutdown()
    os._exit(code)  # to take a large night's objects apart one by one would take longer than some of its work


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
    sys.stderr.write(error_lines(message, code, trace, as_json=_wants_json(arguments)))
    return code


def _wants_json(arguments: list[str]) -> bool:
    # Read by hand: the arguments may be what is wrong.
    return "--log-format=json" in arguments or ("--log-format", "json") in itertools.pairwise(arguments)


def _usage(error: typer.TyperException) -> str:
    context = getattr(error, "ctx", None)
    command = context.command_path if context is not None else "rostersync"
    return f"{' '.join(error.format_message().split()).rstrip('.')}; see `{command} --help`"


def _unexpected(error: Exception) -> str:
    """What an unexpected exception is called: its text may hold personal data, its type and place do not."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if f"{os.sep}rostersync{os.sep}" in frame.filename] or frames
    place = f" in {Path(own[-1].filename).name}, line {own[-1].lineno}" if own else ""
    reason = f" ({error.strerror})" if isinstance(error, OSError) and error.strerror else ""
    return (
        f"unexpected {type(error).__name__}{reason}{place}; {_WHOLE}; run it again with --verbose for details; "
        "`rostersync state check` tells whether the state is damaged"
    )


if __name__ == "__main__":
    main()
