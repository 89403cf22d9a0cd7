"""The messages of a night with their texts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rostersync.messages.loading import NAMES, Templates
from rostersync.messages.variables import ContactChange, variables

if TYPE_CHECKING:
    import pandas as pd


def with_texts(messages: pd.DataFrame, templates: Templates, district: str) -> pd.DataFrame:
    """`messages` as the rules queue them, with `subject` ("" for an SMS) and `body`.

    Raises:
        ConfigurationError: a template fails on one of them.
    """
    fields = list(ContactChange._fields)
    subjects, bodies = [], []
    for template, *values in zip(messages["template"], *(messages[field] for field in fields), strict=True):
        change = ContactChange(*values)
        known = variables(change, district)
        start = f"{template}.{change.channel}"
        subject = f"{start}.subject.j2"
        # A subject is one line, whatever the template makes of it.
        subjects.append(" ".join(templates.render(subject, known).split()) if subject in NAMES else "")
        bodies.append(templates.render(f"{start}.txt.j2", known))
    texts = messages.assign(subject=subjects, body=bodies)
    return texts.astype({"subject": "str", "body": "str"})
