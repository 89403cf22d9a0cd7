"""Families, staff and classes of the sample district that show one rule each, named after the rule."""

from __future__ import annotations

from sample import BOTH, HIGH, MIDDLE, Sample

USERS, CLASSES, ENROLLMENTS = "users.csv", "classes.csv", "enrollments.csv"


def newcomer(sample: Sample) -> None:
    """R-U1: a student and a guardian are new on the second night."""
    sample.guardian("u1-parent", "Maren Oduya", "u1-student", nights=(2,))
    sample.student("u1-student", "Tove Oduya", "u1-parent", nights=(2,))


def invitee_follows(sample: Sample) -> None:
    """R-U2: an invitee's e-mail changes; the demo edits the given name, and the SIS sets it back."""
    sample.guardian("u2-parent", "Samantha Kreel", "u2-student")
    sample.student("u2-student", "Ilya Kreel", "u2-parent")
    sample.change(USERS, "u2-parent", email="samantha.kreel@home.example.net")


def active_stays(sample: Sample) -> None:
    """R-U3: somebody who accepted keeps e-mail, mobile and name; the report says what the SIS has."""
    sample.guardian("u3-parent", "Paulo Brandão", "u3-student")
    sample.student("u3-student", "Inês Brandão", "u3-parent")
    sample.change(USERS, "u3-parent", email="paulo.b@inbox.example.com", sms=sample.mobile(), familyName="Brandão-Lisk")


def active_follows_under_the_lock(sample: Sample) -> None:
    """R-U4: the high school lets the SIS decide, for those who accepted too; a message is queued."""
    sample.guardian("u4-parent", "Odile Marchetti", "u4-student", school=HIGH)
    sample.student("u4-student", "Luc Marchetti", "u4-parent", grade="10", school=HIGH)
    sample.change(USERS, "u4-parent", email="odile.marchetti@post.example.org")


def blanks(sample: Sample) -> None:
    """R-U5: a blank e-mail clears it while there is a mobile; with both blank, both stay."""
    sample.guardian("u5-one-blank", "Hedda Sorvin", "u5-student")
    sample.guardian("u5-both-blank", "Nils Sorvin", "u5-student")
    sample.student("u5-student", "Arne Sorvin", "u5-one-blank,u5-both-blank")
    sample.change(USERS, "u5-one-blank", email="")
    sample.change(USERS, "u5-both-blank", email="", sms="")


def other_fields_follow(sample: Sample) -> None:
    """R-U6: a student skips a grade and moves on to the middle school."""
    sample.guardian("u6-parent", "Bea Castellan", "u6-student")
    sample.student("u6-student", "Rory Castellan", "u6-parent", grade="05", nights=(1,))
    sample.student("u6-student", "Rory Castellan", "u6-parent", grade="06", school=MIDDLE, nights=(2,))


def disabled(sample: Sample) -> None:
    """R-U7: the SIS says enabledUser false on the second night."""
    sample.teacher("u7-teacher", "Viggo Strand")
    sample.change(USERS, "u7-teacher", enabledUser="false")


def staff_leave(sample: Sample) -> None:
    """R-U8: a co-teacher leaves; the class goes on."""
    sample.teacher("u8-teacher", "Carys Penhallow")
    choir = sample.a_class("u8-class", "Choir, grades 6-8")
    sample.enrollment(choir, sample.teacher("u8-colleague", "Anselm Roy"), "teacher", "true")
    sample.enrollment(choir, "u8-teacher", "teacher", "false")
    sample.leave("u8-teacher")


def one_person_two_records(sample: Sample) -> None:
    """R-U10: a teacher who is a parent has two records and one account; then one record differs."""
    mobile = sample.mobile()
    sample.teacher("u10-teacher", "Josefa Quill", email="josefa.quill@staff.example.org", sms=mobile)
    sample.guardian("u10-parent", "Josefa Quill", "u10-student", email="josefa.quill@staff.example.org", sms=mobile)
    sample.student("u10-student", "Ottilie Quill", "u10-parent")
    sample.change(USERS, "u10-parent", email="josefa@home.example.net")


