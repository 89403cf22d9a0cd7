"""Finds and reads the settings: the file, the environment laid over it, every mistake in one error."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from rostersync.errors import ConfigurationError
from rostersync.settings.environment import CONFIG_VARIABLE, Key, known_keys, lay_over, variable_of
from rostersync.settings.guards import GuardWindow, Pause
from rostersync.settings.mistakes import Mistake, dotted, in_words, unknown_key
from rostersync.settings.models import SCHOOL_TABLES, Document, Settings
from rostersync.settings.secrets import changeable

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

DEFAULT_FILE = "rostersync.toml"
_SECRETS = ("password", "key_passphrase")


def template() -> str:
    """The commented rostersync.toml that `rostersync init` writes."""
    return resources.files("rostersync.settings").joinpath("template.toml").read_text(encoding="utf-8")


def find_file(path: Path | None, environ: Mapping[str, str]) -> Path:
    """The settings file: the one named, else `$ROSTERSYNC_CONFIG`, else ./rostersync.toml."""
    return path or Path(environ.get(CONFIG_VARIABLE) or DEFAULT_FILE)


def load(path: Path | None, environ: Mapping[str, str]) -> Settings:
    """The settings of a file, with those of the environment laid over them.

    Args:
        path: The settings file; None for the one that `find_file` finds.
        environ: The environment; variables that do not start with ROSTERSYNC_ are not looked at.

    Raises:
        ConfigurationError: the file is missing or no TOML, or anything in it or in the environment is wrong;
            the text has one line per mistake.
    """
    file = find_file(path, environ)
    return interpret(_read(file), file, environ)


def interpret(text: str, file: Path, environ: Mapping[str, str]) -> Settings:
    """The settings of a text as if it stood in `file`, which need not exist; otherwise as `load`."""
    raw = _parse(text, file)
    in_clear = list(_take_out_secrets(raw))  # before the environment, where secrets are welcome
    origins, mistakes = lay_over(raw, environ)
    mistakes += [*in_clear, *_missing_for_sftp(raw)]
    for section, field in Document.model_fields.items():
        if isinstance(field.annotation, type):
            raw.setdefault(section, {})  # so that the defaults of an absent table are laid on the file's folder too
    document = None
    try:
        document = Document.model_validate(raw, context={"folder": file.absolute().parent})
    except ValidationError as error:
        mistakes += [_in_words(detail) for detail in error.errors(include_url=False)]
    if mistakes or document is None:
        raise ConfigurationError("\n".join(_lines(mistakes, file, text, origins)))
    return Settings(file=file.absolute(), **{name: getattr(document, name) for name in Document.model_fields})


def _read(file: Path) -> str:
    # It names the server that the password goes to, and the file of the keys that are trusted.
    if reason := changeable(file):
        raise ConfigurationError(f"{reason}; nothing was changed")
    try:
        return file.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        raise ConfigurationError(
            f"{file} does not exist; run `rostersync init` in the folder where it should lie, or name "
            f"another with --config; nothing was changed"
        ) from None
    except UnicodeDecodeError as error:
        raise ConfigurationError(
            f"{file} is not UTF-8 text (byte {error.start}); save it as UTF-8; nothing was changed"
        ) from None
    except OSError as error:
        raise ConfigurationError(f"{file} cannot be read: {error.strerror}; nothing was changed") from None


def _parse(text: str, file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        what, place = str(error), ""
        if found := re.search(r" \(at (line \d+, column \d+|end of document)\)$", what):
            what, place = what[: found.start()], f", {found[1]}"
        raise ConfigurationError(
            f"{file}{place}: not valid TOML: {what}; correct it there; nothing was changed"
        ) from None
    except RecursionError:
        raise ConfigurationError(f"{file}: not valid TOML: nested too deeply; nothing was changed") from None


def _take_out_secrets(raw: dict[str, Any]) -> Iterator[Mistake]:
    source = raw.get("source")
    for name in _SECRETS:
        if isinstance(source, dict) and source.pop(name, None) is not None:
            yield Mistake(
                ("source", name),
                f"a secret must not stand in this file in clear; remove it, and set "
                f'{variable_of(("source", name))}, or {name}_file = "…", or keep it in the system keyring',
            )


def _missing_for_sftp(raw: Mapping[str, Any]) -> Iterator[Mistake]:
    source = raw.get("source")
    if isinstance(source, dict) and source.get("kind") == "sftp":
        for name in ("host", "username", "path"):
            if name not in source:
                yield Mistake(("source", name), 'is missing; kind = "sftp" needs it')


def _in_words(detail: ErrorDetails) -> Mistake:
    if detail["type"] != "extra_forbidden":
        return in_words(detail)
    key = tuple(str(part) for part in detail["loc"])
    if len(key) == 1:
        known: Iterable[Key] = [(section,) for section in Document.model_fields]
        known = [*known, *known_keys()]
    elif len(key) == 4 and key[:2] in SCHOOL_TABLES:
        known = [(*key[:-1], name) for name in SCHOOL_TABLES[key[:2]].model_fields]
    elif key[0] == "pause" or key[:2] == ("guards", "window"):
        own = Pause if key[0] == "pause" else GuardWindow
        names = [field.alias or name for name, field in own.model_fields.items()]
        key = tuple(part for part in key if not part.isdigit())
        known = [(*key[:-1], name) for name in names]
    else:
        known = known_keys()
    return unknown_key(key, [other for other in known if other[0] != "source" or other[-1] not in _SECRETS])


def _lines(mistakes: Iterable[Mistake], file: Path, text: str, origins: Mapping[Key, str]) -> list[str]:
    """One line per mistake: those of the file in its order, then those of the environment."""
    in_file = _line_numbers(text)
    placed = set()
    for key, message in mistakes:
        variable = next((origins[key[:end]] for end in range(len(key), 0, -1) if key[:end] in origins), None)
        if variable is not None:
            placed.add((1, 0, variable, f"{variable}: {message}; nothing was changed"))
            continue
        number = in_file.get(key, 0)
        place = f"{file}, line {number}" if number else str(file)
        placed.add((0, number, dotted(key), f"{place}: {dotted(key)}: {message}; nothing was changed"))
    return [line for *_, line in sorted(placed)]


def _line_numbers(text: str) -> dict[Key, int]:
    """The line of every table header and key, as far as a line alone tells."""
    numbers: dict[Key, int] = {}
    table: Key = ()
    for number, line in enumerate(text.splitlines(), 1):
        header = re.match(r"\s*\[\[?([^\[\]=]+)\]\]?\s*(#.*)?$", line)
        pair = re.match(r"\s*([A-Za-z0-9_.\-\"' ]+?)\s*=", line)
        if header and (name := _key_parts(header[1])):
            table = name
            numbers.setdefault(table, number)
        elif pair and (name := _key_parts(pair[1])):
            numbers.setdefault(table + name, number)
    return numbers


def _key_parts(written: str) -> Key:
    try:
        value: Any = tomllib.loads(f"{written} = 0")
    except tomllib.TOMLDecodeError:
        return ()
    parts: list[str] = []
    while isinstance(value, dict):
        name, value = next(iter(value.items()))
        parts.append(name)
    return tuple(parts)
