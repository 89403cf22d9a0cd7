"""What is said of mistakes in the settings: all at once, each with its place (contract.md, Configuration)."""

import textwrap
from pathlib import Path

import pytest

from rostersync.errors import ConfigurationError
from rostersync.settings import load

SQLITE = 'give a SQLite file such as "sqlite:///state.db"'
GONE = "is not available in this version; remove it"


@pytest.fixture
def mistakes(tmp_path: Path):
    """Gives the lines of the refusal, without the file's name and the common ending."""

    def refused_lines(text: str, environ: dict[str, str] | None = None) -> list[str]:
        file = tmp_path / "rostersync.toml"
        file.write_text(textwrap.dedent(text), encoding="utf-8")
        with pytest.raises(ConfigurationError) as refused:
            load(file, environ or {})
        lines = str(refused.value).splitlines()
        assert all(line.endswith("; nothing was changed") for line in lines)
        return [line.removesuffix("; nothing was changed").replace(f"{file}", "toml") for line in lines]

    return refused_lines


@pytest.mark.parametrize(
    ("text", "key", "nearest"),
    [
        ('[district]\nregoin = "US"', "district.regoin", "district.region"),
        ('\nregion = "US"', "region", "district.region"),
        ("\n[polcy]\nx = 1", "polcy", "policy"),
        ("[policy.schools.A]\nmanage_guardian = true", "policy.schools.A.manage_guardian", None),
        ('[source]\ntimezone = "UTC"', "source.timezone", "district.timezone"),
        ('[source]\npasword = "hunter2"', "source.pasword", "source.password_file"),
        ("[district]\nfile = 1", "district.file", "district.timezone"),
    ],
)
def test_an_unknown_key_names_the_nearest_known_one_and_not_its_value(mistakes, text, key, nearest):
    nearest = nearest or f"{key}s"
    assert mistakes(text) == [f"toml, line 2: {key}: unknown key; the nearest known key is {nearest}"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[source]\nport = "22"', "source.port: must be a whole number, without quotes"),
        ("[source]\nport = true", "source.port: must be a whole number, without quotes"),
        ("[source]\nport = 70000", "source.port: must be at most 65535, not 70000"),
        ("[source]\ntimeout = 0", "source.timeout: must be more than 0, not 0"),
        ('[source]\ntimeout = "1"', "source.timeout: must be a number, without quotes"),
        ("[source]\nhost = 1", 'source.host: must be text in quotes ("…")'),
        ('[source]\nhost = " "', "source.host: must not be blank"),
        ("[source]\nkey_file = 1", 'source.key_file: must be a path as text in quotes ("…")'),
        ("[policy]\nrestore_classes = 1", "policy.restore_classes: must be true or false, without quotes"),
        (
            '[policy]\nphone_credential = "text"',
            'policy.phone_credential: must be one of "sms", "phone", "sms-then-phone", not "text"',
        ),
        ('[source]\nkind = "ftp"', 'source.kind: must be one of "folder", "zip", "sftp", not "ftp"'),
        ('[schools]\ninclude = "a"', 'schools.include: must be a list, such as ["…", "…"]'),
        ("[schools]\ninclude = [1]", 'schools.include: entry 1 must be text in quotes ("…")'),
        ("[reports]\nkeep = 0", "reports.keep: must be at least 1, not 0"),
        ("[reports]\nformats = []", 'reports.formats: must name at least one format, such as ["csv"]'),
        (
            '[guards]\nmax_removed = "10"',
            'guards.max_removed: must be a share of 0 to 100 percent in quotes, such as "10%"',
        ),
        (
            "[guards]\nmax_changed = 0.1",
            'guards.max_changed: must be a share of 0 to 100 percent in quotes, such as "10%"',
        ),
        (
            '[guards]\nmax_rejected = "101%"',
            'guards.max_rejected: must be a share of 0 to 100 percent in quotes, such as "10%"',
        ),
        ('[guards]\nmax_age = "0 days"', 'guards.max_age: must be a time in quotes, such as "7 days" or "36 hours"'),
        ("[guards]\nsmall = -1", "guards.small: must be at least 0, not -1"),
        ('[guards]\non_trip = "halt"', 'guards.on_trip: must be one of "hold", "stop", not "halt"'),
        ("\nsource = 1", "source: must be a table of settings"),
        ('[state]\nurl = "sqlite://"', f"state.url: must name a file and nothing else; {SQLITE}"),
        ('[state]\nurl = "sqlite:///:memory:"', f"state.url: must name a file and nothing else; {SQLITE}"),
        ('[state]\nurl = "state.db"', f"state.url: must be a URL; {SQLITE}"),
        (
            '[source]\nhost = "sftp://me@host"',
            'source.host: must be the name or address of the server alone, such as "sftp.example.org"',
        ),
    ],
)
def test_a_wrong_value_is_named_with_its_line(mistakes, text, said):
    assert mistakes(text) == [f"toml, line 2: {said}"]


