"""Stories that once went wrong, cut down, and played beside the oracle."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.laws.by_hand import ByHand
from tests.laws.comparison import check_step
from tests.laws.oracle.night import Oracle
from tests.laws.stories import Configure, Edit, Night, Step
from tests.policies.district import District, Row

ROLES = {"S": "student", "G": "parent", "T": "teacher"}


def user(user_id: str, **values: str) -> Row:
    """A row of users.csv; the id's letter says what they are."""
    row = {"sourcedId": user_id, "role": ROLES[user_id[0]], "givenName": "Ana", "familyName": "Fay"}
    return row | {"orgSourcedIds": "A", "agentSourcedIds": "", "email": "", "sms": "", "phone": ""} | values


def night(*users: Row, classes: tuple[Row, ...] = (), enrollments: tuple[Row, ...] = ()) -> Night:
    """A night of these rows."""
    return Night(users, classes, enrollments)


ANA = user("G1", email="g1@x.example", phone="206-555-0101")
CHILD = user("S1", agentSourcedIds="G1")
SIBLING = user("S2", agentSourcedIds="G1", familyName="")
IN_K1 = {"sourcedId": "K1-S1", "classSourcedId": "K1", "userSourcedId": "S1", "role": "student"}
AT_B = user("S1", orgSourcedIds="B")
ALONE = user("G4", email="g4@x.example")
AT_BOTH = user("S3", orgSourcedIds="A,B")
OF_BOTH = user("G2", email="g2@x.example", agentSourcedIds="S3")
LANDLINE = {"email": "t@x.example", "phone": "206-555-0101"}
TWO_WAYS = Configure(schools={"A": {"phone_credential": "phone"}, "B": {"phone_credential": "sms-then-phone"}})
STRICT = {"unique_credentials": "strict"}
EXTREME = {"abandoned_families": "extreme"}
OLDER, YOUNGER = user("S1", agentSourcedIds="G1"), user("S2", agentSourcedIds="G1")
SHARED = {"email": "e1@x.example"}
BOTH_ROLES = user("G1", email="g1@x.example")
BY_SMS = user("T1", sms="206-555-0103")

