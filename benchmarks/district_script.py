"""The script a district would write by itself: pandas and SQLite, no rules, no reports.

python -m benchmarks.district_script FOLDER DATABASE

The first run copies every file into a table. A later one merges what is stored with tonight's file on all
columns, deletes the rows that are only stored and appends those that are only in the file.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd
    import sqlalchemy as sa

TABLES = ("orgs", "academicSessions", "courses", "classes", "users", "enrollments")


def sync(folder: Path, database: Path) -> None:
    """Make the tables of the database equal to the files of the folder."""
    import pandas as pd
    import sqlalchemy as sa

    first_load = not database.exists()
    engine = sa.create_engine(f"sqlite:///{database}")
    for table in TABLES:
        tonight = pd.read_csv(folder / f"{table}.csv", dtype=str, keep_default_na=False)
        if first_load:
            tonight.to_sql(table, engine, index=False, chunksize=50_000)
            print(f"{table}: {len(tonight)} rows")
        else:
            update(engine, table, tonight)


def update(engine: sa.Engine, table: str, tonight: pd.DataFrame) -> None:
    """Delete what is gone or changed, append what is new or changed."""
    import pandas as pd
    import sqlalchemy as sa

    stored = pd.read_sql(sa.text(f'SELECT * FROM "{table}"'), engine)
    both = stored.merge(tonight, how="outer", on=list(tonight.columns), indicator=True)
    gone = both.loc[both["_merge"] == "left_only", ["sourcedId"]]
    new = both[both["_merge"] == "right_only"].drop(columns="_merge")
    with engine.begin() as connection:
        gone.to_sql("gone", connection, index=False, if_exists="replace")
        connection.execute(sa.text(f'DELETE FROM "{table}" WHERE sourcedId IN (SELECT sourcedId FROM gone)'))
        new.to_sql(table, connection, index=False, if_exists="append", chunksize=50_000)
    print(f"{table}: {len(gone)} deleted, {len(new)} appended")


if __name__ == "__main__":
    sync(Path(sys.argv[1]), Path(sys.argv[2]))
