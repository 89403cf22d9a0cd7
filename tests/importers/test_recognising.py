"""Rows recognised by their lines are the rows that a reading of the whole files finds, or the files are read whole."""

from __future__ import annotations

import csv
import io
import tempfile
from collections.abc import Callable
from datetime import date
from pathlib import Path
from random import Random
from typing import Literal

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rostersync.diff import diff, fingerprints, with_unread
from rostersync.errors import ImportRefused
from rostersync.importers import oneroster, recognising
from rostersync.importers.finding_list import FindingList
from rostersync.importers.oneroster import read
from rostersync.importers.references import resolve
from rostersync.model.delivery import Delivery
from rostersync.model.roster import Roster
from rostersync.model.snapshot import TABLE_KEYS, Doubt, Snapshot
from rostersync.model.waiting import enrollment_id
from tests.importers.district import delivered, files_11

Files = dict[str, list[dict[str, str]]]
SEED = 4711
TODAY = date(2026, 9, 1)
LATER = date(2027, 4, 20)
USER: tuple[str, ...] = (
    *("sourcedId", "status", "enabledUser", "orgSourcedIds", "role", "username", "givenName", "familyName"),
    *("email", "sms", "phone", "agentSourcedIds", "grades"),
)
ENROLLMENT = ("sourcedId", "status", "classSourcedId", "userSourcedId", "role", "primary", "beginDate", "endDate")
CLASS = ("sourcedId", "title", "schoolSourcedId", "courseSourcedId", "termSourcedIds")


def made(random: Random) -> Files:
    """A small district with families, two schools and three classes."""
    users = [person(f"S{n}", "student", agentSourcedIds=f"G{n % 4},G{n}") for n in range(7)]
    users += [person(f"G{n}", "parent", agentSourcedIds=f"S{n % 7}") for n in range(7)]
    users += [person("T1", "teacher"), person("T2", "teacher")]
    classes = [dict(zip(CLASS, (f"C{n}", f"Class {n}", "A", "K1", "Y"), strict=True)) for n in range(3)]
    enrollments = [enrolled(f"C{n % 3}", f"S{m}") for n in range(3) for m in range(7) if random.random() < 0.6]
    enrollments += [enrolled(f"C{n}", f"T{1 + n % 2}", role="teacher") for n in range(3)]
    return {"users": users, "classes": classes, "enrollments": enrollments, "orgs": orgs("A", "B")}


def person(sourced_id: str, role: str, **values: str) -> dict[str, str]:
    name = {"givenName": f"Given {sourced_id}", "familyName": "Example", "orgSourcedIds": "A"}
    contact = {"email": f"{sourced_id.lower()}@example.org", "sms": f"+1 415 555 0{100 + len(sourced_id)}"}
    return (
        dict.fromkeys(USER, "")
        | {"sourcedId": sourced_id, "role": role, "enabledUser": "true"}
        | name
        | contact
        | values
    )


def enrolled(class_id: str, user_id: str, **values: str) -> dict[str, str]:
    row = {
        "sourcedId": f"{class_id}-{user_id}",
        "classSourcedId": class_id,
        "userSourcedId": user_id,
        "role": "student",
    }
    return dict.fromkeys(ENROLLMENT, "") | row | values


def orgs(*ids: str) -> list[dict[str, str]]:
    return [{"sourcedId": each, "name": f"School {each}", "type": "school"} for each in ids]


ODD_CELLS = {
    "users": {
        "email": ("new@example.org", "no address", "", " blank@example.org ", "NULL", "zero\u200bwidth@example.org"),
        "role": ("student", "parent", "Teacher", "unheard-of", ""),
        "agentSourcedIds": ("G1", "S2,G3", "nobody", "", "G3,G1", "G1,,G2"),
        "orgSourcedIds": ("A", "B", "B,A", "nowhere"),
        "enabledUser": ("true", "false", "yes", "perhaps"),
        "givenName": ("New", "", "Zoë", "two  blanks", 'with "quotes"', "two\nlines", "=1+1"),
        "status": ("active", "tobedeleted", ""),
        "sourcedId": ("S1", "G1", "S99", "", "a,b", "local:1"),
        "sms": ("+1 415 555 0199", "12", ""),
    },
    "enrollments": {
        "endDate": ("2026-08-01", "2026-09-30", "2027-05-30", "06/01/2027", "never", ""),
        "role": ("student", "teacher", "aide", "Student", "guest", ""),
        "userSourcedId": ("S1", "S2", "nobody", ""),
        "classSourcedId": ("C1", "C2", "nowhere", ""),
        "primary": ("true", "false", "yes", "perhaps", ""),
        "sourcedId": ("C1-S1", "", "new"),
        "status": ("active", "inactive", ""),
    },
}


