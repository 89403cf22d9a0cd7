"""The sample district shows what its README promises: two nights from outside, then the reports are read."""

from __future__ import annotations

import csv
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]
EXAMPLES = PROJECT / "examples"
PROMISES = (EXAMPLES / "README.md").read_text(encoding="utf-8").partition("| rule |")[2].splitlines()[2:]
UNTOUCHED = {"f3-mother", "u10-teacher"}
"""Named in the README although no report needs to name them."""


def rostersync(folder: Path, *arguments: str) -> str:
    command = [sys.executable, "-m", "rostersync", *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> set[tuple[str, str]]:
    """Code and id of every row of both nights' reports."""
    work = tmp_path_factory.mktemp("sample")
    shutil.copyfile(EXAMPLES / "rostersync.toml", work / "rostersync.toml")
    rostersync(work, "init")
    rostersync(work, "sync", "--source", str(EXAMPLES / "nights" / "1"))
    rostersync(work, "users", "accept", "--from-file", str(EXAMPLES / "accepted.csv"))
    rostersync(work, "users", "edit", "u2-parent", "--given-name", "Sammy", "--by", "manager")
    rostersync(work, "sync", "--source", str(EXAMPLES / "nights" / "2"))
    found = set()
    for path in sorted((work / "reports").glob("*/*.csv")):
        with path.open(encoding="utf-8-sig", newline="") as file:
            for row in csv.DictReader(file):
                columns = ("id", "user_id", "guardian_id", "student_id", "class_id")
                found.update((row["code"], row[column]) for column in columns if row.get(column))
    return found


@pytest.mark.parametrize("promise", [line for line in PROMISES if re.search(r"\| [A-Z_]{5,}", line)])
def test_the_codes_of_the_readme_stand_in_the_reports(reports: set[tuple[str, str]], promise: str) -> None:
    _, _, what, people, _ = promise.split("|")
    codes = re.findall(r"\b[A-Z]+(?:_[A-Z]+)+\b|\bNEW\b", what)
    ids = re.findall(r"`([a-z0-9-]+)`", people)
    assert codes
    assert ids
    for code in codes:
        assert any((code, one) in reports for one in ids), f"{code} for none of {ids}"
    for one in ids:
        assert any((code, one) in reports for code in codes) or one in UNTOUCHED, f"{one} has none of {codes}"


@pytest.mark.parametrize("prefix", ["v2-", "v3-", "v4-"])
def test_the_rows_with_mistakes_stand_in_the_reports(reports: set[tuple[str, str]], prefix: str) -> None:
    assert {code for code, one in reports if one.startswith(prefix)} - {"NEW"}


@pytest.mark.parametrize("version", ["1.1", "1.2"])
@pytest.mark.parametrize("night", ["1", "3"])
def test_nothing_is_wrong_with_generated_files(tmp_path: Path, version: str, night: str) -> None:
    rostersync(tmp_path, "generate", "files", "--students", "900", "--oneroster", version, "--night", night)
    assert json.loads(rostersync(tmp_path, "validate", "files", "--format", "json")) == []
