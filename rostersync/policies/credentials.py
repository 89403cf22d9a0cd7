"""Who gets an e-mail or a mobile that several want (policies.md R-U5, R-C1, R-C2, R-C4)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rostersync.policies.people import GUARDIAN

if TYPE_CHECKING:
    import pandas as pd

CREDENTIALS = ("email", "mobile")


def resolve(table: pd.DataFrame) -> pd.DataFrame:
    """`table` (as `accounts.lead_accounts` gives it) with the credentials that every account ends up with.

    Adds per credential X: `want_X` ("" for none), `to_X`, `taken_X` (id of the record whose account has the wanted
    value, "" where it was granted), `blank_kept_X` (bool). Adds `withheld` (bool): a new guardian who would hold no
    credential (R-C1); students and staff are added without one (R-C4).
    """
    for credential in CREDENTIALS:
        table = _grant(table, credential)
    table = _clear_blanks(table)
    nothing = (table["to_email"] == "") & (table["to_mobile"] == "")
    return table.assign(withheld=(table["account_id"] < 0) & (table["kind"] == GUARDIAN) & nothing)


def _grant(table: pd.DataFrame, credential: str) -> pd.DataFrame:
    """R-C2: a value goes to who holds it and still wants it; then staff, guardian, student; then sourcedId order.

    The others go without it, and keep their present value where nobody else gets that one.
    """
    import numpy as np
    import pandas as pd

    present = table[credential]
    want = table[f"sis_{credential}"].where(table["follows"], "").mask(table["keeps"], present)
    # Values as numbers: comparing texts again and again is what costs in a large district.
    codes, _ = pd.factorize(pd.concat([want, present], ignore_index=True))
    wanted, held = codes[: len(table)], codes[len(table) :]
    wants = (want != "").to_numpy()
    claims = np.flatnonzero(wants)
    rank, lead = table["rank"].to_numpy()[claims], table["lead_at"].to_numpy()[claims]
    order = np.lexsort((lead, rank, (wanted != held)[claims], wanted[claims]))
    claims = claims[order]
    first = np.append(True, np.diff(wanted[claims]) != 0)[: len(claims)].astype(bool)
    winner = np.full(len(codes) + 1, -1)
    winner[wanted[claims[first]]] = claims[first]
    granted = wants & (winner[wanted] == np.arange(len(table)))
    lost = wants & ~granted
    stays = (present != "").to_numpy() & (winner[held] == -1)
    holder = table["lead"].take(np.where(lost, winner[wanted], 0)).set_axis(table.index)
    return table.assign(
        **{
            f"want_{credential}": want,
            f"taken_{credential}": holder.where(lost, ""),
            f"to_{credential}": want.where(granted, present.where(stays & ~granted, "")),
        }
    )


def _clear_blanks(table: pd.DataFrame) -> pd.DataFrame:
    """R-U5: a blank SIS value clears a credential only while the account holds the other one afterwards."""
    blank = {
        name: table["follows"] & (table[f"sis_{name}"] == "") & (table[f"to_{name}"] != "") for name in CREDENTIALS
    }
    both_blank = (table["sis_email"] == "") & (table["sis_mobile"] == "")
    cleared = {
        "email": blank["email"] & ~both_blank & (table["to_mobile"] != ""),
        "mobile": blank["mobile"] & ~both_blank & (table["to_email"] != ""),
    }
    for name in CREDENTIALS:
        table = table.assign(
            **{
                f"to_{name}": table[f"to_{name}"].mask(cleared[name], ""),
                f"blank_kept_{name}": blank[name] & ~cleared[name],
            }
        )
    return table


def platform_values(table: pd.DataFrame) -> pd.DataFrame:
    """`table` with `to_given_name`, `to_family_name`, `to_phone`: the SIS values where the account follows them.

    R-U2, R-U3, R-U4: an active account with the lock off, and one that no record of tonight leads, keeps its own.
    """
    return table.assign(
        **{
            f"to_{name}": table[f"sis_{name}"].where(table["follows"], table[name])
            for name in ("given_name", "family_name", "phone")
        }
    )
