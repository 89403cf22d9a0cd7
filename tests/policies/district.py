"""A small district to try rules on: nights as lists of rows, the real importer, state and reports."""

from __future__ import annotations

import contextlib
import csv
import functools
import random
import shutil
import sqlite3
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, ClassVar
from unittest.mock import patch

from rostersync import pipeline, quiet_night, settings
from rostersync.settings import overrides
from rostersync.state import edits
from rostersync.state.store import create_state

Row = dict[str, str]

NO_GUARDS = """
[guards]
max_removed = "100%"
max_changed = "100%"
small = 1000000
[[guards.window]]
from = 2000-01-01
to = 2999-12-31
kinds = ["students", "guardians", "staff", "classes", "enrollments", "guardianships"]
max_removed = "100%"
"""
"""Settings under which no guard ever trips."""

USER_HEADER = [
    "sourcedId",
    "status",
    "dateLastModified",
    "enabledUser",
    "orgSourcedIds",
    "role",
    "username",
    "userIds",
    "givenName",
    "familyName",
    "middleName",
    "identifier",
    "email",
    "sms",
    "phone",
    "agentSourcedIds",
    "grades",
    "password",
]
CLASS_HEADER = [
    "sourcedId",
    "status",
    "dateLastModified",
    "title",
    "grades",
    "courseSourcedId",
    "classCode",
    "classType",
    "location",
    "schoolSourcedId",
    "termSourcedIds",
    "subjects",
    "subjectCodes",
    "periods",
]
ENROLLMENT_HEADER = [
    "sourcedId",
    "status",
    "dateLastModified",
    "classSourcedId",
    "schoolSourcedId",
    "userSourcedId",
    "role",
    "primary",
    "beginDate",
    "endDate",
]
ORG_HEADER = ["sourcedId", "status", "dateLastModified", "name", "type", "identifier", "parentSourcedId"]
COURSE_HEADER = [
    "sourcedId",
    "status",
    "dateLastModified",
    "schoolYearSourcedId",
    "title",
    "courseCode",
    "grades",
    "orgSourcedId",
    "subjects",
    "subjectCodes",
]
SESSION_HEADER = [
    "sourcedId",
    "status",
    "dateLastModified",
    "title",
    "type",
    "startDate",
    "endDate",
    "parentSourcedId",
    "schoolYear",
]
ROLE_HEADER = [
    "sourcedId",
    "status",
    "dateLastModified",
    "userSourcedId",
    "roleType",
    "role",
    "beginDate",
    "endDate",
    "orgSourcedId",
    "userProfileSourcedId",
]


def person(sourced_id: str, role: str, **values: str) -> Row:
    """A row of users.csv; keys are OneRoster's columns."""
    row = dict.fromkeys(USER_HEADER, "")
    row |= {
        "sourcedId": sourced_id,
        "enabledUser": "true",
        "orgSourcedIds": "A",
        "role": role,
        "username": sourced_id.lower(),
        "givenName": f"Given{sourced_id}",
        "familyName": "Family",
    }
    return row | values


def student(sourced_id: str, agents: str = "", **values: str) -> Row:
    """A student of school A, with an e-mail of their own."""
    defaults = {"email": f"{sourced_id.lower()}@students.example.org", "agentSourcedIds": agents, "grades": "05"}
    return person(sourced_id, "student", **{**defaults, **values})


def guardian(sourced_id: str, agents: str = "", **values: str) -> Row:
    """A guardian with an e-mail of their own; `agents` are their students."""
    defaults = {"email": f"{sourced_id.lower()}@families.example.org", "agentSourcedIds": agents}
    return person(sourced_id, "parent", **{**defaults, **values})


def teacher(sourced_id: str, **values: str) -> Row:
    """A teacher of school A."""
    return person(sourced_id, "teacher", **{"email": f"{sourced_id.lower()}@staff.example.org", **values})


