"""A delta laid over the base: what tonight's import says as a whole (policies.md, *Import*, R-V5).

Afterwards the roster is what a bulk delivery of tonight would be: every rule sees one roster. A row of a delta takes
the place of the base's row of the same sourcedId, one that says tobedeleted removes it, and rows that waited since an
earlier night are judged like those of tonight.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from rostersync.importers.classes import with_end
from rostersync.importers.enrollments import without_dropped
from rostersync.importers.finding_list import FindingList, finding_schema
from rostersync.importers.references import report_unknown
from rostersync.importers.users import Users, report_roles
from rostersync.model.findings import FINDING_COLUMNS, Severity
from rostersync.model.last_import import TABLES, LastImport
from rostersync.model.roster import (
    CLASS_COLUMNS,
    DELETED_ENROLLMENT_COLUMNS,
    REJECTED_CLASS_COLUMNS,
    REJECTED_ENROLLMENT_COLUMNS,
    REJECTED_USER_COLUMNS,
    SESSION_COLUMNS,
    USER_COLUMNS,
)
from rostersync.model.waiting import enrollment_id

if TYPE_CHECKING:
    from datetime import date

    import polars as pl

    from rostersync.importers.roles import UserRoles
    from rostersync.model.roster import Roster

_KEY = ["class_id", "user_id", "role"]


def is_laid_over(modes: Mapping[str, str]) -> bool:
    """Whether the base has a say: a file that counts is no bulk file."""
    return any(modes.get(table) != "bulk" for table in TABLES) or modes.get("academic_sessions") == "delta"


def lay_over(roster: Roster, last: LastImport, today: date) -> Roster:
    """`roster` as a whole: what it says, and what the last import said of everything else.

    Its enrollments are still to be resolved (`references.resolve`). Findings of rejected rows that wait come again.
    """
    roster = _with_agents_reported(_with_records(roster, last, "users"), roster)
    roster = _with_records(roster, last, "classes")
    roster = _with_sessions(roster, last)
    roster = _with_enrollments(roster, last)
    return _without_dropped(_with_silence(roster, last), today)


def users_again(last: LastImport, roles: UserRoles, tonight: Users | None, findings: FindingList) -> Users:
    """Tonight's users, and those of the last import with their roles of tonight, as far as these changed.

    Of 1.2 a user is told by two files: a delta of roles changes people of whom users.csv says nothing.
    """
    import polars as pl

    waiting = _waiting(last.waiting, "users", last.users.schema)
    prior = _instead(last.users, waiting)
    if tonight is None:
        nobody = prior.clear()
        tonight = Users(
            nobody, nobody.select(REJECTED_USER_COLUMNS), frozenset(), unreadable=False, without_role=nobody
        )
    told = {*tonight.users["sourced_id"], *tonight.rejected["sourced_id"], *tonight.deleted}
    others = pl.concat([prior, _without_role(last.waiting, prior)])
    others = others.filter(~pl.col("sourced_id").is_in(list(told)))
    again = roles.joined(others.drop("roles"))
    report_roles(again, findings)
    faulty = pl.col("role_fault").is_not_null()
    rejected = again.filter(faulty).select(REJECTED_USER_COLUMNS)
    before = others.select("sourced_id", stored_schools="school_ids")
    sound = again.filter(~faulty).join(before, on="sourced_id", how="left")
    # Lists compare as sets: the order of before stays where nothing else changed.
    same = pl.col("school_ids").str.split(",").list.sort() == pl.col("stored_schools").str.split(",").list.sort()
    sound = sound.with_columns(school_ids=pl.when(same).then("stored_schools").otherwise("school_ids"))
    return replace(
        tonight,
        users=pl.concat([tonight.users, sound.select(USER_COLUMNS)]),
        rejected=pl.concat([tonight.rejected, rejected]),
        unreadable=tonight.unreadable or roles.unreadable,
        without_role=pl.concat([tonight.without_role, again.filter(faulty).select(USER_COLUMNS)]),
    )


def _without_role(waiting: pl.DataFrame, prior: pl.DataFrame) -> pl.DataFrame:
    """Rejected users who wait for nothing but a role, as rows of users."""
    import polars as pl

    lacking = waiting.filter((pl.col("kind") == "users") & pl.col("cells").str.contains('"row":{', literal=True))
    content = {name: dtype for name, dtype in prior.schema.items() if name not in {"sourced_id", "line"}}
    cells = pl.col("cells").str.json_decode(pl.Struct({"row": pl.Struct(content)}))
    rows = lacking.select(sourced_id="id", line=pl.lit(None, dtype=pl.UInt32), cells=cells).unnest("cells")
    return rows.unnest("row").select(prior.columns)


@dataclass(frozen=True)
class _Waiting:
    """The waiting rows of one table: `rows` as in the roster, `deleted` ids, `rejected` as in the roster, findings."""

    rows: pl.DataFrame
    deleted: pl.DataFrame
    rejected: pl.DataFrame
    findings: pl.DataFrame

    def without(self, superseded: pl.Series) -> _Waiting:
        """Those that no row of tonight supersedes."""
        import polars as pl

        def others(frame: pl.DataFrame) -> pl.DataFrame:
            return frame.filter(~pl.col("waits").is_in(superseded.implode()))

        return _Waiting(*(others(part) for part in (self.rows, self.deleted, self.rejected, self.findings)))


def _with_records(roster: Roster, last: LastImport, table: str) -> Roster:
    """Users or classes: base, waiting rows and tonight's, each sourcedId once."""
    import polars as pl

    if roster.modes.get(table) == "bulk":
        return roster
    columns = USER_COLUMNS if table == "users" else CLASS_COLUMNS
    base: pl.DataFrame = getattr(last, table)
    said: pl.DataFrame | None = getattr(roster, table)
    tonight = base.clear() if said is None else said
    rejected: pl.DataFrame = getattr(roster, f"rejected_{table}")
    deleted: frozenset[str] = getattr(roster, f"deleted_{table}")
    deleted -= set(rejected["sourced_id"])
    superseded = pl.concat(
        [tonight["sourced_id"], rejected["sourced_id"], pl.Series("sourced_id", sorted(deleted), dtype=pl.String)]
    ).drop_nulls()
    waiting = _waiting(last.waiting, table, base.schema)
    prior = _instead(base, waiting)
    tonight = _with_missing(tonight, prior, roster.missing.get(table, frozenset()))
    kept = prior.filter(~pl.col("sourced_id").is_in(superseded.implode()))
    left = waiting.without(superseded)
    afterwards: dict[str, Any] = {
        table: pl.concat([tonight.select(columns), kept.select(columns)]),
        f"rejected_{table}": pl.concat([rejected, left.rejected.select(rejected.columns)]),
        f"deleted_{table}": deleted | frozenset(left.deleted["waits"]),
        "findings": pl.concat([roster.findings, left.findings.select(FINDING_COLUMNS)]),
        "missing": {**roster.missing, table: _missing_afterwards(roster, last, table)},
    }
    return replace(roster, **afterwards)


