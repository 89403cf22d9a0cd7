"""A made-up district of the smallest kind, and ways to change a cell of it."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import polars as pl

from rostersync.importers.oneroster import read
from rostersync.model.delivery import DeliveredFile, Delivery
from rostersync.model.roster import Roster

TODAY = date(2026, 11, 21)

USERS = (
    "sourcedId,status,dateLastModified,enabledUser,orgSourcedIds,role,username,userIds,givenName,familyName,middleName,"
    "identifier,email,sms,phone,agentSourcedIds,grades,password"
)
STUDENT = 'S1,,,true,NORTH,student,ada,{Fed:1},Ada,Birch,,1001,ada@school.example,,,"P1,P2",05,secret-1'
PARENT = "P1,,,true,NORTH,parent,bo,,Bo,Birch,,,bo@home.example,206-555-0101,206-555-0102,S1,,"
OTHER_PARENT = "P2,,,true,NORTH,guardian,cy,,Cy,Birch,,,cy@home.example,,,S1,,"
TEACHER = 'T1,,,true,"NORTH,SOUTH",teacher,dee,,Dee,Moss,,T-1,dee@school.example,,,,,'
CLASSES = (
    "sourcedId,status,dateLastModified,title,grades,courseSourcedId,classCode,classType,location,schoolSourcedId,"
    "termSourcedIds,subjects,subjectCodes,periods"
)
CLASS = 'C1,,,Art 5,05,K1,A5,scheduled,R1,NORTH,"FALL,SPRING",Art,A,1'
ENROLLMENTS = (
    "sourcedId,status,dateLastModified,classSourcedId,schoolSourcedId,userSourcedId,role,primary,beginDate,endDate"
)
ENROLLMENT = "E1,,,C1,NORTH,S1,student,false,2026-08-24,2027-06-04"
TEACHING = "E2,,,C1,NORTH,T1,teacher,true,2026-08-24,2027-06-04"
USERS_12 = (
    "sourcedId,status,dateLastModified,enabledUser,username,userIds,givenName,familyName,middleName,identifier,email,"
    "sms,phone,agentSourcedIds,grades,password,userMasterIdentifier,preferredGivenName,preferredMiddleName,"
    "preferredFamilyName,primaryOrgSourcedId,pronouns"
)
ROLES = (
    "sourcedId,status,dateLastModified,userSourcedId,roleType,role,beginDate,endDate,orgSourcedId,userProfileSourcedId"
)
PROFILES = (
    "sourcedId,status,dateLastModified,userSourcedId,profileType,vendorId,applicationId,description,credentialType,"
    "username,password"
)


def table(header: str, *rows: str) -> str:
    """A CSV file of these lines."""
    return "\n".join([header, *rows, ""])


def manifest(version: str = "1.1", **modes: str) -> str:
    """A manifest of these modes; other files are absent, but for those of files_11 and files_12."""
    keys = "academicSessions categories classes classResources courses courseResources demographics enrollments"
    keys += " lineItems orgs resources results users"
    if version == "1.2":
        keys += " lineItemLearningObjectiveIds lineItemScoreScales resultLearningObjectiveIds resultScoreScales"
        keys += " roles scoreScales userProfiles userResources"
    present = "academicSessions classes courses enrollments orgs users" + (" roles" if version == "1.2" else "")
    said = {key: "bulk" if key in present.split() else "absent" for key in keys.split()} | modes
    entries = [f"file.{key},{mode}" for key, mode in said.items()]
    return table("propertyName,value", "manifest.version,1.0", f"oneroster.version,{version}", *entries)


def files_11(**changed: str | bytes | None) -> dict[str, str | bytes]:
    """A whole 1.1 delivery, by name without .csv; None takes a file away."""
    files: dict[str, str | bytes | None] = {
        "manifest": manifest(),
        "orgs": table(
            "sourcedId,status,dateLastModified,name,type,identifier,parentSourcedId",
            "DISTRICT,,,Birch Valley,district,,",
            "NORTH,,,North,school,1,DISTRICT",
            "SOUTH,,,South,school,2,DISTRICT",
        ),
        "academicSessions": table(
            "sourcedId,status,dateLastModified,title,type,startDate,endDate,parentSourcedId,schoolYear",
            "FALL,,,Fall,term,2026-08-24,2026-12-18,,2027",
            "SPRING,,,Spring,term,2027-01-05,2027-06-04,,2027",
        ),
        "courses": table(
            "sourcedId,status,dateLastModified,schoolYearSourcedId,title,courseCode,grades,orgSourcedId,subjects,subjectCodes",
            "K1,,,,Art,A,05,NORTH,Art,A",
        ),
        "users": table(USERS, STUDENT, PARENT, OTHER_PARENT, TEACHER),
        "classes": table(CLASSES, CLASS),
        "enrollments": table(ENROLLMENTS, ENROLLMENT, TEACHING),
        **changed,
    }
    return {name: content for name, content in files.items() if content is not None}


def files_12(**changed: str | bytes | None) -> dict[str, str | bytes]:
    """A whole 1.2 delivery: a student, and a teacher who is a guardian too."""
    files: dict[str, str | bytes | None] = {
        "manifest": manifest("1.2"),
        "users": table(
            USERS_12,
            "S1,,,true,ada,,Ada,Birch,,1001,ada@school.example,,,P1,05,secret-1,,Addie,,,NORTH,she/her",
            "P1,,,true,bo,,Bo,Birch,,,bo@home.example,,,,,secret-2,,,,,SOUTH,",
        ),
        "roles": table(
            ROLES,
            "R1,,,S1,primary,student,,,NORTH,",
            "R2,,,P1,secondary,parent,,,NORTH,",
            "R3,,,P1,primary,teacher,,,SOUTH,",
            "R4,,,P1,secondary,parent,,,SOUTH,",
        ),
        "enrollments": table(ENROLLMENTS, ENROLLMENT, "E2,,,C1,NORTH,P1,teacher,true,,"),
        **changed,
    }
    return files_11(**files)


def delivered(folder: Path, files: dict[str, str | bytes]) -> Delivery:
    """The files written into `folder`, as a delivery."""
    found = []
    for name, content in files.items():
        path = folder / (name if "." in name else f"{name}.csv")
        data = content if isinstance(content, bytes) else content.encode()
        path.write_bytes(data)
        found.append(DeliveredFile(path.name, path, len(data), "", None))
    return Delivery(str(folder), tuple(sorted(found, key=lambda file: file.name.lower())), folder)


def roster(delivery: Delivery, region: str = "US", encoding: str = "auto") -> Roster:
    """The delivery as read on the day the district was made for."""
    return read(delivery, region=region, encoding=encoding, today=TODAY)


def user(found: Roster, sourced_id: str) -> dict[str, object]:
    """One user of a roster."""
    assert found.users is not None
    return found.users.row(by_predicate=pl.col("sourced_id") == sourced_id, named=True)


def codes(found: Roster | pl.DataFrame) -> list[tuple[str, str, str | None]]:
    """What was found: file, code and column, sorted."""
    frame = found if isinstance(found, pl.DataFrame) else found.findings
    return sorted(frame.select("file", "code", "column").rows(), key=str)


def finding(found: Roster | pl.DataFrame, code: str) -> dict[str, object]:
    """The one finding of a code."""
    frame = found if isinstance(found, pl.DataFrame) else found.findings
    return frame.row(by_predicate=pl.col("code") == code, named=True)
