"""The files of one delivery: which there are, which version they are, each read as a table once."""

from __future__ import annotations

from collections.abc import Callable, Container
from functools import cached_property
from typing import TYPE_CHECKING

from rostersync.errors import ImportRefused
from rostersync.importers.delta import as_delta
from rostersync.importers.finding_list import FindingList
from rostersync.importers.headers import RequiredColumnMissing
from rostersync.importers.layouts import LAYOUTS, NEEDED, ROLES, USER_PROFILES, USERS
from rostersync.importers.manifest import Manifest, files_by_name, read_manifest, settle
from rostersync.importers.tables import OpenTable, Table
from rostersync.importers.text import DelimitedText
from rostersync.model.findings import Severity

if TYPE_CHECKING:
    from rostersync.importers.layouts import Layout
    from rostersync.model.delivery import Delivery


_READ = {"manifest.csv", *(layout.file.lower() for layout in LAYOUTS)}
_NOT_READ = {
    name.lower(): name
    for name in (
        "categories.csv",
        "classResources.csv",
        "courseResources.csv",
        "demographics.csv",
        "lineItemLearningObjectiveIds.csv",
        "lineItems.csv",
        "lineItemScoreScales.csv",
        "resources.csv",
        "resultLearningObjectiveIds.csv",
        "results.csv",
        "resultScoreScales.csv",
        "scoreScales.csv",
        "userResources.csv",
    )
}
"""Files of OneRoster that the sync has no use for; only whether they are empty is looked at."""


class Package:
    """One delivery. `findings` gathers what is wrong with it, `row_counts` the data rows per file read.

    `version` (1.1 or 1.2) is known once it is settled. `unended`: files, in lower case, that should end with a line
    break and do not.
    """

    version: str

    def __init__(self, delivery: Delivery, encoding: str, unended: Container[str] = ()) -> None:
        self.findings = FindingList()
        self.row_counts: dict[str, int] = {}
        self._files, self._encoding = files_by_name(delivery), encoding
        self._unended = unended

    @cached_property
    def headers(self) -> dict[str, tuple[str, ...]]:
        """The header of every file, by name in lower case; files that are no CSV and not read are left out."""
        found: dict[str, tuple[str, ...]] = {}
        for name, file in self._files.items():
            try:
                text = DelimitedText(file, self._encoding, head=True)
            except ImportRefused:
                if name in _READ:
                    raise
                continue
            found[name] = text.header
            if name in _NOT_READ and not text.has_rows:
                self._without_rows(_NOT_READ[name])
        return found

    def settle(self) -> None:
        """Compare manifest and files; after this, tables may be asked for from several threads.

        Raises:
            ImportRefused: a file that is needed is missing.
        """
        settle(self.manifest, self._files, self.findings)
        self.version = self._version()

    @cached_property
    def manifest(self) -> Manifest:
        """What the manifest says."""
        return read_manifest(self._files, self._encoding, self.findings)

    def mode(self, layout: Layout) -> str:
        """What a file is taken as: bulk, delta, or absent where it is not there."""
        if layout.file.lower() not in self._files:
            return "absent"
        return "delta" if self.manifest.mode(layout) == "delta" else "bulk"

    def _version(self) -> str:
        """1.1 or 1.2: as the manifest says, unless only the other one's column for roles is there."""
        said = self.manifest.version
        if USERS.file not in self._files:
            return said or ("1.2" if ROLES.file in self._files else "1.1")
        header = {cell.lower() for cell in self.headers[USERS.file]}
        here = {"1.1": "role" in header, "1.2": ROLES.file in self._files}
        here["1.2"] |= not here["1.1"] and self.manifest.mode(ROLES) == "absent"
        found = said if said and here[said] else "1.1" if here["1.1"] else "1.2" if here["1.2"] else said or "1.1"
        if said and found != said:
            message = f"The manifest says OneRoster {said}, the files are {found}, read as that. Correct it."
            self.findings.note(
                Severity.WARNING,
                "manifest.csv",
                "MANIFEST_DISAGREES",
                message,
                column="oneroster.version",
                value=said,
            )
        return found

    def table(self, layout: Layout, read: Callable[[OpenTable, FindingList], Table] = OpenTable.read) -> Table | None:
        """A file as a table; None where it is not there, or an optional one that cannot be used.

        `read` reads the rows, what is odd about them goes to the list.

        Raises:
            ImportRefused: see policies.md R-V1; users, classes or enrollments without a data row, unless it is a delta.
        """
        file = self._files.get(layout.file.lower())
        needed = layout in NEEDED or layout is ROLES
        if file is None:
            whole = any(self.mode(one) == "bulk" for one in NEEDED)
            if whole and not needed and layout is not USER_PROFILES and self.manifest.mode(layout) is None:
                message = "This optional file is not there: it says nothing, stored values stay. Export it too."
                self.findings.note(Severity.WARNING, layout.file, "MISSING_FILE", message)
            return None
        if not needed and not self.headers[layout.file.lower()]:
            self._without_rows(layout.file)
            return None
        try:
            opened = OpenTable(
                file,
                layout.of(self.version),
                self.version,
                self._encoding,
                self.findings,
                ends_with_break=layout.file.lower() in self._unended,
            )
            table = read(opened, self.findings)
        except RequiredColumnMissing as error:
            if needed:
                raise
            what = str(error).replace("Nothing was changed", "The file was not used")
            self.findings.note(Severity.WARNING, layout.file, "MISSING_COLUMN", what, line=1)
            return None
        self.row_counts[layout.file] = table.count
        if self.mode(layout) == "delta":
            return as_delta(table, self.findings)
        if table.count:
            return table
        if needed:
            raise ImportRefused(
                f"{file.name} has a header but no rows. Nothing was changed. An empty file never means that all "
                "have left: check the export, or mark the file absent in the manifest."
            )
        self._without_rows(layout.file)
        return table

    def roles(self) -> Table | None:
        """roles.csv of a 1.2 delivery; None where the manifest marks it absent.

        Raises:
            ImportRefused: there is none.
        """
        table = self.table(ROLES)
        if table is None and self.manifest.mode(ROLES) != "absent":
            raise ImportRefused(
                "users.csv line 1: required column role is missing, and there is no roles.csv (1.2). "
                "Nothing was changed. Add the one or the other to the export, or mark roles absent in the manifest."
            )
        return table

    def _without_rows(self, file: str) -> None:
        message = "This optional file has no rows: it says nothing. Leave it out of the export, or fill it."
        self.findings.note(Severity.WARNING, file, "EMPTY_FILE", message)
