"""Rows that the last applied import had as well are recognised by their lines, and not read again.

A line that is the same to the letter, under the same header and the same settings, is the same row: only the lines
that are new are read, and of the others those that a rule asks for. A line of which anything had to be said is never
recognised, so that it is said again. Whatever only a whole reading could tell raises Doubt.
"""

from __future__ import annotations

import json
import time
from collections.abc import Collection
from concurrent.futures import CancelledError
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING

from rostersync import __version__
from rostersync.importers.enrollments import enrollments_of
from rostersync.importers.finding_list import FindingList
from rostersync.importers.layouts import CLASSES, ENROLLMENTS, USERS
from rostersync.importers.orgs import known_ids
from rostersync.importers.users import users_of
from rostersync.model.roster import Texts
from rostersync.model.snapshot import Doubt, Snapshot, hashed

if TYPE_CHECKING:
    import polars as pl

    from rostersync.importers.package import Package
    from rostersync.importers.tables import OpenTable, Table

_KEY = ["class_id", "user_id", "role"]
_A_MOMENT = 0.002  # seconds


def read_as(package: Package, org_ids: pl.Series | None) -> str:
    """What besides its line decides how a row of users.csv and enrollments.csv is read, and what is said of it.

    "" where rows cannot be recognised: in delta files, and in 1.2, where other files tell of a user as well.
    """
    import phonenumbers

    modes = {package.mode(layout) for layout in (USERS, CLASSES, ENROLLMENTS)}
    if package.version != "1.1" or modes != {"bulk"}:
        return ""
    orgs = None if org_ids is None else org_ids.unique().sort().to_list()
    headers = [package.headers[layout.file.lower()] for layout in (USERS, ENROLLMENTS)]
    return json.dumps([__version__, phonenumbers.__version__, headers, orgs])


def recognisable(table: Table) -> Texts | None:
    """The lines of a file by which its rows can be recognised on another night, as far as the rows alone tell."""
    import polars as pl

    if table.texts is None:
        return None
    rows = table.rows
    odd = [rows.filter(pl.col("status").is_not_null())["line"], table.rejected["line"]]
    ids = rows["sourced_id"]
    if ids.drop_nulls().hash().n_unique() != ids.len() - ids.null_count():
        odd.append(rows.filter(pl.col("sourced_id").is_duplicated())["line"])
    return table.texts.without(pl.concat(odd))


class _File:
    """One file's lines beside the rows of the snapshot: `kept` marks rows that are recognised, `fresh` other lines.

    Raises:
        Doubt: a line that is there twice, a new one that is not a row by itself, or a last row that may be cut.
    """

    def __init__(self, opened: OpenTable, rows: pl.DataFrame, seed: int) -> None:
        if opened.may_be_cut:
            raise Doubt
        self._opened, self._rows = opened, rows
        opened.text.give_up_bytes()
        self.texts = opened.text.texts(seed)
        hashes, known = self.texts.hashes, rows["text"]
        self.kept = known.is_in(hashes.implode()).fill_null(value=False)
        here = hashes.is_in(known.drop_nulls().implode()).fill_null(value=False)
        self.fresh = ~here
        if self.kept.sum() != here.sum() or hashes.filter(self.fresh).null_count():
            raise Doubt

    def read_too(self, rows: pl.Series) -> bool:
        """Read these rows of the snapshot again, although they could be recognised; whether there are any."""
        again = self.kept & rows
        if not again.any():
            return False
        self.fresh |= self._lines(again)
        self.kept &= ~again
        return True

    def read(self, findings: FindingList) -> Table:
        """The lines that are not recognised."""
        table = self._opened.read(findings, self.fresh)
        return replace(table, count=table.count + int(self.kept.sum()), texts=self.texts)

    def read_kept(self, rows: pl.Series) -> Table:
        """The lines of recognised rows.

        Raises:
            Doubt: there is something to be said of them.
        """
        findings = FindingList()
        table = self._opened.read(findings, self._lines(rows & self.kept))
        if not findings.is_empty:
            raise Doubt
        return table

    def give_up_lines(self) -> None:
        """Frees their memory; the file is read again by whoever asks for some once more."""
        self._opened.text.give_up_lines()

    def _lines(self, rows: pl.Series) -> pl.Series:
        texts = self._rows["text"].filter(rows)
        return self.texts.hashes.is_in(texts.implode()).fill_null(value=False)


