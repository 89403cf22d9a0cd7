"""Which of the names that a source offers are files of a delivery, and how a name is shown.

Names come from outside (an archive, a server): they are compared and shown, never used as a path of ours.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

from rostersync.errors import ImportRefused

MAXIMUM_FILES = 64
"""CSV files in one delivery; OneRoster knows fewer than thirty."""
_SHOWN_LENGTH = 80


def is_csv(name: str) -> bool:
    """Whether a base name is a CSV file that somebody means to deliver.

    Unfinished uploads (`users.csv.part`, `.filepart`, `.tmp`) do not end in .csv; hidden files and the lock
    files of office programs do not count.
    """
    return name.lower().endswith(".csv") and not _is_hidden(name)


def is_zip(name: str) -> bool:
    """Whether a base name is a zip archive that somebody means to deliver."""
    return name.lower().endswith(".zip") and not _is_hidden(name)


def _is_hidden(name: str) -> bool:
    """A path such as `../x.csv` is not hidden but hostile: it is to be refused, not passed over."""
    return name.startswith((".", "~$")) and not _is_path(name)


def _is_path(name: str) -> bool:
    return "/" in name or "\\" in name


def shown(name: str) -> str:
    """A name from outside as it may stand in a message: one line, nothing unprintable, not endless."""
    text = "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in name)
    return text if len(text) <= _SHOWN_LENGTH else f"{text[:_SHOWN_LENGTH]}…"


def has_control_characters(name: str) -> bool:
    """Whether a name could break a line, a terminal or a path; odd blanks and scripts are fine."""
    return any(unicodedata.category(letter) in {"Cc", "Cs", "Zl", "Zp"} for letter in name)


def base_name_fault(name: str) -> str | None:
    """What is wrong with a base name that should be one (a path, control characters); None if nothing is."""
    if name in {"", ".", ".."} or _is_path(name):
        return "is a path, not a file name"
    if has_control_characters(name):
        return "has control characters in it"
    return None


def folded(name: str) -> str:
    """The form in which two names count as one: on some systems they are."""
    return unicodedata.normalize("NFC", name).casefold()


def check_names(names: Iterable[str], where: str) -> None:
    """Refuse base names of CSV files that are paths, twins or too many (policies.md R-V1).

    Args:
        names: the base names of CSV files found.
        where: how the place is shown to people.

    Raises:
        ImportRefused: one of them cannot be a file of a delivery.
    """
    seen: dict[str, str] = {}
    for name in names:
        if fault := base_name_fault(name):
            raise ImportRefused(f"{where}: the name {shown(name)!r} {fault}; nothing was read. Remove that file.")
        if twin := seen.get(folded(name)):
            raise ImportRefused(
                f"{where}: {shown(twin)} and {shown(name)} are one file name twice; nothing was changed. "
                f"Remove one of them."
            )
        seen[folded(name)] = name
        if len(seen) > MAXIMUM_FILES:
            raise ImportRefused(
                f"{where}: more than {MAXIMUM_FILES} CSV files; nothing was changed. Is it the right place?"
            )
