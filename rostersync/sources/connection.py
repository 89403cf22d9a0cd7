"""A trusted, logged-in SFTP connection: host key first, then the credential, then files.

Nothing is read but what the settings name: no agent, no keys or known_hosts of the user or the system.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from socket import socket
from typing import TYPE_CHECKING

from rostersync.errors import ConfigurationError, SourceError
from rostersync.settings.secrets import changeable
from rostersync.sources.host_keys import HostKey, as_host_key, no_handshake, pinned
from rostersync.sources.interface import SourceSettings
from rostersync.sources.remote_files import RemoteFiles
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


class HostKeyError(SourceError):
    """The server is unknown, or shows another key than the pinned one. No credential was sent."""


class LoginError(SourceError):
    """The server does not take the credential, or there is none to give. It was tried once."""


class Connection:
    """A connection on which files can be read."""

    def __init__(self, files: RemoteFiles, where: str, host_key: HostKey, connection: socket) -> None:
        self.files = files
        self.where = where  # host:port, for people
        self.host_key = host_key  # the one that the server has shown
        self._socket = connection

    def within(self, seconds: float) -> AbstractContextManager[None]:
        """Bounds the time of a block; raises NetworkError when it takes longer."""
        return cut_after(self._socket, seconds, self.where)


@contextmanager
def connected(source: SourceSettings) -> Iterator[Connection]:
    """Connect, check the host key against the pinned one, log in; closed when the context ends.

    Raises:
        ConfigurationError: host, username or any credential is missing in the settings.
        HostKeyError: no key is pinned for this server, or it shows another one.
        LoginError: the credential cannot be used or is not taken.
        NetworkError: not reachable, dropped, silent: worth another try.
        SourceError: any other answer that ends the night.
    """
    host, username = _addressee(source)
    where = f"{host}:{source.port}"
    keys = trusted_keys(source)
    private_key = _private_key(source)
    with open_socket(host, source.port, source.timeout) as connection, quiet_client() as client:
        # Key exchange, log-in and the sftp channel: each has its own timeout, this bounds a server that
        # dawdles.
        with cut_after(connection, 5 * source.timeout, where):
            transport = _log_in(client, connection, source, host, username, private_key, keys)
            files = RemoteFiles(_sftp_channel(transport, source.timeout, where), where)
        yield Connection(files, where, as_host_key(transport.get_remote_server_key()), connection)


def _addressee(source: SourceSettings) -> tuple[str, str]:
    """Host and username, when there is something to log in with too."""
    for name in ("host", "username"):
        if not getattr(source, name):
            raise ConfigurationError(f"source.{name} is missing; an SFTP source needs it. Nothing was changed.")
    if not source.key_file and not source.password:
        raise ConfigurationError(
            "An SFTP source needs source.key_file or a password (a secret); neither is there. Nothing was changed."
        )
    return str(source.host).lower(), str(source.username)


def trusted_keys(source: SourceSettings) -> tuple[HostKey, ...]:
    """The keys pinned for the configured server, at least one.

    Raises:
        HostKeyError: none is pinned, or anybody may change the file.
        SourceError: the known_hosts file cannot be read.
    """
    if source.known_hosts and (reason := changeable(source.known_hosts)):
        raise HostKeyError(f"{reason}; no connection was made. Compare the key that is pinned in it again.")
    keys = pinned(source.known_hosts, str(source.host), source.port) if source.known_hosts else ()
    if not keys:
        raise HostKeyError(
            f"No host key is pinned for {source.host}:{source.port} in "
            f"{source.known_hosts or 'source.known_hosts'}; no connection was made. Run `rostersync "
            f"trust-host` and compare the fingerprint with the one that the server's people give."
        )
    return keys


def _private_key(source: SourceSettings) -> paramiko.PKey | None:
    import paramiko

    path = source.key_file
    if not path:
        return None
    passphrase = source.key_passphrase.get_secret_value().encode() if source.key_passphrase else None
    try:
        _check_private(path)
        # Declared as text, but what decrypts the key takes bytes alone.
        return paramiko.PKey.from_path(path, passphrase or None)  # type: ignore[arg-type]
    except OSError as error:
        raise LoginError(
            f"The key file {path} cannot be read ({error.strerror}); no connection was made. Check source.key_file."
        ) from error
    except (ValueError, TypeError, paramiko.SSHException, paramiko.pkey.UnknownKeyType) as error:
        what = "and its passphrase do not go together" if passphrase else "is no private key, or needs a passphrase"
        raise LoginError(
            f"The key file {path} {what}; no connection was made. Check source.key_file and the secret key_passphrase."
        ) from error


def credentials(source: SourceSettings) -> list[str]:
    """What is logged in with, in words, without the secrets."""
    return [
        *(["the key of source.key_file"] if source.key_file else []),
        *(["the password"] if source.password else []),
    ]


def _check_private(path: Path) -> None:
    """Refuse a key of ours that others may read, as OpenSSH does."""
    seen = path.stat()
    if os.name == "posix" and seen.st_uid == os.getuid() and stat.S_IMODE(seen.st_mode) & 0o077:
        raise LoginError(f"The key file {path} can be read by others; no connection was made. Run `chmod 600` on it.")


def _log_in(
    client: paramiko.SSHClient,
    connection: socket,
    source: SourceSettings,
    host: str,
    username: str,
    private_key: paramiko.PKey | None,
    keys: tuple[HostKey, ...],
) -> paramiko.Transport:
    import paramiko

    where = f"{host}:{source.port}"
    client.load_host_keys(str(source.known_hosts))
    try:
        client.connect(
            host,
            source.port,
            username=username,
            password=source.password.get_secret_value() if source.password else None,
            pkey=private_key,
            sock=connection,
            timeout=source.timeout,
            banner_timeout=source.timeout,
            auth_timeout=source.timeout,
            channel_timeout=source.timeout,
            allow_agent=False,
            look_for_keys=False,
            disabled_algorithms=WEAK_ALGORITHMS,
            transport_factory=transport_factory([key.type for key in keys]),
        )
    except paramiko.BadHostKeyException as error:
        raise _changed_key(where, as_host_key(error.key), keys) from error
    except paramiko.AuthenticationException as error:
        raise LoginError(_login_message(where, username, source, error)) from error
    except (paramiko.SSHException, OSError, EOFError) as error:
        raise no_handshake(where, error) from error
    transport = client.get_transport()
    if transport is None:
        raise NetworkError(f"{where}: the connection was dropped; nothing was changed. Run again.")
    return transport


def _changed_key(where: str, offered: HostKey, keys: tuple[HostKey, ...]) -> HostKeyError:
    known = ", ".join(f"{key.type} {key.fingerprint_sha256}" for key in keys)
    return HostKeyError(
        f"{where} shows another host key ({offered.type} {offered.fingerprint_sha256}) than the pinned one "
        f"({known}); no credential was sent, nothing was changed. It may be an impostor: ask who runs the "
        f"server, and only then run `rostersync trust-host`."
    )


def _login_message(where: str, username: str, source: SourceSettings, error: Exception) -> str:
    tried = " and ".join(credentials(source))
    # Only some servers say what they would take instead.
    accepted = ", ".join(getattr(error, "allowed_types", []))
    hint = f" The server accepts: {accepted}." if accepted else ""
    return (
        f"{where} does not let {username!r} in with {tried}; tried once, nothing was changed.{hint} Check "
        f"source.username and the secret."
    )


def _sftp_channel(transport: paramiko.Transport, timeout: float, where: str) -> paramiko.Channel:
    import paramiko

    try:
        channel = transport.open_session(timeout=timeout)
        channel.settimeout(timeout)
        channel.invoke_subsystem("sftp")
    except (paramiko.SSHException, OSError, EOFError) as error:
        if transport.is_active():
            raise SourceError(
                f"{where} logs the user in but offers no SFTP; nothing was changed. Ask who runs the server."
            ) from error
        raise NetworkError(f"{where}: the connection was dropped; nothing was changed. Run again.") from error
    return channel
