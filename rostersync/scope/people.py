"""Which users are in scope, and what state and import say of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rostersync.diff import Changes
from rostersync.model.night import USER_IMPORT
from rostersync.model.roster import Roster
from rostersync.scope.families import Named
from rostersync.scope.presence import merge
from rostersync.state.reader import StateReader

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True)
class Circle:
    """Who is looked at tonight.

    `moved`: a row of theirs changed, or they were edited or accepted since. `decided`: these, and the guardians of
    students among them, with the siblings who left earlier: their roster status may change. `reached`: and everybody
    on the same accounts, or with a credential that one of them holds or wants: their platform values may change.
    `everybody`: and the other students of those guardians, who only stand by.
    """

    moved: set[str]
    decided: set[str]
    reached: set[str]
    everybody: set[str]


def circle_of(roster: Roster, changes: Changes | None, state: StateReader, named: Named) -> Circle | None:
    """The users that any rule could touch, None for all.

    Somebody who stands by brings in whom a credential of theirs may go to, and nobody of their family: no row there
    changed, so that no status can.
    """
    if changes is None:
        return None
    moved = set(changes.touched["users"]["id"]) | set(changes.gone["users"]["id"])
    moved |= set(roster.rejected_users["sourced_id"].drop_nulls()) | state.users_to_review()
    moved |= state.held_rows("users")
    families = _Families(roster, state, named)
    decided = moved | families.guardians(families.related(moved))
    decided = _with_siblings_who_left(state, families, decided)
    reached: set[str] = set()
    fresh = decided
    while fresh:
        reached |= fresh
        fresh = (state.users_sharing_accounts(fresh) | _reached_by_credentials(roster, state, fresh)) - reached
    # A guardian is ruled by the settings of their students' schools, whoever brought the guardian in.
    students = families.related(families.guardians(reached))
    # Their other guardians tell whether a student is left without any.
    return Circle(moved, decided, reached, reached | students | families.related(students))


class _Families:
    """Who is a guardian and who is related to whom, in the state or tonight; nobody is asked about twice."""

    def __init__(self, roster: Roster, state: StateReader, named: Named) -> None:
        self._roster, self._state, self._named = roster, state, named
        self._asked: set[str] = set()
        self._guardians: set[str] = set()

    def related(self, ids: set[str]) -> set[str]:
        """Everybody at the other end of a pair, stored or named tonight."""
        if not ids:
            return set()
        pairs = self._named.of(ids)
        stored = self._state.guardianships(guardians=ids, students=ids)
        ends = (pairs["a"], pairs["b"], stored["guardian_id"], stored["student_id"])
        return set().union(*ends)

    def guardians(self, ids: set[str]) -> set[str]:
        """Those of `ids` who have a guardian role in the state or tonight, or a stored guardianship (R-G1)."""
        if new := ids - self._asked:
            self._asked |= new
            self._guardians |= self._among(new)
        return ids & self._guardians

    def _among(self, ids: set[str]) -> set[str]:
        import polars as pl

        known = set(self._state.roles(ids).filter(pl.col("roles").str.contains("guardian", literal=True))["id"])
        known |= set(self._state.guardianships(guardians=ids)["guardian_id"])
        tonight = self._roster.users_among(ids)
        if tonight is None:
            return known
        return known | set(tonight.filter(pl.col("roles").str.contains("guardian", literal=True))["sourced_id"])


def _with_siblings_who_left(state: StateReader, families: _Families, ids: set[str]) -> set[str]:
    """`ids`, and the students of guardians among them who left while the family stayed, with all their guardians.

    Their family may be abandoned tonight although no row of theirs changed (R-F7).
    """
    siblings = state.siblings_who_left(families.guardians(ids)) - ids
    return ids | siblings | families.guardians(families.related(siblings))


def _reached_by_credentials(roster: Roster, state: StateReader, ids: set[str]) -> set[str]:
    """Users who hold or want an e-mail or a mobile that one of `ids` holds or wants.

    Everybody whose row is new or different is in the circle already, so that the wants of all others are in the
    state. A telephone counts as a mobile wherever a setting could make it one.
    """
    known = state.credentials(ids)
    emails = set(known["email"]) | set(known["sis_email"])
    mobiles = set(known["mobile"]) | set(known["sis_mobile"]) | set(known["sis_sms"])
    tonight = roster.users_among(ids)
    if tonight is not None:
        emails |= set(tonight["email"].drop_nulls())
        mobiles |= set(tonight["sms"].drop_nulls()) | set(tonight["phone"].drop_nulls())
    return state.users_reached_by(emails, mobiles)


def users_in_scope(roster: Roster, state: StateReader, circle: Circle | None) -> pl.DataFrame:
    """The `users` frame of `model.night`, as polars."""
    import polars as pl

    ids = None if circle is None else circle.everybody
    known = state.users(ids)
    schema = {"sourced_id": pl.String, "line": pl.UInt32}
    tonight = roster.users if ids is None else roster.users_among(ids)
    if tonight is None:
        tonight = pl.DataFrame(schema=schema)
    rejected = roster.rejected_users
    if ids is not None:
        rejected = rejected.filter(pl.col("sourced_id").is_in(list(ids)))
    return merge(
        known,
        _incoming(tonight),
        rejected.select(id="sourced_id", line="line"),
        file_absent=roster.users is None,
        unreadable="users" in roster.unreadable,
        living="roster_status=current",
        flags=("review", "guard_held", "family_left", "email_invalid", "sms_invalid", "phone_invalid"),
    ).with_columns(
        pl.col("account_id").fill_null(0),
        decided=pl.lit(value=True) if circle is None else pl.col("id").is_in(list(circle.decided)),
        reached=pl.lit(value=True) if circle is None else pl.col("id").is_in(list(circle.reached)),
    )


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
