"""The server's key: what it offers, and what is pinned in the one known_hosts file of the settings.

A pinned key is the only thing that tells the district's server from an impostor; no credential goes to a
server that cannot show it. The file is in OpenSSH's format (sshd(8), SSH_KNOWN_HOSTS FILE FORMAT), hashed
names included; patterns with wildcards and certificate authorities pin nothing here.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from base64 import b64decode, b64encode
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rostersync.errors import ConfigurationError, SourceError
from rostersync.sources.transport import (
    WEAK_ALGORITHMS,
    NetworkError,
    cut_after,
    open_socket,
    quiet_client,
    transport_factory,
)

if TYPE_CHECKING:
    import paramiko

_SSH_PORT = 22


@dataclass(frozen=True)
class HostKey:
    """A server's public key as in a known_hosts line."""

    type: str  # e.g. "ssh-ed25519"
    base64: str

    @property
    def fingerprint_sha256(self) -> str:
        """As OpenSSH shows it: `SHA256:` and base64 without padding."""
        digest = hashlib.sha256(b64decode(self.base64)).digest()
        return "SHA256:" + b64encode(digest).decode().rstrip("=")


def known_name(host: str, port: int) -> str:
    """How a server is called in known_hosts: `host`, or `[host]:port` for any port but 22."""
    return host.lower() if port == _SSH_PORT else f"[{host.lower()}]:{port}"


def as_host_key(key: paramiko.PKey) -> HostKey:
    """The library's key as a value."""
    return HostKey(key.get_name(), b64encode(key.asbytes()).decode())


def pinned(known_hosts: Path, host: str, port: int) -> tuple[HostKey, ...]:
    """The keys pinned for a server, in the order of the file; empty where there is no such file or line.

    Raises:
        SourceError: the file cannot be read or understood.
    """
    import paramiko
    from paramiko.hostkeys import InvalidHostKey

    if not known_hosts.exists():
        return ()
    try:
        found = paramiko.HostKeys(known_hosts).lookup(known_name(host, port))
    except (InvalidHostKey, OSError, ValueError, paramiko.SSHException) as error:
        raise SourceError(
            f"{known_hosts} cannot be read as a known_hosts file; no connection was made. Move it away and "
            f"run `rostersync trust-host`."
        ) from error
    return tuple(as_host_key(key) for key in found.values()) if found else ()


def offered_key(host: str, port: int, timeout: float) -> HostKey:
    """The key that the server shows; only keys are exchanged, no credential is sent.

    Raises:
        SourceError: it cannot be reached, or is no SSH server that speaks safe algorithms.
    """
    import paramiko

    class Seen(Exception):  # no error: the way out of a connection that has shown what we want
        def __init__(self, key: paramiko.PKey) -> None:
            self.key = key

    class LookOnly(paramiko.MissingHostKeyPolicy):
        def missing_host_key(self, _client: paramiko.SSHClient, _hostname: str, key: paramiko.PKey) -> None:
            raise Seen(key)

    where = f"{host}:{port}"
    with open_socket(host, port, timeout) as connection, quiet_client() as client:
        client.set_missing_host_key_policy(LookOnly())
        with cut_after(connection, 3 * timeout, where):
            try:
                client.connect(
                    host.lower(),
                    port,
                    username="nobody",
                    sock=connection,
                    timeout=timeout,
                    banner_timeout=timeout,
                    auth_timeout=timeout,
                    channel_timeout=timeout,
                    allow_agent=False,
                    look_for_keys=False,
                    disabled_algorithms=WEAK_ALGORITHMS,
                    transport_factory=transport_factory(()),
                )
            except Seen as seen:
                return as_host_key(seen.key)
            except (paramiko.SSHException, OSError, EOFError) as error:
                raise no_handshake(where, error) from error
    raise SourceError(f"{where} showed no host key; nothing was changed.")


def no_handshake(where: str, error: Exception) -> SourceError:
    """What to say when a connection ended before the server had shown its key."""
    import paramiko

    if isinstance(error, paramiko.ssh_exception.IncompatiblePeer):
        return SourceError(
            f"{where} offers no safe algorithm ({error}); nothing was changed. Have the server updated: "
            f"AES-GCM or AES-CTR, SHA-2."
        )
    return NetworkError(
        f"{where} did not answer as an SSH server does ({str(error) or 'the connection was dropped'}); "
        f"nothing was changed. Check source.host and source.port."
    )


def pin(known_hosts: Path, host: str, port: int, key: HostKey) -> None:
    """Make `key` the only one pinned for a server; other servers' lines and comments stay as they are.

    The file is written beside the old one (0600) and put in its place in one step.

    Raises:
        ConfigurationError: it cannot be written.
    """
    name = known_name(host, port)
    try:
        lines = known_hosts.read_text(encoding="utf-8").splitlines() if known_hosts.exists() else []
        kept = [rest for line in lines if (rest := _without(line, name)) is not None]
        _replace(known_hosts, [*kept, f"{name} {key.type} {key.base64}"])
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(
            f"The host key cannot be written to {known_hosts} ({error}); it stays as it was."
        ) from error


def _without(line: str, name: str) -> str | None:
    """A line of known_hosts that does not name this server any more; None where nothing is left of it."""
    fields = line.split(maxsplit=1)
    if len(fields) < 2 or line.startswith(("#", "@")):
        return line
    names = fields[0].split(",")
    others = [other for other in names if not _is_name(other, name)]
    if len(others) == len(names):
        return line
    return f"{','.join(others)} {fields[1]}" if others else None


def _is_name(written: str, name: str) -> bool:
    """Whether a name in the file, plain or hashed, is this server's."""
    import paramiko

    if not written.startswith("|1|"):
        return written.lower() == name
    try:
        return paramiko.HostKeys.hash_host(name, written) == written
    except (ValueError, IndexError, AssertionError):
        return False  # no hash that anybody can have written


def _replace(path: Path, lines: list[str]) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor, written = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)  # 0600, whatever the umask
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="\n") as stream:
            stream.write("".join(f"{line}\n" for line in lines))
            stream.flush()
            os.fsync(stream.fileno())
        Path(written).replace(path)
    except BaseException:
        Path(written).unlink(missing_ok=True)
        raise
