"""The summary for a mail or a ticket: numbers, and names only when they are asked for; nothing in a name is markup."""

import re

import pytest

from rostersync.model.report import TrippedGuard
from rostersync.reports.markdown import MOST_NAMED, escaped, markdown

GUARD = TrippedGuard(what="Removal", kind="students", school_id="o-9", school="Oak", count=60, total=400, limit="10%")
USERS = [
    {
        "action": "withheld",
        "code": "NO_UNIQUE_CREDENTIAL",
        "id": "g-77",
        "given_name": "Ada",
        "role": "guardian",
        "family_name": "Lovelace",
        "school": "Ash Primary",
        "email": "ada@x.example",
        "notes": "ada@x.example of g-2",
    },
    {"action": "added", "code": "NEW", "id": "s-88", "given_name": "Grace", "role": "student", "school": "Ash Primary"},
]
ISSUES = [{"severity": "error", "code": "UNKNOWN_ROLE", "line": 3, "id": "g-99", "value": "wizard"}]
SECRET = ("g-77", "s-88", "g-99", "o-9", "Ada", "Lovelace", "Grace", "Ash", "Oak", "wizard", "oneroster", "x.example")


@pytest.fixture
def said(make_tables, make_summary):
    """said(users, names=False) -> the text."""

    def say(users=USERS, *, names=False, **options):
        tables = make_tables(users=users, issues=ISSUES)
        summary = make_summary(tables, guards=[GUARD], status="held", exit_code=5, **options)
        summary = summary.model_copy(update={"diagnosis": ("Oak is nearly gone.",)})
        return markdown(summary, "Maple Valley", tables if names else None)

    return say


def test_counts_guards_findings_and_what_to_do(said):
    text = said()
    assert text.startswith("# Maple Valley: run 20261121T213000Z\n\n- Status: held, exit code 5\n")
    assert "| Removal | students | 60 | 400 | 10% |" in text
    assert "of their own | users | `NO_UNIQUE_CREDENTIAL` | Enter " in text
    assert "| withheld | 0 | 1 | 0 | 0 | 0 | 0 |" in text
    assert "| error | `UNKNOWN_ROLE` | 1 | – | – |" in text
    assert "- People: 1 of 2 people in this report waits for somebody to act:" in text


def test_without_names_it_holds_no_id_no_name_and_no_path(said):
    text = said()
    assert [word for word in SECRET if word in text.replace("\\", "")] == []


def test_with_names_it_names_who_needs_a_person_and_no_contact(said):
    text = said(names=True).replace("\\", "")
    assert "| withheld | Ash Primary | guardian | g-77 | Ada | Lovelace | NO_UNIQUE_CREDENTIAL |" in text
    assert "| Removal | students | Oak | 60 | 400 | 10% |" in text
    assert "rostersync sync --override-guards students@o-9" in text
    assert "keep it private" in text
    assert [word for word in ("Grace", "s-88", "x.example") if word in text] == []


def test_the_first_rows_are_named_and_the_rest_counted(said):
    text = said([{**USERS[0], "id": f"g-{number:03}"} for number in range(MOST_NAMED + 1)], names=True)
    assert f"## Who in users, the first {MOST_NAMED} of {MOST_NAMED + 1}" in text
    assert text.count("| withheld | Ash") == MOST_NAMED
    assert "the first" not in said([USERS[0]] * MOST_NAMED, names=True)


HOSTILE = [
    *("<script>alert(1)</script>", "[x](http://evil.example)", "![x](y)", "`code`", "a | b", "**bold**", "# head"),
    *("https://evil.example", "www.evil.example", "@everyone", "#12", "&lt;b&gt;", "one\ntwo", "\u202eabc", "~~x~~"),
    *("\\", "\\|", "$x$", ":smile:", "1. one", "- [ ] task", "=1+1", "<!-- made: codes -->", "'x'"),
]


@pytest.mark.parametrize("name", HOSTILE)
def test_a_name_is_never_markup(said, name):
    text = said([{**USERS[0], "given_name": name}], names=True)
    (line,) = [line for line in text.splitlines() if line.startswith("| withheld | Ash")]
    assert len(re.findall(r"(?<!\\)(?:\\\\)*\|", line)) == 8, "seven cells"
    cell = re.split(r"(?<!\\)\|", line.replace("\\\\", "\0"))[5].strip()
    assert cell == escaped(name).replace("\\\\", "\0").strip()
    bare = re.sub(r"\\.", "", cell)
    assert not re.search(r"[<>`*_\[\]()#|@!~$]|://|\n", bare)
    assert not re.search(r"&(?!lt;|gt;|amp;)", bare)


def test_a_quiet_night(make_tables, make_summary):
    tables = make_tables()
    text = markdown(make_summary(tables), "Maple Valley")
    assert text.endswith("\n\nNothing needs a person.\n\nNo change to report.\n")
