"""The rows of people: users, in 1.2 their roles and profiles, and the enrollments of students."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from rostersync.generate.catalog import (
    DISTRICT,
    FIRST_DAY,
    school_id,
    staff_id,
)
from rostersync.generate.layout import (
    DISTRICT_POSITIONS,
    LEVELS,
    OFFICE,
    TEACHERS_FROM,
    grade_code,
    number_text,
)
from rostersync.generate.names import (
    FAMILY_NAMES,
    GIVEN_NAMES,
    HOME_DOMAINS,
    SPECIAL_FAMILY_NAMES,
    STAFF_DOMAIN,
    STUDENT_DOMAIN,
    csv_cell,
    mailbox,
)
from rostersync.generate.night import Families, Guardians, Night, Staff

if TYPE_CHECKING:
    from rostersync.generate.draws import Integers

GIVEN_CELLS = tuple(csv_cell(name) for name in GIVEN_NAMES)
GIVEN_MAILBOXES = tuple(mailbox(name) for name in GIVEN_NAMES)
FAMILY_CELLS = tuple(csv_cell(name) for name in FAMILY_NAMES + SPECIAL_FAMILY_NAMES)
FAMILY_MAILBOXES = tuple(mailbox(name) for name in FAMILY_NAMES + SPECIAL_FAMILY_NAMES)
ROLES_1_1 = {
    "districtAdministrator": "administrator",
    "principal": "administrator",
    "siteAdministrator": "administrator",
    "counselor": "aide",
}
"""Roles that 1.1 does not know, and the word for them there."""
GUARDIAN_ROLES = ("parent",) * 8 + ("guardian", "relative")
NO_ADDRESS_BELOW: Final = 3
"""Students have an e-mail address from this grade on."""


@dataclass(frozen=True)
class Person:
    """One user, every cell as it stands in the file; lists are still lists."""

    sourced_id: str
    roles: tuple[tuple[str, tuple[str, ...]], ...]  # role and its orgs, leading one first
    username: str
    given_name: str
    family_name: str
    email: str
    sms: str
    phone: str
    agents: tuple[str, ...] = ()
    identifier: str = ""
    middle_name: str = ""
    grades: str = ""
    enabled: bool = True
    profile: bool = False


@dataclass
class Rows:
    """The rows of a batch of people, per file."""

    version: str
    users: list[str] = field(default_factory=list)
    roles: list[str] = field(default_factory=list)
    profiles: list[str] = field(default_factory=list)

    def add(self, person: Person) -> None:
        """Write one person into the files of this version."""
        start = f"{person.sourced_id},,,{'true' if person.enabled else 'false'}"
        middle = (
            f"{person.username},{{SIS:{person.identifier or person.sourced_id}}},{person.given_name},"
            f"{person.family_name},{person.middle_name},{person.identifier},{person.email},{person.sms},"
            f"{person.phone},{_list_cell(person.agents)},{person.grades},"
        )
        if self.version == "1.1":
            role, orgs = person.roles[0]
            self.users.append(f"{start},{_list_cell(orgs)},{ROLES_1_1.get(role, role)},{middle}")
            return
        self.users.append(f"{start},{middle},,,,,{person.roles[0][1][0]},")
        profile = f"p-{person.sourced_id}" if person.profile else ""
        number = 0
        for kind, (role, orgs) in zip(("primary", "secondary"), person.roles, strict=False):
            for org in orgs:
                number += 1
                # one org is the main one of a role, the others are secondary
                role_type = kind if org == orgs[0] else "secondary"
                self.roles.append(
                    f"r{number}-{person.sourced_id},,,{person.sourced_id},{role_type},{role},{FIRST_DAY},,{org},{profile}"
                )
        if profile:
            self.profiles.append(
                f"{profile},,,{person.sourced_id},learning platform,vendor.example.org,,Course pages,sso,"
                f"{person.username},"
            )


def _list_cell(items: tuple[str, ...]) -> str:
    return items[0] if len(items) == 1 else f'"{",".join(items)}"' if items else ""


def student_id(student: int) -> str:
    """Give the sourcedId of a student."""
    return f"s{student:07d}"


def staff_rows(night: Night, positions: Integers, version: str) -> tuple[Rows, dict[int, str]]:
    """Give the rows of those who hold the positions, and their sourcedIds by position."""
    import numpy as np

    staff = night.staff_at(positions)
    rows = Rows(version)
    children = _children_of_staff(night, staff) if version == "1.2" else {}
    starts = np.array([school.first_position for school in night.layout.schools])
    school = (np.searchsorted(starts, positions, side="right") - 1).tolist()
    person = positions + staff.replaced * night.layout.positions
    two_schools = night.draws.chance("two schools", person, 30_000).tolist()
    off = night.draws.chance("staff disabled", person, 2_000).tolist()
    emails, mobiles, phones = _staff_contacts(night, staff, school)
    ids: dict[int, str] = {}
    columns = zip(positions.tolist(), staff.replaced.tolist(), staff.given.tolist(), staff.name.tolist(), strict=True)
    for row, (position, replaced, given, name) in enumerate(columns):
        ids[position] = staff_id(position, replaced)
        role, orgs = _position(night, position, school[row], both=two_schools[row])
        kids, schools = children.get(position, ((), ()))
        rows.add(
            Person(
                sourced_id=ids[position],
                roles=((role, orgs), ("parent", schools)) if kids else ((role, orgs),),
                username=emails[row].partition("@")[0],
                given_name=GIVEN_CELLS[given],
                family_name=FAMILY_CELLS[name],
                email=emails[row],
                sms=mobiles[row],
                phone=phones[row],
                agents=kids,
                identifier=f"E{10000 + position}" + (f"-{replaced}" if replaced else ""),
                enabled=not off[row],
                profile=True,
            )
        )
    return rows, ids


def _position(night: Night, position: int, school: int, *, both: bool) -> tuple[str, tuple[str, ...]]:
    """The role of a position and its orgs: some teachers and aides work at two schools."""
    if position < DISTRICT_POSITIONS:
        return "districtAdministrator", (DISTRICT,)
    schools = night.layout.schools
    place = position - schools[school].first_position
    if place < TEACHERS_FROM:
        return OFFICE[place], (school_id(school),)
    role = "teacher" if place < TEACHERS_FROM + schools[school].teachers else "aide"
    if both and len(schools) > 1:
        return role, (school_id(school), school_id((school + 1) % len(schools)))
    return role, (school_id(school),)


def _children_of_staff(night: Night, staff: Staff) -> dict[int, tuple[tuple[str, ...], tuple[str, ...]]]:
    """Students and their schools by the position of a parent."""
    is_parent = staff.family >= 0
    positions = staff.position[is_parent].tolist()
    if not positions:
        return {}
    families = night.families_at(staff.family[is_parent])
    kids, schools = _kids(families)
    return {position: (tuple(kids[row]), tuple(schools[row])) for row, position in enumerate(positions)}


def _kids(families: Families) -> tuple[list[list[str]], list[list[str]]]:
    """Students of every family and their schools, each named once."""
    kids: list[list[str]] = [[] for _ in range(len(families.family))]
    schools: list[list[str]] = [[] for _ in range(len(families.family))]
    columns = zip(
        families.students.family.tolist(),
        families.students.student.tolist(),
        families.students.school.tolist(),
        strict=True,
    )
    for row, student, school in columns:
        kids[row].append(student_id(student))
        if school_id(school) not in schools[row]:
            schools[row].append(school_id(school))
    return kids, schools


def _staff_contacts(night: Night, staff: Staff, school: list[int]) -> tuple[list[str], list[str], list[str]]:
    """E-mail, mobile and office telephone: an extension of the school's number for one in three."""
    import numpy as np

    lines = night.telephones.numbers(night.telephones.of_change(np.arange(len(night.layout.schools), dtype=np.int64)))
    offices = [number_text(line) for line in lines.tolist()]
    emails, mobiles, phones = [], [], []
    columns = zip(
        staff.position.tolist(),
        staff.replaced.tolist(),
        staff.given.tolist(),
        staff.name.tolist(),
        staff.email_version.tolist(),
        staff.number.tolist(),
        strict=True,
    )
    for row, (position, replaced, given, name, version, number) in enumerate(columns):
        suffix = f"{position}" + (f"-{replaced}" if replaced else "") + (f".{version}" if version else "")
        emails.append(f"{GIVEN_MAILBOXES[given]}.{FAMILY_MAILBOXES[name]}{suffix}@{STAFF_DOMAIN}")
        mobiles.append("" if number < 0 else number_text(number))
        phones.append(f"{offices[school[row]]} x{100 + position % 900}" if position % 3 == 0 and number >= 0 else "")
    return emails, mobiles, phones


