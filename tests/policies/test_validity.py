"""R-V1 to R-V4 as they act on a sync: refused sets, rejected rows, and what an import does not say."""

from __future__ import annotations

import csv
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from rostersync.errors import ConfigurationError, ImportRefused
from tests.policies.district import (
    USER_HEADER,
    District,
    Report,
    Row,
    enrollment,
    guardian,
    school_class,
    student,
    teacher,
)

K1 = school_class("K1")
FAMILY = [student("S1", "G1"), student("S2", "G1"), guardian("G1")]
ROLL = [enrollment("K1", "S1"), enrollment("K1", "S2")]


@pytest.fixture(scope="module")
def first_night(tmp_path_factory: pytest.TempPathFactory) -> District:
    """A district of one family and one class, after its first night: only copies of it live on."""
    district = District(tmp_path_factory.mktemp("first"))
    district.night(FAMILY, [K1], ROLL)
    return district


@pytest.fixture
def district(first_night: District, tmp_path: Path) -> District:
    """A copy of it, for one test."""
    return first_night.copy(tmp_path)


# --- R-V1: refused whole --------------------------------------------------------------------------------------------


def _without_file(name: str) -> Callable[[Path], None]:
    return lambda folder: (folder / f"{name}.csv").unlink()


def _header_only(name: str) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        path = folder / f"{name}.csv"
        path.write_text(path.read_text(encoding="utf-8").splitlines()[0] + "\r\n", encoding="utf-8")

    return change


def _zero_bytes(name: str) -> Callable[[Path], None]:
    return lambda folder: (folder / f"{name}.csv").write_bytes(b"")


def _without_column(name: str, column: str) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        path = folder / f"{name}.csv"
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, [key for key in rows[0] if key != column], extrasaction="ignore")
            writer.writeheader()
            writer.writerows(rows)

    return change


def _column_twice(folder: Path) -> None:
    path = folder / "users.csv"
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    position = rows[0].index("email")
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(
            [
                [*row, row[position] if number == 0 else f"other{number}@x.example.org"]
                for number, row in enumerate(rows)
            ]
        )


def _broken_quoting(folder: Path) -> None:
    path = folder / "users.csv"
    lines = path.read_text(encoding="utf-8").splitlines()
    lines.insert(2, 'S9,,,true,A,student,s9,,"never closed,Family,,,,,,,,')
    path.write_text("\r\n".join(lines) + "\r\n", encoding="utf-8")


def _no_text(folder: Path) -> None:
    path = folder / "users.csv"
    path.write_bytes(path.read_bytes().replace(b"GivenS1", b"Giv\x81\x8d\xffn"))


REFUSED = [
    *[pytest.param(_without_file(name), id=f"no-{name}-file") for name in ("users", "classes", "enrollments")],
    *[pytest.param(_header_only(name), id=f"header-only-{name}") for name in ("users", "classes", "enrollments")],
    *[pytest.param(_zero_bytes(name), id=f"zero-bytes-{name}") for name in ("users", "classes", "enrollments")],
    *[
        pytest.param(_without_column(name, column), id=f"no-{name}-{column}")
        for name, columns in {
            "users": ("sourcedId", "givenName", "familyName", "role"),
            "classes": ("sourcedId", "title"),
            "enrollments": ("classSourcedId", "userSourcedId", "role"),
        }.items()
        for column in columns
    ],
    pytest.param(_column_twice, id="a-column-twice-with-different-contents"),
    pytest.param(_broken_quoting, id="broken-quoting"),
    pytest.param(_no_text, id="neither-utf-8-nor-windows-1252"),
]


@pytest.fixture(scope="module")
def standing(first_night: District, tmp_path_factory: pytest.TempPathFactory) -> District:
    """A district whose state no test of refusals may change."""
    return first_night.copy(tmp_path_factory.mktemp("standing"))


