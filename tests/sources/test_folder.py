"""Files from a folder, and the privacy of the copies."""

from __future__ import annotations

import hashlib
import os
import stat
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from rostersync.errors import ConfigurationError, ImportRefused, SourceError
from rostersync.sources import fetch, fetch_path
from tests.sources.settings import Source


class Watcher:
    """Progress that remembers; what it does at the first bytes of a file is up to the test."""

    def __init__(self, at_first_bytes=lambda: None):
        self.seen = []
        self._at_first_bytes = at_first_bytes

    def start(self, name, total_bytes):
        self.seen.append([name, total_bytes, 0, "begun"])

    def advance(self, n_bytes):
        self.seen[-1][2] += n_bytes
        self._at_first_bytes()

    def done(self):
        self.seen[-1][3] = "done"


def test_a_folder_gives_private_copies_with_size_digest_and_time(delivery_folder, staging):
    os.utime(delivery_folder / "users.csv", (1_790_000_000, 1_790_000_000))
    with fetch(Source("folder", str(delivery_folder)), staging=staging) as delivery:
        assert delivery.source == str(delivery_folder)
        assert [file.name for file in delivery.files] == ["classes.csv", "users.csv"]
        users = delivery.files[1]
        assert users.path.read_bytes() == b"sourcedId\nS1\n"
        assert users.size == 13
        assert users.digest == hashlib.sha256(b"sourcedId\nS1\n").hexdigest()
        assert users.modified == datetime.fromtimestamp(1_790_000_000, UTC)
        assert users.path.parent == delivery.folder
        assert delivery.folder.parent == staging


def test_the_staging_is_gone_after_the_run_and_after_an_error(delivery_folder, staging):
    with fetch_path(delivery_folder, staging=staging) as delivery:
        assert delivery.folder.is_dir()
    assert list(staging.iterdir()) == []
    with pytest.raises(RuntimeError, match="a bug"), fetch_path(delivery_folder, staging=staging):
        raise RuntimeError("a bug")
    assert list(staging.iterdir()) == []


def test_the_copies_are_the_owners_alone_whatever_the_umask(delivery_folder, staging, umask):
    with fetch_path(delivery_folder, staging=staging) as delivery:
        modes = {stat.S_IMODE(path.stat().st_mode) for path in delivery.folder.iterdir()}
        assert modes == {0o600}
        assert stat.S_IMODE(delivery.folder.stat().st_mode) == 0o700
        assert stat.S_IMODE(staging.stat().st_mode) == 0o700


def test_leftovers_of_killed_runs_are_swept_after_a_day(delivery_folder, staging):
    for name, hours in (("delivery-old", 25), ("delivery-new", 23), ("something else", 25)):
        (staging / name).mkdir(parents=True)
        (staging / name / "01.csv").write_bytes(b"x")
        os.utime(staging / name, (time.time() - hours * 3600,) * 2)
    with fetch_path(delivery_folder, staging=staging):
        pass
    assert sorted(path.name for path in staging.iterdir()) == ["delivery-new", "something else"]


def test_names_are_kept_and_sorted_without_case(tmp_path, staging):
    for name in ("Users.CSV", "classes.csv", "Orgs.csv", "enrollments.Csv"):
        (tmp_path / name).write_bytes(b"a\n")
    with fetch_path(tmp_path, staging=staging) as delivery:
        assert [file.name for file in delivery.files] == [
            "classes.csv",
            "enrollments.Csv",
            "Orgs.csv",
            "Users.CSV",
        ]


def test_unfinished_hidden_and_other_files_are_ignored(delivery_folder, staging):
    for name in (
        ".users.csv",
        "users.csv.part",
        "a.filepart",
        "a.csv.tmp",
        "a.incomplete",
        "~$users.csv",
        "x.txt",
    ):
        (delivery_folder / name).write_bytes(b"a\n")
    (delivery_folder / "old.csv").mkdir()
    with fetch_path(delivery_folder, staging=staging) as delivery:
        assert [file.name for file in delivery.files] == ["classes.csv", "users.csv"]


def test_progress_hears_of_every_file(delivery_folder, staging):
    watcher = Watcher()
    with fetch_path(delivery_folder, staging=staging, progress=watcher):
        pass
    assert watcher.seen == [["classes.csv", 13, 13, "done"], ["users.csv", 13, 13, "done"]]


