"""What the sync reads of each OneRoster file: OneRoster's column name, the Roster's, and the kind of value.

Both versions are read by name: 1.1's `orgSourcedIds` and `role` of users.csv and 1.2's preferred names are found
where a file has them. Source of the names: 1EdTech OneRoster 1.1 and 1.2 CSV bindings.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum, auto

_OLD = ("1.1",)
_NEW = ("1.2",)


class Kind(Enum):
    """How the cells of a column are cleaned."""

    ID = auto()  # one identifier
    IDS = auto()  # identifiers, comma-separated, in order
    IDS_SORTED = auto()  # the same, order meaning nothing
    WORDS = auto()  # words, comma-separated; positions may matter
    NAME = auto()  # of a person: NFC, blanks collapsed, may be "Null"
    TEXT = auto()


@dataclass(frozen=True)
class Column:
    """One column of a file that the sync uses."""

    name: str  # OneRoster's
    into: str  # the Roster's, or a working name where the Roster has none
    kind: Kind = Kind.TEXT
    required: bool = False  # the delivery is refused without it (policies.md R-V1)
    versions: tuple[str, ...] = ("1.1", "1.2")  # which ones have it: no warning where another lacks it
    refers_to: str | None = None  # the table whose sourcedIds it holds, where an unknown one is only worth a warning


@dataclass(frozen=True)
class Layout:
    """One file that the sync reads."""

    file: str
    table: str
    columns: tuple[Column, ...]
    unused: tuple[str, ...] = ()  # columns of the specification that the sync does not read

    def of(self, version: str) -> Layout:
        """The layout as read in a delivery of `version`: 1.2's users.csv has no role or orgs of its own."""
        left_out = [column.name for column in self.columns if version == "1.2" and column.versions == _OLD]
        kept = tuple(column for column in self.columns if column.name not in left_out)
        return replace(self, columns=kept, unused=(*self.unused, *left_out))

    @property
    def key(self) -> str:
        """What the manifest calls the file: users for users.csv."""
        return self.file.removesuffix(".csv")


_SOURCED_ID = Column("sourcedId", "sourced_id", Kind.ID, required=True)
_STATUS = Column("status", "status", versions=())

