"""`rostersync forget`: erases a person who left."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from rostersync.commands import invocation, output
from rostersync.commands.output import Format, FormatOption
from rostersync.errors import ConfigurationError

if TYPE_CHECKING:
    from rostersync.model.forgotten import Forgotten

COLUMNS = ("where", "erased")
OUTSIDE = (
    "Not reached: plan files (--out), listings and reports that lie elsewhere, support bundles, files that the SIS "
    "still has, and copies of all these."
)


def forget(
    context: typer.Context,
    user: Annotated[str, typer.Argument(metavar="ID", help="The id of somebody who is archived or removed.")],
    yes: Annotated[bool, typer.Option("--yes", help="Erase without asking.")] = False,
    chosen: FormatOption = Format.TABLE,
) -> None:
    """Erase a person who left.

    Their records, account, history, messages and what reports say of them go for good, also of other records on the
    same account; that it was done, when and for which id stays. Who is current is refused (exit code 7).
    """
    from rostersync import forgetting

    settings = invocation.of(context).settings()
    person = forgetting.look_up(settings, user)
    if person is not None and not (yes or _confirmed(person.ids)):
        raise ConfigurationError(f"{user} was not forgotten; nothing was changed; say yes, or give --yes")
    done = forgetting.forget(settings, user)
    output.listing(_rows(done), COLUMNS, chosen)
    if done.before is not None:
        output.said(f"{user} had been forgotten at {done.before}; the file was cleared of old pages again.")
    if done.copies:
        output.said(f"Copies, unfinished work and plans that may still hold them: {', '.join(map(str, done.copies))}")
    output.said(OUTSIDE)


def _confirmed(ids: tuple[str, ...]) -> bool:
    try:
        return typer.confirm(f"Erase {', '.join(ids)} for good?", default=False, err=True)
    except typer.Abort:
        return False  # nobody there to answer


def _rows(done: Forgotten) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = [{"where": table, "erased": count} for table, count in done.rows.items()]
    rows += [{"where": f"report {run_id}, written again", "erased": None} for run_id in done.rewritten]
    rows += [
        {"where": f"report {run_id}, removed: the state cannot write it again", "erased": None}
        for run_id in done.removed
    ]
    return rows
