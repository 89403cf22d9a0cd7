"""Tells two states apart that have the same generation: a backup that was restored and went another way."""

from __future__ import annotations

import hashlib
import json
import sqlite3

_FACTS = (
    "SELECT value FROM meta WHERE key = 'created_at'",
    "SELECT min(run_id) FROM runs, meta WHERE applied AND key = 'generation' AND generation = CAST(value AS INTEGER)",
    "SELECT number, made_at, user_id FROM edits ORDER BY number DESC LIMIT 1",
)


def mark(connection: sqlite3.Connection) -> str:
    """sha256 (hex) of when the state was made and of what made its present generation: a run, an edit.

    Runs that changed nothing leave it as it is.
    """
    facts = [connection.execute(query).fetchall() for query in _FACTS]
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()
