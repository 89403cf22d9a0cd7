"""What the charts of a page count, and how long their bars are."""

import itertools

from rostersync.model.past_run import PastRun
from rostersync.reports.html.school_changes import school_lines
from rostersync.reports.html.trend import STRIP, WIDTH, trend


def user(school, role="student", action="added"):
    return {"school": school, "role": role, "action": action, "code": "NEW"}


def counts(line):
    return {cell.kind: cell.count for cell in line.cells if cell.count}


def test_changes_count_at_each_school_and_nothing_else(make_tables):
    tables = make_tables(
        users=[
            user("North; South"),
            user("South", "guardian", "archived"),
            user("South", "administrator", "updated"),
            user("South", action="kept"),
            user("South", action="held"),
            user("South", action="withheld"),
            user("South", action="rejected"),
            user(None, "teacher", "linked"),
            user("South", role=None),
        ],
        classes=[{"school": "South", "action": "restored"}],
        enrollments=[{"school": "South", "role": "student", "action": "ended"}] * 2,
        guardianships=[{"action": "added"}],
    )
    found = {line.school: (line.total, counts(line)) for line in school_lines(tables)}
    assert found == {
        "South": (6, {"students": 1, "guardians": 1, "staff": 1, "classes": 1, "enrollments": 2}),
        "North": (1, {"students": 1}),
        "No school": (1, {"staff": 1}),
    }
    assert list(found) == ["South", "No school", "North"], "most changes first, then by name"


def test_bars_of_one_kind_compare(make_tables):
    tables = make_tables(users=[user("A")] * 100 + [user("B")] * 50 + [user("C")])
    lengths = [line.cells[0].length for line in school_lines(tables)]
    assert lengths == [64.0, 32.0, 1.5], "the shortest can still be seen"


def test_many_schools_are_summed_up_and_none_is_lost(make_tables):
    tables = make_tables(users=[user(f"S{number:02}") for number in range(40) for _ in range(number + 1)])
    lines = school_lines(tables)
    assert [line.school for line in lines[:2]] == ["S39", "S38"]
    assert lines[-1].school == "28 other schools"
    assert len(lines) == 13
    assert sum(line.total for line in lines) == sum(range(41))
    one_more = make_tables(users=[user(f"S{number:02}") for number in range(13)])
    assert school_lines(one_more)[-1].school == "S12"


def runs(*added):
    return [
        PastRun(f"202611{day:02}T213000Z", "applied", counts={"students": {"added": count}})
        for day, count in enumerate(added, 1)
    ]


def test_bars_are_as_high_as_their_counts():
    came = trend(runs(10, 5, 0)).strips[0]
    assert [bar.height for bar in came.bars] == [STRIP, STRIP / 2, 0]
    assert [round(bar.y + bar.height, 1) for bar in came.bars] == [STRIP] * 3
    assert not any(bar.cut for bar in came.bars)


def test_a_first_load_is_cut_so_that_the_others_can_be_seen():
    came = trend(runs(100_000, 10, 8)).strips[0]
    assert [bar.cut for bar in came.bars] == [True, False, False]
    assert came.bars[0].height == STRIP
    assert came.bars[1].height > STRIP / 2
    assert not trend(runs(100_000, 0)).strips[0].bars[0].cut, "alone it hides nothing"


def test_thirty_runs_fit_with_dates_that_do_not_overlap():
    chart = trend(runs(*range(1, 31)))
    assert chart.width <= WIDTH
    written = [run.centre for run in chart.runs if run.day]
    assert len(written) > 3
    assert all(second - first >= 54 for first, second in itertools.pairwise(written))
    assert chart.runs[-1].day == "Nov 30"


def test_how_runs_ended_has_letters_with_meanings():
    statuses = ["applied", "held", "stopped", "refused", "failed", "paused", "undone"]
    chart = trend([PastRun(f"202611{day:02}T213000Z", status) for day, status in enumerate(statuses, 1)])
    assert [run.mark for run in chart.runs] == ["", "H", "S", "R", "F", "P", "U"]
    assert [letter for letter, _ in chart.marks] == ["H", "S", "R", "F", "P", "U"]
    assert trend([PastRun("20261101T213000Z", "applied", dry_run=True)]).runs[0].mark == "D"


def test_no_run_at_all_is_an_empty_chart():
    assert trend([]).runs == ()