def guardian_without_credential(sample: Sample) -> None:
    """R-C1: both contacts of the second guardian belong to the first, until the first one's change."""
    mobile = sample.mobile()
    sample.guardian("c1-first", "Dagny Ferro", "c1-student", email="ferro.family@mail.example.com", sms=mobile)
    sample.guardian("c1-second", "Ottar Ferro", "c1-student", email="ferro.family@mail.example.com", sms=mobile)
    sample.student("c1-student", "Runa Ferro", "c1-first,c1-second")
    sample.change(USERS, "c1-first", email="dagny.ferro@mail.example.com", sms=sample.mobile())


def taken(sample: Sample) -> None:
    """R-C2: the SIS has the parent's mobile at the student too; the parent gets it."""
    mobile = sample.mobile()
    sample.guardian("c2-parent", "Emil Tarrant", "c2-student", sms=mobile)
    sample.student("c2-student", "Wren Tarrant", "c2-parent", grade="08", school=MIDDLE, sms=mobile)


def swap(sample: Sample) -> None:
    """R-C2: two guardians swap mobiles in one night; both get what they want."""
    one, other = sample.mobile(), sample.mobile()
    sample.guardian("c2-swap-a", "Ysolde Bakke", "c2-swap-student", sms=one)
    sample.guardian("c2-swap-b", "Harald Bakke", "c2-swap-student", sms=other)
    sample.student("c2-swap-student", "Fenna Bakke", "c2-swap-a,c2-swap-b")
    sample.change(USERS, "c2-swap-a", sms=other)
    sample.change(USERS, "c2-swap-b", sms=one)


def staff_without_credential(sample: Sample) -> None:
    """R-C4: two aides share the office's e-mail and have no mobile; both are added."""
    for name in ("Corin Vale", "Maud Ashdown"):
        sample.teacher(
            f"c4-{name.partition(' ')[0].lower()}",
            name,
            role="aide",
            email="office@staff.example.org",
            sms="",
        )


def guardian_without_student(sample: Sample) -> None:
    """R-C5: a guardian is in the file, a student of hers is not."""
    sample.guardian("c5-guardian", "Perpetua Lind")


def sides_of_a_guardianship(sample: Sample) -> None:
    """R-G1: one guardian is named by the student's row alone, the other one names the student."""
    sample.guardian("g1-on-student", "Ambrose Tull")
    sample.guardian("g1-on-guardian", "Lavinia Tull", "g1-student", role="guardian")
    sample.student("g1-student", "Kit Tull", "g1-on-student")


def custody(sample: Sample) -> None:
    """R-G2: neither row names the other any more; the guardianship with the sibling stays."""
    sample.guardian("g2-parent", "Rufus Hale-Morrow", "g2-child,g2-sibling")
    sample.guardian("g2-other", "Sunniva Morrow", "g2-child,g2-sibling")
    sample.student("g2-child", "Posy Hale-Morrow", "g2-parent,g2-other")
    sample.student("g2-sibling", "Ned Hale-Morrow", "g2-parent,g2-other", grade="02")
    sample.change(USERS, "g2-parent", agentSourcedIds="g2-sibling")
    sample.change(USERS, "g2-child", agentSourcedIds="g2-other")


def family_leaves(sample: Sample) -> None:
    """R-F1 and R-G3: a whole family is gone; the guardianships stay."""
    sample.guardian("f1-mother", "Ingeborg Salt", "f1-student")
    sample.guardian("f1-father", "Piet Salt", "f1-student")
    sample.student("f1-student", "Jory Salt", "f1-mother,f1-father")
    sample.leave("f1-mother", "f1-father", "f1-student")


def sibling_stays(sample: Sample) -> None:
    """R-F3: one of two siblings leaves; a guardian of the one who left alone is archived."""
    sample.guardian("f3-mother", "Roswitha Dunn", "f3-leaves,f3-stays")
    sample.guardian("f3-father-of-one", "Kasimir Dunn", "f3-leaves")
    sample.student("f3-leaves", "Alban Dunn", "f3-mother,f3-father-of-one")
    sample.student("f3-stays", "Wynn Dunn", "f3-mother", grade="01")
    sample.leave("f3-leaves", "f3-father-of-one")
    sample.change(USERS, "f3-mother", agentSourcedIds="f3-stays")


