"""How much of a delivery may be unusable or missing before it is refused whole (policies.md R-D3, R-D7)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rostersync.errors import ImportRefused
from rostersync.importers.layouts import ENROLLMENTS, USERS
from rostersync.model.findings import Severity
from rostersync.settings import Guards, allowed

if TYPE_CHECKING:
    import polars as pl

    from rostersync.model.roster import Roster

DANGLING = "dangling"
"""Fact of the state's meta: JSON, file -> (rows that refer to nobody, all rows) of the last applied import."""

FEW_USERS = 20
"""Fewer current users than this say nothing about a file in which they are missing (R-D7)."""

_REFERS_TO_NOBODY = ("UNKNOWN_CLASS", "UNKNOWN_USER")


@dataclass(frozen=True)
class _Unused:
    """Of one file: data rows, rejected ones that dangle (enrollments), and those rejected for anything else."""

    rows: int
    dangling: int
    otherwise: int

    def counted(self, dangling: int, rows: int) -> int:
        """Rejected rows, of dangling ones only those beyond the share that `dangling` of `rows` is."""
        usual = dangling * self.rows // rows if rows else 0
        return self.otherwise + max(0, self.dangling - usual)


def refuse_rejected(roster: Roster, guards: Guards, meta: Mapping[str, str]) -> None:
    """R-D3: more rejected rows in a file than `guards.max_rejected`, and than `guards.small`.

    Dangling enrollments count only beyond the share that the last applied import had.

    Raises:
        ImportRefused: names the file, the numbers and what most of its rows suffer from.
    """
    known = _usual(meta)
    for file, unused in _unused(roster).items():
        count = unused.counted(*known.get(file, (0, 0)))
        if count > guards.small and count > allowed(guards.max_rejected, unused.rows):
            usual = unused.dangling + unused.otherwise - count
            beside = f" (and {usual:,} as in the last import)" if usual else ""
            raise ImportRefused(
                f"{file}: {count:,} of {unused.rows:,} rows could not be used{beside}, more than guards.max_rejected "
                f"({guards.max_rejected}) lets through; nothing was changed; {_most_of(roster, file)}; "
                "`rostersync validate` lists them all; have the export corrected"
            )


def dangling_facts(roster: Roster, meta: Mapping[str, str]) -> dict[str, str]:
    """DANGLING after this import is applied; what was known of a file that is absent tonight stays."""
    tonight = {file: (unused.dangling, unused.rows) for file, unused in _unused(roster).items() if unused.dangling}
    if roster.modes.get("enrollments") == "delta":
        tonight = {}  # what changed since yesterday tells nothing of a whole file
    bulk = roster.row_counts if roster.modes.get("enrollments") != "delta" else {}
    absent = {file: share for file, share in _usual(meta).items() if file not in bulk}
    return {DANGLING: json.dumps(absent | tonight, sort_keys=True)}


def _usual(meta: Mapping[str, str]) -> dict[str, tuple[int, int]]:
    """File -> (dangling rows, all rows) of the last applied import."""
    return {file: (dangling, rows) for file, (dangling, rows) in json.loads(meta.get(DANGLING, "{}")).items()}


def refuse_missing_users(roster: Roster, current: pl.Series) -> None:
    """R-D7: a users file in which fewer than half of the `current` users, 20 or more, are found.

    A row that is rejected or marked as deleted is found: its sourcedId is of the scheme that the state knows.

    Raises:
        ImportRefused: with the numbers.
    """
    import polars as pl

    users = roster.user_ids()
    if users is None or current.len() < FEW_USERS:
        return
    rows = (users, roster.rejected_users["sourced_id"].drop_nulls())
    here = current.is_in(pl.concat([part.cast(pl.String) for part in rows]).implode())
    here |= current.is_in(pl.Series(list(roster.deleted_users), dtype=pl.String).implode())
    found = int(here.sum())
    if 2 * found < current.len():
        raise ImportRefused(
            f"{USERS.file} has only {found:,} of the {current.len():,} current users: another id scheme, or the files "
            "of somebody else; nothing was changed; check the export; if it is right, run once with "
            "--override-guards all"
        )


def _unused(roster: Roster) -> dict[str, _Unused]:
    """Per file that was read and has rejected rows."""
    import polars as pl

    errors = roster.findings.filter((pl.col("severity") == str(Severity.ERROR)) & pl.col("line").is_not_null())
    by_row = errors.group_by("file", "line").agg(
        dangles=(pl.col("code").is_in(_REFERS_TO_NOBODY) & (pl.col("file") == ENROLLMENTS.file)).all()
    )
    by_file = by_row.group_by("file").agg(dangling=pl.col("dangles").sum(), otherwise=(~pl.col("dangles")).sum())
    return {
        file: _Unused(roster.row_counts[file], dangling, otherwise)
        for file, dangling, otherwise in by_file.sort("file").iter_rows()
        if file in roster.row_counts
    }


def _most_of(roster: Roster, file: str) -> str:
    """The commonest mistake in a file, and the first line that has it."""
    import polars as pl

    errors = roster.findings.filter(
        (pl.col("severity") == str(Severity.ERROR)) & (pl.col("file") == file) & pl.col("line").is_not_null()
    )
    codes = errors.group_by("code").agg(pl.len(), pl.col("line").min())
    code, _, line = codes.sort("len", "code", descending=[True, False]).row(0)
    return f"most often {code}, first in line {line}"
