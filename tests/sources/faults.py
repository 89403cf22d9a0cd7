"""An SFTP server in this process that fails on demand: it lies, drops, stalls, counts who logs in."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import asyncssh
from pydantic import SecretStr

from rostersync.sources.host_keys import HostKey, known_name
from tests.sources.settings import Source

PASSWORD = "correct horse"  # the made-up district's


@dataclass
class FaultyServer:
    """What it shows, what it does wrong, and what it has seen."""

    folder: Path
    known_hosts: Path
    port: int = 0
    refuse: int = 0  # connections ended before the key exchange
    names: list[bytes] = field(default_factory=list)  # listed instead of what is in the folder
    sizes: dict[bytes, int] = field(default_factory=dict)  # said instead of the true ones
    most: int = 2**20  # bytes answered to one request
    before_read: Callable[[asyncssh.SSHServerConnection, bytes, int], Awaitable[None]] | None = None
    connections: int = 0
    logins: list[str] = field(default_factory=list)  # usernames that asked to log in
    passwords: list[str] = field(default_factory=list)
    ciphers: list[str] = field(default_factory=list)
    opened: list[bytes] = field(default_factory=list)

    def source(self, path: str = "/", **changes: object) -> Source:
        values: dict[str, object] = {
            "kind": "sftp",
            "path": path,
            "host": "127.0.0.1",
            "port": self.port,
            "username": "district",
            "known_hosts": self.known_hosts,
            "password": SecretStr(PASSWORD),
        }
        return Source(**{**values, **changes})


class _Login(asyncssh.SSHServer):
    def __init__(self, server: FaultyServer) -> None:
        self._server = server

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        self._server.connections += 1
        self._connection = conn
        if self._server.connections <= self._server.refuse:
            conn.abort()

    def begin_auth(self, username: str) -> bool:
        self._server.logins.append(username)
        self._server.ciphers.append(self._connection.get_extra_info("send_cipher"))
        return True

    def password_auth_supported(self) -> bool:
        return True

    def validate_password(self, username: str, password: str) -> bool:
        self._server.passwords.append(password)
        return password == PASSWORD


class _Files(asyncssh.SFTPServer):
    def __init__(self, chan: asyncssh.SSHServerChannel, server: FaultyServer) -> None:
        super().__init__(chan, chroot=str(server.folder).encode())
        self._server = server
        self._paths: dict[int, bytes] = {}

    def open(self, path: bytes, pflags: int, attrs: asyncssh.SFTPAttrs) -> object:
        self._server.opened.append(path)
        opened = super().open(path, pflags, attrs)
        self._paths[id(opened)] = path
        return opened

    async def read(self, file_obj: object, offset: int, size: int) -> bytes:
        if self._server.before_read:
            await self._server.before_read(self.channel.get_connection(), self._paths[id(file_obj)], offset)
        return super().read(file_obj, offset, min(size, self._server.most))

    def stat(self, path: bytes) -> asyncssh.SFTPAttrs:
        found = asyncssh.SFTPAttrs.from_local(super().stat(path))
        found.size = self._server.sizes.get(path, found.size)
        return found

    async def scandir(self, path: bytes) -> AsyncIterator[asyncssh.SFTPName]:
        if not self._server.names:
            async for name in super().scandir(path):
                yield name
        for hostile in self._server.names:
            yield asyncssh.SFTPName(hostile, attrs=asyncssh.SFTPAttrs(permissions=0o100644, size=4))


@contextmanager
def running(folder: Path, **options: object) -> Iterator[FaultyServer]:
    """Serve `folder` from a thread; its key is pinned in `folder`'s neighbour known_hosts."""
    folder.mkdir(exist_ok=True)
    server = FaultyServer(folder, folder.with_name("known_hosts"))
    key = asyncssh.generate_private_key("ssh-ed25519")
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()

    async def listen() -> asyncssh.SSHAcceptor:
        return await asyncssh.listen(
            "127.0.0.1",
            0,
            server_host_keys=[key],
            server_factory=lambda: _Login(server),
            sftp_factory=lambda chan: _Files(chan, server),
            **options,
        )

    async def close() -> None:
        listener.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    listener = asyncio.run_coroutine_threadsafe(listen(), loop).result(10)
    server.port = listener.get_port()
    pin_line(server.known_hosts, server.port, public_key(key))
    try:
        yield server
    finally:
        asyncio.run_coroutine_threadsafe(close(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


def public_key(key: asyncssh.SSHKey) -> HostKey:
    kind, base64 = key.export_public_key().decode().split()[:2]
    return HostKey(kind, base64)


def pin_line(known_hosts: Path, port: int, key: HostKey) -> None:
    known_hosts.write_text(f"{known_name('127.0.0.1', port)} {key.type} {key.base64}\n")
