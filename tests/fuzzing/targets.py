"""What the readers of foreign bytes owe to whatever bytes they get: one function a reader, each raises where it breaks.

Both an engine that mutates (tests/fuzzing/engine.py) and the cases kept from it (tests/fuzzing/cases/) call them.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from types import MappingProxyType

import polars as pl

from rostersync.errors import ImportRefused
from rostersync.importers.oneroster import read
from rostersync.model.contacts import normalise_email
from rostersync.model.findings import Severity
from rostersync.model.roster import Roster
from rostersync.sources import fetch_path
from rostersync.sources.archive import MAXIMUM_SIZE
from tests.importers.district import TODAY, delivered, files_11, files_12

FILES = ("users", "classes", "enrollments", "orgs", "academicSessions", "courses", "manifest", "roles", "userProfiles")
ENCODINGS = ("auto", "utf-8", "windows-1252")
REFUSAL_LENGTH = 1000
_E164 = re.compile(r"\+[1-9]\d{3,14}")
_PHONE = re.compile(r"\+[1-9]\d{3,14}(?: ext\. \d{1,9})?")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def importer(data: bytes) -> str:
    """A delivery with one file of these bytes: the first says which file and version, the second the encoding.

    Gives "refused" or "read".
    """
    if len(data) < 2:
        return "refused"
    version, file = divmod(data[0], len(FILES))
    good = files_12() if version % 2 else files_11()
    with TemporaryDirectory() as folder:
        delivery = delivered(Path(folder), good | {FILES[file]: data[2:]})
        try:
            found = read(delivery, region="US", encoding=ENCODINGS[data[1] % len(ENCODINGS)], today=TODAY)
        except ImportRefused as refusal:
            _check_refusal(str(refusal))
            return "refused"
    _check_roster(found)
    return "read"


def archive(data: bytes) -> str:
    """A zip file of these bytes; gives "refused" or "read"."""
    with TemporaryDirectory() as folder:
        path, staging = Path(folder, "oneroster.zip"), Path(folder, "staging")
        path.write_bytes(data)
        try:
            with fetch_path(path, staging=staging) as delivery:
                sizes = [file.path.stat().st_size for file in delivery.files]
                assert sizes == [file.size for file in delivery.files]
                assert sum(sizes) <= MAXIMUM_SIZE
                for file in delivery.files:
                    assert file.path.parent == delivery.folder
                    assert file.name.isprintable()
                    assert "/" not in file.name
        except ImportRefused as refusal:
            _check_refusal(str(refusal))
            assert list(staging.iterdir()) == []
            return "refused"
        left = sorted(entry.name for entry in Path(folder).iterdir())
        assert left == ["oneroster.zip", "staging"], left
    return "read"


def _check_refusal(said: str) -> None:
    assert said.isprintable(), ascii(said)
    assert len(said) < REFUSAL_LENGTH
    assert re.search(r"nothing was (?:changed|read)", said, re.IGNORECASE), said


def _check_roster(found: Roster) -> None:
    """What the rules rely on, whatever stood in the files."""
    for frame in (found.users, found.classes, found.enrollments):
        if frame is not None and "sourced_id" in frame.columns:
            for sourced_id in frame["sourced_id"].drop_nulls():
                assert sourced_id == sourced_id.strip()
                assert not _CONTROL.search(sourced_id), ascii(sourced_id)
    if found.users is not None:
        _check_users(found.users, found)
    errors = found.findings.filter(pl.col("severity") == str(Severity.ERROR))
    assert errors["message"].null_count() == 0
    assert all(count >= 0 for count in found.row_counts.values())


def _check_users(users: pl.DataFrame, found: Roster) -> None:
    assert users["sourced_id"].null_count() == 0
    assert users["sourced_id"].is_unique().all()
    rejected = set(found.rejected_users["sourced_id"])
    assert not rejected & set(users["sourced_id"]), "somebody is both used and rejected"
    for name in ("given_name", "family_name", "role"):
        assert users[name].null_count() == 0
        assert not users[name].str.contains(r"^\s|\s$|[\x00-\x1f]").any(), name
    for address in users["email"].drop_nulls():
        assert normalise_email(address) == address
    for number in users["sms"].drop_nulls():
        assert _E164.fullmatch(number)
    for number in users["phone"].drop_nulls():
        assert _PHONE.fullmatch(number)


TARGETS: Mapping[str, Callable[[bytes], str]] = MappingProxyType({"importer": importer, "archive": archive})


def seeds(target: str) -> list[bytes]:
    """Sound inputs of a target, from which an engine starts."""
    if target == "archive":
        return [_packed(zipfile.ZIP_DEFLATED), _packed(zipfile.ZIP_STORED)]
    found = []
    for version, good in enumerate((files_11(), files_12())):
        for number, file in enumerate(FILES):
            if file in good:
                found.append(bytes([version * len(FILES) + number, 0]) + str(good[file]).encode())
    return found


def _packed(method: int) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", method) as packed:
        packed.writestr("export/users.csv", b"sourcedId,role\nS1,student\n" * 20)
        packed.writestr("export/classes.csv", b"sourcedId\nC1\n")
    return stream.getvalue()