def changed(files: Files, random: Random) -> Files:
    """The same district on another night."""
    files = {name: [dict(row) for row in rows] for name, rows in files.items()}
    for _ in range(random.choice((0, 1, 1, 2, 4))):
        name = random.choice(("users", "users", "enrollments"))
        rows = files[name]
        row = random.choice(rows)
        match random.choice(("cell", "cell", "cell", "remove", "copy", "orgs", "class", "order", "new")):
            case "cell":
                column = random.choice(list(ODD_CELLS[name]))
                row[column] = random.choice(ODD_CELLS[name][column])
            case "remove" if len(rows) > 3:
                rows.remove(row)
            case "copy":
                rows.append(dict(row))
            case "orgs":
                files["orgs"] = orgs(*random.choice((("A",), ("A", "B", "C"))))
            case "class" if len(files["classes"]) > 1:
                files["classes"].pop()
            case "order":
                random.shuffle(rows)
            case "new":
                number = random.randrange(20, 25)
                files["users"].append(person(f"S{number}", "student", agentSourcedIds="G0"))
                files["enrollments"].append(enrolled("C0", f"S{number}"))
            case _:
                pass
    return files


def deliver(folder: Path, files: Files, random: Random) -> Delivery:
    """The district written as CSV files, each in a form of its own."""
    folder.mkdir()
    columns = {"users": USER, "enrollments": ENROLLMENT, "classes": CLASS, "orgs": ("sourcedId", "name", "type")}
    texts: dict[str, str | bytes | None] = {name: as_csv(rows, columns[name], random) for name, rows in files.items()}
    terms = "sourcedId,title,type,startDate,endDate\nY,Year,schoolYear,2026-08-01,2027-06-30\n"
    return delivered(folder, files_11(**texts, courses="sourcedId,title\nK1,Course\n", academicSessions=terms))


def as_csv(rows: list[dict[str, str]], columns: tuple[str, ...], random: Random) -> str:
    ends, quoted = random.choice(("\n", "\n", "\r\n")), random.random() < 0.2
    names = {"givenName": "familyName", "familyName": "givenName"} if random.random() < 0.1 else {}
    out = io.StringIO()
    quoting: Literal[0, 1] = csv.QUOTE_ALL if quoted else csv.QUOTE_MINIMAL
    writer = csv.DictWriter(out, columns, lineterminator=ends, quoting=quoting)
    writer.writerow({column: names.get(column, column) for column in columns})
    for row in rows:
        writer.writerow(row)
        if random.random() < 0.02:
            out.write(random.choice(("", ",,", "   ")) + ends)
    text = out.getvalue()
    return text[: -random.randrange(1, 9)] if random.random() < 0.1 else text


def looked_at(delivery: Delivery, today: date, before: Snapshot | None = None) -> Roster:
    """A reading as a sync makes it, of a state that knows nobody."""
    return resolve(read(delivery, region="US", today=today, seed=SEED, before=before), (), ())


def in_order(frame: pl.DataFrame | None) -> list[tuple[object, ...]]:
    return [] if frame is None else sorted(frame.rows(), key=repr)


SAME = (
    *("rejected_users", "rejected_classes", "rejected_enrollments", "unresolved", "spare_enrollments", "dangling"),
    *("findings", "row_counts", "deleted_users", "deleted_classes", "deleted_enrollments", "unreadable", "missing"),
    *("modes", "orgs", "classes", "read_as"),
)
"""What a roster has whole, whatever was recognised."""