@pytest.mark.parametrize("spoil", REFUSED)
def test_r_v1_a_set_that_cannot_be_used_is_refused_whole(standing: District, spoil: Callable[[Path], None]) -> None:
    before, runs = standing.everything(), standing.rows("SELECT * FROM roster_runs")
    folder = standing.files([student("S1", "G1"), guardian("G1"), student("S9")], [K1], ROLL[:1])
    spoil(folder)
    with pytest.raises(ImportRefused) as refusal:
        standing.sync(folder)
    assert refusal.value.exit_code == 4
    assert "\n" not in str(refusal.value)
    assert standing.everything() == before
    afterwards = standing.rows("SELECT * FROM roster_runs")
    assert [(run["status"], run["applied"]) for run in afterwards[len(runs) :]] == [("refused", 0)]


def test_r_v1_a_refused_dry_run_is_refused_alike_and_leaves_no_row(standing: District) -> None:
    runs = standing.rows("SELECT * FROM roster_runs")
    folder = standing.files(FAMILY, [K1], ROLL)
    (folder / "users.csv").unlink()
    with pytest.raises(ImportRefused):
        standing.sync(folder, dry_run=True)
    assert standing.rows("SELECT * FROM roster_runs") == runs


def test_r_v1_csvs_in_several_folders_of_a_zip_are_refused(standing: District) -> None:
    before = standing.everything()
    folder = standing.files([student("S1", "G1"), guardian("G1")], [K1], ROLL)
    archive = folder.with_suffix(".zip")
    with zipfile.ZipFile(archive, "w") as package:
        for path in sorted(folder.glob("*.csv")):
            package.write(path, f"{'one' if path.stem == 'users' else 'two'}/{path.name}")
    with pytest.raises(ImportRefused):
        standing.sync(archive)
    assert standing.everything() == before


def test_r_v1_an_unknown_school_to_include_is_refused(district: District) -> None:
    before = district.everything()
    district.configure(include=["A", "NOWHERE"])
    with pytest.raises(ImportRefused, match="NOWHERE"):
        district.night([student("S1", "G1"), guardian("G1")], [K1], ROLL)
    assert district.everything() == before


def test_r_v1_a_school_id_that_nobody_knows_in_the_settings_is_an_error(district: District) -> None:
    before = district.everything()
    district.configure(schools={"NOWHERE": {"restore_classes": False}})
    with pytest.raises(ConfigurationError, match="NOWHERE"):
        district.night([student("S1", "G1"), guardian("G1")], [K1], ROLL)
    assert district.everything() == before


def test_r_v1_counter_a_column_twice_with_the_same_contents_is_used(district: District) -> None:
    folder = district.files([*FAMILY, student("S3")], [K1], ROLL)
    path = folder / "users.csv"
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([*row, row[rows[0].index("email")]] for row in rows)
    district.sync(folder)
    assert district.user("S3")["email"] == "s3@students.example.org"


def test_r_v1_counter_columns_that_the_sync_does_not_need_may_be_missing(tmp_path: Path) -> None:
    district = District(tmp_path)
    needed = {
        "users": ("sourcedId", "givenName", "familyName", "role"),
        "classes": ("sourcedId", "title"),
        "enrollments": ("classSourcedId", "userSourcedId", "role"),
    }
    headers = {
        "users": USER_HEADER,
        "classes": list(K1),
        "enrollments": list(ROLL[0]),
    }
    without = {name: [column for column in headers[name] if column not in needed[name]] for name in needed}
    district.night(FAMILY, [K1], ROLL, without=without, absent=("orgs", "courses", "academicSessions"))
    assert district.ids() == {"S1", "S2"}
    assert district.enrollments() == {("K1", "S1"): "current", ("K1", "S2"): "current"}
    district.night(FAMILY, [K1], ROLL[:1], without=without, absent=("orgs", "courses", "academicSessions"))
    assert district.enrollments() == {("K1", "S1"): "current", ("K1", "S2"): "ended"}


# --- Files that the manifest marks absent: the base -----------------------------------------------------------------


