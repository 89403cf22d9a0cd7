"""Hostile text from the SIS or from a person, from the file to the terminal and the reports."""

from __future__ import annotations

import csv
import json
import re
import shutil
import subprocess
import sys

import pytest

from tests.cli.conftest import clean_environment
from tests.cli.test_forget import changed, rewrite
from tests.inside import call, done

STEERING = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]")
FORMULAS = ("=1+1", "+SUM(A1)", "-2+3", "@SUM(1)", '=HYPERLINK("http://x")', "\uff1d1")
HOSTILE = {
    "s0000001": {"givenName": "\x1b[2J\x1b]0;owned\x07Ann", "familyName": "\u202enosirroM"},
    "s0000002": {"givenName": "\x9b31mRed", "familyName": "Mc\u2066Neil\u2069", "identifier": "=cmd|' /C calc'!A0"},
    "s0000003": {"givenName": FORMULAS[0], "familyName": FORMULAS[1]},
    "s0000004": {"givenName": FORMULAS[2], "familyName": FORMULAS[3]},
    "s0000005": {"givenName": FORMULAS[4], "familyName": FORMULAS[5]},
    "s0000006": {"givenName": "<script>alert(1)</script>", "familyName": "Robert'); DROP TABLE users;--"},
    "s0000007": {"givenName": "{{7*7}}", "familyName": "{% for x in y %}$(id)`id`"},
    "s0000008": {"givenName": "A\r\nlevel=error event=owned", "familyName": "x" * 5000},
    "s0000009": {"email": "\u0430nn@school.example.org", "givenName": "Twin"},  # a Cyrillic a
    "s0000010": {"email": "ann@school.example.org", "givenName": "Twin"},
    "s0000011": {"email": "\uff41nn\uff20school.example.org", "givenName": "Twin"},  # wide letters: the same address
}


@pytest.fixture(scope="module")
def hostile_once(made_once, tmp_path_factory):
    folder = tmp_path_factory.mktemp("hostile")
    shutil.copytree(made_once, folder, dirs_exist_ok=True)
    rewrite(folder / "oneroster", "users.csv", changed(HOSTILE))
    said = done(folder, "sync")
    assert not STEERING.search(said.out + said.err)
    done(folder, "users", "edit", "s0000012", "--given-name", "\x1b[31mE\u202ddit\x9b", "--by", "manager")
    return folder


@pytest.mark.parametrize("chosen", ["table", "csv", "json"])
def test_a_listing_steers_no_terminal(hostile_once, chosen):
    for command in (("users", "list"), ("users", "show", "s0000012"), ("explain", "s0000001"), ("runs", "list")):
        said = done(hostile_once, *command, "--format", chosen).out
        assert not STEERING.search(said), command
    listed = json.loads(done(hostile_once, "users", "list", "--format", "json").out)
    assert len([row for row in listed if row["id"].startswith("s00000")]) > 40, "nobody was lost"
    assert {row["given_name"] for row in listed if row["id"] == "s0000012"} == {"[31mEdit"}, "edited by hand"


def test_every_report_stays_inert(hostile_once):
    (report,) = [path for path in (hostile_once / "reports").iterdir() if path.is_dir()]
    for file in report.glob("*.csv"):
        for row in csv.reader(file.open(encoding="utf-8-sig", newline="")):
            assert not any(re.match(r"\s*[=+\-@\uff1d]|\t|\r", cell) for cell in row), file.name
    page = (report / "report.html").read_text()
    assert "<script>alert" not in page
    assert not STEERING.search(page)
    assert "49" not in {cell.strip() for cell in re.findall(r"<td[^>]*>([^<]*)</td>", page)}


