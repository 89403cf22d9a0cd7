"""What `explain` says agrees with what two nights of the sample district reported and stored, for every record."""

from __future__ import annotations

import csv
import re
import shutil
from collections.abc import Callable
from typing import Any

import pytest

from rostersync.commands.explain import explanations
from rostersync.explaining import COLUMNS
from rostersync.state.connection import reading
from tests.docs.pages import PROJECT, table_rows, text_of
from tests.policies.district import District, Report

EXAMPLES = PROJECT / "examples"
OVER = ("`c1-second`", "`c2-swap-a`")
"""What the second night made whole: these have their SIS values now (R-U1, R-U2)."""
PROMISES = [
    cells
    for cells in table_rows(text_of("examples/README.md").partition("| rule |")[2])[2:]
    if not cells[2].startswith(OVER)
]
SAID_ELSEWHERE = {"R-C4", "R-V2", "R-V4"}
"""What befell a value or row as it was read, or nothing: nobody lacks a value by R-C4, R-C2 took it."""
EXPECTED: dict[str, tuple[str, set[str]]] = {
    "ACTIVE_EMAIL_KEPT": ("email", {"R-U3"}),
    "ACTIVE_PHONE_KEPT": ("mobile", {"R-U3"}),
    "LEFT_SIS": ("roster_status", {"R-U8", "R-F3"}),
    "FAMILY_LEFT": ("roster_status", {"R-F1"}),
    "GUARDIAN_LEFT": ("roster_status", {"R-F3", "R-F4"}),
    "RETURNED": ("roster_status", {"R-U9"}),
    "NEW": ("roster_status", {"R-U1"}),
    "NO_UNIQUE_CREDENTIAL": ("added", {"R-C1"}),
    "NO_STUDENT": ("added", {"R-C5"}),
}
"""Code of a row of users.csv -> the field it is about and the rules that may be named for it."""


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> tuple[District, Report]:
    """The sample district after both nights, as its README tells it."""
    district = District(tmp_path_factory.mktemp("sample"))
    shutil.copyfile(EXAMPLES / "rostersync.toml", district.folder / "rostersync.toml")
    district.sync(EXAMPLES / "nights" / "1")
    with (EXAMPLES / "accepted.csv").open(encoding="utf-8-sig", newline="") as file:
        district.accept(*(row["id"] for row in csv.DictReader(file)))
    district.edit("u2-parent", by="manager", given_name="Sammy")
    return district, district.sync(EXAMPLES / "nights" / "2")


@pytest.fixture(scope="module")
def explained(lived: tuple[District, Report]) -> dict[tuple[str, str], dict[str, dict[str, Any]]]:
    """(kind, id) -> rows by field, of everybody and every class in state and report."""
    district, report = lived
    ids = {row["id"] for kind in ("users", "classes") for row in district.rows(f"SELECT id FROM roster_{kind}")}
    ids |= {row["id"] for row in report.rows("users")}
    with reading(district.folder / "state.db") as connection:
        found = [each for record in sorted(ids) for each in explanations(connection, district.settings, record)]
    return {(each.kind, each.id): {row.field: row.as_row() for row in each.rows} for each in found}


def test_every_record_is_explained_and_no_rule_is_unknown(lived, explained):
    district, _ = lived
    users = {("user", row["id"]) for row in district.rows("SELECT id FROM roster_users")}
    classes = {("class", row["id"]) for row in district.rows("SELECT id FROM roster_classes")}
    assert users | classes <= set(explained)
    rows = [(key, row) for key, fields in explained.items() for row in fields.values()]
    assert [(key, row["field"]) for key, row in rows if row["rule"] == "unknown"] == []
    assert {tuple(row) for _, row in rows} == {COLUMNS}


def test_the_values_are_those_of_the_views(lived, explained):
    district, _ = lived
    for user in district.rows("SELECT * FROM roster_users"):
        rows = explained["user", user["id"]]
        for field in ("given_name", "family_name", "email", "mobile", "phone"):
            assert (rows[field]["platform"], rows[field]["sis"]) == (user[field], user[f"sis_{field}"])
        assert (rows["account"]["platform"], rows["roster_status"]["platform"]) == (
            user["account"],
            user["roster_status"],
        )
        assert bool(rows["school_access"]["platform"]) == bool(user["school_access"])
    for row in district.rows("SELECT * FROM roster_classes"):
        fields = explained["class", row["id"]]
        assert (fields["title"]["platform"], fields["title"]["sis"]) == (row["title"], row["sis_title"])
        assert fields["status"]["platform"] == row["status"]


def test_every_note_of_the_report_is_explained_by_its_rule(lived, explained):
    _, report = lived
    seen = set()
    for row in report.rows("users"):
        if row["code"] not in EXPECTED:
            continue
        field, rules = EXPECTED[row["code"]]
        kind = "waiting" if row["action"] == "withheld" else "user"
        assert explained[kind, row["id"]][field]["rule"] in rules, row
        seen.add(row["code"])
    assert len(seen) > 4


@pytest.mark.parametrize(("code", "rules"), [("CREDENTIAL_TAKEN", {"R-C2"}), ("BLANK_KEPT", {"R-U5"})])
def test_every_credential_that_was_kept_is_explained_by_its_rule(lived, explained, code, rules):
    _, report = lived
    field: Callable[[str], str] = lambda note: "email" if "email" in note.lower()[:25] else "mobile"  # noqa: E731
    for row in report.rows("users", code=code):
        assert explained["user", row["id"]][field(row["notes"])]["rule"] in rules, row


def test_every_line_is_where_the_file_has_the_record(lived, explained):
    district, report = lived
    nights = {}
    for number, run in enumerate(district.rows("SELECT run_id FROM roster_runs ORDER BY run_id"), start=1):
        for kind in ("users", "classes"):
            text = (EXAMPLES / "nights" / str(number) / f"{kind}.csv").read_text(encoding="utf-8-sig")
            nights[run["run_id"], f"{kind}.csv"] = text.splitlines()
    assert report.folder.name in {run for run, _ in nights}
    places = {
        (record, row["read_in"], row["file"], row["line"])
        for (kind, record), fields in explained.items()
        for row in fields.values()
        if row["part"] in {"value", "status", "row"} and row["line"]
    }
    assert len(places) > 500
    for record, run, file, line in places:
        assert record in nights[run, file][line - 1], (record, file, line)


@pytest.mark.parametrize("promise", PROMISES, ids=lambda cells: cells[0])
def test_what_the_sample_shows_is_explained_by_its_rule(lived, explained, promise):
    rules, _, people = promise
    wanted = set(rules.split(", ")) - SAID_ELSEWHERE
    named = {
        rule
        for record in re.findall(r"`([a-z0-9-]+)`", people)
        for kind in ("user", "class", "waiting")
        for row in explained.get((kind, record), {}).values()
        for rule in row["rule"].split(" or ")
    }
    assert wanted <= named
