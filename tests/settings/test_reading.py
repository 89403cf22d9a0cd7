"""What is read from rostersync.toml (contract.md, Configuration)."""

import textwrap
from datetime import date, timedelta
from pathlib import Path

import pytest

from rostersync.errors import ConfigurationError
from rostersync.settings import allowed, load, template


@pytest.fixture
def folder(tmp_path):
    return tmp_path


def write(folder: Path, text: str = "") -> Path:
    file = folder / "rostersync.toml"
    file.write_text(textwrap.dedent(text), encoding="utf-8")
    return file


CONTRACT = """
    [district]
    name = "Maple Valley School District"
    region = "US"
    timezone = "America/Los_Angeles"
    [state]
    url = "sqlite:///state.db"
    [source]
    kind = "folder"
    path = "oneroster"
    encoding = "auto"
    [schools]
    include = []
    [policy]
    manage_guardians = true
    update_active_contacts = false
    phone_credential = "sms-then-phone"
    unique_credentials = "first-claim"
    abandoned_families = "soft"
    restore_classes = true
    follow_enabled_user = true
    [guards]
    max_removed = "10%"
    max_rejected = "5%"
    max_changed = "20%"
    max_age = "7 days"
    small = 5
    on_trip = "hold"
    [reports]
    path = "reports"
    keep = 60
"""


def test_the_settings_of_the_contract_are_read(folder):
    settings = load(write(folder, CONTRACT), {})
    assert settings.file == folder / "rostersync.toml"
    assert settings.district.name == "Maple Valley School District"
    assert settings.district.zone.key == "America/Los_Angeles"
    assert settings.policy.phone_credential == "sms-then-phone"
    assert settings.reports.formats == ("csv", "html")


def test_an_empty_file_gives_the_defaults_of_the_contract(folder):
    empty, whole = load(write(folder), {}), load(write(folder, CONTRACT), {})
    assert empty.policy == whole.policy
    assert empty.guards == whole.guards
    assert empty.state == whole.state
    assert empty.reports == whole.reports
    assert empty.digest() == whole.digest()


def test_the_template_of_init_is_valid_and_shows_every_key_of_today(folder):
    text = template()
    assert load(write(folder, text), {}).policy == load(write(folder), {}).policy
    from rostersync.settings.environment import known_keys

    tables = {("pause",): "[[pause]]", ("guards", "window"): "[[guards.window]]"}
    tables |= {(section, "schools"): f'[{section}.schools."SCHOOL-ID"]' for section in ("policy", "guards")}
    hidden = {("source", "password"), ("source", "key_passphrase")}
    for key in known_keys().keys() - hidden - tables.keys():
        assert f"\n{key[-1]} = " in text or f"\n# {key[-1]} = " in text, key
    for header in tables.values():
        assert f"\n# {header}\n" in text
    assert '"xlsx"' not in text, "a later version's"


def test_guards_windows_and_pauses(folder):
    settings = load(
        write(
            folder,
            """
            [guards]
            max_removed = "12.50%"
            max_age = "36 hours"
            [guards.schools."A"]
            max_removed = "30%"
            small = 9
            [[guards.window]]
            from = 2027-01-11
            to = 2027-01-15
            kinds = ["classes", "enrollments"]
            max_removed = "100%"
            [[pause]]
            from = 2027-06-12
            to = 2027-08-20
            """,
        ),
        {"ROSTERSYNC_GUARDS__SCHOOLS__A__MAX_CHANGED": "1%"},
    )
    guards, open_day, other_day = settings.guards, date(2027, 1, 15), date(2027, 1, 16)
    assert [guards.max_removed_of("classes", school, open_day) for school in ("A", "B")] == ["100%", "100%"]
    assert [guards.max_removed_of("classes", school, other_day) for school in ("A", "B")] == ["30%", "12.5%"]
    assert guards.max_removed_of("students", "B", open_day) == "12.5%"
    assert [guards.small_of(school) for school in ("A", "B")] == [9, 5]
    assert [guards.max_changed_of(school) for school in ("A", "B")] == ["1%", "20%"]
    assert guards.max_age == timedelta(hours=36)
    assert [settings.pause[0].holds(day) for day in (date(2027, 6, 12), date(2027, 8, 20), open_day)] == [
        True,
        True,
        False,
    ]


def test_a_share_lets_so_many_records_through():
    assert [allowed("10%", total) for total in (0, 9, 10, 59, 60)] == [0, 0, 1, 5, 6]
    assert allowed("12.5%", 8) == 1
    assert allowed("100%", 7) == 7


def test_pauses_and_windows_come_from_the_environment_as_json(folder):
    settings = load(write(folder), {"ROSTERSYNC_PAUSE": '[{"from": "2027-06-12", "to": "2027-08-20"}]'})
    assert settings.pause[0].last == date(2027, 8, 20)


