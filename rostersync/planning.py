"""From decisions to a plan: notes, changed fields, and the snapshot that will be true afterwards."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from rostersync.model.decisions import Decisions
from rostersync.model.guards import Judgement
from rostersync.model.night import BASE, ENROLLMENT_KEY
from rostersync.model.notes import Code
from rostersync.model.roster import Roster
from rostersync.model.snapshot import RECOGNISED, TABLE_KEYS, Snapshot
from rostersync.policies import changes as changed
from rostersync.policies import completeness
from rostersync.policies import notes as noted
from rostersync.policies.held import held_notes, held_people

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl


def notes_and_changes(
    decisions: Decisions, judgement: Judgement, roster: Roster
) -> tuple[dict[str, pd.DataFrame], dict[str, pd.DataFrame]]:
    """Per kind the notes and the rows of roster_changes."""
    import pandas as pd

    user_notes, class_notes = noted.user_notes(decisions), noted.class_notes(decisions)
    fields = {
        "users": changed.user_changes(decisions, user_notes),
        "classes": changed.class_changes(decisions, class_notes),
        "enrollments": changed.enrollment_changes(decisions.enrollments),
    }
    enrollment_notes = noted.enrollment_notes(decisions.enrollments)
    primary = noted.change_notes(fields["enrollments"])
    if len(primary):
        by_id = decisions.enrollments.set_index(changed.enrollment_ids(decisions.enrollments))
        keys = by_id.loc[primary["id"].to_list(), list(ENROLLMENT_KEY)].reset_index(drop=True)
        told = pd.concat([keys, primary[["action", "code", "notes"]].reset_index(drop=True)], axis="columns")
        enrollment_notes = pd.concat([enrollment_notes, told], ignore_index=True)
    notes = {
        "users": pd.concat([user_notes, noted.change_notes(fields["users"])], ignore_index=True),
        "classes": pd.concat([class_notes, noted.change_notes(fields["classes"])], ignore_index=True),
        "enrollments": enrollment_notes,
        "guardianships": noted.coded_notes(decisions.pairs, ("guardian_id", "student_id")),
    }
    if judgement.notes:
        held = held_notes(decisions, judgement.notes)
        notes = {kind: pd.concat([rows, held[kind]], ignore_index=True) for kind, rows in notes.items()}
    notes = completeness.told(notes, roster)
    return notes, changed.change_rows(decisions, notes, fields)


def school_names(roster: Roster, known: Mapping[str, str]) -> dict[str, str]:
    """Names of schools by id: those of tonight's orgs, else those that are `known`."""
    named = roster.orgs.filter(roster.orgs["name"].is_not_null())
    return {**known, **dict(named.select("sourced_id", "name").rows())}


def snapshot_afterwards(tonight: Snapshot, decisions: Decisions) -> Snapshot:
    """Tonight's fingerprints without the rows that had no effect, and with a mark for records that the base keeps.

    A row without effect (a withheld guardian, an addition that a guard holds, an enrollment of somebody who is not
    there) is not in the snapshot and is looked at again tomorrow. A record that is current although no sound row says
    so, or of which a guard holds a removal or a change, gets the fingerprint 0, which no row has: it is found again
    whatever tomorrow's file says (policies.md R-V3, R-D2). Of a held guardianship that is the student, who may only
    stand by tonight: where the guardian's row alone moved.
    """
    import pandas as pd

    users, classes, enrollments = decisions.users, decisions.classes, decisions.enrollments
    withheld = users["status_code"].isin([Code.NO_STUDENT.value, Code.NO_UNIQUE_CREDENTIAL.value])
    held = held_people(decisions) > 0
    withheld |= held & ~users["known"]
    base = ((users["presence"] == BASE) | held) & users["known"] & (users["to_status"] == "current")
    students = decisions.pairs.loc[decisions.pairs["guard"] > 0, "student_id"]
    marked = pd.DataFrame({"id": pd.concat([users.loc[base, "id"], students]).drop_duplicates()})
    class_base = (classes["presence"] == BASE) | (classes["guard"] > 0)
    class_base &= classes["known"] & (classes["to_status"] == "active")
    kept = (enrollments["origin"] == "sis") & ~enrollments["asserted"] & enrollments["protected"]
    kept |= enrollments["guard"] > 0
    kept &= enrollments["to"] == "current"
    return Snapshot(
        users=_amended(tonight.users, users.loc[withheld, ["id"]], marked, tonight.seed),
        classes=_amended(tonight.classes, classes.loc[[], ["id"]], classes.loc[class_base, ["id"]], tonight.seed),
        enrollments=_amended(
            tonight.enrollments,
            enrollments.loc[enrollments["waits"], list(ENROLLMENT_KEY)],
            enrollments.loc[kept, list(ENROLLMENT_KEY)],
            tonight.seed,
        ),
        agents=tonight.agents,
        seed=tonight.seed,
        read_as=tonight.read_as,
    )


def _amended(table: pl.DataFrame, without: pd.DataFrame, marked: pd.DataFrame, seed: int) -> pl.DataFrame:
    import polars as pl

    def hashed(frame: pd.DataFrame) -> pl.DataFrame:
        keys = pl.DataFrame(
            {name: frame[name].to_list() for name in frame.columns},
            schema_overrides=dict.fromkeys(frame.columns, pl.String),
        )
        return keys.with_columns(key=keys.hash_rows(seed=seed), row=pl.lit(0, dtype=pl.UInt64))

    nothing = {name: dtype for name, dtype in table.schema.items() if name in RECOGNISED}

    if len(without):
        table = table.filter(~pl.col("key").is_in(hashed(without)["key"].implode()))
    if len(marked):
        extra = hashed(marked).with_columns(pl.lit(None, dtype=dtype).alias(name) for name, dtype in nothing.items())
        table = pl.concat([table.filter(~pl.col("key").is_in(extra["key"].implode())), extra])
    return table


def same_snapshot(one: Snapshot, other: Snapshot | None) -> bool:
    """Whether two snapshots hold the same fingerprints of rows and lines."""
    if other is None or (one.seed, one.read_as) != (other.seed, other.read_as):
        return False
    return all(one.table(name).height == other.table(name).height for name in TABLE_KEYS) and all(
        one.table(name)[column].sort().equals(other.table(name)[column].sort())
        for name in TABLE_KEYS
        for column in ("row", "text")
    )
