"""Measure the download of one large file from an OpenSSH server on this machine, beside OpenSSH's own sftp.

python -m benchmarks.download [--megabytes 500] [--rounds 3]

The server is made for it, on loopback, with keys of its own; it needs `openssh-server`. Both use the same cipher, take
turns, and are whole processes. What is downloaded here is also digested, and the server is asked before and after
whether the file is still the same.
"""

from __future__ import annotations

import argparse
import getpass
import os
import sys
import tempfile
from pathlib import Path
from statistics import median

from benchmarks.measure import Measurement, measure
from benchmarks.run import DISTRICT, PROJECT
from tests.sources.sshd import Sshd, running

CIPHER = "aes128-gcm@openssh.com"
SETTINGS = """\
[source]
kind = "sftp"
host = "127.0.0.1"
port = {port}
username = "{user}"
path = "{files}"
known_hosts = "{known_hosts}"
key_file = "{key}"
"""
_MEGABYTE = 1024**2


def settings_for(server: Sshd) -> str:
    """Settings whose source is this server."""
    return DISTRICT + SETTINGS.format(
        port=server.port,
        user=getpass.getuser(),
        files=server.files.as_posix(),
        known_hosts=server.known_hosts.as_posix(),
        key=server.key_file.as_posix(),
    )


def of_sftp(server: Sshd, folder: Path) -> Measurement:
    """What OpenSSH's own program takes for the file."""
    options = [f"UserKnownHostsFile={server.known_hosts}", f"Ciphers={CIPHER}", "BatchMode=yes"]
    command = ["sftp", "-q", "-i", str(server.key_file), "-P", str(server.port)]
    command += [word for option in options for word in ("-o", option)]
    command += [f"{getpass.getuser()}@127.0.0.1:{server.files}/users.csv", str(folder / "users.csv")]
    return measure(command, folder)


def of_rostersync(folder: Path) -> Measurement:
    """What a process takes that fetches the source of the settings in a folder."""
    command = [sys.executable, "-m", "benchmarks.download", "--fetch", str(folder)]
    return measure(command, PROJECT)


def fetch(folder: Path) -> None:
    """Fetch the source of the settings in a folder, and nothing else."""
    from rostersync import settings, sources

    found = settings.load(folder / "rostersync.toml", os.environ)
    with sources.fetch(found.source, staging=folder / "staging"):
        pass


def main() -> None:
    """Run the benchmark, or one fetch for it."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.download", description=__doc__.splitlines()[0])
    parser.add_argument("--megabytes", type=int, default=500)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--fetch", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.fetch:
        fetch(arguments.fetch)
        return
    with tempfile.TemporaryDirectory(prefix="rostersync-benchmark-") as name, running(Path(name)) as server:
        folder = Path(name)
        (folder / "rostersync.toml").write_text(settings_for(server), encoding="utf-8")
        with (server.files / "users.csv").open("wb") as file:
            for _ in range(arguments.megabytes):
                file.write(os.urandom(_MEGABYTE))
        rounds = [(of_sftp(server, folder), of_rostersync(folder)) for _ in range(arguments.rounds)]
    for told, at in (("OpenSSH's sftp", 0), ("rostersync", 1)):
        seconds = median(each[at].seconds for each in rounds)
        peak = max(each[at].mebibytes for each in rounds)
        print(f"  {told:<16}{seconds:>8.2f} s{arguments.megabytes / seconds:>8.0f} MiB/s{peak:>8.0f} MiB in memory")
    ratio = median(theirs.seconds / ours.seconds for theirs, ours in rounds)
    print(f"  throughput of rostersync: {ratio:.2f} times that of OpenSSH's sftp (median of {len(rounds)} rounds)")


if __name__ == "__main__":
    main()
