"""What `generate` promises: a plausible district, the same bytes each time, nights that differ a little."""

from __future__ import annotations

import csv
import hashlib
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from rostersync.errors import ConfigurationError
from rostersync.generate import write_district

GUARDIAN_ROLES = {"parent", "guardian", "relative"}
Rows = list[dict[str, str]]


def rows_of(folder: Path, name: str) -> Rows:
    with (folder / name).open(encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file, strict=True)
    assert all(len(row) == len(header) for row in rows)
    return [dict(zip(header, row, strict=True)) for row in rows]


def items(cell: str) -> list[str]:
    return [item for item in cell.split(",") if item]


def bytes_of(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


@pytest.fixture(scope="module")
def district(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, int], Path]:
    """Three thousand students, four nights of 1.1 and one of 1.2."""
    folders = {}
    for version, night in (("1.1", 1), ("1.1", 2), ("1.1", 3), ("1.1", 4), ("1.2", 1), ("1.2", 4)):
        folders[version, night] = tmp_path_factory.mktemp("district") / "files"
        write_district(folders[version, night], students=3000, seed=4, night=night, version=version)
    return folders


@pytest.mark.parametrize("version", ["1.1", "1.2"])
def test_the_same_arguments_give_the_same_bytes(tmp_path: Path, version: str) -> None:
    for name in ("one", "two"):
        write_district(tmp_path / name, students=250, seed=9, night=3, version=version)
    assert bytes_of(tmp_path / "one") == bytes_of(tmp_path / "two")
    write_district(tmp_path / "other", students=250, seed=10, night=3, version=version)
    assert bytes_of(tmp_path / "one")["users.csv"] != bytes_of(tmp_path / "other")["users.csv"]


def test_the_bytes_are_those_of_every_machine_and_version(tmp_path: Path) -> None:
    write_district(tmp_path / "files", students=300, seed=1, night=2)
    digest = hashlib.sha256()
    for name, content in bytes_of(tmp_path / "files").items():
        digest.update(name.encode() + content)
    assert digest.hexdigest() == "3c8a2cb280a81de0b6662da0fec2353f1e7e860f68567fe1c415afa877a82f68"


@pytest.mark.parametrize("students", [1, 7, 60, 199, 200, 601, 3001])
def test_any_size_has_exactly_so_many_students_and_resolves_all_references(tmp_path: Path, students: int) -> None:
    counts = write_district(tmp_path / "files", students=students, seed=2)
    users = rows_of(tmp_path / "files", "users.csv")
    assert sum(user["role"] == "student" for user in users) == students
    ids = {
        name: {row["sourcedId"] for row in rows_of(tmp_path / "files", name)}
        for name in counts
        if name != "manifest.csv"
    }
    assert all(len(ids[name]) == counts[name] for name in ids)
    assert len(rows_of(tmp_path / "files", "manifest.csv")) == counts["manifest.csv"]
    for user in users:
        assert set(items(user["agentSourcedIds"])) <= ids["users.csv"]
        assert user["orgSourcedIds"]
        assert set(items(user["orgSourcedIds"])) <= ids["orgs.csv"]
    for row in rows_of(tmp_path / "files", "classes.csv"):
        assert row["courseSourcedId"] in ids["courses.csv"]
        assert row["schoolSourcedId"] in ids["orgs.csv"]
        assert set(items(row["termSourcedIds"])) <= ids["academicSessions.csv"]
    for row in rows_of(tmp_path / "files", "enrollments.csv"):
        assert row["classSourcedId"] in ids["classes.csv"]
        assert row["userSourcedId"] in ids["users.csv"]
    schools = [org for org in rows_of(tmp_path / "files", "orgs.csv") if org["type"] == "school"]
    assert len(schools) >= (3 if students >= 200 else 1)


def test_families_have_one_or_two_guardians_siblings_and_shared_contacts(
    district: dict[tuple[str, int], Path],
) -> None:
    users = {user["sourcedId"]: user for user in rows_of(district["1.1", 1], "users.csv")}
    students = [user for user in users.values() if user["role"] == "student"]
    guardians = [user for user in users.values() if user["role"] in GUARDIAN_ROLES]
    assert {len(items(student["agentSourcedIds"])) for student in students} == {1, 2}
    children = Counter(len(items(guardian["agentSourcedIds"])) for guardian in guardians)
    assert set(children) == {1, 2, 3}
    for guardian in guardians:  # both rows name each other
        for student in items(guardian["agentSourcedIds"]):
            assert guardian["sourcedId"] in items(users[student]["agentSourcedIds"])
    assert any(len(items(guardian["orgSourcedIds"])) > 1 for guardian in guardians), "siblings at two schools"
    assert any(number > 1 for number in Counter(g["phone"] for g in guardians if g["phone"]).values())
    both = Counter((g["email"], g["sms"]) for g in guardians if g["email"] and g["sms"])
    assert any(number > 1 for number in both.values()), "guardians who share e-mail and mobile"
    assert any(not guardian["email"] for guardian in guardians)