USERS = Layout(
    "users.csv",
    "users",
    (
        _SOURCED_ID,
        _STATUS,
        Column("enabledUser", "enabled"),
        Column("orgSourcedIds", "school_ids", Kind.IDS, versions=_OLD, refers_to="orgs"),
        Column("role", "role", required=True, versions=_OLD),
        Column("username", "username"),
        Column("userIds", "user_ids"),
        Column("givenName", "given_name", Kind.NAME, required=True),
        Column("familyName", "family_name", Kind.NAME, required=True),
        Column("middleName", "middle_name", Kind.NAME),
        Column("identifier", "identifier"),
        Column("email", "email"),
        Column("sms", "sms"),
        Column("phone", "phone"),
        Column("agentSourcedIds", "agents", Kind.IDS_SORTED, refers_to="users"),
        Column("grades", "grades", Kind.WORDS),
        Column("userMasterIdentifier", "user_master_identifier", versions=_NEW),
        Column("preferredGivenName", "preferred_given_name", Kind.NAME, versions=_NEW),
        Column("preferredMiddleName", "preferred_middle_name", Kind.NAME, versions=_NEW),
        Column("preferredFamilyName", "preferred_family_name", Kind.NAME, versions=_NEW),
        Column("primaryOrgSourcedId", "primary_org_id", Kind.ID, versions=_NEW, refers_to="orgs"),
        Column("pronouns", "pronouns", versions=_NEW),
    ),
    ("dateLastModified", "password", "resourceSourcedIds"),
)
ROLES = Layout(
    "roles.csv",
    "roles",
    (
        Column("sourcedId", "sourced_id", Kind.ID),
        _STATUS,
        Column("userSourcedId", "user_id", Kind.ID, required=True, refers_to="users"),
        Column("roleType", "role_type"),
        Column("role", "role", required=True),
        Column("orgSourcedId", "org_id", Kind.ID, refers_to="orgs"),
    ),
    ("dateLastModified", "beginDate", "endDate", "userProfileSourcedId"),
)
USER_PROFILES = Layout(
    "userProfiles.csv",
    "profiles",
    (
        Column("sourcedId", "sourced_id", Kind.ID),
        _STATUS,
        Column("userSourcedId", "user_id", Kind.ID, required=True),
        Column("profileType", "profile_type", required=True),
        Column("vendorId", "vendor_id"),
        Column("credentialType", "credential_type"),
        Column("username", "username"),
    ),
    ("dateLastModified", "applicationId", "description", "password"),
)
CLASSES = Layout(
    "classes.csv",
    "classes",
    (
        _SOURCED_ID,
        _STATUS,
        Column("title", "title", required=True),
        Column("grades", "grades", Kind.WORDS),
        Column("courseSourcedId", "course_id", Kind.ID, refers_to="courses"),
        Column("classCode", "class_code"),
        Column("classType", "class_type"),
        Column("location", "location"),
        Column("schoolSourcedId", "school_id", Kind.ID, refers_to="orgs"),
        Column("termSourcedIds", "term_ids", Kind.IDS_SORTED, refers_to="academic_sessions"),
        Column("subjects", "subjects", Kind.WORDS),
        Column("subjectCodes", "subject_codes", Kind.WORDS),
        Column("periods", "periods", Kind.WORDS),
    ),
    ("dateLastModified",),
)
ENROLLMENTS = Layout(
    "enrollments.csv",
    "enrollments",
    (
        Column("sourcedId", "sourced_id", Kind.ID),
        _STATUS,
        Column("classSourcedId", "class_id", Kind.ID, required=True),
        Column("userSourcedId", "user_id", Kind.ID, required=True),
        Column("role", "role", required=True),
        Column("primary", "is_primary"),
        Column("beginDate", "begin_date"),
        Column("endDate", "end_date"),
    ),
    ("dateLastModified", "schoolSourcedId"),
)
ORGS = Layout(
    "orgs.csv",
    "orgs",
    (
        _SOURCED_ID,
        _STATUS,
        Column("name", "name"),
        Column("type", "type"),
        Column("identifier", "identifier"),
        Column("parentSourcedId", "parent_id", Kind.ID, refers_to="orgs"),
    ),
    ("dateLastModified",),
)
COURSES = Layout(
    "courses.csv",
    "courses",
    (
        _SOURCED_ID,
        _STATUS,
        Column("title", "title"),
        Column("courseCode", "course_code"),
        Column("orgSourcedId", "org_id", Kind.ID, refers_to="orgs"),
    ),
    ("dateLastModified", "schoolYearSourcedId", "grades", "subjects", "subjectCodes"),
)
ACADEMIC_SESSIONS = Layout(
    "academicSessions.csv",
    "academic_sessions",
    (
        _SOURCED_ID,
        _STATUS,
        Column("title", "title"),
        Column("type", "type"),
        Column("startDate", "start_date"),
        Column("endDate", "end_date"),
        Column("parentSourcedId", "parent_id", Kind.ID, refers_to="academic_sessions"),
    ),
    ("dateLastModified", "schoolYear"),
)

LAYOUTS = (USERS, ROLES, USER_PROFILES, CLASSES, ENROLLMENTS, ORGS, COURSES, ACADEMIC_SESSIONS)
"""Every file the sync reads, besides the manifest."""

NEEDED = (USERS, CLASSES, ENROLLMENTS)
"""The files without which a delivery is refused, unless the manifest marks them absent (policies.md R-V1)."""

OLD_NAMES = {
    "orgs": "orgSourcedIds",
    "orgsourcedid": "orgSourcedIds",
    "agents": "agentSourcedIds",
    "agentsourceids": "agentSourcedIds",
    "agentids": "agentSourcedIds",
    "userid": "userIds",
    "grade": "grades",
    "birthdate": "birthDate",
    "sourceid": "sourcedId",
    "datalastmodified": "dateLastModified",
    "datemodified": "dateLastModified",
    "prefferedgivenname": "preferredGivenName",
    "prefferedmiddlename": "preferredMiddleName",
    "prefferedfamilyname": "preferredFamilyName",
    "preferredfirstname": "preferredGivenName",
    "preferredlastname": "preferredFamilyName",
    "parentsourceid": "parentSourcedId",
    "schoolyearid": "schoolYearSourcedId",
    "americanindianoralaksanative": "americanIndianOrAlaskaNative",
    "nativehawaiianorotherpacificis": "nativeHawaiianOrOtherPacificIslander",
}
"""Names of OneRoster 1.0 and misspelt ones, in lower case (source: public exports of vendors)."""
