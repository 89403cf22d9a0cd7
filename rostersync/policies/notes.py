"""The notes of a night: one row per record and note, by the rule that says so (contract.md, Reports)."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from rostersync.model.decisions import Decisions
from rostersync.model.night import ENROLLMENT_KEY
from rostersync.model.notes import (
    BLANK,
    CHANGE,
    FIXED_NOTES,
    HOLDER,
    LIST_SEPARATOR,
    REJECTED_KNOWN,
    REJECTED_NEW,
    Action,
    Code,
    action_of,
    note,
    pieces,
)
from rostersync.policies.columns import by_value

if TYPE_CHECKING:
    import pandas as pd

LINKED_FIELDS = ("given_name", "family_name", "email", "mobile", "phone")


def user_notes(decisions: Decisions) -> pd.DataFrame:
    """`id`, `action`, `code`, `notes` of users, but for SIS_UPDATE, which the changes tell."""
    users, table = decisions.users, decisions.accounts
    frames = [
        *_status_notes(users),
        _rejected_rows(users, "users.csv"),
        _rows(users.loc[users["held"], ["id"]], Code.UNREADABLE_ROWS, file="users.csv"),
        *_kept_by_active(table),
        *_kept_credentials(table),
        *_linked_records(users, table),
    ]
    return _together(frames)


def class_notes(decisions: Decisions) -> pd.DataFrame:
    """`id`, `action`, `code`, `notes` of classes, but for SIS_UPDATE."""
    classes = decisions.classes
    kept = classes.loc[classes["title_kept"], ["id", "to_sis_title"]]
    frames = [
        *(
            _rows(classes.loc[classes["status_code"] == code.value, ["id"]], code)
            for code in (Code.NEW, Code.LEFT_SIS, Code.RETURNED, Code.CLASS_STAYS_ARCHIVED)
        ),
        _rows(kept, Code.TITLE_KEPT, sis_title=kept["to_sis_title"]),
        _rejected_rows(classes, "classes.csv"),
        _rows(classes.loc[classes["held"], ["id"]], Code.UNREADABLE_ROWS, file="classes.csv"),
    ]
    return _together(frames)


def coded_notes(frame: pd.DataFrame, keys: tuple[str, ...]) -> pd.DataFrame:
    """`keys`, `action`, `code`, `notes` of a frame whose column `code` holds codes with fixed texts."""
    coded = frame.loc[frame["code"] != "", [*keys, "code"]]
    actions = {code.value: action_of(code).value for code in FIXED_NOTES}
    texts = {code.value: text for code, text in FIXED_NOTES.items()}
    return coded.assign(
        action=by_value(coded["code"], lambda codes: codes.map(actions).astype("str")),
        notes=by_value(coded["code"], lambda codes: codes.map(texts).astype("str")),
    )


def enrollment_notes(enrollments: pd.DataFrame) -> pd.DataFrame:
    """ENROLLMENT_KEY, `action`, `code`, `notes` of enrollments, but for SIS_UPDATE."""
    import pandas as pd

    keys = list(ENROLLMENT_KEY)
    coded = coded_notes(enrollments, ENROLLMENT_KEY)
    held = enrollments.loc[enrollments["held"], keys]
    if held.empty:
        return coded
    code = Code.UNREADABLE_ROWS
    text = note(code, file="enrollments.csv")
    told = held.assign(code=code.value, action=action_of(code).value, notes=text)
    return pd.concat([coded, told[coded.columns]], ignore_index=True)


def change_notes(changes: pd.DataFrame) -> pd.DataFrame:
    """One SIS_UPDATE row per record of `changes` (`id`, `field`, `before`, `after`, `told`), in order of its fields."""
    told = changes[changes["told"].astype(bool)]
    if told.empty:
        return _together([])
    before, after = (
        told["before"].mask(told["before"] == "", BLANK),
        told["after"].mask(told["after"] == "", BLANK),
    )
    parts = _filled(CHANGE, told.index, {"field": told["field"], "before": before, "after": after})
    import polars as pl

    by_id = pl.DataFrame({"id": pl.from_pandas(told["id"]), "part": pl.from_pandas(parts)}).group_by("id")
    joined = by_id.agg(pl.col("part").str.join(LIST_SEPARATOR)).sort("id").to_pandas()
    prefix = pieces(Code.SIS_UPDATE)[0][0]
    return _frame(joined["id"], Code.SIS_UPDATE, prefix + joined["part"].astype("str"))


def _status_notes(users: pd.DataFrame) -> list[pd.DataFrame]:
    users = users[["id", "status_code", "same_as", "to_status", "to_email", "to_mobile", "taken_email", "taken_mobile"]]
    code = users["status_code"]
    joined = users["same_as"] != ""
    frames = [_rows(users[(code == fixed.value) & ~joined], fixed) for fixed in (Code.NEW, Code.RETURNED)]
    frames += [
        _rows(users[code == fixed.value], fixed) for fixed in (Code.NO_STUDENT, Code.LEFT_SIS, Code.GUARDIAN_LEFT)
    ]
    frames.append(_rows(users[joined], Code.SAME_PERSON, id=users.loc[joined, "same_as"]))
    family_left, removed = code == Code.FAMILY_LEFT.value, users["to_status"] == "removed"
    frames.append(_rows(users[family_left & ~removed], Code.FAMILY_LEFT, mode="soft"))
    frames.append(_rows(users[family_left & removed], Code.FAMILY_LEFT, mode="extreme"))
    withheld = users[code == Code.NO_UNIQUE_CREDENTIAL.value]
    holders = withheld["id"].map(lambda _: "")
    for name in ("email", "mobile"):
        part = LIST_SEPARATOR + _filled(
            HOLDER, withheld.index, {"value": withheld[f"to_{name}"], "id": withheld[f"taken_{name}"]}
        )
        holders = holders + part.where(withheld[f"taken_{name}"] != "", "")
    frames.append(_rows(withheld, Code.NO_UNIQUE_CREDENTIAL, holders=holders))
    return frames


def _kept_by_active(table: pd.DataFrame) -> list[pd.DataFrame]:
    """R-U3: while a filled SIS e-mail, mobile or name differs from what an active user keeps."""
    free = table[table["free"] & table["current"] & table["led"]]
    differs = {
        name: (free[f"sis_{name}"] != "") & (free[f"sis_{name}"] != free[f"to_{name}"]) for name in LINKED_FIELDS
    }
    name = free["to_given_name"].str.cat(free["to_family_name"], sep=" ").str.strip()
    by_lead = free.assign(id=free["lead"])
    email, mobile = by_lead[differs["email"]], by_lead[differs["mobile"]]
    renamed = differs["given_name"] | differs["family_name"]
    return [
        _rows(email, Code.ACTIVE_EMAIL_KEPT, platform_email=_shown(email["to_email"])),
        _rows(mobile, Code.ACTIVE_PHONE_KEPT, platform_mobile=_shown(mobile["to_mobile"])),
        _rows(by_lead[renamed], Code.ACTIVE_NAME_KEPT, platform_name=_shown(name[renamed])),
    ]


def _kept_credentials(table: pd.DataFrame) -> list[pd.DataFrame]:
    """R-U5 and R-C2: a blank that clears nothing, a credential that somebody else has."""
    frames = []
    for name in ("email", "mobile"):
        columns = ["lead", f"blank_kept_{name}", f"to_{name}", f"taken_{name}", f"want_{name}"]
        by_lead = table[columns].rename(columns={"lead": "id"})
        kept = by_lead[by_lead[f"blank_kept_{name}"]]
        frames.append(_rows(kept, Code.BLANK_KEPT, field=name, value=kept[f"to_{name}"]))
        taken = by_lead[by_lead[f"taken_{name}"] != ""]
        frames.append(
            _rows(
                taken,
                Code.CREDENTIAL_TAKEN,
                field=name.capitalize(),
                value=taken[f"want_{name}"],
                holder=taken[f"taken_{name}"],
            )
        )
    return frames


def _linked_records(users: pd.DataFrame, table: pd.DataFrame) -> list[pd.DataFrame]:
    """R-U10: a record of an account that says something else than its leading record."""
    leads = table.loc[table["led"], ["account_id", "lead", *(f"sis_{name}" for name in LINKED_FIELDS)]]
    leads = leads.rename(columns={f"sis_{name}": f"lead_{name}" for name in LINKED_FIELDS})
    shared = users["account_id"].duplicated(keep=False) & (users["account_id"] != 0)
    columns = ["id", "account_id", *(f"to_{name}" for name in LINKED_FIELDS)]
    others = users[columns][shared & users["in_import"] & (users["to_status"] == "current")]
    others = others.merge(leads, on="account_id")
    others = others[others["id"] != others["lead"]]
    frames = []
    for name in LINKED_FIELDS:
        own, lead = others[f"to_{name}"], others[f"lead_{name}"]
        if name in {"given_name", "family_name"}:  # people are matched without case
            own, lead = own.str.casefold(), lead.str.casefold()
        differs = others[own != lead]
        frames.append(_rows(differs, Code.LINKED_RECORD_DIFFERS, field=name, holder=differs["lead"]))
    return frames


def _rejected_rows(records: pd.DataFrame, file: str) -> pd.DataFrame:
    """R-V3: a known record keeps its base, a new one waits."""
    rejected = records.loc[records["rejected"], ["id", "line", "known"]]
    if rejected.empty:
        return _together([])
    where = f"see issues.csv, {file} line " + rejected["line"].astype("str").str.removesuffix(".0")
    outcome = rejected["known"].map({True: REJECTED_KNOWN, False: REJECTED_NEW}).astype("str")
    return _rows(rejected, Code.REJECTED_ROW, message=where, outcome=outcome)


def _shown(values: pd.Series) -> pd.Series:
    return values.mask(values == "", BLANK)


def _rows(frame: pd.DataFrame, code: Code, **values: pd.Series | str) -> pd.DataFrame:
    """One note per row of `frame`; `holder` stands for the note's `{id}` where the frame has an id of its own."""
    if frame.empty:
        return _together([])
    named = {("id" if name == "holder" else name): value for name, value in values.items()}
    text = FIXED_NOTES[code] if not named and code in FIXED_NOTES else None
    if code is Code.FAMILY_LEFT:
        mode = str(values["mode"])
        return _frame(frame["id"], code, note(code, mode=mode), action_of(code, mode=mode))
    if text is None:
        template = "".join(literal + (f"{{{name}}}" if name else "") for literal, name in pieces(code))
        return _frame(frame["id"], code, _filled(template, frame.index, named))
    return _frame(frame["id"], code, text)


def _filled(template: str, index: pd.Index, values: dict[str, pd.Series | str]) -> pd.Series:
    """A column of texts: the template with the values of each row."""
    import string

    import pandas as pd

    text = pd.Series("", index=index, dtype="str")
    for literal, name, _, _ in string.Formatter().parse(template):
        text = text + literal
        if name is not None:
            text = text + values[name]
    return text


def _frame(ids: pd.Series, code: Code, notes: pd.Series | str, action: Action | None = None) -> pd.DataFrame:
    import pandas as pd

    frame = pd.DataFrame({"id": ids, "action": (action or action_of(code)).value, "code": code.value})
    frame["notes"] = notes
    return frame


def _together(frames: list[pd.DataFrame]) -> pd.DataFrame:
    import pandas as pd

    filled = [frame for frame in frames if len(frame)]
    return pd.concat(filled, ignore_index=True) if filled else _nothing_said()


@functools.cache
def _nothing_said() -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame({name: pd.Series(dtype="str") for name in ("id", "action", "code", "notes")})
