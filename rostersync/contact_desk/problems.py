"""From the state to one row per person and contact that needs a hand."""

from __future__ import annotations

import re
import sqlite3
from typing import TYPE_CHECKING

from rostersync.model.contact_desk import FIXES, INVALID, WITHHELD
from rostersync.model.notes import HOLDER, LIST_SEPARATOR, Code, pieces
from rostersync.state.contact_desk import CONTACTS

if TYPE_CHECKING:
    import polars as pl

    from rostersync.state.contact_desk import ContactDeskReader
    from rostersync.state.reader import StateReader

_OF_CODE = {
    Code.ACTIVE_EMAIL_KEPT.value: "email",
    Code.ACTIVE_PHONE_KEPT.value: "mobile",
    Code.ACTIVE_NAME_KEPT.value: "name",
}
_OF_COLUMN = {"email": "email", "sms": "mobile"}
_ROW = ("role", "school_ids", "given_name", "family_name", "email", "agents")
"""What is read of the row of somebody who is not in the directory."""


def problems(state: StateReader, desk: ContactDeskReader, connection: sqlite3.Connection) -> pl.DataFrame:
    """A row per person and problem.

    `id`, `problem`, `role`, `name`, `account_id`, `contact`, `sis_value`, `here`, and `school_ids` (a list). `others`:
    whom the last sync named as having the value, as text. `told_of`: the contact that its note names. `began`: since
    when, where the ledger of findings says it.
    """
    import polars as pl

    waiting = _waiting(state)
    said = _said(state)
    invalid = _invalid(connection)
    known = desk.people(pl.concat([said["id"], invalid["id"]]).unique())
    shown = ["id", "role", "name", "school_ids", "account_id"]
    strangers = waiting.join(known, on="id", how="anti").select(shown)
    people = pl.concat([known.select(shown), strangers]).unique("id", keep="first")
    rows = pl.concat(
        [
            _withheld(waiting.filter(pl.col("code").is_in(WITHHELD))),
            _differing(said, known),
            _with_platform_value(invalid.join(people.select("id"), on="id", how="semi"), known),
        ],
        how="diagonal",
    )
    schools = _schools(people, waiting, desk)
    return (
        rows.join(people.drop("school_ids"), on="id", how="left")
        .join(schools, on="id", how="left")
        .with_columns(pl.col("school_ids").fill_null([]))
    )


def _waiting(state: StateReader) -> pl.DataFrame:
    """People whose row waits: `id`, `code`, `notes`, `name` and what _ROW says."""
    import polars as pl

    rows = state.waiting().filter((pl.col("kind") == "users") & ~pl.col("deleted"))
    cells = [pl.col("cells").str.json_path_match(f"$.{name}").alias(name) for name in _ROW]
    name = pl.concat_str("given_name", "family_name", separator=" ", ignore_nulls=True).str.strip_chars()
    return rows.with_columns(cells).with_columns(name=name, account_id=pl.lit(None, dtype=pl.Int64))


def _withheld(waiting: pl.DataFrame) -> pl.DataFrame:
    """A row per guardian and credential that somebody else has; one row where the SIS gives none."""
    import polars as pl

    value, other = (pl.col("part").str.extract(_pattern(HOLDER), group) for group in (1, 2))
    parts = waiting.select("id", problem="code", part=pl.col("notes").str.split(LIST_SEPARATOR)).explode("part")
    named = parts.select("id", "problem", sis_value=value, others=other).filter(pl.col("sis_value").is_not_null())
    without = waiting.select("id", problem="code").join(named, on="id", how="anti")
    contact = (
        pl.when(pl.col("sis_value").str.contains("@", literal=True)).then(pl.lit("email")).otherwise(pl.lit("mobile"))
    )
    return pl.concat([named.with_columns(contact=contact), without], how="diagonal")


def _said(state: StateReader) -> pl.DataFrame:
    """What is said every night of people of the directory: `id`, `code`, `notes`."""
    import polars as pl

    return state.standing_user_notes().select("id", "code", "notes").filter(pl.col("code").is_in(list(FIXES)))