def test_names_and_contacts_are_hard_to_read_but_valid(district: dict[tuple[str, int], Path]) -> None:
    users = rows_of(district["1.1", 1], "users.csv")
    names = " ".join(user["givenName"] + " " + user["familyName"] for user in users)
    assert all(mark in names for mark in ("'", "-", ",", "ñ", "ễ", "é"))
    for user in users:
        assert re.fullmatch(r"[a-z0-9.-]+@[a-z]+\.example\.(org|com|net)", user["email"]) or not user["email"]
        assert re.fullmatch(r"[2-9]\d\d555\d{4}", re.sub(r"[() -]", "", user["sms"])) or not user["sms"]


def test_classes_have_teachers_co_teachers_and_aides(district: dict[tuple[str, int], Path]) -> None:
    folder = district["1.1", 1]
    roles = {user["sourcedId"]: user["role"] for user in rows_of(folder, "users.csv")}
    assert {"administrator", "aide", "teacher"} <= set(roles.values())
    enrollments = rows_of(folder, "enrollments.csv")
    first = Counter(row["classSourcedId"] for row in enrollments if row["primary"] == "true")
    assert first == Counter(row["sourcedId"] for row in rows_of(folder, "classes.csv"))
    co_teachers = [row for row in enrollments if row["role"] == "teacher" and row["primary"] == "false"]
    assert co_teachers
    assert {roles[row["userSourcedId"]] for row in enrollments if row["role"] == "proctor"} == {"aide"}


def test_staff_who_are_parents_are_two_rows_in_1_1_and_one_user_in_1_2(
    district: dict[tuple[str, int], Path],
) -> None:
    users = rows_of(district["1.1", 1], "users.csv")
    teachers = {(u["givenName"], u["familyName"], u["email"], u["sms"]) for u in users if u["role"] == "teacher"}
    parents = {(u["givenName"], u["familyName"], u["email"], u["sms"]) for u in users if u["role"] in GUARDIAN_ROLES}
    assert len(teachers & parents) > 10
    roles: dict[str, set[str]] = {}
    for row in rows_of(district["1.2", 1], "roles.csv"):
        roles.setdefault(row["userSourcedId"], set()).add(row["role"])
    both = [user for user, held in roles.items() if {"teacher", "parent"} <= held]
    assert len(both) == len(teachers & parents)
    agents = {user["sourcedId"]: items(user["agentSourcedIds"]) for user in rows_of(district["1.2", 1], "users.csv")}
    assert all(agents[user] and all(user in agents[child] for child in agents[user]) for user in both)


@pytest.mark.parametrize("night", [1, 4])
def test_1_2_has_the_same_people_with_roles_and_profiles(district: dict[tuple[str, int], Path], night: int) -> None:
    folder = district["1.2", night]
    ids = {user["sourcedId"] for user in rows_of(folder, "users.csv")}
    roles = rows_of(folder, "roles.csv")
    assert {row["userSourcedId"] for row in roles} == ids
    assert {"principal", "counselor", "districtAdministrator"} <= {row["role"] for row in roles}
    primary = Counter((row["userSourcedId"], row["orgSourcedId"]) for row in roles if row["roleType"] == "primary")
    assert set(primary.values()) == {1}
    profiles = {row["sourcedId"]: row["userSourcedId"] for row in rows_of(folder, "userProfiles.csv")}
    assert all(profiles[r["userProfileSourcedId"]] == r["userSourcedId"] for r in roles if r["userProfileSourcedId"])
    assert {agent for user in rows_of(folder, "users.csv") for agent in items(user["agentSourcedIds"])} <= ids
    students = {user["sourcedId"] for user in rows_of(district["1.1", night], "users.csv") if user["role"] == "student"}
    assert {row["userSourcedId"] for row in roles if row["role"] == "student"} == students


def test_a_later_night_differs_by_about_one_percent(district: dict[tuple[str, int], Path]) -> None:
    before, after = ({u["sourcedId"]: u for u in rows_of(district["1.1", night], "users.csv")} for night in (1, 2))
    left, joined = before.keys() - after.keys(), after.keys() - before.keys()
    changed = {user for user in before.keys() & after.keys() if before[user] != after[user]}
    for group in (left, joined, changed):
        assert 0.001 < len(group) / len(before) < 0.01
    fields = Counter(
        column for user in changed for column in before[user] if before[user][column] != after[user][column]
    )
    assert {"email", "sms", "grades", "orgSourcedIds"} <= set(fields)


