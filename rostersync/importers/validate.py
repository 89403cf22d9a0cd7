"""A delivery checked for itself, without a state (`rostersync validate`)."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from rostersync.importers.oneroster import read
from rostersync.importers.references import resolve
from rostersync.importers.strict import check

if TYPE_CHECKING:
    import polars as pl

    from rostersync.model.delivery import Delivery

_PLACE = ["file", "line", "column", "code", "value"]


def validate(delivery: Delivery, *, region: str, encoding: str, today: date, strict: bool) -> pl.DataFrame:
    """What is wrong with `delivery`, as a findings frame; references have to resolve in the files alone.

    With `strict` also every way in which it is not what the whole specification says, as errors.

    Raises:
        ImportRefused: a sync would refuse the delivery (policies.md R-V1, R-V6).
    """
    import polars as pl

    roster = read(delivery, region=region, encoding=encoding, today=today)
    users = roster.modes.get("users") != "bulk"
    classes = roster.modes.get("classes") != "bulk"
    roster = resolve(roster, _Anything() if users else (), _Anything() if classes else ())
    if not strict:
        return roster.findings
    found = pl.concat([check(delivery, roster.version, encoding), roster.findings])
    found = found.unique(_PLACE, keep="first", maintain_order=True)
    return found.sort("severity", "file", "line", "code", "column", "id", "value", nulls_last=True)


class _Anything:
    """Stands for what a file would have said that is absent or tells changes only: nobody can tell here."""

    def __contains__(self, item: object) -> bool:
        return True
