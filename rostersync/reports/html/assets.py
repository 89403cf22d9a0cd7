"""Templates, style and script of the pages, and the policy that lets a browser run no others."""

from __future__ import annotations

import base64
import functools
import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

from markupsafe import Markup

from rostersync.reports.html.row_markup import clean

if TYPE_CHECKING:
    from jinja2 import Environment

TEMPLATES = Path(__file__).parent / "templates"


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
    )
    found.filters["number"] = lambda value: f"{value:,}"
    return found


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
