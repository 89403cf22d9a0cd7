"""What the contact desk needs of the state: who has and who wants a credential, and who is whose guardian."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl

CONTACTS = ("email", "mobile", "phone", "given_name", "family_name")
PEOPLE_COLUMNS = ("id", "role", "school_ids", "account_id", "name", *CONTACTS, *(f"sis_{name}" for name in CONTACTS))
_NUMBERS = {"people", "account_id", "holder_account"}
_NAME = "trim(coalesce(a.given_name, '') || ' ' || coalesce(a.family_name, ''))"


class ContactDeskReader:
    """Reads one consistent snapshot of the state; blanks are null."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def people(self, ids: Iterable[str]) -> pl.DataFrame:
        """PEOPLE_COLUMNS of those of these users that the state has; `sis_` is what the SIS says."""
        platform, base = (", ".join(f"{table}{name}" for name in CONTACTS) for table in ("a.", "u.sis_"))
        return self._of(
            ids,
            f"SELECT u.id, u.role, u.school_ids, u.account_id, {_NAME}, {platform}, {base} "
            "FROM temp.desk w CROSS JOIN users u ON u.id = w.value "
            "CROSS JOIN accounts a ON a.account_id = u.account_id",
            PEOPLE_COLUMNS,
        )

    def holders(self, contact: str, values: Iterable[str]) -> pl.DataFrame:
        """`value`, `holder`, `holder_name`, `holder_account`: who has these e-mails or mobiles on the platform.

        Of several users of an account the first current one.
        """
        column = {"email": "email", "mobile": "mobile"}[contact]
        return self._of(
            values,
            f"SELECT w.value, (SELECT u.id FROM users u WHERE u.account_id = a.account_id "
            f"ORDER BY u.roster_status <> 'current', u.id LIMIT 1), {_NAME}, a.account_id "
            f"FROM temp.desk w CROSS JOIN accounts a ON a.{column} = w.value",
            ("value", "holder", "holder_name", "holder_account"),
        )

    def wanted(self, contact: str, values: Iterable[str]) -> pl.DataFrame:
        """`value`, `people`: how many accounts of current users have these e-mails or mobiles in the SIS."""
        column = {"email": "sis_email", "mobile": "sis_mobile"}[contact]
        return self._of(
            values,
            f"SELECT w.value, count(DISTINCT u.account_id) FROM temp.desk w CROSS JOIN users u ON u.{column} = w.value "
            "WHERE u.roster_status = 'current' AND u.origin = 'sis' GROUP BY w.value",
            ("value", "people"),
        )

    def students_of(self, guardians: Iterable[str]) -> pl.DataFrame:
        """`id`, `school_ids`: a row per guardian of the directory and current student of theirs."""
        return self._of(
            guardians,
            "SELECT w.value, s.school_ids FROM temp.desk w CROSS JOIN guardianships g ON g.guardian_id = w.value "
            "CROSS JOIN users s ON s.id = g.student_id WHERE g.status = 'current' AND s.roster_status = 'current'",
            ("id", "school_ids"),
        )

    def students_naming(self, guardians: Iterable[str]) -> pl.DataFrame:
        """`id`, `school_ids`: a row per guardian and current student whose own row of the SIS names them."""
        self._want(guardians)
        return self._frame(
            "SELECT w.value, u.school_ids FROM users u CROSS JOIN json_each("
            "'[\"' || replace(replace(replace(u.agents, '\\', '\\\\'), '\"', '\\\"'), ',', '\",\"') || '\"]') n "
            "CROSS JOIN temp.desk w ON w.value = n.value "
            "WHERE u.agents IS NOT NULL AND u.roster_status = 'current' AND u.role = 'student'",
            ("id", "school_ids"),
        )

    def _of(self, values: Iterable[str], query: str, columns: Sequence[str]) -> pl.DataFrame:
        self._want(values)
        return self._frame(query, columns)

    def _want(self, values: Iterable[str]) -> None:
        self._connection.execute("DROP TABLE IF EXISTS temp.desk")
        self._connection.execute("CREATE TEMP TABLE desk (value PRIMARY KEY) WITHOUT ROWID")
        listed = json.dumps([value for value in values if value])
        self._connection.execute("INSERT OR IGNORE INTO desk SELECT value FROM json_each(?) ORDER BY 1", (listed,))

    def _frame(self, query: str, columns: Sequence[str]) -> pl.DataFrame:
        import polars as pl

        schema = {name: pl.Int64 if name in _NUMBERS else pl.String for name in columns}
        return pl.DataFrame(self._connection.execute(query).fetchall(), schema=schema, orient="row")
