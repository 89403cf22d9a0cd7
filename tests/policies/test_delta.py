"""Delta files: laid over the base, rows that wait, sets that were skipped (policies.md *Import*, R-V5)."""

from __future__ import annotations

from pathlib import Path

import pytest

from rostersync import undoing
from rostersync.errors import ImportRefused
from tests.policies.district import District, Report, Row, enrollment, guardian, school_class, student, teacher

EVERY_DELTA = dict.fromkeys(("users", "classes", "enrollments"), "delta")
GONE = {"status": "tobedeleted"}
FAMILY = [student("S1"), student("S2"), guardian("G1", "S1,S2"), guardian("G2", "S2")]
K1 = school_class("K1")
ROLL = [enrollment("K1", "S1"), enrollment("K1", "S2")]


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> District:
    district = District(tmp_path_factory.mktemp("loaded"))
    district.night(FAMILY, [K1], ROLL)
    return district


@pytest.fixture
def district(loaded: District, tmp_path: Path) -> District:
    return loaded.copy(tmp_path / "copy")


def said(report: Report) -> set[str]:
    """`id CODE` of every row of the four reports."""
    names = {"users": ("id",), "classes": ("id",), "enrollments": ("class_id", "user_id")}
    names["guardianships"] = ("guardian_id", "student_id")
    return {
        f"{'-'.join(row[n] for n in keys)} {row['code']}" for kind, keys in names.items() for row in report.rows(kind)
    }


def issues(report: Report) -> set[tuple[str, str]]:
    return {(row["id"], row["code"]) for row in report.rows("issues")}


def gone(row: Row, word: str = "tobedeleted") -> Row:
    """A row that deletes; only the sourcedId is filled, as many systems do."""
    return {"sourcedId": row["sourcedId"], "status": word}


# --- What a delta says ----------------------------------------------------------------------------------------------


def test_r_v5_a_delta_without_rows_changes_nothing(district: District) -> None:
    before = district.everything()
    report = district.delta()
    assert (said(report), report.rows("issues")) == (set(), [])
    assert district.everything() == before


@pytest.mark.parametrize("content", ["", "file.users,absent\n", "file.users,delta\nfile.enrollments,delta\n"])
def test_r_v5_a_manifest_alone_changes_nothing(district: District, content: str) -> None:
    before = district.everything()
    folder = district.folder / "alone"
    folder.mkdir()
    (folder / "manifest.csv").write_text(f"propertyName,value\noneroster.version,1.1\n{content}", encoding="utf-8")
    report = district.sync(folder)
    assert said(report) == set()
    assert {row["code"] for row in report.rows("issues")} <= {"MANIFEST_DISAGREES"}
    assert district.everything() == before


def test_r_v1_a_manifest_alone_that_lists_bulk_files_is_refused(district: District) -> None:
    folder = district.folder / "alone"
    folder.mkdir()
    (folder / "manifest.csv").write_text("propertyName,value\nfile.users,bulk\n", encoding="utf-8")
    with pytest.raises(ImportRefused, match=r"users\.csv is missing"):
        district.sync(folder)


def test_r_v5_what_a_delta_does_not_name_stays(district: District) -> None:
    report = district.delta([student("S3"), student("S1", givenName="Ann")], [], [enrollment("K1", "S3")])
    assert said(report) == {"S3 NEW", "S1 SIS_UPDATE", "K1-S3 NEW"}
    assert set(district.statuses().values()) == {"current"}
    assert set(district.enrollments().values()) == {"current"}
    assert (district.user("S1")["given_name"], district.user("S2")["given_name"]) == ("Ann", "GivenS2")


@pytest.mark.parametrize("word", ["tobedeleted", "inactive", "ToBeDeleted"])
@pytest.mark.parametrize("full", [False, True])
def test_r_v5_tobedeleted_is_gone_from_the_import(district: District, word: str, full: bool) -> None:
    report = district.delta([gone(student("S1"), word)], full=full)
    assert said(report) == {"S1 LEFT_SIS", "K1-S1 ENROLLMENT_ENDED"}
    assert district.statuses() == {"S1": "archived", "S2": "current", "G1": "current", "G2": "current"}
    district.delta([student("S1")], [], [enrollment("K1", "S1")], full=full)
    assert district.statuses()["S1"] == "current"


