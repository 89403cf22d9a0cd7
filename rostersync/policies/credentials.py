"""Who gets an e-mail or a mobile that several want (policies.md R-U5, R-C1 to R-C4)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rostersync.model.night import ACCOUNT_CONTACTS, SIS_CONTACTS
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
    table = _with_dependents(table)
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
    An account that a guard holds has both its present value and what it wants.
    """
    import numpy as np
    import pandas as pd

    present = table[credential]
    want, wants, wanted, held = _claims(table, credential)
    winner, others = _winners(table, wants, wanted, held, (table["guard"] > 0).to_numpy())
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


def _claims(table: pd.DataFrame, credential: str) -> tuple[pd.Series, np.ndarray, np.ndarray, np.ndarray]:
    """What every account wants, whether it wants any, and the wanted and the present values as numbers.

    As numbers, since comparing texts again and again is what costs in a large district.
    """
    import pandas as pd

    present = table[credential]
    want = table[f"sis_{credential}"].where(table["follows"], "").mask(table["keeps"], present)
    codes, _ = pd.factorize(pd.concat([want, present], ignore_index=True))
    return want, (want != "").to_numpy(), codes[: len(table)], codes[len(table) :]


def _winners(
    table: pd.DataFrame, wants: np.ndarray, wanted: np.ndarray, held: np.ndarray, guarded: np.ndarray
) -> tuple[np.ndarray, pd.Series]:
    """Per value (as a number) the row that gets it, -1 for none; and what `_contested` says of those for none.

    `guarded` rows keep what they have.
    """
    import numpy as np

    claims = np.flatnonzero(wants)
    values = wanted[claims]
    keeping = np.flatnonzero(guarded)
    claims, values = np.append(claims, keeping), np.append(values, held[keeping])
    stays = np.arange(len(claims)) >= len(claims) - len(keeping)
    rank, lead = table["rank"].to_numpy()[claims], table["lead_at"].to_numpy()[claims]
    order = np.lexsort((lead, rank, wanted[claims] != held[claims], ~stays, values))
    claims, values = claims[order], values[order]
    first = np.append(True, np.diff(values) != 0)[: len(claims)].astype(bool)
    winner = np.full(2 * len(table) + 1, -1)
    winner[values[first]] = claims[first]
    others = _contested(table, claims, first, held[claims] == values)
    winner[wanted[table.index.get_indexer(others.index)]] = -1
    return winner, others


def _with_dependents(table: pd.DataFrame) -> pd.DataFrame:
    """R-D5: an account that would get what a held one keeps is held with it, and whoever waits for that one too."""
    import numpy as np

    guard = table["guard"].to_numpy(copy=True)
    if not guard.any():
        return table
    known = (table["account_id"] > 0).to_numpy()
    claims = [_claims(table, credential)[1:] for credential in CREDENTIALS]
    nobody = np.zeros(len(table), dtype=bool)
    plain = [_winners(table, *claim, nobody)[0] for claim in claims]
    rows = np.arange(len(table))
    while True:
        before = guard.copy()
        for (wants, wanted, held), unheld in zip(claims, plain, strict=True):
            winner, _ = _winners(table, wants, wanted, held, guard > 0)
            waits = known & (guard == 0) & wants & (unheld[wanted] == rows) & (winner[wanted] != rows)
            guard[waits] = guard[winner[wanted[waits]]]
        if (guard == before).all():
            return table.assign(guard=guard)


def hold_contacts(users: pd.DataFrame, table: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """R-D5: accounts that a guard holds keep their platform values, and their known records the base of their contacts.

    What they want was reserved for them by `resolve`.
    """
    held = table["guard"] > 0
    if not held.any():
        return users, table
    kept = users["account_id"].isin(table.loc[held, "account_id"]) & users["known"]
    names = [*SIS_CONTACTS, "mobile", "phone"]
    users = users.assign(**{f"to_{name}": users[f"to_{name}"].mask(kept, users[f"sis_{name}"]) for name in names})
    lead = users.iloc[table["lead_at"].to_numpy()].set_axis(table.index)
    values = {f"to_{name}": table[f"to_{name}"].mask(held, table[name]) for name in ACCOUNT_CONTACTS}
    values |= {f"sis_{name}": table[f"sis_{name}"].mask(held, lead[f"to_{name}"]) for name in ACCOUNT_CONTACTS}
    for name in CREDENTIALS:
        values[f"blank_kept_{name}"] = table[f"blank_kept_{name}"] & ~held
        values[f"taken_{name}"] = table[f"taken_{name}"].mask(held, "")
    return users, table.assign(**values)


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