def compare(whole: Roster, part: Roster, before: Snapshot) -> None:
    """`part`, with everything read that was recognised, is `whole`."""
    unread = part.unread
    assert unread is not None
    assert whole.users is not None
    assert part.users is not None
    assert whole.enrollments is not None
    assert part.enrollments is not None
    ids = whole.users["sourced_id"].to_list()
    for name in SAME:
        one, other = getattr(whole, name), getattr(part, name)
        if isinstance(one, pl.DataFrame) or isinstance(other, pl.DataFrame):
            one, other = in_order(one), in_order(other)
        assert one == other, name
    among = part.users_among(ids)
    assert in_order(among) == in_order(whole.users)
    there = part.user_ids()
    assert there is not None
    assert sorted(there) == sorted(ids)
    users, classes = whole.enrollments["user_id"].to_list(), whole.enrollments["class_id"].to_list()
    for asked in ((users, ()), ((), classes)):
        assert in_order(pl.concat([part.enrollments, unread.enrollments(*asked)])) == in_order(whole.enrollments)
    for each in ids:
        naming = whole.users.filter(
            (pl.col("sourced_id") == each) | pl.col("agents").str.split(",").list.contains(each)
        )
        found = pl.concat([part.users, unread.users_naming([each])])
        assert set(in_order(naming)) <= set(in_order(found))
    named = whole.enrollments.select(enrollment_id()).to_series()
    assert {*part.enrollments.select(enrollment_id()).to_series(), *unread.enrollments_there(named)} == set(named)
    fresh, read_whole = fingerprints(part, SEED), fingerprints(whole, SEED)
    one, other = diff(fresh, before, unread), diff(read_whole, before, None)
    tonight = with_unread(fresh, before, part)
    for table in TABLE_KEYS:
        assert in_order(one.touched[table]) == in_order(other.touched[table])
        assert in_order(one.gone[table]) == in_order(other.gone[table])
        # A row that a whole reading lets the next night recognise may be one that it reads; never the reverse.
        assert in_order(tonight.table(table).drop("text")) == in_order(read_whole.table(table).drop("text"))
        assert set(in_order(tonight.table(table).select("key", "text").drop_nulls())) <= set(
            in_order(read_whole.table(table).select("key", "text").drop_nulls())
        )
    assert set(in_order(tonight.agents)) == set(in_order(read_whole.agents))


def night_after(seed: int, folder: Path) -> str:
    """Two nights of a random district; says how the second one was read."""
    random = Random(seed)
    first = made(random)
    for _ in range(random.choice((0, 1, 2))):
        first = changed(first, random)
    try:
        known = fingerprints(looked_at(deliver(folder / "1", first, random), TODAY), SEED)
    except ImportRefused:
        return "refused"
    today = random.choice((TODAY, TODAY, LATER))
    second = deliver(folder / "2", changed(first, random), random)
    try:
        whole: Roster | ImportRefused = looked_at(second, today)
    except ImportRefused as error:
        whole = error
    try:
        part = looked_at(second, today, known)
    except Doubt:
        return "whole"
    except ImportRefused as error:
        refused = str(error)
    else:
        assert isinstance(whole, Roster), whole
        compare(whole, part, known)
        return "recognised"
    assert str(whole) == refused
    return "refused"


@given(seed=st.integers(0, 1 << 32))
@settings(max_examples=25)
def test_what_is_recognised_is_what_is_read(seed: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        night_after(seed, Path(folder))


@pytest.mark.long
@pytest.mark.parametrize("part", range(4))
def test_many_nights_are_recognised_and_none_is_read_otherwise(part: int) -> None:
    said = nights_after(range(100 * part, 100 * part + 100))
    assert said.count("recognised") > 50, said


def nights_after(seeds: range) -> list[str]:
    said = []
    for seed in seeds:
        with tempfile.TemporaryDirectory() as folder:
            said.append(night_after(seed, Path(folder)))
    return said


MUTANTS: dict[str, Callable[[pytest.MonkeyPatch], None]] = {
    "a row of which something has to be said is recognised": lambda patch: patch.setattr(
        FindingList, "lines", lambda self, file: pl.Series("line", [], dtype=pl.UInt32)
    ),
    "a row that shares its sourcedId, or says that it is deleted, is recognised": lambda patch: patch.setattr(
        oneroster, "recognisable", lambda table: table.texts
    ),
    "what has ended, is there twice or names nobody who is there is not read again": lambda patch: patch.setattr(
        recognising._File, "read_too", lambda self, rows: False
    ),
    "a file with other columns is the same": lambda patch: patch.setattr(
        oneroster, "read_as", lambda package, org_ids: "always"
    ),
}


@pytest.mark.long
@pytest.mark.parametrize("mutate", MUTANTS.values(), ids=MUTANTS.keys())
def test_a_mutant_is_caught(monkeypatch: pytest.MonkeyPatch, mutate: Callable[[pytest.MonkeyPatch], None]) -> None:
    mutate(monkeypatch)
    with pytest.raises(AssertionError):
        nights_after(range(200))
