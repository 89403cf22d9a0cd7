"""The pages say what is so: links lead somewhere; every command, setting, exit code, view and rule is there."""

import configparser
import json
import re
import sqlite3
import sys
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from subprocess import run

import pytest
import typer

import rostersync.errors
from rostersync import settings
from rostersync.cli import app
from rostersync.settings.environment import known_keys
from rostersync.settings.models import Document
from rostersync.state.store import create_state
from tests.docs.pages import PAGES, PROJECT, anchors, blocks, prose, table_rows, text_of

SCHEDULE = PROJECT / "examples" / "schedule"


def shown(page: Path) -> str:
    return str(page.relative_to(PROJECT))


@pytest.mark.parametrize("page", PAGES, ids=shown)
def test_links_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)]+)\)", prose(page)):
        if target.startswith("https://"):
            continue
        path, _, anchor = target.partition("#")
        there = (page.parent / path).resolve() if path else page
        assert there.exists(), target
        assert there.is_relative_to(PROJECT), target
        assert not anchor or anchor in anchors(there), target


@pytest.mark.parametrize("page", [*PAGES, *sorted(SCHEDULE.iterdir())], ids=shown)
def test_a_page_names_no_machine_and_no_registry(page):
    text = text_of(page)
    assert str(PROJECT) not in text
    for word in (
        r"/home/\w",
        r"/root\b",
        "/tmp/",
        "/Users/",
        r"/wor[k]/",
        r"C:\\Users",
        "pypi",
        "files.pythonhosted",
        "://[^ ]*index",
    ):
        assert not re.search(word, text, re.IGNORECASE), word


def commands() -> list[str]:
    """Every command that does something, as it is typed."""

    def walk(command: object, name: str) -> list[str]:
        inner = getattr(command, "commands", None)
        if inner is None:
            return [name]
        named = {
            key: name if each.hidden else f"{name} {key}" for key, each in inner.items()
        }  # hidden: the group itself
        return [each for key in inner for each in walk(inner[key], named[key])]

    return walk(typer.main.get_command(app), "rostersync")


def test_every_command_is_in_the_readme():
    table = text_of("README.md").partition("\n## Commands")[2]
    assert len(commands()) > 10
    assert [name for name in commands() if not re.search(rf"`{name}[ `]", table)] == []


def test_the_pages_name_no_command_that_is_not_there():
    words = r"(rostersync(?: [a-z][a-z-]*)+)"
    named = {name for page in PAGES for name in re.findall(f"`{words}", prose(page))}
    named |= {name for page in PAGES for block in blocks(page, "sh") for name in re.findall(f"(?m)^{words}", block)}
    assert len(named) > 10
    groups = {name.rpartition(" ")[0] for name in commands() if name.count(" ") > 1}
    known = re.compile("|".join(sorted([*commands(), *groups], reverse=True)))
    assert {name for name in named if not known.match(name)} == set()


def settings_rows() -> dict[str, str]:
    """Key -> default, as docs/settings.md has them."""
    rows = table_rows(text_of("docs/settings.md").partition("## Every key")[2].partition("\n## ")[0])
    return {cells[0].strip("`"): cells[1].strip("`") for cells in rows[2:]}


def default_of(key: tuple[str, ...]) -> str:
    field = Document.model_fields[key[0]]
    value = field.default if len(key) == 1 else field.annotation.model_fields[key[1]].default
    if value is None or value == {} or (value == () and key != ("schools", "include")):
        return "none"
    if isinstance(value, timedelta):
        return f'"{value.days} days"'
    return json.dumps(list(value) if isinstance(value, tuple) else str(value) if isinstance(value, Path) else value)


def test_every_setting_is_explained_with_its_default():
    assert settings_rows() == {".".join(key): default_of(key) for key in known_keys()}


@pytest.mark.parametrize("page", PAGES, ids=shown)
def test_settings_shown_on_a_page_are_valid(page, tmp_path):
    for block in blocks(page, "toml"):
        settings.interpret(block, tmp_path / "rostersync.toml", {})


def test_the_variables_shown_are_valid(tmp_path):
    text = text_of("docs/settings.md").partition("## From the environment")[2]
    variables = dict(re.findall(r"^(ROSTERSYNC_\S+)=('.*?'|\S+)", text.partition("\n## ")[0], re.MULTILINE))
    environ = {name: value.strip("'") for name, value in variables.items()}
    found = settings.interpret("", tmp_path / "rostersync.toml", environ)
    assert found.schools.include == ("school-001", "school-002")
    assert found.policy.manage_guardians is False
    assert found.policy.of_school("school-003").restore_classes is False
    assert found.source.path == "/srv/oneroster"


