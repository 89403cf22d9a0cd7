"""classes.csv, orgs.csv, courses.csv and academicSessions.csv (policies.md R-V2 to R-V4)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest

from rostersync.model.delivery import Delivery
from rostersync.model.roster import CLASS_COLUMNS, COURSE_COLUMNS, ORG_COLUMNS, SESSION_COLUMNS, Roster
from tests.importers.district import CLASS, CLASSES, codes, files_11, finding, roster, table

Deliver = Callable[[dict[str, str | bytes]], Delivery]
SESSIONS = "sourcedId,title,type,startDate,endDate,parentSourcedId"


def the_class(found: Roster, sourced_id: str = "C1") -> dict[str, object]:
    assert found.classes is not None
    (row,) = found.classes.filter(sourced_id=sourced_id).to_dicts()
    return row


def test_every_cell_lands_where_it_belongs(deliver: Deliver):
    found = roster(deliver(files_11()))
    assert found.classes is not None
    assert tuple(found.classes.columns) == CLASS_COLUMNS
    assert the_class(found) == {
        "sourced_id": "C1",
        "line": 2,
        "title": "Art 5",
        "school_id": "NORTH",
        "course_id": "K1",
        "ends_on": date(2027, 6, 4),
        "grades": "05",
        "class_code": "A5",
        "class_type": "scheduled",
        "location": "R1",
        "term_ids": "FALL,SPRING",
        "subjects": "Art",
        "subject_codes": "A",
        "periods": "1",
    }
    assert tuple(found.orgs.columns) == ORG_COLUMNS
    assert found.orgs.row(1) == ("NORTH", 3, "North", "school", "1", "DISTRICT")
    assert tuple(found.courses.columns) == COURSE_COLUMNS
    assert found.courses.row(0) == ("K1", 2, "Art", "A", "NORTH")
    assert tuple(found.academic_sessions.columns) == SESSION_COLUMNS
    assert found.academic_sessions.row(0) == ("FALL", 2, "Fall", "term", date(2026, 8, 24), date(2026, 12, 18), None)


def test_a_class_ends_with_the_last_of_its_terms_that_are_known(deliver: Deliver):
    rows = (CLASS, CLASS.replace("C1", "C2").replace("FALL,SPRING", "SPRING,SUMMER,FALL"), CLASS.replace("C1", "C3"))
    rows = (*rows[:2], rows[2].replace('"FALL,SPRING"', "SUMMER"))
    found = roster(deliver(files_11(classes=table(CLASSES, *rows))))
    assert the_class(found, "C2")["ends_on"] == date(2027, 6, 4)
    assert the_class(found, "C3")["ends_on"] is None
    assert finding(found.findings.filter(id="C3"), "UNKNOWN_REFERENCE")["value"] == "SUMMER"


def test_the_order_of_terms_means_nothing_and_that_of_subjects_does(deliver: Deliver):
    row = CLASS.replace("FALL,SPRING", "SPRING, FALL,SPRING").replace(",Art,A,", ',"Drama, Art","D, A",')
    found = the_class(roster(deliver(files_11(classes=table(CLASSES, row)))))
    assert (found["term_ids"], found["subjects"], found["subject_codes"]) == ("FALL,SPRING", "Drama,Art", "D,A")


@pytest.mark.parametrize(("old", "code"), [("Art 5", "REQUIRED_VALUE_MISSING"), ("C1", "REQUIRED_VALUE_MISSING")])
def test_title_and_sourced_id_are_required(deliver: Deliver, old: str, code: str):
    found = roster(deliver(files_11(classes=table(CLASSES, CLASS.replace(old, "", 1), CLASS.replace("C1", "C2")))))
    assert found.classes is not None
    assert found.classes["sourced_id"].to_list() == ["C2"]
    assert finding(found, code)["line"] == 2
    if old == "C1":
        assert (found.unreadable, found.rejected_classes.height) == ({"classes"}, 0)
    else:
        assert found.rejected_classes.rows() == [("C1", 2)]


def test_classes_of_one_id(deliver: Deliver):
    same = roster(deliver(files_11(classes=table(CLASSES, CLASS, CLASS))))
    assert (the_class(same)["line"], codes(same)) == (2, [])
    merged = roster(deliver(files_11(classes=table(CLASSES, CLASS, CLASS.replace("05,K1", "06,K1")))))
    assert the_class(merged)["grades"] == "05,06"
    conflict = roster(deliver(files_11(classes=table(CLASSES, CLASS, CLASS.replace("Art 5", "Art V")))))
    assert conflict.rejected_classes["sourced_id"].to_list() == ["C1", "C1"]


def test_deleted_classes(deliver: Deliver):
    found = roster(deliver(files_11(classes=table(CLASSES, CLASS.replace("C1,", "C1,tobedeleted", 1)))))
    assert found.classes is not None
    assert (found.classes.height, found.deleted_classes) == (0, {"C1"})
    assert found.enrollments is not None
    assert found.enrollments.height == 2, "an enrollment of a class that left is no error"


def test_unknown_references_are_kept_and_reported(deliver: Deliver):
    row = CLASS.replace("K1", "K9").replace("NORTH", "WEST").replace("FALL,SPRING", "FALL,WINTER")
    found = roster(deliver(files_11(classes=table(CLASSES, row))))
    assert (the_class(found)["course_id"], the_class(found)["school_id"]) == ("K9", "WEST")
    assert codes(found) == [
        ("classes.csv", "UNKNOWN_REFERENCE", "courseSourcedId"),
        ("classes.csv", "UNKNOWN_REFERENCE", "schoolSourcedId"),
        ("classes.csv", "UNKNOWN_REFERENCE", "termSourcedIds"),
    ]


def test_dates_of_sessions(deliver: Deliver):
    sessions = table(
        SESSIONS,
        "FALL,Fall,term,8/24/2026,12/18/2026,",
        "SPRING,Spring,term,2027-01-05T00:00:00.000Z,2027-13-01,",
        "SUMMER,Summer,term,24/8/2026,soon,",
    )
    found = roster(deliver(files_11(academicSessions=sessions)))
    assert found.academic_sessions.select("start_date", "end_date").rows() == [
        (date(2026, 8, 24), date(2026, 12, 18)),
        (date(2027, 1, 5), None),
        (None, None),
    ]
    assert codes(found) == [
        ("academicSessions.csv", "INVALID_DATE", "endDate"),
        ("academicSessions.csv", "INVALID_DATE", "endDate"),
        ("academicSessions.csv", "INVALID_DATE", "startDate"),
        ("academicSessions.csv", "US_DATE", "endDate"),
        ("academicSessions.csv", "US_DATE", "startDate"),
    ]


def test_optional_files_may_be_missing_empty_or_useless(deliver: Deliver):
    missing = roster(deliver(files_11(orgs=None, courses=None, academicSessions=None, manifest=None)))
    assert codes(missing) == [
        ("academicSessions.csv", "MISSING_FILE", None),
        ("courses.csv", "MISSING_FILE", None),
        ("manifest.csv", "MANIFEST_MISSING", None),
        ("orgs.csv", "MISSING_FILE", None),
    ]
    assert missing.orgs.height == missing.courses.height == missing.academic_sessions.height == 0
    assert the_class(missing)["ends_on"] is None
    assert missing.missing["classes"] == {"ends_on"}
    assert missing.missing["orgs"] == {"sourced_id", "name", "type", "identifier", "parent_id"}
    empty = roster(deliver(files_11(orgs="sourcedId,name\n", courses="", academicSessions="title\nFall\n")))
    assert codes(empty) == [
        ("academicSessions.csv", "MISSING_COLUMN", None),
        ("courses.csv", "EMPTY_FILE", None),
        ("orgs.csv", "EMPTY_FILE", None),
        ("orgs.csv", "MISSING_COLUMN", "identifier"),
        ("orgs.csv", "MISSING_COLUMN", "parentSourcedId"),
        ("orgs.csv", "MISSING_COLUMN", "type"),
    ]


def test_a_header_only_file_that_the_sync_does_not_read_is_named_too(deliver: Deliver):
    found = roster(deliver(files_11(demographics="sourcedId,birthDate\n", results="sourcedId\nR1\n")))
    assert codes(found) == [("demographics.csv", "EMPTY_FILE", None)]