def _missing_afterwards(roster: Roster, last: LastImport, table: str) -> frozenset[str]:
    """Columns that neither the base nor tonight's file has; and who names whom, while the base never said it (R-V4).

    A delta names the agents of few: read as a whole, it would end the guardianships of everybody else.
    """
    silent = last.missing.get(table, frozenset())
    return (silent & roster.missing.get(table, silent)) | (silent & {"agents"})


def _with_silence(roster: Roster, last: LastImport) -> Roster:
    """What is missing of the files that rows only refer to, and a word about agents that cannot be believed yet."""
    import polars as pl

    optional = ("orgs", "courses")
    kept = {table: last.missing.get(table, frozenset()) for table in optional if roster.modes.get(table) != "bulk"}
    findings = FindingList()
    if roster.modes.get("users") == "delta" and "agents" in last.missing.get("users", frozenset()):
        message = (
            "The last bulk file did not have this column; until one has it, it says nothing and guardianships stay. "
            "Have the SIS export a bulk set."
        )
        findings.note(Severity.WARNING, "users.csv", "MISSING_COLUMN", message, line=1, column="agentSourcedIds")
    return replace(
        roster,
        missing={**roster.missing, **kept},
        findings=pl.concat([roster.findings, findings.frame()]),
    )


def _instead(base: pl.DataFrame, waiting: _Waiting) -> pl.DataFrame:
    """The base, with the rows that wait in the place of its own."""
    import polars as pl

    parts = (waiting.rows, waiting.deleted, waiting.rejected)
    taken = pl.concat([part.select("waits") for part in parts])["waits"]
    name = enrollment_id() if "class_id" in base.columns else pl.col("sourced_id")
    stays = base.filter(~name.is_in(taken.implode()))
    return pl.concat([stays, waiting.rows.select(base.columns)])