@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize("name", ["users", "classes", "enrollments"])
def test_r_v1_a_file_marked_absent_says_nothing(district: District, name: str, full: bool) -> None:
    before = {view: rows for view, rows in district.everything().items() if view != "changes"}
    district.night(FAMILY, [K1], ROLL, absent=(name,), manifest={name: "absent"}, full=full)
    assert {view: rows for view, rows in district.everything().items() if view != "changes"} == before
    report = district.night(FAMILY, [K1], ROLL, manifest={}, full=full)
    assert {view: rows for view, rows in district.everything().items() if view != "changes"} == before
    assert [*report.rows("users"), *report.rows("classes"), *report.rows("enrollments")] == []


@pytest.mark.parametrize("full", [False, True])
def test_r_v1_while_enrollments_are_absent_people_and_classes_move_on(district: District, full: bool) -> None:
    absent: dict[str, object] = {"absent": ("enrollments",), "manifest": {"enrollments": "absent"}, "full": full}
    district.night([*FAMILY[1:], student("S3")], [K1, school_class("K2")], **absent)
    assert district.statuses() == {"S1": "archived", "S2": "current", "S3": "current", "G1": "current"}
    assert district.enrollments() == {("K1", "S1"): "ended", ("K1", "S2"): "current"}
    district.night([*FAMILY[1:], student("S3")], [school_class("K2")], **absent)
    assert district.enrollments() == {("K1", "S1"): "ended", ("K1", "S2"): "current"}
    district.night([*FAMILY[1:], student("S3")], [school_class("K2"), K1], [enrollment("K1", "S3")], full=full)
    assert district.enrollments() == {("K1", "S1"): "ended", ("K1", "S2"): "ended", ("K1", "S3"): "current"}


@pytest.mark.parametrize("full", [False, True])
def test_r_v1_while_users_are_absent_classes_and_enrollments_move_on(district: District, full: bool) -> None:
    absent: dict[str, object] = {"absent": ("users",), "manifest": {"users": "absent"}, "full": full}
    district.night([], [K1, school_class("K2")], [ROLL[0], enrollment("K2", "S2")], **absent)
    assert district.statuses() == {"S1": "current", "S2": "current", "G1": "current"}
    assert district.guardianships() == {("G1", "S1"): "current", ("G1", "S2"): "current"}
    assert district.enrollments() == {("K1", "S1"): "current", ("K1", "S2"): "ended", ("K2", "S2"): "current"}
    district.night([], [], [], full=full)
    assert district.statuses() == {"S1": "archived", "S2": "archived", "G1": "archived"}


@pytest.mark.parametrize("full", [False, True])
def test_r_v1_while_classes_are_absent_enrollments_of_known_ones_move_on(district: District, full: bool) -> None:
    absent: dict[str, object] = {"absent": ("classes",), "manifest": {"classes": "absent"}, "full": full}
    report = district.night(FAMILY, [], [ROLL[1], enrollment("K9", "S1")], **absent)
    found = {row["id"]: row["status"] for row in district.rows("SELECT * FROM roster_classes")}
    assert found == {"K0": "active", "K1": "active"}
    assert district.enrollments() == {("K1", "S1"): "ended", ("K1", "S2"): "current"}
    assert [row["code"] for row in report.rows("issues", severity="error")] == ["UNKNOWN_CLASS"]


# --- R-V2, R-V3: rejected rows --------------------------------------------------------------------------------------

UNSOUND = {"givenName": ""}
"""Makes a row of users.csv one that is rejected."""


def rejected(row: Row) -> Row:
    """The row, with a required value missing."""
    return {**row, **UNSOUND}


@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize(
    ("spoiled", "code", "column"),
    [
        pytest.param({"givenName": ""}, "REQUIRED_VALUE_MISSING", "givenName", id="a-required-value-missing"),
        pytest.param({"familyName": " "}, "REQUIRED_VALUE_MISSING", "familyName", id="a-required-value-blank"),
        pytest.param({"role": ""}, "REQUIRED_VALUE_MISSING", "role", id="no-role"),
        pytest.param({"role": "wizard"}, "UNKNOWN_ROLE", "role", id="a-role-outside-the-vocabulary"),
    ],
)
def test_r_v2_a_rejected_row_is_listed_and_r_v3_a_known_record_keeps_its_base(
    district: District, spoiled: Row, code: str, column: str, full: bool
) -> None:
    before = {view: rows for view, rows in district.everything().items() if view != "changes"}
    row = {**student("S1", "G1", grades="12", email="other@x.example.org"), **spoiled}
    for _ in range(2):
        report = district.night([row, *FAMILY[1:]], [K1], ROLL, full=full)
        found = report.rows("issues", severity="error")
        assert [(issue["file"], issue["line"], issue["id"], issue["column"], issue["code"]) for issue in found] == [
            ("users.csv", "3", "S1", column, code)
        ]
        assert found[0]["message"]
        assert {view: rows for view, rows in district.everything().items() if view != "changes"} == before


