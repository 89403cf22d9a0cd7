"""Which number is the mobile, and which the home phone (policies.md, *Contact details*)."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

EXTENSION = " ext. "
"""Marks a number with an extension: it is no mobile."""


def mobile_and_phone(sms: pd.Series, telephone: pd.Series, phone_credential: pd.Series) -> tuple[pd.Series, pd.Series]:
    """The mobile (a credential) and the home phone that a person's `sms` and `phone` columns give.

    Where the SIS column `phone` serves as the mobile, there is no home phone.
    """
    landline_only = telephone.str.contains(EXTENSION, regex=False)
    may_serve = telephone.mask(landline_only, "")
    serves = (phone_credential == "phone") | ((phone_credential == "sms-then-phone") & (sms == ""))
    serves &= may_serve != ""
    mobile = sms.mask(phone_credential == "phone", "").mask(serves, may_serve)
    return mobile, telephone.mask(serves, "")
