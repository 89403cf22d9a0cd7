"""What people are: the role words of both versions, and 1.2's roles.csv (policies.md, Words)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from rostersync.importers.checks import report_missing_values, with_checked_ids, without_deleted
from rostersync.importers.layouts import ROLES
from rostersync.model.findings import Severity
from rostersync.model.roster import USER_ROLE_COLUMNS

if TYPE_CHECKING:
    import polars as pl

    from rostersync.importers.finding_list import FindingList
    from rostersync.importers.tables import Table

ROLE_OF_WORD = {
    "student": "student",
    "guardian": "guardian",
    "parent": "guardian",
    "relative": "guardian",
    "teacher": "teacher",
    "aide": "teacher",
    "proctor": "teacher",
    "counselor": "teacher",
    "administrator": "administrator",
    "districtAdministrator": "administrator",
    "principal": "administrator",
    "siteAdministrator": "administrator",
    "systemAdministrator": "administrator",
}
"""OneRoster's word -> what the sync calls it. Both versions' words are accepted in both."""

RANK = {"administrator": 0, "teacher": 1, "guardian": 2, "student": 3}
"""Which of several roles leads."""

_SPELLING = {word.lower(): word for word in ROLE_OF_WORD}
_FILE = ROLES.file


def canonical_word(column: str) -> pl.Expr:
    """OneRoster's spelling of a role word in any letter case; null for other words."""
    import polars as pl

    return pl.col(column).str.to_lowercase().replace_strict(_SPELLING, default=None, return_dtype=pl.String)


@dataclass(frozen=True)
class UserRoles:
    """What roles.csv says: `rows` with USER_ROLE_COLUMNS, one per distinct combination.

    `rejected_users`: users of whom a row could not be used; `ignored_users`: of whom one was left out with a
    warning; `unreadable`: there are rows of which not even the user can be read; `named`: sourcedIds of all rows,
    those that say tobedeleted among them; `without_orgs`: the file has no column for them;
    `partial`: others may have roles too that were delivered before, and nobody is asked for them.
    """

    rows: pl.DataFrame
    rejected_users: frozenset[str]
    ignored_users: frozenset[str]
    unreadable: bool
    named: frozenset[str] = frozenset()
    without_orgs: bool = False
    partial: bool = False

    def over(self, stored: pl.DataFrame) -> UserRoles:
        """These rows of a delta laid over `stored` (USER_ROLE_COLUMNS)."""
        import polars as pl

        kept = stored.filter(~pl.col("sourced_id").is_in(list(self.named)).fill_null(value=False))
        return replace(self, rows=pl.concat([self.rows, kept.select(self.rows.columns)]))

    def joined(self, users: pl.DataFrame) -> pl.DataFrame:
        """`users` with `role`, `roles`, `school_ids`, and `role_fault`, `role_cell` where they have none."""
        import polars as pl

        several = self.rows["user_id"].is_duplicated()
        single = self.rows.filter(~several).select("user_id", "role", roles="role", school_ids="org_id")
        main = users.select("sourced_id", "primary_org_id").unique("sourced_id", keep="any")
        rows = self.rows.filter(several).join(main, left_on="user_id", right_on="sourced_id", how="left")
        found = pl.concat([single, _summed_up(rows)])
        bare = users.drop("role", "school_ids", strict=False)
        joined = bare.join(found, left_on="sourced_id", right_on="user_id", how="left", maintain_order="left")
        fault = (
            pl.when(pl.col("sourced_id").is_in(list(self.rejected_users)))
            .then(pl.lit("ROLE_ROW_REJECTED"))
            .when(pl.col("role").is_null() & pl.col("sourced_id").is_in(list(self.ignored_users)))
            .then(pl.lit("UNKNOWN_ROLE"))
            .when(pl.col("role").is_null() & pl.lit(value=not self.partial))
            .then(pl.lit("REQUIRED_VALUE_MISSING"))
        )
        return joined.with_columns(role_fault=fault, role_cell=pl.lit(None, dtype=pl.String))


def no_roles() -> UserRoles:
    """What a roles.csv says that is not there."""
    import polars as pl

    types = {"primary": pl.Boolean}
    rows = pl.DataFrame(schema={name: types.get(name, pl.String) for name in USER_ROLE_COLUMNS})
    return UserRoles(rows, frozenset(), frozenset(), unreadable=False)