@pytest.mark.parametrize("full", [False, True])
def test_r_v3_a_rejected_new_row_waits_until_it_is_sound(district: District, full: bool) -> None:
    new = [student("S3", "G3"), guardian("G3")]
    roll = [*ROLL, enrollment("K1", "S3")]
    report = district.night([*FAMILY, rejected(new[0]), rejected(new[1])], [K1], roll, full=full)
    assert district.ids() == {"S1", "S2", "G1"}
    assert [row["id"] for row in report.rows("issues", severity="error")] == ["S3", "G3"]
    district.night([*FAMILY, *new], [K1], roll, full=full)
    assert district.ids() == {"S1", "S2", "S3", "G1", "G3"}
    assert district.guardianships()["G3", "S3"] == "current"
    assert district.enrollments()["K1", "S3"] == "current"


@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize("first", ["S3", "G3"])
def test_r_v3_one_end_of_a_new_family_waits_and_comes_the_next_night(
    district: District, first: str, full: bool
) -> None:
    new = [student("S3", "G3"), guardian("G3")]
    roll = [*ROLL, enrollment("K1", "S3")]
    district.night(
        [*FAMILY, *[row if row["sourcedId"] == first else rejected(row) for row in new]], [K1], roll, full=full
    )
    assert district.ids() & {"S3"} == ({"S3"} if first == "S3" else set())
    assert ("G3", "S3") not in district.guardianships()
    district.night([*FAMILY, *new], [K1], roll, full=full)
    assert district.statuses()["S3"] == district.statuses()["G3"] == "current"
    assert district.guardianships()["G3", "S3"] == "current"
    assert district.enrollments()["K1", "S3"] == "current"


# Tonight's rows against FAMILY of the first night; statuses of S1, S2, G1 and guardianships with S1, S2 afterwards.
PRESENT = [
    pytest.param(
        [rejected(FAMILY[0]), FAMILY[2]],
        "current archived current",
        "current current",
        id="rejected-student-names-guardian",
    ),
    pytest.param(
        [rejected(student("S1")), guardian("G1", "S1")],
        "current archived current",
        "current current",
        id="guardian-names-rejected-student",
    ),
    pytest.param(
        [rejected(student("S1")), guardian("G1")],
        "current archived current",
        "current current",
        id="neither-names-the-other-and-the-student-is-rejected",
    ),
    pytest.param(
        [FAMILY[0], FAMILY[1], rejected(FAMILY[2])],
        "current current current",
        "current current",
        id="rejected-guardian",
    ),
    pytest.param(
        [student("S1"), student("S2"), rejected(guardian("G1"))],
        "current current current",
        "current current",
        id="neither-names-the-other-and-the-guardian-is-rejected",
    ),
    pytest.param(
        [FAMILY[1], rejected(guardian("G1", "S2"))],
        "archived current current",
        "current current",
        id="rejected-guardian-a-sibling-left",
    ),
    pytest.param(
        [rejected(FAMILY[0]), rejected(FAMILY[1]), rejected(FAMILY[2])],
        "current current current",
        "current current",
        id="all-rejected",
    ),
]