class Recognising:
    """Reads users.csv and enrollments.csv of a delivery beside `before`, the snapshot of the last applied import."""

    def __init__(self, before: Snapshot, region: str, today: date) -> None:
        self.before, self._region, self._today = before, region, today
        self._known: tuple[pl.Series, pl.Series] | None = None
        self._given_up = False

    def users(self, opened: OpenTable, findings: FindingList) -> Table:
        """The users who are not recognised, those of whom there is another row, and those who name an unknown one.

        Raises:
            Doubt: see `_File`.
        """
        import polars as pl

        rows, agents, seed = self.before.users, self.before.agents, self.before.seed
        self._users = _File(opened, rows, seed)
        said = FindingList()
        table = self._users.read(said)
        ids, kept = hashed(known_ids(table), seed), rows["key"].filter(self._users.kept)
        known = pl.concat([ids, kept])
        naming = agents.filter(~pl.col("agent").is_in(known.implode()))["key"]
        if self._users.read_too(rows["key"].is_in(pl.concat([naming, ids]).implode())):
            said = FindingList()
            table = self._users.read(said)
        findings.take(said)
        return table

    def known_users(self, table: Table) -> pl.Series:
        """The sourcedIds of users.csv, of which `table` was read."""
        import polars as pl

        return pl.concat([known_ids(table), self.before.users["id"].filter(self._users.kept)])

    def tell(self, users: pl.Series | None, classes: pl.Series | None) -> None:
        """The sourcedIds that the files have: `enrollments` waits for them. None: there will not be any."""
        if users is None or classes is None:
            self.give_up()
        else:
            self._known = (hashed(users, self.before.seed), hashed(classes, self.before.seed))

    def give_up(self) -> None:
        """Nothing more will be told."""
        self._given_up = True

    def _told(self) -> tuple[pl.Series, pl.Series]:
        """Hashes of the sourcedIds of users and classes, once they are known.

        Looked for rather than waited for: a signal can end the other thread at any place, in a lock's code as well.
        """
        while self._known is None:
            if self._given_up:
                raise CancelledError
            time.sleep(_A_MOMENT)
        return self._known

    def enrollments(self, opened: OpenTable, findings: FindingList) -> Table:
        """The enrollments that are not recognised, those of unknown users and classes, and those that have ended.

        And those of whose sourcedId, or of whose class, user and role, there is another row.

        Raises:
            Doubt: see `_File`.
            CancelledError: the reading of the other files failed.
        """
        import polars as pl

        rows, seed = self.before.enrollments, self.before.seed
        self._enrollments = _File(opened, rows, seed)
        self._user_keys, self._class_keys = hashed(rows["user_id"], seed), hashed(rows["class_id"], seed)
        users, classes = self._told()
        unknown = ~self._user_keys.is_in(users.implode()) | ~self._class_keys.is_in(classes.implode())
        self._enrollments.read_too(unknown | (rows["ends"] <= self._today).fill_null(value=False))
        said = FindingList()
        table = self._enrollments.read(said)
        ids = pl.concat([table.rows["sourced_id"], table.rejected["sourced_id"]]).drop_nulls()
        members = table.rows.select("class_id", "user_id", pl.col("role").str.to_lowercase()).hash_rows(seed=seed)
        doubles = rows["sourced"].is_in(hashed(ids, seed).implode()).fill_null(value=False)
        if self._enrollments.read_too(doubles | rows["key"].is_in(members.implode())):
            said = FindingList()
            table = self._enrollments.read(said)
        findings.take(said)
        return table

    def unread(self) -> UnreadRows:
        """The rows that were recognised."""
        return UnreadRows(self.before, self._users, self._enrollments, self._user_keys, self._class_keys, self._region)


