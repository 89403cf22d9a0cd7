"""Tonight's delivery as the rules take it: fetched, read, resolved against the state, cut to the included schools."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from rostersync.errors import ConfigurationError
from rostersync.model.delivery import Delivery, Listing
from rostersync.model.night import ENROLLMENT_KEY
from rostersync.model.roster import Roster
from rostersync.model.snapshot import Doubt
from rostersync.settings import Settings
from rostersync.settings.overrides import NO_OVERRIDES, Overrides

if TYPE_CHECKING:
    import polars as pl

    from rostersync.importers.include import Base
    from rostersync.model.completeness import DeliveryFacts, LastRows, Verdict
    from rostersync.model.snapshot import Snapshot
    from rostersync.sources.interface import Progress
    from rostersync.state.reader import StateReader


def fetch(
    settings: Settings, source: Path | None, progress: Progress | None, known: Listing | None = None
) -> AbstractContextManager[Delivery]:
    """The staged delivery of the configured source, or of a folder or zip given by hand.

    Where a server still has just the files of `known`, none is fetched.
    """
    from rostersync import sources

    staging = settings.state.path.with_name(settings.state.path.name + ".staging")
    if source is not None:
        return sources.fetch_path(source, staging=staging, progress=progress)
    return sources.fetch(settings.source, staging=staging, progress=progress, known=known)


def shown_source(settings: Settings, given: Path | None) -> str:
    """The configured source, or the one given by hand, as people know it, before anything was fetched."""
    if given is not None:
        return str(given)
    source = settings.source
    if source.kind == "sftp":
        return f"sftp://{source.username}@{source.host}:{source.port}/{(source.path or '').lstrip('/')}"
    return str(source.path)


def may_recognise(settings: Settings, overrides: Overrides, meta: Mapping[str, str]) -> bool:
    """Whether rows of the last applied import may be recognised: the same settings, and nothing that needs all rows."""
    return (
        meta.get("settings_digest") == settings.digest() and not settings.schools.include and overrides == NO_OVERRIDES
    )


def read(
    settings: Settings,
    delivery: Delivery,
    state: StateReader,
    today: date,
    overrides: Overrides = NO_OVERRIDES,
    *,
    seed: int | None = None,
    before: Snapshot | None = None,
) -> Roster:
    """The roster of tonight; `overrides` are what `--override-guards` lets through.

    With `seed` its rows can be recognised on another night; with `before` those of the last applied import are.

    Raises:
        Doubt: with `before`, where only a reading of the files as a whole can tell.
        ImportRefused: the delivery as a whole cannot be used (policies.md R-V1, R-V5, R-V6, R-D3, R-D7).
        ConfigurationError: a school of `[policy.schools]` that neither import nor state knows.
    """
    from rostersync.importers import absent_roles, limits, oneroster, overlay, references
    from rostersync.importers.chain import BASED_ON, refuse_without_base
    from rostersync.importers.include import include_schools
    from rostersync.model.completeness import LAST_DELIVERIES, deliveries_of
    from rostersync.policies.completeness import newly_unended
    from rostersync.scope.families import named_pairs
    from rostersync.state.last_import import last_import

    last = functools.cache(lambda: last_import(state))
    last_nights = deliveries_of(state.meta().get(LAST_DELIVERIES))
    unended = frozenset() if overrides.everything else newly_unended(delivery_facts(delivery), last_nights)
    with ThreadPoolExecutor(1, thread_name_prefix="current users") as beside:
        current = None if before else beside.submit(state.current_users, guardians=_all_managed(settings))
        roster = oneroster.read(
            delivery,
            region=settings.district.region,
            encoding=settings.source.encoding,
            today=today,
            last=last,
            seed=seed,
            before=before,
            unended=unended,
        )
    meta = state.meta()
    since = state.runs_since(meta.get(BASED_ON, ""))
    refuse_without_base(delivery, roster.modes, meta, since, settings.schools.include)
    if overlay.is_laid_over(roster.modes):
        roster = dataclasses.replace(overlay.lay_over(roster, last(), today), texts={}, read_as="")
    _check_schools(settings, roster, state)
    if roster.modes.get("users") == "bulk" and not overrides.lift_missing_users:
        _refuse_missing_users(roster, current.result() if current else None, settings, state)
    if absent_roles.without_role(roster) and roster.users is not None:
        known = state.known("users", roster.users["sourced_id"].to_list())
        roster = absent_roles.reject_newcomers(roster, known)
    users = state.known("users", _asked(roster, "user_id"))
    classes = state.known("classes", _asked(roster, "class_id"))
    roster = references.resolve(roster, users, classes)
    limits.refuse_rejected(roster, settings.guards, state.meta())
    roster = _drop_by_base(roster, state, today)
    if not settings.schools.include:
        return roster
    return include_schools(roster, settings.schools.include, named_pairs(roster), _base_of_silent(roster, state))


def _refuse_missing_users(roster: Roster, current: pl.Series | None, settings: Settings, state: StateReader) -> None:
    """R-D7. Whoever is recognised is current, so that the state is asked for all alone where those are not enough."""
    from rostersync.importers import limits

    recognised = 0 if roster.unread is None else roster.unread.user_ids().len()
    if current is None:
        if 2 * recognised >= state.user_count():
            return
        current = state.current_users(guardians=_all_managed(settings))
    limits.refuse_missing_users(roster, current)


def _all_managed(settings: Settings) -> bool:
    """Whether every school's guardians follow the SIS: a file need not have those that do not (R-G4)."""
    policy = settings.policy
    return policy.manage_guardians and all(policy.of_school(school).manage_guardians for school in policy.schools)


