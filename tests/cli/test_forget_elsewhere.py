"""`forget`: contacts of somebody forgotten that stood in another person's row of the SIS for a night."""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path

from tests.inside import done
from tests.policies.district import District, guardian, student

MINE = "mine@forgotten.example.org"
NUMBER = "+12065550177"


def texts(state: Path) -> set[str]:
    """Every text in every table of the state, but for packed reports."""
    with contextlib.closing(sqlite3.connect(state)) as connection:
        tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        rows = [
            row
            for table in tables
            if table != "report_tables"
            for row in connection.execute(f'SELECT * FROM "{table}"')
        ]
    return {cell for row in rows for cell in row if isinstance(cell, str)}


def test_a_contact_that_stood_in_anothers_row_once_is_gone(tmp_path: Path) -> None:
    district = District(tmp_path)
    mine = {"email": MINE, "sms": NUMBER}
    stays = [student("S2", "G2"), guardian("G2")]
    district.night([student("S1", "", **mine), *stays])
    district.night([student("S1", "", **mine), stays[0], guardian("G2", **mine)])  # a mistake of the SIS, for a night
    district.night([student("S1", ""), *stays])
    assert any(MINE in text for text in texts(district.folder / "state.db")), "else there is nothing to erase"
    district.night(stays)
    done(district.folder, "forget", "S1", "--yes")
    left = {text for text in texts(district.folder / "state.db") if MINE in text or NUMBER in text}
    assert left == set()
    for content in (MINE.encode(), NUMBER.encode()):
        assert content not in (district.folder / "state.db").read_bytes()
    done(district.folder, "runs", "undo")
    assert {text for text in texts(district.folder / "state.db") if MINE in text} == set()
    assert district.user("G2")["email"] == "g2@families.example.org"
