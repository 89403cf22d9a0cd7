"""Secrets come from the environment, a private file or the keyring; never from rostersync.toml in clear."""

import os
from pathlib import Path

import keyring
import pytest
from keyring.backend import KeyringBackend
from keyring.errors import KeyringLocked

from rostersync.errors import ConfigurationError
from rostersync.settings import load

SFTP = """
[source]
kind = "sftp"
host = "sftp.example.org"
username = "sis"
path = "oneroster"
"""
CANARY = "canary-9d1f"
posix = pytest.mark.skipif(os.name != "posix", reason="file modes are POSIX's")


class Kept(KeyringBackend):
    """A keyring in memory."""

    priority = 1

    def __init__(self, secrets=(), *, locked=False):
        super().__init__()
        self.secrets = dict(secrets)
        self.locked = locked

    def get_password(self, service, username):
        if self.locked:
            raise KeyringLocked
        return self.secrets.get((service, username))

    def set_password(self, service, username, password):
        self.secrets[service, username] = password

    def delete_password(self, service, username):
        del self.secrets[service, username]


@pytest.fixture
def kept():
    before = keyring.get_keyring()
    keyring.set_keyring(Kept())
    yield lambda **given: keyring.set_keyring(Kept(**given))
    keyring.set_keyring(before)


@pytest.fixture
def source(tmp_path, kept):
    """Loads the source of an sftp configuration with more lines and variables."""

    def load_source(more="", environ=None):
        file = tmp_path / "rostersync.toml"
        file.write_text(SFTP + more, encoding="utf-8")
        return load(file, environ or {}).source

    return load_source


def secret_file(folder, content, mode=0o600):
    file = folder / "secret"
    file.write_bytes(content)
    file.chmod(mode)
    return file


@pytest.mark.parametrize("key", ["password", "key_passphrase"])
def test_a_secret_in_the_file_is_refused_without_repeating_it(source, key):
    with pytest.raises(ConfigurationError) as refused:
        source(f'{key} = "{CANARY}"')
    text = str(refused.value)
    assert CANARY not in text
    assert f"line 7: source.{key}: a secret must not stand in this file in clear" in text
    assert f"ROSTERSYNC_SOURCE__{key.upper()}" in text
    assert f"{key}_file" in text
    assert "keyring" in text


def test_a_secret_of_the_environment_is_used_and_never_shown(source):
    found = source(environ={"ROSTERSYNC_SOURCE__PASSWORD": f" {CANARY} "}).require_usable()
    assert found.password.get_secret_value() == f" {CANARY} "
    assert CANARY not in repr(found)
    assert CANARY not in str(found.model_dump())
    assert CANARY not in found.model_dump_json()


@pytest.mark.parametrize("content", [b"%s", b"%s\n", b"%s\r\n", b"\xef\xbb\xbf%s\n"])
def test_a_secret_file_holds_the_secret_as_its_line(source, tmp_path, content):
    secret_file(tmp_path, content % CANARY.encode())
    found = source('password_file = "secret"').require_usable()
    assert found.password.get_secret_value() == CANARY


@posix
@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o620])
def test_a_secret_file_that_others_can_open_is_refused(source, tmp_path, mode):
    secret_file(tmp_path, CANARY.encode(), mode)
    with pytest.raises(ConfigurationError, match=r"may be opened by others .* chmod 600"):
        source('password_file = "secret"')


@pytest.mark.parametrize("content", [b"", b"\n", b"one\ntwo\n", b"\xff\xfe", b"x" * 20_000])
def test_a_secret_file_without_a_secret_is_refused(source, tmp_path, content):
    secret_file(tmp_path, content)
    with pytest.raises(ConfigurationError, match=r"source\.password_file: .*secret"):
        source('password_file = "secret"').require_usable()


@pytest.mark.parametrize("given", [CANARY, f"{CANARY}/{CANARY}", f"/{CANARY}", CANARY * 40, f"{CANARY * 40}/x"])
def test_a_secret_in_the_place_of_its_file_is_not_repeated(source, tmp_path, given):
    configured = source(environ={"ROSTERSYNC_SOURCE__PASSWORD_FILE": given})
    with pytest.raises(ConfigurationError, match=r"source\.password_file: what it names .*, not the secret") as refused:
        configured.require_usable()
    assert CANARY not in str(refused.value)
    assert str(Path(given).anchor or tmp_path) in str(refused.value)


