"""A delivery of OneRoster 1.1 or 1.2 CSV files as one Roster (policies.md R-V1 to R-V4, R-V6)."""

from __future__ import annotations

from collections.abc import Callable, Container
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING

from rostersync.errors import ImportRefused
from rostersync.importers import lookalikes
from rostersync.importers.absent_roles import SILENT, AbsentRoles
from rostersync.importers.classes import Classes, classes_of
from rostersync.importers.enrollments import Enrollments, enrollments_of, one_per_member, without_dropped
from rostersync.importers.layouts import (
    ACADEMIC_SESSIONS,
    CLASSES,
    COURSES,
    ENROLLMENTS,
    LAYOUTS,
    ORGS,
    ROLES,
    USER_PROFILES,
    USERS,
)
from rostersync.importers.orgs import empty_frame, known_ids, referred_to
from rostersync.importers.overlay import users_again
from rostersync.importers.package import Package
from rostersync.importers.recognising import Recognising, read_as, recognisable
from rostersync.importers.references import report_unknown, split
from rostersync.importers.roles import UserRoles, no_roles, profiles_of, roles_of
from rostersync.importers.users import Users, users_of
from rostersync.model.findings import Severity
from rostersync.model.roster import (
    ENROLLMENT_COLUMNS,
    REJECTED_CLASS_COLUMNS,
    REJECTED_ENROLLMENT_COLUMNS,
    REJECTED_USER_COLUMNS,
    Roster,
    Texts,
)
from rostersync.model.snapshot import Doubt

if TYPE_CHECKING:
    import polars as pl

    from rostersync.importers.finding_list import FindingList
    from rostersync.importers.layouts import Layout
    from rostersync.importers.tables import OpenTable, Table
    from rostersync.model.delivery import Delivery
    from rostersync.model.last_import import LastImport
    from rostersync.model.snapshot import Snapshot


def read(
    delivery: Delivery,
    *,
    region: str,
    encoding: str = "auto",
    today: date,
    last: Callable[[], LastImport] | None = None,
    seed: int | None = None,
    before: Snapshot | None = None,
    unended: Container[str] = (),
) -> Roster:
    """Read and check the files of `delivery`; phone numbers without a country code are of `region`.

    `encoding`: auto, utf-8 or windows-1252. `today` decides which enrollments were dropped (R-K6). Enrollments
    of users or classes that the files do not know are left in `unresolved`; references.resolve decides them. `last`
    is asked for the last import where a delta of 1.2 says only half of a user: the row, or the roles. Without
    roles.csv users of a bulk file have no role: absent_roles.reject_newcomers decides them. With `seed` the roster has
    the `texts` by which its rows can be recognised; with the snapshot `before` those of the last applied import are.
    `unended` are the files, by name in lower case, whose last row may be cut because it has no line break.

    Raises:
        Doubt: with `before`, where only a reading of the files as a whole can tell.
        ImportRefused: the delivery cannot be used as a whole (policies.md R-V1, R-V6).
    """
    package = Package(delivery, encoding, unended)
    lookalikes.refuse(package.headers)
    package.settle()
    recognising = None
    may_recognise = read_as(package, None) != ""
    if before is not None:
        if before.read_as == "" or not may_recognise:
            raise Doubt
        recognising, seed = Recognising(before, region, today), before.seed
    elif not may_recognise:
        seed = None
    return _Reading(package, region, today, last, seed, recognising).roster()


@dataclass(frozen=True)
class _Members:
    """ENROLLMENT_COLUMNS: one row per member of a class, those of unknown users or classes, and repeated ones."""

    resolved: pl.DataFrame
    unresolved: pl.DataFrame
    spare: pl.DataFrame | None