def _summed_up(rows: pl.DataFrame) -> pl.DataFrame:
    """`user_id`, `role`, `roles`, `school_ids` of users with several role rows, `primary_org_id` beside each.

    A primary role leads, then the higher rank; the main org comes first, then those of primary roles.
    """
    import polars as pl

    ranked = rows.with_columns(rank=pl.col("role").replace_strict(RANK, return_dtype=pl.Int8))
    leading = (
        ranked.sort(~pl.col("primary"), "rank")
        .group_by("user_id", maintain_order=True)
        .agg(role=pl.col("role").first())
    )
    distinct = ranked.select("user_id", "role", "rank").unique()
    distinct = distinct.join(leading.rename({"role": "first"}), on="user_id")
    distinct = distinct.sort("user_id", pl.col("role") != pl.col("first"), "rank")
    roles = distinct.group_by("user_id").agg(roles=pl.col("role").str.join(","))
    place = (
        pl.when((pl.col("org_id") == pl.col("primary_org_id")).any())
        .then(0)
        .when(pl.col("primary").any())
        .then(1)
        .otherwise(2)
    )
    orgs = rows.filter(pl.col("org_id").is_not_null()).group_by("user_id", "org_id").agg(place=place)
    orgs = orgs.sort("user_id", "place", "org_id")
    schools = orgs.group_by("user_id").agg(school_ids=pl.col("org_id").str.join(","))
    return leading.join(roles, on="user_id", how="left").join(schools, on="user_id", how="left")


def roles_of(table: Table, findings: FindingList) -> UserRoles:
    """Read roles.csv: rows of words outside the vocabulary are rejected, `ext:` words ignored, with a warning."""
    import polars as pl

    rows, _ = without_deleted(table.rows, _FILE, findings, delta=table.delta)
    rows = with_checked_ids(rows, {"user_id": "userSourcedId"}, _FILE, findings)
    sound = report_missing_values(rows, {"user_id": "userSourcedId", "role": "role"}, _FILE, findings)
    rows = rows.with_columns(word=canonical_word("role"))
    ours = pl.col("role").str.to_lowercase().str.starts_with("ext:").fill_null(value=False)
    ignored = rows.filter(sound & pl.col("word").is_null() & ours)
    message = "A role of the SIS's own making; the row was ignored. Map it to one of OneRoster's roles."
    findings.rows(Severity.WARNING, _FILE, ignored, code="EXTENSION_ROLE", message=message, column="role", value="role")
    unknown = rows.filter(sound & pl.col("word").is_null() & ~ours)
    message = "Not a role of OneRoster; the row was not used. Correct it in the SIS or the export."
    findings.rows(Severity.ERROR, _FILE, unknown, code="UNKNOWN_ROLE", message=message, column="role", value="role")
    odd = rows.filter(sound & pl.col("word").is_not_null() & (pl.col("word") != pl.col("role")))
    message = "A role in other letter case, read as it is spelt in OneRoster. Correct the export."
    findings.rows(Severity.WARNING, _FILE, odd, code="ROLE_CASE", message=message, column="role", value="role")
    rejected = pl.concat([table.rejected["user_id"], rows.filter(~sound)["user_id"], unknown["user_id"]])
    usable = rows.filter(sound & pl.col("word").is_not_null()).select(
        "sourced_id",
        "user_id",
        role=pl.col("word").replace_strict(ROLE_OF_WORD, return_dtype=pl.String),
        primary=(pl.col("role_type").str.to_lowercase() == "primary").fill_null(value=False),
        org_id=pl.col("org_id"),
    )
    return UserRoles(
        usable.unique(),
        frozenset(rejected.drop_nulls().to_list()),
        frozenset(ignored["user_id"].to_list()),
        unreadable=table.torn or rejected.null_count() > 0,
        without_orgs="org_id" in table.missing,
        named=frozenset(pl.concat([table.rows["sourced_id"], table.rejected["sourced_id"]]).drop_nulls()),
    )


def profiles_of(table: Table, findings: FindingList) -> pl.DataFrame:
    """userProfiles.csv as `user_id`, `profiles`: "profileType|vendorId|credentialType|username", joined by "; "."""
    import polars as pl

    rows, _ = without_deleted(table.rows, "userProfiles.csv", findings, delta=table.delta)
    rows = rows.filter(pl.col("user_id").is_not_null())
    parts = (pl.col(name).fill_null("") for name in ("profile_type", "vendor_id", "credential_type", "username"))
    texts = rows.select("user_id", text=pl.concat_str(list(parts), separator="|"))
    return texts.unique().sort("user_id", "text").group_by("user_id").agg(profiles=pl.col("text").str.join("; "))
