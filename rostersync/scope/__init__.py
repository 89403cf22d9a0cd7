"""The records that any rule could touch tonight (design.md, *Scope: cost follows change, not size*).

A rule fires where a row changed, where a person was noted, edited or accepted since (`review`), or next to either:
on the same account, on a credential that one of them holds or wants, in the same family, in a class that comes or
goes. Taking everything instead (`changes` None) must give the same decisions.
"""

from __future__ import annotations

from datetime import date

from rostersync.diff import Changes
from rostersync.model.night import Night
from rostersync.model.roster import Roster
from rostersync.scope.classes import classes_in_scope, enrollments_in_scope, with_owners
from rostersync.scope.families import Named, pairs_in_scope
from rostersync.scope.people import circle_of, users_in_scope
from rostersync.state.reader import StateReader


def scope(roster: Roster, changes: Changes | None, state: StateReader, today: date) -> Night:
    """Everything the rules need for tonight; the whole district where `changes` is None."""
    named = Named(roster)
    circle = circle_of(roster, changes, state, named)
    users = users_in_scope(roster, state, circle)
    enrollments = enrollments_in_scope(roster, changes, state, circle)
    if roster.unread is not None:
        roster.unread.give_up_lines("enrollments")
    classes = classes_in_scope(roster, changes, state, enrollments)
    enrollments = with_owners(state, enrollments, users, classes)
    account_ids = None if circle is None else users.filter(users["known"])["account_id"].unique().to_list()
    return Night(
        today=today,
        users=users.to_pandas(),
        accounts=state.accounts(account_ids).to_pandas(),
        pairs=pairs_in_scope(roster, state, users, named, everything=circle is None).to_pandas(),
        classes=classes.to_pandas(),
        enrollments=enrollments.to_pandas(),
        missing=roster.missing,
        next_account_id=state.next_account_id(),
    )
