"""One listing as a file of its own: whole or not there, for its owner alone."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path

from rostersync.errors import ConfigurationError


def write_file(target: Path, writer: Callable[[Path], object]) -> None:
    """Lets `writer` make a file of the given name, then puts it in the place of `target`; its mode is 0600.

    Raises:
        ConfigurationError: a folder stands there, or the folder around it is missing or cannot be written.
    """
    if target.is_dir():
        raise ConfigurationError(f"--out: {target} is a folder; nothing was written; name a file")
    try:
        with tempfile.TemporaryDirectory(prefix=".partial-", dir=target.parent) as folder:
            partial = Path(folder, target.name)
            writer(partial)
            descriptor = os.open(partial, os.O_RDWR)
            try:
                if os.name != "nt":
                    os.fchmod(descriptor, 0o600)
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
            partial.replace(target)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise ConfigurationError(
            f"--out: {target} cannot be written ({reason}); nothing was changed there; name a file in a folder that is "
            "there and can be written"
        ) from error
