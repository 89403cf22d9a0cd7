"""What people do by hand, by the rules (policies.md R-U10, R-F5, R-K3 to R-K5): deeds that were not refused."""

from __future__ import annotations

from tests.laws.by_hand import ByHand
from tests.laws.oracle.state import Account, SchoolClass, State, User

RANK = {"staff": 0, "guardian": 1, "student": 2}
VALUES = ("given_name", "family_name", "email", "mobile", "phone")


def follow(state: State, step: ByHand) -> None:
    """The deed in the oracle's state."""
    about = step.about
    match step.deed:
        case "link":
            _link(state, *about)
        case "unlink":
            _unlink(state, state.users[about[0]])
        case "guardian":
            _guardian(state, *about)
        case "end":
            _end(state, about[0], about[1])
        case "rename":
            state.classes[about[0]].title = about[1]
        case "create" if about[0] not in state.classes:
            state.classes[about[0]] = SchoolClass("Mine", "A", sis_title="", origin="manual")
        case "archive":
            state.classes[about[0]].status = "archived"
        case "enroll":
            _enroll(state, (about[0], about[1], about[2]))
        case "leave":
            _leave(state, about[0], about[1])


def _link(state: State, one: str, other: str) -> None:
    numbers = {state.users[one].account, state.users[other].account}
    if len(numbers) == 1:
        return
    people = [user for user in state.users.values() if user.account in numbers]
    leader = min(people, key=_first)
    (gone,) = numbers - {leader.account}
    stays, goes = state.accounts[leader.account], state.accounts.pop(gone)
    living = {user.account for user in people if user.status == "current"}
    asked = [account for number, account in ((leader.account, stays), (gone, goes)) if number in living]
    stays.disabled = all(account.disabled for account in asked or (stays, goes))
    for name in VALUES:
        setattr(stays, name, getattr(stays, name) or getattr(goes, name))
    stays.state = "active" if "active" in {stays.state, goes.state} else "invitee"
    for user in people:
        user.account = leader.account


def _first(user: User) -> tuple[object, ...]:
    current = user.status == "current"
    return not (current and user.origin == "sis"), not current, RANK[user.kind], user.id


def _unlink(state: State, user: User) -> None:
    """The others stay on the account, unless they all left and this user did not: then they get the new one."""
    together = [other for other in state.users.values() if other.account == user.account]
    if len(together) == 1:
        return
    alone = [other.id for other in together if other.status == "current"] == [user.id]
    parting = sorted((other for other in together if (other.id == user.id) is not alone), key=_first)
    shared, first = state.accounts[user.account], parting[0]
    own = Account(state=shared.state, disabled=shared.disabled, phone=first.phone)
    named = first if first.given_name or first.family_name else shared
    own.given_name, own.family_name = named.given_name, named.family_name
    for name in ("email", "mobile"):
        value = getattr(first, name)
        if value not in {getattr(account, name) for account in state.accounts.values()}:
            setattr(own, name, value)
    number = max(state.accounts) + 1
    state.accounts[number] = own
    for other in parting:
        other.account = number


def _guardian(state: State, student: str, guardian: str, given_name: str, email: str, mobile: str) -> None:
    if guardian not in state.users:
        number = max(state.accounts, default=0) + 1
        state.accounts[number] = Account(given_name, "Fay", email, mobile)
        state.users[guardian] = User(guardian, "guardian", account=number, origin="manual")
    state.users[guardian].status = "current"
    state.pairs[guardian, student] = "current"
    state.manual_pairs.add((guardian, student))


def _end(state: State, guardian: str, student: str) -> None:
    state.pairs[guardian, student] = "ended"
    if not any(one == guardian and status == "current" for (one, _), status in state.pairs.items()):
        state.users[guardian].status = "archived"


def _enroll(state: State, key: tuple[str, str, str]) -> None:
    if state.enrollments.get(key) != "current":
        state.enrollments[key] = "current"
        state.manual.add(key)
        state.with_person.discard(key)


def _leave(state: State, class_id: str, user_id: str) -> None:
    for key in list(state.manual):
        if key[:2] == (class_id, user_id):
            state.enrollments[key] = "ended"
            state.with_person.discard(key)
