"""The process: global options, help, every ending as one line and an exit code (contract.md, Commands)."""

import json
import os
import shlex
import signal
import subprocess
import sys

import pytest

import rostersync
from rostersync import __main__ as process
from rostersync.cli import global_first
from rostersync.errors import (
    ConfigurationError,
    GuardTripped,
    ImportRefused,
    RefusedByPolicy,
    SourceError,
    StateBusy,
)

COMMANDS = [
    ["init"],
    ["doctor"],
    ["trust-host"],
    ["sync"],
    ["validate"],
    ["generate"],
    ["runs"],
    ["runs", "list"],
    ["runs", "show"],
    ["users"],
    ["users", "list"],
    ["users", "show"],
    ["users", "accept"],
    ["users", "edit"],
    ["users", "link"],
    ["users", "unlink"],
    ["guardians"],
    ["guardians", "add"],
    ["guardians", "remove"],
    ["classes"],
    ["classes", "list"],
    ["classes", "rename"],
    ["classes", "create"],
    ["classes", "add"],
    ["classes", "remove"],
    ["classes", "archive"],
]
HEAVY = (
    "pandas",
    "polars",
    "numpy",
    "pyarrow",
    "sqlmodel",
    "sqlalchemy",
    "paramiko",
    "pydantic",
    "structlog",
)


def test_help_names_every_command(run):
    said = run("--help").stdout
    for command in COMMANDS:
        assert f"  {command[0]} " in said
    for option in ("--config", "-c", "--quiet", "--verbose", "--log-format", "--version"):
        assert option in said


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_command_explains_itself(capsys, command):
    assert process.run([*command, "--help"]) == 0
    said = capsys.readouterr().out
    assert said.startswith(f"Usage: rostersync {' '.join(command)} ")
    assert "\n  -h, --help" in said


def test_help_imports_nothing_heavy_and_answers_at_once():
    code = (
        "import sys, time; began = time.process_time()\n"
        "from rostersync.__main__ import run\n"
        "assert run(['--help']) == 0\n"
        "print(time.process_time() - began, *sys.modules, file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    seconds, *modules = done.stderr.split()
    assert not set(HEAVY) & set(modules)
    assert float(seconds) < 0.3, "of the processor: whatever else the machine does"


def test_version(run):
    assert run("--version").stdout == f"rostersync {rostersync.__version__}\n"


def test_without_a_command_the_help_is_shown_as_a_mistake(run):
    assert run(code=2).stderr.startswith("Usage: rostersync ")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["synk"], "No such command 'synk'"),
        (["sync", "--dry"], "No such option"),
        (["users", "list", "--role", "pupil"], "'pupil' is not one of"),
        (["users"], "Missing command"),
        (["runs", "show"], "Missing argument 'RUN'"),
        (["users", "edit", "x", "--email", "a@example.org"], "Missing option '--by'"),
        (["--log-format", "xml", "sync"], "'xml' is not one of"),
        (["generate", "d", "--students", "0"], "Invalid value for '--students'"),
    ],
)
def test_wrong_usage_is_one_line_and_exit_2(capsys, arguments, said):
    assert process.run(arguments) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("rostersync: error: ")
    assert said in captured.err
    assert captured.err.count("\n") == 1
    assert "see `rostersync" in captured.err


@pytest.mark.parametrize(
    ("arguments", "sorted_arguments"),
    [
        (["sync", "--quiet"], ["--quiet", "sync"]),
        (
            ["users", "list", "-c", "f", "--role", "student"],
            ["-c", "f", "users", "list", "--role", "student"],
        ),
        (["sync", "--config=f", "--full"], ["--config=f", "sync", "--full"]),
        (["users", "show", "--", "--quiet"], ["users", "show", "--", "--quiet"]),
        (["sync", "-c"], ["-c", "sync"]),
    ],
)
def test_global_options_may_stand_anywhere(arguments, sorted_arguments):
    assert global_first(arguments, {"--quiet"}, {"-c", "--config"}) == sorted_arguments


def test_the_settings_file_is_named_before_or_after_the_command(run, home):
    for arguments in (["-c", "x.toml", "runs", "list"], ["runs", "list", "--config", "x.toml"]):
        assert "x.toml does not exist" in run(*arguments, code=2).stderr
    assert "y.toml does not exist" in run("runs", "list", environ={"ROSTERSYNC_CONFIG": "y.toml"}, code=2).stderr


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ConfigurationError, 2),
        (SourceError, 3),
        (ImportRefused, 4),
        (GuardTripped, 5),
        (StateBusy, 6),
        (RefusedByPolicy, 7),
    ],
)
def test_every_refusal_is_one_line_and_its_exit_code(monkeypatch, capsys, error, code):
    raise_on_start(monkeypatch, error("what; where; nothing was changed"))
    assert process.run(["sync"]) == code
    assert capsys.readouterr().err == "rostersync: error: what; where; nothing was changed\n"


