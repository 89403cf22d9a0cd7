"""The summary of any run fits 80 columns, but for what is copied whole: a path and a command."""

import io
import itertools

import pytest
from rich.cells import cell_len
from rich.console import Console

from rostersync.model.notes import Action
from rostersync.model.report import TrippedGuard
from rostersync.reports.terminal import ATTENTION, KINDS, print_summary

COPIED = ("Source: ", "Report (student data, keep it private): ", "rostersync sync ")
NAMES = [
    "Oak",
    "Oak Hill Memorial Preparatory School of the Performing Arts and Sciences, East Campus",
    "W" * 200,
    "王" * 90,
]


@pytest.fixture
def summary(make_tables, make_summary):
    """Everything a summary can say, with numbers of a large district."""

    def make(school, number, status):
        made = make_summary(make_tables(), status=status, exit_code=5, folder="/srv/" + "x" * 90)
        guards = [
            TrippedGuard(
                what=what, kind=kind, school_id="s", school=school, count=number, total=number, limit="at most 12.5%"
            )
            for what, kind in itertools.product(("Removal", "Addition", "Change"), KINDS)
        ]
        return made.model_copy(
            update={
                "guards_tripped": tuple(guards),
                "diagnosis": (f"{school} is nearly gone from {school}.",),
                "counts": {kind: dict.fromkeys(Action, number) for kind in KINDS},
                "codes": {
                    table: dict.fromkeys(ATTENTION, number)
                    for table in ("users", "classes", "enrollments", "guardianships")
                },
                "findings": {
                    severity: {"A_VERY_LONG_CODE_OF_A_FINDING_" * 3: number} for severity in ("error", "warning")
                },
            }
        )

    return make


@pytest.mark.parametrize("terminal", [True, False])
@pytest.mark.parametrize("status", ["held", "stopped"])
@pytest.mark.parametrize("number", [1, 9_999_999])
@pytest.mark.parametrize("school", NAMES, ids=["short", "long", "one word", "wide letters"])
def test_it_fits(summary, school, number, status, terminal):
    out = io.StringIO()
    console = Console(file=out, width=80, force_terminal=terminal, color_system=None)
    print_summary(summary(school, number, status), console)
    lines = out.getvalue().splitlines()
    assert [line for line in lines if cell_len(line) > 80 and not line.startswith(COPIED)] == []
    assert sum("guardians not added: no e-mail" in line for line in lines) == 4
    counts = next(line for line in lines if line.startswith("withheld"))
    assert counts.split() == ["withheld", *[f"{number:,}"] * 6], "no number is cut or wrapped"