class _Reading:
    """One delivery on its way to a Roster: each file read once, checked against those read before it."""

    def __init__(
        self,
        package: Package,
        region: str,
        today: date,
        last: Callable[[], LastImport] | None = None,
        seed: int | None = None,
        recognising: Recognising | None = None,
    ) -> None:
        self._last, self._seed, self._recognising = last, seed, recognising
        self._texts: dict[str, Texts] = {}  # by which rows may be recognised on another night
        self._roles: UserRoles | None = None
        self._package, self._findings = package, package.findings
        self._known: dict[str, pl.Series] = {}  # table -> sourcedIds of its file, whatever became of the rows
        self._missing: dict[str, frozenset[str]] = {}
        self._deleted: dict[str, frozenset[str]] = {}
        # The largest file is read beside the others: much of the work on a file keeps one core busy and no more.
        beside = ThreadPoolExecutor(1, thread_name_prefix=ENROLLMENTS.file)
        try:
            enrollments = beside.submit(self._read_enrollments)
            table = self._read_before_enrollments()
            if recognising is not None:
                recognising.tell(self._known.get(USERS.table), self._known.get(CLASSES.table))
            members = beside.submit(lambda: self._members(enrollments.result(), today))
            self._users = self._read_users(table, region)
            self._enrollments, self._membership = enrollments.result(), members.result()
        finally:
            # In this order: a signal (polars makes two exceptions of one SIGINT) may come here as well, and then nobody
            # waits for a thread that waits to be told.
            if recognising is not None:
                recognising.give_up()
            beside.shutdown()

    def _read_before_enrollments(self) -> Table | None:
        """All that users and enrollments refer to, and the table of users."""
        self._orgs = self._referred_to(ORGS)
        self._courses = self._referred_to(COURSES)
        self._sessions = self._referred_to(ACADEMIC_SESSIONS)
        self._classes = self._read_classes()
        self._read_as = read_as(self._package, self._known.get(ORGS.table)) if self._seed is not None else ""
        recognising = self._recognising
        if recognising is not None and self._read_as != recognising.before.read_as:
            raise Doubt
        table = self._package.table(USERS, recognising.users if recognising else self._read)
        if table is not None:
            self._may_recognise(USERS, table)
            if recognising is not None:
                self._known[USERS.table] = recognising.known_users(table)
            else:
                self._knows(USERS, table)
        return table

    def _read(self, opened: OpenTable, findings: FindingList) -> Table:
        """A table with the texts of its lines, where somebody may recognise its rows by them."""
        texts = None if self._seed is None else opened.text.texts(self._seed)
        return replace(opened.read(findings), texts=texts)

    def roster(self) -> Roster:
        """What was read, as one value."""
        users, classes, enrollments, members = self._users, self._classes, self._enrollments, self._membership
        unreadable = {
            layout.table: bool(part and part.unreadable)
            for layout, part in ((USERS, users), (CLASSES, classes), (ENROLLMENTS, enrollments))
        }
        return Roster(
            version=self._package.version,
            users=users.users if users else None,
            classes=classes.classes if classes else None,
            enrollments=members.resolved if members else None,
            orgs=self._orgs,
            courses=self._courses,
            academic_sessions=self._sessions,
            rejected_users=users.rejected if users else empty_frame(REJECTED_USER_COLUMNS),
            rejected_classes=classes.rejected if classes else empty_frame(REJECTED_CLASS_COLUMNS),
            rejected_enrollments=(enrollments.rejected if enrollments else empty_frame(REJECTED_ENROLLMENT_COLUMNS)),
            unresolved=members.unresolved if members else empty_frame(ENROLLMENT_COLUMNS),
            findings=self._findings.frame(),
            row_counts=dict(self._package.row_counts),
            deleted_users=users.deleted if users else frozenset(),
            deleted_classes=classes.deleted if classes else frozenset(),
            unreadable=frozenset(table for table, found in unreadable.items() if found),
            missing=self._missing,
            deleted_sessions=self._deleted[ACADEMIC_SESSIONS.table],
            deleted_enrollments=enrollments.deleted if enrollments else None,
            without_role=users.without_role if users else None,
            roles=self._roles.rows if self._roles else None,
            modes={layout.table: self._package.mode(layout) for layout in LAYOUTS},
            spare_enrollments=members.spare if members else None,
            texts=self._recognisable(),
            read_as=self._read_as,
            unread=self._recognising.unread() if self._recognising else None,
        )

    def _may_recognise(self, layout: Layout, table: Table) -> None:
        texts = recognisable(table)
        if texts is not None:
            self._texts[layout.table] = texts

    def _recognisable(self) -> dict[str, Texts]:
        """Per table the lines of which nothing has to be said: those others are read again every night."""
        files = {layout.table: layout.file for layout in (USERS, ENROLLMENTS)}
        return {name: texts.without(self._findings.lines(files[name])) for name, texts in self._texts.items()}

    def _referred_to(self, layout: Layout) -> pl.DataFrame:
        table = self._package.table(layout)
        frame, self._deleted[layout.table] = referred_to(layout, table, self._findings)
        if table is None or not (table.count or table.delta):
            self._missing[layout.table] = frozenset(frame.columns) - {"line"}
        else:
            self._missing[layout.table] = table.missing - {"status"}
            if layout is ACADEMIC_SESSIONS and table.rejected.height:
                self._missing[layout.table] |= {"end_date"}  # nobody knows which term has lost its end
            self._knows(layout, table)
            self._check(layout, frame)
        return frame

    def _knows(self, layout: Layout, table: Table) -> None:
        """Which sourcedIds there are; a delta file names only those that changed."""
        if not table.delta:
            self._known[layout.table] = known_ids(table)

    def _check(self, layout: Layout, rows: pl.DataFrame) -> None:
        """Warn of references to orgs, courses, sessions and users that are not in the files."""
        for column in layout.columns:
            known = self._known.get(column.refers_to) if column.refers_to else None
            if known is not None and column.into in rows.columns:
                report_unknown(rows, column.into, column.name, known, layout.file, self._findings)

    def _read_users(self, table: Table | None, region: str) -> Users | None:
        roles = self._read_roles()
        if table is None:
            # Of 1.2 alone: users are judged again whose roles change.
            if not isinstance(roles, UserRoles) or self._last is None:
                return None
            return users_again(self._last(), roles, None, self._findings)
        missing = table.missing - {"status"}
        profiles = None if roles is None else self._read_profiles()
        if isinstance(roles, AbsentRoles):
            missing |= SILENT
        elif roles is not None:
            missing |= {"school_ids"} if roles.without_orgs else set()
        users = users_of(table, roles, profiles, region, self._findings)
        if isinstance(roles, UserRoles) and table.delta and self._last is not None:
            users = users_again(self._last(), roles, users, self._findings)
        self._missing[USERS.table] = missing | (set() if profiles is not None else {"profiles"})
        self._check(USERS.of(self._package.version), users.users)
        return users

    def _read_roles(self) -> UserRoles | AbsentRoles | None:
        """1.2's roles.csv as a whole; None where the users' own column says what they are.

        Raises:
            ImportRefused: a delta of roles without those that it is laid over.
        """
        modes = self._package.mode(USERS), self._package.mode(ROLES)
        if self._package.version != "1.2" or (modes[0] == "absent" and modes[1] != "delta"):
            return None
        if "delta" in modes and modes[1] == "absent":
            self._roles = self._laid_over(no_roles())
            return self._roles
        table = self._package.roles()
        if table is None:
            return AbsentRoles()
        self._check(ROLES, table.rows)
        roles = roles_of(table, self._findings)
        self._roles = self._laid_over(roles) if table.delta else roles
        return self._roles

    def _laid_over(self, roles: UserRoles) -> UserRoles:
        """Roles of a delta laid over those of the last import, where there is somebody to ask."""
        if self._last is None:
            return replace(roles, partial=True)
        stored = self._last().roles
        if stored.is_empty():
            raise ImportRefused(
                "users.csv or roles.csv is a delta file of OneRoster 1.2, and no bulk set of 1.2 was applied that it "
                "follows on. Nothing was changed. Have the SIS export a bulk set (all files whole)."
            )
        return roles.over(stored)

    def _read_profiles(self) -> pl.DataFrame | None:
        table = self._package.table(USER_PROFILES)
        if table is not None and table.delta:
            message = "A delta of user profiles is not used: stored profiles stay. Have the SIS export this file whole."
            self._findings.note(Severity.WARNING, USER_PROFILES.file, "PROFILES_DELTA", message)
            return None
        return None if table is None else profiles_of(table, self._findings)

    def _read_classes(self) -> Classes | None:
        table = self._package.table(CLASSES)
        if table is None:
            return None
        self._knows(CLASSES, table)
        classes = classes_of(table, self._sessions, self._findings)
        missing = table.missing - {"status"}
        if "term_ids" in missing or "end_date" in self._missing[ACADEMIC_SESSIONS.table]:
            missing |= {"ends_on"}
        self._missing[CLASSES.table] = missing
        self._check(CLASSES, classes.classes)
        return classes

    def _read_enrollments(self) -> Enrollments | None:
        recognising = self._recognising
        table = self._package.table(ENROLLMENTS, recognising.enrollments if recognising else self._read)
        if table is None:
            return None
        self._may_recognise(ENROLLMENTS, table)
        self._missing[ENROLLMENTS.table] = table.missing - {"status"}
        return enrollments_of(table, self._findings)

    def _members(self, enrollments: Enrollments | None, today: date) -> _Members | None:
        """Those in the import, once it is known which users and classes the files have (R-K6, R-V2)."""
        if enrollments is None:
            return None
        rows = enrollments.rows
        if self._package.mode(ENROLLMENTS) == "delta":  # told once their classes are known; till then they supersede
            return _Members(rows.clear(), rows, None)
        rows = without_dropped(rows, self._classes.classes if self._classes else None, today)
        resolved, unresolved = split(rows, self._known.get(USERS.table), self._known.get(CLASSES.table))
        resolved, spare = one_per_member(resolved)
        return _Members(resolved, unresolved, spare)
