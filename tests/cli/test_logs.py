"""Log lines on stderr: one line each, as text or JSON, by level (contract.md, Commands)."""

import json
import logging

import pytest
import structlog

from rostersync.commands import logs
from rostersync.commands.invocation import Invocation, LogFormat


@pytest.fixture(autouse=True)
def untouched():
    """Leaves the logging of the other tests as it was."""
    root = logging.getLogger()
    before = root.handlers[:], root.level
    yield
    root.handlers[:], _ = before
    root.setLevel(before[1])
    structlog.reset_defaults()


def lines(capsys, invocation):
    logs.configure(invocation)
    log = logs.logger()
    log.debug("read", file="users.csv")
    log.info("stage done", stage="diff", seconds=0.2)
    log.warning("look\nhere", id="u\x1b1")
    logging.getLogger("library").warning("told %s", "twice")
    captured = capsys.readouterr()
    assert captured.out == ""
    return captured.err.splitlines()


def events(capsys, **options):
    written = lines(capsys, Invocation(log_format=LogFormat.JSON, **options))
    assert all(line.isascii() for line in written)
    return [json.loads(line) for line in written]


def test_a_line_for_people_has_time_level_event_and_facts(capsys):
    first, second = lines(capsys, Invocation())
    time, rest = first.split(" ", 1)
    assert rest == "info stage done stage=diff seconds=0.2"
    assert time.endswith("Z")
    assert second.endswith("warning look here id=u 1")


def test_a_line_for_programs_is_an_object(capsys):
    first, second = events(capsys)
    assert (first["level"], first["event"], first["seconds"]) == ("info", "stage done", 0.2)
    assert second["id"] == "u\x1b1"


def test_quiet_leaves_warnings(capsys):
    assert [event["level"] for event in events(capsys, quiet=True)] == ["warning"]


def test_verbose_adds_details_and_what_libraries_say(capsys):
    found = events(capsys, verbose=True)
    assert [event["level"] for event in found] == ["debug", "info", "warning", "debug"]
    assert (found[-1]["event"], found[-1]["library"]) == ("told twice", "library")
