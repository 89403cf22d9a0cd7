"""The option that lets one run past the guards."""

from __future__ import annotations

from typing import Annotated

import typer

from rostersync.errors import ConfigurationError
from rostersync.model.overrides import parse_overrides

OverrideOption = Annotated[
    list[str] | None,
    typer.Option(
        "--override-guards",
        metavar="WHAT",
        help="Let this through although a guard trips: all, KIND or KIND@SCHOOL; may be repeated.",
    ),
]


def overrides(words: list[str] | None) -> tuple[str, ...]:
    """What is let through.

    Raises:
        ConfigurationError: a word that is none of these.
    """
    try:
        return parse_overrides(words or ())
    except ValueError as error:
        raise ConfigurationError(f"--override-guards: {error}; nothing was changed") from None
