"""Which users are in scope, and what state and import say of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rostersync.diff import Changes
from rostersync.model.night import USER_IMPORT
from rostersync.model.roster import Roster
from rostersync.scope.presence import merge
from rostersync.state.reader import StateReader

if TYPE_CHECKING:
    import polars as pl


def ids_in_scope(roster: Roster, changes: Changes | None, state: StateReader, named: pl.DataFrame) -> set[str] | None:
    """The users that any rule could touch: those that moved and all who hang together with them; None for all."""
    if changes is None:
        return None
    moved = set(changes.touched["users"]["id"]) | set(changes.gone["users"]["id"])
    moved |= set(roster.rejected_users["sourced_id"].drop_nulls()) | state.users_to_review()
    ids: set[str] = set()
    fresh = moved
    while fresh:
        ids |= fresh
        fresh = (
            _family(roster, state, named, fresh, moved)
            | state.users_sharing_accounts(fresh)
            | _reached_by_credentials(roster, state, fresh)
        ) - ids
    return ids


def _family(roster: Roster, state: StateReader, named: pl.DataFrame, fresh: set[str], moved: set[str]) -> set[str]:
    """Both ends of the pairs of those who moved, and all students of every guardian.

    The siblings and the other guardians of somebody who only stands by are left out: nothing of theirs can change
    unless they moved themselves.
    """
    import polars as pl

    centre = list((fresh & moved) | _guardians(roster, state, fresh))
    if not centre:
        return set()
    pairs = named.filter(pl.col("a").is_in(centre) | pl.col("b").is_in(centre))
    stored = state.guardianships(guardians=centre, students=[*(fresh & moved)])
    return set(pairs["a"]) | set(pairs["b"]) | set(stored["guardian_id"]) | set(stored["student_id"])


def _guardians(roster: Roster, state: StateReader, ids: set[str]) -> set[str]:
    import polars as pl

    known = state.users(ids).filter(pl.col("roles").str.contains("guardian", literal=True))
    if roster.users is None:
        return set(known["id"])
    tonight = roster.users.filter(
        pl.col("sourced_id").is_in(list(ids)) & pl.col("roles").str.contains("guardian", literal=True)
    )
    return set(known["id"]) | set(tonight["sourced_id"])


def _reached_by_credentials(roster: Roster, state: StateReader, ids: set[str]) -> set[str]:
    """Users who hold or want an e-mail or a mobile that one of `ids` holds or wants.

    Everybody whose row is new or different is in scope already, so that the wants of all others are in the state.
    """
    import polars as pl

    known = state.users(ids)
    accounts = state.accounts(known["account_id"].unique().to_list())
    emails = set(known["sis_email"]) | set(accounts["email"])
    mobiles = set(known["sis_mobile"]) | set(known["sis_sms"]) | set(known["sis_telephone"])
    mobiles |= set(accounts["mobile"])
    if roster.users is not None:
        tonight = roster.users.filter(pl.col("sourced_id").is_in(list(ids)))
        emails |= set(tonight["email"].drop_nulls())
        mobiles |= set(tonight["sms"].drop_nulls()) | set(tonight["phone"].drop_nulls())
    return state.users_reached_by(emails, mobiles)


def users_in_scope(roster: Roster, state: StateReader, ids: set[str] | None) -> pl.DataFrame:
    """The `users` frame of `model.night`, as polars."""
    import polars as pl

    known = state.users(ids)
    schema = {"sourced_id": pl.String, "line": pl.UInt32}
    tonight = roster.users if roster.users is not None else pl.DataFrame(schema=schema)
    rejected = roster.rejected_users
    if ids is not None:
        wanted = list(ids)
        tonight = tonight.filter(pl.col("sourced_id").is_in(wanted))
        rejected = rejected.filter(pl.col("sourced_id").is_in(wanted))
    return merge(
        known,
        _incoming(tonight),
        rejected.select(id="sourced_id", line="line"),
        file_absent=roster.users is None,
        unreadable="users" in roster.unreadable,
        living="roster_status=current",
        flags=("review", "email_invalid", "sms_invalid", "phone_invalid"),
    ).with_columns(pl.col("account_id").fill_null(0))


def _incoming(tonight: pl.DataFrame) -> pl.DataFrame:
    """Tonight's sound rows with the rules' names: the file's `phone` is the telephone, whatever it serves as."""
    import polars as pl

    if "role" not in tonight.columns:
        flags = dict.fromkeys(("email_invalid", "sms_invalid", "phone_invalid"), pl.Boolean)
        texts = {f"in_{column}": pl.String for column in USER_IMPORT}
        return pl.DataFrame(schema={"id": pl.String, "line": pl.UInt32, **texts, **flags})
    enabled = pl.when("enabled").then(pl.lit("1")).when(~pl.col("enabled")).then(pl.lit("0")).otherwise(pl.lit(""))
    tonight = tonight.with_columns(enabled=enabled).rename({"phone": "telephone"})
    return tonight.select(
        pl.col("sourced_id").alias("id"),
        "line",
        *[pl.col(column).cast(pl.String).alias(f"in_{column}") for column in USER_IMPORT],
        "email_invalid",
        "sms_invalid",
        "phone_invalid",
    )


def bystanders(state: StateReader, users: pl.DataFrame, enrollments: pl.DataFrame) -> pl.DataFrame:
    """`id` and `roster_status` of the users that only an enrollment in scope brings in."""
    import polars as pl

    ids = enrollments["user_id"].unique()
    others = ids.filter(~ids.is_in(users["id"].implode()))
    if others.is_empty():
        return pl.DataFrame(schema={"id": pl.String, "roster_status": pl.String})
    return state.users(others.to_list()).select("id", "roster_status")
