"""The settings as frozen values (contract.md, Configuration)."""

from __future__ import annotations

import hashlib
import json
import zoneinfo
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    SecretStr,
    ValidationInfo,
    field_validator,
    model_validator,
)

from rostersync.errors import ConfigurationError
from rostersync.settings import secrets
from rostersync.settings.file_systems import network_kind
from rostersync.settings.guards import Guards, Pause, SchoolGuards
from rostersync.settings.mistakes import nearest
from rostersync.settings.section import Section

SQLITE = "sqlite:///"
_REGION = "US"
"""Where telephone numbers without a country code are from, unless the settings name another country."""

SourceKind = Literal["folder", "zip", "sftp"]
Encoding = Literal["auto", "utf-8", "windows-1252"]
PhoneCredential = Literal["sms", "phone", "sms-then-phone"]
UniqueCredentials = Literal["first-claim", "strict"]
AbandonedFamilies = Literal["soft", "extreme"]
ReportFormat = Literal["csv", "html", "xlsx"]


def _absolute(path: Path, info: ValidationInfo) -> Path:
    """The path, laid on the folder of the settings file where it is relative."""
    folder = (info.context or {}).get("folder")
    path = path.expanduser()
    return path if folder is None else Path(folder) / path


def _resolved(value: object, info: ValidationInfo) -> object:
    if isinstance(value, str):
        if not value.strip():
            raise ValueError("must not be blank")
        value = Path(value)
    if not isinstance(value, Path):
        raise ValueError('must be a path as text in quotes ("…")')  # noqa: TRY004 - pydantic collects ValueError
    return _absolute(value, info)


def _names_state(url: str, info: ValidationInfo) -> str:
    scheme, separator, _ = url.partition("://")
    example = 'give a SQLite file such as "sqlite:///state.db"'
    if not separator:
        raise ValueError(f"must be a URL; {example}")
    if scheme != "sqlite":
        # The rest of the URL may hold a password and is not repeated.
        raise ValueError(f'states of the kind "{scheme}" are not available in this version; {example}')
    name = url.removeprefix(SQLITE)
    if name == url or not name.strip() or name == ":memory:" or "?" in name or name.endswith("/"):
        raise ValueError(f"must name a file and nothing else; {example}")
    return SQLITE + _absolute(Path(name), info).as_posix()


def _known_region(region: str) -> str:
    if region == _REGION:  # most runs: the library that knows the others takes a while to load
        return region
    from phonenumbers import SUPPORTED_REGIONS

    if region not in SUPPORTED_REGIONS:
        hint = nearest(region.upper(), SUPPORTED_REGIONS)
        raise ValueError(f'"{region}" is no two-letter country code that phone numbers know, such as "{hint}"')
    return region


def _known_timezone(name: str) -> str:
    try:
        zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        hint = nearest(name, zoneinfo.available_timezones())
        raise ValueError(f'"{name}" is no time zone of the IANA list; the nearest is "{hint}"') from None
    return name


def _as_tuple(value: object) -> object:
    return tuple(value) if isinstance(value, list) else value


def _filled(value: str) -> str:
    if not value.strip():
        raise ValueError("must not be blank")
    return value


ResolvedPath = Annotated[Path, BeforeValidator(_resolved)]
FilledText = Annotated[str, AfterValidator(_filled)]


class District(Section):
    """Who this is, and how its phone numbers and dates are read."""

    name: str = "School district"
    region: Annotated[str, AfterValidator(_known_region)] = _REGION
    timezone: Annotated[str, AfterValidator(_known_timezone)] = "UTC"

    @property
    def zone(self) -> zoneinfo.ZoneInfo:
        """The time zone in which "today" is decided."""
        return zoneinfo.ZoneInfo(self.timezone)


