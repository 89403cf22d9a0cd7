"""Log lines on stderr: text for people, JSON for programs, one line each; ids only, never personal data."""

from __future__ import annotations

import functools
import json
import logging
import sys
from collections.abc import MutableMapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from rostersync.commands.invocation import LogFormat
from rostersync.commands.output import printable

if TYPE_CHECKING:
    from structlog.typing import FilteringBoundLogger

    from rostersync.commands.invocation import Invocation

Event = MutableMapping[str, Any]


@dataclass
class _Wanted:
    level: int = logging.INFO
    as_json: bool = False


_wanted = _Wanted()


def configure(invocation: Invocation) -> None:
    """Sends the program's log lines to stderr.

    `--quiet` leaves warnings and errors, `--verbose` adds details and what the libraries say.
    """
    _wanted.level = logging.WARNING if invocation.quiet else logging.DEBUG if invocation.verbose else logging.INFO
    _wanted.as_json = invocation.log_format is LogFormat.JSON
    logger.cache_clear()
    # Libraries (paramiko above all) log tracebacks of failures that the program itself reports in one line.
    logging.getLogger().handlers[:] = [_ToStructlog()] if invocation.verbose else [logging.NullHandler()]
    logging.getLogger().setLevel(logging.INFO)
    own = logging.getLogger("rostersync")  # what the state says of itself: people see it whatever command asked
    own.handlers[:] = [_Notices()]
    own.propagate = False


@functools.cache
def logger() -> FilteringBoundLogger:
    """Where the program's own log lines go; what makes them is loaded with the first one, for most runs have none."""
    import structlog

    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            _add_time,
            to_json if _wanted.as_json else to_text,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(_wanted.level),
        logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),  # as it is then: bars put theirs there
        cache_logger_on_first_use=False,
    )
    found: FilteringBoundLogger = structlog.get_logger()
    return found


def error_lines(message: str, exit_code: int, trace: str | None, *, as_json: bool) -> str:
    """A refusal or failure as it goes to stderr: a line per line of the message, after any traceback."""
    if as_json:
        event: Event = {"event": message, "level": "error", "exit_code": exit_code}
        if trace is not None:
            event["traceback"] = trace
        return to_json(None, "", _add_time(None, "", event)) + "\n"
    lines = [printable(part) for part in (trace or "").splitlines()]
    lines += [f"rostersync: error: {printable(part)}" for part in message.splitlines() or [""]]
    return "".join(f"{each}\n" for each in lines)


def to_json(_logger: object, _method: str, event: Event) -> str:
    """A log line for programs: ASCII, so that nothing in it can end the line or steer a terminal."""
    return json.dumps(event, default=str, sort_keys=True)


def to_text(_logger: object, _method: str, event: Event) -> str:
    """A log line for people: time, level, what, then key=value."""
    time, level, what = event.pop("timestamp"), event.pop("level"), event.pop("event")
    event.pop("exc_info", None)
    facts = " ".join(f"{key}={value}" for key, value in event.items())
    return printable(f"{time} {level} {what} {facts}".rstrip())


def _add_time(_logger: object, _method: str, event: Event) -> Event:
    event["timestamp"] = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return event


class _ToStructlog(logging.Handler):
    """What libraries log, as our own lines, without their tracebacks."""

    def emit(self, record: logging.LogRecord) -> None:
        logger().debug(record.getMessage(), library=record.name)


class _Notices(logging.Handler):
    """What parts of this program tell people that no command asked for: a state that was brought up to date."""

    def emit(self, record: logging.LogRecord) -> None:
        logger().warning(record.getMessage())
