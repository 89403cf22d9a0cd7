"""What is wrong in the settings, in words for people: one line per mistake."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

_FIXED = {
    "bool_type": "must be true or false, without quotes",
    "int_type": "must be a whole number, without quotes",
    "float_type": "must be a number, without quotes",
    "string_type": 'must be text in quotes ("…")',
    "tuple_type": 'must be a list, such as ["…", "…"]',
    "model_type": "must be a table of settings",
    "model_attributes_type": "must be a table of settings",
    "mapping_type": "must be a table of settings",
    "dict_type": "must be a table of settings",
    "missing": "is missing",
}


class Mistake(NamedTuple):
    """One mistake at one key; `key` holds the names from the outermost table inwards."""

    key: tuple[str, ...]
    message: str


def nearest(word: str, known: Iterable[str]) -> str:
    """The known word that looks most like this one."""
    return difflib.get_close_matches(word, sorted(known), n=1, cutoff=0.0)[0]


def dotted(key: Iterable[str]) -> str:
    """A key as it is written in TOML: a name with other characters in quotes."""
    return ".".join(name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else f'"{name}"' for name in key)


def unknown_key(key: tuple[str, ...], known: Iterable[tuple[str, ...]]) -> Mistake:
    """An unknown key and the nearest known one: of the same name elsewhere, else in its own table.

    The value is never repeated: it may be a misspelt secret.
    """
    known = list(known)
    siblings = [other for other in known if other[:-1] == key[:-1]]
    close = difflib.get_close_matches(key[-1], [other[-1] for other in siblings], n=1, cutoff=0.6)
    namesakes = [other for other in known if other[-1] == key[-1]]
    if namesakes:
        hint = namesakes[0]
    elif close:
        hint = (*key[:-1], close[0])
    else:
        hint = (*key[:-1], nearest(key[-1], [other[-1] for other in siblings])) if siblings else known[0]
    return Mistake(key, f"unknown key; the nearest known key is {dotted(hint)}")


def in_words(error: ErrorDetails) -> Mistake:
    """A pydantic error (but `extra_forbidden`) as a mistake."""
    key = tuple(str(part) for part in error["loc"] if not isinstance(part, int))
    entries = [part + 1 for part in error["loc"] if isinstance(part, int)]
    prefix = f"entry {entries[0]} " if entries else ""
    return Mistake(key, prefix + _message(error["type"], error.get("ctx", {}), error["input"], error["msg"]))


def _message(kind: str, context: Mapping[str, Any], value: object, fallback: str) -> str:
    if kind in _FIXED:
        return _FIXED[kind]
    if kind == "literal_error":
        allowed = re.findall(r"'([^']*)'", str(context["expected"]))
        text = f"must be one of {', '.join(quoted(word) for word in allowed)}"
        return f"{text}, not {quoted(value)}" if isinstance(value, str) else text
    if kind == "value_error":
        return str(context["error"])
    limits = {
        "greater_than_equal": "at least {ge:g}",
        "less_than_equal": "at most {le:g}",
        "greater_than": "more than {gt:g}",
    }
    if kind in limits:
        return f"must be {limits[kind].format(**context)}, not {value}"
    return fallback[:1].lower() + fallback[1:]


def quoted(text: str) -> str:
    """The text in double quotes, on one line, shortened where it is long."""
    shown = "".join(character if character.isprintable() else "�" for character in text)
    return f'"{shown}"' if len(shown) <= 60 else f'"{shown[:57]}…"'
