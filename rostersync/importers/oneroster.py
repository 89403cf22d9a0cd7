"""A delivery of OneRoster 1.1 or 1.2 CSV files as one Roster (policies.md R-V1 to R-V4, R-V6)."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from rostersync.importers import lookalikes
from rostersync.importers.classes import Classes, classes_of
from rostersync.importers.enrollments import Enrollments, enrollments_of, one_per_member
from rostersync.importers.layouts import (
    ACADEMIC_SESSIONS,
    CLASSES,
    COURSES,
    ENROLLMENTS,
    ORGS,
    ROLES,
    USER_PROFILES,
    USERS,
)
from rostersync.importers.orgs import empty_frame, known_ids, referred_to
from rostersync.importers.package import Package
from rostersync.importers.references import report_unknown, split
from rostersync.importers.roles import profiles_of, roles_of
from rostersync.importers.users import Users, users_of
from rostersync.model.roster import (
    ENROLLMENT_COLUMNS,
    REJECTED_CLASS_COLUMNS,
    REJECTED_ENROLLMENT_COLUMNS,
    REJECTED_USER_COLUMNS,
    Roster,
)

if TYPE_CHECKING:
    import polars as pl

    from rostersync.importers.layouts import Layout
    from rostersync.model.delivery import Delivery


def read(delivery: Delivery, *, region: str, encoding: str = "auto", today: date) -> Roster:
    """Read and check the files of `delivery`; phone numbers without a country code are of `region`.

    `encoding`: auto, utf-8 or windows-1252. `today` decides which enrollments were dropped (R-K6). Enrollments
    of users or classes that the files do not know are left in `unresolved`; references.resolve decides them.

    Raises:
        ImportRefused: the delivery cannot be used as a whole (policies.md R-V1, R-V6).
    """
    package = Package(delivery, encoding)
    lookalikes.refuse(package.headers)
    package.settle()
    package.read_ahead(ENROLLMENTS)
    return _Reading(package, region, today).roster()


class _Reading:
    """One delivery on its way to a Roster: each file read once, checked against those read before it."""

    def __init__(self, package: Package, region: str, today: date) -> None:
        self._package, self._findings = package, package.findings
        self._known: dict[str, pl.Series] = {}  # table -> sourcedIds of its file, whatever became of the rows
        self._missing: dict[str, frozenset[str]] = {}
        self._orgs = self._referred_to(ORGS)
        self._courses = self._referred_to(COURSES)
        self._sessions = self._referred_to(ACADEMIC_SESSIONS)
        self._users = self._read_users(region)
        self._classes = self._read_classes()
        self._enrollments = self._read_enrollments(today)

    def roster(self) -> Roster:
        """What was read, as one value."""
        users, classes, enrollments = self._users, self._classes, self._enrollments
        resolved = unresolved = spare = None
        if enrollments is not None:
            resolved, unresolved = split(enrollments.rows, self._known.get(USERS.table), self._known.get(CLASSES.table))
            resolved, spare = one_per_member(resolved)
        unreadable = {
            layout.table: bool(part and part.unreadable)
            for layout, part in ((USERS, users), (CLASSES, classes), (ENROLLMENTS, enrollments))
        }
        return Roster(
            version=self._package.version,
            users=users.users if users else None,
            classes=classes.classes if classes else None,
            enrollments=resolved,
            orgs=self._orgs,
            courses=self._courses,
            academic_sessions=self._sessions,
            rejected_users=users.rejected if users else empty_frame(REJECTED_USER_COLUMNS),
            rejected_classes=classes.rejected if classes else empty_frame(REJECTED_CLASS_COLUMNS),
            rejected_enrollments=(enrollments.rejected if enrollments else empty_frame(REJECTED_ENROLLMENT_COLUMNS)),
            unresolved=empty_frame(ENROLLMENT_COLUMNS) if unresolved is None else unresolved,
            findings=self._findings.frame(),
            row_counts=dict(self._package.row_counts),
            deleted_users=users.deleted if users else frozenset(),
            deleted_classes=classes.deleted if classes else frozenset(),
            unreadable=frozenset(table for table, found in unreadable.items() if found),
            missing=self._missing,
            spare_enrollments=spare,
        )

    def _referred_to(self, layout: Layout) -> pl.DataFrame:
        table = self._package.table(layout)
        frame = referred_to(layout, table, self._findings)
        if table is None or not table.count:
            self._missing[layout.table] = frozenset(frame.columns) - {"line"}
        else:
            self._missing[layout.table] = table.missing - {"status"}
            self._known[layout.table] = known_ids(table)
            self._check(layout, frame)
        return frame

    def _check(self, layout: Layout, rows: pl.DataFrame) -> None:
        """Warn of references to orgs, courses, sessions and users that are not in the files."""
        for column in layout.columns:
            known = self._known.get(column.refers_to) if column.refers_to else None
            if known is not None and column.into in rows.columns:
                report_unknown(rows, column.into, column.name, known, layout.file, self._findings)

    def _read_users(self, region: str) -> Users | None:
        table = self._package.table(USERS)
        if table is None:
            return None
        self._known[USERS.table] = known_ids(table)
        missing = table.missing - {"status"}
        roles = profiles = None
        if self._package.version == "1.2":
            roles_table = self._package.roles()
            self._check(ROLES, roles_table.rows)
            roles = roles_of(roles_table, self._findings)
            missing |= {"school_ids"} if "org_id" in roles_table.missing else set()
            profiles_table = self._package.table(USER_PROFILES)
            profiles = None if profiles_table is None else profiles_of(profiles_table, self._findings)
        users = users_of(table, roles, profiles, region, self._findings)
        self._missing[USERS.table] = missing | (set() if profiles is not None else {"profiles"})
        self._check(USERS.of(self._package.version), users.users)
        return users

    def _read_classes(self) -> Classes | None:
        table = self._package.table(CLASSES)
        if table is None:
            return None
        self._known[CLASSES.table] = known_ids(table)
        classes = classes_of(table, self._sessions, self._findings)
        missing = table.missing - {"status"}
        if "term_ids" in missing or "end_date" in self._missing[ACADEMIC_SESSIONS.table]:
            missing |= {"ends_on"}
        self._missing[CLASSES.table] = missing
        self._check(CLASSES, classes.classes)
        return classes

    def _read_enrollments(self, today: date) -> Enrollments | None:
        table = self._package.table(ENROLLMENTS)
        if table is None:
            return None
        self._missing[ENROLLMENTS.table] = table.missing - {"status"}
        classes = self._classes.classes if self._classes else None
        return enrollments_of(table, classes, today, self._findings)
