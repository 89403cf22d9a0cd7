"""Words in the place of people's data: the same value always has the same word, and no letter of it is in the word."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable

Shuffle = Callable[[list[str]], None]


class Pseudonyms:
    """Numbered words of kinds (`user`, `email` …) for values; the order of the numbers tells nothing of them."""

    def __init__(self, shuffle: Shuffle) -> None:
        self._shuffle = shuffle
        self._words: dict[str, dict[str, str]] = {}

    def learn(self, kind: str, values: Iterable[str | None]) -> None:
        """Number values of a kind that were not seen yet, in an order that `shuffle` makes."""
        known = self._words.setdefault(kind, {})
        new = sorted({value for value in values if value} - known.keys())
        self._shuffle(new)
        for number, value in enumerate(new, len(known) + 1):
            known[value] = f"{kind}-{number:06}"

    def word(self, kind: str, value: str | None) -> str | None:
        """The word for a value, None for a blank."""
        if not value:
            return None
        if value not in self._words.get(kind, {}):
            self.learn(kind, [value])
        return self._words[kind][value]

    def words(self, kind: str, values: str | None) -> str | None:
        """The words for a comma-separated list."""
        return ",".join(self.word(kind, value) or "" for value in values.split(",")) if values else None


def shape(value: str | None) -> str | None:
    """A value's form: `^` for a capital, `~` for another letter, `*` for one beyond ASCII, `#` for a digit.

    Blanks and ASCII punctuation stay, for these are what goes wrong in files; `?` is any other character.
    """
    return "".join(map(_mark, value)) if value else None


def _mark(character: str) -> str:
    if character.isascii():
        if character.isdigit():
            return "#"
        if character.isalpha():
            return "^" if character.isupper() else "~"
        return character if character.isprintable() else "?"
    return "*" if unicodedata.category(character)[0] in "LMN" else "?"
