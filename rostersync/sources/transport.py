"""The SSH connection below SFTP: the socket, what is negotiated, how long anything may take.

paramiko is imported inside the functions: it costs 0.15 s that no other source should pay.
"""

from __future__ import annotations

import logging
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from rostersync.errors import SourceError

if TYPE_CHECKING:
    import paramiko

KEEPALIVE = 15
"""Seconds between signs of life, so that no firewall forgets a connection on which we wait."""
WEAK_ALGORITHMS = {
    # CBC is what Terrapin (CVE-2023-48795) needs in paramiko; the others are broken or close to it.
    "ciphers": ["aes128-cbc", "aes192-cbc", "aes256-cbc", "3des-cbc"],
    "macs": ["hmac-sha1", "hmac-sha1-96", "hmac-md5", "hmac-md5-96"],
}
_PREFERRED_CIPHER = "aes128-gcm@openssh.com"
_LOG = "rostersync.ssh"


class NetworkError(SourceError):
    """The network or the server failed in a way that another try may not meet."""


def open_socket(host: str, port: int, timeout: float) -> socket.socket:
    """A TCP connection that sends small packets at once.

    Raises:
        NetworkError: unknown name, refused, unreachable, or no answer in `timeout` seconds.
    """
    try:
        connection = socket.create_connection((host, port), timeout)
    except (OSError, UnicodeError) as error:  # a name that is no host name fails to encode
        reason = getattr(error, "strerror", None) or str(error) or "no answer"
        raise NetworkError(
            f"{host}:{port} cannot be reached ({reason}); nothing was changed. Check source.host, "
            f"source.port and the firewall."
        ) from error
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


@contextmanager
def cut_after(connection: socket.socket, seconds: float, where: str) -> Iterator[None]:
    """Ends the connection when the block inside takes longer than `seconds`.

    Timeouts of single reads do not bound a server that sends one byte at a time; this does.

    Raises:
        NetworkError: it took longer.
    """
    expired = threading.Event()

    def cut() -> None:
        expired.set()
        with suppress(OSError):  # it may just have ended by itself
            connection.shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(seconds, cut)
    timer.daemon = True
    timer.start()
    try:
        yield
    except NetworkError as error:
        if not expired.is_set():
            raise
        raise NetworkError(
            f"{where}: took longer than {seconds:,.0f} s and was given up; nothing was changed. Run again, "
            f"or raise source.timeout."
        ) from error
    finally:
        timer.cancel()


def transport_factory(host_key_types: Sequence[str]) -> Callable[..., paramiko.Transport]:
    """What `SSHClient.connect` makes its transport with; the client itself checks the host key.

    Args:
        host_key_types: types of the pinned keys of this host: the server is asked for those first.
    """
    import paramiko

    class Transport(paramiko.Transport):
        def auth_interactive_dumb(self, *_: object, **__: object) -> list[str]:
            """Never ask at the terminal, as paramiko does for a second factor that it was not given."""
            raise paramiko.BadAuthenticationType("a second factor is asked for", ["password"])

    def make(sock: socket.socket, **options: dict[str, list[str]]) -> paramiko.Transport:
        transport = Transport(sock, disabled_algorithms=options.get("disabled_algorithms"))
        transport.set_keepalive(KEEPALIVE)
        security = transport.get_security_options()
        security.ciphers = _first([_PREFERRED_CIPHER], security.ciphers)
        security.key_types = _first(_as_offered(host_key_types), security.key_types)
        return transport

    return make


def _first(wanted: Sequence[str], known: Sequence[str]) -> list[str]:
    """The known names, the wanted ones in front."""
    return [*(name for name in wanted if name in known), *(name for name in known if name not in wanted)]


def _as_offered(key_types: Sequence[str]) -> list[str]:
    """Key types as they are negotiated: an RSA key signs with SHA-2 under names of its own."""
    names: list[str] = []
    for key_type in key_types:
        names += ["rsa-sha2-512", "rsa-sha2-256"] if key_type == "ssh-rsa" else [key_type]
    return names


def quiet_client() -> paramiko.SSHClient:
    """A client that trusts no key yet and logs for debugging only: its errors reach people as exceptions."""
    import paramiko

    logger = logging.getLogger(_LOG)
    if not logger.filters:
        logger.addFilter(lambda _: logging.getLogger().isEnabledFor(logging.DEBUG))
    client = paramiko.SSHClient()
    client.set_log_channel(_LOG)
    client.set_missing_host_key_policy(paramiko.RejectPolicy())
    return client