def test_a_refusal_cannot_steer_the_terminal(monkeypatch, capsys):
    raise_on_start(monkeypatch, ConfigurationError("file \x1b[2Jx\u202ey"))
    process.run(["sync"])
    assert capsys.readouterr().err == "rostersync: error: file  [2Jx y\n"


def test_an_unexpected_error_gives_its_type_and_place_but_not_its_text(monkeypatch, capsys):
    raise_on_start(monkeypatch, KeyError("ana@example.org"))
    assert process.run(["sync"]) == 1
    said = capsys.readouterr().err
    assert said.startswith("rostersync: error: unexpected KeyError in ")
    assert "ana@example.org" not in said
    assert said.count("\n") == 1


def test_verbose_gives_the_traceback(monkeypatch, capsys):
    raise_on_start(monkeypatch, KeyError("x"))
    assert process.run(["sync", "--verbose"]) == 1
    said = capsys.readouterr().err
    assert said.startswith("Traceback")
    assert said.splitlines()[-1].startswith("rostersync: error: unexpected KeyError")


def test_an_operating_system_error_gives_its_reason(monkeypatch, capsys):
    raise_on_start(monkeypatch, OSError(28, "No space left on device", "/secret/ana"))
    assert process.run(["sync"]) == 1
    said = capsys.readouterr().err
    assert "No space left on device" in said
    assert "ana" not in said


@pytest.mark.parametrize("arguments", [["--log-format", "json", "sync"], ["sync", "--log-format=json"]])
def test_with_json_logs_a_refusal_is_json_too(monkeypatch, capsys, arguments):
    raise_on_start(monkeypatch, SourceError("no\x1bthing there"))
    assert process.run(arguments) == 3
    said = capsys.readouterr().err
    assert said.isascii()
    event = json.loads(said)
    assert event["event"] == "no\x1bthing there"
    assert (event["level"], event["exit_code"]) == ("error", 3)


def test_ctrl_c_ends_with_130(monkeypatch, capsys):
    raise_on_start(monkeypatch, KeyboardInterrupt())
    assert process.run(["sync"]) == 130
    assert capsys.readouterr().err.startswith("rostersync: error: interrupted; ")


@pytest.mark.skipif(os.name != "posix", reason="Windows has no SIGTERM to send")
def test_sigterm_ends_with_143(tmp_path):
    fifo = tmp_path / "rostersync.toml"
    os.mkfifo(fifo)  # reading the settings waits for a writer
    running = subprocess.Popen(
        [sys.executable, "-m", "rostersync", "doctor"], cwd=tmp_path, stderr=subprocess.PIPE, text=True
    )
    writer = os.open(fifo, os.O_WRONLY)  # returns once the reader is there
    running.send_signal(signal.SIGTERM)
    _, said = running.communicate(timeout=20)
    os.close(writer)
    assert running.returncode == 143
    assert said.startswith("rostersync: error: terminated; ")


@pytest.mark.skipif(os.name != "posix", reason="Windows removes no folder in which a process is")
@pytest.mark.parametrize("command", ["sync", "doctor", "state check"])
def test_a_current_folder_that_is_gone_is_said(district, command):
    (district / "gone").mkdir()
    call = (
        f"cd gone && rmdir ../gone && exec {shlex.quote(sys.executable)} -m rostersync -c ../rostersync.toml {command}"
    )
    done = subprocess.run(["sh", "-c", call], cwd=district, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2, done.stderr
    assert "the current folder was removed" in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.skipif(os.name != "posix", reason="pipes differ on Windows")
def test_a_pipe_in_the_place_of_the_lock_is_refused_at_once(run, district):
    os.mkfifo(district / "state.db.lock")
    said = run("sync", code=2).stderr
    assert "state.db.lock cannot be locked (it is no file); nothing was changed; remove it" in said
    assert said.count("\n") == 1


@pytest.mark.skipif(os.name != "posix", reason="pipes differ on Windows")
def test_a_reader_that_stops_reading_is_no_error(home):
    running = subprocess.Popen(
        [sys.executable, "-m", "rostersync", "--help"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=home,
    )
    running.stdout.close()
    said = running.stderr.read()
    running.stderr.close()
    assert running.wait(timeout=20) == 141
    assert said == b""


def raise_on_start(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    """Has the next command fail where it reads its settings."""

    def fail(*_arguments: object) -> None:
        raise error

    monkeypatch.setattr("rostersync.commands.invocation.Invocation.settings", fail)
