"""Every key can be set from the environment as ROSTERSYNC_SECTION__KEY (contract.md, Configuration)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rostersync.errors import ConfigurationError
from rostersync.settings import load
from rostersync.settings.environment import known_keys, parsed, variable_of

FILE = """
[policy]
manage_guardians = true
[policy.schools."School-1"]
restore_classes = true
"""


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "rostersync.toml"
    path.write_text(FILE, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("variable", "text", "key", "value"),
    [
        ("DISTRICT__NAME", " Maple Valley ", "district.name", "Maple Valley"),
        ("DISTRICT__REGION", "DE", "district.region", "DE"),
        ("DISTRICT__TIMEZONE", "Europe/Berlin", "district.timezone", "Europe/Berlin"),
        ("SOURCE__KIND", "zip", "source.kind", "zip"),
        ("SOURCE__ENCODING", "utf-8", "source.encoding", "utf-8"),
        ("SOURCE__HOST", "sftp.example.org", "source.host", "sftp.example.org"),
        ("SOURCE__PORT", "2222", "source.port", 2222),
        ("SOURCE__USERNAME", "0042", "source.username", "0042"),
        ("SOURCE__TIMEOUT", "2.5", "source.timeout", 2.5),
        ("SOURCE__RETRIES", "0", "source.retries", 0),
        ("SCHOOLS__INCLUDE", "A, B", "schools.include", ("A", "B")),
        ("SCHOOLS__INCLUDE", '["A, Inc", "B"]', "schools.include", ("A, Inc", "B")),
        ("SCHOOLS__INCLUDE", "", "schools.include", ()),
        ("POLICY__MANAGE_GUARDIANS", "false", "policy.manage_guardians", False),
        ("POLICY__UPDATE_ACTIVE_CONTACTS", "YES", "policy.update_active_contacts", True),
        ("POLICY__PHONE_CREDENTIAL", "phone", "policy.phone_credential", "phone"),
        ("POLICY__RESTORE_CLASSES", "0", "policy.restore_classes", False),
        ("policy__follow_enabled_user", "off", "policy.follow_enabled_user", False),
        ("REPORTS__FORMATS", "csv", "reports.formats", ("csv",)),
        ("REPORTS__KEEP", "90", "reports.keep", 90),
    ],
)
def test_a_variable_sets_its_key_over_the_file(file, variable, text, key, value):
    section, name = key.split(".")
    settings = load(file, {f"ROSTERSYNC_{variable}": text, "PATH": "/bin", "rostersync_x": "not ours"})
    assert getattr(getattr(settings, section), name) == value


def test_every_key_has_a_variable(file):
    for key in known_keys():
        with pytest.raises(ConfigurationError) as refused:
            load(file, {variable_of(key) + "X": "1"})
        assert variable_of(key) in str(refused.value)


@pytest.mark.parametrize("school", ["School-1", "SCHOOL-1", "school-1"])
def test_a_school_of_the_file_is_met_whatever_the_case(file, school):
    settings = load(file, {f"ROSTERSYNC_POLICY__SCHOOLS__{school}__RESTORE_CLASSES": "no"})
    assert settings.policy.of_school("School-1").restore_classes is False
    assert list(settings.policy.schools) == ["School-1"]


def test_a_school_id_may_hold_two_underscores(file):
    settings = load(file, {"ROSTERSYNC_POLICY__SCHOOLS__a__B__MANAGE_GUARDIANS": "no"})
    assert settings.policy.of_school("a__B").manage_guardians is False


def test_all_schools_can_be_given_as_json(file):
    settings = load(file, {"ROSTERSYNC_POLICY__SCHOOLS": '{"S 2": {"phone_credential": "sms"}}'})
    assert settings.policy.of_school("S 2").phone_credential == "sms"
    assert settings.policy.of_school("School-1").restore_classes is True


@pytest.mark.parametrize(
    ("variable", "text", "said"),
    [
        (
            "ROSTERSYNC_REPORTS__KEP",
            "1",
            "unknown variable; the nearest known one is ROSTERSYNC_REPORTS__KEEP",
        ),
        ("ROSTERSYNC_CONFG", "x", "unknown variable; the nearest known one is ROSTERSYNC_CONFIG"),
        ("ROSTERSYNC_SOURCE", "x", "unknown variable; the nearest known one is ROSTERSYNC_SOURCE__PORT"),
        ("ROSTERSYNC_REPORTS__KEEP", "ten", "must be a whole number, without quotes"),
        ("ROSTERSYNC_POLICY__MANAGE_GUARDIANS", "maybe", "must be true or false, without quotes"),
        ("ROSTERSYNC_SCHOOLS__INCLUDE", '["open', 'must be a list, such as ["…", "…"]'),
        ("ROSTERSYNC_POLICY__SCHOOLS", "{", "must be a table of settings"),
        ("ROSTERSYNC_STATE__URL", "", 'must be a URL; give a SQLite file such as "sqlite:///state.db"'),
    ],
)
def test_a_mistake_names_the_variable(file, variable, text, said):
    with pytest.raises(ConfigurationError) as refused:
        load(file, {variable: text})
    assert str(refused.value) == f"{variable}: {said}; nothing was changed"


@given(st.text())
def test_whatever_a_variable_holds_is_read_or_named_as_a_mistake(text):
    for annotation in known_keys().values():
        parsed(text, annotation)