def test_r_v5_active_in_so_many_words_or_blank_is_there(district: District) -> None:
    report = district.delta([student("S1", status="Active"), student("S2") | {"status": " "}])
    assert said(report) == set()
    assert issues(report) == {("", "STATUS_BLANK")}


def test_r_v5_tobedeleted_of_somebody_unknown_is_nothing(district: District) -> None:
    report = district.delta(
        [gone(student("S9"))], [gone(school_class("K9"))], [gone(enrollment("K9", "S9")), enrollment("K9", "S9")][:1]
    )
    assert (said(report), issues(report)) == (set(), set())


def test_r_v5_classes_and_enrollments_go_and_come(district: District) -> None:
    assert said(district.delta([], [gone(K1)], [gone(row) for row in ROLL])) == {"K1 LEFT_SIS"}
    assert set(district.enrollments().values()) == {"current"}, "R-K1: they stay as they were"
    assert said(district.delta([], [K1], [ROLL[0]])) == {"K1 RETURNED", "K1-S2 ENROLLMENT_ENDED"}
    assert said(district.delta([], [], [gone(ROLL[0])])) == {"K1-S1 ENROLLMENT_ENDED"}


def test_r_v5_an_enrollment_that_moves_to_another_class(district: District) -> None:
    moved = enrollment("K0", "S1", sourcedId=ROLL[0]["sourcedId"])
    assert said(district.delta([], [], [moved])) == {"K1-S1 ENROLLMENT_ENDED", "K0-S1 NEW"}


def test_r_k4_one_of_two_rows_of_a_member_goes(district: District) -> None:
    district.delta([], [], [enrollment("K1", "S1", sourcedId="another")])
    assert said(district.delta([], [], [gone(ROLL[0])])) == set(), "the other row says so still"
    assert said(district.delta([], [], [gone({"sourcedId": "another"})])) == {"K1-S1 ENROLLMENT_ENDED"}


def test_r_v5_enrollments_without_a_sourced_id(tmp_path: Path) -> None:
    district = District(tmp_path)
    rows = [row | {"sourcedId": ""} for row in ROLL]
    district.night(FAMILY, [K1], rows)
    assert said(district.delta([], [], [rows[0] | {"primary": "true"}])) == {"K1-S1 SIS_UPDATE"}
    assert said(district.delta([], [], [rows[0] | GONE])) == {"K1-S1 ENROLLMENT_ENDED"}
    assert district.enrollments()["K1", "S2"] == "current"


# --- Guardianships --------------------------------------------------------------------------------------------------


def test_r_g2_an_agents_cell_is_replaced_as_a_whole(district: District) -> None:
    report = district.delta([guardian("G1", "S1")])
    assert said(report) == {"G1-S2 GUARDIANSHIP_ENDED"}
    assert district.guardianships()["G1", "S1"] == "current"


def test_r_g1_the_other_side_still_says_so(tmp_path: Path) -> None:
    district = District(tmp_path)
    district.night([student("S1", "G1"), guardian("G1", "S1")])
    assert said(district.delta([guardian("G1", "")])) == set()
    assert district.guardianships() == {("G1", "S1"): "current"}
    assert said(district.delta([student("S1", "")])) == {"G1-S1 GUARDIANSHIP_ENDED", "G1 GUARDIAN_LEFT"}


def test_r_c1_a_withheld_guardian_comes_in_when_a_delta_frees_the_credential(district: District) -> None:
    twin = guardian("G3", "S1", email="g1@families.example.org")
    assert said(district.delta([twin])) == {"G3 NO_UNIQUE_CREDENTIAL"}
    assert said(district.delta([student("S3")])) == {"S3 NEW", "G3 NO_UNIQUE_CREDENTIAL"}, "he waits on"
    assert "G3 NEW" in said(district.delta([guardian("G1", "S1,S2", email="other@families.example.org")]))
    assert district.guardianships()["G3", "S1"] == "current"


def test_r_c1_a_withheld_guardian_who_is_deleted_comes_no_more(district: District) -> None:
    district.delta([guardian("G3", "S1", email="g1@families.example.org")])
    assert said(district.delta([gone(guardian("G3"))])) == set()
    assert "G3 NEW" not in said(district.delta([guardian("G1", "S1,S2", email="other@families.example.org")]))


