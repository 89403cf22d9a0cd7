"""Stories of a tiny district in which everybody collides: nights, acceptances, edits and changes of settings.

A story is plain data, so that a failing one can be read, kept and cut down. Values come from pools of three, so that
people share names, e-mails and phones; rows vanish, come back and break.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from rostersync.errors import RefusedByPolicy
from tests.laws.by_hand import GUARDIANS as LOCAL_GUARDIANS
from tests.laws.by_hand import ByHand, choose_deed, do
from tests.policies.district import District, Report, Row, enrollment, person, school_class

Choose = Callable[[Sequence[Any]], Any]
"""Picks one of several: `random.choice`, or a draw of hypothesis."""

STUDENTS, GUARDIANS, STAFF = ("S1", "S2", "S3", "S4"), ("G1", "G2", "G3", "G4"), ("T1", "T2")
PEOPLE = (*STUDENTS, *GUARDIANS, *STAFF)
CLASSES = ("K1", "K2", "K3")
EMAILS = ("", "e1@x.example", "e2@x.example", "e3@x.example", "E1@x.example", "no mail")
PHONES = ("", "206-555-0101", "206-555-0102", "206-555-0103", "+12065550101", "12")
NAMES = ("Ana", "Bo", "Cy")
SCHOOLS = ("A", "B", "A,B")
SWITCHES = ("manage_guardians", "update_active_contacts", "restore_classes", "follow_enabled_user")
WORDS = {
    "phone_credential": ("sms", "phone", "sms-then-phone"),
    "unique_credentials": ("first-claim", "strict", "strict"),
    "abandoned_families": ("soft", "extreme", "extreme"),
}
OPTIONAL_COLUMNS = ("email", "sms", "phone", "agentSourcedIds", "enabledUser", "orgSourcedIds")
EDITS = {
    "email": ("", "e1@x.example", "e2@x.example", "e3@x.example"),
    "mobile": ("", "+12065550101", "+12065550102", "+12065550103"),
    "phone": ("", "+12065550101"),
    "given_name": ("Ana", "Bo", "Dee"),
}


@dataclass(frozen=True)
class Night:
    """A night's rows, each only what differs from the makers of `district.py`."""

    users: tuple[Row, ...]
    classes: tuple[Row, ...]
    enrollments: tuple[Row, ...]
    without: tuple[str, ...] = ()
    """Columns that users.csv does not have tonight."""
    forget: bool = False
    """Whether the snapshots are lost before this night."""


@dataclass(frozen=True)
class Accept:
    """Somebody accepts the invitation."""

    user_id: str


@dataclass(frozen=True)
class Edit:
    """Somebody's platform value is edited."""

    user_id: str
    field: str
    value: str


@dataclass(frozen=True)
class Configure:
    """New settings from here on."""

    include: tuple[str, ...] = ()
    policy: Mapping[str, object] = field(default_factory=dict)
    schools: Mapping[str, Mapping[str, object]] = field(default_factory=dict)


Step = Night | Accept | Edit | ByHand | Configure


def user_rows(night: Night) -> list[Row]:
    """Whole rows of users.csv."""
    return [person("", "") | {"familyName": "Fay", "username": ""} | row for row in night.users]


def class_rows(night: Night) -> list[Row]:
    """Whole rows of classes.csv."""
    return [school_class("") | {"title": "Zero"} | row for row in night.classes]


def enrollment_rows(night: Night) -> list[Row]:
    """Whole rows of enrollments.csv."""
    return [enrollment("", "") | row for row in night.enrollments]


def tell(district: District, step: Step, *, full: bool = False, dry_run: bool = False) -> Report | bool:
    """Play one step: the report of a night; of others whether it was done (False: refused by policy)."""
    match step:
        case Night():
            return district.night(
                user_rows(step),
                class_rows(step),
                enrollment_rows(step),
                without={"users": step.without},
                full=full,
                dry_run=dry_run,
            )
        case Accept():
            if step.user_id not in district.ids():
                return False
            district.accept(step.user_id)
        case Edit():
            if step.user_id not in district.ids():
                return False
            try:
                district.edit(step.user_id, **{step.field: step.value})
            except RefusedByPolicy:
                return False
        case ByHand():
            return do(district, step)
        case Configure():
            district.configure(include=step.include, schools=step.schools, **step.policy)
    return True


