"""docs/explain.md: its examples are what the command says of the sample district, its columns those of the command."""

import csv
import re
import shutil
import subprocess
import sys

import pytest

from rostersync.explaining import COLUMNS
from tests.cli.conftest import TIMEOUT, clean_environment
from tests.docs.pages import PROJECT, table_rows, text_of

PAGE = text_of("docs/explain.md")
EXAMPLES = PROJECT / "examples"
SHOWN = re.findall(r"^<!-- tested: (\S+) after night (\d) -->\n```text\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
RUNS = {"1": "20261121T213000Z", "2": "20261122T213000Z"}
"""As the page calls the runs of the two nights."""


def rostersync(folder, *arguments):
    return subprocess.run(
        [sys.executable, "-m", "rostersync", *arguments],
        cwd=folder,
        env=clean_environment(),
        capture_output=True,
        check=True,
        timeout=TIMEOUT,
    ).stdout.decode()


@pytest.fixture(scope="module")
def said(tmp_path_factory):
    """(id, night) -> what the command says, with the page's names for the runs."""
    folder = tmp_path_factory.mktemp("sample")
    shutil.copyfile(EXAMPLES / "rostersync.toml", folder / "rostersync.toml")
    rostersync(folder, "init")
    found, runs = {}, {}
    for night in ("1", "2"):
        rostersync(folder, "--quiet", "sync", "--source", str(EXAMPLES / "nights" / night))
        (latest, *_) = csv.DictReader(rostersync(folder, "runs", "list", "--format", "csv").splitlines())
        runs[latest["run_id"]] = RUNS[night]
        for record, after, _ in SHOWN:
            if after == night:
                text = rostersync(folder, "explain", record)
                found[record, night] = re.sub(r"\d{8}T\d{6}Z", lambda run: runs[run[0]], text)
        rostersync(folder, "users", "accept", "--from-file", str(EXAMPLES / "accepted.csv"))
    return found


@pytest.mark.parametrize(("record", "night", "text"), SHOWN, ids=[record for record, _, _ in SHOWN])
def test_what_is_shown_is_what_the_command_says(said, record, night, text):
    assert text.rstrip("\n") in said[record, night]


def test_every_column_is_explained():
    rows = table_rows(PAGE.partition("| column of csv and json |")[2].partition("\n\n")[0])
    told = [name for cells in rows[1:] for name in re.findall(r"`(\w+)`", cells[0])]
    assert set(told) == {"kind", "id", *COLUMNS}
    assert len(SHOWN) == 2
