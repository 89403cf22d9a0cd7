"""Settings from the environment: ROSTERSYNC_SECTION__KEY, laid over those of the file."""

from __future__ import annotations

import json
import types
import typing
from collections.abc import Mapping
from typing import Any, Literal

from pydantic import BaseModel, SecretStr

from rostersync.settings.mistakes import Mistake, nearest
from rostersync.settings.models import SCHOOL_TABLES, Document

PREFIX = "ROSTERSYNC_"
CONFIG_VARIABLE = "ROSTERSYNC_CONFIG"
_TRUE = frozenset({"true", "1", "yes", "on"})
_FALSE = frozenset({"false", "0", "no", "off"})

Key = tuple[str, ...]


def known_keys() -> dict[Key, Any]:
    """Every key of the settings (but those of single schools) with its type, secrets included.

    A list of tables, as `[[pause]]`, is one key.
    """
    keys: dict[Key, Any] = {}
    for section, field in Document.model_fields.items():
        if not isinstance(field.annotation, type):
            keys[section,] = field.annotation
            continue
        for key, own in typing.cast("type[BaseModel]", field.annotation).model_fields.items():
            keys[section, key] = own.annotation
    return keys


def lay_over(raw: dict[str, Any], environ: Mapping[str, str]) -> tuple[dict[Key, str], list[Mistake]]:
    """Lays the variables over the raw tables of the file, in place.

    Returns:
        Which variable gave which key, and the variables that name nothing.
    """
    origins: dict[Key, str] = {}
    mistakes: list[Mistake] = []
    known = known_keys()
    for variable in sorted(environ):
        if not variable.startswith(PREFIX) or variable == CONFIG_VARIABLE:
            continue
        key = _key_of(variable, raw)
        if (annotation := _annotation(key, known)) is None:
            hint = nearest(variable.upper(), [variable_of(other) for other in known] + [CONFIG_VARIABLE])
            origins[key] = variable
            mistakes.append(Mistake(key, f"unknown variable; the nearest known one is {hint}"))
        elif _put(raw, key, parsed(environ[variable], annotation)):
            origins[key] = variable
    return origins, mistakes


def variable_of(key: Key) -> str:
    """The variable that sets this key."""
    return PREFIX + "__".join(name.upper() for name in key)


def parsed(text: str, annotation: Any) -> Any:
    """The text as the type wants it; as it is where it does not fit, so that validation can say so.

    Lists are JSON or comma-separated, tables JSON, true and false also 1/0, yes/no, on/off.
    """
    kinds = _plain_types(annotation)
    if SecretStr in kinds:
        return text
    text = text.strip()
    if bool in kinds:
        word = text.lower()
        return True if word in _TRUE else False if word in _FALSE else text
    if tuple in kinds:
        if text.startswith("["):
            return _json(text)
        return [part.strip() for part in text.split(",") if part.strip()]
    if Mapping in kinds:
        return _json(text)
    for kind in (int, float):
        if kind in kinds:
            try:
                return kind(text)
            except ValueError:
                return text
    return text


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _plain_types(annotation: Any) -> set[Any]:
    """The types behind Optional, Annotated, Literal and generics."""
    origin = typing.get_origin(annotation)
    if origin in {types.UnionType, typing.Union}:
        return {kind for part in typing.get_args(annotation) for kind in _plain_types(part)}
    if origin is typing.Annotated:
        return _plain_types(typing.get_args(annotation)[0])
    if origin is Literal:
        return {str}
    return {origin or annotation}


def _key_of(variable: str, raw: dict[str, Any]) -> Key:
    names = variable.removeprefix(PREFIX).split("__")
    lower = tuple(name.lower() for name in names)
    if lower[:2] not in SCHOOL_TABLES or len(names) < 4:
        return lower
    # A school's id keeps its case and may itself hold two underscores; an id of the file is met whatever the
    # case, because Windows knows variables in capitals alone.
    school = "__".join(names[2:-1])
    section = raw.get(lower[0])
    listed = section.get("schools") if isinstance(section, dict) else None
    namesakes = [other for other in listed or () if other.lower() == school.lower()]
    if school not in namesakes and len(namesakes) == 1:
        school = namesakes[0]
    return (*lower[:2], school, lower[-1])


def _annotation(key: Key, known: Mapping[Key, Any]) -> Any:
    if key[:2] in SCHOOL_TABLES and len(key) == 4:
        field = SCHOOL_TABLES[key[:2]].model_fields.get(key[-1])
        return None if field is None else field.annotation
    return known.get(key)


def _put(raw: dict[str, Any], key: Key, value: Any) -> bool:
    table: Any = raw
    for name in key[:-1]:
        table = table.setdefault(name, {})
        if not isinstance(table, dict):
            return False  # the file has a plain value where a table belongs: that mistake is reported
    table[key[-1]] = value
    return True
