"""The command line: the app, its global options and its commands (contract.md, Commands)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from rostersync import __version__
from rostersync.commands import (
    apply,
    classes,
    explain,
    forget,
    generate,
    guardians,
    logs,
    plan,
    report_group,
    runs,
    setup,
    state,
    support_bundle,
    sync,
    undo,
    users,
    validate,
)
from rostersync.commands.invocation import Invocation, LogFormat


class OutputClosed(Exception):
    """Whoever read stdout or stderr has gone, as in `rostersync users list | head`."""


class RosterSyncGroup(TyperGroup):
    """The root of the commands: its options may also stand after the command's name."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parses the global options wherever they stand."""
        flags = {name for option in self.params for name in option.opts if getattr(option, "is_flag", False)}
        valued = {name for option in self.params for name in option.opts} - flags
        with _closed_output_told():
            return list(super().parse_args(ctx, global_first(args, flags - {"--help"}, valued)))

    def invoke(self, ctx: Any) -> Any:
        """Runs the command."""
        with _closed_output_told():
            return super().invoke(ctx)


@contextmanager
def _closed_output_told() -> Iterator[None]:
    # typer would end the process itself, with the code of an unexpected error.
    try:
        yield
    except BrokenPipeError:
        raise OutputClosed from None


def global_first(arguments: Sequence[str], flags: set[str], valued: set[str]) -> list[str]:
    """The arguments with the global options in front; what follows `--` stays where it is."""
    front: list[str] = []
    rest: list[str] = []
    waiting = list(arguments)
    while waiting:
        argument = waiting.pop(0)
        if argument == "--":
            return [*front, *rest, argument, *waiting]
        if argument in flags or ("=" in argument and argument.partition("=")[0] in valued):
            front.append(argument)
        elif argument in valued:
            front.append(argument)
            front += [waiting.pop(0)] if waiting else []
        else:
            rest.append(argument)
    return front + rest


app = typer.Typer(
    name="rostersync",
    cls=RosterSyncGroup,
    help="Nightly OneRoster sync for school districts.",
    epilog="The options above may also stand after the command. "
    "Exit codes: 0 done, 1 unexpected error, 2 usage or configuration, 3 source not reachable, "
    "4 import refused, 5 guard tripped, 6 another run holds the state, 7 refused by policy.",
    invoke_without_command=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["--help", "-h"]},
)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"rostersync {__version__}")
        raise typer.Exit


@app.callback()
def read_global_options(
    context: typer.Context,
    config: Annotated[
        Path | None,
        typer.Option("--config", "-c", help="Settings file. [default: $ROSTERSYNC_CONFIG, then ./rostersync.toml]"),
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="Only warnings and errors; no progress, no summary.")] = False,
    verbose: Annotated[bool, typer.Option("--verbose", help="More log lines; tracebacks.")] = False,
    log_format: Annotated[
        LogFormat, typer.Option("--log-format", help="Log lines on stderr for people or for programs.")
    ] = LogFormat.TEXT,
    version: Annotated[  # noqa: ARG001 - its callback answers
        bool,
        typer.Option("--version", help="The version, then exit.", callback=_print_version, is_eager=True),
    ] = False,
) -> None:
    """Nightly OneRoster sync for school districts."""
    context.obj = Invocation(config, quiet, verbose, log_format)
    logs.configure(context.obj)
    if context.invoked_subcommand is None:
        typer.echo(context.get_help(), err=True)
        raise typer.Exit(2)


app.command("init")(setup.init)
app.command("doctor")(setup.doctor)
app.command("trust-host")(setup.trust_host)
app.command("sync")(sync.sync)
app.command("plan")(plan.plan)
app.command("apply")(apply.apply)
app.add_typer(report_group.app, name="report")
app.command("validate")(validate.validate)
app.command("explain")(explain.explain)
app.command("forget")(forget.forget)
app.command("generate")(generate.generate)
runs.app.command("undo")(undo.undo)
app.add_typer(runs.app, name="runs")
app.add_typer(users.app, name="users")
app.add_typer(guardians.app, name="guardians")
app.add_typer(classes.app, name="classes")
app.add_typer(state.app, name="state")
app.command("support-bundle")(support_bundle.support_bundle)
