"""A 1.2 delivery whose manifest marks roles.csv absent: the base says what people are (policies.md, *Import*)."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from rostersync.importers.finding_list import FindingList
from rostersync.importers.layouts import USERS
from rostersync.model.findings import Severity
from rostersync.model.roster import REJECTED_USER_COLUMNS

if TYPE_CHECKING:
    import polars as pl

    from rostersync.model.roster import Roster

SILENT = frozenset({"role", "roles", "school_ids"})
"""Columns of users that say nothing without roles.csv."""


@dataclass(frozen=True)
class AbsentRoles:
    """Stands for `roles.UserRoles` where there is no file: nobody's roles are known, and nobody is at fault."""

    unreadable: bool = False

    def joined(self, users: pl.DataFrame) -> pl.DataFrame:
        """`users` with `role`, `roles`, `school_ids`, `role_fault`, `role_cell`, all blank."""
        import polars as pl

        names = (*sorted(SILENT), "role_fault", "role_cell")
        return users.with_columns(pl.lit(None, dtype=pl.String).alias(name) for name in names)


def without_role(roster: Roster) -> bool:
    """Whether the base has to say what the people of this roster are."""
    return roster.users is not None and roster.missing["users"] >= SILENT


def reject_newcomers(roster: Roster, known: Collection[str]) -> Roster:
    """The roster with everybody whom the state does not know rejected: nobody says what they are (R-V2, R-V3)."""
    import polars as pl

    if roster.users is None:
        return roster
    known_rows = pl.col("sourced_id").is_in(list(known))
    new = roster.users.filter(~known_rows)
    if new.is_empty():
        return roster
    findings = FindingList()
    message = "New, and roles.csv is absent: nobody says what this user is; the row was not used. Deliver roles.csv."
    findings.rows(Severity.ERROR, USERS.file, new, code="REQUIRED_VALUE_MISSING", message=message, column="role")
    rejected = [roster.rejected_users, new.select(REJECTED_USER_COLUMNS)]
    return replace(
        roster,
        users=roster.users.filter(known_rows),
        rejected_users=pl.concat(rejected).sort("line"),
        findings=pl.concat([roster.findings, findings.frame()]),
    )
