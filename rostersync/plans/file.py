"""The file of a plan: JSON with a checksum of all that follows it, for its owner alone, whole or not there."""

from __future__ import annotations

import hashlib
import json
import os
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from pydantic import ValidationError

from rostersync.errors import ConfigurationError
from rostersync.model.plan_file import FORMAT, KeptTable, PlanFile

_HEAD = re.compile(rb'\{\n"rostersync_plan": (\d{1,6}),\n"checksum": "([0-9a-f]{64})",\n')
_LINES = 10_000  # that are put together at a time
_BEGINNING = b'{\n"rostersync_plan": '


def check_target(path: Path) -> None:
    """Say before the night is worked out that a plan cannot be kept there. An earlier plan may be replaced.

    Raises:
        ConfigurationError: something else stands there, or its folder is missing or cannot be written.
    """
    if not path.parent.is_dir():
        raise ConfigurationError(f"{path.parent} is no folder; no plan was made; make it, or name another file")
    if os.path.lexists(path) and not _is_plan(path):
        raise ConfigurationError(f"{path} is there and no plan; it was left as it is; name another file")
    if not os.access(path.parent, os.W_OK | os.X_OK):
        raise ConfigurationError(f"{path.parent} cannot be written; no plan was made; name a file somewhere else")


def _is_plan(path: Path) -> bool:
    if path.is_symlink() or not path.is_file():
        return False
    try:
        with path.open("rb") as file:
            return file.read(len(_BEGINNING)) == _BEGINNING
    except OSError:
        return False


def kept_in(folder: Path) -> list[Path]:
    """The plans directly in a folder."""
    try:
        return [path for path in sorted(folder.iterdir()) if _is_plan(path)]
    except OSError:
        return []


def write(path: Path, plan: PlanFile) -> None:
    """Write the plan, readable by its owner alone; whatever fails, `path` is what it was.

    Raises:
        ConfigurationError: it cannot be written.
    """
    check_target(path)  # once more: the night took its time
    try:
        descriptor, name = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)  # mode 0600
        draft = Path(name)
        try:
            with os.fdopen(descriptor, "wb") as file:
                _write(file, plan)
                file.flush()
                os.fsync(file.fileno())
            draft.replace(path)
        finally:
            draft.unlink(missing_ok=True)
    except OSError as error:
        raise ConfigurationError(
            f"the plan was not written to {path} ({error.strerror}); nothing was changed; "
            "make room, or name another file"
        ) from error


def _write(file: BinaryIO, plan: PlanFile) -> None:
    """In pieces, the head with the checksum last: a first load's plan is as large as the load."""
    checksum = hashlib.sha256()
    file.write(_head(checksum.hexdigest()))
    for number, (name, value) in enumerate(_members(plan)):
        for piece in (",\n" if number else "", f"{_plain(name)}: ", *_pieces(value)):
            checksum.update(piece.encode())
            file.write(piece.encode())
    checksum.update(b"\n}")
    file.write(b"\n}")
    file.seek(0)
    file.write(_head(checksum.hexdigest()))


def _head(checksum: str) -> bytes:
    return f'{{\n"rostersync_plan": {FORMAT},\n"checksum": "{checksum}",\n'.encode()


def _members(plan: PlanFile) -> Iterator[tuple[str, Any]]:
    """The fields as plain JSON values; rows are those of the plan itself, not copied."""
    for name in PlanFile.model_fields:
        value = getattr(plan, name)
        if isinstance(value, KeptTable):
            yield name, dict(value)
        elif isinstance(value, dict) and all(isinstance(table, KeptTable) for table in value.values()):
            yield name, {key: dict(table) for key, table in value.items()}
        else:
            yield name, plan.model_dump(mode="json", include={name})[name]


def read(path: Path) -> PlanFile:
    """The plan of a file that is as it was written.

    Raises:
        ConfigurationError: there is none, it is torn or edited, or of another version's format.
    """
    if path.exists() and not path.is_file():
        raise ConfigurationError(f"{path} is no file; nothing was changed; name the plan that `rostersync plan` wrote")
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be read ({error.strerror}); nothing was changed") from error
    again = "nothing was changed; make a new one with `rostersync plan --out FILE`"
    head = _HEAD.match(content)
    if head is None:
        raise ConfigurationError(f"{path} is no plan of rostersync, or only a part of one; {again}")
    version = int(head[1])
    if version > FORMAT:
        raise ConfigurationError(
            f"{path} was made by a newer rostersync (format {version}, this one knows {FORMAT}); nothing was changed; "
            "update rostersync"
        )
    body = content[head.end() :]
    if version < FORMAT or hashlib.sha256(body).hexdigest().encode() != head[2]:
        raise ConfigurationError(f"{path} is not as it was written: torn, or edited; {again}")
    try:
        return PlanFile.model_validate_json(b"{" + body)
    except ValidationError:
        raise ConfigurationError(f"{path} does not hold what a plan holds; {again}") from None


def _pieces(value: Any) -> Iterator[str]:
    """JSON with a line per key and per row: to be read, and compared line by line."""
    if isinstance(value, dict) and any(isinstance(inner, dict | list) for inner in value.values()):
        yield "{\n"
        for number, (key, inner) in enumerate(value.items()):
            yield (",\n" if number else "") + f"{_plain(key)}: "
            yield from _pieces(inner)
        yield "\n}"
    elif isinstance(value, list) and value:
        yield "[\n"
        for start in range(0, len(value), _LINES):
            yield (",\n" if start else "") + ",\n".join(map(_plain, value[start : start + _LINES]))
        yield "\n]"
    else:
        yield _plain(value)


def _plain(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
