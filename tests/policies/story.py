"""Stories: what a rule says, told as nights of one family or class and what is true after each.

The stories of a file share one district, so that a night costs once: every story gets ids and e-mails of its own
(`fam12-S1`). A district is lived through twice, with the quick look and with `full`, and every story must end
alike in both. After its last night a story's files come again, unchanged: that night may change nothing (R-A1).

What is expected is written in words: `users="S1, G1 archived"` names every user of the story (no word: current),
`pairs="G1-S1 ended"` every guardianship (guardian-student), `enrolled="K1-S1"` every enrollment (class-user),
`classes="K1 archived"`, `access="S1@A"`; `said="S1 LEFT_SIS, G1-S1 GUARDIANSHIP_ENDED"` every row of the night's
reports. Action and text of a note are those of contract.md.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.policies.district import District, Report, Row

NOTES = {
    "NEW": ("added", "New in the SIS import."),
    "NO_STUDENT": ("withheld", "Guardian not added: no student of theirs in the SIS import."),
    "LEFT_SIS": ("archived", "No longer in the SIS import."),
    "FAMILY_LEFT": ("archived", "Family no longer in the SIS import (soft)."),
    "GUARDIAN_LEFT": ("archived", "Guardian no longer in the SIS import."),
    "RETURNED": ("restored", "Back in the SIS import."),
    "CLASS_STAYS_ARCHIVED": ("kept", "Back in the SIS import; stays archived by policy."),
    "ENROLLMENT_ENDED": ("ended", "No longer in the SIS import."),
    "GUARDIANSHIP_ENDED": ("ended", "No longer in the SIS import."),
    "SIS_UPDATE": ("updated", None),
    "SAME_PERSON": ("linked", None),
}
REMOVED = ("FAMILY_LEFT", "removed", "Family no longer in the SIS import (extreme).")
EVERY_NIGHT = {"NO_STUDENT", "CLASS_STAYS_ARCHIVED"}
"""Codes that an unchanged night says again."""

_ID_COLUMNS = ("sourcedId", "userSourcedId", "classSourcedId")


@dataclass
class Night:
    """The rows of one story in one night, and what is expected after it."""

    users: list[Row]
    classes: list[Row]
    enrollments: list[Row]
    expected: dict[str, set[str]] = field(default_factory=dict)

    def gives(self, **expected: str) -> None:
        """What the state and the reports hold afterwards; what is not named is not looked at."""
        for what, words in expected.items():
            self.expected[what] = {" ".join(part.split()) for part in words.split(",") if part.strip()}


@dataclass
class Story:
    """A few nights of one family or class."""

    prefix: str
    nights: list[Night] = field(default_factory=list)

    def night(self, users: Iterable[Row] = (), classes: Iterable[Row] = (), enrollments: Iterable[Row] = ()) -> Night:
        """Another night with these rows."""
        rows = ([self._own(row) for row in part] for part in (users, classes, enrollments))
        self.nights.append(Night(*rows))
        return self.nights[-1]

    def at(self, night: int) -> Night:
        """The night of this number; the last one again where the story is over."""
        return self.nights[min(night, len(self.nights) - 1)]

    def _own(self, row: Row) -> Row:
        own = dict(row)
        for column in _ID_COLUMNS:
            if own.get(column):
                own[column] = f"{self.prefix}-{own[column]}"
        if own.get("agentSourcedIds"):
            own["agentSourcedIds"] = ",".join(f"{self.prefix}-{agent}" for agent in own["agentSourcedIds"].split(","))
        if own.get("email"):
            own["email"] = f"{self.prefix}-{own['email']}"
        return own


@dataclass
class Seen:
    """What state and reports held after one night of the whole district."""

    report: Report
    tables: dict[str, list[dict[str, Any]]]


class Town:
    """The stories of a test file, and the district in which they happen.

    `names` are the arguments of every District.night; `policy` its settings.
    """

    def __init__(self, prefix: str, **policy: object) -> None:
        self.prefix, self.policy = prefix, policy
        self.stories: list[Story] = []
        self._seen: dict[tuple[object, ...], list[Seen]] = {}

    def story(self, tell: Callable[[Story], None]) -> Callable[..., None]:
        """A test out of a function that tells a story."""
        story = Story(f"{self.prefix}{len(self.stories)}")
        tell(story)
        self.stories.append(story)

        @pytest.mark.parametrize("full", [False, True], ids=["quick", "full"])
        def test(tmp_path_factory: pytest.TempPathFactory, full: bool) -> None:
            seen = self.lived(tmp_path_factory, full=full)
            told = [_differences(story, number, seen[number]) for number in range(len(story.nights))]
            told.append(_unchanged_night(story, seen[len(story.nights)]))
            assert not [line for lines in told for line in lines]

        test.__name__, test.__doc__ = tell.__name__, tell.__doc__
        test.__qualname__, test.__module__ = tell.__qualname__, tell.__module__
        return test

    def lived(self, folders: pytest.TempPathFactory, *, full: bool = False, shuffle: int | None = None) -> list[Seen]:
        """Every night of the district, lived once per way of living."""
        key = (full, shuffle)
        if key not in self._seen:
            self._seen[key] = []  # lived once, even where it fails
            self._seen[key] = self.live(folders.mktemp(f"{self.prefix}-"), self.stories, full=full, shuffle=shuffle)
        assert self._seen[key], "the nights of this district failed: see the first test of the file"
        return self._seen[key]

    def live(
        self, folder: Path, stories: Sequence[Story], *, full: bool = False, shuffle: int | None = None
    ) -> list[Seen]:
        """The nights of these stories in one district, and one more at the end."""
        district = District(folder, **self.policy)
        seen = []
        for number in range(max(len(story.nights) for story in stories) + 1):
            report = district.night(**self.rows(stories, number), full=full, shuffle=shuffle)
            seen.append(Seen(report, tables(district)))
        return seen

    @staticmethod
    def rows(stories: Sequence[Story], number: int) -> dict[str, list[Row]]:
        """All rows of a night, per file."""
        nights = [story.at(number) for story in stories]
        return {
            "users": [row for night in nights for row in night.users],
            "classes": [row for night in nights for row in night.classes],
            "enrollments": [row for night in nights for row in night.enrollments],
        }


def tables(district: District) -> dict[str, list[dict[str, Any]]]:
    """The public views of the state."""
    names = ("users", "classes", "enrollments", "guardianships", "access", "changes")
    return {name: district.rows(f"SELECT * FROM roster_{name}") for name in names}


def _differences(story: Story, number: int, seen: Seen) -> list[str]:
    found = what_is(story.prefix, seen)
    lines = []
    for what, wanted in story.nights[number].expected.items():
        lines += [f"night {number + 1}, {what}: no {word!r}" for word in sorted(wanted - found[what])]
        lines += [f"night {number + 1}, {what}: {word!r} is not expected" for word in sorted(found[what] - wanted)]
    return lines


def _unchanged_night(story: Story, seen: Seen) -> list[str]:
    said = what_is(story.prefix, seen)["said"]
    return [
        f"the night after, without a change: {word!r}" for word in sorted(said) if word.split()[-1] not in EVERY_NIGHT
    ]


def what_is(prefix: str, seen: Seen) -> dict[str, set[str]]:
    """State and reports of one story in the words of `Night.gives`."""
    start = f"{prefix}-"

    def own(rows: Iterable[dict[str, Any]], words: Callable[[dict[str, Any]], str]) -> set[str]:
        return {words(row).replace(start, "") for row in rows if any(str(v).startswith(start) for v in row.values())}

    def status(value: str) -> str:
        return "" if value in {"current", "active"} else f" {value}"

    state = seen.tables
    return {
        "users": own(state["users"], lambda row: row["id"] + status(row["roster_status"])),
        "pairs": own(
            state["guardianships"], lambda row: f"{row['guardian_id']}-{row['student_id']}{status(row['status'])}"
        ),
        "classes": own(state["classes"], lambda row: row["id"] + status(row["status"])),
        "enrolled": own(state["enrollments"], lambda row: f"{row['class_id']}-{row['user_id']}{status(row['status'])}"),
        "access": own(state["access"], lambda row: f"{row['user_id']}@{row['school_id']}"),
        "said": own(seen.report.rows("users"), lambda row: f"{row['id']} {_code(row)}")
        | own(seen.report.rows("classes"), lambda row: f"{row['id']} {_code(row)}")
        | own(seen.report.rows("enrollments"), lambda row: f"{row['class_id']}-{row['user_id']} {_code(row)}")
        | own(seen.report.rows("guardianships"), lambda row: f"{row['guardian_id']}-{row['student_id']} {_code(row)}"),
    }


def _code(row: Row) -> str:
    """The code where action and text are those of the contract, else all three; FAMILY_REMOVED stands for extreme."""
    if (row["code"], row["action"], row["notes"]) == REMOVED:
        return "FAMILY_REMOVED"
    action, text = NOTES.get(row["code"], ("", ""))
    if row["action"] == action and text in {None, row["notes"]}:
        return row["code"]
    return f"{row['code']}/{row['action']}/{row['notes']}"
