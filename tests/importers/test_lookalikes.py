"""Sets of other formats are refused by name (policies.md R-V6)."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from rostersync.errors import ImportRefused
from rostersync.model.delivery import Delivery
from tests.importers.district import files_11, roster

Deliver = Callable[[dict[str, str | bytes]], Delivery]


@pytest.mark.parametrize(
    ("files", "name"),
    [
        (
            {
                "school": "SIS ID,Name\n1,North\n",
                "section": "SIS ID,School SIS ID,Section Name\n1,1,Art\n",
                "student": "SIS ID,School SIS ID,Username\n1,1,ada\n",
            },
            "School Data Sync v1",
        ),
        (
            {
                "users": "sourcedId,username,givenName,familyName,activeDirectoryMatchId,email\n1,a,A,B,,\n",
                "classes": "sourcedId,orgSourcedId,title,sessionSourcedIds,courseSourcedId\n1,1,Art,1,1\n",
            },
            r"School Data Sync v2\.1",
        ),
        (
            {
                "users": "sourcedId,username\n1,a\n",
                "roles": "userSourcedId,orgSourcedId,role,sessionSourcedId,grade,isPrimary\n1,1,student,,,\n",
            },
            r"School Data Sync v2\.1",
        ),
        ({"students": "School_id,Student_id,Last_name\n1,1,Birch\n", "schools": "School_id,School_name\n"}, "Clever"),
        ({"enrollments": "School_id,Section_id,Student_id\n1,1,1\n"}, "Clever"),
        ({"students": "person_id,person_number,first_name,location_id\n1,1,Ada,1\n"}, "Apple School Manager"),
        ({"users": "user_id,login_id,full_name,status\n1,ada,Ada,active\n"}, "Canvas"),
    ],
)
def test_a_set_of_another_format(deliver: Deliver, files: dict[str, str | bytes], name: str):
    with pytest.raises(ImportRefused, match=rf"is not OneRoster but .*{name}.*Nothing was changed"):
        roster(deliver(files))


@pytest.mark.parametrize(
    "content", [b"<html>Please log in</html>", b"PK\x03\x04\x14", b"\x89PNG\r\n\x1a\n\x00\x00", b"%PDF-1.7"]
)
def test_a_file_that_is_no_csv(deliver: Deliver, content: bytes):
    with pytest.raises(ImportRefused, match=r"users\.csv line \d: .*Nothing was changed"):
        roster(deliver(files_11(users=content)))


def test_a_stray_file_that_is_none_of_onerosters_does_not_matter(deliver: Deliver):
    found = roster(deliver(files_11() | {"notes.csv": b"\x00\x01", "results.csv": b"<html>"}))
    assert found.users is not None
    assert found.users.height == 4
