from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from rostersync.sources import sftp
from tests.sources import faults, sshd


@pytest.fixture
def staging(tmp_path: Path) -> Path:
    return tmp_path / "staging"


@pytest.fixture
def delivery_folder(tmp_path: Path) -> Path:
    folder = tmp_path / "oneroster"
    folder.mkdir()
    (folder / "users.csv").write_bytes(b"sourcedId\nS1\n")
    (folder / "classes.csv").write_bytes(b"sourcedId\nC1\n")
    return folder


@pytest.fixture(scope="session")
def openssh_session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sshd.Sshd]:
    with sshd.running(tmp_path_factory.mktemp("sshd")) as server:
        yield server


@pytest.fixture
def openssh(openssh_session: sshd.Sshd) -> sshd.Sshd:
    """The real server, with an empty folder."""
    for left in openssh_session.files.iterdir():
        left.unlink()
    return openssh_session


@pytest.fixture
def faulty(tmp_path: Path) -> Iterator[faults.FaultyServer]:
    """A server that fails on demand, with one good file."""
    with faults.running(tmp_path / "remote") as server:
        (server.folder / "users.csv").write_bytes(b"sourcedId\nS1\n")
        yield server


@pytest.fixture(autouse=True)
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sftp, "FIRST_WAIT", 0.01)


@pytest.fixture(params=[0o022, 0o000, 0o077], ids=oct)
def umask(request: pytest.FixtureRequest) -> Iterator[int]:
    before = os.umask(request.param)
    yield request.param
    os.umask(before)
