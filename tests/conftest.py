"""What all tests share."""

import os
from pathlib import Path

import pytest
from hypothesis import settings

from tests.figures import pytest_runtest_logreport, pytest_sessionfinish  # noqa: F401 - hooks

settings.register_profile("patient", deadline=None)  # a busy machine is no finding
if "CI" not in os.environ:  # there hypothesis takes a profile of its own, as patient
    settings.load_profile("patient")

TESTS = Path(__file__).parent
LONG = frozenset(
    {
        "cli/test_by_hand.py",
        "cli/test_canaries.py",
        "cli/test_forget.py",
        "cli/test_forget_traces.py",
        "cli/test_state_copies.py",
        "cli/test_support_bundle.py",
        "docs/test_by_hand.py",
        "explaining/test_agreement.py",
        "importers/test_laws.py",
        "laws/test_counts.py",
        "laws/test_delta_chain.py",
        "laws/test_every_night.py",
        "laws/test_guard_laws.py",
        "laws/test_known_stories.py",
        "laws/test_laws.py",
        "laws/test_mutants.py",
        "laws/test_mutants_of_parts.py",
        "laws/test_plans.py",
        "laws/test_quiet_nights.py",
        "laws/test_undo.py",
        "policies/test_always.py",
        "policies/test_by_hand_classes.py",
        "policies/test_by_hand_people.py",
        "policies/test_completeness.py",
        "policies/test_delta_roles.py",
        "policies/test_extreme.py",
        "policies/test_extreme_settings.py",
        "policies/test_guards_extreme.py",
        "policies/test_lost_columns.py",
        "policies/test_primary.py",
        "policies/test_undo.py",
        "policies/test_validity.py",
        "policies/test_waiting.py",
        "state/test_live_invariants.py",
    }
)
"""Sweeps and wide tables that belong to `make test-long`, so that `make test` stays within ten minutes on two cores."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks everything in the files of LONG, before tests are chosen by their marks."""
    for item in items:
        if item.path.is_relative_to(TESTS) and item.path.relative_to(TESTS).as_posix() in LONG:
            item.add_marker("long")
