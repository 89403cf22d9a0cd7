"""The source settings of a test, in the shape of `settings.source`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pydantic import SecretStr


@dataclass(frozen=True)
class Source:
    kind: str
    path: str
    host: str | None = None
    port: int = 22
    username: str | None = None
    known_hosts: Path | None = None
    key_file: Path | None = None
    password: SecretStr | None = None
    key_passphrase: SecretStr | None = None
    timeout: float = 5
    retries: int = 2
    encoding: str = "auto"