class World:
    """What the SIS holds at the moment; changed step by step, and written down as a night.

    In a calm world people have e-mails of their own, mostly, and nothing calls for a look at everybody: so that little
    is in scope (design.md, *Scope*).
    """

    def __init__(self, choose: Choose, *, calm: bool = False) -> None:
        self._choose, self._calm = choose, calm
        self._chance = lambda of: choose(range(of)) == 0
        self.people = {user_id: self._person(user_id) for user_id in PEOPLE}
        self.absent = {user_id for user_id in PEOPLE if self._chance(4)}
        self.classes: dict[str, Row] = {
            class_id: {"sourcedId": class_id, "schoolSourcedId": choose(("A", "B"))} for class_id in CLASSES
        }
        self.absent_classes: set[str] = set()
        self.enrollments: dict[tuple[str, str], Row] = {}
        for _ in range(6):
            self._enroll()

    def _person(self, user_id: str) -> Row:
        choose = self._choose
        row = {
            "sourcedId": user_id,
            "role": {"S": "student", "G": "parent", "T": "teacher"}[user_id[0]],
            "givenName": choose(NAMES),
            "email": choose((f"{user_id.lower()}@x.example",) * 12 + EMAILS if self._calm else EMAILS),
            "sms": choose(("",) * 12 + PHONES if self._calm else PHONES),
            "phone": choose(("",) * 6 + PHONES if self._calm else PHONES),
            "orgSourcedIds": choose(SCHOOLS),
            "agentSourcedIds": "",
        }
        if user_id[0] == "G":
            row["agentSourcedIds"] = ",".join(sorted({choose(STUDENTS), choose(STUDENTS)}))
        return row

    def _enroll(self) -> None:
        class_id, user_id = self._choose(CLASSES), self._choose((*STUDENTS, *STAFF))
        role = "teacher" if user_id in STAFF else "student"
        self.enrollments[class_id, user_id] = {
            "sourcedId": f"{class_id}-{user_id}",
            "classSourcedId": class_id,
            "userSourcedId": user_id,
            "role": role,
        }

    def move(self) -> None:
        """One change of the SIS."""
        self._choose(
            (
                self._come_or_go,
                self._come_or_go,
                self._value,
                self._value,
                self._swap,
                self._relate,
                self._relate,
                self._role,
                self._class,
                self._enrollment,
                self._family_goes,
                self._same_person,
                self._fault,
            )
        )()

    def _come_or_go(self) -> None:
        self.absent ^= {self._choose(PEOPLE)}

    def _family_goes(self) -> None:
        student = self._choose(STUDENTS)
        row = self.people[student]
        named = set(row["agentSourcedIds"].split(","))
        guardians = {g for g in GUARDIANS if g in named or student in self.people[g]["agentSourcedIds"].split(",")}
        family = {student, *guardians}
        self.absent = self.absent - family if student in self.absent else self.absent | family

    def _value(self) -> None:
        row = self.people[self._choose(PEOPLE)]
        pools = {"email": EMAILS, "sms": PHONES, "phone": PHONES, "givenName": NAMES, "orgSourcedIds": SCHOOLS}
        pools["enabledUser"] = ("true", "false", "")
        column = self._choose(tuple(pools))
        row[column] = self._choose(pools[column])

    def _swap(self) -> None:
        one, other = self.people[self._choose(PEOPLE)], self.people[self._choose(PEOPLE)]
        column = self._choose(("email", "sms", "phone"))
        one[column], other[column] = other[column], one[column]

    def _same_person(self) -> None:
        adults = (*GUARDIANS, *STAFF)
        one, other = self.people[self._choose(adults)], self.people[self._choose(adults)]
        for column in ("givenName", "email", "sms", "phone"):
            one[column] = other[column]

    def _relate(self) -> None:
        guardian, student = self._choose((*GUARDIANS, "T1")), self._choose(STUDENTS)
        one, other = (guardian, student) if self._chance(2) else (student, guardian)
        agents = {agent for agent in self.people[one]["agentSourcedIds"].split(",") if agent} ^ {other}
        self.people[one]["agentSourcedIds"] = ",".join(sorted(agents))

    def _role(self) -> None:
        row = self.people[self._choose((*GUARDIANS, *STAFF))]
        row["role"] = "teacher" if row["role"] == "parent" else "parent"

    def _fault(self) -> None:
        """Breaks a row, or mends it."""
        row = self.people[self._choose(PEOPLE)]
        broken = self._choose(({"role": "wizard"}, {"familyName": ""}, {"sourcedId": ""}, {"status": "tobedeleted"}))
        row["fault"] = "" if row.get("fault") else repr(broken)

    def _class(self) -> None:
        class_id = self._choose(CLASSES)
        what = self._choose(("row", "row", "title", "school", "fault"))
        if what == "row":
            self.absent_classes ^= {class_id}
        elif what == "title":
            self.classes[class_id]["title"] = self._choose(("One", "Two"))
        elif what == "school":
            self.classes[class_id]["schoolSourcedId"] = self._choose(("A", "B"))
        else:
            row = self.classes[class_id]
            broken = self._choose(({"title": ""}, {"sourcedId": ""}, {"status": "tobedeleted"}))
            row["fault"] = "" if row.get("fault") else repr(broken)

    def _enrollment(self) -> None:
        what = self._choose(("new", "gone", "primary", "fault", "dropped"))
        if what == "new" or not self.enrollments:
            self._enroll()
            return
        key = self._choose(sorted(self.enrollments))
        row = self.enrollments[key]
        if what == "gone":
            del self.enrollments[key]
        elif what == "primary":
            row["primary"] = "false" if row.get("primary") == "true" else "true"
        elif what == "dropped":
            row["endDate"] = "" if row.get("endDate") else "2026-10-01"
        else:
            broken = self._choose(
                (
                    {"role": "wizard"},
                    {"userSourcedId": "S9"},
                    {"userSourcedId": "", "sourcedId": ""},
                    {"userSourcedId": ""},
                )
            )
            row["fault"] = "" if row.get("fault") else repr(broken)

    def night(self) -> Night:
        """Tonight's rows; sometimes without a column, sometimes with lost snapshots."""
        without = (self._choose(OPTIONAL_COLUMNS),) if self._chance(12) and not self._calm else ()
        users = [_broken(row) for key, row in self.people.items() if key not in self.absent]
        classes = [_broken(row) for key, row in self.classes.items() if key not in self.absent_classes]
        enrollments = [_broken(row) for row in self.enrollments.values()]
        if self._calm:  # a row without an id calls for a look at everybody
            users, classes, enrollments = (
                [row for row in rows if row["sourcedId"]] for rows in (users, classes, enrollments)
            )
        return Night(
            users=tuple(users),
            classes=tuple(classes),
            enrollments=tuple(enrollments),
            without=without,
            forget=self._chance(12) and not self._calm,
        )

    def interlude(self) -> Step:
        """Something that happens between two nights."""
        what = self._choose(("accept", "accept", "edit", "edit", *(() if self._calm else ("configure",))))
        if what == "accept":
            return Accept(self._choose((*PEOPLE, *LOCAL_GUARDIANS)))
        if what == "edit":
            column = self._choose(tuple(EDITS))
            return Edit(self._choose((*PEOPLE, *LOCAL_GUARDIANS)), column, self._choose(EDITS[column]))
        return self.settings()

    def by_hand(self) -> Step:
        """Something that somebody decides by hand, refused or not."""
        return choose_deed(self._choose, (*GUARDIANS, *STAFF), STUDENTS, CLASSES)

    def settings(self) -> Configure:
        """Any settings."""
        include = self._choose(((), (), (), ("A",), ("B",)))
        schools = {school: self._policy() for school in self._choose(((), ("A",), ("B",), ("A", "B")))}
        return Configure(include, self._policy(), schools)

    def _policy(self) -> dict[str, object]:
        policy: dict[str, object] = {}
        for _ in range(self._choose(range(4))):
            policy[self._choose(SWITCHES)] = self._choose((True, False))
        for name, words in WORDS.items():
            if self._choose((True, False)):
                policy[name] = self._choose(words)
        return policy