def test_children_leave_while_brothers_and_sisters_stay(district: dict[tuple[str, int], Path]) -> None:
    before, after = ({u["sourcedId"]: u for u in rows_of(district["1.1", night], "users.csv")} for night in (1, 2))
    left = {user for user in before.keys() - after.keys() if before[user]["role"] == "student"}
    with_sibling = {s for s in left if any(g in after for g in items(before[s]["agentSourcedIds"]))}
    assert with_sibling
    assert left - with_sibling, "whole families leave too"


def test_classes_vanish_for_two_nights_and_return(district: dict[tuple[str, int], Path]) -> None:
    nights = [{row["sourcedId"] for row in rows_of(district["1.1", night], "classes.csv")} for night in (1, 2, 3, 4)]
    gone = nights[0] - nights[1]
    assert gone
    assert not gone & nights[2]
    assert gone - nights[3] < gone, "back after two nights, unless drawn again"


def test_enrollments_change_and_some_are_only_dated(district: dict[tuple[str, int], Path]) -> None:
    before, after = (
        {row["sourcedId"]: row for row in rows_of(district["1.1", night], "enrollments.csv")} for night in (1, 2)
    )
    assert 0.001 < len(before.keys() - after.keys()) / len(before) < 0.02
    assert 0.001 < len(after.keys() - before.keys()) / len(before) < 0.02
    dated = [row for key, row in after.items() if key in before and row["endDate"] != before[key]["endDate"]]
    assert {row["endDate"] for row in dated} == {"2026-09-15"}


def test_files_are_replaced_and_other_files_are_left_alone(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "files"
    write_district(folder, students=30)
    assert folder.stat().st_mode & 0o077 == 0
    first = bytes_of(folder)
    (folder / ".users.csv.part").write_text("of a run that was killed")
    write_district(folder, students=30, night=2)
    assert bytes_of(folder).keys() == first.keys()
    (folder / "notes.txt").write_text("mine")
    second = bytes_of(folder)
    with pytest.raises(ConfigurationError, match=r"holds other files \(notes.txt\); nothing was written"):
        write_district(folder, students=30)
    assert bytes_of(folder) == second


@pytest.mark.parametrize("manifest", [None, "propertyName,value\r\nsource.systemName,An SIS\r\n"])
def test_the_files_of_a_district_are_not_replaced(tmp_path: Path, manifest: str | None) -> None:
    (tmp_path / "users.csv").write_text("of the SIS")
    if manifest is not None:
        (tmp_path / "manifest.csv").write_text(manifest)
    before = bytes_of(tmp_path)
    with pytest.raises(ConfigurationError, match=r"a delivery that is not made up \(\w+.csv.*nothing was written"):
        write_district(tmp_path, students=30)
    assert bytes_of(tmp_path) == before


def test_a_set_of_the_other_version_is_not_mixed_in(tmp_path: Path) -> None:
    write_district(tmp_path / "files", students=30, version="1.2")
    with pytest.raises(ConfigurationError, match=r"roles\.csv"):
        write_district(tmp_path / "files", students=30, version="1.1")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"students": 0}, "--students"),
        ({"night": 0}, "--night"),
        ({"seed": -1}, "--seed"),
        ({"version": "1.0"}, "1.0"),
    ],
)
def test_arguments_that_make_no_sense_are_refused(tmp_path: Path, arguments: dict[str, int], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        write_district(tmp_path / "files", **arguments)
    assert not (tmp_path / "files").exists()


def test_a_file_in_the_place_of_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "files").write_text("mine")
    with pytest.raises(ConfigurationError, match="is a file; nothing was written"):
        write_district(tmp_path / "files")
    with pytest.raises(ConfigurationError, match="cannot be written"):
        write_district(tmp_path / "files" / "below")


def test_progress_is_told_up_to_the_end(tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    write_district(tmp_path / "files", students=40_000, progress=lambda done, total: told.append((done, total)))
    assert len(told) > 1
    assert told == sorted(told)
    assert told[-1][0] == told[-1][1]


MEASURE = """
import resource, sys
from pathlib import Path
from rostersync.generate import write_district
write_district(Path(sys.argv[1]), students=int(sys.argv[2]))
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
"""


def test_memory_does_not_grow_with_the_district(tmp_path: Path) -> None:
    peaks = [
        int(subprocess.check_output([sys.executable, "-c", MEASURE, str(tmp_path / size), size]))
        for size in ("20000", "80000")
    ]
    assert peaks[1] < peaks[0] + 40, "MiB"


def test_importing_it_loads_no_numpy() -> None:
    program = "import sys, rostersync.generate; print('numpy' in sys.modules)"
    assert subprocess.check_output([sys.executable, "-c", program], text=True).strip() == "False"
