"""The reading half of the SFTP protocol, version 3 (draft-ietf-secsh-filexfer-02), over an SSH channel.

paramiko's own client does not fit a server that is not trusted and a night that must end: one name that is
not UTF-8 hides the whole folder, a listing without end fills the memory, its read-ahead crawls or races
(measured), and it does not tell a lost connection from the end of a folder. What is read here is small: stat,
list, read.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rostersync.errors import ImportRefused, SourceError
from rostersync.sources.naming import shown
from rostersync.sources.transport import NetworkError

if TYPE_CHECKING:
    import paramiko

REQUEST = 255 * 1024
"""Bytes asked for at once: what OpenSSH answers in one packet. A server that sends less is asked for less."""
WINDOW = 4 * 1024**2
"""Bytes asked for in advance, and held in memory at most: enough for 40 MB/s at 100 ms."""
MAXIMUM_LISTED = 10_000
"""Names of any sort in a remote folder."""
_SMALLEST_REQUEST = 32 * 1024  # every server has to answer this much
_MAXIMUM_PACKET = 1024**2
_VERSION = 3
_INIT, _VERSION_REPLY, _OPEN, _CLOSE, _READ, _OPENDIR, _READDIR, _STAT = 1, 2, 3, 4, 5, 11, 12, 17
_STATUS, _HANDLE, _DATA, _NAME, _ATTRIBUTES = 101, 102, 103, 104, 105
_OK, _END_OF_FILE, _NO_SUCH_FILE, _PERMISSION_DENIED = 0, 1, 2, 3
_HAS_SIZE, _HAS_OWNER, _HAS_MODE, _HAS_TIMES, _HAS_EXTENSIONS = 0x1, 0x2, 0x4, 0x8, 0x80000000


@dataclass(frozen=True)
class Attributes:
    """What the server says of a file; None where it says nothing. Links are followed."""

    size: int | None  # bytes
    mode: int | None  # as in stat.st_mode
    modified: int | None  # seconds since 1970


class RemotePathError(SourceError):
    """The remote file or folder does not exist, or this user may not read it."""


@dataclass
class _Asked:
    """The read requests of one file that are under way, and the answers that came before their turn."""

    ranges: dict[int, tuple[int, int]] = field(default_factory=dict)  # request -> offset, length
    arrived: dict[int, bytes] = field(default_factory=dict)  # offset -> bytes


class RemoteFiles:
    """Files of a server, for reading.

    Every method raises NetworkError when the connection is lost or silent for longer than the channel's
    timeout, and SourceError for an answer that makes no sense.
    """

    def __init__(self, channel: paramiko.Channel, where: str) -> None:
        """Say hello on a channel on which the sftp subsystem runs; `where` names the server to people."""
        import paramiko

        self._channel = channel
        self._where = where
        self._losses = (OSError, EOFError, paramiko.SSHException)
        self._number = 0
        self._send(_INIT, struct.pack(">I", _VERSION))
        kind, body = self._receive()
        if kind != _VERSION_REPLY or body.number() > _VERSION:
            raise self._nonsense()

    def attributes(self, path: str) -> Attributes:
        """Size, kind and time of a file or folder; raises RemotePathError."""
        kind, body = self._ask(_STAT, _text(path), path)
        if kind != _ATTRIBUTES:
            raise self._nonsense()
        return body.attributes()

    def names(self, path: str) -> list[str]:
        """Base names in a folder as the server gives them, hostile ones too; raises RemotePathError.

        Raises:
            ImportRefused: there are more than any delivery has.
        """
        handle = self._handle(_OPENDIR, _text(path), path)
        names: list[str] = []
        while True:
            kind, body = self._ask(_READDIR, handle, path)
            if kind == _STATUS:
                break
            if kind != _NAME:
                raise self._nonsense()
            for _ in range(body.number()):
                names.append(body.string().decode("utf-8", "surrogateescape"))
                body.string()  # the line of `ls -l`
                body.attributes()  # of the link, not of what it leads to
                if len(names) > MAXIMUM_LISTED:
                    raise ImportRefused(
                        f"{self._where}: {shown(path)} has more than {MAXIMUM_LISTED:,} entries; nothing was "
                        f"changed. Is source.path the right folder?"
                    )
        self._ask(_CLOSE, handle, path)
        return [name for name in names if name not in {".", ".."}]

    def read(self, path: str, size: int) -> Iterator[bytes]:
        """The bytes of a file in order, up to its end or one byte beyond `size`, whichever comes first.

        So a file that is not as long as the server said shows by the sum of what comes.
        """
        handle = self._handle(_OPEN, _text(path) + struct.pack(">II", 1, 0), path)  # 1: for reading
        yield from self._window(handle, size + 1, path)
        self._ask(_CLOSE, handle, path)

    def _window(self, handle: bytes, end: int, path: str) -> Iterator[bytes]:
        """Bytes up to `end` or the end of the file, with a fixed amount of them asked for in advance."""
        asked = _Asked()
        position = ahead = 0
        length = REQUEST
        while position < end:
            while ahead < end and ahead - position < WINDOW:
                self._ask_range(asked, handle, ahead, min(length, end - ahead))
                ahead += min(length, end - ahead)
            if chunk := asked.arrived.pop(position, b""):
                position += len(chunk)
                yield chunk
                continue
            offset, wanted, got = self._range(asked, path)
            if not got:
                end = min(end, offset)
            elif got < wanted:
                self._ask_range(asked, handle, offset + got, wanted - got)
                if offset + wanted < end:
                    length = max(got, _SMALLEST_REQUEST)

    def _ask_range(self, asked: _Asked, handle: bytes, offset: int, length: int) -> None:
        number = self._request(_READ, handle + struct.pack(">QI", offset, length))
        asked.ranges[number] = (offset, length)

    def _range(self, asked: _Asked, path: str) -> tuple[int, int, int]:
        """The next answer to any read: offset, bytes wanted, bytes got; none at the end of the file."""
        while True:
            kind, body = self._receive()
            if (number := body.number()) in asked.ranges:
                break  # any other belongs to a read that was given up
        offset, wanted = asked.ranges.pop(number)
        if kind == _STATUS:
            if (code := body.number()) != _END_OF_FILE:
                raise self._refusal(code, body, path)
            return offset, wanted, 0
        data = body.string() if kind == _DATA else b""
        if not 0 < len(data) <= wanted:
            raise self._nonsense()
        asked.arrived[offset] = data
        return offset, wanted, len(data)

    def _handle(self, kind: int, body: bytes, path: str) -> bytes:
        answer, fields = self._ask(kind, body, path)
        if answer != _HANDLE:
            raise self._nonsense()
        return _string(fields.string())

    def _ask(self, kind: int, body: bytes, path: str) -> tuple[int, _Fields]:
        """Send a request and wait for its answer; a status is one only when it says OK or end."""
        number = self._request(kind, body)
        while True:
            answer, fields = self._receive()
            if fields.number() == number:
                break
        if answer == _STATUS and (code := fields.number()) not in {_OK, _END_OF_FILE}:
            raise self._refusal(code, fields, path)
        return answer, fields

    def _refusal(self, code: int, fields: _Fields, path: str) -> SourceError:
        where = f"{self._where}: {shown(path)}"
        if code == _NO_SUCH_FILE:
            return RemotePathError(f"{where} does not exist; nothing was changed. Check source.path.")
        if code == _PERMISSION_DENIED:
            return RemotePathError(
                f"{where} may not be read by this user; nothing was changed. Ask for the right to read."
            )
        said = shown(fields.string().decode("utf-8", "replace")) if fields.left else ""
        return SourceError(f"{where} cannot be read (status {code} {said!r}); nothing was changed.")

    def _request(self, kind: int, body: bytes) -> int:
        self._number = (self._number + 1) % 2**32
        self._send(kind, struct.pack(">I", self._number) + body)
        return self._number

    def _send(self, kind: int, body: bytes) -> None:
        try:
            self._channel.sendall(struct.pack(">IB", len(body) + 1, kind) + body)
        except TimeoutError as error:
            raise self._silence() from error
        except self._losses as error:
            raise self._loss() from error

    def _receive(self) -> tuple[int, _Fields]:
        (size,) = struct.unpack(">I", self._bytes(4))
        if not 0 < size <= _MAXIMUM_PACKET:
            raise self._nonsense()
        packet = self._bytes(size)
        return packet[0], _Fields(packet[1:], self._where)

    def _bytes(self, n_bytes: int) -> bytes:
        parts = []
        while n_bytes:
            try:
                part = self._channel.recv(n_bytes)
            except TimeoutError as error:
                raise self._silence() from error
            except self._losses as error:
                raise self._loss() from error
            if not part:
                raise self._loss()
            parts.append(part)
            n_bytes -= len(part)
        return b"".join(parts)

    def _silence(self) -> NetworkError:
        seconds = self._channel.gettimeout() or 0
        return NetworkError(
            f"{self._where} has been silent for {seconds:g} s; nothing was changed. Run again, or raise source.timeout."
        )

    def _loss(self) -> NetworkError:
        return NetworkError(f"{self._where}: the connection was dropped; nothing was changed. Run again.")

    def _nonsense(self) -> SourceError:
        return _nonsense(self._where)


class _Fields:
    """The fields of one packet, read from front to end."""

    def __init__(self, packet: bytes, where: str) -> None:
        self._packet = packet
        self._where = where
        self._at = 0

    @property
    def left(self) -> int:
        """Bytes not yet read."""
        return len(self._packet) - self._at

    def number(self) -> int:
        return int.from_bytes(self._take(4), "big")

    def string(self) -> bytes:
        return self._take(self.number())

    def attributes(self) -> Attributes:
        flags = self.number()
        size = int.from_bytes(self._take(8), "big") if flags & _HAS_SIZE else None
        if flags & _HAS_OWNER:
            self._take(8)
        mode = self.number() if flags & _HAS_MODE else None
        modified = int.from_bytes(self._take(8)[4:], "big") if flags & _HAS_TIMES else None
        if flags & _HAS_EXTENSIONS:
            for _ in range(2 * self.number()):
                self.string()
        return Attributes(size, mode, modified)

    def _take(self, n_bytes: int) -> bytes:
        if n_bytes > self.left:
            raise _nonsense(self._where)
        self._at += n_bytes
        return self._packet[self._at - n_bytes : self._at]


def _nonsense(where: str) -> SourceError:
    return SourceError(f"{where} gives answers that are no SFTP; nothing was changed. Is it the right server?")


def _string(value: bytes) -> bytes:
    return struct.pack(">I", len(value)) + value


def _text(value: str) -> bytes:
    return _string(value.encode("utf-8", "surrogateescape"))