def test_r_c5_a_guardian_waits_for_the_student_of_a_later_delta(district: District) -> None:
    assert said(district.delta([guardian("G4", "S7")])) == {"G4 NO_STUDENT"}
    assert said(district.delta([student("S7")])) == {"S7 NEW", "G4 NEW", "G4-S7 NEW"}


def test_r_v4_a_warning_for_agents_that_neither_delta_nor_base_knows(district: District) -> None:
    report = district.delta([student("S1", "G1"), student("S2", "G9")])
    assert [(row["id"], row["value"]) for row in report.rows("issues", code="UNKNOWN_REFERENCE")] == [("S2", "G9")]


# --- Rows that wait -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("full", [False, True])
def test_r_v5_a_rejected_row_waits_until_it_is_corrected(district: District, full: bool) -> None:
    broken = [student("S1", familyName="", agentSourcedIds="G2"), student("S8", familyName="")]
    first = {"S1 REJECTED_ROW", "S8 REJECTED_ROW"}
    wrong = {("S1", "REQUIRED_VALUE_MISSING"), ("S8", "REQUIRED_VALUE_MISSING")}
    report = district.delta(broken, full=full)
    assert (said(report), issues(report)) == (first, wrong)
    report = district.delta([], full=full)
    assert (said(report), issues(report)) == (first, wrong), "judged again, and still wrong"
    assert district.user("S1")["given_name"] == "GivenS1", "the base stands"
    report = district.delta([student("S1", givenName="Ann"), student("S8")], full=full)
    assert (said(report), issues(report)) == ({"S1 SIS_UPDATE", "S8 NEW"}, set())


def test_r_v5_a_rejected_row_is_superseded_by_a_deletion(district: District) -> None:
    district.delta([student("S1", familyName="")])
    assert said(district.delta([gone(student("S1"))])) == {"S1 LEFT_SIS", "K1-S1 ENROLLMENT_ENDED"}
    assert (said(district.delta()), issues(district.delta())) == (set(), set())


def test_r_v5_a_rejected_row_is_superseded_by_a_bulk_set(district: District) -> None:
    district.delta([student("S1", familyName="")])
    assert said(district.night(FAMILY, [K1], ROLL)) == set()
    assert issues(district.delta()) == set()


def test_r_v2_references_resolve_against_files_and_base(district: District) -> None:
    rows = [enrollment("K1", "S7"), enrollment("K0", "S1"), enrollment("K9", "S1")]
    report = district.delta([], [], rows)
    assert said(report) == {"K0-S1 NEW"}
    assert issues(report) == {("K1-S7-student", "UNKNOWN_USER"), ("K9-S1-student", "UNKNOWN_CLASS")}
    report = district.delta([student("S7")])
    assert said(report) == {"S7 NEW", "K1-S7 NEW"}
    assert issues(report) == {("K9-S1-student", "UNKNOWN_CLASS")}
    assert said(district.delta([], [school_class("K9")])) == {"K9 NEW", "K9-S1 NEW"}


def test_r_v2_rows_that_contradict_each_other(district: District) -> None:
    report = district.delta([student("S1") | GONE, student("S1"), student("S2", status="deleted")])
    assert said(report) == {"S1 REJECTED_ROW", "S2 REJECTED_ROW"}
    assert issues(report) == {("S1", "DUPLICATE_ID"), ("S2", "UNKNOWN_STATUS")}
    assert set(district.statuses().values()) == {"current"}


def test_r_v3_a_row_that_nobody_can_read_holds_the_deletions_of_its_file_for_a_night(district: District) -> None:
    report = district.delta([gone(student("S1")), student("", familyName="Lost")])
    assert said(report) == {"S1 UNREADABLE_ROWS"}
    assert district.statuses()["S1"] == "current"
    assert said(district.delta()) == {"S1 LEFT_SIS", "K1-S1 ENROLLMENT_ENDED"}, "it was kept"


@pytest.mark.parametrize("full", [False, True])
def test_r_g4_guardians_who_were_not_managed_are_judged_by_what_the_import_said(tmp_path: Path, full: bool) -> None:
    district = District(tmp_path)
    district.night(FAMILY)
    district.configure(manage_guardians=False)
    district.night([*FAMILY[:3], guardian("G8", "S1")])
    assert said(district.delta([guardian("G1", "S1")], full=full)) == set()
    assert district.guardianships()["G1", "S2"] == "current"
    district.configure(manage_guardians=True)
    wanted = {"G1-S2 GUARDIANSHIP_ENDED", "G2-S2 GUARDIANSHIP_ENDED", "G2 GUARDIAN_LEFT", "G8 NEW", "G8-S1 NEW"}
    assert said(district.delta(full=full)) == wanted


