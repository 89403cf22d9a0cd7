"""Progress on stderr: bars for who watches a terminal, nothing otherwise (contract.md, Commands)."""

import io

import pytest
from rich.console import Console
from rich.progress import Progress as RichProgress

from rostersync.commands.invocation import Invocation, LogFormat
from rostersync.commands.progress import Bars, Silent, shown, towards


class Terminal(io.StringIO):
    """A stderr that says it is a terminal."""

    def isatty(self):
        return True


def watch(monkeypatch):
    """Puts a terminal in the place of stderr; no fixture, for pytest sets stderr anew for the test itself."""
    stream = Terminal()
    monkeypatch.setattr("sys.stderr", stream)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    return stream


def test_a_terminal_gets_a_bar_that_names_the_work(monkeypatch):
    terminal = watch(monkeypatch)
    with shown(Invocation()) as progress:
        progress.start("users\x1b.csv", 10)
        progress.advance(5)
        progress.done()
    assert "users .csv" in terminal.getvalue()
    assert "100%" in terminal.getvalue()


@pytest.mark.parametrize(
    "invocation", [Invocation(quiet=True), Invocation(log_format=LogFormat.JSON)], ids=["quiet", "json"]
)
def test_no_bars_when_quiet_or_for_programs(monkeypatch, invocation):
    terminal = watch(monkeypatch)
    with shown(invocation) as progress:
        progress.start("users.csv", 10)
        progress.advance(10)
        progress.done()
    assert terminal.getvalue() == ""


@pytest.mark.parametrize(("variable", "value"), [("NO_COLOR", "1"), ("TERM", "dumb")])
def test_no_bars_where_the_terminal_wants_none(monkeypatch, variable, value):
    watch(monkeypatch)
    monkeypatch.setenv(variable, value)
    with shown(Invocation()) as progress:
        assert isinstance(progress, Silent)


def test_no_bars_without_a_terminal(capsys):
    with shown(Invocation()) as progress:
        progress.start("users.csv", 10)
    assert capsys.readouterr().err == ""


def test_work_that_is_begun_again_has_one_bar_from_the_start():
    rich = RichProgress(console=Console(file=io.StringIO()))
    bars = Bars(rich)
    bars.start("users.csv", 10)
    bars.advance(7)
    bars.start("users.csv", 20)
    bars.advance(4)
    (task,) = rich.tasks
    assert (task.completed, task.total) == (4, 20)
    bars.done()
    assert rich.finished


def test_work_that_tells_how_far_it_is_moves_one_bar():
    rich = RichProgress(console=Console(file=io.StringIO()))
    tell = towards(Bars(rich), "families")
    for families in (10, 25, 30):
        tell(families, 30)
    (task,) = rich.tasks
    assert (task.description, task.completed, task.total) == ("families", 30, 30)
