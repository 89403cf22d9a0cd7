"""manifest.csv: which files a delivery says it has, and what is really there (policies.md R-V1, R-V4)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rostersync.errors import ImportRefused
from rostersync.importers.layouts import LAYOUTS, NEEDED
from rostersync.importers.text import DelimitedText
from rostersync.model.findings import Severity

if TYPE_CHECKING:
    from rostersync.importers.finding_list import FindingList
    from rostersync.importers.layouts import Layout
    from rostersync.model.delivery import DeliveredFile, Delivery

FILE = "manifest.csv"
_MODES = ("bulk", "delta", "absent")


@dataclass(frozen=True)
class Manifest:
    """What manifest.csv says.

    `version`: "1.1", "1.2" or None; `modes`: file key in lower case -> bulk, delta or absent.
    """

    version: str | None = None
    modes: Mapping[str, str] = field(default_factory=dict)
    sound: bool = False
    """Whether there is one that makes sense."""

    def mode(self, layout: Layout) -> str | None:
        """What it says about a file."""
        return self.modes.get(layout.key.lower())


def files_by_name(delivery: Delivery) -> dict[str, DeliveredFile]:
    """The files of a delivery by name in lower case.

    Raises:
        ImportRefused: two names differ in letter case alone.
    """
    found: dict[str, DeliveredFile] = {}
    for file in delivery.files:
        twin = found.setdefault(file.name.lower(), file)
        if twin is not file:
            raise ImportRefused(
                f"{delivery.source} has both {twin.name} and {file.name}. Nothing was changed. Remove the wrong one."
            )
    return found


def read_manifest(files: Mapping[str, DeliveredFile], encoding: str, findings: FindingList) -> Manifest:
    """The manifest of a delivery; an empty one, with a warning, where there is none that makes sense."""
    file = files.get(FILE)
    if file is None:
        message = "There is no manifest.csv; every file was taken as a whole (bulk). Have the SIS export one."
        findings.note(Severity.WARNING, FILE, "MANIFEST_MISSING", message)
        return Manifest()
    text = DelimitedText(file, encoding)
    names = [cell.lower() for cell in text.header]
    if "propertyname" not in names or "value" not in names:
        message = "No columns propertyName and value: the manifest was not used; every file was taken as bulk."
        findings.note(Severity.WARNING, FILE, "MANIFEST_DISAGREES", message, line=1)
        return Manifest()
    records = text.records({names.index("propertyname"): "name", names.index("value"): "value"})
    said = {
        (name or "").strip().lower(): (value or "").strip().lower()
        for name, value in records.cells.select("name", "value").iter_rows()
    }
    version = said.get("oneroster.version") or said.get("file.oneroster.version") or None
    if version and not version.startswith(("1.1", "1.2")):
        message = f"OneRoster {version}: this program reads 1.1 and 1.2; the columns decide which of them it is."
        findings.note(Severity.WARNING, FILE, "MANIFEST_DISAGREES", message, column="oneroster.version", value=version)
        version = None
    modes = {
        name.removeprefix("file."): value
        for name, value in said.items()
        if name.startswith("file.") and value in _MODES
    }
    return Manifest(version[:3] if version else None, modes, sound=True)


def settle(manifest: Manifest, files: Mapping[str, DeliveredFile], findings: FindingList) -> None:
    """Compare the manifest with the files of a delivery; the files win, what disagrees is reported.

    Raises:
        ImportRefused: users, classes or enrollments neither there nor marked absent; of a manifest alone, which says
            that nothing changed, one that lists them as bulk.
    """
    alone = set(files) == {FILE}
    for layout in LAYOUTS:
        there, mode = layout.file.lower() in files, manifest.mode(layout)
        missed = not there and layout in NEEDED and mode != "absent"
        if missed and not (alone and manifest.sound and mode != "bulk"):
            said = "there is no manifest that marks it absent"
            if manifest.modes:
                said = "the manifest lists it" if mode else "the manifest does not mark it absent"
            raise ImportRefused(
                f"{layout.file} is missing and {said}. Nothing was changed. Check that the export was delivered whole."
            )
        _report(layout, mode, findings, there=there, listed=bool(manifest.modes))


def _report(layout: Layout, mode: str | None, findings: FindingList, *, there: bool, listed: bool) -> None:
    key = f"file.{layout.key}"
    if there and mode == "absent":
        message = "The manifest says this file is absent, but it is there: it was used. Correct the manifest."
    elif there and mode is None and listed:
        message = "The manifest does not say what this file is: it was taken as bulk. List it in the manifest."
    elif not there and mode in {"bulk", "delta"}:
        message = "The manifest lists this file, but it is not there. Check that the export was delivered whole."
    else:
        return
    findings.note(Severity.WARNING, layout.file, "MANIFEST_DISAGREES", message, column=key, value=mode)
