"""A former person who was once linked to others and then unlinked: what the history of these others tells of them.

While two records were one person (policies.md R-U10) the values of one were those of both, so edits, changes and
messages of the others hold them. Struck out, they are gone; where a run would be taken back, the others keep what they
have now.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence

from rostersync.model.forgotten import ERASED, FormerPerson, TheirsAlone

_CONTACTS = ("email", "mobile", "phone", "sis_email", "sis_sms", "sis_telephone", "sis_mobile", "sis_phone")
_FIELDS = ("email", "mobile", "phone", "given_name", "family_name")


def users_on(connection: sqlite3.Connection, accounts: Sequence[int], *, besides: Sequence[str]) -> tuple[str, ...]:
    """Users on these accounts but for some, by id."""
    query = (
        f"SELECT id FROM users WHERE account_id IN ({_marks(accounts)}) AND id NOT IN ({_marks(besides)}) ORDER BY id"
    )
    return tuple(str(row[0]) for row in connection.execute(query, (*accounts, *besides)))


def names_of(connection: sqlite3.Connection, users: Sequence[str]) -> set[str]:
    """Their given and family names, of the platform and of the SIS."""
    query = (
        "SELECT u.sis_given_name, u.sis_family_name, a.given_name, a.family_name FROM users u "
        f"JOIN accounts a USING (account_id) WHERE u.id IN ({_marks(users)})"
    )
    return {name for row in connection.execute(query, users) for name in row if name}


def strike_contacts(connection: sqlite3.Connection, contacts: Sequence[str]) -> None:
    """Strike out contacts that nobody has any more of everybody's history: a row of the SIS may have had them once.

    Of what runs replaced the field goes, or the note and the waiting row that held it: an undo then leaves these as
    they are.
    """
    if not contacts:
        return
    marks = _marks(contacts)
    for side in ("before", "after"):
        for table in ("edits", "changes"):
            connection.execute(f"UPDATE {table} SET {side} = ? WHERE {side} IN ({marks})", (ERASED, *contacts))
    for field in _CONTACTS:
        path = f"$.{field}"
        said = " OR ".join(f"json_extract({image}, '{path}') IN ({marks})" for image in ("image", "after"))
        connection.execute(
            f"UPDATE before_images SET image = json_remove(image, '{path}'), after = json_remove(after, '{path}') "
            f"WHERE table_name IN ('accounts', 'users') AND ({said})",
            (*contacts, *contacts),
        )
    for value in contacts:
        connection.execute(
            "DELETE FROM before_images WHERE table_name IN ('standing_notes', 'waiting', 'findings_ledger') "
            "AND (instr(key, ?1) OR instr(coalesce(image, ''), ?1) OR instr(coalesce(after, ''), ?1))",
            (value,),
        )
        connection.execute(
            "UPDATE outbox SET subject = replace(subject, ?1, ?2), body = replace(body, ?1, ?2) WHERE instr(body, ?1)",
            (value, ERASED),
        )


def strike(connection: sqlite3.Connection, person: FormerPerson, theirs: TheirsAlone) -> None:
    """Strike out what is theirs alone in edits, changes and messages of the others, and in what runs replaced."""
    values = (*theirs.contacts, *theirs.names)
    if not person.others or not values:
        return
    others, accounts, marks = _marks(person.others), _marks(person.shared), _marks(values)
    for side in ("before", "after"):
        connection.execute(
            f"UPDATE edits SET {side} = ? WHERE {side} IN ({marks}) AND account_id IN ({accounts})",
            (ERASED, *values, *person.shared),
        )
        connection.execute(
            f"UPDATE changes SET {side} = ? WHERE {side} IN ({marks}) AND kind = 'users' AND id IN ({others})",
            (ERASED, *values, *person.others),
        )
    for field in _FIELDS:  # not a value less, but the field: an undo then leaves it as it is
        path = f"$.{field}"
        said = " OR ".join(f"json_extract({image}, '{path}') IN ({marks})" for image in ("image", "after"))
        connection.execute(
            f"UPDATE before_images SET image = json_remove(image, '{path}'), after = json_remove(after, '{path}') "
            f"WHERE table_name = 'accounts' AND json_extract(key, '$[0]') IN ({accounts}) AND ({said})",
            (*person.shared, *values, *values),
        )
    said = "subject = replace(subject, ?, ?), body = replace(body, ?, ?)"
    for value in values:
        connection.execute(
            f"UPDATE outbox SET {said} WHERE user_id IN ({others})", (value, ERASED, value, ERASED, *person.others)
        )
    connection.execute(
        f"DELETE FROM outbox WHERE user_id IN ({others}) AND address IN ({marks})", (*person.others, *values)
    )


def _marks(values: Iterable[object]) -> str:
    return ", ".join("?" for _ in values)
