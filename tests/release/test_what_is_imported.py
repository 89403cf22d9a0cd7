"""What the program must not use: formats that run code or call out, shells, statements made of data."""

from __future__ import annotations

import ast
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

import rostersync
from rostersync.state.connection import reading, writing
from rostersync.state.schema import create_state

CODE = Path(rostersync.__file__).parent
TREES = {path.relative_to(CODE): ast.parse(path.read_text(encoding="utf-8")) for path in sorted(CODE.rglob("*.py"))}
BANNED_MODULES = frozenset(
    {
        *("tarfile", "pickle", "marshal", "shelve", "dill", "yaml", "xml", "lxml", "ctypes"),
        *("smtplib", "ftplib", "http", "urllib", "requests", "httpx", "subprocess"),
    }
)
OWN_PROCESS = Path("state/draft.py")
"""The one place that starts a process: this interpreter with a module of this program, no shell between."""
BANNED_NAMES = frozenset({"eval", "exec", "compile", "__import__"})
BANNED_METHODS = frozenset(
    {
        *("extractall", "popen", "executescript", "load_extension", "enable_load_extension"),
        *("read_parquet", "read_feather", "read_pickle", "read_excel", "read_html", "read_xml"),
    }
)
BANNED_ATTRIBUTES = frozenset({"zipfile.Path", "os.system"})


def imported(tree: ast.AST):
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


@pytest.mark.parametrize("path", TREES, ids=str)
def test_no_module_reads_a_dangerous_format_calls_out_or_runs_a_shell(path):
    tree = TREES[path]
    banned = BANNED_MODULES - ({"subprocess"} if path == OWN_PROCESS else set())
    assert not [name for name in imported(tree) if name.partition(".")[0] in banned]
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            where = f"{path} line {node.lineno}"
            assert getattr(node.func, "id", "") not in BANNED_NAMES, where
            assert getattr(node.func, "attr", "") not in BANNED_METHODS, where
            assert not [keyword for keyword in node.keywords if keyword.arg == "shell"], where
        if isinstance(node, ast.Attribute):
            assert ast.unparse(node) not in BANNED_ATTRIBUTES


@pytest.fixture
def state(tmp_path):
    create_state(tmp_path / "state.db")
    return tmp_path / "state.db"


@pytest.mark.parametrize("opened", [reading, writing])
def test_the_state_is_opened_on_its_guard(state, opened):
    """ "Defense Against The Dark Arts", of SQLite's own pages."""
    with opened(state) as connection:
        for pragma, value in {"trusted_schema": 0, "cell_size_check": 1, "foreign_keys": 1}.items():
            assert connection.execute(f"PRAGMA {pragma}").fetchone() == (value,)
        if opened is writing:
            assert connection.execute("PRAGMA synchronous").fetchone() == (2,)
        else:
            with pytest.raises(sqlite3.OperationalError, match="readonly"):
                connection.execute("DELETE FROM users")


def test_a_state_of_ours_has_no_code_in_it(state):
    with closing(sqlite3.connect(state)) as connection:
        assert connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall() == []
