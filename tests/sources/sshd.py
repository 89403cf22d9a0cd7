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

import asyncssh
import pytest

from tests.sources.settings import Source

CONFIGURATION = """
{options}
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


def program(name: str = "sshd") -> str:
    """OpenSSH's program of this machine, or a skip; in CI a missing one is a failure."""
    found = shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
    if found:
        return found
    message = f"OpenSSH's {name} is missing: apt-get install openssh-server"
    if os.environ.get("CI"):
        pytest.fail(message)
    pytest.skip(message)


def make_key(path: Path, passphrase: str | None = None, kind: str = "ssh-ed25519") -> Path:
    """A new key pair: `path`, and `path` with .pub."""
    key = asyncssh.generate_private_key(kind)
    key.write_private_key(path, passphrase=passphrase, rounds=50)  # bcrypt warns below
    path.chmod(0o600)
    key.write_public_key(path.with_suffix(".pub"))
    return path


def ssh_keygen(*arguments: str | Path) -> str:
    """What OpenSSH's own key tool says."""
    command = [program("ssh-keygen"), *map(str, arguments)]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running(folder: Path, options: str = "") -> Iterator[Sshd]:
    """Start a server whose keys and files lie in `folder`; stopped when the context ends.

    Args:
        folder: a fresh one.
        options: lines of sshd_config that go before the others, and so before them in force.
    """
    sshd = program()
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)  # where a server run by root separates privileges
    host_key = make_key(folder / "host_key")
    key = make_key(folder / "id_district")
    (folder / "authorized_keys").write_text((folder / "id_district.pub").read_text())
    files = folder / "files"
    files.mkdir()
    port = free_port()
    (folder / "sshd_config").write_text(CONFIGURATION.format(port=port, folder=folder, options=options))
    known_hosts = folder / "known_hosts"
    known_hosts.write_text(f"[127.0.0.1]:{port} {(folder / 'host_key.pub').read_text()}")
    with subprocess.Popen([sshd, "-D", "-E", str(folder / "log"), "-f", str(folder / "sshd_config")]) as process:
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