def guardian_leaves(sample: Sample) -> None:
    """R-F4: a guardian is gone, the student and the other guardian stay."""
    sample.guardian("f4-leaves", "Gratian Moor", "f4-student")
    sample.guardian("f4-stays", "Hollis Moor", "f4-student")
    sample.student("f4-student", "Bryn Moor", "f4-leaves,f4-stays")
    sample.leave("f4-leaves")
    sample.change(USERS, "f4-student", agentSourcedIds="f4-stays")


def classes(sample: Sample) -> None:
    """R-K1, R-K4, R-K6: a class vanishes, an enrollment vanishes, another one has ended long ago."""
    sample.guardian("k-parent", "Thora Winslade", "k1-student,k4-student,k6-student", school=MIDDLE)
    pottery = sample.a_class("k1-class", "Pottery")
    drawing = sample.a_class("k4-class", "Drawing")
    for of_class in (pottery, drawing):
        sample.enrollment(of_class, "u8-colleague", "teacher", "true")
    for name in ("k1", "k4", "k6"):
        sample.student(f"{name}-student", f"{name.upper()} Winslade", "k-parent", grade="07", school=MIDDLE)
        for of_class in (pottery, drawing):
            sample.enrollment(of_class, f"{name}-student", "student", "false")
    for name, given in (("k1", "Ebba"), ("k4", "Lorcan"), ("k6", "Sunny")):
        sample.change(USERS, f"{name}-student", BOTH, givenName=given)
    gone = [row["sourcedId"] for row in sample.nights[2][ENROLLMENTS].rows if row["classSourcedId"] == "k1-class"]
    sample.remove(CLASSES, "k1-class")
    sample.remove(ENROLLMENTS, *gone)
    sample.remove(ENROLLMENTS, "k4-class-k4-student")
    sample.change(ENROLLMENTS, "k4-class-k6-student", endDate="2026-09-15")


def rejected_rows(sample: Sample) -> None:
    """R-V2 and R-V3: rows that cannot be used; the student who was known keeps his place."""
    sample.guardian("v2-volunteer", "Clove Harding", role="volunteer")
    sample.guardian("v2-nameless", " Harding")
    sample.guardian("v2-twice", "Idris Harding")
    sample.guardian("v2-twice", "Idris Hardwick")
    sample.guardian("v3-parent", "Linnet Harding", "v3-student")
    sample.student("v3-student", "Perrin Harding", "v3-parent")
    sample.change(USERS, "v3-student", role="studnet")
    row = {"sourcedId": "no-such-class", "schoolSourcedId": MIDDLE}
    sample.enrollment(row, "k1-student", "student", "false")


def warnings(sample: Sample) -> None:
    """R-V4: rows that are used although something is wrong with a cell."""
    sample.guardian("v4-parent", "Zelda Farrow", "v4-student", email="zelda.farrow(at)mail", sms="")
    sample.change(USERS, "v4-parent", BOTH, sms="564-555-0199", phone="555-12", identifier="NULL")
    sample.student("v4-student", "Otis Farrow", "v4-parent", grade="07", school=MIDDLE, status="active")
    sample.change(USERS, "v4-student", BOTH, familyName=" Farrow ")
    print_making = sample.a_class("v4-class", "Printmaking")
    for night in BOTH:
        sample.change(CLASSES, "v4-class", (night,), courseSourcedId="no-such-course")
    sample.enrollment(print_making, "u8-colleague", "teacher", "true")
    sample.enrollment(print_making, "v4-student", "student", "false", beginDate="8/24/2026")


ALL_CASES = (
    newcomer,
    invitee_follows,
    active_stays,
    active_follows_under_the_lock,
    blanks,
    other_fields_follow,
    disabled,
    staff_leave,
    one_person_two_records,
    guardian_without_credential,
    taken,
    swap,
    staff_without_credential,
    guardian_without_student,
    sides_of_a_guardianship,
    custody,
    family_leaves,
    sibling_stays,
    guardian_leaves,
    classes,
    rejected_rows,
    warnings,
)
