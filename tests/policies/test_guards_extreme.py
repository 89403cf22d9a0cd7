"""R-D2 with R-F2 and R-F7: where a guard holds a family, nobody of it is removed."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.policies.district import Report, student
from tests.policies.guarded import Guarded, held


def brothers(folder: Path) -> Guarded:
    """SA0 has an older brother OLD, who left earlier: archived under R-F3. His class KA0 is archived since."""
    it = Guarded(folder, abandoned_families="extreme")
    it.town.add(student("OLD", "GA0"))
    it.town.enroll("KA7", "OLD")
    it.night()
    del it.town.classes["KA7"]
    it.town.enrollments = {key: row for key, row in it.town.enrollments.items() if key[0] != "KA7"}
    it.night()
    it.town.drop("OLD")
    it.night()
    assert it.district.statuses()["OLD"] == "archived"
    assert it.district.enrollments()["KA7", "OLD"] == "current"
    return it


def leave(it: Guarded, families: int, *, full: bool) -> Report:
    it.town.families_leave("A", range(families))
    return it.night(full=full)


@pytest.mark.parametrize("full", [False, True], ids=["quick", "full"])
def test_r_d2_who_left_before_a_held_family_is_not_removed(tmp_path: Path, full: bool) -> None:
    it = brothers(tmp_path)
    report = leave(it, 10, full=full)
    assert {"SA0", "GA0"} <= held(report)
    assert it.district.statuses()["OLD"] == "archived"
    assert it.district.enrollments()["KA7", "OLD"] == "current"
    before = it.district.everything()
    it.night(full=not full)
    assert it.district.everything() == before


def test_r_d2_counter_once_let_through_the_whole_family_is_removed(tmp_path: Path) -> None:
    it = brothers(tmp_path)
    leave(it, 10, full=False)
    it.night(override=["all"])
    assert {it.district.statuses()[user] for user in ("SA0", "GA0", "OLD")} == {"removed"}
    assert it.district.enrollments()["KA7", "OLD"] == "ended"


def test_r_d2_counter_a_family_that_is_not_held_is_removed_whole(tmp_path: Path) -> None:
    it = brothers(tmp_path)
    leave(it, 1, full=False)
    assert {it.district.statuses()[user] for user in ("SA0", "GA0", "OLD")} == {"removed"}