def test_every_exit_code_is_explained():
    families = vars(rostersync.errors).values()
    codes = {kind.exit_code for kind in families if isinstance(kind, type) and issubclass(kind, Exception)}
    rows = table_rows(text_of("README.md").partition("| exit code")[2].partition("\n\n")[0])
    told = {int(code) for cells in rows for code in re.findall(r"\d+", cells[0])}
    assert told == codes | {0, 130, 143}


def test_every_view_and_its_columns_are_listed(tmp_path):
    create_state(tmp_path / "state.db")
    with closing(sqlite3.connect(tmp_path / "state.db")) as state:
        names = [name for (name,) in state.execute("SELECT name FROM sqlite_master WHERE type = 'view'")]
        views = {name: [row[1] for row in state.execute(f"PRAGMA table_info({name})")] for name in names}
    rows = table_rows(text_of("docs/state.md").partition("| view |")[2].partition("\n\n")[0])
    assert {cells[0].strip("`"): re.findall(r"`(\w+)`", cells[2]) for cells in rows[1:]} == views


def test_every_rule_has_an_example_and_a_scenario_and_every_scenario_a_rule():
    sections = re.findall(
        r"^### (R-[A-Z]\d+) [^\n]+\n(.*?)(?=^##)", text_of("docs/rules.md") + "\n##", re.MULTILINE | re.DOTALL
    )
    told = [rule for rule, _ in sections]
    assert len(told) == len(set(told)) > 45
    assert [rule for rule, text in sections if "\n*Example:* " not in text] == []
    pages = [
        page for folder in ("policies", "importers", "laws") for page in (PROJECT / "tests" / folder).glob("test_*")
    ]
    named = "\n".join(page.read_text(encoding="utf-8") for page in pages)
    scenarios = set(re.findall(r"\bR-[A-Z]\d+\b", named))
    scenarios |= {f"R-{rule.upper()}" for rule in re.findall(r"(?<![a-z])r_([a-z]\d+)(?![0-9])", named)}
    assert scenarios == set(told)


def test_the_service_is_locked_down_and_backs_up_first():
    unit = configparser.ConfigParser(strict=False, interpolation=None)
    unit.optionxform = str
    unit.read(SCHEDULE / "rostersync.service")
    service = unit["Service"]
    assert service["NoNewPrivileges"] == "yes"
    assert service["ProtectSystem"] == "strict"
    assert service["UMask"] == "0077"
    assert service["ReadWritePaths"] == service["WorkingDirectory"] == "/var/lib/rostersync"
    assert "backup.py" in service["ExecStartPre"]
    assert service["ExecStart"].endswith("/rostersync --quiet sync")


@pytest.mark.parametrize("name", ["crontab", "rostersync.service", "rostersync.cmd"])
def test_every_schedule_syncs_after_a_backup(name):
    text = (SCHEDULE / name).read_text(encoding="utf-8")
    assert 0 < text.index("backup.py") < text.index("--quiet sync")


@pytest.fixture
def state(tmp_path):
    create_state(tmp_path / "state.db")
    return tmp_path / "state.db"


def backup(*arguments, code=0):
    done = run(
        [sys.executable, SCHEDULE / "backup.py", *map(str, arguments)], capture_output=True, text=True, check=False
    )
    assert done.returncode == code, done.stderr
    return done


def test_the_backup_keeps_the_newest(state, tmp_path):
    folder = tmp_path / "backups"
    folder.mkdir()
    for day in ("20200101", "20200102"):
        (folder / f"state-{day}.db").touch()
    copy = Path(backup(state, folder, 2).stdout.strip())
    assert sorted(path.name for path in folder.iterdir()) == ["state-20200102.db", copy.name]
    backup(state, folder, 2)
    assert len(list(folder.iterdir())) == 2


def test_the_backup_of_a_lost_state_fails_and_keeps_the_copies(state, tmp_path):
    backup(state, tmp_path / "backups")
    state.unlink()
    said = backup(state, tmp_path / "backups", code=1).stderr
    assert said.startswith(f"{state} was not copied")
    assert len(list((tmp_path / "backups").glob("state-*.db"))) == 1
