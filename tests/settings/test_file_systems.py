"""A state on a network file system is refused: locks and SQLite's log may fail there."""

from pathlib import Path

import pytest

from rostersync import __main__ as process
from rostersync.errors import ConfigurationError
from rostersync.settings import file_systems, load
from rostersync.settings.file_systems import network_kind

MOUNTS = """\
22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw
30 22 0:40 / /srv/share rw,relatime shared:2 - nfs4 nas.example.org:/share rw,vers=4.2
31 30 254:1 / /srv/share/disk rw - xfs /dev/vdb rw
32 22 0:41 / /mnt/with\\040blank rw - cifs //nas.example.org/share rw
33 22 0:42 / /srv/remote rw - fuse.sshfs sis.example.org: rw
34 22 0:43 / /srv/local rw - fuse.mergerfs a:b rw
35 22 0:44 / /twice rw - nfs nas.example.org:/old rw
36 35 254:2 / /twice rw - ext4 /dev/vdc rw
37 22 0:45 / /mnt/c rw - 9p drvfs rw
"""


@pytest.fixture
def mounts(tmp_path: Path) -> Path:
    path = tmp_path / "mountinfo"
    path.write_text(MOUNTS)
    return path


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/var/lib/rostersync/state.db", None),
        ("/srv/share/district/state.db", "nfs4"),
        ("/srv/shared/state.db", None),
        ("/srv/share/disk/state.db", None),
        ("/mnt/with blank/state.db", "cifs"),
        ("/srv/remote/state.db", "fuse.sshfs"),
        ("/srv/local/state.db", None),
        ("/twice/state.db", None),
        ("/mnt/c/state.db", "9p"),
    ],
)
def test_what_a_path_lies_on(mounts: Path, path: str, kind: str | None):
    assert network_kind(Path(path), mounts) == kind


def test_a_system_that_does_not_say_refuses_nothing(tmp_path: Path):
    assert network_kind(Path("/srv/share/state.db"), tmp_path / "none") is None


def test_this_machine_says_it():
    assert file_systems.MOUNTS.exists() == Path("/proc/self").exists()
    assert network_kind(Path("/proc")) is None


@pytest.fixture
def on_nfs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A district's folder on a network file system."""
    mounts = tmp_path / "mountinfo"
    mounts.write_text(f"{MOUNTS}40 22 0:50 / {tmp_path.resolve()} rw - nfs nas.example.org:/district rw\n")
    monkeypatch.setattr(file_systems, "MOUNTS", mounts)
    (tmp_path / "rostersync.toml").write_text('[district]\nname = "Maple Valley"\n')
    return tmp_path


@pytest.mark.parametrize("arguments", [["init"], ["sync"], ["users", "list"], ["state", "backup"]])
def test_every_command_refuses_such_a_state(on_nfs: Path, capsys: pytest.CaptureFixture[str], arguments: list[str]):
    assert process.run(["--config", str(on_nfs / "rostersync.toml"), *arguments]) == 2
    said = capsys.readouterr().err
    assert "state.db lies on a network file system (nfs)" in said
    assert "state.allow_network_file_system = true" in said
    assert "nothing was changed" in said
    assert said.count("\n") == 1
    assert not (on_nfs / "state.db").exists()


def test_the_setting_lets_it_be(on_nfs: Path):
    file = on_nfs / "rostersync.toml"
    with pytest.raises(ConfigurationError, match="network file system"):
        load(file, {})
    assert load(file, {"ROSTERSYNC_STATE__ALLOW_NETWORK_FILE_SYSTEM": "true"}).state.allow_network_file_system
    file.write_text("[state]\nallow_network_file_system = true\n")
    assert load(file, {}).state.path == on_nfs / "state.db"


def test_reports_may_lie_there(tmp_path: Path, mounts: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(file_systems, "MOUNTS", mounts)
    (tmp_path / "rostersync.toml").write_text('[reports]\npath = "/srv/share/reports"\n')
    assert load(tmp_path / "rostersync.toml", {}).reports.path == Path("/srv/share/reports")