class UnreadRows:
    """Rows that were recognised; see model.roster.Unread. What was read once is kept."""

    def __init__(
        self,
        before: Snapshot,
        users: _File,
        enrollments: _File,
        user_keys: pl.Series,
        class_keys: pl.Series,
        region: str,
    ) -> None:
        self._before, self._region = before, region
        self._users, self._enrollments = users, enrollments
        self._files = {"users": users, "enrollments": enrollments}
        self._user_keys, self._class_keys = user_keys, class_keys
        self._read, self._read_members = users.kept & False, enrollments.kept & False  # rows of the snapshot
        self._read_users: pl.DataFrame | None = None
        self._read_enrollments: pl.DataFrame | None = None

    def give_up_lines(self, table: str) -> None:
        """Frees the memory of a file's lines: most of what is asked for from now on was read before."""
        self._files[table].give_up_lines()

    def kept(self, table: str) -> pl.Series:
        """Which rows of a table of the snapshot they are."""
        return self._files[table].kept

    def user_ids(self) -> pl.Series:
        """The sourcedIds of all users among them."""
        return self._before.users["id"].filter(self._users.kept)

    def users(self, ids: Collection[str]) -> pl.DataFrame:
        """USER_COLUMNS of the users with these sourcedIds."""
        import polars as pl

        return self._with_keys(self._hashed(ids)).filter(pl.col("sourced_id").is_in(_texts(ids).implode()))

    def users_naming(self, ids: Collection[str]) -> pl.DataFrame:
        """USER_COLUMNS of the users with these sourcedIds, and of those who name one of them as an agent."""
        import polars as pl

        keys, agents = self._hashed(ids), self._before.agents
        naming = agents.filter(pl.col("agent").is_in(keys.implode()))["key"]
        return self._with_keys(pl.concat([keys, naming]))

    def enrollments(self, users: Collection[str], classes: Collection[str]) -> pl.DataFrame:
        """ENROLLMENT_COLUMNS of the enrollments of these users and in these classes."""
        import polars as pl

        of_users = self._user_keys.is_in(self._hashed(users).implode())
        in_classes = self._class_keys.is_in(self._hashed(classes).implode())
        wanted = (of_users | in_classes) & self._enrollments.kept
        new = wanted & ~self._read_members
        if self._read_enrollments is None or new.any():
            rows = enrollments_of(self._enrollments.read_kept(new), FindingList()).rows
            before = [] if self._read_enrollments is None else [self._read_enrollments]
            self._read_enrollments, self._read_members = pl.concat([*before, rows]), self._read_members | new
        found = self._read_enrollments
        by_user = pl.col("user_id").is_in(_texts(users).implode())
        return found.filter(by_user | pl.col("class_id").is_in(_texts(classes).implode()))

    def enrollments_there(self, ids: pl.Series) -> pl.Series:
        """Which of these names of enrollments (model/waiting.py) are among them."""
        import polars as pl

        rows, kept, keys = self._before.enrollments, self._enrollments.kept, hashed(ids, self._before.seed)
        named = rows["sourced"].filter(kept & rows["sourced"].is_in(keys.implode()))
        nameless = rows.filter(kept & rows["sourced"].is_null()).select(pl.concat_str(_KEY, separator=" "))
        return ids.filter(keys.is_in(named.implode()) | ids.is_in(nameless.to_series().implode()))

    def next_end(self, today: date) -> date | None:
        """The next day after `today` on which an enrollment among them ends."""
        ends = self._before.enrollments["ends"].filter(self._enrollments.kept)
        found = ends.filter(ends > today).min()
        return found if isinstance(found, date) else None

    def _with_keys(self, keys: pl.Series) -> pl.DataFrame:
        """USER_COLUMNS of the users whose sourcedId has one of these hashes."""
        import polars as pl

        wanted = self._before.users["key"].is_in(keys.implode()) & self._users.kept
        new = wanted & ~self._read
        if self._read_users is None or new.any():
            findings = FindingList()
            rows = users_of(self._users.read_kept(new), None, None, self._region, findings).users
            if not findings.is_empty:
                raise Doubt
            before = [] if self._read_users is None else [self._read_users]
            self._read_users, self._read = pl.concat([*before, rows]), self._read | new
        return self._read_users.filter(hashed(self._read_users["sourced_id"], self._before.seed).is_in(keys.implode()))

    def _hashed(self, ids: Collection[str]) -> pl.Series:
        return hashed(_texts(ids), self._before.seed)


def _texts(ids: Collection[str]) -> pl.Series:
    import polars as pl

    return pl.Series(list(ids), dtype=pl.String)
