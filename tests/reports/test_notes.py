"""contract.md, Notes: the wording, to the letter."""

import pytest

from rostersync.model.notes import (
    FIXED_NOTES,
    REJECTED_KNOWN,
    REJECTED_NEW,
    Action,
    Code,
    action_of,
    actions_of,
    note,
    pieces,
    template,
)

WORDING = [
    (Code.NEW, {}, "added", "New in the SIS import."),
    (Code.SAME_PERSON, {"id": "p-7"}, "linked", "Same person as p-7; one account serves both."),
    (
        Code.SIS_UPDATE,
        {"changes": [("email", None, "a@example.org"), ("mobile", "+15035550100", "+15035550101")]},
        "updated",
        "Updated from the SIS: email none -> a@example.org; mobile +15035550100 -> +15035550101",
    ),
    (
        Code.ACTIVE_EMAIL_KEPT,
        {"platform_email": "a@example.org"},
        "kept",
        "Active user has a new email in the SIS import - a@example.org.",
    ),
    (
        Code.ACTIVE_PHONE_KEPT,
        {"platform_mobile": ""},
        "kept",
        "Active user has a new phone number in the SIS import - none.",
    ),
    (
        Code.ACTIVE_NAME_KEPT,
        {"platform_name": "Zoë O'Neil"},
        "kept",
        "Active user has a new name in the SIS import - Zoë O'Neil.",
    ),
    (
        Code.BLANK_KEPT,
        {"field": "email", "value": "a@example.org"},
        "kept",
        "The SIS import has no email; kept a@example.org.",
    ),
    (
        Code.CREDENTIAL_TAKEN,
        {"field": "mobile", "value": "+15035550100", "id": "g-1"},
        "kept",
        "Mobile +15035550100 in the SIS import belongs to g-1; not stored.",
    ),
    (
        Code.LINKED_RECORD_DIFFERS,
        {"field": "email", "id": "g-1"},
        "kept",
        "email differs from g-1, the leading record of the same account.",
    ),
    (
        Code.NO_UNIQUE_CREDENTIAL,
        {"holders": [("a@example.org", "g-1"), ("+1", "g-2")]},
        "withheld",
        "Guardian not added: no unique contact credential; a@example.org belongs to g-1; +1 belongs to g-2",
    ),
    (
        Code.NO_UNIQUE_CREDENTIAL,
        {"holders": []},
        "withheld",
        "Guardian not added: no unique contact credential",
    ),
    (Code.NO_STUDENT, {}, "withheld", "Guardian not added: no student of theirs in the SIS import."),
    (Code.LEFT_SIS, {}, "archived", "No longer in the SIS import."),
    (Code.FAMILY_LEFT, {"mode": "soft"}, "archived", "Family no longer in the SIS import (soft)."),
    (Code.FAMILY_LEFT, {"mode": "extreme"}, "removed", "Family no longer in the SIS import (extreme)."),
    (Code.GUARDIAN_LEFT, {}, "archived", "Guardian no longer in the SIS import."),
    (Code.RETURNED, {}, "restored", "Back in the SIS import."),
    (Code.CLASS_STAYS_ARCHIVED, {}, "kept", "Back in the SIS import; stays archived by policy."),
    (Code.TITLE_KEPT, {"sis_title": "Art 1"}, "kept", "Title edited here; the SIS import says Art 1."),
    (
        Code.GUARD_HELD,
        {"what": "Removal", "kind": "students", "school": "Oak", "count": 60, "total": 400, "limit": "10%"},
        "held",
        "Removal held: students at Oak would lose 60 of 400 (limit 10%).",
    ),
    (Code.ENROLLMENT_ENDED, {}, "ended", "No longer in the SIS import."),
    (Code.GUARDIANSHIP_ENDED, {}, "ended", "No longer in the SIS import."),
    (
        Code.REJECTED_ROW,
        {"message": "givenName is missing.", "outcome": REJECTED_KNOWN},
        "rejected",
        "Row rejected: givenName is missing; the record keeps its last good values.",
    ),
    (
        Code.REJECTED_ROW,
        {"message": "givenName is missing.", "outcome": REJECTED_NEW},
        "rejected",
        "Row rejected: givenName is missing; new, and not added until the row is correct.",
    ),
    (
        Code.INCOMPLETE_DELIVERY,
        {"verdict": "doubtful", "why": "users.csv ends without a line break, as it never did before"},
        "held",
        "Removal held: the delivery is doubtful: users.csv ends without a line break, as it never did before.",
    ),
    (
        Code.UNREADABLE_ROWS,
        {"file": "users.csv"},
        "held",
        "Removal held: users.csv has rows whose sourcedId cannot be read.",
    ),
    (
        Code.UNDONE,
        {"run": "r-1", "changes": [("email", "a@example.org", None)]},
        "updated",
        "Run r-1 taken back: email a@example.org -> none",
    ),
    (Code.ADDED_UNDONE, {"run": "r-1"}, "removed", "Added by run r-1, which was taken back."),
    (
        Code.EDIT_STANDS,
        {"field": "email", "run": "r-1", "value": ""},
        "kept",
        "email was changed here after run r-1; stays none.",
    ),
    (
        Code.ADDED_STANDS,
        {"run": "r-1", "reason": "accepted"},
        "kept",
        "Added by run r-1 and accepted since; stays.",
    ),
    (
        Code.NOT_RESTORED,
        {"field": "mobile", "value": "+15035550100", "id": "g-1"},
        "kept",
        "Mobile +15035550100 belongs to g-1 by now; not given back.",
    ),
    (
        Code.MESSAGE_SENT,
        {"run": "r-1", "template": "contact-updated", "channel": "email"},
        "kept",
        "A message of run r-1 was sent already (contact-updated, email).",
    ),
]