@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize(("tonight", "statuses", "pairs"), PRESENT)
def test_r_v3_a_rejected_row_removes_archives_and_ends_nothing(
    district: District, tonight: list[Row], statuses: str, pairs: str, full: bool
) -> None:
    for _ in range(2):
        district.night(tonight, [K1], ROLL, full=full)
        assert district.statuses() == dict(zip(("S1", "S2", "G1"), statuses.split(), strict=True))
        assert district.guardianships() == dict(zip((("G1", "S1"), ("G1", "S2")), pairs.split(), strict=True))
    district.night(FAMILY, [K1], ROLL, full=full)
    assert set(district.statuses().values()) == {"current"}
    assert set(district.guardianships().values()) == {"current"}
    assert set(district.enrollments().values()) == {"current"}
    district.night([], [K1], [], full=full)
    assert set(district.statuses().values()) == {"archived"}


@pytest.mark.parametrize("full", [False, True])
def test_r_v3_readable_agents_of_a_rejected_student_count_for_who_is_in_the_sis(district: District, full: bool) -> None:
    """S3 is new and waits; the row names G1, so that G1 is in the SIS and S1's family is not abandoned."""
    report = district.night([rejected(student("S3", "G1")), guardian("G1")], [K1], ROLL, full=full)
    assert district.statuses() == {"S1": "archived", "S2": "archived", "G1": "current"}
    assert report.codes("S1") == report.codes("S2") == ["LEFT_SIS"]
    report = district.night([guardian("G1")], [K1], ROLL, full=full)
    assert district.statuses() == {"S1": "archived", "S2": "archived", "G1": "archived"}


@pytest.mark.parametrize("full", [False, True])
def test_r_v3_a_rejected_class_stays_and_its_enrollments_follow_their_rows(district: District, full: bool) -> None:
    unsound = {**K1, "title": ""}
    district.night(FAMILY, [unsound], ROLL, full=full)
    assert district.rows("SELECT status, title FROM roster_classes WHERE id = 'K1'") == [
        {"status": "active", "title": "Class K1"}
    ]
    assert set(district.enrollments().values()) == {"current"}
    district.night(FAMILY, [unsound, {**school_class("K9"), "title": ""}], [ROLL[0]], full=full)
    assert district.enrollments() == {("K1", "S1"): "current", ("K1", "S2"): "ended"}
    assert len(district.rows("SELECT * FROM roster_classes")) == 2
    district.night(FAMILY, [], [], full=full)
    assert district.rows("SELECT status FROM roster_classes WHERE id = 'K1'") == [{"status": "archived"}]


@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize("spoiled", [{"role": "wizard"}, {"userSourcedId": ""}, {"classSourcedId": ""}, {"role": ""}])
def test_r_v3_a_rejected_enrollment_row_ends_nothing(district: District, spoiled: Row, full: bool) -> None:
    for _ in range(2):
        report = district.night(FAMILY, [K1], [{**ROLL[0], **spoiled}, ROLL[1]], full=full)
        assert district.enrollments() == {("K1", "S1"): "current", ("K1", "S2"): "current"}
        assert len(report.rows("issues", severity="error", file="enrollments.csv")) == 1
    district.night(FAMILY, [K1], [ROLL[1]], full=full)
    assert district.enrollments() == {("K1", "S1"): "ended", ("K1", "S2"): "current"}


@pytest.mark.parametrize("full", [False, True])
def test_r_v2_rows_of_one_sourced_id(district: District, full: bool) -> None:
    """Identical ones count once, ones that differ in lists are merged, others are all rejected."""
    identical = [student("S4", "G1"), student("S4", "G1")]
    lists = [student("S5", "G1", orgSourcedIds="A"), student("S5", "G5", orgSourcedIds="B"), guardian("G5")]
    others = [student("S1", "G1", familyName="One"), student("S1", "G1", familyName="Two")]
    new = [student("S6", familyName="One"), student("S6", familyName="Two")]
    report = district.night([*others, *FAMILY[1:], *identical, *lists, *new], [K1], ROLL, full=full)
    assert district.ids() == {"S1", "S2", "S4", "S5", "G1", "G5"}
    assert district.user("S1")["family_name"] == "Family"
    assert set(district.user("S5")["school_ids"].split(",")) == {"A", "B"}
    assert {pair for pair in district.guardianships() if pair[1] == "S5"} == {("G1", "S5"), ("G5", "S5")}
    found = {(row["id"], row["code"]) for row in report.rows("issues", severity="error")}
    assert found == {("S1", "DUPLICATE_ID"), ("S6", "DUPLICATE_ID")}
    assert [row["id"] for row in report.rows("issues", code="DUPLICATE_ID_MERGED")] == ["S5"]
    assert set(district.statuses().values()) == {"current"}


