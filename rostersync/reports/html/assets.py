"""Templates, style and script of the pages, and the policy that lets a browser run no others."""

from __future__ import annotations

import base64
import contextlib
import functools
import hashlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from markupsafe import Markup

from rostersync.reports.html.row_markup import clean

if TYPE_CHECKING:
    from jinja2 import BytecodeCache, Environment
    from jinja2.bccache import Bucket

TEMPLATES = Path(__file__).parent / "templates"
COMPILED = TEMPLATES / "__pycache__"
"""Where compiled templates are kept, as Python keeps compiled modules; what is missing there is compiled."""


@functools.cache
def environment() -> Environment:
    """Where the pages are rendered: every value is escaped, none may be missing."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    found = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        finalize=_shown,
        bytecode_cache=_compiled(),
    )
    found.filters["number"] = lambda value: f"{value:,}"
    return found


def _compiled() -> BytecodeCache:
    """Templates as compiled before: by their text and by this module, which says how they are compiled."""
    from jinja2 import FileSystemBytecodeCache

    class Compiled(FileSystemBytecodeCache):  # where a file cannot be read or written it is done without, as of modules
        def load_bytecode(self, bucket: Bucket) -> None:
            with contextlib.suppress(OSError):
                super().load_bytecode(bucket)

        def dump_bytecode(self, bucket: Bucket) -> None:
            if not sys.dont_write_bytecode:
                with contextlib.suppress(OSError):
                    COMPILED.mkdir(exist_ok=True)
                    super().dump_bytecode(bucket)

    made_by = hashlib.sha256(Path(__file__).read_bytes()).hexdigest()[:16]
    return Compiled(str(COMPILED), f"{made_by}-%s.jinja")


def compile_templates() -> None:
    """Makes every page's template ready, which takes as long as to render one."""
    for name in environment().list_templates(extensions=["j2"]):
        environment().get_template(name)


def _shown(value: object) -> object:
    """Texts without what would mislead their reader; markup is ours and stays as it is."""
    return clean(value) if type(value) is str else value


def inline(name: str) -> Markup:
    """The text of a style sheet or script of ours, to stand in a page as it is.

    Raises:
        ValueError: it would end its element early.
    """
    text = (TEMPLATES / name).read_text(encoding="utf-8")
    if "</" in text or "<!--" in text:
        raise ValueError(f"{name} holds what would end its element")
    return Markup(text)  # noqa: S704 - ours, and checked


def policy(style: str, script: str | None = None) -> str:
    """The Content-Security-Policy of a page with just this style and script: no request, nothing else runs."""
    scripts = "" if script is None else f" script-src {_source(script)};"
    return (
        f"default-src 'none'; style-src {_source(style)};{scripts} img-src data:; base-uri 'none'; form-action 'none'"
    )


def _source(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