def family_rows(night: Night, families: Families, version: str) -> Rows:
    """Give the rows of families: students, then guardians."""
    rows = Rows(version)
    guardians = _guardian_ids(families.guardians, version)
    homes = ["" if number < 0 else number_text(number) for number in families.home_number.tolist()]
    _add_students(night, rows, families, guardians, homes)
    _add_guardians(night, rows, families, guardians, homes)
    return rows


def _guardian_ids(guardians: Guardians, version: str) -> list[str]:
    """SourcedIds of the guardians: in 1.2 staff who are parents are one user."""
    columns = zip(guardians.guardian.tolist(), guardians.position.tolist(), strict=True)
    if version == "1.1":
        return [f"g{guardian:07d}" for guardian, _ in columns]
    return [f"g{guardian:07d}" if position < 0 else staff_id(position, 0) for guardian, position in columns]


def _add_students(night: Night, rows: Rows, families: Families, guardians: list[str], homes: list[str]) -> None:
    agents: list[list[str]] = [[] for _ in homes]
    for row, guardian in zip(families.guardians.family.tolist(), guardians, strict=True):
        agents[row].append(guardian)
    columns = zip(
        families.students.student.tolist(),
        families.students.family.tolist(),
        families.students.given.tolist(),
        families.students.name.tolist(),
        families.students.second_name.tolist(),
        families.students.grade.tolist(),
        families.students.school.tolist(),
        families.students.number.tolist(),
        night.draws.chance("student disabled", families.students.student, 2_000).tolist(),
        night.draws.chance("home telephone of students", families.family, 50_000)[families.students.family].tolist(),
        strict=True,
    )
    for student, row, given, name, second, grade, school, number, off, names_home in columns:
        sourced_id = student_id(student)
        rows.add(
            Person(
                sourced_id=sourced_id,
                roles=(("student", (school_id(school),)),),
                username=sourced_id,
                given_name=GIVEN_CELLS[given],
                family_name=FAMILY_CELLS[name] if second < 0 else f"{FAMILY_CELLS[name]}-{FAMILY_CELLS[second]}",
                email=f"{sourced_id}@{STUDENT_DOMAIN}" if grade >= NO_ADDRESS_BELOW else "",
                sms="" if number < 0 else number_text(number),
                phone=homes[row] if names_home else "",
                agents=tuple(agents[row]),
                identifier=f"{200000 + student}",
                middle_name=GIVEN_CELLS[student * 7 % len(GIVEN_CELLS)] if student % 3 == 0 else "",
                grades=grade_code(grade),
                enabled=not off,
                profile=grade >= LEVELS[-1].first_grade,
            )
        )


