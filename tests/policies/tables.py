"""Tables of cases: many small stories told in one district at once, so that a night serves a whole table.

A case writes its people as if it were alone: `G1`, `g1@families.example.org`, `206-555-0101`. Told together, each
case gets ids, mail domains and an area code of its own; what is read back is shown as the case wrote it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.policies.district import District, Report, Row

AREA_CODES = [str(code) for code in range(212, 990) if code % 100 != 11]
ID_COLUMNS = ("sourcedId", "classSourcedId", "userSourcedId")

WITH_TWINS = os.environ.get("TESTS_TWINS") == "1"
"""Whether every scenario is lived a second time with `--full` (`make test-long`); the laws say it of any story."""

Note = tuple[str, str, str]


@dataclass(frozen=True)
class Case:
    """One story: the first night, what people do by day, the second night, and what must be true after it.

    `after` has the fields of roster_users by user, None for somebody who must not be there; `notes` are all
    report rows of these users (those not named may have any), `kept` and `linked` only those rows; `told` all
    messages (user, channel, address). The users of `one_account` share one, those of `apart` (who may not be
    there) do not.
    """

    name: str
    before: Sequence[Row] = ()
    tonight: Sequence[Row] = ()
    accepted: Sequence[str] = ()
    edits: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    after: Mapping[str, Mapping[str, object] | None] = field(default_factory=dict)
    notes: Mapping[str, Sequence[Note]] = field(default_factory=dict)
    kept: Mapping[str, Sequence[Note]] = field(default_factory=dict)
    linked: Mapping[str, Sequence[Note]] = field(default_factory=dict)
    told: Sequence[tuple[str, str, str]] | None = ()
    one_account: Sequence[str] = ()
    apart: Sequence[str] = ()


class Lived:
    """A table's cases after both nights, and the same files once more."""

    def __init__(self, folder: Path, cases: Sequence[Case], **policy: object) -> None:
        self._number = {case.name: number for number, case in enumerate(cases)}
        assert len(self._number) == len(cases), "two cases have the same name"
        self.district = District(_made(folder / "scoped"), **policy)
        # A first night looks at every record with or without `--full`: it is lived once.
        self.district.night([row for case in cases for row in self._rows(case, case.before)])
        self._every = self.district.copy(folder / "full") if WITH_TWINS else None
        for district in filter(None, (self.district, self._every)):
            for case in cases:
                for user_id in case.accepted:
                    district.accept(self._own(case, user_id))
                for user_id, values in case.edits.items():
                    district.edit(self._own(case, user_id), **{k: self._own(case, v) for k, v in values.items()})
        last = [row for case in cases for row in self._rows(case, case.tonight)]
        self.report = self._night(last)
        before = self.district.everything()
        self.again = self._night(last)
        assert self.district.everything() == before, "the same files once more changed something (R-A1)"

    def _night(self, users: Sequence[Row]) -> Report:
        report = self.district.night(users)
        if self._every is not None:
            every = self._every.night(users, full=True)
            assert content(self.district) == content(self._every), "sync --full gives another state"
            assert report.rows() == every.rows(), "sync --full gives another report"
        return report

    def check(self, case: Case) -> None:
        """Everything the case expects."""
        users = {row["id"]: row for row in self.district.rows("SELECT * FROM roster_users")}
        for user_id, expected in case.after.items():
            row = users.get(self._own(case, user_id))
            if expected is None:
                assert row is None, f"{user_id} is in the directory"
                continue
            assert row is not None, f"{user_id} is not in the directory"
            found = {name: self._shown(case, row[name]) for name in expected}
            _equal(user_id, found, dict(expected))
        for user_id, notes in case.notes.items():
            found_notes = [tuple(self._shown(case, t) for t in n) for n in self.report.notes(self._own(case, user_id))]
            _equal(user_id, found_notes, sorted(notes, key=lambda note: note[1]))
        for action, expected_notes in (("kept", case.kept), ("linked", case.linked)):
            for user_id, notes in expected_notes.items():
                said = [tuple(self._shown(case, t) for t in n) for n in self.report.notes(self._own(case, user_id))]
                _equal(user_id, [n for n in said if n[0] == action], sorted(notes, key=lambda note: note[1]))
        if case.told is not None:
            _equal("messages", self._messages(case), sorted(case.told))
        accounts = [users[self._own(case, user_id)]["account_id"] for user_id in case.one_account]
        assert len(set(accounts)) <= 1, f"{case.one_account} have several accounts"
        present = [
            users[own]["account_id"] for own in (self._own(case, user_id) for user_id in case.apart) if own in users
        ]
        assert len(set(present)) == len(present), f"{case.apart} share an account"

    def kept_again(self, case: Case) -> None:
        """The second night with the same files says again what is kept and withheld, and nothing else."""
        for user_id, notes in case.notes.items():
            expected = [note for note in notes if note[0] in ("kept", "withheld")]
            found = [tuple(self._shown(case, t) for t in n) for n in self.again.notes(self._own(case, user_id))]
            _equal(f"{user_id} once more", found, sorted(expected, key=lambda note: note[1]))

    def _messages(self, case: Case) -> list[tuple[str, str, str]]:
        rows = self.district.rows("SELECT * FROM roster_outbox WHERE template = 'contact-updated'")
        mark = f"_{self._number[case.name]}"
        return sorted(
            tuple(self._shown(case, row[name]) for name in ("user_id", "channel", "address"))
            for row in rows
            if row["user_id"].endswith(mark)
        )

    def _rows(self, case: Case, rows: Sequence[Row]) -> list[Row]:
        return [self._row(case, row) for row in rows]

    def _row(self, case: Case, row: Row) -> Row:
        mark = f"_{self._number[case.name]}"
        own = {name: self._own(case, value) for name, value in row.items()}
        for name in ID_COLUMNS:
            if row.get(name):
                own[name] = row[name] + mark
        if row["agentSourcedIds"]:
            own["agentSourcedIds"] = ",".join(agent + mark for agent in row["agentSourcedIds"].split(","))
        return own

    def _own(self, case: Case, value: str) -> str:
        """An id, address or number of a case as the district has it."""
        number = self._number[case.name]
        if re.fullmatch(r"[A-Z]+\d+", value):
            return f"{value}_{number}"
        value = re.sub(r"@(?=\S)", f"@case{number}.", value)
        return value.replace("206", AREA_CODES[number], 1) if "555" in value else value

    def _shown(self, case: Case, value: Any) -> Any:
        """What the district has as the case wrote it."""
        if not isinstance(value, str):
            return value
        number = self._number[case.name]
        value = re.sub(rf"\b([A-Z]+\d+)_{number}\b", r"\1", value)
        return value.replace(f"@case{number}.", "@").replace(f"+1{AREA_CODES[number]}", "+1206")


