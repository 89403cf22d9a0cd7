"""Facts about the state that are kept as text."""

from __future__ import annotations

import json


def missing_columns(missing: dict[str, frozenset[str]]) -> str:
    """The missing columns as one stable text, to tell whether they are those of the last applied import."""
    return json.dumps({table: sorted(columns) for table, columns in missing.items() if columns}, sort_keys=True)
