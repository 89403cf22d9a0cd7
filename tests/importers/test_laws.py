"""What must hold whatever the files are (policies.md R-A2; never anything but a refusal)."""

from __future__ import annotations

import csv
import io
import random
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from rostersync.errors import ImportRefused
from rostersync.importers.references import resolve
from rostersync.importers.validate import validate
from rostersync.model.delivery import Delivery
from rostersync.model.roster import Roster
from tests.importers.district import TODAY, delivered, files_11, files_12, roster

ids = st.sampled_from(["S1", "S2", "P1", "P2", "T1", "", "x,y", " S1"])
words = st.sampled_from(["", "true", "TRUE", "no", "x", "NULL", "tobedeleted", "active"])
user_row = st.tuples(
    ids,
    words,
    words,
    st.sampled_from(["NORTH", "SOUTH", "NORTH,SOUTH", "SOUTH, NORTH", ""]),
    st.sampled_from(["student", "parent", "Teacher", "wizard", ""]),
    st.sampled_from(["Ada", "Zoë  Ann", "null", ""]),
    st.sampled_from(["Birch", 'O"Neil', "King, Jr.", ""]),
    st.sampled_from(["ada@school.example", "ADA@school.example", "none", ""]),
    st.sampled_from(["206-555-0101", "12", ""]),
    st.sampled_from(["S1", "P2,P1", "P1, P2", ""]),
)
USER_HEADER = [
    "sourcedId",
    "status",
    "enabledUser",
    "orgSourcedIds",
    "role",
    "givenName",
    "familyName",
    "email",
    "sms",
    "agentSourcedIds",
]
enrollment_row = st.tuples(
    st.sampled_from(["E1", "E2", "E3", ""]),
    st.sampled_from(["C1", "C2", ""]),
    ids,
    st.sampled_from(["student", "teacher", "Aide", "x"]),
    words,
    st.sampled_from(["2026-08-24", "8/24/2026", "soon", ""]),
    st.sampled_from(["2027-06-04", "2026-10-01", ""]),
)
ENROLLMENT_HEADER = ["sourcedId", "classSourcedId", "userSourcedId", "role", "primary", "beginDate", "endDate"]


def written(header: list[str], rows: list[tuple[str, ...]], *, quoting: int, line_end: str, mark: bool) -> bytes:
    stream = io.StringIO()
    csv.writer(stream, quoting=quoting, lineterminator=line_end).writerows([header, *rows])
    return stream.getvalue().encode("utf-8-sig" if mark else "utf-8")


def read(users: bytes, enrollments: bytes) -> Roster:
    with TemporaryDirectory() as folder:
        found = roster(delivered(Path(folder), files_11(users=users, enrollments=enrollments)))
    return resolve(found, {"S2"}, set())


def _refusal(delivery: Delivery, *, strict: bool) -> str:
    """How a delivery is refused; empty where it is not."""
    try:
        validate(delivery, region="US", encoding="auto", today=TODAY, strict=strict)
    except ImportRefused as error:
        return str(error)
    return ""


def comparable(found: Roster) -> dict[str, object]:
    """Everything a roster says, but for lines and the order of rows."""
    said: dict[str, object] = {}
    for name, value in vars(found).items():
        if isinstance(value, pl.DataFrame):
            frame = value.drop("line", strict=False)
            if name == "findings":
                frame = frame.drop("message")  # may count rows
            said[name] = sorted(map(str, frame.rows()))
        else:
            said[name] = value
    return said


@given(
    users=st.lists(user_row, min_size=1, max_size=8),
    enrollments=st.lists(enrollment_row, min_size=1, max_size=6),
    seed=st.integers(0, 10_000),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    line_end=st.sampled_from(["\n", "\r\n", "\r"]),
    mark=st.booleans(),
)
@settings(max_examples=40, deadline=None)
def test_law_order_and_dress_of_the_files_mean_nothing(
    users: list[tuple[str, ...]],
    enrollments: list[tuple[str, ...]],
    seed: int,
    quoting: int,
    line_end: str,
    *,
    mark: bool,
):
    chance = random.Random(seed)
    plain = {"quoting": csv.QUOTE_MINIMAL, "line_end": "\n", "mark": False}
    dressed = {"quoting": quoting, "line_end": line_end, "mark": mark}
    contents: list[bytes] = []
    shuffled: list[bytes] = []
    for header, rows in ((USER_HEADER, users), (ENROLLMENT_HEADER, enrollments)):
        contents.append(written(header, rows, **plain))
        columns = chance.sample(range(len(header)), len(header))
        moved = [tuple(row[place] for place in columns) for row in chance.sample(rows, len(rows))]
        shuffled.append(written([header[place] for place in columns], moved, **dressed))
    try:
        expected = comparable(read(*contents))
    except ImportRefused:
        with pytest.raises(ImportRefused):
            read(*shuffled)
        return
    assert comparable(read(*shuffled)) == expected


@given(
    file=st.sampled_from(["users", "classes", "enrollments", "orgs", "manifest", "roles", "academicSessions"]),
    version=st.sampled_from(["1.1", "1.2"]),
    data=st.data(),
)
@settings(max_examples=40, deadline=None)
def test_law_nothing_but_a_refusal(file: str, version: str, data: st.DataObject):
    files = (files_11 if version == "1.1" else files_12)()
    good = str(files.get(file, files["users"])).encode()
    broken = data.draw(
        st.binary(max_size=60)
        | st.binary(max_size=30).map(lambda tail: good + tail)
        | st.tuples(st.integers(0, len(good)), st.binary(max_size=6), st.integers(0, 8)).map(
            lambda cut: good[: cut[0]] + cut[1] + good[cut[0] + cut[2] :]
        )
        | st.text(st.sampled_from('",\n\r S1;é\u200b'), max_size=60).map(lambda text: good + text.encode())
    )
    with TemporaryDirectory() as folder:
        delivery = delivered(Path(folder), files | {file: broken})
        for strict in (False, True):
            refusal = _refusal(delivery, strict=strict)
            assert refusal.isprintable()
            assert not refusal or "Nothing was changed" in refusal


def test_law_a_file_cut_anywhere_never_loses_anybody_silently(tmp_path: Path):
    """Each cut refuses, rejects the torn row, or leaves rows that are whole."""
    rows = ["S1,student,Ada,Birch,P1,1", 'P1,parent,"Bo, Jr.",Birch,S1,2', "T1,teacher,Dee,Moss,,3"]
    users = "\n".join(["sourcedId,role,givenName,familyName,agentSourcedIds,identifier", *rows, ""])
    whole = roster(delivered(tmp_path, files_11(users=users)))
    assert whole.users is not None
    expected = {row[0]: row for row in whole.users.drop("line", "identifier").iter_rows()}
    for end in range(users.index("\n") + 1, len(users) - 1):
        try:
            found = roster(delivered(tmp_path, files_11(users=users[:end])))
        except ImportRefused:
            continue
        assert found.users is not None
        seen = {row[0]: row for row in found.users.drop("line", "identifier").iter_rows()}
        assert seen.items() <= expected.items(), f"cut at {end}"
        begun = users[:end].count("\n") + (users[end - 1] != "\n") - 1
        told = len(seen) + found.rejected_users.height
        assert told == begun or found.unreadable, f"cut at {end}"


def test_reading_twice_gives_the_same(tmp_path: Path):
    first, second = (roster(delivered(tmp_path, files_12())) for _ in range(2))
    assert first.users is not None
    assert second.users is not None
    assert_frame_equal(first.users, second.users)
    assert_frame_equal(first.findings, second.findings)