def _with_missing(tonight: pl.DataFrame, prior: pl.DataFrame, missing: frozenset[str]) -> pl.DataFrame:
    """`tonight` with the values of `prior` in the columns that tonight's file does not have (R-V4)."""
    import polars as pl

    silent = [name for name in tonight.columns if name in missing and name != "sourced_id"]
    if not silent or tonight.is_empty():
        return tonight
    known = (
        prior.select("sourced_id", *silent).unique("sourced_id", keep="any").filter(pl.col("sourced_id").is_not_null())
    )
    return tonight.drop(silent).join(known, on="sourced_id", how="left", maintain_order="left").select(tonight.columns)


def _waiting(waiting: pl.DataFrame, kind: str, schema: Mapping[str, pl.DataType]) -> _Waiting:
    """The waiting rows of a table, `waits` their id."""
    import polars as pl

    own = waiting.filter(pl.col("kind") == kind).rename({"id": "waits"})
    deleted = own.filter("deleted")
    refused = pl.col("cells").str.starts_with('{"rejected"')
    rows = _decoded(own.filter(~pl.col("deleted") & ~refused), schema)
    rejected_columns = {
        "users": REJECTED_USER_COLUMNS,
        "classes": REJECTED_CLASS_COLUMNS,
        "enrollments": REJECTED_ENROLLMENT_COLUMNS,
    }[kind]
    read = dict.fromkeys((name for name in rejected_columns if name != "line"), pl.String)
    finding = dict.fromkeys(("column", "finding", "value", "message"), pl.String)
    cells = pl.Struct({"rejected": pl.List(pl.Struct(read)), "findings": pl.List(pl.Struct(finding))})
    told = own.filter(~pl.col("deleted") & refused).with_columns(pl.col("cells").str.json_decode(cells)).unnest("cells")
    rejected = told.select("waits", "line", "rejected").explode("rejected").unnest("rejected")
    found = told.select("waits", "line", "findings").explode("findings").unnest("findings")
    keys = DELETED_ENROLLMENT_COLUMNS if kind == "enrollments" else ()
    return _Waiting(
        rows,
        _decoded(deleted, dict.fromkeys(keys, pl.String())) if keys else deleted.select("waits"),
        rejected,
        _findings(found, f"{kind}.csv"),
    )


def _decoded(waiting: pl.DataFrame, schema: Mapping[str, pl.DataType]) -> pl.DataFrame:
    """Rows of waiting cells: `waits` and the columns of `schema`."""
    import polars as pl

    names = [name for name in schema if name != "line"]
    stored = {name: pl.String() if schema[name] == pl.Date() else schema[name] for name in names}
    with_id = waiting.with_columns(pl.col("cells").str.json_decode(pl.Struct(stored)))
    rows = with_id.select("waits", "line", "cells").unnest("cells")
    if "sourced_id" in schema and "class_id" not in schema:
        rows = rows.with_columns(sourced_id=pl.col("waits"))
    return rows.with_columns(pl.col(name).str.to_date() for name in names if schema[name] == pl.Date())


def _findings(found: pl.DataFrame, file: str) -> pl.DataFrame:
    """`waits` and FINDING_COLUMNS of what is wrong with rejected rows that wait."""
    import polars as pl

    return found.select(
        "waits",
        severity=pl.lit(Severity.ERROR.value),
        file=pl.lit(file),
        line=pl.lit(None, dtype=pl.UInt32),  # of an earlier file: tonight's has no such row
        id="waits",
        column="column",
        code="finding",
        value="value",
        message="message",
    ).select("waits", *(pl.col(name).cast(dtype) for name, dtype in finding_schema().items()))


def _with_agents_reported(roster: Roster, tonight: Roster) -> Roster:
    """A warning for agents that neither a delta of users nor the base knows (R-V4)."""
    if tonight.modes.get("users") != "delta" or tonight.users is None or roster.users is None:
        return roster
    import polars as pl

    findings = FindingList()
    known = pl.concat([roster.users["sourced_id"], roster.rejected_users["sourced_id"]])
    report_unknown(tonight.users, "agents", "agentSourcedIds", known, "users.csv", findings)
    return replace(roster, findings=pl.concat([roster.findings, findings.frame()]))


