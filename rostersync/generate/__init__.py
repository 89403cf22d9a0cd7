"""Made-up districts of any size: the same arguments give the same bytes, whatever the machine.

Families have one or two guardians and up to three children, who may go to different schools; some share a
telephone or an e-mail address; some staff are parents; names have accents, apostrophes, hyphens and commas.
Every later night is the district of the night before with about 1 % of the people changed, joined or left.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import IO, Self

from rostersync.errors import ConfigurationError
from rostersync.generate import catalog, people
from rostersync.generate.draws import Draws
from rostersync.generate.enrollments import student_enrollments
from rostersync.generate.layout import Layout
from rostersync.generate.night import Night

VERSIONS = ("1.1", "1.2")
BATCH = 10_000
"""Families (or positions) whose rows are in memory at a time."""

Progress = Callable[[int, int], None]
"""Told after every batch: families written so far, families in all."""


def write_district(
    folder: Path,
    *,
    students: int = 300,
    seed: int = 1,
    night: int = 1,
    version: str = "1.1",
    progress: Progress | None = None,
) -> dict[str, int]:
    """Write the OneRoster files of a made-up district into a folder and give the data rows of each file.

    Args:
        folder: made where it is missing; may hold files of an earlier call only, which its manifest tells.
        students: students of the first night.
        seed: another one gives another district.
        night: 1 is the first; later ones differ by about 1 % from the night before.
        version: of OneRoster, "1.1" or "1.2".
        progress: called after every batch.

    Raises:
        ConfigurationError: an argument makes no sense, or the folder holds other files, or cannot be written.
    """
    if students < 1 or night < 1 or seed < 0:
        raise ConfigurationError("generate: --students and --night start at 1, --seed at 0; nothing was written.")
    if version not in VERSIONS:
        raise ConfigurationError(f"generate: OneRoster {version} is not known, use 1.1 or 1.2; nothing was written.")
    names = tuple(catalog.headers(version))
    try:
        _prepare(folder, names)
        with _Files(folder, catalog.headers(version)) as files:
            _write(files, _night(students, seed, night), version, progress)
            return files.publish()
    except OSError as error:
        raise ConfigurationError(
            f"generate: {folder} cannot be written ({error.strerror}); no file was finished. "
            "Choose another folder or make room."
        ) from error


def _night(students: int, seed: int, night: int) -> Night:
    return Night(Layout(students), Draws(seed), night)


def _prepare(folder: Path, names: tuple[str, ...]) -> None:
    """Make the folder; refuse one that holds anything that is not written here."""
    if folder.exists() and not folder.is_dir():
        raise ConfigurationError(f"generate: {folder} is a file; nothing was written. Name a folder.")
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    ours = {*names, *(f".{name}.part" for name in names)}
    others = sorted(path.name for path in folder.iterdir() if path.name not in ours or not path.is_file())
    if others:
        raise ConfigurationError(
            f"generate: {folder} holds other files ({others[0]}{', …' if len(others) > 1 else ''}); "
            "nothing was written. Choose an empty folder."
        )
    there = sorted(name for name in names if (folder / name).exists())
    if there and not _written_here(folder / catalog.MANIFEST):
        raise ConfigurationError(
            f"generate: {folder} holds a delivery that is not made up ({there[0]}{', …' if len(there) > 1 else ''}); "
            "nothing was written. Choose an empty folder."
        )


def _written_here(manifest: Path) -> bool:
    """Whether a manifest says that an earlier call wrote the files beside it: those of a district are not replaced."""
    try:
        return f"\n{catalog.SOURCE}" in manifest.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return False


class _Files:
    """The files of one delivery: written beside their names, renamed together at the end."""

    def __init__(self, folder: Path, headers: dict[str, str]) -> None:
        self.folder = folder
        self.headers = headers
        self.rows = dict.fromkeys(headers, 0)
        self.open: dict[str, IO[str]] = {}
        self.stack = ExitStack()

    def __enter__(self) -> Self:
        for name, header in self.headers.items():
            path = self.folder / f".{name}.part"
            self.open[name] = self.stack.enter_context(path.open("w", encoding="utf-8", newline=""))
            self.open[name].write(header + "\r\n")
        return self

    def __exit__(self, *_: object) -> None:
        self.stack.close()
        for name in self.headers:
            (self.folder / f".{name}.part").unlink(missing_ok=True)

    def add(self, name: str, rows: Iterable[str]) -> None:
        """Append rows to a file."""
        for batch in _batches(rows):
            self.open[name].write("\r\n".join(batch) + "\r\n")
            self.rows[name] += len(batch)

    def publish(self) -> dict[str, int]:
        """Give the files their names; gives the data rows of each."""
        self.stack.close()
        for name in self.headers:
            (self.folder / f".{name}.part").replace(self.folder / name)
        return dict(sorted(self.rows.items()))


def _batches(rows: Iterable[str]) -> Iterator[list[str]]:
    batch: list[str] = []
    for row in rows:
        batch.append(row)
        if len(batch) == BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def _write(files: _Files, night: Night, version: str, progress: Progress | None) -> None:
    """Write everything; only a batch of people is in memory at a time."""
    import numpy as np

    files.add("manifest.csv", catalog.manifest(version))
    files.add("orgs.csv", catalog.orgs(night.layout))
    files.add("academicSessions.csv", catalog.academic_sessions())
    files.add("courses.csv", catalog.courses())
    files.add("classes.csv", catalog.classes(night))
    holders: dict[int, str] = {}
    for first in range(0, night.layout.positions, BATCH):
        positions = np.arange(first, min(first + BATCH, night.layout.positions), dtype=np.int64)
        rows, ids = people.staff_rows(night, positions, version)
        holders.update(ids)
        _add(files, rows)
    files.add("enrollments.csv", catalog.teaching(night, holders))
    for first in range(0, night.families, BATCH):
        families = np.arange(first, min(first + BATCH, night.families), dtype=np.int64)
        there = night.families_at(families)
        _add(files, people.family_rows(night, there, version))
        files.add("enrollments.csv", student_enrollments(night, there.students))
        if progress is not None:
            progress(min(first + BATCH, night.families), night.families)


def _add(files: _Files, rows: people.Rows) -> None:
    files.add("users.csv", rows.users)
    if rows.version == "1.2":
        files.add("roles.csv", rows.roles)
        files.add("userProfiles.csv", rows.profiles)
