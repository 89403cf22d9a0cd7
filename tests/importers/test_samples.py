"""Small sets with the quirks of the public samples that docs/samples.md tells of."""

from __future__ import annotations

from collections.abc import Callable

from rostersync.importers.references import resolve
from rostersync.model.delivery import Delivery
from tests.importers.district import codes, files_11, files_12, finding, manifest, roster, table, user

Deliver = Callable[[dict[str, str | bytes]], Delivery]


def quoted(content: str | bytes) -> str:
    """Every filled cell of a simple file in quotes, blank ones bare, as a rostering vendor writes them."""
    lines = str(content).splitlines()
    rows = [",".join(f'"{cell}"' if cell else "" for cell in line.split(",")) for line in lines[1:]]
    return "\n".join([lines[0], *rows])


def test_a_demo_district_of_a_rostering_vendor(deliver: Deliver):
    """Quoted cells, no final line break, no parents, header-only demographics declared bulk."""
    users = table(
        str(files_11()["users"]).partition("\n")[0],
        "18125,,,true,NORTH,student,nova,{FED:18125},NOVA,STONE,PERLA,17580,nova@school.example,,,,11,",
        "28442,,,true,NORTH,teacher,fay,{FED:28442},FAY,REED,,,fay@school.example,,,,,",
    )
    enrollments = "\n".join(
        [
            str(files_11()["enrollments"]).partition("\n")[0],
            '"1_18125",,,"C1","NORTH","18125","student","","2026-08-24","2027-06-22"',
            '"1_28442",,,"C1","NORTH","28442","teacher","true","2026-08-24","2027-06-22"',
        ]
    )
    found = roster(
        deliver(
            files_11(
                users=quoted(users),
                enrollments=enrollments,
                demographics='"sourcedId","status","dateLastModified","birthDate"\n',
                manifest=manifest(demographics="bulk"),
            )
        )
    )
    assert codes(found) == [("demographics.csv", "EMPTY_FILE", None)]
    assert found.enrollments is not None
    assert found.enrollments.height == 2
    assert found.unresolved.height == 0


def test_five_nights_of_a_small_district(deliver: Deliver):
    """No manifest, status in every row, unnamed columns at the end, US dates, few columns, a class deleted."""
    stamp = "active,2012-04-23T18:25:43.511Z"
    found = roster(
        deliver(
            {
                "orgs": table("sourcedId,status,dateLastModified,name,type,identifier", f"MID,{stamp},Middle,school,"),
                "courses": table(
                    "sourcedId,status,dateLastModified,title,courseCode,orgSourcedId", f"K,{stamp},A,A,MID"
                ),
                "academicSessions": table(
                    "sourcedId,status,dateLastModified,title,type,startDate,endDate,parentSourcedId,schoolYear",
                    f"FY,{stamp},FY,term,8/27/2018,5/31/2019,2019,2019",
                ),
                "users": table(
                    "sourcedId,status,dateLastModified,enabledUser,orgSourcedIds,role,username,givenName,familyName,"
                    "middleName,password,email",
                    f"14043,{stamp},TRUE,MID,student,joe,Joe,Smith,,secret,JOE@school.example",
                    f"14058,{stamp},FALSE,MIDDLE,student,ran,Ran,Jones,,secret,ran@school.example",
                ),
                "classes": table(
                    "sourcedId,status,dateLastModified,title,courseSourcedId,schoolSourcedId,termSourcedIds",
                    f"C1,{stamp},Reading,K,MID,FY_2019",
                    "C2,toBeDeleted,2012-04-23T18:25:43.511Z,Art,K,MID,FY",
                ),
                "enrollments": table(
                    "sourcedId,status,dateLastModified,classSourcedId,schoolSourcedId,userSourcedId,role,,,",
                    f"E1,{stamp},C1,MID,14043,student,,,",
                    f"E2,{stamp},C2,MID,14058,student,,,",
                ),
            }
        )
    )
    assert (user(found, "14043")["enabled"], user(found, "14058")["enabled"]) == (True, False)
    assert found.deleted_classes == {"C2"}
    assert found.enrollments is not None
    assert found.enrollments.height == 2
    told = {code for _, code, _ in codes(found)}
    assert told == {
        "BOOLEAN_WORD",
        "MANIFEST_MISSING",
        "MISSING_COLUMN",
        "STATUS_IN_BULK",
        "UNKNOWN_REFERENCE",
        "US_DATE",
    }
    assert (found.findings["severity"] == "warning").all()


def test_a_full_1_1_set(deliver: Deliver):
    """Statuses of all kinds, TRUE, a teacher as agent of a student, no final line break, impossible phones."""
    users = str(files_11()["users"]).partition("\n")[0]
    rows = [
        users,
        "U1,active,2023-05-01,TRUE,NORTH,teacher,john,,John,Doe,M,john,john@school.example,603-777-8888,,,12,pw",
        "U2,,,TRUE,NORTH,student,mary,{LDAP:12},Mary,Jones,J,m,m@school.example,603121567,60312323567,U1,12,pw",
        'U3,active,2023-05-01,TRUE,NORTH,parent,tom,"{LDAP:12},{LTI:15}",Tom,Jones,P,t,t@x.example,,,U2,10,pw',
    ]
    enrollments = table(
        "sourcedId,classSourcedId,userSourcedId,role,primary,beginDate,endDate",
        "E1,C1,U1,teacher,false,2026-03-15,2026-06-15",
        "E2,C1,U2,student,false,2026-08-15,2027-06-01",
    )
    found = resolve(roster(deliver(files_11(users="\n".join(rows), enrollments=enrollments))), (), ())
    assert user(found, "U2")["agents"] == "U1"
    assert user(found, "U3")["user_ids"] == "{LDAP:12},{LTI:15}"
    assert found.enrollments is not None
    assert found.enrollments["sourced_id"].to_list() == ["E2"], "E1 was dropped long before the class ends"
    assert found.findings.filter(code="INVALID_PHONE")["value"].to_list() == ["60312323567", "603121567"]


def test_a_full_1_2_set(deliver: Deliver):
    """Misspelt headers, unnamed columns that rows do not have, roles repeated as profiles, blanks in the manifest."""
    header = str(files_12()["users"]).partition("\n")[0]
    users = str(files_12()["users"]).replace(header, header.replace("preferred", "preffered"))
    roles = "sourcedId,status,dataLastModified,userSourcedId,roleType,role,beginDate,endDate,orgSourcedId,,\r\n"
    roles += "R1,,,S1,primary,student,2024-03-06,2025-09-23,NORTH\r\nR2,,,P1,secondary,guardian,,,NORTH\r\n"
    roles += "R3,,,P1,primary,teacher,2024-03-06,2025-09-23,SOUTH"
    said = manifest("1.2", userProfiles="", scoreScales="")
    found = roster(deliver(files_12(users=users, roles=roles, userprofiles=roles, manifest=said)))
    assert user(found, "S1")["preferred_given_name"] == "Addie"
    assert (user(found, "P1")["roles"], user(found, "P1")["profiles"]) == ("teacher,guardian", None)
    assert "profiles" in found.missing["users"]
    assert finding(found.findings.filter(file="userProfiles.csv"), "MISSING_COLUMN")["severity"] == "warning"
    assert {code for _, code, _ in codes(found)} == {"OLD_HEADER", "MISSING_COLUMN", "MANIFEST_DISAGREES"}
    assert found.rejected_users.height == 0
