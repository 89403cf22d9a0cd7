"""A plan as it is kept in a file: what a person reviews, what `apply` compares, what the writer needs.

A table is kept as rows; columns with one value throughout stand beside it, once.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from rostersync.model.guards import Judgement
from rostersync.model.report import RunSummary

FORMAT = 1
"""Version of the file; another one cannot be applied."""

CellType = Literal["text", "flag", "integer", "number"]


class _Kept(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class KeptTable(_Kept):
    """A frame: its columns in order, those with one value throughout, and rows of the values of all others."""

    types: dict[str, CellType]
    constants: dict[str, Any]
    rows: list[list[Any]]

    @property
    def varying(self) -> list[str]:
        """The columns whose values stand in the rows."""
        return [name for name in self.types if name not in self.constants]


class PlannedState(_Kept):
    """The state that the plan was made from: its generation, and a digest that tells two of one generation apart."""

    generation: int
    mark: str


class PlanFile(_Kept):
    """The whole night, reviewed or applied by itself; nothing else is read but the files, to compare them."""

    program: str = Field(description="version of rostersync")
    run_id: str = Field(description="of the dry run; applying is a run of its own")
    made_at: datetime
    as_of: date = Field(description="the district's date, which the rules decided by")
    source: str = Field(description="as people know it")
    source_path: str | None = Field(description="a folder or zip named by hand; None for the configured source")
    state: PlannedState
    settings_digest: str
    override_guards: tuple[str, ...]
    summary: RunSummary = Field(description="as summary.json, the digest of every file in it")
    report: dict[str, KeptTable]
    missing: dict[str, list[str]]
    orgs: KeptTable
    decisions: dict[str, KeptTable]
    notes: dict[str, KeptTable]
    changes: dict[str, KeptTable]
    waiting: dict[str, KeptTable] = Field(description="rows of the import to keep beside the state, and those to drop")
    sessions: KeptTable
    roles: dict[str, KeptTable] = Field(description="of a 1.2 import that says anything of them: under `all`")
    facts: dict[str, str]
    judgement: Judgement

    @property
    def digests(self) -> Mapping[str, str]:
        """SHA-256 of every file of the delivery, by name."""
        return {file.name: file.digest for file in self.summary.source.files}
