"""What is read from rostersync.toml (contract.md, Configuration)."""

import textwrap
from pathlib import Path

import pytest

from rostersync.errors import ConfigurationError
from rostersync.settings import load, template


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
    assert settings.reports.formats == ("csv",)


def test_an_empty_file_gives_the_defaults_of_the_contract(folder):
    empty, whole = load(write(folder), {}), load(write(folder, CONTRACT), {})
    assert empty.policy == whole.policy
    assert empty.state == whole.state
    assert empty.reports == whole.reports
    assert empty.digest() == whole.digest()


def test_the_template_of_init_is_valid_and_shows_every_key_of_today(folder):
    text = template()
    assert load(write(folder, text), {}).policy == load(write(folder), {}).policy
    from rostersync.settings.environment import known_keys

    hidden = {("source", "password"), ("source", "key_passphrase"), ("policy", "schools")}
    for section, key in known_keys().keys() - hidden:
        assert f"\n{key} = " in text or f"\n# {key} = " in text, f"{section}.{key}"
    for later in ("[guards", "[[pause", '"extreme"', '"strict"', '"html"', '"xlsx"'):
        assert later not in text


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
