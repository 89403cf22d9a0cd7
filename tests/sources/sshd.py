"""A real OpenSSH server on loopback: own host key, the current user, internal-sftp, a free port, key
login."""

from __future__ import annotations

import getpass
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.sources.settings import Source

CONFIGURATION = """
Port {port}
ListenAddress 127.0.0.1
HostKey {folder}/host_key
AuthorizedKeysFile {folder}/authorized_keys
PidFile none
StrictModes no
UsePAM no
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin prohibit-password
LogLevel ERROR
Subsystem sftp internal-sftp
"""


@dataclass(frozen=True)
class Sshd:
    """A running server; `files` is the folder that tests put deliveries into."""

    port: int
    files: Path
    host_key_file: Path
    key_file: Path
    known_hosts: Path

    def source(self, path: str | None = None, **changes: object) -> Source:
        values: dict[str, object] = {
            "kind": "sftp",
            "path": path or str(self.files),
            "host": "127.0.0.1",
            "port": self.port,
            "username": getpass.getuser(),
            "known_hosts": self.known_hosts,
            "key_file": self.key_file,
        }
        return Source(**{**values, **changes})


def program() -> str:
    """The sshd of this machine, or a skip; in CI a missing one is a failure."""
    found = shutil.which("sshd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
    if found:
        return found
    message = "OpenSSH's server is missing: apt-get install openssh-server"
    if os.environ.get("CI"):
        pytest.fail(message)
    pytest.skip(message)


def make_key(path: Path, passphrase: str = "", kind: str = "ed25519") -> Path:
    subprocess.run(["ssh-keygen", "-q", "-t", kind, "-N", passphrase, "-C", "", "-f", str(path)], check=True)
    return path


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running(folder: Path) -> Iterator[Sshd]:
    """Start a server whose keys and files lie in `folder`; stopped when the context ends."""
    sshd = program()
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)  # where a server run by root separates privileges
    host_key = make_key(folder / "host_key")
    key = make_key(folder / "id_district")
    (folder / "authorized_keys").write_text((folder / "id_district.pub").read_text())
    files = folder / "files"
    files.mkdir()
    port = free_port()
    (folder / "sshd_config").write_text(CONFIGURATION.format(port=port, folder=folder))
    known_hosts = folder / "known_hosts"
    known_hosts.write_text(f"[127.0.0.1]:{port} {(folder / 'host_key.pub').read_text()}")
    with subprocess.Popen([sshd, "-D", "-e", "-f", str(folder / "sshd_config")]) as process:
        try:
            _wait_for(port, process)
            yield Sshd(port, files, host_key, key, known_hosts)
        finally:
            process.terminate()


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    for _ in range(100):
        assert process.poll() is None, "sshd ended"
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    pytest.fail("sshd did not start")