def _broken(row: Row) -> Row:
    """The row as it is delivered: with its fault, if it has one."""
    from ast import literal_eval

    rest = {key: value for key, value in row.items() if key != "fault"}
    return {**rest, **(literal_eval(row["fault"]) if row.get("fault") else {})}


def write_story(choose: Choose, nights: int = 4, *, calm: bool = False) -> list[Step]:
    """A story of some nights: the SIS moves and people act in between."""
    world = World(choose, calm=calm)
    steps: list[Step] = [world.settings()] if choose(range(2)) == 0 else []
    steps.append(world.night())
    for _ in range(nights - 1):
        for _ in range(choose((1, 2) if calm else (1, 2, 3))):
            world.move()
        steps += [world.interlude() for _ in range(choose(range(3)))]
        if choose(range(3)) == 0:
            steps += [world.by_hand() for _ in range(8)]
        steps.append(world.night())
    return steps


def random_story(seed: int, nights: int = 4, *, calm: bool = False) -> list[Step]:
    """The story of a seed."""
    return write_story(random.Random(seed).choice, nights, calm=calm)


BREAKAGES: Mapping[str, tuple[Row, ...]] = {
    "users": (
        {"role": "wizard"},
        {"role": ""},
        {"givenName": ""},
        {"familyName": " "},
        {"sourcedId": ""},
        {"email": "no mail"},
        {"sms": "12"},
        {"phone": "no phone"},
    ),
    "classes": ({"title": ""}, {"sourcedId": ""}),
    "enrollments": (
        {"role": "wizard"},
        {"role": ""},
        {"userSourcedId": ""},
        {"classSourcedId": "K9"},
        {"userSourcedId": "S9"},
        {"endDate": "soon"},
    ),
}
"""What makes a row wrong without saying anything else."""


def broken_row(night: Night, pick: Callable[[int], int]) -> tuple[Night, str]:
    """The night with one row broken, and what was broken; `pick` gives a number below its argument."""
    parts = {"users": night.users, "classes": night.classes, "enrollments": night.enrollments}
    filled = [(name, index) for name, rows in parts.items() for index in range(len(rows))]
    if not filled:
        return night, "nothing"
    name, index = filled[pick(len(filled))]
    breakage = BREAKAGES[name][pick(len(BREAKAGES[name]))]
    rows = list(parts[name])
    what = f"{name} {rows[index]['sourcedId']} {breakage}"
    rows[index] = {**rows[index], **breakage}
    return replace(night, **{name: tuple(rows)}), what