class State(Section):
    """Where the state lies; `url` is absolute once loaded."""

    url: Annotated[str, AfterValidator(_names_state)] = "sqlite:///state.db"
    allow_network_file_system: bool = False

    @model_validator(mode="after")
    def _on_a_disk_of_this_machine(self) -> State:
        kind = None if self.allow_network_file_system else network_kind(self.path)
        if kind is not None:
            raise ValueError(
                f"{self.path} lies on a network file system ({kind}), where locks and SQLite's log may fail and mix up "
                "nights; name a folder on a disk of this machine in state.url, or, if only this machine ever opens the "
                "state, set state.allow_network_file_system = true"
            )
        return self

    @property
    def path(self) -> Path:
        """The SQLite file."""
        return Path(self.url.removeprefix(SQLITE))


class Source(Section):
    """Where the files come from.

    `path` (blank: not given) is an absolute local path for `folder` and `zip`, one of the server for `sftp`.
    `timeout` is in seconds. `password` and `key_passphrase` hold what the environment gave; `require_usable`
    adds those that lie in a secret file or in the keyring.
    """

    kind: SourceKind = "folder"
    path: str = ""
    encoding: Encoding = "auto"
    host: FilledText | None = None
    port: Annotated[int, Field(ge=1, le=65535)] = 22
    username: FilledText | None = None
    known_hosts: ResolvedPath = Path("known_hosts")
    key_file: ResolvedPath | None = None
    password: SecretStr | None = None
    password_file: ResolvedPath | None = None
    key_passphrase: SecretStr | None = None
    key_passphrase_file: ResolvedPath | None = None
    timeout: Annotated[float, Field(gt=0, le=3600)] = 30
    retries: Annotated[int, Field(ge=0, le=20)] = 3

    @field_validator("path")
    @classmethod
    def _lay_local_path_on_folder(cls, value: str, info: ValidationInfo) -> str:
        if not value.strip() or info.data.get("kind") not in {"folder", "zip"}:
            return value.strip()
        return str(_absolute(Path(value), info))

    @field_validator("host")
    @classmethod
    def _host_alone(cls, value: str | None) -> str | None:
        if value is not None and any(mark in value for mark in ("/", "@", " ")):
            raise ValueError('must be the name or address of the server alone, such as "sftp.example.org"')
        return value

    @field_validator("password_file", "key_passphrase_file")
    @classmethod
    def _private(cls, value: Path | None) -> Path | None:
        if value is not None and (reason := secrets.exposed(value)):
            raise ValueError(reason)
        return value

    @field_validator("password", "key_passphrase", mode="before")
    @classmethod
    def _hidden(cls, value: object) -> object:
        # An empty variable is a secret that is not there: `require_usable` then says where one may come from.
        return SecretStr(value) if isinstance(value, str) and value else value or None

    def require_usable(self) -> Source:
        """This source with the secrets it needs, ready for a fetch.

        A secret comes from the environment, else from its `*_file`, else from the system keyring (service
        `rostersync`, user name `source.password@USERNAME@HOST` or `source.key_passphrase@USERNAME@HOST`).

        Raises:
            ConfigurationError: `path` is missing; a secret file cannot be read; sftp without key or password.
        """
        if not self.path:
            raise ConfigurationError(
                "source.path is missing; set it in rostersync.toml, or name a folder or zip with --source; "
                "nothing was changed"
            )
        if self.kind != "sftp":
            return self
        found: dict[str, SecretStr] = {}
        for name in ("password", "key_passphrase") if self.key_file else ("password",):
            secret = self._secret(name)
            if secret is not None:
                found[name] = secret
        if self.key_file is None and "password" not in found:
            raise ConfigurationError(
                f"no password and no key for {self.username}@{self.host}: set source.key_file, or give the "
                f"password in ROSTERSYNC_SOURCE__PASSWORD, in a file named by source.password_file, or in "
                f'the system keyring (service "{secrets.SERVICE}", name "{self._keyring_name("password")}"); '
                f"nothing was changed"
            )
        return self.model_copy(update=found)

    def _secret(self, name: str) -> SecretStr | None:
        given: SecretStr | None = getattr(self, name)
        file: Path | None = getattr(self, f"{name}_file")
        if given is not None:
            return given
        if file is not None:
            return SecretStr(secrets.read(file, f"source.{name}_file"))
        if name == "password" and self.key_file is not None:
            return None  # the key is enough: no keyring is woken for a password nobody set
        kept = secrets.from_keyring(self._keyring_name(name))
        return None if kept is None else SecretStr(kept)

    def _keyring_name(self, secret: str) -> str:
        return f"source.{secret}@{self.username}@{self.host}"