STORIES: dict[str, list[Step]] = {
    "nobody but a withheld guardian": [night(ALONE), night(ALONE)],
    "a broken new sibling keeps the guardian": [night(CHILD, ANA), night(SIBLING, ANA), night(ANA)],
    "a class whose id cannot be read keeps its enrollments": [
        night(CHILD, classes=({"sourcedId": "K1"},), enrollments=(IN_K1,)),
        night(CHILD, classes=({"sourcedId": ""},)),
    ],
    "a student dropped from a class whose row is broken is dropped": [
        night(CHILD, classes=({"sourcedId": "K1"},), enrollments=(IN_K1,)),
        night(CHILD, classes=({"sourcedId": "K1", "title": ""},), enrollments=({**IN_K1, "endDate": "2026-10-01"},)),
    ],
    "who is held keeps the platform values": [
        night(user("S1")),
        Edit("S1", "given_name", "Bo"),
        night(user("S1", sourcedId="")),
    ],
    "a broken row of a school left out brings nobody back": [
        night(AT_B),
        Configure(include=("A",)),
        night(AT_B),
        night({**AT_B, "familyName": ""}),
    ],
    "a broken row of a student at an included school keeps the guardian": [
        Configure(include=("B",)),
        night(AT_BOTH, OF_BOTH),
        night({**AT_BOTH, "role": "wizard"}, OF_BOTH),
    ],
    "schools that differ take the sms from the first night on": [
        TWO_WAYS,
        *[night(user("T1", **LANDLINE), user("T2", orgSourcedIds="B", **LANDLINE))] * 2,
    ],
    "the same sms is the same person even where it is no mobile": [
        Configure(policy={"phone_credential": "phone"}),
        night(BY_SMS),
        night(BY_SMS, user("T2", sms="206-555-0103")),
    ],
    "who stands by is ruled by the settings of their school": [
        Configure(schools={"A": {"phone_credential": "sms"}}),
        night(CHILD, ANA),
        night(CHILD, ANA, user("T1", email="g1@x.example", givenName="Bo")),
    ],
    "who stands by and is not managed is left alone": [
        night(CHILD, ANA),
        Configure(schools={"A": {"manage_guardians": False}}),
        night(CHILD, {**ANA, "givenName": "Cy"}),
        night(CHILD, {**ANA, "givenName": "Cy"}, user("T1", email="g1@x.example", givenName="Bo")),
    ],
    "a withheld guardian who leaves the files contests nothing any more": [
        Configure(policy=STRICT),
        night(CHILD, user("S2", agentSourcedIds="G2"), user("G1", sms="206-555-0101", **SHARED), user("G2", **SHARED)),
        night(CHILD, user("S2", agentSourcedIds="G2"), user("G1", sms="206-555-0101", **SHARED)),
    ],
    "a sibling who left earlier is removed though no row of theirs changed": [
        Configure(policy=EXTREME),
        night(OLDER, YOUNGER, ANA, classes=({"sourcedId": "K1"}, {"sourcedId": "K2"}), enrollments=(IN_K1,)),
        night(OLDER, YOUNGER, ANA, classes=({"sourcedId": "K2"},)),
        night(YOUNGER, ANA, classes=({"sourcedId": "K2"},)),
        night(YOUNGER, classes=({"sourcedId": "K2"},)),
        night(classes=({"sourcedId": "K2"},)),
    ],
    "who was archived with the family is not removed under another setting": [
        night(OLDER, YOUNGER, ANA),
        night(YOUNGER, ANA),
        night(),
        Configure(policy=EXTREME),
        night(YOUNGER, ANA),
        night(),
    ],
    "a record whose row cannot be read says nothing of the account": [
        night(CHILD, BOTH_ROLES, user("T1", email="g1@x.example")),
        night(CHILD, {**BOTH_ROLES, "sourcedId": ""}, user("T1", email="g1@x.example", enabledUser="false")),
    ],
    "what was made by hand goes and comes with its person": [
        night(CHILD, ANA, classes=({"sourcedId": "K1"},)),
        ByHand("enroll", ("K1", "S1", "student")),
        ByHand("guardian", ("S1", "local:g1", "Ana", "e1@x.example", "")),
        ByHand("rename", ("K1", "Mine")),
        night(classes=({"sourcedId": "K1"},)),
        ByHand("enroll", ("K1", "S1", "student")),
        night(CHILD, ANA, classes=({"sourcedId": "K1"},), enrollments=(IN_K1,)),
        ByHand("leave", ("K1", "S1")),
        night(CHILD, ANA, classes=({"sourcedId": "K1"},), enrollments=(IN_K1,)),
        ByHand("end", ("local:g1", "S1")),
        night(CHILD, ANA, classes=({"sourcedId": "K1"},)),
    ],
    "linked and parted by hand": [
        night(CHILD, ANA, user("T1", email="t1@x.example")),
        ByHand("link", ("G1", "T1")),
        night(CHILD, ANA, user("T1", email="t1@x.example")),
        ByHand("unlink", ("G1",)),
        night(CHILD, user("T1", email="t1@x.example")),
        night(CHILD, ANA, user("T1", email="t1@x.example")),
    ],
    "staff whose row turns into that of an ignored guardian have left": [
        Configure(schools={"A": {"manage_guardians": False}}),
        night(CHILD, user("G1", role="teacher", email="g1@x.example")),
        night(CHILD, user("G1", email="g1@x.example")),
    ],
}


@pytest.mark.parametrize("story", STORIES.values(), ids=STORIES.keys())
def test_a_story_that_once_went_wrong(tmp_path: Path, story: list[Step]) -> None:
    district, rules = District(tmp_path), Oracle()
    for step in story:
        check_step(district, rules, step)
