"""The whole OneRoster CSV specification as data (specification.toml): files, columns, kinds of values."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

_STATUS_WORDS = ("active", "tobedeleted")


@dataclass(frozen=True)
class ColumnRule:
    """What one column of one version may hold.

    `kind`: guid, reference, references, text, texts, word, words, date, datetime, year, number, integer.
    """

    name: str
    kind: str
    required: bool = False
    words: tuple[str, ...] = ()
    extendable: bool = False  # words of the district's own that begin with ext: are allowed
    target: str | None = None  # the file, without .csv, whose sourcedIds a reference names


@dataclass(frozen=True)
class FileRule:
    """One file of one version, its columns in the order of the header."""

    name: str  # users.csv
    columns: tuple[ColumnRule, ...]

    @property
    def key(self) -> str:
        """What the manifest and references call the file."""
        return self.name.removesuffix(".csv")


@cache
def specification(version: str) -> Mapping[str, FileRule]:
    """The data files of OneRoster `version` ("1.1", "1.2") by key; the manifest is not among them."""
    text = files("rostersync.importers").joinpath("specification.toml").read_text(encoding="utf-8")
    data = tomllib.loads(text)
    words = {name: tuple(values) for name, values in data["words"].items()}
    return {key: FileRule(f"{key}.csv", tuple(_columns(columns, words))) for key, columns in data[version].items()}


def _columns(columns: Mapping[str, Mapping[str, Any]], words: Mapping[str, tuple[str, ...]]) -> list[ColumnRule]:
    rules = [
        ColumnRule(
            name,
            rule["kind"],
            required=rule.get("required", False),
            words=words[rule["words"]] if "words" in rule else (),
            extendable=rule.get("extendable", False),
            target=rule.get("target"),
        )
        for name, rule in columns.items()
    ]
    common = [ColumnRule("status", "word", words=_STATUS_WORDS), ColumnRule("dateLastModified", "datetime")]
    return [rules[0], *common, *rules[1:]]
