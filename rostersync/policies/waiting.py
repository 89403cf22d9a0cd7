"""Which rows of the import the state does not reflect after tonight (policies.md, *Import*, R-V5)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rostersync.model.findings import Severity
from rostersync.model.night import ABSENT, CLASS_IMPORT, ENROLLMENT_KEY, ENROLLMENT_VALUES, USER_IMPORT, VALID
from rostersync.model.notes import Action, Code
from rostersync.model.roster import CLASS_COLUMNS, ENROLLMENT_COLUMNS, USER_COLUMNS
from rostersync.model.waiting import WAITING_COLUMNS, Waiting, enrollment_id, waiting_schema
from rostersync.policies.columns import among

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl

    from rostersync.model.decisions import Decisions
    from rostersync.model.roster import Roster

_LASTING = {Action.WITHHELD.value, Action.HELD.value, Action.REJECTED.value}
_KEY = ["kind", "id"]
_INVALID_FLAG = {"email": "email_invalid", "sms": "sms_invalid", "telephone": "phone_invalid"}


def waiting_rows(roster: Roster, decisions: Decisions, notes: dict[str, pd.DataFrame], stored: pl.DataFrame) -> Waiting:
    """What moves among the waiting rows tonight; `stored` (WAITING_COLUMNS) are those of the state.

    Those of records that nobody looked at tonight stand while their row is in the import.
    """
    import polars as pl

    parts = [
        *_rejected(roster),
        _spare(roster),
        *_users(roster, decisions, notes["users"]),
        *_classes(roster, decisions, notes["classes"]),
        *_enrollments(roster, decisions, notes["enrollments"]),
    ]
    found = pl.concat([pl.DataFrame(schema=waiting_schema()), *parts]).unique(_KEY, keep="first", maintain_order=True)
    # Which line a row stood on says nothing about it (policies.md R-A2).
    said = [name for name in WAITING_COLUMNS if name != "line"]
    moved = found.join(stored, on=said, how="anti", nulls_equal=True).sort(_KEY)
    others = stored.join(found, on=_KEY, how="anti")
    gone = others.join(_standing(others, roster, decisions), on=_KEY, how="anti")
    return Waiting(moved, gone.select(_KEY).sort(_KEY))


def _standing(stored: pl.DataFrame, roster: Roster, decisions: Decisions) -> pl.DataFrame:
    """Those of `stored` that nobody looked at and whose row is still there."""
    import polars as pl

    if stored.is_empty():
        return stored
    standing = []
    for kind in ("users", "classes", "enrollments"):
        rows = stored.filter(pl.col("kind") == kind)
        if rows.is_empty():
            continue
        seen = (
            _looked_at(decisions.enrollments)
            if kind == "enrollments"
            else _from_pandas(getattr(decisions, kind), ["id"])
        )
        rows = rows.join(seen, on="id", how="anti")
        there = _ids_of(roster, kind, rows["id"])
        standing.append(rows.filter(pl.col("deleted") != pl.col("id").is_in(there.implode())))
    return pl.concat(standing)


def _ids_of(roster: Roster, kind: str, ids: pl.Series) -> pl.Series:
    """Those of `ids` of which there is a sound row tonight."""
    import polars as pl

    table: pl.DataFrame | None = getattr(roster, kind)
    if table is None or ids.is_empty():
        return ids.clear()
    if kind == "users":
        there = roster.user_ids()
        return ids.clear() if there is None else ids.filter(ids.is_in(there.implode()))
    name = enrollment_id() if kind == "enrollments" else pl.col("sourced_id")
    found = table.lazy().select(id=name).filter(pl.col("id").is_in(ids.implode())).collect().to_series()
    if kind == "enrollments" and roster.unread is not None:
        found = pl.concat([found, roster.unread.enrollments_there(ids)])
    return found


def _looked_at(enrollments: pd.DataFrame) -> pl.DataFrame:
    """`id`: every one under which one of these could wait."""
    import polars as pl

    frame = _from_pandas(enrollments, [*ENROLLMENT_KEY, "sourced_id", "in_sourced_id"])
    keys = frame.select(*ENROLLMENT_KEY, sourced_id=pl.lit(None, dtype=pl.String)).select(id=enrollment_id())
    return pl.concat([keys, frame.select(id="sourced_id"), frame.select(id="in_sourced_id")])


def _rejected(roster: Roster) -> list[pl.DataFrame]:
    """Rejected rows whose sourcedId can be read, one per sourcedId: they are judged again until they are superseded."""
    import polars as pl

    dangling = roster.dangling
    enrollments = roster.rejected_enrollments
    frames = []
    if dangling is not None and dangling.height:
        findings = _findings(roster, "enrollments.csv")
        waits = dangling.with_columns(id=enrollment_id())
        told = waits.join(findings.unique("id"), on="id", how="left", maintain_order="left")
        frames.append(_frame("enrollments", told, cells=_cells(ENROLLMENT_COLUMNS)))
    by_pair = pl.concat_str("class_id", "user_id", separator=" ")
    parts = (
        ("users", "users.csv", roster.rejected_users, pl.col("sourced_id")),
        ("classes", "classes.csv", roster.rejected_classes, pl.col("sourced_id")),
        ("enrollments", "enrollments.csv", enrollments, pl.coalesce("sourced_id", by_pair)),
    )
    for kind, file, rows, name in parts:
        named = rows.with_columns(id=name).filter(pl.col("id").is_not_null())
        if named.is_empty():
            continue
        read = [column for column in rows.columns if column != "line"]
        ordered = named.group_by("id", *read).agg(pl.col("line").min()).sort("id", *read, nulls_last=True)
        grouped = ordered.group_by("id", maintain_order=True).agg(pl.col("line").min(), rejected=pl.struct(read))
        told = (
            _findings(roster, file)
            .group_by("id", maintain_order=True)
            .agg(
                code=pl.lit(Code.REJECTED_ROW.value).first(),
                notes=pl.col("notes").first(),
                findings=pl.struct("column", finding="code", value="value", message="message"),
            )
        )
        joined = grouped.join(told, on="id", how="left")
        whole = pl.struct("rejected", "findings").struct.json_encode()
        if kind == "users" and roster.without_role is not None and roster.without_role.height:
            content = [name for name in USER_COLUMNS if name not in {"sourced_id", "line"}]
            lacking = roster.without_role.select(id="sourced_id", row=pl.struct(content)).unique("id", keep="none")
            joined = joined.join(lacking, on="id", how="left")
            with_row = pl.struct("rejected", "findings", "row").struct.json_encode()
            whole = pl.when(pl.col("row").is_not_null()).then(with_row).otherwise(whole)
        frames.append(_frame(kind, joined, cells=whole))
    return frames


def _findings(roster: Roster, file: str) -> pl.DataFrame:
    """The errors in a file: `id`, `code`, `notes`, `column`, `value`, `message`, in order of column and message."""
    import polars as pl

    found = roster.findings.filter((pl.col("severity") == Severity.ERROR.value) & (pl.col("file") == file))
    lines = roster.rejected_enrollments.select("line", "class_id", "user_id")
    named = found.join(lines.unique("line"), on="line", how="left") if file == "enrollments.csv" else found
    by_pair = pl.concat_str("class_id", "user_id", separator=" ") if file == "enrollments.csv" else pl.col("id")
    said = pl.concat_str(pl.col("column") + ": ", "message", ignore_nulls=True)
    return (
        named.with_columns(id=pl.coalesce("id", by_pair), notes=said)
        .filter(pl.col("id").is_not_null())
        .select("id", "code", "notes", "column", "value", "message")
        .unique()
        .sort("id", "column", "code", "value", "message", nulls_last=True)
    )


def _spare(roster: Roster) -> pl.DataFrame:
    """Rows behind another one of the same class, user and role: the state has one, the SIS may delete either."""
    import polars as pl

    rows = roster.spare_enrollments
    if rows is None or roster.enrollments is None or rows.is_empty():
        return pl.DataFrame(schema=waiting_schema())
    others = roster.enrollments.filter(pl.col("user_id").is_in(rows["user_id"].unique().implode()))
    taken = rows.join(others, on=list(ENROLLMENT_KEY), how="semi").sort("line")  # never recognised ones
    return _frame("enrollments", taken.with_columns(id=enrollment_id()), cells=_cells(ENROLLMENT_COLUMNS))


def _users(roster: Roster, decisions: Decisions, notes: pd.DataFrame) -> list[pl.DataFrame]:

    users = decisions.users
    missing = {"telephone" if name == "phone" else name for name in roster.missing.get("users", frozenset())}
    differs = users["to_status"] != "current"
    for name in USER_IMPORT:
        if name in missing:
            continue
        other = users[f"in_{name}"] != users[f"to_{name}"]
        if name in _INVALID_FLAG:
            other &= ~users[_INVALID_FLAG[name]]
        if name == "enabled":
            other &= users["in_enabled"] != ""
        if name == "school_ids":
            other &= _as_sets(users["in_school_ids"]) != _as_sets(users["to_school_ids"])
        differs |= other
    waits = users.loc[(users["presence"] == VALID) & differs, "id"]
    stays = users["known"] & (users["origin"] == "sis") & (users["to_status"] == "current")
    gone = users.loc[stays & _unsaid(users, roster.deleted_users), "id"]
    frames = [_gone("users", gone, notes)]
    tonight = roster.users_among(waits.to_list()) if len(waits) else None
    if tonight is not None:
        rows = tonight.rename({"sourced_id": "id"})
        columns = [name for name in USER_COLUMNS if name != "sourced_id"]
        frames.append(_frame("users", _told(rows, notes), cells=_cells(columns)))
    return frames


def _as_sets(lists: pd.Series) -> pd.Series:
    """Lists with their items in order, to compare them as sets."""
    several = lists.str.contains(",", regex=False)
    if not several.any():
        return lists
    return lists.mask(several, lists[several].map(lambda cell: ",".join(sorted(cell.split(",")))))


def _classes(roster: Roster, decisions: Decisions, notes: pd.DataFrame) -> list[pl.DataFrame]:
    import polars as pl

    classes = decisions.classes
    missing = roster.missing.get("classes", frozenset())
    differs = classes["to_status"] != "active"
    for name in CLASS_IMPORT:
        if name not in missing:
            differs |= classes[f"in_{name}"] != classes["to_sis_title" if name == "title" else f"to_{name}"]
    waits = classes.loc[(classes["presence"] == VALID) & differs, "id"]
    stays = classes["known"] & (classes["origin"] == "sis") & (classes["to_status"] == "active")
    gone = classes.loc[stays & _unsaid(classes, roster.deleted_classes), "id"]
    frames = [_gone("classes", gone, notes)]
    if len(waits) and roster.classes is not None:
        rows = roster.classes.filter(pl.col("sourced_id").is_in(waits.to_list())).rename({"sourced_id": "id"})
        columns = [name for name in CLASS_COLUMNS if name != "sourced_id"]
        frames.append(_frame("classes", _told(rows, notes), cells=_cells(columns)))
    return frames


def _unsaid(records: pd.DataFrame, deleted: frozenset[str]) -> pd.Series:
    """Not in the import, or deleted in so many words while rows that nobody can read hold all removals (R-V3)."""
    return (records["presence"] == ABSENT) | (records["held"] & records["id"].isin(deleted))


def _enrollments(roster: Roster, decisions: Decisions, notes: pd.DataFrame) -> list[pl.DataFrame]:
    """Enrollments of archived classes are not in the base: they stay as they were, whatever the import says (R-K1)."""
    import polars as pl

    enrollments = decisions.enrollments
    missing = roster.missing.get("enrollments", frozenset())
    differs = enrollments["waits"] | (enrollments["to"] != "current")
    for name in ENROLLMENT_VALUES:
        if name not in missing:
            differs |= enrollments[f"in_{name}"] != enrollments[f"to_{name}"]
    held = _from_pandas(notes[notes["action"].isin(_LASTING)], [*ENROLLMENT_KEY, "code", "notes"])
    held = held.sort(held.columns).unique(ENROLLMENT_KEY, keep="first")
    frames = []
    waits = _from_pandas(enrollments[enrollments["asserted"] & differs], ENROLLMENT_KEY)
    if waits.height and roster.enrollments is not None:
        rows = roster.enrollments.filter(pl.col("user_id").is_in(waits["user_id"].unique().implode()))
        if roster.unread is not None:
            rows = pl.concat([rows, roster.unread.enrollments(waits["user_id"].unique().to_list(), ())])
        rows = rows.join(waits, on=list(ENROLLMENT_KEY), how="semi")
        rows = rows.join(held, on=list(ENROLLMENT_KEY), how="left")
        frames.append(_frame("enrollments", rows.with_columns(id=enrollment_id()), cells=_cells(ENROLLMENT_COLUMNS)))
    active = decisions.classes.loc[decisions.classes["to_status"] == "active", "id"]
    stays = enrollments[
        (enrollments["stored"] == "current")
        & (enrollments["to"] == "current")
        & (enrollments["origin"] == "sis")
        & ~enrollments["asserted"]
        & among(enrollments["class_id"], active)
    ]
    gone = _from_pandas(stays, [*ENROLLMENT_KEY, "sourced_id", "protected"]).with_columns(id=enrollment_id())
    deleted = roster.deleted_enrollments
    in_words = [] if deleted is None else deleted.select(id=enrollment_id())["id"].drop_nulls().to_list()
    gone = gone.filter(~pl.col("protected") | pl.col("id").is_in(in_words))
    if gone.height:
        gone = gone.join(held, on=list(ENROLLMENT_KEY), how="left")
        key = pl.struct(*ENROLLMENT_KEY, "sourced_id").struct.json_encode()
        frames.append(_frame("enrollments", gone, cells=key, deleted=True))
    return frames


def _gone(kind: str, ids: pd.Series, notes: pd.DataFrame) -> pl.DataFrame:
    import polars as pl

    rows = pl.DataFrame({"id": ids.to_list()}, schema={"id": pl.String})
    return _frame(kind, _told(rows, notes), cells=pl.lit("{}"), deleted=True)


def _told(rows: pl.DataFrame, notes: pd.DataFrame) -> pl.DataFrame:
    """`rows` with the first of what is said every night of why they wait."""
    lasting = notes["action"].isin(_LASTING) | (notes["code"] == Code.CLASS_STAYS_ARCHIVED.value)
    said = notes[lasting & notes["id"].isin(rows["id"].to_list())]
    frame = _from_pandas(said, ["id", "code", "notes"]).sort("id", "code", "notes").unique("id", keep="first")
    return rows.join(frame, on="id", how="left", maintain_order="left")


def _cells(columns: tuple[str, ...] | list[str]) -> pl.Expr:
    """The roster's row as a JSON object, without the line."""
    import polars as pl

    return pl.struct(name for name in columns if name != "line").struct.json_encode()


def _frame(kind: str, rows: pl.DataFrame, *, cells: pl.Expr, deleted: bool = False) -> pl.DataFrame:
    import polars as pl

    absent = [name for name in ("line", "code", "notes") if name not in rows.columns]
    types = waiting_schema()
    rows = rows.with_columns(pl.lit(None, dtype=types[name]).alias(name) for name in absent)
    rows = rows.with_columns(cells=cells, kind=pl.lit(kind), deleted=pl.lit(value=deleted))
    return rows.select(pl.col(name).cast(types[name]) for name in WAITING_COLUMNS)


def _from_pandas(frame: pd.DataFrame, columns: tuple[str, ...] | list[str]) -> pl.DataFrame:
    """Columns of a frame of the rules as polars, blanks as null."""
    import polars as pl

    table = pl.from_pandas(frame[list(columns)])
    texts = [name for name, dtype in table.schema.items() if dtype in {pl.String, pl.Categorical, pl.Null}]
    return table.with_columns(
        pl.when(pl.col(name).cast(pl.String) != "").then(pl.col(name).cast(pl.String)).alias(name) for name in texts
    )
