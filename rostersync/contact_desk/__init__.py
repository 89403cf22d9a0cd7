"""The contact desk: what keeps people from logging in, and what to change where in the SIS (policies.md R-C1, R-C2).

It is read from the state as it is now: rows that wait, what the last sync said of people, open findings.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rostersync.errors import ConfigurationError

if TYPE_CHECKING:
    import polars as pl

    from rostersync.settings import Settings

_NAMED_SCHOOLS = 20


def contact_desk(settings: Settings, school: str | None) -> pl.DataFrame:
    """What the office must fix, the most useful first: a frame of model/contact_desk.py's COLUMNS.

    `affected` is a number, all else text; blanks are null. `school`: only people of this school (an org's sourcedId);
    guardians count in the schools of their students.

    Raises:
        ConfigurationError: neither import nor state knows the school.
        StateError: the state cannot be read.
    """
    from rostersync.contact_desk.listing import listing
    from rostersync.contact_desk.problems import problems
    from rostersync.contact_desk.since import KEY, since
    from rostersync.state.connection import reading
    from rostersync.state.contact_desk import ContactDeskReader
    from rostersync.state.reader import StateReader

    with reading(settings.state.path) as connection:
        state, desk = StateReader(connection), ContactDeskReader(connection)
        orgs = state.orgs()
        found = problems(state, desk, connection)
        known = state.school_ids() | {one for listed in found["school_ids"] for one in listed}
        if school is not None and school not in known:
            raise _unknown(school, known, orgs)
        begun = since(connection, found, settings.district.zone)
        found = found.join(begun, on=KEY, how="left", nulls_equal=True)
        return listing(found, school, desk, orgs)


def _unknown(school: str, known: set[str], orgs: dict[str, str]) -> ConfigurationError:
    named = [f"{each} ({orgs[each]})" if each in orgs and orgs[each] != each else each for each in sorted(known)]
    more = f" and {len(named) - _NAMED_SCHOOLS} more" if len(named) > _NAMED_SCHOOLS else ""
    listed = ", ".join(named[:_NAMED_SCHOOLS]) + more if named else "none before the first sync"
    return ConfigurationError(f"--school: the state knows no school {school}; nothing was written; it knows {listed}")