def _with_sessions(roster: Roster, last: LastImport) -> Roster:
    """The sessions as a whole, and the ends of the classes by them."""
    import polars as pl

    mode = roster.modes.get("academic_sessions")
    if mode != "delta" and roster.modes.get("classes") == "bulk":
        return roster
    tonight = roster.academic_sessions
    sessions = tonight
    if mode != "bulk":
        superseded = [*tonight["sourced_id"], *roster.deleted_sessions]
        others = last.sessions.filter(~pl.col("sourced_id").is_in(superseded))
        sessions = pl.concat([tonight, others.select(SESSION_COLUMNS)])
    classes = roster.classes
    if classes is None or sessions.is_empty():
        return roster
    missing = roster.missing.get("classes", frozenset()) - {"ends_on"}
    return replace(
        roster,
        academic_sessions=sessions,
        classes=with_end(classes.drop("ends_on"), sessions).select(CLASS_COLUMNS),
        missing={**roster.missing, "classes": missing, "academic_sessions": frozenset()},
    )


def _with_enrollments(roster: Roster, last: LastImport) -> Roster:
    """Enrollments: a row is superseded by its sourcedId, one without any by its class, user and role."""
    import polars as pl

    if roster.modes.get("enrollments") == "bulk":
        return roster
    tonight = roster.unresolved
    rejected = roster.rejected_enrollments
    deleted = roster.deleted_enrollments
    deleted = pl.DataFrame(schema=dict.fromkeys(DELETED_ENROLLMENT_COLUMNS, pl.String)) if deleted is None else deleted
    deleted = deleted.filter(
        ~pl.col("sourced_id").is_in(rejected["sourced_id"].drop_nulls().implode()).fill_null(value=False)
    )
    named = [tonight.select("sourced_id", *_KEY), deleted.select("sourced_id", *_KEY)]
    said = pl.concat(named)
    superseded = pl.concat([said.select(id=enrollment_id())["id"], rejected["sourced_id"].alias("id")]).drop_nulls()
    waiting = _waiting(last.waiting, "enrollments", last.enrollments.schema)
    prior = _instead(last.enrollments, waiting)
    tonight = _with_missing(tonight, prior, roster.missing.get("enrollments", frozenset()))
    kept = _not_superseded(prior, superseded, said)
    left = waiting.without(superseded)
    waits = kept.filter(enrollment_id().is_in(left.rows["waits"].implode()))
    gone = _not_superseded(left.deleted.select(DELETED_ENROLLMENT_COLUMNS), superseded, said)
    return replace(
        roster,
        enrollments=kept.filter(~enrollment_id().is_in(left.rows["waits"].implode())),
        unresolved=pl.concat([tonight, waits.with_columns(line=pl.lit(None, dtype=pl.UInt32))]).with_columns(
            pl.col("is_primary").fill_null(value=False)
        ),
        spare_enrollments=None,
        rejected_enrollments=pl.concat([rejected, left.rejected.select(rejected.columns)]),
        deleted_enrollments=pl.concat([deleted, gone]),
        findings=pl.concat([roster.findings, left.findings.select(FINDING_COLUMNS)]),
        missing={**roster.missing, "enrollments": _missing_afterwards(roster, last, "enrollments")},
    )


def _not_superseded(prior: pl.DataFrame, superseded: pl.Series, said: pl.DataFrame) -> pl.DataFrame:
    """`prior` without what tonight's rows `said`: by sourcedId, or by member where one of the two has none."""
    import polars as pl

    by_member = said.filter(pl.all_horizontal(pl.col(_KEY).is_not_null()))
    others = prior.filter(~enrollment_id().is_in(superseded.implode()))
    unnamed = others.filter(pl.col("sourced_id").is_null()).join(by_member, on=_KEY, how="anti")
    nameless = by_member.filter(pl.col("sourced_id").is_null())
    named = others.filter(pl.col("sourced_id").is_not_null()).join(nameless, on=_KEY, how="anti")
    return pl.concat([named, unnamed])


def _without_dropped(roster: Roster, today: date) -> Roster:
    """R-K6, now that the ends of all classes are known."""
    if roster.enrollments is None:
        return roster
    return replace(
        roster,
        enrollments=without_dropped(roster.enrollments, roster.classes, today),
        unresolved=without_dropped(roster.unresolved, roster.classes, today),
    )
