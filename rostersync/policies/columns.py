"""Small operations on columns of the rules' frames."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd


def text_of(keys: pd.Series, table: pd.Series) -> pd.Series:
    """The text that `table` has for each key, "" where it has none; a text column even where nothing is found."""
    return keys.map(table).astype("str").fillna("")