def content(district: District) -> dict[str, list[tuple[Any, ...]]]:
    """The public views without what names a run or a time: equal for two districts that lived the same."""
    views = {
        "users": "*",
        "classes": "*",
        "enrollments": "*",
        "guardianships": "*",
        "access": "*",
        "outbox": "user_id, channel, template, address, subject, body",
        "changes": "kind, id, action, code, field, before, after",
    }
    return {
        view: sorted((tuple(r.values()) for r in district.rows(f"SELECT {columns} FROM roster_{view}")), key=repr)
        for view, columns in views.items()
    }


class Twins:
    """A story told in two districts, one of them with `--full`: state and reports are the same every night.

    Their first night is lived once: with nothing to compare with, a sync looks at every record anyway. They part after
    it, unless there are no twins in this run of the tests.
    """

    def __init__(self, folder: Path, **policy: object) -> None:
        self.state = District(_made(folder / "scoped"), **policy)
        self._folder = folder
        self._both: tuple[District, ...] = (self.state,)

    def night(self, *rows: Any, **options: Any) -> Report:
        """A night in both."""
        if len(self._both) == 1:
            first = self.state.night(*rows, **options)
            if WITH_TWINS:
                self._both = (self.state, self.state.copy(self._folder / "full"))
            return first
        scoped, full = self._both
        report, every = scoped.night(*rows, **options), full.night(*rows, **options, full=True)
        assert content(scoped) == content(full), "sync --full gives another state"
        for kind in ("users", "classes", "enrollments", "guardianships", "issues"):
            assert report.rows(kind) == every.rows(kind), f"sync --full gives another {kind}.csv"
        return report

    def in_both(self, act: Callable[[District], object]) -> None:
        """The same deed by day in both."""
        for district in self._both:
            act(district)

    def accept(self, *ids: str) -> None:
        """These accept their invitations."""
        self.in_both(lambda district: district.accept(*ids))

    def edit(self, user_id: str, **values: str) -> None:
        """An edit of platform values."""
        self.in_both(lambda district: district.edit(user_id, **values))

    def configure(self, **settings: Any) -> None:
        """Other settings from now on."""
        self.in_both(lambda district: district.configure(**settings))

    def user(self, user_id: str, *fields: str) -> tuple[Any, ...]:
        """These fields of one row of roster_users."""
        row = self.state.user(user_id)
        return tuple(row[name] for name in fields)

    def messages(self) -> list[tuple[str, str, str]]:
        """(user, channel, address) of all queued messages."""
        rows = self.state.rows("SELECT user_id, channel, address FROM roster_outbox WHERE template = 'contact-updated'")
        return sorted(tuple(row.values()) for row in rows)


def _equal(what: str, found: object, expected: object) -> None:
    assert found == expected, f"{what}: found {found}, expected {expected}"


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True)
    return folder
