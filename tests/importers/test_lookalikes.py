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
        # the least that School Data Sync v2.1 asks for: OneRoster's names, but for the school of a class
        (
            {
                "orgs": "sourcedId,name,type\n1,North,school\n",
                "users": "sourcedId,username,givenName,familyName\n1,a,A,B\n",
                "roles": "userSourcedId,orgSourcedId,role\n1,1,student\n",
                "classes": "sourcedId,orgSourcedId,title\n1,1,Art\n",
                "enrollments": "classSourcedId,userSourcedId,role\n1,1,student\n",
            },
            r"School Data Sync v2\.1",
        ),
        (
            {"users": "sourcedId,username\n1,a\n", "roles": "userSourcedId,orgSourcedId,role,grade\n1,1,student,5\n"},
            r"School Data Sync v2\.1",
        ),
        ({"relationships": "userSourcedId,relationshipUserSourcedId,relationshipRole\n1,2,parent\n"}, "Data Sync v2"),
        ({"userFlags": "userSourcedId,flag\n1,gifted\n"}, "Data Sync v2"),
        ({"studentenrollment": "Section SIS ID,SIS ID\n1,1\n"}, "School Data Sync v1"),
        ({"teacherroster": "Section SIS ID,SIS ID\n1,1\n"}, "School Data Sync v1"),
        ({"guardianrelationship": "SIS ID,Email,Role\n1,a@example.org,parent\n"}, "School Data Sync v1"),
        ({"teachers": "School_id,Teacher_id,Teacher_number\n1,1,1\n"}, "Clever"),
        ({"sections": "School_id,Section_id,Teacher_id\n1,1,1\n"}, "Clever"),
        ({"staff": "School_id,Staff_id,Staff_email\n1,1,a@example.org\n"}, "Clever"),
        # one row per contact of a student
        ({"students": "School_id,Student_id,Contact_name,Contact_email\n1,1,Bo,\n1,1,Cy,\n"}, "Clever"),
        ({"staff": "person_id,first_name,location_id\n1,Ada,1\n"}, "Apple School Manager"),
        ({"rosters": "roster_id,class_id,student_id\n1,1,1\n"}, "Apple School Manager"),
        ({"sections": "section_id,course_id,name\n1,1,Art\n"}, "Canvas"),
        ({"users": "USERS.DCID,USERS.FIRST_NAME,USERS.LAST_NAME\n1,A,B\n"}, "PowerSchool"),
        ({"enrollments": "CC.ID,CC.SectionID,STUDENTS.Student_Number\n1,1,1\n"}, "PowerSchool"),
        ({"users": "a_sourcedId,b_status,c_dateLastModified,d_enabledUser,e_orgSourcedIds\n1,,,,\n"}, "PowerSchool"),
        ({"orgs": "a_sourcedId,b_status,c_dateLastModified,d_name,e_type\n1,,,N,school\n"}, "PowerSchool"),
        ({"users": "U_SOURCEDID,U_GIVENNAME,U_FAMILYNAME,U_ROLE\n1,A,B,student\n"}, "PowerSchool"),
    ],
)
def test_a_set_of_another_format(deliver: Deliver, files: dict[str, str | bytes], name: str):
    with pytest.raises(ImportRefused, match=rf"is not OneRoster but .*{name}.*Nothing was changed"):
        roster(deliver(files))


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        pytest.param("users", ",grades", ",grade", id="a name of OneRoster 1.0"),
        pytest.param(
            "users", ",password", ",password,x_sourcedId,ext_status,users.color", id="columns of the SIS's own"
        ),
        pytest.param("classes", ",schoolSourcedId", ",schoolSourcedId,orgSourcedId", id="the school of a class, twice"),
        pytest.param("orgs", ",parentSourcedId", ",parentSourcedId,metadata.a_sourcedId", id="an extension"),
    ],
)
def test_oneroster_with_odd_columns_is_still_oneroster(deliver: Deliver, file: str, old: str, new: str):
    files = files_11()
    text = str(files[file])
    header, rest = text.split("\n", 1)
    added = new.count(",") - old.count(",")
    rows = "\n".join(row.rstrip("\r") + "," * added for row in rest.splitlines()) + "\n"
    assert old in header
    found = roster(deliver(files | {file: header.rstrip("\r").replace(old, new) + "\n" + rows}))
    assert found.users is not None
    assert found.users.height == 4


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