# --- R-V3: rows whose sourcedId cannot be read ----------------------------------------------------------------------


@pytest.mark.parametrize("full", [False, True])
def test_r_v3_a_row_without_sourced_id_holds_the_removals_of_people(district: District, full: bool) -> None:
    nameless = student("", "", email="nobody@x.example.org")
    for _ in range(2):
        report = district.night([nameless, student("S3")], [K1], ROLL, full=full)
        assert district.statuses() == {"S1": "current", "S2": "current", "G1": "current", "S3": "current"}
        assert set(district.guardianships().values()) == {"current"}
        assert set(district.enrollments().values()) == {"current"}
        assert [row["code"] for row in report.rows("issues", severity="error")] == ["REQUIRED_VALUE_MISSING"]
    report = district.night([student("S3")], [K1], ROLL, full=full)
    assert district.statuses() == {"S1": "archived", "S2": "archived", "G1": "archived", "S3": "current"}
    assert report.codes("S1") == report.codes("G1") == ["FAMILY_LEFT"]
    assert set(district.enrollments().values()) == {"ended"}


@pytest.mark.parametrize("full", [False, True])
def test_r_v3_the_guardian_alone_is_held_too(district: District, full: bool) -> None:
    nameless = guardian("", "S1", email="nobody@x.example.org")
    district.night([*FAMILY[:2], nameless], [K1], ROLL, full=full)
    assert set(district.statuses().values()) == {"current"}
    assert set(district.guardianships().values()) == {"current"}
    district.night(FAMILY[:2], [K1], ROLL, full=full)
    assert district.statuses() == {"S1": "current", "S2": "current", "G1": "archived"}
    assert set(district.guardianships().values()) == {"ended"}


@pytest.mark.parametrize("full", [False, True])
def test_r_v3_a_row_without_sourced_id_holds_the_removals_of_classes(district: District, full: bool) -> None:
    for _ in range(2):
        district.night(FAMILY, [school_class("")], ROLL, full=full)
        assert district.rows("SELECT status FROM roster_classes WHERE id = 'K1'") == [{"status": "active"}]
    district.night(FAMILY, [], ROLL, full=full)
    assert district.rows("SELECT status FROM roster_classes WHERE id = 'K1'") == [{"status": "archived"}]


@pytest.mark.parametrize("full", [False, True])
def test_r_v3_counter_an_unreadable_row_in_one_file_holds_nothing_of_another(district: District, full: bool) -> None:
    district.night(FAMILY[:1], [school_class("")], [ROLL[0]], full=full)
    assert district.statuses() == {"S1": "current", "S2": "archived", "G1": "archived"}
    assert district.enrollments() == {("K1", "S1"): "current", ("K1", "S2"): "ended"}


@pytest.mark.parametrize("full", [False, True])
def test_r_v3_an_enrollment_row_that_stands_for_nobody_knows_whom_holds_the_endings(
    district: District, full: bool
) -> None:
    nameless = {**ROLL[0], "sourcedId": "", "userSourcedId": "", "classSourcedId": ""}
    for _ in range(2):
        report = district.night(FAMILY, [K1], [nameless], full=full)
        assert set(district.enrollments().values()) == {"current"}
        told = [(row["class_id"], row["user_id"], row["action"], row["code"]) for row in report.rows("enrollments")]
        assert told == [("K1", user, "held", "UNREADABLE_ROWS") for user in ("S1", "S2")]
    report = district.night(FAMILY, [K1], [nameless, ROLL[1]], full=full)
    assert [row["user_id"] for row in report.rows("enrollments")] == ["S1"], "what a row says is not held"
    district.night(FAMILY, [K1], [], full=full)
    assert set(district.enrollments().values()) == {"ended"}


