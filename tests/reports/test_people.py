"""The one number: how many people wait until somebody acts, of how many."""

import pytest

from rostersync.model.notes import Code, actions_of
from rostersync.reports.attention import WAITING, people, people_text
from rostersync.reports.terminal import ATTENTION
from tests.reports.page import Page, write_page

USERS = [
    {"id": "1", "role": "student", "action": "held", "code": "GUARD_HELD"},
    {"id": "1", "role": "student", "action": "held", "code": "GUARD_HELD", "notes": "Another one."},
    {"id": "2", "role": "guardian", "action": "withheld", "code": "NO_STUDENT"},
    {"id": "3", "role": "student", "action": "rejected", "code": "REJECTED_ROW"},
    {"id": "4", "role": "student", "action": "kept", "code": "ACTIVE_EMAIL_KEPT"},
    {"id": "5", "role": "student", "action": "added", "code": "NEW"},
]


def test_everybody_counts_once_and_what_is_kept_waits_for_nobody(make_tables):
    found = people(make_tables(users=USERS))
    assert (found.waiting, found.reported) == (3, 5)


def test_who_is_named_by_a_place_in_a_class_or_a_guardianship_waits_too(make_tables):
    tables = make_tables(
        users=USERS[4:],
        enrollments=[
            {"user_id": "5", "class_id": "k", "action": "held", "code": "GUARD_HELD"},
            {"user_id": "6", "class_id": "k", "action": "ended", "code": "ENROLLMENT_ENDED"},
        ],
        guardianships=[{"guardian_id": "7", "student_id": "8", "action": "held", "code": "GUARD_HELD"}],
    )
    found = people(tables)
    assert (found.waiting, found.reported) == (3, 4)


def test_whatever_waits_is_among_what_needs_a_person():
    waits = {code for code in Code if set(actions_of(code)) & set(WAITING)}
    assert waits
    assert waits <= set(ATTENTION)


@pytest.mark.parametrize(
    ("users", "how", "said"),
    [
        (USERS, {}, "3 of 5 people in this report wait for somebody to act: held, not added, or with a row that could"),
        (USERS[2:3], {}, "1 of 1 person in this report waits for somebody to act: held, not added,"),
        (USERS[4:], {}, "0 of 2 people in this report wait for somebody to act."),
        (USERS, {"dry_run": True}, "3 of 5 people in this report would wait for somebody to act:"),
        ([], {}, "0 people wait for somebody to act: this report names nobody."),
    ],
)
def test_it_stands_first_on_the_page_in_one_sentence(tmp_path, make_tables, make_summary, users, how, said):
    tables = make_tables(users=users)
    summary = make_summary(tables, **how)
    text = write_page(tmp_path, tables, summary)
    assert f"{summary.people.waiting} {people_text(summary)}".startswith(said)
    shown = Page(text).texts
    number, sentence = said.split(" ", 1)
    assert number in shown["strong"]
    assert any(each.startswith(sentence) for each in shown["span"])
    assert text.index('class="people') < text.index("<dl>")


def test_what_waits_stands_before_what_is_worth_a_look(tmp_path, make_tables, make_summary):
    tables = make_tables(users=USERS)
    text = write_page(tmp_path, tables, make_summary(tables))
    assert text.index("held by a guard") < text.index("Worth a look") < text.index("whose e-mail differs")


def test_a_summary_of_an_older_version_has_no_number(tmp_path, make_tables, make_summary):
    tables = make_tables(users=USERS)
    text = write_page(tmp_path, tables, make_summary(tables).model_copy(update={"people": None}))
    assert 'class="people' not in text