# --- Columns and modes ----------------------------------------------------------------------------------------------


def test_r_v4_a_column_that_a_delta_lacks_says_nothing(district: District) -> None:
    report = district.delta([guardian("G1", "", givenName="Gil")], without={"users": ("agentSourcedIds", "email")})
    assert said(report) == {"G1 SIS_UPDATE"}
    assert district.user("G1")["email"] == "g1@families.example.org"
    assert district.guardianships()["G1", "S1"] == "current"


def test_r_v4_agents_of_a_delta_say_nothing_while_the_bulk_set_had_none(tmp_path: Path) -> None:
    district = District(tmp_path)
    district.night(FAMILY)
    district.night(FAMILY, without={"users": ("agentSourcedIds",)})
    report = district.delta([guardian("G1", "S1")])
    assert set(district.guardianships().values()) == {"current"}
    assert ("", "MISSING_COLUMN") in issues(report)


@pytest.mark.parametrize("full", [False, True])
def test_r_v5_every_file_has_its_own_mode(district: District, full: bool) -> None:
    report = district.delta(FAMILY[1:], [], [gone(ROLL[1])], modes={"users": "bulk", "classes": "absent"}, full=full)
    assert said(report) == {"S1 LEFT_SIS", "K1-S1 ENROLLMENT_ENDED", "K1-S2 ENROLLMENT_ENDED"}
    report = district.delta([student("S1")], [], ROLL, modes={"classes": "absent", "enrollments": "bulk"}, full=full)
    assert said(report) == {"S1 RETURNED", "K1-S1 RETURNED", "K1-S2 RETURNED"}


def test_r_v1_a_bulk_file_without_rows_beside_deltas_is_refused(district: District) -> None:
    folder = district.files(absent=("orgs", "courses", "academicSessions"), manifest={"users": "delta"}, standing=False)
    with pytest.raises(ImportRefused, match=r"classes\.csv has a header but no rows"):
        district.sync(folder)


@pytest.mark.parametrize("mode", ["delta", "bulk"])
def test_r_k6_terms_of_a_delta_decide_which_enrollments_were_dropped(district: District, mode: str) -> None:
    ended = ROLL[0] | {"endDate": "2026-10-01"}
    terms = {"modes": {"academicSessions": mode}}
    district.delta([], [], [ended], term_end="2026-10-05", **terms)
    assert district.enrollments()["K1", "S1"] == "current", "the class ends with him"
    assert "K1-S1 ENROLLMENT_ENDED" in said(district.delta([], [], [], term_end="2099-06-30", **terms))


# --- Chains that are broken -----------------------------------------------------------------------------------------


def test_r_v5_a_delta_needs_a_bulk_set_before_it(tmp_path: Path) -> None:
    district = District(tmp_path)
    with pytest.raises(ImportRefused, match="no bulk set was applied"):
        district.delta([student("S1")])
    assert district.ids() == set()


def refused(district: District) -> None:
    """A delta set that is refused: its classes file cannot be read."""
    folder = district.files([student("S5")], manifest={"users": "delta"}, standing=False)
    (folder / "classes.csv").write_text('sourcedId,title\nK1,"broken\n', encoding="utf-8")
    with pytest.raises(ImportRefused):
        district.sync(folder)


def record(district: District, status: str) -> None:
    """A run that applied nothing, as another part of the program leaves it."""
    import sqlite3

    with sqlite3.connect(district.folder / "state.db") as connection:
        connection.execute(
            "INSERT INTO runs (run_id, started_at, status, source, applied) VALUES ('29990101T000000Z', '', ?, '', 0)",
            (status,),
        )


