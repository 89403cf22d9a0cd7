"""What every source is given: its settings, and something to show progress on."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from pydantic import SecretStr


class SourceSettings(Protocol):
    """The `[source]` section of rostersync.toml (contract.md, Configuration)."""

    @property
    def kind(self) -> str:
        """One of "folder", "zip" and "sftp"."""

    @property
    def path(self) -> str:
        """Folder or zip file, absolute; for sftp the remote folder or zip file."""

    @property
    def host(self) -> str | None:
        """Name or address of the SFTP server."""

    @property
    def port(self) -> int:
        """Its port."""

    @property
    def username(self) -> str | None:
        """Who logs in there."""

    @property
    def known_hosts(self) -> Path | None:
        """The file of pinned host keys; no other such file is ever read."""

    @property
    def key_file(self) -> Path | None:
        """Private key to log in with."""

    @property
    def password(self) -> SecretStr | None:
        """Password to log in with."""

    @property
    def key_passphrase(self) -> SecretStr | None:
        """Passphrase of the private key."""

    @property
    def timeout(self) -> float:
        """Seconds without an answer after which a connection counts as dead."""

    @property
    def retries(self) -> int:
        """How many more tries follow a first one that the network spoiled."""


class Progress(Protocol):
    """Somebody who watches files arrive."""

    def start(self, name: str, total_bytes: int) -> None:
        """A file of this size begins; the same one may begin again after a failed try."""

    def advance(self, n_bytes: int) -> None:
        """So many more bytes of it have arrived."""

    def done(self) -> None:
        """It is whole."""


class SilentProgress:
    """Nobody watches."""

    def start(self, name: str, total_bytes: int) -> None:
        """Nothing to show."""

    def advance(self, n_bytes: int) -> None:
        """Nothing to show."""

    def done(self) -> None:
        """Nothing to show."""