def test_look_alike_addresses_are_two_and_wide_letters_are_one(hostile_once):
    listed = {row["id"]: row for row in json.loads(done(hostile_once, "users", "list", "--format", "json").out)}
    assert listed["s0000009"]["email"] == "\u0430nn@school.example.org"
    assert listed["s0000010"]["email"] == "ann@school.example.org"
    assert listed["s0000011"]["email"] is None, "wide letters are the same address, and somebody has it"
    assert len({listed[f"s00000{number}"]["account_id"] for number in ("09", "10", "11")}) == 3


def test_no_argument_forges_a_line_of_the_log(hostile_once):
    for arguments in (
        ("users", "show", "no\nlevel=error event=owned\x1b[2J"),
        ("explain", "no\u2028body"),
        ("-c", "no\rsuch", "sync"),
        ("sync", "--source", "no\nsuch"),
        ("users", "show", "nobody\n"),
        ("users", "show", "nobody\x1b[2J"),
    ):
        said = call(hostile_once, *arguments)
        assert said.code == 2
        assert said.err.startswith("rostersync: error: ")
        assert said.err.count("\n") == 1
        assert not STEERING.search(said.err.removesuffix("\n"))


def validated(folder, options=()):
    """`validate` as a process of its own: exit code, what it said, its peak memory in MiB."""
    code = (
        "import resource, subprocess, sys; "
        "done = subprocess.run([sys.executable, '-m', 'rostersync', *sys.argv[1:]], capture_output=True, text=True); "
        "peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024; print(done.returncode, peak); "
        "print(done.stderr, end='')"
    )
    found = subprocess.run(
        [sys.executable, "-c", code, "validate", folder, *options],
        env=clean_environment(),
        capture_output=True,
        text=True,
        check=True,
        timeout=300,
    ).stdout
    numbers, _, said = found.partition("\n")
    exit_code, peak = map(int, numbers.split())
    return exit_code, said, peak


@pytest.mark.long
@pytest.mark.parametrize(
    "content", [b"x" * 100_000_000, b'"' + (b"x" * 80 + b"\n") * 1_200_000], ids=["a line", "an open quote"]
)
def test_a_hundred_megabytes_in_one_line_or_cell_are_refused_in_little_memory(made_once, home, content):
    shutil.copytree(made_once, home, dirs_exist_ok=True)
    with (home / "oneroster" / "users.csv").open("ab") as users:
        users.write(content)
    exit_code, said, peak = validated(home / "oneroster")
    assert exit_code == 4
    assert len(said.splitlines()) == 1
    assert "users.csv line " in said
    assert peak < 1_500, "the file itself, decoded once, and no more"


def test_ten_thousand_columns_are_read(made_once, home):
    shutil.copytree(made_once, home, dirs_exist_ok=True)
    orgs = home / "oneroster" / "orgs.csv"
    lines = orgs.read_text(encoding="utf-8").splitlines()
    more = ["," + ",".join(f"extra{number}" for number in range(10_000)), *["," * 10_000] * (len(lines) - 1)]
    orgs.write_text("".join(f"{line}{extra}\n" for line, extra in zip(lines, more, strict=True)), encoding="utf-8")
    said = done(home, "validate", "oneroster", "--format", "json")
    assert not [finding for finding in json.loads(said.out) if finding["severity"] == "error"]


@pytest.mark.parametrize(("encoding", "code"), [("auto", 0), ("utf-8", 4)])
def test_a_lone_surrogate_is_no_utf_8(made_once, home, encoding, code):
    """Read as windows-1252 it is three odd letters, with a warning; where UTF-8 is demanded it is refused."""
    shutil.copytree(made_once, home, dirs_exist_ok=True)
    orgs = home / "oneroster" / "orgs.csv"
    orgs.write_bytes(orgs.read_bytes().replace(b"School", b"Sch\xed\xa0\x80ol", 1))
    settings = (home / "rostersync.toml").read_text().replace('encoding = "auto"', f'encoding = "{encoding}"')
    (home / "rostersync.toml").write_text(settings)
    said = done(home, "--quiet", "sync", "--dry-run", code=code)
    assert ("is not UTF-8" in said.err) == (code == 4)