def test_relative_paths_are_relative_to_the_file_wherever_it_is_called_from(folder, monkeypatch):
    write(folder, CONTRACT)
    (folder / "elsewhere").mkdir()
    monkeypatch.chdir(folder / "elsewhere")
    settings = load(Path("../rostersync.toml"), {"ROSTERSYNC_SOURCE__KEY_FILE": "keys/id"})
    assert settings.state.path.resolve() == folder / "state.db"
    assert Path(settings.source.path).resolve() == folder / "oneroster"
    assert settings.source.known_hosts.resolve() == folder / "known_hosts"
    assert settings.source.key_file.resolve() == folder / "keys" / "id"
    assert settings.reports.path.resolve() == folder / "reports"


def test_absolute_paths_stay(folder):
    settings = load(write(folder, '[state]\nurl = "sqlite:////var/lib/rostersync/state.db"'), {})
    assert settings.state.path == Path("/var/lib/rostersync/state.db")
    assert settings.state.url == "sqlite:////var/lib/rostersync/state.db"


def test_a_remote_path_is_not_laid_on_a_local_folder(folder):
    text = '[source]\nkind = "sftp"\nhost = "sftp.example.org"\nusername = "sis"\npath = "out/oneroster"'
    assert load(write(folder, text), {}).source.path == "out/oneroster"


def test_the_file_is_named_by_the_call_then_by_the_environment_then_found_here(folder, monkeypatch):
    named = write(folder, '[district]\nname = "named"')
    other = folder / "other.toml"
    other.write_text('[district]\nname = "other"', encoding="utf-8")
    monkeypatch.chdir(folder)
    assert load(other, {"ROSTERSYNC_CONFIG": str(named)}).district.name == "other"
    assert load(None, {"ROSTERSYNC_CONFIG": str(other)}).district.name == "other"
    assert load(None, {}).district.name == "named"


def test_a_missing_file_says_how_to_make_one(folder):
    with pytest.raises(ConfigurationError, match=r"does not exist; run `rostersync init`"):
        load(folder / "rostersync.toml", {})


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("[district\n", "line 1, column 10"),
        ("[district]\nname = \n", "line 2, column 8"),
        ('[district]\nname = "a"\nname = "b"\n', "line 3, column 11"),
        ("[district]\nname = 'open", "end of document"),
    ],
)
def test_a_file_that_is_no_toml_is_refused_with_its_line(folder, text, place):
    file = write(folder, text)
    with pytest.raises(ConfigurationError) as refused:
        load(file, {})
    assert str(refused.value).startswith(f"{file}, {place}: not valid TOML: ")
    assert "\n" not in str(refused.value)


def test_a_byte_order_mark_is_no_mistake_and_another_encoding_is(folder):
    file = folder / "rostersync.toml"
    file.write_bytes(b'\xef\xbb\xbf[district]\nname = "Caf\xc3\xa9"')
    assert load(file, {}).district.name == "Café"
    file.write_bytes(b'[district]\nname = "Caf\xe9"')
    with pytest.raises(ConfigurationError, match="is not UTF-8 text"):
        load(file, {})


def test_schools_may_differ_in_any_key_of_the_policy(folder):
    text = """
    [policy]
    update_active_contacts = true
    [policy.schools."A"]
    update_active_contacts = false
    phone_credential = "sms"
    """
    policy = load(write(folder, text), {}).policy
    assert policy.of_school("A").update_active_contacts is False
    assert policy.of_school("A").phone_credential == "sms"
    assert policy.of_school("A").manage_guardians is True
    assert policy.of_school("B").update_active_contacts is True
    assert policy.of_school("B").phone_credential == "sms-then-phone"


def test_settings_cannot_be_changed(folder):
    settings = load(write(folder, CONTRACT), {})
    with pytest.raises(ValueError, match="frozen"):
        settings.policy.manage_guardians = False


DECISIVE = [
    '[district]\nregion = "CA"',
    '[source]\nencoding = "utf-8"',
    '[schools]\ninclude = ["A"]',
    "[policy]\nmanage_guardians = false",
    "[policy]\nupdate_active_contacts = true",
    '[policy]\nphone_credential = "sms"',
    "[policy]\nrestore_classes = false",
    "[policy]\nfollow_enabled_user = false",
    '[policy.schools."A"]\nfollow_enabled_user = false',
]
INDIFFERENT = [
    '[district]\nname = "Other"',
    '[state]\nurl = "sqlite:///other.db"',
    '[source]\npath = "elsewhere"',
    "[reports]\nkeep = 3",
    '[policy.schools."A"]\nfollow_enabled_user = true',
]


def test_the_digest_tells_settings_that_decide_otherwise_apart(folder):
    digests = [load(write(folder, text), {}).digest() for text in ["", *DECISIVE]]
    assert len(set(digests)) == len(digests)


@pytest.mark.parametrize("text", INDIFFERENT)
def test_the_digest_is_that_of_the_decisions_alone(folder, text):
    assert load(write(folder, text), {}).digest() == load(write(folder), {}).digest()


def test_the_digest_does_not_depend_on_the_order_of_schools(folder):
    one = load(write(folder, '[schools]\ninclude = ["A", "B"]'), {}).digest()
    other = load(write(folder, '[schools]\ninclude = ["B", "A"]'), {}).digest()
    assert one == other
