"""The errors that stop a run: one family per exit code (contract.md, Exit codes).

A message is one line for people: what happened, where (file, line, id), what was left unchanged and what to
do. It never carries personal data: ids only.
"""


class RosterSyncError(Exception):
    """A run cannot go on; `exit_code` is what the process ends with."""

    exit_code = 1


class InvariantBroken(RosterSyncError):
    """What a run would write breaks a rule that every state keeps: a defect of the program, and nothing is written."""


class ConfigurationError(RosterSyncError):
    """Usage or configuration is wrong."""

    exit_code = 2


class StateError(ConfigurationError):
    """The state is missing, empty, foreign, damaged or made by a newer version."""


class SourceError(RosterSyncError):
    """The source could not be reached or trusted, or there is nothing there."""

    exit_code = 3


class ImportRefused(RosterSyncError):
    """The delivery as a whole cannot be used (policies.md R-V1, R-V6)."""

    exit_code = 4


class GuardTripped(RosterSyncError):
    """A guard stopped the run (policies.md R-D1, R-D5, R-D6)."""

    exit_code = 5


class StateBusy(RosterSyncError):
    """Another run holds the state."""

    exit_code = 6


class RefusedByPolicy(RosterSyncError):
    """A rule forbids what was asked for: an edit under the lock, a credential that somebody else holds."""

    exit_code = 7
