"""OpenSSH's server for the demo: this machine alone, keys of its own, SFTP and nothing else."""

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

MISSING = "make demo-sftp needs OpenSSH's server: apt-get install openssh-server (or your system's way)."
PLACES = ("/usr/sbin", "/usr/local/sbin", "/usr/lib/openssh", "/opt/homebrew/sbin")
SETTINGS = """\
ListenAddress 127.0.0.1
Port {port}
HostKey "{host_key}"
AuthorizedKeysFile "{authorized}"
AuthenticationMethods publickey
AllowUsers {user}
UsePAM no
StrictModes no
PidFile none
Subsystem sftp internal-sftp
ForceCommand internal-sftp -R
DisableForwarding yes
"""
TRIES = 5
WAIT = 10.0
"""Seconds until the server must answer."""


@dataclass(frozen=True)
class Server:
    """How to reach it."""

    port: int
    username: str
    client_key: Path


def find_sshd() -> str | None:
    """Give the path of sshd, which must be absolute, or None where it or ssh-keygen is missing."""
    path = os.pathsep.join([os.environ.get("PATH", ""), *PLACES])
    return shutil.which("sshd", path=path) if _keygen() else None


def _keygen() -> str:
    return shutil.which("ssh-keygen") or ""


@contextmanager
def serve(sshd: str, folder: Path) -> Iterator[Server]:
    """Run sshd until the block ends; keys, settings and log lie in the folder."""
    folder.mkdir(mode=0o700)
    host_key, client_key = folder / "host_key", folder / "client_key"
    for key in (host_key, client_key):
        command = [_keygen(), "-q", "-t", "ed25519", "-N", "", "-C", "demo", "-f", str(key)]
        subprocess.run(command, check=True)  # noqa: S603 - ours
    shutil.copyfile(client_key.with_suffix(".pub"), folder / "authorized_keys")
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)  # sshd wants this folder when root starts it
    with (folder / "sshd.log").open("wb") as log:
        process, port = _start(sshd, folder, host_key, log.fileno())
        try:
            yield Server(port, getpass.getuser(), client_key)
        finally:
            process.terminate()
            process.wait()


def _start(sshd: str, folder: Path, host_key: Path, log: int) -> tuple[subprocess.Popen[bytes], int]:
    """Start it on a free port; another one where somebody else was faster."""
    for _ in range(TRIES):
        port = _free_port()
        settings = folder / "sshd_config"
        authorized = str(folder / "authorized_keys").replace("%", "%%")
        user = getpass.getuser()
        settings.write_text(SETTINGS.format(port=port, host_key=host_key, authorized=authorized, user=user))
        command = [sshd, "-D", "-e", "-f", str(settings)]
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=log)  # noqa: S603 - ours
        if _answers(process, port):
            return process, port
        process.terminate()
        process.wait()
    raise SystemExit(f"sshd does not start; see {folder / 'sshd.log'}.")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _answers(process: subprocess.Popen[bytes], port: int) -> bool:
    until = time.monotonic() + WAIT
    while process.poll() is None and time.monotonic() < until:
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=1) as connection:
                return connection.recv(4) == b"SSH-"
        except OSError:
            time.sleep(0.05)
    return False
