"""Sync the sample district twice: a first load, then a second night. Works in demo/, shows every command.

python examples/demo.py [--sftp]

With --sftp the files come from a real OpenSSH server, started here for the time of the demo.
"""

from __future__ import annotations

import argparse
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

from sftp_server import MISSING, find_sshd, serve

EXAMPLES = Path(__file__).resolve().parent
DEMO = EXAMPLES.parent / "demo"
DROP = DEMO / "oneroster"
"""Where the SIS of the sample leaves its files."""


def run(*arguments: str, environment: Mapping[str, str], expect: int = 0) -> None:
    """Show a rostersync command and run it in demo/; an exit code that is not expected ends the demo."""
    print(f"\n$ rostersync {shlex.join(arguments)}", flush=True)
    command = [sys.executable, "-m", "rostersync", *arguments]
    settings = {**os.environ, **environment}
    code = subprocess.run(command, cwd=DEMO, env=settings, check=False).returncode  # noqa: S603 - ours
    if code != expect:
        sys.exit(f"rostersync {arguments[0]} ended with {code}, not {expect}. The files are in {DEMO}.")
    if code:
        print(f"(exit code {code})", flush=True)


def deliver(night: int) -> None:
    """Put the files of a night where the SIS leaves them."""
    shutil.rmtree(DROP, ignore_errors=True)
    shutil.copytree(EXAMPLES / "nights" / str(night), DROP)
    print(
        f"\n== Night {night}: the SIS has left its files ({len(list(DROP.glob('*.csv')))} CSVs) ==",
        flush=True,
    )


def prepare() -> None:
    """Make a new demo/ with the sample's settings."""
    shutil.rmtree(DEMO, ignore_errors=True)
    DEMO.mkdir()
    shutil.copyfile(EXAMPLES / "rostersync.toml", DEMO / "rostersync.toml")
    shutil.copyfile(EXAMPLES / "accepted.csv", DEMO / "accepted.csv")


def two_nights(environment: Mapping[str, str], *, over_sftp: bool) -> None:
    """Run the demo."""
    run("init", environment=environment)
    deliver(1)
    if over_sftp:
        run("trust-host", "--yes", environment=environment)
        run("doctor", environment=environment)
    run("sync", environment=environment)
    print("\n== In between: some people accept their invitation, somebody edits a name ==", flush=True)
    run("users", "accept", "--from-file", "accepted.csv", environment=environment)
    run("users", "edit", "u2-parent", "--given-name", "Sammy", "--by", "manager", environment=environment)
    print("\nAt the high school the SIS owns the contact details, so this edit is refused:", flush=True)
    edit = ("users", "edit", "u4-parent", "--email", "odile@home.example.net", "--by", "self")
    run(*edit, environment=environment, expect=7)
    deliver(2)
    run("sync", environment=environment)


def point_out() -> None:
    """Say where everything lies and what to try next."""
    reports = sorted(path for path in (DEMO / "reports").iterdir() if path.is_dir())
    print("\n== Done ==")
    for name, path in zip(("first load", "second night"), reports, strict=True):
        print(f"Reports of the {name}: {os.path.relpath(path)}")
    print(f"In a browser: {os.path.relpath(DEMO / 'reports' / 'index.html')} leads to both.")
    print("Or open users.csv of the second night, filter the column `code`; examples/README.md says what is there.")
    there = os.path.relpath(DEMO)
    print(f"To look around: cd {there}; rostersync runs list; rostersync users show u3-parent")
    print("A third night with those who left back again: rostersync sync --source ../examples/nights/1")


@contextmanager
def sftp() -> Iterator[Mapping[str, str]]:
    """Start a server for demo/oneroster; gives the settings for it as environment variables."""
    sshd = find_sshd()
    if sshd is None:
        sys.exit(MISSING)
    with serve(sshd, DEMO / "sftp") as server:
        print(f"OpenSSH serves {os.path.relpath(DROP)} on 127.0.0.1, port {server.port}.", flush=True)
        yield {
            "ROSTERSYNC_SOURCE__KIND": "sftp",
            "ROSTERSYNC_SOURCE__HOST": "127.0.0.1",
            "ROSTERSYNC_SOURCE__PORT": str(server.port),
            "ROSTERSYNC_SOURCE__USERNAME": server.username,
            "ROSTERSYNC_SOURCE__PATH": str(DROP),
            "ROSTERSYNC_SOURCE__KEY_FILE": str(server.client_key),
            "ROSTERSYNC_SOURCE__KNOWN_HOSTS": str(DEMO / "known_hosts"),
        }


def main() -> None:
    """Run the demo as asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sftp", action="store_true", help="fetch the files from a real SFTP server on this machine")
    over_sftp = parser.parse_args().sftp
    if over_sftp and find_sshd() is None:
        sys.exit(MISSING)
    prepare()
    with ExitStack() as while_serving:
        environment = while_serving.enter_context(sftp()) if over_sftp else {}
        two_nights(environment, over_sftp=over_sftp)
    point_out()
    if not over_sftp:
        print("Over SFTP, as from a real SIS: make demo-sftp" if find_sshd() else f"Over SFTP too: {MISSING}")


if __name__ == "__main__":
    main()
