"""Compiled templates are kept beside Python's own compiled modules; whatever becomes of them, the page is the same."""

import sys

import jinja2
import pytest

from rostersync.reports.html import assets
from tests.reports.page import write_page


@pytest.fixture
def written(tmp_path, make_tables, make_summary, monkeypatch):
    """Writes a page as a new process would, with compiled templates in a folder of the test's own; gives its text."""
    monkeypatch.setattr(assets, "COMPILED", tmp_path / "compiled")
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    tables = make_tables(users=[{"id": "S1", "action": "added", "code": "NEW", "notes": "New in the SIS."}])
    summary, count = make_summary(tables), iter(range(9))

    def write():
        assets.environment.cache_clear()
        folder = tmp_path / f"report-{next(count)}"
        folder.mkdir()
        return write_page(folder, tables, summary)

    yield write
    assets.environment.cache_clear()


def test_what_was_compiled_is_not_compiled_again(written, tmp_path, monkeypatch):
    page = written()
    assert len(list((tmp_path / "compiled").iterdir())) == len(assets.environment().list_templates(extensions=["j2"]))
    monkeypatch.setattr(jinja2.Environment, "compile", None)
    assert written() == page


def test_another_text_of_a_template_is_compiled_anew(written, tmp_path, monkeypatch):
    """An update brings other templates: what was compiled of those before says nothing of them."""
    page = written()
    others = tmp_path / "templates"
    others.mkdir()
    for file in assets.TEMPLATES.iterdir():
        if file.is_file():
            (others / file.name).write_bytes(file.read_bytes().replace(b"Report", b"Account"))
    monkeypatch.setattr(assets, "TEMPLATES", others)
    assert "Report" in page
    assert "Report" not in written()


@pytest.mark.parametrize("content", [b"", b"no code at all", None], ids=["empty", "foreign", "cut short"])
def test_a_damaged_one_is_compiled_anew(written, tmp_path, content):
    page = written()
    for file in (tmp_path / "compiled").iterdir():
        file.write_bytes(file.read_bytes()[:200] if content is None else content)
    assert written() == page


def test_where_none_can_be_kept_the_page_is_written_all_the_same(written, tmp_path):
    (tmp_path / "compiled").write_text("a file where the folder would be")
    assert "New in the SIS." in written()


def test_nothing_is_kept_where_python_may_not_write_either(written, tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    written()
    assert not (tmp_path / "compiled").exists()
