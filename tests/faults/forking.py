"""A process that has loaded what the program needs, and forks a child for every command: a fault costs no start.

`python -m tests.faults.forking` reads a line of JSON per command (`folder`, `arguments`, `environment`, `said`: the
file that its stderr goes to), answers with the child's id, and starts the command when it is told to by another line:
by then strace follows the child. Whenever the command is stopped it answers with null, and lets it go on after another
line. At its end it answers with the exit code, as `subprocess` gives it.
"""

from __future__ import annotations

import contextlib
import ctypes
import importlib
import json
import os
import pkgutil
import signal
import sys
import threading
from pathlib import Path
from typing import NoReturn

import rostersync

HEAVY = ("pandas", "polars", "pyarrow", "sqlmodel", "alembic.command", "jinja2", "phonenumbers", "rich.console")
_PR_SET_PTRACER = 0x59616D61


def _serve() -> None:
    for name in HEAVY:
        importlib.import_module(name)
    for module in pkgutil.walk_packages(rostersync.__path__, "rostersync."):
        if ".migrations." not in module.name and module.name != "rostersync.__main__":
            importlib.import_module(module.name)
    assert threading.active_count() == 1, "what has threads cannot be forked"
    for line in sys.stdin:
        order = json.loads(line)
        ready, start = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(start)
            _run(order, ready)
        os.close(ready)
        print(json.dumps(child), flush=True)
        sys.stdin.readline()
        os.write(start, b"!")
        os.close(start)
        _, status = os.waitpid(child, os.WUNTRACED)
        while os.WIFSTOPPED(status):
            print(json.dumps(None), flush=True)
            sys.stdin.readline()
            os.kill(child, signal.SIGCONT)
            _, status = os.waitpid(child, os.WUNTRACED)
        print(json.dumps(os.waitstatus_to_exitcode(status)), flush=True)


def _run(order: dict[str, object], ready: int) -> NoReturn:
    """In the child: wait to be followed, then be the command."""
    with contextlib.suppress(AttributeError, OSError):  # where the system lets only parents follow a process
        ctypes.CDLL(None).prctl(_PR_SET_PTRACER, ctypes.c_ulong(-1), 0, 0, 0)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    os.dup2(os.open(str(order["said"]), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), 2)
    os.chdir(str(order["folder"]))
    environment = order["environment"]
    assert isinstance(environment, dict)
    os.environ.update(environment)
    arguments = order["arguments"]
    assert isinstance(arguments, list)
    sys.argv = ["rostersync", *arguments]
    os.read(ready, 1)
    try:
        from tests.faults import program

        program.main()
    finally:
        os._exit(1)


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[2]))
    _serve()