class Schools(Section):
    """Which schools take part: org sourcedIds, none = all (policies.md R-V7)."""

    include: tuple[FilledText, ...] = ()

    @field_validator("include", mode="before")
    @classmethod
    def _list(cls, value: object) -> object:
        return tuple(value) if isinstance(value, list) else value


class PolicyValues(Section):
    """What the rules of policies.md ask; the same for every key of `[policy]`."""

    manage_guardians: bool = True
    update_active_contacts: bool = False
    phone_credential: PhoneCredential = "sms-then-phone"
    unique_credentials: UniqueCredentials = "first-claim"
    abandoned_families: AbandonedFamilies = "soft"
    restore_classes: bool = True
    follow_enabled_user: bool = True


class SchoolPolicy(Section):
    """One school's own settings; None follows the district's."""

    manage_guardians: bool | None = None
    update_active_contacts: bool | None = None
    phone_credential: PhoneCredential | None = None
    unique_credentials: UniqueCredentials | None = None
    abandoned_families: AbandonedFamilies | None = None
    restore_classes: bool | None = None
    follow_enabled_user: bool | None = None


class Policy(PolicyValues):
    """The district's policy, and what single schools have differently (by org sourcedId)."""

    schools: Mapping[str, SchoolPolicy] = {}

    def of_school(self, school_id: str) -> PolicyValues:
        """The settings that rule this school's classes, students and families."""
        values = self.model_dump(exclude={"schools"})
        own = self.schools.get(school_id)
        if own is not None:
            values.update(own.model_dump(exclude_none=True))
        return PolicyValues(**values)


class Messages(Section):
    """What people are told: a file in the folder `templates` replaces the template of that name that comes along."""

    templates: ResolvedPath = Path("templates")


class Reports(Section):
    """Where the reports of the runs go, in which formats, and how many runs are kept."""

    path: ResolvedPath = Path("reports")
    formats: tuple[ReportFormat, ...] = ("csv", "html")
    keep: Annotated[int, Field(ge=1)] = 60

    @field_validator("formats", mode="before")
    @classmethod
    def _list(cls, value: object) -> object:
        if value in ([], ()):
            raise ValueError('must name at least one format, such as ["csv"]')
        return tuple(value) if isinstance(value, list) else value


class Document(Section):
    """What rostersync.toml may hold in this version."""

    district: District = Field(default_factory=District)
    state: State = Field(default_factory=State)
    source: Source = Field(default_factory=Source)
    schools: Schools = Field(default_factory=Schools)
    policy: Policy = Field(default_factory=Policy)
    guards: Guards = Field(default_factory=Guards)
    pause: Annotated[tuple[Pause, ...], BeforeValidator(_as_tuple)] = ()
    messages: Messages = Field(default_factory=Messages)
    reports: Reports = Field(default_factory=Reports)


SCHOOL_TABLES: Mapping[tuple[str, ...], type[Section]] = MappingProxyType(
    {("policy", "schools"): SchoolPolicy, ("guards", "schools"): SchoolGuards}
)
"""Where single schools may differ -> what they may set."""


class Settings(Document):
    """Everything a run is told; `file` is the settings file they were read from."""

    file: Path

    def digest(self) -> str:
        """sha256 (hex) of all that can change a decision: region, encoding, schools, policy, guards."""
        district = self.policy.of_school("")  # no school has a blank id: the district's own values
        schools = {school: self.policy.of_school(school) for school in self.policy.schools}
        decisive = {
            "region": self.district.region,
            "encoding": self.source.encoding,
            "include": sorted(set(self.schools.include)),
            "policy": district.model_dump(),
            "schools": {school: own.model_dump() for school, own in schools.items() if own != district},
            "guards": self.guards.model_dump(mode="json"),
        }
        return hashlib.sha256(json.dumps(decisive, sort_keys=True).encode()).hexdigest()