@pytest.mark.parametrize(("code", "values", "action", "text"), WORDING)
def test_the_wording_of_each_note(code, values, action, text):
    assert note(code, **values) == text
    assert action_of(code, mode=values.get("mode", "soft")) == action


def test_every_code_is_covered_and_every_action_is_used():
    assert {code for code, *_ in WORDING} == set(Code)
    assert {action for code in Code for action in actions_of(code)} == set(Action)


@pytest.mark.parametrize(("what", "verb"), [("Removal", "lose"), ("Addition", "gain"), ("Change", "change")])
def test_a_guard_says_what_it_held(what, verb):
    text = note(Code.GUARD_HELD, what=what, kind="staff", school="Elm", count=6, total=9, limit="5")
    assert text == f"{what} held: staff at Elm would {verb} 6 of 9 (limit 5)."


@pytest.mark.parametrize("blank", [None, "", "  ", float("nan")])
def test_a_blank_value_is_none(blank):
    assert note(Code.TITLE_KEPT, sis_title=blank) == "Title edited here; the SIS import says none."


def test_braces_in_a_value_stay_as_they_are():
    assert note(Code.TITLE_KEPT, sis_title="{id} {0}") == "Title edited here; the SIS import says {id} {0}."


@pytest.mark.parametrize(
    ("code", "values"),
    [
        (Code.SAME_PERSON, {}),
        (Code.NEW, {"id": "p-7"}),
        (Code.SIS_UPDATE, {"changes": []}),
        (Code.FAMILY_LEFT, {"mode": "hard"}),
        (Code.GUARD_HELD, {"what": "Loss", "kind": "k", "school": "s", "count": 1, "total": 2, "limit": "1"}),
    ],
)
def test_values_that_do_not_fit_are_refused(code, values):
    with pytest.raises(ValueError, match=code):
        note(code, **values)


def test_fixed_notes_are_those_without_values():
    assert {code: note(code) for code in Code if "{" not in template(code)} == FIXED_NOTES
    assert FIXED_NOTES[Code.LEFT_SIS] == "No longer in the SIS import."


def test_pieces_put_together_are_the_template():
    for code in Code:
        whole = "".join(text + (f"{{{name}}}" if name else "") for text, name in pieces(code))
        assert whole == template(code)