@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize("name", ["users", "classes", "enrollments"])
def test_r_v3_a_file_that_ends_inside_a_row_removes_nothing_of_what_it_lists(
    district: District, name: str, full: bool
) -> None:
    """What follows the cut is as unknown as the rest of the row."""
    before = district.everything()
    rows = {"users": FAMILY, "classes": [K1], "enrollments": ROLL}
    kept = {kind: [*map(dict, found[:1])] if kind == name else found for kind, found in rows.items()}
    if name == "classes":
        kept["classes"] = []
    folder = district.files(*kept.values())
    path = folder / f"{name}.csv"
    path.write_bytes(path.read_bytes() + b"torn")
    report = district.sync(folder, full=full)
    views = ("users", "classes", "enrollments", "guardianships", "access")
    assert {view: district.everything()[view] for view in views} == {view: before[view] for view in views}
    assert report.rows(name, action="held", code="UNREADABLE_ROWS")
    whole = district.night(*kept.values(), full=full) if name != "classes" else district.night(FAMILY, [], ROLL)
    assert not whole.rows(name, action="held")
    assert district.everything()[name] != before[name], "the counter-case: the same rows in a file that is whole"


# --- R-V4: what an import does not say ------------------------------------------------------------------------------


def _missing(report: Report, column: str) -> list[tuple[str, str]]:
    return [(row["severity"], row["file"]) for row in report.rows("issues", code="MISSING_COLUMN", column=column)]


PEOPLE = [
    student("S1", "G1", enabledUser="false", identifier="1001"),
    student("S2", "", orgSourcedIds="A,B"),
    guardian("G1", "S2", sms="206-555-0101", phone="206-555-0102"),
]


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> District:
    """A district in which every column says something."""
    district = District(tmp_path_factory.mktemp("filled"))
    district.night(PEOPLE, [K1], ROLL)
    return district


@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize(
    "column",
    ["email", "sms", "phone", "agentSourcedIds", "enabledUser", "grades", "orgSourcedIds", "identifier", "username"],
)
def test_r_v4_a_column_missing_for_one_night_says_nothing(
    filled: District, tmp_path: Path, column: str, full: bool
) -> None:
    district, people = filled.copy(tmp_path), PEOPLE
    before = {view: rows for view, rows in district.everything().items() if view != "changes"}
    report = district.night(people, [K1], ROLL, without={"users": [column]}, full=full)
    assert _missing(report, column) == [("warning", "users.csv")]
    assert {view: rows for view, rows in district.everything().items() if view != "changes"} == before
    report = district.night(people, [K1], ROLL, full=full)
    assert {view: rows for view, rows in district.everything().items() if view != "changes"} == before
    assert report.rows("users") == []


@pytest.mark.parametrize("full", [False, True])
def test_r_v4_without_the_agents_column_stored_guardianships_decide(tmp_path: Path, full: bool) -> None:
    district = District(tmp_path)
    two = [student("S3", "G3"), guardian("G3"), student("S4", "G4"), guardian("G4")]
    district.night([*FAMILY, *two], [K1], ROLL)
    without = {"users": ["agentSourcedIds"]}
    # S1 leaves a sibling behind; S3 leaves alone, with the guardian's row left behind; G4's row is gone.
    report = district.night([FAMILY[1], FAMILY[2], two[1], two[2]], [K1], ROLL, without=without, full=full)
    assert district.statuses() == {
        "S1": "archived",
        "S2": "current",
        "G1": "current",
        "S3": "archived",
        "G3": "archived",
        "S4": "current",
        "G4": "archived",
    }
    assert report.codes("S1") == ["LEFT_SIS"]
    assert report.codes("S3") == report.codes("G3") == ["FAMILY_LEFT"]
    assert report.codes("G4") == ["GUARDIAN_LEFT"]
    assert district.guardianships() == {
        ("G1", "S1"): "current",
        ("G1", "S2"): "current",
        ("G3", "S3"): "current",
        ("G4", "S4"): "ended",
    }


