"""Plans that are kept in a file: a night made, reviewed and applied apart."""

from rostersync.plans.contents import kept_plan, planned, report_tables
from rostersync.plans.file import check_target, read, write
from rostersync.plans.moved import moved_files, moved_since

__all__ = [
    "check_target",
    "kept_plan",
    "moved_files",
    "moved_since",
    "planned",
    "read",
    "report_tables",
    "write",
]
