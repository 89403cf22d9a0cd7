"""The parts of docs/reports.md that are made of the tables in the code: columns, actions, codes (`make docs`)."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from rostersync.model.advice import ACTIONS, ADVICE, COLUMNS
from rostersync.model.notes import (
    CHANGE,
    GUARD_VERBS,
    HOLDER,
    LIST_SEPARATOR,
    REJECTED_KNOWN,
    REJECTED_NEW,
    Code,
    actions_of,
    template,
)

_ANY: Mapping[str, str] = MappingProxyType(
    {
        "changes": f"{CHANGE}{LIST_SEPARATOR}…",
        "holders": f"{LIST_SEPARATOR}{HOLDER}{LIST_SEPARATOR}…",
        "what": f"{{{'/'.join(GUARD_VERBS)}}}",
        "verb": f"{{{'/'.join(GUARD_VERBS.values())}}}",
        "mode": "{soft/extreme}",
        "count": "{n}",
        "outcome": f"{{{REJECTED_KNOWN} / {REJECTED_NEW}}}",
        "reason": "{accepted / edited / linked …}",
    }
)
"""Value of a note -> how a reader sees it, where its name does not say it."""

_OF_CODE: Mapping[tuple[Code, str], str] = MappingProxyType(
    {
        (Code.BLANK_KEPT, "field"): "{email/mobile}",
        (Code.CREDENTIAL_TAKEN, "field"): "{Email/Mobile}",
        (Code.NOT_RESTORED, "field"): "{Email/Mobile}",
    }
)


def note_as_read(code: Code) -> str:
    """The wording of a note as a reader sees it: values in braces, lists with their parts."""

    def value(match: re.Match[str]) -> str:
        name = match[1]
        return _OF_CODE.get((code, name)) or _ANY.get(name) or f"{{{name.replace('_', ' ')}}}"

    return re.sub(r"\{(\w+)\}", value, template(code))


def made(page: str) -> str:
    """The page with its made parts as they should be.

    Raises:
        ValueError: a part is missing on the page, or stands on it and nobody makes it.
    """
    found = re.findall(r"^<!-- made: (.+?) -->$", page, re.MULTILINE)
    if sorted(found) != sorted(PARTS):
        raise ValueError(f"the page has the parts {found}, not {list(PARTS)}")
    for name, part in PARTS.items():
        text = "\n".join(part())
        opening, ending = f"<!-- made: {name} -->\n", "\n<!-- end -->"
        before, _, after = page.partition(opening)
        page = f"{before}{opening}{text}{ending}{after.partition(ending)[2]}"
    return page


def _columns(table: str) -> Callable[[], Iterator[str]]:
    def part() -> Iterator[str]:
        yield from _table(
            ("column", "says"),
            [(", ".join(f"`{name}`" for name in names), text) for names, text in COLUMNS[table]],
        )

    return part


def _actions() -> Iterator[str]:
    yield from _table(("action", "means"), [(f"`{action}`", text) for action, text in ACTIONS.items()])


def _codes() -> Iterator[str]:
    rows = []
    for code in Code:
        advice = ADVICE[code]
        see = f" More: [{advice.see}]({advice.see})." if advice.see else ""
        rows.append((code.value, " / ".join(actions_of(code)), note_as_read(code), f"{advice.text}{see}"))
    yield from _table(("code", "action", "note", "what to do"), rows)


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(header)} |"
    yield f"|{'---|' * len(header)}"
    for row in rows:
        yield f"| {' | '.join(row)} |"


PARTS: Mapping[str, Callable[[], Iterator[str]]] = MappingProxyType(
    {**{f"columns of {table}": _columns(table) for table in COLUMNS}, "actions": _actions, "codes": _codes}
)
"""Name of a part of the page -> its lines."""


def main(path: Path) -> None:
    """Writes the made parts of the page."""
    path.write_text(made(path.read_text(encoding="utf-8")), encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
