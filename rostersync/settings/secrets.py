"""Passwords and passphrases: from a private file or from the system keyring, never from rostersync.toml."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from rostersync.errors import ConfigurationError

SERVICE = "rostersync"
"""The service name under which the system keyring holds the secrets."""

_LARGEST = 16 * 1024  # bytes; a longer file is not a password


def exposed(path: Path) -> str | None:
    """Why the file is no place for a secret: others may read it. None where it is private, or not there."""
    mode = _mode(path)
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        return f'{path} may be opened by others (mode {stat.S_IMODE(mode):04o}); run: chmod 600 "{path}"'
    return None


def changeable(path: Path) -> str | None:
    """Why a file that says whom to trust is not to be believed: anybody may change it. None where that is not so."""
    mode = _mode(path)
    if mode & stat.S_IWOTH:
        return f'{path} may be changed by anybody (mode {stat.S_IMODE(mode):04o}); run: chmod o-w "{path}"'
    return None


def _mode(path: Path) -> int:
    """Who may do what with the file; 0, nobody anything, where there is none or the system does not say so."""
    if os.name != "posix":
        return 0
    try:
        return path.stat().st_mode
    except OSError:
        return 0


def read(path: Path, key: str) -> str:
    """The secret in a file: its one line, without the line break.

    A file that is not found is not named, only the folder it was looked for in: perhaps the secret itself was given.

    Args:
        path: The file.
        key: The setting that names it, for the message.

    Raises:
        ConfigurationError: not there, no file, not readable, open to others, empty, or more than one line.
    """
    reason = exposed(path)
    if reason is None and not stat.S_ISREG(_mode(path) or stat.S_IFREG) and not path.is_dir():
        reason = f"{path} is no file"  # a pipe would be waited for without end
    if reason is None:
        try:
            with path.open("rb") as file:
                text = file.read(_LARGEST + 1).decode("utf-8-sig").rstrip("\r\n")
        except UnicodeDecodeError:
            reason = f"{path} is not UTF-8 text"
        except OSError as error:
            reason = f"{path} cannot be read ({error.strerror})"
            if not os.path.lexists(path):
                there = (folder for folder in path.parents if os.path.exists(folder))  # noqa: PTH110 - may be too long
                place = next(there, path.anchor)  # of a drive that is gone no folder is there
                reason = (
                    f"what it names in {place} cannot be read ({error.strerror}); it takes the path of a file, "
                    "not the secret"
                )
        else:
            if text and len(text) <= _LARGEST and not any(mark in text for mark in "\r\n\0"):
                return text
            reason = f"{path} must hold the secret as its one line"
    raise ConfigurationError(f"{key}: {reason}; nothing was changed")


def from_keyring(name: str) -> str | None:
    """The secret that the system keyring holds for `SERVICE` under this name; None without one."""
    import keyring
    from keyring.errors import KeyringError

    try:
        return keyring.get_password(SERVICE, name) or None
    except KeyringError:
        return None  # no keyring on this machine, or it stays locked: the caller names the other ways
