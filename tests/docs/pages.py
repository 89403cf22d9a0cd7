"""The project's pages, and what stands in them."""

from __future__ import annotations

import re
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
PAGES = sorted(
    [
        *PROJECT.glob("*.md"),
        *PROJECT.glob("docs/**/*.md"),
        *PROJECT.glob("examples/**/*.md"),
        *PROJECT.glob("benchmarks/*.md"),
    ]
)


def text_of(page: str | Path) -> str:
    """A page's text; `page` counts from the project's folder."""
    return (PROJECT / page).read_text(encoding="utf-8")


def marked_blocks(page: str) -> dict[str, str]:
    """The shell blocks of a page that are marked `<!-- tested: NAME -->`, by name, in their order."""
    return dict(re.findall(r"^<!-- tested: (.+?) -->\n```sh\n(.*?)^```$", text_of(page), re.MULTILINE | re.DOTALL))


def blocks(page: Path, language: str) -> list[str]:
    """The code blocks of this language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", text_of(page), re.MULTILINE | re.DOTALL)


def prose(page: Path) -> str:
    """A page without its code blocks."""
    return re.sub(r"^```.*?^```$", "", text_of(page), flags=re.MULTILINE | re.DOTALL)


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as code hosts make them."""
    headings = re.findall(r"^#+ (.+)$", prose(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def table_rows(text: str) -> list[list[str]]:
    """The cells of all table rows in a text."""
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line.startswith("|")]
