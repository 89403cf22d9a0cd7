"""The sample district: checked in is what its script makes, and what its README speaks of is there."""

from __future__ import annotations

import csv
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]
EXAMPLES = PROJECT / "examples"


def ids(night: int, name: str) -> list[str]:
    with (EXAMPLES / "nights" / str(night) / name).open(encoding="utf-8", newline="") as file:
        return [row["sourcedId"] for row in csv.DictReader(file, strict=True)]


def test_the_checked_in_nights_are_those_of_the_script(tmp_path: Path) -> None:
    subprocess.run([sys.executable, EXAMPLES / "make_nights.py", tmp_path], check=True)
    made = {path.relative_to(tmp_path): path.read_bytes() for path in sorted(tmp_path.rglob("*.csv"))}
    nights = EXAMPLES / "nights"
    assert made == {path.relative_to(nights): path.read_bytes() for path in sorted(nights.rglob("*.csv"))}


def test_about_300_students_and_three_schools() -> None:
    with (EXAMPLES / "nights" / "1" / "users.csv").open(encoding="utf-8", newline="") as file:
        students = [row for row in csv.DictReader(file) if row["role"] == "student"]
    assert 290 <= len(students) <= 310
    assert {student["orgSourcedIds"] for student in students} == {"school-001", "school-002", "school-003"}


def test_the_readme_names_records_that_are_there() -> None:
    known = {name for night in (1, 2) for file in ("users.csv", "classes.csv") for name in ids(night, file)}
    table = (EXAMPLES / "README.md").read_text(encoding="utf-8").partition("| rule |")[2]
    named = set(re.findall(r"`([a-z]\d+-[a-z-]+)`", table))
    assert len(named) > 30
    assert named <= known


def test_the_accepted_are_there_on_the_first_night() -> None:
    with (EXAMPLES / "accepted.csv").open(encoding="utf-8", newline="") as file:
        accepted = [row["id"] for row in csv.DictReader(file)]
    assert len(accepted) > 5
    assert set(accepted) <= set(ids(1, "users.csv"))


@pytest.mark.parametrize("template", [PROJECT / "rostersync" / "settings" / "template.toml"])
def test_the_settings_teach_every_key_of_the_template(template: Path) -> None:
    key = re.compile(r"^(?:# )?([a-z_]+) = ", re.MULTILINE)
    sample = (EXAMPLES / "rostersync.toml").read_text(encoding="utf-8")
    assert set(key.findall(template.read_text(encoding="utf-8"))) - {"key_passphrase_file"} <= set(key.findall(sample))
    assert tomllib.loads(sample)["policy"]["schools"]["school-003"] == {"update_active_contacts": True}
