"""What the state knows of one record, with what stands around it: the values that `explain` judges, no rule applied.

People and classes are rows as dicts: the columns of `users` or `classes`, for people those of their account too;
`added_run` and `read_run` are the run ids of `added_in` and `read_in`. Blanks are None.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Event:
    """One changed field: by a run (`run`, `code`, `action`), or by a person (`made_by`, `made_at`).

    `pending`: made by a person after the last applied run, so that no sync has judged it yet.
    """

    record: str
    field: str
    before: str | None
    after: str | None
    run: str | None = None
    code: str | None = None
    action: str | None = None
    made_by: str | None = None
    made_at: str | None = None
    pending: bool = False


@dataclass(frozen=True)
class Pair:
    """A guardianship with its changes, latest first."""

    guardian_id: str
    student_id: str
    status: str
    origin: str
    added_run: str | None
    events: tuple[Event, ...]


@dataclass(frozen=True)
class Membership:
    """An enrollment with its class or user, and its changes, latest first."""

    row: Row
    school_class: Row | None
    events: tuple[Event, ...]


@dataclass(frozen=True)
class Waiting:
    """A row of the last import that the state does not reflect; `cells` is that row as it was read.

    `deleted`: there is no such row, and the record is current all the same. The cells of rejected rows are
    `{"rejected": [what could be read of each], "findings": [what is wrong]}`.
    """

    kind: str
    id: str
    deleted: bool
    line: int | None
    run: str | None
    code: str | None
    notes: str | None
    cells: Row


@dataclass(frozen=True)
class Circle:
    """People around a record, and who holds or wants a credential.

    `people`: by id, whoever is named below. `events`: by user id, changes of them latest first. `pairs`: all
    guardianships of these people that matter, by either end. `holders`: (email or mobile, value) -> ids of the users
    on the account that has it. `wanted_by`: the same -> ids of those to whom the SIS gives it: current users, and
    people who wait.
    """

    people: Mapping[str, Row]
    events: Mapping[str, tuple[Event, ...]]
    pairs: tuple[Pair, ...]
    holders: Mapping[tuple[str, str], tuple[str, ...]]
    wanted_by: Mapping[tuple[str, str], tuple[str, ...]]


@dataclass(frozen=True)
class PersonFacts:
    """A user: `id` is in `circle.people`; `sharing` are the ids on the same account, itself among them.

    `notes`: codes and texts that stand for this user every night. `missing`: columns that the last import's users
    file does not have. `access`: schools that roster_access gives. `undone`: runs that changed it and were taken
    back, each with the run that did so; their changes are not among the events.
    """

    id: str
    sharing: tuple[str, ...]
    circle: Circle
    notes: tuple[tuple[str, str], ...]
    memberships: tuple[Membership, ...]
    access: tuple[str, ...]
    missing: frozenset[str]
    waiting: Waiting | None
    undone: tuple[tuple[str, str], ...] = ()
    waiting_enrollments: tuple[Waiting, ...] = ()

    @property
    def user(self) -> Row:
        """The user's own row."""
        return self.circle.people[self.id]


@dataclass(frozen=True)
class ClassFacts:
    """A class, what is said of it every night, its enrollments and people in them."""

    row: Row
    events: tuple[Event, ...]
    notes: tuple[tuple[str, str], ...]
    memberships: tuple[Membership, ...]
    circle: Circle
    missing: frozenset[str]
    waiting: Waiting | None
    undone: tuple[tuple[str, str], ...] = ()
    waiting_enrollments: tuple[Waiting, ...] = ()


@dataclass(frozen=True)
class WaitingFacts:
    """Somebody or something that only the last import knows.

    `relations`: ids of those whom the row names, or who name it, as agents; `unknown`: those of them who are not in
    the state.
    """

    waiting: Waiting
    circle: Circle
    relations: tuple[str, ...]
    unknown: tuple[str, ...]
