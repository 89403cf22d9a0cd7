"""A page as its reader gets it."""

from __future__ import annotations

from html.parser import HTMLParser

from rostersync.reports.formats import About
from rostersync.reports.html import begin

ABOUT = About("Maple Valley School District", "America/Los_Angeles", ("csv", "html"))


def write_page(folder, tables, summary, about=ABOUT):
    """The page of these tables; gives its text."""
    folder.mkdir(exist_ok=True)
    begin(folder, tables, about)(summary)
    return (folder / "report.html").read_text(encoding="utf-8")


class Page(HTMLParser):
    """Rows per section, texts and attributes of a page, without a browser."""

    def __init__(self, text):
        super().__init__()
        self.rows, self.tags, self.links = {}, [], []
        self.texts = {}
        self._open = []
        self._section = None
        self._cell = None
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        attributes = dict(attrs)
        self.tags.append((tag, attributes))
        if tag == "section" and attributes.get("id"):
            self._section = attributes["id"]
            self.rows[self._section] = []
        if tag == "tr" and self._section:
            self.rows[self._section].append([])
        if tag in {"td", "th"}:
            self._cell = []
        if tag == "a":
            self.links.append(attributes["href"])
        self._open.append(tag)

    def handle_endtag(self, tag):
        if tag in {"td", "th"} and self._section:
            self.rows[self._section][-1].append("".join(self._cell))
            self._cell = None
        while self._open and self._open.pop() != tag:
            pass

    def handle_data(self, data):
        if self._cell is not None:
            self._cell.append(data)
        if self._open:
            self.texts.setdefault(self._open[-1], []).append(data)

    def table(self, name):
        """The rows of a table as dicts by header."""
        header, *rows = self.rows[name]
        return [dict(zip(header, row, strict=True)) for row in rows]