@pytest.mark.parametrize(
    "change",
    [
        lambda folder: (folder / "classes.csv").write_bytes(b"sourcedId\nC1\nC2\n"),
        lambda folder: (folder / "classes.csv").write_bytes(b""),
        lambda folder: _other(folder).replace(folder / "classes.csv"),
        lambda folder: os.utime(folder / "classes.csv", (1, 1)),
        lambda folder: (folder / "users.csv").write_bytes(b"sourcedId\nS2\n"),
        lambda folder: (folder / "orgs.csv").write_bytes(b"a\n"),
        lambda folder: (folder / "users.csv").rename(folder / "people.csv"),
    ],
    ids=["grows", "is emptied", "is replaced", "is touched", "the next one changes", "one comes", "one goes"],
)
def test_files_that_change_while_they_are_read_refuse_the_import(delivery_folder, staging, change):
    watcher = Watcher(lambda: len(watcher.seen) == 1 and change(delivery_folder))
    with (
        pytest.raises((ImportRefused, SourceError)) as caught,
        fetch_path(delivery_folder, staging=staging, progress=watcher),
    ):
        pass
    assert "\n" not in str(caught.value)
    assert list(staging.iterdir()) == []


def _other(folder: Path) -> Path:
    other = folder / "other"
    other.write_bytes(b"sourcedId\nC1\n")
    return other


def test_a_missing_or_empty_folder_is_a_source_that_is_not_there(tmp_path, staging):
    (tmp_path / "empty").mkdir()
    (tmp_path / "a file").write_bytes(b"")
    for path, said in (("missing", "does not exist"), ("empty", "no CSV files"), ("a file", "not a folder")):
        with (
            pytest.raises(SourceError, match=said) as caught,
            fetch(Source("folder", str(tmp_path / path)), staging=staging),
        ):
            pass
        assert caught.value.exit_code == 3
        assert str(tmp_path / path) in str(caught.value)


def test_files_one_folder_deeper_are_pointed_at(tmp_path, staging):
    (tmp_path / "export").mkdir()
    (tmp_path / "export" / "users.csv").write_bytes(b"a\n")
    with (
        pytest.raises(SourceError, match="Its folder export has some"),
        fetch_path(tmp_path, staging=staging),
    ):
        pass


def test_links_are_followed_inside_the_folder_only(delivery_folder, staging):
    (delivery_folder / "tonight").mkdir()
    (delivery_folder / "tonight" / "orgs.csv").write_bytes(b"orgs\n")
    (delivery_folder / "orgs.csv").symlink_to("tonight/orgs.csv")
    with fetch_path(delivery_folder, staging=staging) as delivery:
        assert [file.name for file in delivery.files] == ["classes.csv", "orgs.csv", "users.csv"]
    (delivery_folder / "orgs.csv").unlink()
    (delivery_folder / "orgs.csv").symlink_to("/etc/hostname")
    with (
        pytest.raises(ImportRefused, match="leads out of the folder"),
        fetch_path(delivery_folder, staging=staging),
    ):
        pass


def test_a_pipe_is_not_waited_for(delivery_folder, staging):
    os.mkfifo(delivery_folder / "orgs.csv")
    with pytest.raises(SourceError, match="not a regular file"), fetch_path(delivery_folder, staging=staging):
        pass


def test_twins_by_case_refuse_the_import(delivery_folder, staging):
    (delivery_folder / "Users.csv").write_bytes(b"a\n")
    if len(list(delivery_folder.iterdir())) == 2:
        pytest.skip("this file system knows no case")
    with pytest.raises(ImportRefused, match="twice"), fetch_path(delivery_folder, staging=staging):
        pass


def test_more_than_64_files_refuse_the_import(tmp_path, staging):
    for number in range(65):
        (tmp_path / f"{number}.csv").write_bytes(b"a\n")
    with pytest.raises(ImportRefused, match="more than 64"), fetch_path(tmp_path, staging=staging):
        pass


def test_a_name_with_control_characters_is_refused_and_shown_on_one_line(tmp_path, staging):
    (tmp_path / "users\n\x1b[2J.csv").write_bytes(b"a\n")
    with pytest.raises(ImportRefused) as caught, fetch_path(tmp_path, staging=staging):
        pass
    assert str(caught.value).isprintable()


def test_a_staging_folder_that_cannot_be_written_is_a_matter_of_configuration(delivery_folder, tmp_path):
    (tmp_path / "file").write_bytes(b"")
    with (
        pytest.raises(ConfigurationError, match="staging folder") as caught,
        fetch_path(delivery_folder, staging=tmp_path / "file" / "staging"),
    ):
        pass
    assert caught.value.exit_code == 2


def test_an_unknown_kind_is_a_matter_of_configuration(staging):
    with pytest.raises(ConfigurationError, match="'ftp'"), fetch(Source("ftp", "/x"), staging=staging):
        pass


def test_importing_the_sources_imports_no_paramiko_and_no_tenacity():
    program = (
        "import sys, rostersync.sources, rostersync.sources.check;print({'paramiko', 'tenacity'} & set(sys.modules))"
    )
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert said.strip() == "set()"