WINDOW = """[[guards.window]]
from = 2027-01-11
to = {last}
kinds = [{kinds}]
max_removed = "100%"
"""


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            WINDOW.format(last="2027-01-10", kinds='"classes"'),
            "toml, line 1: guards.window: entry 1 ends (2027-01-10) before it begins (2027-01-11)",
        ),
        (
            WINDOW.format(last="2027-01-15", kinds=""),
            'toml, line 4: guards.window.kinds: entry 1 must name at least one kind, such as ["classes"]',
        ),
        (
            "[[pause]]\nfrom = 2027-06-12T08:00:00\nto = 2027-08-20",
            "toml, line 2: pause.from: entry 1 must be a date without a time, such as 2027-01-11",
        ),
        (
            "[[pause]]\nform = 2027-06-12\nto = 2027-08-20",
            "toml, line 2: pause.form: unknown key; the nearest known key is pause.from",
        ),
        ('[guards.schools.A]\nmax_age = "1 day"', "toml, line 2: guards.schools.A.max_age: unknown key"),
    ],
)
def test_windows_pauses_and_limits_of_schools(mistakes, text, said):
    assert any(line.startswith(said) for line in mistakes(text))


def test_a_region_and_a_timezone_are_looked_up(mistakes):
    region, timezone = mistakes('[district]\nregion = "us"\ntimezone = "America/Los_Angles"')
    assert 'district.region: "us" is no two-letter country code' in region
    assert region.endswith('such as "US"')
    assert 'district.timezone: "America/Los_Angles" is no time zone' in timezone
    assert timezone.endswith('the nearest is "America/Los_Angeles"')


def test_another_kind_of_state_is_refused_without_repeating_its_password(mistakes):
    (line,) = mistakes('[state]\nurl = "postgresql://me:s3cret@db/roster"')
    assert 'states of the kind "postgresql" are not available in this version' in line
    assert "s3cret" not in line


def test_all_mistakes_are_reported_at_once(mistakes):
    text = """\
    [district]
    regoin = "US"
    [source]
    kind = "sftp"
    port = "22"
    [policy]
    abandoned_families = "harsh"
    """
    found = mistakes(text, {"ROSTERSYNC_REPORTS__KEEP": "many", "ROSTERSYNC_RPORTS__KEEP": "1"})
    assert [line.partition(": ")[0] for line in found] == [
        *["toml"] * 3,
        *["toml, line 2", "toml, line 5", "toml, line 7"],
        *["ROSTERSYNC_REPORTS__KEEP", "ROSTERSYNC_RPORTS__KEEP"],
    ]


def test_sftp_needs_host_username_and_path(mistakes):
    assert mistakes('[source]\nkind = "sftp"') == [
        f'toml: source.{name}: is missing; kind = "sftp" needs it' for name in ("host", "path", "username")
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            '[reports]\nformats = ["csv", "html", "xlsx"]',
            f'reports.formats: "xlsx" {GONE} or set formats = ["csv", "html"]',
        ),
    ],
)
def test_what_this_version_cannot_do_is_refused_never_ignored(mistakes, text, said):
    (line,) = mistakes(text)
    assert line.partition(": ")[2] == said
    assert line.startswith("toml")


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("ROSTERSYNC_REPORTS__FORMATS", "csv,xlsx", f'"xlsx" {GONE} or set formats = ["csv", "html"]'),
    ],
)
def test_what_this_version_cannot_do_is_refused_from_the_environment_too(mistakes, variable, value, said):
    assert mistakes("", {variable: value}) == [f"{variable}: {said}"]
