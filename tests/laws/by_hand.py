"""What people do by hand in a story, done in the program and by the oracle."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from rostersync.errors import ConfigurationError, RefusedByPolicy
from tests.policies import by_hand
from tests.policies.district import District

GUARDIANS = ("local:g1", "local:g2")
CLASS = "local:k1"
TITLES = ("Zero", "One", "Mine")


@dataclass(frozen=True)
class ByHand:
    """A deed and whom it concerns."""

    deed: str
    about: tuple[str, ...]


def choose_deed(
    choose: Callable[[Sequence[Any]], Any], adults: Sequence[str], students: Sequence[str], classes: Sequence[str]
) -> ByHand:
    """Any deed, refused or not."""
    deed = choose(("link", "unlink", "guardian", "guardian", "end", "rename", "class", "enroll", "enroll", "leave"))
    adults, classes = (*adults, GUARDIANS[0]), (*classes, CLASS)
    match deed:
        case "link":
            return ByHand(deed, (choose(adults), choose(adults)))
        case "unlink":
            return ByHand(deed, (choose(adults),))
        case "guardian":
            email = choose(("", "e1@x.example", "e2@x.example", "hand@x.example"))
            mobile = choose(("", "", "+12065550101", "+12065550109"))
            return ByHand(deed, (choose(students), choose(GUARDIANS), choose(("Ana", "Bo")), email, mobile))
        case "end":
            return ByHand(deed, (choose(GUARDIANS), choose(students)))
        case "rename":
            return ByHand(deed, (choose(classes), choose(TITLES)))
        case "class":
            return ByHand(choose(("create", "create", "create", "archive")), (CLASS,))
    teacher = choose((True, False))
    person = choose(tuple(adults) if teacher else students)
    return ByHand(deed, (choose(classes), person, "teacher" if teacher else "student"))


def do(district: District, step: ByHand) -> bool:
    """Do it in the program; False where it is refused."""
    try:
        _do(district, step)
    except (RefusedByPolicy, ConfigurationError):
        return False
    return True


def _do(district: District, step: ByHand) -> None:
    about = step.about
    match step.deed:
        case "link":
            by_hand.link(district, *about)
        case "unlink":
            by_hand.unlink(district, *about)
        case "guardian":
            student, guardian, given_name, email, mobile = about
            if guardian in district.ids():
                by_hand.add_known_guardian(district, student, guardian)
            else:
                values = {"given_name": given_name, "family_name": "Fay", "email": email, "mobile": mobile}
                by_hand.add_guardian(district, student, guardian, **values)
        case "end":
            by_hand.remove_guardian(district, *about)
        case "rename":
            by_hand.rename(district, *about)
        case "create" if not district.rows("SELECT 1 FROM roster_classes WHERE id = ?", *about):
            by_hand.create_class(district, *about, title="Mine")
        case "archive":
            by_hand.archive(district, *about)
        case "enroll":
            by_hand.enroll(district, about[0], about[1], role=about[2])
        case "leave":
            by_hand.remove(district, about[0], about[1])