@pytest.mark.parametrize("full", [False, True])
def test_r_v4_the_night_the_agents_column_is_back_its_links_count(district: District, full: bool) -> None:
    changed = [student("S1", "G1"), student("S2", "G5"), guardian("G1"), guardian("G5")]
    district.night(changed, [K1], ROLL, without={"users": ["agentSourcedIds"]}, full=full)
    assert district.guardianships() == {("G1", "S1"): "current", ("G1", "S2"): "current"}
    district.night(changed, [K1], ROLL, full=full)
    assert district.guardianships() == {("G1", "S1"): "current", ("G1", "S2"): "ended", ("G5", "S2"): "current"}
    assert district.statuses()["G5"] == "current"


@pytest.mark.parametrize("full", [False, True])
def test_r_v4_a_value_that_changed_while_its_column_was_missing_comes_with_it(district: District, full: bool) -> None:
    changed = [student("S1", "G1", email="new@x.example.org", enabledUser="false"), *FAMILY[1:]]
    district.night(changed, [K1], ROLL, without={"users": ["email", "enabledUser"]}, full=full)
    assert district.user("S1")["email"] == "s1@students.example.org"
    assert district.user("S1")["account"] == "invitee"
    district.night(changed, [K1], ROLL, full=full)
    assert district.user("S1")["email"] == "new@x.example.org"
    assert district.user("S1")["account"] == "disabled"


@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize("name", ["orgs", "courses", "academicSessions"])
def test_r_v4_an_optional_file_missing_for_one_night_changes_nothing(district: District, name: str, full: bool) -> None:
    before = {view: rows for view, rows in district.everything().items() if view != "changes"}
    for absent in ((name,), ()):
        report = district.night(FAMILY, [K1], ROLL, absent=absent, full=full)
        assert {view: rows for view, rows in district.everything().items() if view != "changes"} == before
        assert [*report.rows("users"), *report.rows("classes"), *report.rows("enrollments")] == []
        assert report.rows("issues", severity="error") == []


@pytest.mark.parametrize("full", [False, True])
def test_r_v4_r_k6_an_enrollment_that_was_dropped_stays_so_without_the_terms(tmp_path: Path, full: bool) -> None:
    district = District(tmp_path)
    rows = [enrollment("K1", "S1", endDate="2026-09-01"), enrollment("K1", "S2")]
    district.night(FAMILY, [K1], [ROLL[0], rows[1]])
    district.night(FAMILY, [K1], rows, full=full)
    assert district.enrollments() == {("K1", "S1"): "ended", ("K1", "S2"): "current"}
    for absent in (("academicSessions",), ()):
        district.night(FAMILY, [K1], rows, absent=absent, full=full)
        assert district.enrollments() == {("K1", "S1"): "ended", ("K1", "S2"): "current"}


@pytest.mark.parametrize("full", [False, True])
def test_r_v4_warnings_leave_the_row_in_use(tmp_path: Path, full: bool) -> None:
    district = District(tmp_path)
    people = [
        student("S1", " G1 ", email="no e-mail"),
        guardian("G1", status="active"),
        teacher("T9", orgSourcedIds="NOWHERE"),
        {**student("S2"), "givenName": "  Ana ", "identifier": "NULL"},
    ]
    report = district.night(
        people,
        [school_class("K1", courseSourcedId="none", termSourcedIds="none")],
        [enrollment("K1", " S1 ")],
        full=full,
    )
    assert district.ids() == {"S1", "S2", "G1", "T9"}
    assert district.user("S1")["email"] is None
    assert (district.user("S2")["given_name"], district.user("S2")["identifier"]) == ("Ana", None)
    assert district.guardianships() == {("G1", "S1"): "current"}
    assert district.enrollments() == {("K1", "S1"): "current"}
    assert report.rows("issues", severity="error") == []
    codes = {row["code"] for row in report.rows("issues", severity="warning")}
    assert {"INVALID_EMAIL", "STATUS_IN_BULK", "UNKNOWN_REFERENCE", "BLANKS_AROUND", "NULL_WORD"} <= codes
