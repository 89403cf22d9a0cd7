"""The rules of policies.md once more, naively: dicts and loops over everybody, written without a look at the frames.

It reads the rows of a story's night itself and keeps a state of its own. Whatever the program does must come to the
same. It knows the settings and rules of this version.
"""

from __future__ import annotations

from tests.laws.oracle.accounts import Accounts
from tests.laws.oracle.state import SchoolClass, State
from tests.laws.stories import Night


class Oracle(State):
    """A district by the rules."""

    def night(self, night: Night) -> None:
        """One sync."""
        self.codes = set()
        _OneNight(self, night).decide()


class _OneNight(Accounts):
    """People and accounts, then guardianships, classes and enrollments."""

    def decide(self) -> None:
        """Everything, in the order in which one thing depends on another."""
        self.users = self._tonight()
        self._pairs()
        self._settings()
        self._statuses()
        self._classes()
        self._join()
        self._credentials()
        self._guardianships()
        self._enrollments()
        self._remember()

    def _guardianships(self) -> None:
        """R-G1 to R-G4, R-F4."""
        for pair in {*self.named, *self.state.pairs}:
            guardian, student = (self.users.get(user_id) for user_id in pair)
            if guardian is None or student is None or not self.managed[guardian.id] or guardian.origin != "sis":
                continue
            stored, both = self.state.pairs.get(pair), self.here(pair[0]) and self.here(pair[1])
            if stored == "current":
                gone = not self.here(guardian.id) and self.here(student.id) and guardian.kind == "guardian"
                if (both and pair not in self.related) or gone:
                    self.state.pairs[pair] = "ended"
            elif pair in self.named and both and guardian.status == student.status == "current":
                self.state.pairs[pair] = "current"

    def _classes(self) -> None:
        """R-K1 to R-K3, R-K5, R-V3."""
        rows = [row for row in self.class_rows if row["status"] != "tobedeleted"]
        sound = {row["sourcedId"]: row for row in rows if row["sourcedId"] and row["title"]}
        self.rejected_classes = {row["sourcedId"] for row in rows if row["sourcedId"] and not row["title"]}
        unreadable = any(not row["sourcedId"] for row in rows)
        self.known_classes = {row["sourcedId"] for row in self.class_rows} | set(self.state.classes)
        if self.include:
            sound = {class_id: row for class_id, row in sound.items() if row["schoolSourcedId"] in self.include}
            self.rejected_classes = {
                class_id
                for class_id in self.rejected_classes
                if class_id in self.state.classes and self.state.classes[class_id].school in self.include
            }
        self.classes_here = set(sound) | (self.rejected_classes & set(self.state.classes))
        for class_id, row in sound.items():
            title, school = row["title"], row["schoolSourcedId"]
            known = self.state.classes.setdefault(class_id, SchoolClass(title, school, sis_title=title))
            if known.title == known.sis_title:  # else somebody edited it
                known.title = title
            known.sis_title, known.school = title, school
        for class_id, known in self.state.classes.items():
            if known.origin == "manual":
                continue
            if class_id not in self.classes_here:
                known.status = known.status if unreadable else "archived"
            elif self.of_school(known.school)["restore_classes"]:
                known.status = "active"

    def _enrollments(self) -> None:
        """R-K1, R-K4, R-K6, R-V2, R-V3, R-U8, R-F1, R-F2; terms end far ahead, so that a past endDate is a drop.

        Those made by hand: R-F6, R-U9.
        """
        known_users = self.in_files | set(self.state.users)
        said, protected, anything = set(), set(), False
        for row in self.enrollment_rows:
            class_id, user_id, role = row["classSourcedId"], row["userSourcedId"], row["role"]
            sound = class_id in self.known_classes and user_id in known_users and role in {"student", "teacher"}
            if sound and not row["endDate"]:
                said.add((class_id, user_id, role))
            elif not sound:
                protected |= {(class_id, user_id), (row["sourcedId"],)}
                anything |= not row["sourcedId"] and not (class_id and user_id)
        for key in said | set(self.state.enrollments):
            class_id, user_id, role = key
            school_class, user = self.state.classes.get(class_id), self.users.get(user_id)
            by_hand = key in self.state.manual and school_class is not None and school_class.status == "active"
            if user is not None and user.status == "removed" and key in self.state.enrollments and not by_hand:
                self.state.enrollments[key] = "ended"  # in archived classes too (R-F2)
            if school_class is None or school_class.status != "active" or user is None:
                continue
            stored = self.state.enrollments.get(key)
            if key in self.state.manual and self._by_hand(key, user.status):
                continue
            kept = anything or (class_id, user_id) in protected or (f"{class_id}-{user_id}",) in protected
            gone = key not in said and class_id in self.classes_here and not kept
            if stored == "current" and (gone or user.status != "current"):
                self.state.enrollments[key] = "ended"
            elif key in said and user.status == "current" and class_id in self.classes_here:
                self.state.enrollments[key] = "current"
                self.state.manual.discard(key)  # ended before; now it is the SIS's
        self.state.with_person -= {key for key in self.state.with_person if self._returned(key[1])}

    def _by_hand(self, key: tuple[str, str, str], person: str) -> bool:
        """Whether what somebody enrolled is decided: it goes and comes with the person, and stays beside a row."""
        if self.state.enrollments[key] == "current":
            if person != "current":
                self.state.enrollments[key] = "ended"
                self.state.with_person.add(key)
            return True
        if key in self.state.with_person and self._returned(key[1]):
            self.state.enrollments[key] = "current"
            return True
        return False

    def _returned(self, user_id: str) -> bool:
        before, now = self.state.users.get(user_id), self.users.get(user_id)
        return bool(before and now and before.status != "current" and now.status == "current")

    def _remember(self) -> None:
        self.state.users = self.users