def _base_of_silent(roster: Roster, state: StateReader) -> Base:
    """What the state knows of rejected rows, and of all rows where the deciding column is missing."""
    from rostersync.importers.include import Base

    missing = {table: roster.missing.get(table, frozenset()) for table in ("users", "classes")}
    rejected = roster.rejected_users["sourced_id"].drop_nulls().unique().to_list()
    people = None if "school_ids" in missing["users"] else rejected
    related = None if "agents" in missing["users"] else rejected
    rejected_classes = roster.rejected_classes["sourced_id"].drop_nulls().unique().to_list()
    classes = None if "school_id" in missing["classes"] else rejected_classes
    pairs = state.guardianships(guardians=related, students=related)
    absent = roster.orgs.is_empty() or {roster.modes.get(name) for name in ("users", "classes", "orgs")} != {"bulk"}
    return Base(
        schools=state.school_ids() if absent else (),
        users=state.users(people).select("id", "roles", "school_ids"),
        guardianships=pairs.filter(pairs["status"] == "current").select("guardian_id", "student_id"),
        classes=state.classes(classes).select("id", "school_id"),
    )


def _asked(roster: Roster, column: str) -> list[str]:
    return roster.unresolved[column].drop_nulls().unique().to_list()


def _check_schools(settings: Settings, roster: Roster, state: StateReader) -> None:
    from rostersync.importers.include import school_ids

    tables = {"policy.schools": set(settings.policy.schools), "guards.schools": set(settings.guards.schools)}
    if not any(tables.values()):
        return
    known = school_ids(roster) | state.school_ids()
    for table, named in tables.items():
        if unknown := sorted(named - known):
            if roster.unread is not None:
                raise Doubt
            raise ConfigurationError(
                f"[{table}] names {', '.join(unknown)}, which neither the files nor the state know; "
                "nothing was changed; correct the id in the settings"
            )


def check_overrides(overrides: Overrides, roster: Roster, state: StateReader) -> None:
    """Schools that `--override-guards` names must be there.

    Raises:
        ConfigurationError: neither import nor state know one.
    """
    from rostersync.importers.include import school_ids

    if not overrides.school_ids:
        return
    if unknown := sorted(overrides.school_ids - school_ids(roster) - state.school_ids()):
        raise ConfigurationError(
            f"--override-guards names {', '.join(unknown)}, which neither the files nor the state know; "
            "nothing was changed; name a school by its sourcedId"
        )