def school_class(sourced_id: str, **values: str) -> Row:
    """A class of school A."""
    row = dict.fromkeys(CLASS_HEADER, "")
    row |= {
        "sourcedId": sourced_id,
        "title": f"Class {sourced_id}",
        "courseSourcedId": "course",
        "classType": "scheduled",
        "schoolSourcedId": "A",
        "termSourcedIds": "term",
    }
    return row | values


def enrollment(class_id: str, user_id: str, role: str = "student", **values: str) -> Row:
    """An enrollment with a sourcedId of its own."""
    row = dict.fromkeys(ENROLLMENT_HEADER, "")
    row |= {
        "sourcedId": f"{class_id}-{user_id}-{role}",
        "classSourcedId": class_id,
        "schoolSourcedId": "A",
        "userSourcedId": user_id,
        "role": role,
    }
    return row | values


def role(user_id: str, name: str, role_type: str = "secondary", org: str = "A", **values: str) -> Row:
    """A row of roles.csv (OneRoster 1.2)."""
    row = dict.fromkeys(ROLE_HEADER, "")
    row |= {
        "sourcedId": f"{user_id}-{name}-{org}",
        "userSourcedId": user_id,
        "roleType": role_type,
        "role": name,
        "orgSourcedId": org,
    }
    return row | values


@dataclass(frozen=True)
class Report:
    """What a run left: rows of its CSVs as dicts, and its summary."""

    folder: Path
    summary: dict[str, Any]

    def rows(self, kind: str = "users", **where: str) -> list[Row]:
        """Rows of a CSV, the apostrophes of formula-like cells taken off, that have these values."""
        with (self.folder / f"{kind}.csv").open(encoding="utf-8-sig", newline="") as file:
            rows = [{key: _plain(value) for key, value in row.items()} for row in csv.DictReader(file)]
        return [row for row in rows if all(row[key] == value for key, value in where.items())]

    def notes(self, record: str, kind: str = "users") -> list[tuple[str, str, str]]:
        """(action, code, notes) of one user or class, sorted by code."""
        found = [(row["action"], row["code"], row["notes"]) for row in self.rows(kind, id=record)]
        return sorted(found, key=lambda note: note[1])

    def codes(self, record: str, kind: str = "users") -> list[str]:
        """The codes said of one user or class, sorted."""
        return sorted(row["code"] for row in self.rows(kind, id=record))


@functools.cache
def _made_state() -> bytes:
    """The bytes of an empty state, made once."""
    with tempfile.TemporaryDirectory() as folder:
        create_state(Path(folder) / "state.db")
        return (Path(folder) / "state.db").read_bytes()


def _empty_state(path: Path) -> None:
    path.write_bytes(_made_state())
    path.chmod(0o600)


def _plain(cell: str) -> str:
    return cell[1:] if cell[:1] == "'" and cell[1:2] in "=+-@\t\r" else cell