def test_r_v5_after_a_refused_delta_others_are_refused_until_a_bulk_set_comes(district: District) -> None:
    refused(district)
    before = district.everything()
    for _ in range(2):
        with pytest.raises(ImportRefused, match=r"delta set, and run \d+T\d+Z \(refused\).*bulk set"):
            district.delta([student("S3")])
    assert district.everything() == before
    folder = district.folder / "alone"
    folder.mkdir()
    (folder / "manifest.csv").write_text("propertyName,value\n", encoding="utf-8")
    district.sync(folder)
    district.delta(FAMILY, modes={"users": "bulk", "classes": "absent", "enrollments": "absent"})
    with pytest.raises(ImportRefused, match="delta set"):
        district.delta([student("S3")])
    district.night([*FAMILY, student("S3")], [K1], ROLL)
    assert said(district.delta([student("S4")])) == {"S4 NEW"}


@pytest.mark.parametrize("status", ["paused", "stopped", "undone"])
def test_r_v5_after_a_pause_a_stop_or_an_undo_deltas_are_refused(district: District, status: str) -> None:
    record(district, status)
    with pytest.raises(ImportRefused, match=rf"29990101T000000Z \({status}\)"):
        district.delta([student("S3")])


def test_r_v5_a_delta_that_was_taken_back_may_come_again_and_no_other(district: District) -> None:
    folder = district.files(
        [student("S5")], manifest=dict.fromkeys(("users", "classes", "enrollments"), "delta"), standing=False
    )
    district.sync(folder)
    undone = undoing.undo(district.settings, None, dry_run=False).run_id
    with pytest.raises(ImportRefused, match=rf"{undone} \(undone\)"):
        district.delta([student("S6")])
    # The refused one breaks the chain: a bulk set has to come.
    with pytest.raises(ImportRefused, match="refused"):
        district.sync(folder)
    district.night(FAMILY, [K1], ROLL)
    district.sync(folder)
    undoing.undo(district.settings, None, dry_run=False)
    assert said(district.sync(folder)) == {"S5 NEW"}
    assert said(district.delta([student("S6")])) == {"S6 NEW"}


def test_r_v5_a_source_that_was_not_reached_breaks_no_chain(district: District) -> None:
    record(district, "failed")
    assert said(district.delta([student("S3")])) == {"S3 NEW"}


def test_r_v5_the_set_that_was_skipped_may_come_again(district: District) -> None:
    folder = district.files(
        [student("S5")], manifest=dict.fromkeys(("users", "classes", "enrollments"), "delta"), standing=False
    )
    toml = district.folder / "rostersync.toml"
    settings = toml.read_text(encoding="utf-8")
    district.configure(include=["nowhere"])
    with pytest.raises(ImportRefused):
        district.sync(folder)
    toml.write_text(settings, encoding="utf-8")
    assert said(district.sync(folder)) == {"S5 NEW"}
    assert said(district.delta([student("S6")])) == {"S6 NEW"}


def test_r_v7_after_a_change_of_the_schools_deltas_are_refused(district: District) -> None:
    district.configure(include=["A"])
    with pytest.raises(ImportRefused, match=r"schools\.include changed"):
        district.delta([student("S3")])
    district.night(FAMILY, [K1], ROLL)
    assert said(district.delta([student("S3"), teacher("T5", orgSourcedIds="B")])) == {"S3 NEW"}


def test_r_v7_a_night_of_other_schools_leaves_no_base_for_deltas(district: District) -> None:
    district.configure(include=["B"])
    district.delta([], modes=dict.fromkeys(("users", "classes", "enrollments"), "absent"))
    district.configure()
    with pytest.raises(ImportRefused, match="no bulk set"):
        district.delta([student("S3")])


# --- Always ---------------------------------------------------------------------------------------------------------


def test_r_a1_the_same_delta_twice(district: District) -> None:
    rows = ([student("S3"), gone(student("S1")), guardian("G5", "S9")], [gone(K1)], [enrollment("K0", "S3")])
    district.delta(*rows)
    before, waits = district.everything(), district.rows("SELECT * FROM waiting")
    assert said(district.delta(*rows)) == {"G5 NO_STUDENT"}
    assert (district.everything(), district.rows("SELECT * FROM waiting")) == (before, waits)


def test_r_a3_a_dry_run_says_what_the_run_does(district: District) -> None:
    rows = ([student("S3"), gone(student("S1"))], [], [enrollment("K0", "S3")])
    before = district.everything()
    dry = district.delta(*rows, dry_run=True)
    assert district.everything() == before
    assert said(district.delta(*rows)) == said(dry) != set()
