"""What a run reports: the tables of the CSVs and the summary of summary.json (contract.md, Reports)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, Field

from rostersync.model.findings import FINDING_COLUMNS

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl

    Frame = pd.DataFrame | pl.DataFrame

USERS_COLUMNS = (
    "action",
    "school",
    "role",
    "id",
    "identifier",
    "given_name",
    "family_name",
    "grades",
    "account",
    "roster_status",
    "email",
    "sis_email",
    "mobile",
    "sis_mobile",
    "code",
    "notes",
)
CLASSES_COLUMNS = ("action", "school", "id", "title", "sis_title", "status", "code", "notes")
ENROLLMENTS_COLUMNS = (
    "action",
    "school",
    "class_id",
    "class_title",
    "user_id",
    "user_name",
    "role",
    "code",
    "notes",
)
GUARDIANSHIPS_COLUMNS = (
    "action",
    "guardian_id",
    "guardian_name",
    "student_id",
    "student_name",
    "code",
    "notes",
)

MARK_COLUMNS = ("mark", "since")
"""What is said of a finding beside earlier nights: `new`, or `still` and the day of the night that found it first."""
FIXED_COLUMNS = (*(name for name in FINDING_COLUMNS if name != "line"), "since")
"""A finding that the night before had and this one has not; `since` is the day of the night that found it first."""

TABLE_COLUMNS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "users": USERS_COLUMNS,
        "classes": CLASSES_COLUMNS,
        "enrollments": ENROLLMENTS_COLUMNS,
        "guardianships": GUARDIANSHIPS_COLUMNS,
        "issues": FINDING_COLUMNS,
    }
)
"""Table -> its columns, in the order of the CSV `TABLE.csv`."""

SHOWN_COLUMNS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {**TABLE_COLUMNS, "issues": (*FINDING_COLUMNS, *MARK_COLUMNS), "fixed": FIXED_COLUMNS}
)
"""Table -> its columns on the page and in the workbook, where findings are marked and those that are fixed shown."""


@dataclass(frozen=True)
class ReportTables:
    """The rows of the five CSVs, in any order: one per record and note (issues: one per finding).

    Frames have exactly the columns of TABLE_COLUMNS, in that order, all text with missing values for blanks;
    `issues.line` is an integer. `marks` (MARK_COLUMNS) stands row by row beside `issues`, `fixed` has FIXED_COLUMNS;
    both are None where nothing is said of them: an older version packed the report, or the run read no files.
    """

    users: Frame
    classes: Frame
    enrollments: Frame
    guardianships: Frame
    issues: Frame
    marks: Frame | None = None
    fixed: Frame | None = None


class _Facts(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class RunFacts(_Facts):
    """Which run this was and how it ended; times are UTC."""

    run_id: str
    started_at: datetime
    finished_at: datetime
    status: str
    dry_run: bool
    exit_code: int


class SourceFile(_Facts):
    """One delivered file: bytes, SHA-256 in hex, data rows (None where they were not read), bulk or delta."""

    name: str
    size: int
    digest: str
    rows: int | None
    mode: str | None = None


class SourceFacts(_Facts):
    """Where the files came from, as it is shown to people, what they were, and since when just these have come."""

    name: str
    files: tuple[SourceFile, ...]
    unchanged_since: datetime | None = None


class SchoolRemovals(_Facts):
    """What a run would remove of a kind at a school, and may: `allowed` is None where nothing limits it."""

    school: str
    tried_to_remove: int
    allowed: int | None


UNCHANGED_DELIVERY = "Delivery"
"""`what` of the guard that trips where the files have not changed for too long."""


class TrippedGuard(_Facts):
    """A guard that tripped: the values of the note GUARD_HELD (model/notes.py).

    Or `what` Delivery, where the files have not changed for too long: `count` days of `total`, at no school (R-D6).
    """

    what: str
    kind: str
    school_id: str
    school: str
    count: int
    total: int
    limit: str


class DeliveryVerdict(_Facts):
    """Whether the files were complete (complete, doubtful, incomplete), and what speaks against it."""

    verdict: str
    reasons: tuple[str, ...] = ()


class PeopleFacts(_Facts):
    """How many people wait until somebody acts, and how many the report names (reports/attention.py)."""

    waiting: int
    reported: int


class RunSummary(_Facts):
    """summary.json.

    `counts` are rows of the report per kind and action (all actions, also those with 0), `codes` per kind and
    code; `people` and `delivery` are None in a summary of an older version, `delivery` in that of an undo too. Kinds
    are the tables and, within users, students, guardians and staff by leading role. `schools` is by kind and school id;
    `diagnosis` says what probably happened where guards tripped; `findings` by severity and code, `ledger` by code: how
    many are `new`, `still` there, `fixed`, and `unlisted` beyond those; `seconds` by stage.
    """

    run: RunFacts
    source: SourceFacts
    delivery: DeliveryVerdict | None = None
    counts: dict[str, dict[str, int]]
    people: PeopleFacts | None = None
    codes: dict[str, dict[str, int]]
    schools: dict[str, dict[str, SchoolRemovals]]
    guards_tripped: tuple[TrippedGuard, ...]
    diagnosis: tuple[str, ...] = ()
    findings: dict[str, dict[str, int]]
    ledger: dict[str, dict[str, int]] = Field(default_factory=dict)
    seconds: dict[str, float]
    report: str = Field(description="the report's folder")
    settings_digest: str

    def to_json(self) -> dict[str, Any]:
        """The summary as plain JSON values; times in ISO 8601 with `Z`."""
        return self.model_dump(mode="json")
