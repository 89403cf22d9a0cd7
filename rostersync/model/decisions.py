"""What the rules decided: the frames of the night with what becomes of every record (policies.md)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Decisions:
    """Frames of `model.night.Night`, each with columns that begin with `to`: what is after this sync.

    - `users`, those who were reached: `to_status` ("" for who is not in the state afterwards), `status_code`, `to_X`
      for the SIS values, `account_id`, `same_as`, `kind`, `in_import`, `managed`, `by_waiting` (to be looked at
      tomorrow too), `to_family_left`, `taken_email`, `taken_mobile` of withheld guardians.
    - `people`: `id` and `to_school_ids` of everybody in scope, those who only stand by among them.
    - `accounts`, one row per account in scope: stored values, `to_X`, `lead`, `new`, `taken_X`, `blank_kept_X`,
      `follows`, `free`, `to_disabled`.
    - `pairs`: `to`, `code`. `classes`: `to_status`, `status_code`, `title_kept`, `to_X`. `enrollments`: `to`,
      `to_origin`, `to_ended_with_person`, `code`, `waits`, `to_X`.
    - `guard` in all but `people` and `messages`: number of the note of the guard that holds it, else 0.
    - `messages`: `user_id`, `channel`, `template`, `address`, what they are about (`policies.messages`), and in a plan
      their texts: `subject`, `body`.
    """

    users: pd.DataFrame
    people: pd.DataFrame
    accounts: pd.DataFrame
    pairs: pd.DataFrame
    classes: pd.DataFrame
    enrollments: pd.DataFrame
    messages: pd.DataFrame
