"""The contact desk as one file for a browser, with the style and script of a report's page."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from rostersync.model.contact_desk import COLUMNS
from rostersync.reports.html import assets, columns, row_markup
from rostersync.reports.html.page import MOST_ROWS

if TYPE_CHECKING:
    import polars as pl

TABLE = "contacts"
_SHOWN = (
    *("fix", "name", "problem", "school", "role", "sis_value", "holder", "holder_name", "affected", "since"),
    *("contact", "here", "id"),
)
_FILTERS = ("school", "problem", "role")


def contacts_page(rows: pl.DataFrame, district: str, day: dt.date) -> str:
    """The page of a contact desk (model/contact_desk.py), its first MOST_ROWS rows; `day` is that of the listing."""
    import polars as pl

    shown = rows.head(MOST_ROWS).select(pl.col(name).cast(pl.String).fill_null("") for name in _SHOWN)
    style, script = assets.inline("page.css"), assets.inline("report.js")
    return (
        assets.environment()
        .get_template("contacts.html.j2")
        .render(
            style=style,
            script=script,
            policy=assets.policy(style, script),
            district=district,
            day=day,
            name=TABLE,
            columns=_SHOWN,
            csv_columns=COLUMNS,
            label=columns.label,
            rows=row_markup.rows(shown, "name"),
            shown=shown.height,
            total=rows.height,
            choices=[(column, _counted(shown[column])) for column in _FILTERS],
        )
    )


def _counted(column: pl.Series) -> list[tuple[str, int]]:
    """Values that occur and how often, schools one by one."""
    parts = column.str.split("; ").explode() if column.name == "school" else column
    return sorted(row_markup.clean_column(parts).value_counts().iter_rows())