def _add_guardians(night: Night, rows: Rows, families: Families, guardians: list[str], homes: list[str]) -> None:
    kids, schools = _kids(families)
    emails, mobiles, names = _guardian_contacts(night, families)
    held = _held_positions(night, families)
    columns = zip(
        guardians,
        families.guardians.family.tolist(),
        families.guardians.position.tolist(),
        night.draws.pick("kind of guardian", families.guardians.guardian, len(GUARDIAN_ROLES)).tolist(),
        strict=True,
    )
    for at, (guardian, row, position, kind) in enumerate(columns):
        if rows.version == "1.2" and position in held:
            continue  # the row of the staff member is the row of this guardian
        given, name = names[at]
        rows.add(
            Person(
                sourced_id=guardian,
                roles=((GUARDIAN_ROLES[kind], tuple(schools[row])),),
                username=emails[at] or guardian,
                given_name=GIVEN_CELLS[given],
                family_name=FAMILY_CELLS[name],
                email=emails[at],
                sms=mobiles[at],
                phone=homes[row],
                agents=tuple(kids[row]),
            )
        )


def _held_positions(night: Night, families: Families) -> set[int]:
    """Positions of staff who are parents in these families and still hold them."""
    positions = families.guardians.position[families.guardians.position >= 0]
    staff = night.staff_at(positions)
    return set(positions[staff.replaced == 0].tolist())


def _guardian_contacts(night: Night, families: Families) -> tuple[list[str], list[str], list[tuple[int, int]]]:
    """E-mails, mobiles and names; those of staff are the same as in their row as staff."""
    emails: list[str] = []
    mobiles: list[str] = []
    names: list[tuple[int, int]] = []
    columns = zip(
        families.guardians.guardian.tolist(),
        families.guardians.given.tolist(),
        families.guardians.name.tolist(),
        families.guardians.first_name.tolist(),
        families.guardians.email_version.tolist(),
        families.guardians.domain.tolist(),
        families.guardians.number.tolist(),
        families.guardians.shares_email.tolist(),
        families.guardians.shares_number.tolist(),
        strict=True,
    )
    for guardian, given, name, first_name, version, domain, number, shares_email, shares_number in columns:
        email = ""
        if version >= 0:
            suffix = f"{guardian}.{version}" if version else f"{guardian}"
            email = f"{GIVEN_MAILBOXES[given]}.{FAMILY_MAILBOXES[first_name]}{suffix}@{HOME_DOMAINS[domain]}"
        emails.append(emails[-1] if shares_email else email)
        mobiles.append(mobiles[-1] if shares_number else "" if number < 0 else number_text(number))
        names.append((given, name))
    on_staff = (families.guardians.position >= 0).nonzero()[0].tolist()
    if on_staff:
        staff = night.parents_on_staff(families.guardians.position[on_staff])
        staff_emails, staff_mobiles, _ = _staff_contacts(night, staff, [0] * len(on_staff))
        staff_names = zip(staff.given.tolist(), staff.name.tolist(), strict=True)
        for at, email, mobile, full_name in zip(on_staff, staff_emails, staff_mobiles, staff_names, strict=True):
            emails[at], mobiles[at], names[at] = email, mobile, full_name
    return emails, mobiles, names
