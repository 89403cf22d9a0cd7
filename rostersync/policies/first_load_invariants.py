"""The rules of the state, asked of what a first load writes: of the decisions' frames, while they are being written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl

    from rostersync.model.decisions import Decisions


class FirstLoad(NamedTuple):
    """What a first load writes: how many rows of each table, and what of it breaks which rule, as ids."""

    rows: Mapping[str, int]
    broken: Mapping[str, list[str]]


def first_load(decisions: Decisions) -> FirstLoad:
    """Rows by table, and ids by name of the rule (as in `state.invariants`)."""
    import polars as pl

    accounts = _frame(decisions.accounts[decisions.accounts["new"]], "account_id", "to_email", "to_mobile")
    users = _frame(decisions.users, "id", "known", "account_id", "to_role", "to_roles", "to_status")
    users = users.filter(~pl.col("known") & (pl.col("to_status") != ""))
    classes = _frame(decisions.classes, "id", "known", "to_status")
    classes = classes.filter(~pl.col("known") & (pl.col("to_status") != ""))
    rows = decisions.enrollments
    begins = (rows["stored"] == "") & (rows["to"] == "current")
    enrollments = _frame(rows if begins.all() else rows[begins], "class_id", "user_id")
    pairs = _frame(decisions.pairs, "guardian_id", "student_id", "stored", "to")
    pairs = pairs.filter((pl.col("stored") == "") & (pl.col("to") == "current"))
    frames = {
        "accounts": accounts,
        "users": users,
        "classes": classes,
        "enrollments": enrollments,
        "guardianships": pairs,
    }
    broken = {name: found for name, found in _broken(**frames) if found}
    return FirstLoad({name: frame.height for name, frame in frames.items()}, broken)


def _broken(
    accounts: pl.DataFrame,
    users: pl.DataFrame,
    classes: pl.DataFrame,
    enrollments: pl.DataFrame,
    guardianships: pl.DataFrame,
) -> Iterator[tuple[str, list[str]]]:
    import polars as pl

    for credential in ("to_email", "to_mobile"):
        held = accounts.filter(pl.col(credential) != "")
        yield "credentials", _accounts(held.filter(pl.col(credential).str.to_lowercase().is_duplicated()))
    yield "accounts", users.join(accounts, on="account_id", how="anti")["id"].to_list()
    alone = accounts.join(users, on="account_id", how="anti")
    yield "abandoned accounts", _accounts(alone.filter((pl.col("to_email") != "") | (pl.col("to_mobile") != "")))
    among = (pl.lit(",") + pl.col("to_roles") + ",").str.contains(pl.lit(",") + pl.col("to_role") + ",", literal=True)
    yield "roles", users.filter(~among)["id"].to_list()
    people = users.filter(pl.col("to_status") == "current")
    yield "enrollments of people who left", users.filter(pl.col("to_status") != "current")["id"].to_list()
    named = pl.concat_str("class_id", "user_id", separator=" ")
    lost = [
        enrollments.join(people, left_on="user_id", right_on="id", how="anti"),
        enrollments.join(classes, left_on="class_id", right_on="id", how="anti"),
    ]
    yield "enrollments", pl.concat(lost).select(named)["class_id"].unique().to_list()
    named = pl.concat_str("guardian_id", "student_id", separator=" ")
    lost = [guardianships.join(people, left_on=end, right_on="id", how="anti") for end in ("guardian_id", "student_id")]
    yield "guardianships", pl.concat(lost).select(named)["guardian_id"].unique().to_list()


def _accounts(frame: pl.DataFrame) -> list[str]:
    return [f"account {account}" for account in frame["account_id"]]


def _frame(frame: pd.DataFrame, *columns: str) -> pl.DataFrame:
    import polars as pl

    return pl.from_pandas(frame[list(columns)])