def _differing(said: pl.DataFrame, known: pl.DataFrame) -> pl.DataFrame:
    """Where the SIS says something else than the platform; what an edit has settled since is left out."""
    import polars as pl

    rows = with_subject(said).join(known, on="id", how="left")
    contact = pl.coalesce(pl.col("code").replace_strict(_OF_CODE, default=None, return_dtype=pl.String), "told_of")
    rows = rows.with_columns(contact=contact)
    sis, here = (
        pl.coalesce(pl.when(pl.col("contact") == one).then(pl.col(f"{side}{one}")) for one in (*CONTACTS, "name"))
        for side in ("sis_", "")
    )
    sis_name = pl.concat_str("sis_given_name", "sis_family_name", separator=" ", ignore_nulls=True)
    rows = rows.with_columns(sis_name=sis_name).with_columns(sis_value=pl.coalesce("told_value", sis), here=here)
    settled = pl.col("sis_value").eq_missing(pl.col("here"))
    open_ = rows.filter(~settled | (pl.col("code") == Code.LINKED_RECORD_DIFFERS.value))
    return open_.select("id", "told_of", "contact", "sis_value", "here", "others", problem="code")


def with_subject(said: pl.DataFrame) -> pl.DataFrame:
    """Notes (`code`, `notes`) with what their wording names: `told_of` (a contact), `told_value` and `others` (ids)."""
    import polars as pl

    def named(code: Code, value: str) -> pl.Expr:
        pattern = _pattern_of(code)
        group = [*re.compile(pattern).groupindex].index(value) + 1
        return pl.when(pl.col("code") == code.value).then(pl.col("notes").str.extract(pattern, group))

    told_of = [named(code, "field") for code in (Code.CREDENTIAL_TAKEN, Code.BLANK_KEPT, Code.LINKED_RECORD_DIFFERS)]
    return said.with_columns(
        told_of=pl.coalesce(told_of).str.to_lowercase(),
        told_value=named(Code.CREDENTIAL_TAKEN, "value"),
        others=pl.coalesce(named(Code.CREDENTIAL_TAKEN, "id"), named(Code.LINKED_RECORD_DIFFERS, "id")),
    )


def _invalid(connection: sqlite3.Connection) -> pl.DataFrame:
    """Contacts that are none, as the ledger has them: `id`, `problem`, `contact`, `sis_value`, `began` (a time)."""
    import polars as pl

    from rostersync.state.findings_ledger import open_findings

    columns = {"id": "id", "problem": "code", "contact": "column", "sis_value": "value", "began": "started_at"}
    found = [row for code in INVALID for row in open_findings(connection, code)]
    rows = [tuple(row[name] for name in columns.values()) for row in found if row["id"] is not None]
    return pl.DataFrame(rows, schema=dict.fromkeys(columns, pl.String), orient="row")


def _with_platform_value(invalid: pl.DataFrame, known: pl.DataFrame) -> pl.DataFrame:
    import polars as pl

    here = [pl.when(pl.col("contact") == column).then(pl.col(one)) for column, one in _OF_COLUMN.items()]
    return invalid.join(known.select("id", "email", "mobile"), on="id", how="left").select(
        *invalid.columns, here=pl.coalesce(here)
    )


def _schools(people: pl.DataFrame, waiting: pl.DataFrame, desk: ContactDeskReader) -> pl.DataFrame:
    """`id` and the list `school_ids` of these people: a guardian's are those of their students, else their own."""
    import polars as pl

    guardians = people.filter(pl.col("role") == "guardian")["id"]
    own_rows = waiting.filter(pl.col("id").is_in(guardians.implode())).select(
        "id", student=pl.col("agents").str.split(",")
    )
    own_rows = own_rows.explode("student").drop_nulls()
    named = desk.people(own_rows["student"].unique()).filter(pl.col("role") == "student")
    through = pl.concat(
        [
            desk.students_of(guardians),
            desk.students_naming(waiting.filter(pl.col("id").is_in(guardians.implode()))["id"]),
            own_rows.join(named, left_on="student", right_on="id").select("id", "school_ids"),
        ]
    ).drop_nulls()
    rest = people.select("id", "school_ids").join(through, on="id", how="anti")
    listed = pl.concat([through, rest]).with_columns(pl.col("school_ids").str.split(",")).explode("school_ids")
    # In the order in which they are named, and each once.
    return listed.drop_nulls().unique(maintain_order=True).group_by("id", maintain_order=True).agg("school_ids")


def _pattern_of(code: Code) -> str:
    return _pattern("".join(literal + (f"{{{name}}}" if name else "") for literal, name in pieces(code)))


def _pattern(wording: str) -> str:
    """A regular expression that takes the values out of a note, made of its wording."""
    parts = re.split(r"\{(\w+)\}", wording)
    return "^" + "".join(f"(?P<{part}>.*)" if at % 2 else re.escape(part) for at, part in enumerate(parts)) + "$"
