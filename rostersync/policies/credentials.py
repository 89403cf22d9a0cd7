"""Who gets an e-mail or a mobile that several want (policies.md R-U5, R-C1 to R-C4)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rostersync.policies.people import GUARDIAN

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

CREDENTIALS = ("email", "mobile")
_NAMED = 3  # other claimants that a note names; a school's own number may stand at hundreds of people


def resolve(table: pd.DataFrame) -> pd.DataFrame:
    """`table` (as `accounts.lead_accounts` gives it) with the credentials that every account ends up with.

    Adds per credential X: `want_X` ("" for none), `to_X`, `taken_X` (id of the record whose account has the wanted
    value, or of those who want it as well where nobody gets it; "" where it was granted), `contested_X` (bool: nobody
    gets it, R-C3), `blank_kept_X` (bool). Adds `withheld` (bool): a new guardian who would hold no credential (R-C1);
    students and staff are added without one (R-C4). Adds `beside_withheld` (bool): contested with a withheld
    guardian, whose row nothing remembers: when it goes, the value is free.
    """
    for credential in CREDENTIALS:
        table = _grant(table, credential)
    table = _clear_blanks(table)
    nothing = (table["to_email"] == "") & (table["to_mobile"] == "")
    table = table.assign(withheld=(table["account_id"] < 0) & (table["kind"] == GUARDIAN) & nothing)
    beside = table["withheld"] & False
    for name in CREDENTIALS:
        contested = table[f"contested_{name}"]
        beside |= contested & table[f"want_{name}"].isin(table.loc[contested & table["withheld"], f"want_{name}"])
    return table.assign(beside_withheld=beside)


def _grant(table: pd.DataFrame, credential: str) -> pd.DataFrame:
    """R-C2: a value goes to who holds it and still wants it; then staff, guardian, student; then sourcedId order.

    R-C3: where nobody holds and still wants it, several of the first of these kinds want it, and one of them is
    strict, it goes to none. The others go without it, and keep their present value where nobody else gets that one.
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
    others = _contested(table, claims, first, (wanted == held)[claims])
    winner = np.full(len(codes) + 1, -1)
    winner[wanted[claims[first]]] = claims[first]
    winner[wanted[table.index.get_indexer(others.index)]] = -1
    granted = wants & (winner[wanted] == np.arange(len(table)))
    lost = wants & ~granted
    stays = (present != "").to_numpy() & (winner[held] == -1)
    holder = table["lead"].take(np.where(lost, winner[wanted], 0)).set_axis(table.index).where(lost, "")
    holder.loc[others.index] = others
    columns = {
        f"want_{credential}": want,
        f"taken_{credential}": holder,
        f"contested_{credential}": pd.Series(table.index.isin(others.index), index=table.index),
        f"to_{credential}": want.where(granted, present.where(stays & ~granted, "")),
    }
    return table.assign(**columns)


def _contested(table: pd.DataFrame, claims: np.ndarray, first: np.ndarray, holds: np.ndarray) -> pd.Series:
    """R-C3: by row of `table` who else wants a value that nobody gets: ids, a few of many.

    `claims` are rows of `table`, all of one value together, the best first; `first` marks the first of each value,
    `holds` who holds the value that they want.
    """
    import numpy as np
    import pandas as pd

    if not table["strict"].any() or not len(claims):
        return pd.Series(dtype="str")
    value = np.cumsum(first) - 1
    rank = table["rank"].to_numpy()[claims]
    leading = rank == rank[first][value]
    leaders = np.bincount(value, weights=leading).astype(int)
    strict = np.bincount(value, weights=leading & table["strict"].to_numpy(dtype=bool)[claims]) > 0
    contested = ((leaders > 1) & strict & ~holds[first])[value]
    start = np.flatnonzero(first)[value]
    told = pd.DataFrame(
        {"start": start, "place": np.arange(len(claims)) - start, "leads": leading, "leaders": leaders[value]}
    )
    names = _others(told[contested], table["lead"].iloc[claims].reset_index(drop=True))
    return names.set_axis(table.index[claims[contested]])


def _others(claims: pd.DataFrame, leads: pd.Series) -> pd.Series:
    """The other leading claimants of each claim as a text: the first few, and how many more.

    `claims`: `start` (where the claims of this value begin in `leads`), `place` among them, `leads` (bool),
    `leaders` (how many lead; they stand in front).
    """
    import pandas as pd

    names = pd.Series("", index=claims.index, dtype="str")
    for number in range(_NAMED):
        other = number + (claims["leads"] & (claims["place"] <= number)).astype(int)
        there = other < claims["leaders"]
        found = leads.take((claims["start"] + other.where(there, 0)).to_numpy()).set_axis(claims.index)
        names = names + ((", " if number else "") + found).where(there, "")
    more = claims["leaders"] - claims["leads"].astype(int) - _NAMED
    return names + (" and " + more.astype("str") + " more").where(more > 0, "")


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
