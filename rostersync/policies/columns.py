"""Small operations on columns of the rules' frames."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd


def joined(columns: Iterable[pd.Series], separator: str) -> pd.Series:
    """The texts of several columns row by row, with a separator between them."""
    first, *others = columns
    for other in others:
        first = first + separator + other
    return first


def by_value(texts: pd.Series, answer: Callable[[pd.Series], pd.Series]) -> pd.Series:
    """What `answer` gives for each text, asked once per distinct one: for columns in which few of them occur."""
    import pandas as pd

    places, distinct = pd.factorize(texts)
    return answer(pd.Series(distinct, dtype="str")).take(places).set_axis(texts.index)


def among(texts: pd.Series, wanted: pd.Series) -> pd.Series:
    """Which of these texts are among the wanted ones; pandas' own `isin` turns those into Python values one by one."""
    import pandas as pd
    import polars as pl

    found = pl.from_pandas(texts).cast(pl.String).is_in(pl.from_pandas(wanted).cast(pl.String).implode())
    return pd.Series(found.fill_null(value=False).to_numpy(), index=texts.index)


def text_of(keys: pd.Series, table: pd.Series) -> pd.Series:
    """The text that `table` has for each key, "" where it has none; a text column even where nothing is found."""
    return keys.map(table).astype("str").fillna("")