def _drop_by_base(roster: Roster, state: StateReader, today: date) -> Roster:
    """R-K6 where only the base knows a date: of a class whose row is rejected, or where a file or column is missing."""
    import polars as pl

    missing = {table: roster.missing.get(table, frozenset()) for table in ("classes", "enrollments")}
    undated = "end_date" in missing["enrollments"]
    unended = bool({"term_ids", "ends_on"} & missing["classes"]) or roster.classes is None
    if roster.enrollments is None or not (undated or unended or roster.rejected_classes.height):
        return roster
    if roster.unread is not None:
        raise Doubt
    ends = state.class_ends().with_columns(pl.col("ends_on").str.to_date(strict=False))
    if roster.classes is not None:
        tonight = roster.classes.filter(pl.col("ends_on").is_not_null())
        tonight = tonight.select("ends_on", class_id="sourced_id").select("class_id", "ends_on")
        ends = pl.concat([tonight, ends.filter(~pl.col("class_id").is_in(tonight["class_id"].implode()))])
    dated = roster.enrollments
    if undated:
        known = state.enrollments()
        # What ended may have ended by the date that nobody can read tonight.
        dated = dated.join(known.filter(pl.col("status") == "ended"), on=ENROLLMENT_KEY, how="anti")
        stored = known.select(*ENROLLMENT_KEY, pl.col("end_date").str.to_date(strict=False))
        dated = dated.drop("end_date").join(stored, on=ENROLLMENT_KEY, how="left", maintain_order="left")
        dated = dated.select(roster.enrollments.columns)
    dropped = (pl.col("end_date") <= today) & (pl.col("end_date") < pl.col("ends_on") - pl.duration(days=14))
    kept = dated.join(ends, on="class_id", how="left").filter(~dropped.fill_null(value=False)).drop("ends_on")
    return dataclasses.replace(roster, enrollments=kept)


def delivery_facts(delivery: Delivery) -> DeliveryFacts:
    """What the files that a sync reads say of how they came here."""
    from rostersync.importers.layouts import LAYOUTS
    from rostersync.model.completeness import DeliveryFacts, FileFacts
    from rostersync.policies.delivery import digest
    from rostersync.sources.content import ends_with_break

    read = {"manifest.csv", *(layout.file.lower() for layout in LAYOUTS)}
    return DeliveryFacts(
        digest(delivery),
        {
            file.name.lower(): FileFacts(
                ends_with_break(file.path), None if file.modified is None else int(file.modified.timestamp())
            )
            for file in delivery.files
            if file.name.lower() in read
        },
    )


def weighed(
    settings: Settings,
    roster: Roster,
    delivery: Delivery,
    before: Snapshot | None,
    state: StateReader,
    today: date,
    overrides: Overrides,
    *,
    absent: bool,
) -> Roster:
    """`roster` with the verdict on the delivery; `before` are the rows of the last applied import.

    Where they are lost the state tells who was in it. Without `absent` rows that are missing are believed.
    """
    from rostersync.model.completeness import LAST_DELIVERIES, deliveries_of
    from rostersync.policies.completeness import judge, with_verdict

    meta = state.meta()
    known = deliveries_of(meta.get(LAST_DELIVERIES))
    verdict = judge(
        roster,
        _last_rows(settings, before, state, meta),
        delivery_facts(delivery),
        known,
        settings,
        today,
        overrides,
        absent=absent,
    )
    return with_verdict(roster, verdict)


def _last_rows(
    settings: Settings, before: Snapshot | None, state: StateReader, meta: Mapping[str, str]
) -> LastRows | None:
    """Who was in the last applied import; None where nobody was, or where other schools may have taken part in it."""
    from rostersync.importers.chain import same_schools
    from rostersync.model.completeness import LastRows

    same = same_schools(meta, settings.schools.include)
    if not (meta.get("settings_digest") == settings.digest() if same is None else same):
        return None
    if before is not None:
        return LastRows(before.users["id"], before.classes["id"])
    users, classes = state.imported("users"), state.imported("classes")
    if users.is_empty():
        return None
    return LastRows(users["id"], classes["id"], users["line"], classes["line"])


def last_deliveries(delivery: Delivery, verdict: Verdict, meta: dict[str, str]) -> dict[str, str]:
    """What the state remembers of deliveries after tonight's, of which `verdict` was given."""
    from rostersync.model.completeness import LAST_DELIVERIES, deliveries_of, with_tonight

    tonight = dataclasses.replace(delivery_facts(delivery), still_named=verdict.still_named)
    return with_tonight(deliveries_of(meta.get(LAST_DELIVERIES)), tonight)


def needs_full_look(settings: Settings, roster: Roster, meta: dict[str, str]) -> bool:
    """Whether something beside single rows moved, so that every record must be looked at.

    That is: other settings or other missing columns than the last applied run had, a file that is absent, rows that
    cannot be told apart, a state of a version that kept no waiting rows.
    """
    from rostersync.state.meta import missing_columns

    return (
        meta.get("settings_digest") != settings.digest()
        or meta.get("missing") != missing_columns(roster.missing)
        or "waiting" not in meta
        or roster.users is None
        or roster.classes is None
        or roster.enrollments is None
        or bool(roster.unreadable)
    )
