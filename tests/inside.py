"""rostersync's command line called in this process: for tests that call it by the hundred, and see what it says."""

from __future__ import annotations

import contextlib
import io
import logging
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

from rostersync.__main__ import run
from tests.cli.conftest import clean_environment


@dataclass(frozen=True)
class Said:
    """How a call ended and what it wrote."""

    code: int
    out: str
    err: str


def call(folder: Path, *arguments: object, environ: Mapping[str, str] | None = None) -> Said:
    """The command line in `folder`, with an environment of its own; logging is left as it was."""
    before, root = Path.cwd(), logging.getLogger()
    handlers, level = root.handlers[:], root.level
    out, err = io.StringIO(), io.StringIO()
    os.chdir(folder)
    try:
        with (
            mock.patch.dict(os.environ, clean_environment() | dict(environ or {}), clear=True),
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(err),
        ):
            code = run([str(each) for each in arguments])
    finally:
        os.chdir(before)
        root.handlers[:] = handlers
        root.setLevel(level)
    return Said(code, out.getvalue(), err.getvalue())


def done(folder: Path, *arguments: object, code: int = 0) -> Said:
    """The same, which has to end with this code."""
    said = call(folder, *arguments)
    assert said.code == code, said.out + said.err
    return said
