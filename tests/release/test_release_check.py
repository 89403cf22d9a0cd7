"""The supply chain: hashes, floors, and a release check that never passes over what it could not look at."""

from __future__ import annotations

import json
import re
from importlib import metadata

import pytest
from packaging.version import Version

from release import check
from release.pins import DEVELOPMENT, FLOORS, PROJECT, RUNTIME, Floor, demanded, pinned, too_low

LOCKED = {"paramiko": [Version("5.1.0")], "jinja2": [Version("3.1.6")]}
SOUND = [{"name": "paramiko", "version": "5.1.0", "vulns": []}, {"name": "Jinja2", "version": "3.1.6", "vulns": []}]


@pytest.mark.parametrize("lock", [RUNTIME, DEVELOPMENT], ids=lambda path: path.name)
def test_every_locked_package_has_hashes_and_the_set_up_demands_them(lock):
    parts = re.split(r"^(?=[A-Za-z0-9._-]+==)", lock.read_text(), flags=re.MULTILINE)[1:]
    assert len(parts) == sum(map(len, pinned(lock).values())) > 40
    for part in parts:
        assert re.search(r"--hash=sha256:[0-9a-f]{64}", part), part.splitlines()[0]
    assert "://" not in lock.read_text()
    assert "--require-hashes -r requirements/dev.lock" in (PROJECT / "Makefile").read_text()


def test_nothing_locked_demanded_or_installed_is_below_its_floor():
    assert list(check.floors()) == []
    for name, floor in FLOORS.items():
        assert re.fullmatch(r"CVE-20\d\d-\d{4,}", floor.advisory)
        assert name in pinned(DEVELOPMENT), "a floor of what nobody uses"
        assert Version(metadata.version(name)) >= Version(floor.version), name
    assert demanded()["paramiko"] == [Version("5.0")]


def test_a_version_with_a_known_hole_is_named_with_its_advisory():
    floors = {"jinja2": Floor("3.1.6", "CVE-2025-27516", "a template left its sandbox")}
    (line,) = too_low({"jinja2": [Version("3.1.5"), Version("3.1.6")], "other": [Version("0")]}, floors)
    assert line.startswith("jinja2 3.1.5 has CVE-2025-27516 ")


@pytest.mark.parametrize(
    ("output", "said"),
    [
        ({"dependencies": SOUND}, []),
        ({"dependencies": SOUND[:1]}, ["not audited: of 1 packages (jinja2)"]),
        ({"dependencies": []}, ["not audited: of 2 packages (jinja2, paramiko)"]),
        (
            {"dependencies": [SOUND[0], {"name": "jinja2", "skip_reason": "Dependency not found"}]},
            ["not audited: of 1 p"],
        ),
        (
            {
                "dependencies": [
                    SOUND[0],
                    {"name": "jinja2", "version": "3.1.5", "vulns": [{"id": "CVE-1", "fix_versions": ["3.1.6"]}]},
                ]
            },
            ["jinja2 3.1.5: CVE-1, mended in 3.1.6"],
        ),
        ("", ["not audited: pip-audit could not ask its service (ConnectionError: no such host)"]),
        ([], ["not audited: pip-audit could not ask"]),
    ],
    ids=["sound", "one is not named", "none is named", "one is skipped", "a hole", "no answer", "another answer"],
)
def test_only_what_was_looked_at_passes(output, said):
    text = output if isinstance(output, str) else json.dumps(output)
    found = check.judged(text, "Traceback\nConnectionError: no such host\n", LOCKED)
    assert len(found) == len(said)
    assert all(line.startswith(start) for line, start in zip(found, said, strict=True))


def test_the_exit_code_is_1_where_anything_failed(monkeypatch, capsys):
    monkeypatch.setattr(check, "audit", lambda lock: ["not audited"] if lock == RUNTIME else [])
    monkeypatch.setattr(check, "bill_of_materials", lambda *_: [])
    assert check.main() == 1
    assert "failed  vulnerabilities in runtime.lock\n        not audited\n" in capsys.readouterr().out
    monkeypatch.setattr(check, "audit", lambda _: [])
    assert check.main() == 0


def test_the_bill_of_materials_is_the_lock(tmp_path):
    assert check.bill_of_materials(RUNTIME, tmp_path / "bill.json") == []
    assert json.loads((tmp_path / "bill.json").read_text())["bomFormat"] == "CycloneDX"
    (tmp_path / "bare.lock").write_text("jinja2==3.1.6\n")
    assert check.bill_of_materials(tmp_path / "bare.lock", tmp_path / "bill.json") == ["no hashes of jinja2"]
