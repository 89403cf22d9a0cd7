"""Whom a changed credential is told (policies.md R-U4)."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

CONTACT_UPDATED = "contact-updated"


def contact_messages(table: pd.DataFrame) -> pd.DataFrame:
    """Messages to queue: `user_id`, `channel` (email, sms), `template`, `address`; and what they are about.

    That is `given_name` and `family_name` of the account, `email_before`, `email_after`, `mobile_before`,
    `mobile_after`.

    An active account whose e-mail or mobile the sync changes is told at its e-mail, the old and the new one; where
    it has no e-mail afterwards, by SMS at its mobile, the old and the new one (and at an e-mail that it lost).
    """
    import pandas as pd

    changed = ~table["new"] & (table["state"] == "active")
    changed &= (table["email"] != table["to_email"]) | (table["mobile"] != table["to_mobile"])
    told = table[changed]
    without = told[told["to_email"] == ""]
    addresses = pd.concat(
        [
            pd.DataFrame({"user_id": part["lead"], "channel": channel, "address": part[column], **_told_of(part)})
            for part, channel, column in (
                (told, "email", "email"),
                (told, "email", "to_email"),
                (without, "sms", "mobile"),
                (without, "sms", "to_mobile"),
            )
        ]
    )
    addresses = addresses[addresses["address"] != ""].drop_duplicates(["user_id", "address"])
    addresses.insert(2, "template", CONTACT_UPDATED)
    return addresses.sort_values(["user_id", "channel", "address"]).reset_index(drop=True)


def _told_of(accounts: pd.DataFrame) -> dict[str, pd.Series]:
    return {
        "given_name": accounts["to_given_name"],
        "family_name": accounts["to_family_name"],
        "email_before": accounts["email"],
        "email_after": accounts["to_email"],
        "mobile_before": accounts["mobile"],
        "mobile_after": accounts["to_mobile"],
    }