class District:
    """A state, its settings, and nights one after the other; `limits` are its guards as TOML."""

    limits = NO_GUARDS
    usual_guards: ClassVar[Mapping[str, object]] = {"max_rejected": "100%"}
    """Beside keys of `[guards]`: most tests tell of a few people, of whom some nights most are rejected."""
    _unlimited = False
    recognises = False
    """Whether a night in which nothing changed is told before it is read, as it is outside of these tests: here the
    rules are to decide it. test_quiet_nights.py and the law of that name let it."""

    def __init__(self, folder: Path, **policy: object) -> None:
        self.folder = folder
        self._nights = 0
        _empty_state(folder / "state.db")
        self.configure(**policy)

    def copy(self, folder: Path) -> District:
        """The same district at the same point, in another folder: a first night that many tests share."""
        shutil.copytree(self.folder, folder, dirs_exist_ok=True)
        twin = object.__new__(District)
        twin.folder, twin._nights, twin._unlimited = folder, self._nights, self._unlimited
        twin.recognises = self.recognises
        return twin

    def configure(
        self,
        *,
        include: Sequence[str] = (),
        schools: Mapping[str, Mapping[str, object]] | None = None,
        guards: str | Mapping[str, object] | None = None,
        pause: Sequence[tuple[str, str]] = (),
        **policy: object,
    ) -> None:
        """Write rostersync.toml: policy keys, `schools.include`, `[policy.schools]`, `guards`, `[[pause]]`.

        `guards` are TOML, or keys of `[guards]`. Without them those of `limits` hold: none, since whole families and
        classes come and go in a district of a few people.
        """
        lines = ["[schools]", f"include = {_toml(list(include))}", "[policy]"]
        lines += [f"{key} = {_toml(value)}" for key, value in policy.items()]
        for school, values in (schools or {}).items():
            lines.append(f'[policy.schools."{school}"]')
            lines += [f"{key} = {_toml(value)}" for key, value in values.items()]
        if isinstance(guards, Mapping):
            values = {**self.usual_guards, **guards}
            guards = "\n".join(["[guards]", *(f"{key} = {_toml(value)}" for key, value in values.items())])
        lines.append(self.limits if guards is None else guards)
        self._unlimited = guards is None and self.limits == NO_GUARDS
        lines += ["[reports]", 'formats = ["csv"]']  # what the rules' tests read
        for first, last in pause:
            lines += ["[[pause]]", f"from = {first}", f"to = {last}"]
        (self.folder / "rostersync.toml").write_text("\n".join(lines) + "\n", encoding="utf-8")

    @property
    def settings(self) -> settings.Settings:
        """The settings as the next command reads them."""
        return settings.load(self.folder / "rostersync.toml", {})

    def night(
        self,
        users: Iterable[Row] = (),
        classes: Iterable[Row] | None = None,
        enrollments: Iterable[Row] | None = None,
        *,
        schools: Sequence[str] = ("A", "B", "C"),
        term_end: str = "2099-06-30",
        without: Mapping[str, Sequence[str]] | None = None,
        absent: Sequence[str] = (),
        manifest: Mapping[str, str] | None = None,
        sessions: Iterable[Row] = (),
        roles: Iterable[Row] | None = None,
        standing: bool = True,
        shuffle: int | None = None,
        dry_run: bool = False,
        full: bool = False,
        override: Sequence[str] = (),
        now: datetime | None = None,
    ) -> Report:
        """One night with these rows; `files` says what they are, `override` what is let through the guards."""
        folder = self.files(
            users,
            classes,
            enrollments,
            schools=schools,
            term_end=term_end,
            without=without,
            absent=absent,
            manifest=manifest,
            sessions=sessions,
            roles=roles,
            standing=standing,
            shuffle=shuffle,
        )
        return self.sync(folder, dry_run=dry_run, full=full, override=override, now=now)

    def files(
        self,
        users: Iterable[Row] = (),
        classes: Iterable[Row] | None = None,
        enrollments: Iterable[Row] | None = None,
        *,
        schools: Sequence[str] = ("A", "B", "C"),
        term_end: str = "2099-06-30",
        without: Mapping[str, Sequence[str]] | None = None,
        absent: Sequence[str] = (),
        manifest: Mapping[str, str] | None = None,
        sessions: Iterable[Row] = (),
        roles: Iterable[Row] | None = None,
        standing: bool = True,
        shuffle: int | None = None,
    ) -> Path:
        """The folder of a night's files; a standing class K0 with teacher T0 keeps them filled.

        `without` names columns per file that the export does not have, `absent` whole files, `manifest` what a
        manifest.csv says of files ("users": "absent"). `sessions` are further terms. With `roles` the set is one of
        OneRoster 1.2. `shuffle` seeds another order of rows and columns. Without `standing` K0 and T0 are left out: a
        delta has no use for them.
        """
        self._nights += 1
        folder = self.folder / f"night{self._nights}"
        folder.mkdir()
        missing = without or {}
        base_class, base_teacher = school_class("K0"), teacher("T0")
        base_roll = [enrollment("K0", "T0", "teacher")]
        files: dict[str, tuple[list[str], list[Row]]] = {
            "users": (USER_HEADER, [*([base_teacher] if standing else []), *users]),
            "classes": (CLASS_HEADER, [*([base_class] if standing else []), *(classes or ())]),
            "enrollments": (ENROLLMENT_HEADER, [*(base_roll if standing else []), *(enrollments or ())]),
            "orgs": (ORG_HEADER, [_org(school) for school in schools]),
            "courses": (COURSE_HEADER, [{"sourcedId": "course", "title": "Course", "orgSourcedId": "A"}]),
            "academicSessions": (
                SESSION_HEADER,
                [
                    {
                        "sourcedId": "term",
                        "title": "Term",
                        "type": "term",
                        "startDate": "2026-08-24",
                        "endDate": term_end,
                        "schoolYear": "2027",
                    },
                    *sessions,
                ],
            ),
        }
        if roles is not None:
            files["users"] = (
                [column for column in USER_HEADER if column not in {"role", "orgSourcedIds"}],
                files["users"][1],
            )
            files["roles"] = (ROLE_HEADER, [*([role("T0", "teacher", "primary")] if standing else []), *roles])
        if manifest is not None:
            _write_manifest(folder, files, manifest, version="1.1" if roles is None else "1.2")
        order = random.Random(shuffle)
        for name, (header, rows) in files.items():
            if name in absent:
                continue
            columns = [column for column in header if column not in missing.get(name, ())]
            if shuffle is not None:
                order.shuffle(columns)
                order.shuffle(rows)
            with (folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
                writer = csv.DictWriter(file, columns, restval="", extrasaction="ignore")
                writer.writeheader()
                writer.writerows(rows)
        return folder

    def delta(
        self,
        users: Iterable[Row] = (),
        classes: Iterable[Row] = (),
        enrollments: Iterable[Row] = (),
        *,
        modes: Mapping[str, str] | None = None,
        full: bool = False,
        dry_run: bool = False,
        override: Sequence[str] = (),
        now: datetime | None = None,
        **files: Any,
    ) -> Report:
        """One night with a delta set of these rows (a blank status is active); other files are absent.

        `modes` says otherwise of files; those that are bulk or delta there are written as `files` would.
        """
        said = {"users": "delta", "classes": "delta", "enrollments": "delta"} | dict(modes or {})
        if "roles" in files:
            said = {"roles": "delta", **said}
            files["roles"] = [row | {"status": row.get("status") or "active"} for row in files["roles"]]
        optional = ("orgs", "courses", "academicSessions")
        absent = [name for name in (*optional, *said) if said.get(name, "absent") == "absent"]
        manifest = {name: said.get(name, "absent") for name in (*said, *optional)}
        bulk = {name for name, mode in said.items() if mode == "bulk"}
        parts = {"users": list(users), "classes": list(classes), "enrollments": list(enrollments)}
        base = {"users": teacher("T0"), "classes": school_class("K0"), "enrollments": enrollment("K0", "T0", "teacher")}
        rows = {
            name: [base[name], *part]
            if name in bulk
            else [row | {"status": row.get("status") or "active"} for row in part]
            for name, part in parts.items()
        }
        folder = self.files(**rows, absent=absent, manifest=manifest, standing=False, **files)
        return self.sync(folder, dry_run=dry_run, full=full, override=override, now=now)

    def sync(
        self,
        source: Path,
        *,
        dry_run: bool = False,
        full: bool = False,
        override: Sequence[str] = (),
        now: datetime | None = None,
    ) -> Report:
        """One night with the files of a folder or zip, at the moment `now`.

        Without limits a users file in which most people are missing is let through as well (R-D7).
        """
        override = override or (("students",) if self._unlimited and not self.recognises else ())
        with contextlib.nullcontext() if self.recognises else patch.object(quiet_night, "_standing", lambda *_: None):
            outcome = pipeline.sync(
                self.settings, source=source, dry_run=dry_run, full=full, overrides=overrides.parse(override), now=now
            )
        return Report(outcome.report_folder, outcome.summary.to_json())

    def accept(self, *ids: str) -> None:
        """These users accept their invitations."""
        edits.accept(self.folder / "state.db", list(ids))

    def edit(self, user_id: str, by: str = "self", **values: str) -> None:
        """An edit of platform values."""
        edits.edit(self.folder / "state.db", self.settings, user_id, values, by=by)

    def rows(self, query: str, *values: object) -> list[dict[str, Any]]:
        """Rows of a query on the state's public views."""
        connection = sqlite3.connect(f"file:{self.folder / 'state.db'}?mode=ro", uri=True)
        try:
            cursor = connection.execute(query, values)
            names = [column[0] for column in cursor.description]
            return [dict(zip(names, row, strict=True)) for row in cursor]
        finally:
            connection.close()

    def user(self, user_id: str) -> dict[str, Any]:
        """One row of roster_users."""
        return self.rows("SELECT * FROM roster_users WHERE id = ?", user_id)[0]

    def ids(self) -> set[str]:
        """Everybody in roster_users but T0."""
        return {row["id"] for row in self.rows("SELECT id FROM roster_users WHERE id <> 'T0'")}

    def statuses(self) -> dict[str, str]:
        """Roster status by user, but T0."""
        return {r["id"]: r["roster_status"] for r in self.rows("SELECT * FROM roster_users WHERE id <> 'T0'")}

    def guardianships(self) -> dict[tuple[str, str], str]:
        """Status by (guardian, student)."""
        return {
            (r["guardian_id"], r["student_id"]): r["status"] for r in self.rows("SELECT * FROM roster_guardianships")
        }

    def enrollments(self) -> dict[tuple[str, str], str]:
        """Status by (class, user), but those of K0's teacher."""
        found = self.rows("SELECT * FROM roster_enrollments WHERE user_id <> 'T0'")
        return {(row["class_id"], row["user_id"]): row["status"] for row in found}

    def access(self) -> set[tuple[str, str]]:
        """(user, school) of roster_access, but T0's."""
        return {(r["user_id"], r["school_id"]) for r in self.rows("SELECT * FROM roster_access WHERE user_id <> 'T0'")}

    def everything(self) -> dict[str, list[tuple[Any, ...]]]:
        """All public views but the runs, to compare states."""
        views = ("users", "classes", "enrollments", "guardianships", "access", "outbox", "changes")
        return {
            view: sorted((tuple(r.values()) for r in self.rows(f"SELECT * FROM roster_{view}")), key=repr)
            for view in views
        }


def _write_manifest(folder: Path, files: Iterable[str], said: Mapping[str, str], version: str) -> None:
    """manifest.csv: bulk for what is there, absent for what is not, and whatever else is `said`."""
    every = (
        "academicSessions categories classes classResources courses courseResources demographics enrollments lineItems"
    )
    names = [*every.split(), "orgs", "resources", "results", "users", *(["roles"] if version == "1.2" else [])]
    modes = {name: "bulk" if name in files else "absent" for name in names} | dict(said)
    rows = [("propertyName", "value"), ("manifest.version", "1.0"), ("oneroster.version", version)]
    rows += [(f"file.{name}", mode) for name, mode in modes.items()]
    (folder / "manifest.csv").write_text("".join(f"{name},{value}\n" for name, value in rows), encoding="utf-8")


def _org(school: str) -> Row:
    return {"sourcedId": school, "name": f"School {school}", "type": "school"}


def _toml(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return "[" + ", ".join(_toml(item) for item in value) + "]"
    return str(value) if isinstance(value, int) else f'"{value}"'
