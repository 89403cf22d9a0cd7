"""`validate` from outside: without settings, without state (contract.md, Commands)."""

import csv
import io
import json
import zipfile

import pytest

from rostersync.model.findings import FINDING_COLUMNS


@pytest.fixture
def files(made_once, home):
    """A sound delivery in `home/oneroster`, and nothing else there."""
    folder = home / "oneroster"
    folder.mkdir()
    for file in (made_once / "oneroster").iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    return folder


def edit(file, change):
    """Rewrites the first row of a CSV."""
    with file.open(encoding="utf-8", newline="") as lines:
        head, first, *rest = csv.reader(lines)
    row = dict(zip(head, first, strict=True))
    change(row)
    with file.open("w", encoding="utf-8", newline="") as lines:
        csv.writer(lines).writerows([head, list(row.values()), *rest])


def found(run, *arguments):
    return json.loads(run("validate", "oneroster", "--format", "json", *arguments).stdout)


def test_a_sound_set_has_no_errors_and_leaves_nothing_behind(run, files, home):
    done = run("validate", "oneroster", "--format", "json")
    assert [row for row in json.loads(done.stdout) if row["severity"] == "error"] == []
    assert done.stderr.startswith("oneroster: errors: 0, warnings: ")
    assert list(home.iterdir()) == [files]


def test_errors_are_listed_with_file_and_line_and_exit_0(run, files):
    edit(files / "users.csv", lambda row: row.update(role="pupil"))
    (row,) = [row for row in found(run) if row["severity"] == "error" and row["file"] == "users.csv"]
    assert tuple(row) == FINDING_COLUMNS
    assert (row["line"], row["column"], row["value"]) == (2, "role", "pupil")
    assert "errors: 1, " in run("validate", "oneroster").stderr


def test_csv_and_table_have_the_columns_of_the_issues(run, files):
    edit(files / "users.csv", lambda row: row.update(role="pupil"))
    text = run("validate", "oneroster", "--format", "csv").stdout
    assert tuple(next(csv.reader(io.StringIO(text, newline="")))) == FINDING_COLUMNS
    assert tuple(run("validate", "oneroster").stdout.splitlines()[0].split()) == FINDING_COLUMNS


def test_a_zip_is_read_too(run, files, home):
    with zipfile.ZipFile(home / "oneroster.zip", "w") as archive:
        for file in files.iterdir():
            archive.write(file, file.name)
    assert run("validate", "oneroster.zip").stderr.startswith("oneroster.zip: errors: 0,")


def test_strict_finds_more(run, files):
    with (files / "users.csv").open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    kept = [name for name in rows[0] if name != "username"]
    with (files / "users.csv").open("w", encoding="utf-8", newline="") as lines:
        writer = csv.DictWriter(lines, kept, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)
    assert [row for row in found(run) if row["severity"] == "error"] == []
    assert [row for row in found(run, "--strict") if row["severity"] == "error"] != []


def test_the_region_is_that_of_the_call_then_of_the_settings_then_the_us(run, files, home):
    edit(files / "users.csv", lambda row: row.update(sms="030 901820", phone=""))

    def invalid(*arguments):
        return [row for row in found(run, *arguments) if row["code"] == "INVALID_PHONE"]

    assert invalid()
    assert not invalid("--region", "DE")
    (home / "rostersync.toml").write_text('[district]\nregion = "DE"\n', encoding="utf-8")
    assert not invalid()
    assert invalid("--region", "US")


def test_settings_that_happen_to_lie_there_may_be_wrong_but_not_named_ones(run, files, home):
    (home / "rostersync.toml").write_text("[polcy]\n", encoding="utf-8")
    assert "the settings are not used" in run("validate", "oneroster").stderr
    assert "polcy" in run("-c", "rostersync.toml", "validate", "oneroster", code=2).stderr


def test_an_unknown_region_is_exit_2(run, files):
    assert (
        '--region: "XX" is no two-letter country code' in run("validate", "oneroster", "--region", "XX", code=2).stderr
    )


def test_nothing_there_is_exit_3(run, home):
    (home / "empty").mkdir()
    assert "nowhere" in run("validate", "nowhere", code=3).stderr
    assert "empty" in run("validate", "empty", code=3).stderr


@pytest.mark.parametrize("content", [b"sourcedId,role\r\n", b'sourcedId,role\r\n"x', b"\x00\x01\x02"])
def test_a_set_that_a_sync_would_refuse_is_exit_4(run, files, content):
    (files / "users.csv").write_bytes(content)
    done = run("validate", "oneroster", code=4)
    assert done.stderr.startswith("rostersync: error: ")
    assert "users.csv" in done.stderr
