"""The option that lets one run past the guards."""

from __future__ import annotations

from typing import Annotated

import typer

OverrideOption = Annotated[
    list[str] | None,
    typer.Option(
        "--override-guards",
        metavar="WHAT",
        help="Let this run through a guard: all, a kind (students, guardians, staff, classes, enrollments, "
        "guardianships, contacts) or KIND@SCHOOL-ID. May be given several times.",
    ),
]
