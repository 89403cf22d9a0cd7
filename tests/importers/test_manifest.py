"""The manifest and the files that are there (policies.md R-V1, R-V4)."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from rostersync.errors import ImportRefused
from rostersync.model.delivery import Delivery
from tests.importers.district import CLASSES, codes, files_11, finding, manifest, roster, table

Deliver = Callable[[dict[str, str | bytes]], Delivery]


def test_without_a_manifest_every_file_is_bulk(deliver: Deliver):
    found = roster(deliver(files_11(manifest=None)))
    assert codes(found) == [("manifest.csv", "MANIFEST_MISSING", None)]
    assert (found.version, found.users is None) == ("1.1", False)


def test_a_manifest_alone_says_that_nothing_changed(deliver: Deliver):
    absent = dict.fromkeys(("academicSessions", "classes", "courses", "enrollments", "orgs", "users"), "absent")
    found = roster(deliver({"manifest": manifest(**absent)}))
    assert (found.users, found.classes, found.enrollments) == (None, None, None)
    assert found.rejected_users.height == found.unresolved.height == found.orgs.height == 0
    assert codes(found) == []


@pytest.mark.parametrize("file", ["users", "classes", "enrollments"])
def test_a_file_that_is_needed(deliver: Deliver, file: str):
    for said in (manifest(), None, manifest(**{file: ""})):
        with pytest.raises(ImportRefused, match=rf"{file}\.csv is missing.*Nothing was changed"):
            roster(deliver(files_11(**{file: None}, manifest=said)))
    found = roster(deliver(files_11(**{file: None}, manifest=manifest(**{file: "absent"}))))
    assert getattr(found, file) is None


@pytest.mark.parametrize("file", ["users", "classes", "enrollments"])
@pytest.mark.parametrize("content", ["", "\n\n", "header", "header\n", "header\n\n , \n"])
def test_a_bulk_file_without_rows_never_means_that_all_have_left(deliver: Deliver, file: str, content: str):
    header = str(files_11()[file]).partition("\n")[0]
    with pytest.raises(ImportRefused, match=rf"{file}\.csv (is empty|has a header but no rows).*Nothing was changed"):
        roster(deliver(files_11(**{file: content.replace("header", header)})))


def test_a_manifest_alone_that_lists_bulk_files_was_not_delivered_whole(deliver: Deliver):
    for said in ("", "file.users,delta\n"):
        assert roster(deliver({"manifest": f"propertyName,value\n{said}"})).users is None
    with pytest.raises(ImportRefused, match=r"users\.csv is missing.*Nothing was changed"):
        roster(deliver({"manifest": "propertyName,value\nfile.users,bulk\n"}))
    with pytest.raises(ImportRefused, match=r"users\.csv is missing.*Nothing was changed"):
        roster(deliver({"manifest": "nonsense\n"}))


def test_what_the_manifest_says_and_what_is_there(deliver: Deliver):
    files = files_11(manifest=manifest(users="absent", orgs="", demographics="delta", roles="bulk"), courses=None)
    found = roster(deliver(files))
    assert found.users is not None, "the file wins"
    assert codes(found.findings.filter(code="MANIFEST_DISAGREES")) == [
        ("courses.csv", "MANIFEST_DISAGREES", "file.courses"),
        ("orgs.csv", "MANIFEST_DISAGREES", "file.orgs"),
        ("roles.csv", "MANIFEST_DISAGREES", "file.roles"),
        ("users.csv", "MANIFEST_DISAGREES", "file.users"),
    ]


@pytest.mark.parametrize("content", ["", "name,wert\nfile.users,bulk\n", "nonsense\n"])
def test_a_manifest_that_makes_no_sense(deliver: Deliver, content: str):
    found = roster(deliver(files_11(manifest=content)))
    assert codes(found) == [("manifest.csv", "MANIFEST_DISAGREES", None)]


def test_the_manifest_is_read_in_any_order_and_letter_case(deliver: Deliver):
    content = "VALUE,PropertyName\nABSENT,File.Classes\nbulk,file.users\nBulk,FILE.enrollments\n"
    content += "absent,source.systemName\n1.1.1,oneroster.version\nabsent,file.orgs\nabsent,file.courses\n"
    content += "absent,file.academicSessions\n"
    found = roster(
        deliver({"manifest": content, **{k: v for k, v in files_11().items() if k in {"users", "enrollments"}}})
    )
    assert (found.classes, found.version, codes(found)) == (None, "1.1", [])


def test_another_version_is_named_and_the_columns_decide(deliver: Deliver):
    found = roster(deliver(files_11(manifest=manifest("2.0"))))
    assert (found.version, finding(found, "MANIFEST_DISAGREES")["value"]) == ("1.1", "2.0")


def test_file_names_in_any_letter_case(deliver: Deliver):
    files = {f"{name.upper()}.CSV": content for name, content in files_11().items()}
    found = roster(deliver(files))
    assert codes(found) == []
    assert found.row_counts["users.csv"] == 4
    with pytest.raises(ImportRefused, match=r"has both [Uu]sers\.csv and [Uu]sers\.csv"):
        roster(deliver(files_11() | {"Users.csv": table(CLASSES)}))
