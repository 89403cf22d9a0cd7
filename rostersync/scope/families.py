"""Who names whom as an agent tonight, and the guardianships that are stored (policies.md R-G1)."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from rostersync.model.night import BASE
from rostersync.model.roster import Roster
from rostersync.model.snapshot import Doubt
from rostersync.state.reader import StateReader

if TYPE_CHECKING:
    import polars as pl


class Named:
    """Who names whom as an agent tonight.

    Its frames have every two people of whom one names the other: `a`, `b` (in order of id), `sound`. `sound` is false
    where only rejected rows say so: they count for who is in the SIS, and make no guardianship (policies.md R-V3).
    """

    def __init__(self, roster: Roster) -> None:
        self._roster = roster
        self._read = _pairs(roster.rejected_users, roster.users)

    def everybody(self) -> pl.DataFrame:
        """All pairs; only where every row was read."""
        if self._roster.unread is not None:
            raise Doubt
        return self._read

    def of(self, ids: Collection[str]) -> pl.DataFrame:
        """The pairs in which one of `ids` is."""
        import polars as pl

        wanted = pl.Series(list(ids), dtype=pl.String).implode()
        pairs = self._read
        if self._roster.unread is not None:
            asked = _pairs(self._roster.rejected_users.clear(), self._roster.unread.users_naming(ids))
            pairs = pl.concat([pairs, asked]).group_by("a", "b").agg(pl.col("sound").any())
        return pairs.filter(pl.col("a").is_in(wanted) | pl.col("b").is_in(wanted))


def named_pairs(roster: Roster) -> pl.DataFrame:
    """All pairs of `Named`."""
    return Named(roster).everybody()


def _pairs(rejected: pl.DataFrame, users: pl.DataFrame | None) -> pl.DataFrame:
    import polars as pl

    frames = [_named(rejected, sound=False)]
    if users is not None:
        frames.append(_named(users, sound=True))
    return (
        pl.concat(frames)
        .filter(pl.col("one") != pl.col("other"))
        .select(a=pl.min_horizontal("one", "other"), b=pl.max_horizontal("one", "other"), sound="sound")
        .group_by("a", "b")
        .agg(pl.col("sound").any())
    )


def _named(users: pl.DataFrame, *, sound: bool) -> pl.DataFrame:
    import polars as pl

    return (
        users.filter(pl.col("agents").is_not_null() & pl.col("sourced_id").is_not_null())
        .select(one="sourced_id", other=pl.col("agents").cast(pl.String).str.split(","))
        .explode("other")
        .with_columns(sound=pl.lit(sound))
    )


def pairs_in_scope(
    roster: Roster, state: StateReader, users: pl.DataFrame, named: Named, *, everything: bool
) -> pl.DataFrame:
    """The `pairs` frame of `model.night`, as polars: stored guardianships and what tonight's rows name.

    A pair of tonight is a guardianship between a guardian and a student by their roles, or where it was one before.
    Where the agents column is missing, or a row of the pair is rejected, the stored guardianship speaks.
    """
    import polars as pl

    people = users.with_row_index("at").select(
        "id",
        "presence",
        pl.col("at").cast(pl.Int64),
        roles=pl.when(pl.col("in_roles") != "").then("in_roles").otherwise("roles"),
    )
    stored = _stored(state, users, everything=everything)
    if everything:
        pairs = named.everybody()
    else:
        ids = people["id"].implode()
        pairs = named.of(people["id"].to_list()).filter(pl.col("a").is_in(ids) & pl.col("b").is_in(ids))
    tonight = pl.concat(
        [
            pairs.select(guardian_id="a", student_id="b", sound="sound"),
            pairs.select(guardian_id="b", student_id="a", sound="sound"),
        ]
    )
    guardian = people.select(guardian_id="id", guardian="at", guardian_presence="presence", guardian_roles="roles")
    student = people.select(student_id="id", student="at", student_presence="presence", student_roles="roles")
    pairs = (
        tonight.join(stored, on=["guardian_id", "student_id"], how="full", coalesce=True)
        .join(guardian, on="guardian_id", how="inner")
        .join(student, on="student_id", how="inner")
        .with_columns(
            pl.col("stored", "origin").fill_null(""),
            tonight=pl.col("sound").is_not_null(),
            fits=_may_be("guardian_roles", "guardian") & _may_be("student_roles", "student"),
        )
        .filter((pl.col("stored") != "") | pl.col("fits"))
    )
    # What somebody added by hand is no word of the import.
    by_base = (pl.col("stored").eq("current") & pl.col("origin").eq("sis")) & (
        pl.lit(value="agents" in roster.missing.get("users", frozenset()))
        | pl.col("guardian_presence").eq(BASE)
        | pl.col("student_presence").eq(BASE)
    )
    holds = pl.col("fits") | pl.col("stored").eq("current")
    return pairs.select(
        "guardian_id",
        "student_id",
        "guardian",
        "student",
        "stored",
        "origin",
        asserted=(pl.col("sound").fill_null(value=False) & holds),
        counted=(pl.col("tonight") & holds) | by_base,
    ).sort("guardian_id", "student_id")


def _stored(state: StateReader, users: pl.DataFrame, *, everything: bool) -> pl.DataFrame:
    if everything:
        stored = state.guardianships()
    else:
        ids = users["id"].to_list()
        stored = state.guardianships(guardians=ids, students=ids)
    return stored.rename({"status": "stored"})


def _may_be(column: str, role: str) -> pl.Expr:
    """Whether the role is among these; a rejected row of somebody new has none to read and may be either end."""
    import polars as pl

    roles = pl.col(column)
    return (roles == "") | (pl.lit(",") + roles + pl.lit(",")).str.contains(f",{role},", literal=True)