@posix
def test_a_secret_file_in_a_folder_that_may_not_be_entered_is_not_called_missing(source, tmp_path):
    closed = tmp_path / "closed"
    closed.mkdir()
    secret_file(closed, CANARY.encode())
    configured = source('password_file = "closed/secret"')
    closed.chmod(0)
    was = os.geteuid()
    if was == 0:  # who may enter every folder
        os.seteuid(65534)
    try:
        with pytest.raises(ConfigurationError, match=r"source\.password_file: .*Permission denied"):
            configured.require_usable()
    finally:
        os.seteuid(was)
        closed.chmod(0o700)


def test_without_any_credential_the_ways_to_give_one_are_named(source):
    for environ in ({}, {"ROSTERSYNC_SOURCE__PASSWORD": ""}):
        configured = source(environ=environ)
        with pytest.raises(ConfigurationError) as refused:
            configured.require_usable()
        for way in ("source.key_file", "ROSTERSYNC_SOURCE__PASSWORD", "source.password_file", "keyring"):
            assert way in str(refused.value)


def test_a_secret_of_the_keyring_is_found_by_user_and_host(source, kept):
    kept(secrets={("rostersync", "source.password@sis@sftp.example.org"): CANARY})
    assert source().require_usable().password.get_secret_value() == CANARY


def test_a_locked_keyring_holds_nothing(source, kept):
    kept(locked=True)
    with pytest.raises(ConfigurationError, match="no password and no key"):
        source().require_usable()


def test_the_environment_goes_before_the_file_and_the_file_before_the_keyring(source, kept, tmp_path):
    kept(secrets={("rostersync", "source.password@sis@sftp.example.org"): "of the keyring"})
    secret_file(tmp_path, b"of the file")
    more = 'password_file = "secret"'
    assert source(more).require_usable().password.get_secret_value() == "of the file"
    environ = {"ROSTERSYNC_SOURCE__PASSWORD": "of the environment"}
    assert source(more, environ).require_usable().password.get_secret_value() == "of the environment"


def test_a_key_is_credential_enough_and_its_passphrase_is_looked_for(source, kept):
    assert source('key_file = "id"').require_usable().key_passphrase is None
    kept(secrets={("rostersync", "source.key_passphrase@sis@sftp.example.org"): CANARY})
    assert source('key_file = "id"').require_usable().key_passphrase.get_secret_value() == CANARY


def test_a_folder_needs_no_secret_but_a_path(tmp_path):
    file = tmp_path / "rostersync.toml"
    file.write_text('[source]\npath = "in"', encoding="utf-8")
    assert load(file, {}).source.require_usable().path == str(tmp_path / "in")
    file.write_text("", encoding="utf-8")
    with pytest.raises(ConfigurationError, match=r"source\.path is missing"):
        load(file, {}).source.require_usable()


@posix
@pytest.mark.parametrize(("mode", "told"), [(0o666, True), (0o602, True), (0o664, False), (0o644, False)])
def test_settings_that_anybody_may_change_are_not_believed(tmp_path, mode, told):
    """They say where the password goes."""
    file = tmp_path / "rostersync.toml"
    file.write_text(SFTP, encoding="utf-8")
    file.chmod(mode)
    if told:
        with pytest.raises(ConfigurationError, match=r"may be changed by anybody .* chmod o-w"):
            load(file, {})
    else:
        assert load(file, {}).source.kind == "sftp"


@posix
@pytest.mark.parametrize("name", ["password_file", "key_passphrase_file"])
def test_a_pipe_is_no_secret_file(source, tmp_path, name):
    os.mkfifo(tmp_path / "secret", 0o600)
    (tmp_path / "key").write_text("key")
    more = f'key_file = "key"\n{name} = "secret"'
    with pytest.raises(ConfigurationError, match=rf"source\.{name}: .*secret is no file; nothing was changed"):
        source(more).require_usable()
