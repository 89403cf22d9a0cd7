"""The whole night as one value: what a run would do, before anything is written (design.md)."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TYPE_CHECKING

from rostersync.model.decisions import Decisions
from rostersync.model.guards import Judgement
from rostersync.model.snapshot import Snapshot
from rostersync.model.waiting import Waiting

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl


@dataclass(frozen=True)
class Plan:
    """What `state.writer.apply` carries out and what the reports show; both read nothing else.

    `notes`: kind -> frame of the key columns, `action`, `code`, `notes`. `changes`: kind -> frame of `id`, `action`,
    `code`, `field`, `before`, `after` (known records only). `generation` is that of the state the plan was made from.
    """

    run_id: str
    started_at: datetime
    as_of: date
    source: str
    generation: int
    settings_digest: str
    decisions: Decisions
    notes: dict[str, pd.DataFrame]
    changes: dict[str, pd.DataFrame]
    orgs: pl.DataFrame
    findings: pl.DataFrame
    missing: dict[str, frozenset[str]]
    snapshot: Snapshot | None
    """None in a plan from a file: the next sync compares everything."""
    snapshot_moved: bool
    """Whether the snapshot differs from the one that the state names."""
    waiting: Waiting
    """What moves among the rows that the state does not reflect."""
    sessions: pl.DataFrame
    """SESSION_COLUMNS of the import; empty where it does not say anything of them."""
    roles: pl.DataFrame | None
    """USER_ROLE_COLUMNS of a 1.2 import; None where it does not say anything of them."""
    facts: dict[str, str]
    """What the state's meta keeps of this import: its files (R-D6), how many rows dangled (R-D3), what later deltas are
    laid over (R-V5)."""
    judgement: Judgement = field(default_factory=Judgement)
    """What the guards say; a night that they stop is reported and not applied."""
