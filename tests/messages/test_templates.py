"""The templates of messages: what they may say, who may see it, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from rostersync.errors import ConfigurationError
from rostersync.messages import DEFAULTS, load
from rostersync.messages.loading import NAMES
from rostersync.messages.variables import MEANINGS, SAMPLES, ContactChange, masked, variables

SUBJECT, EMAIL, SMS = NAMES
CHANGE = ContactChange(
    channel="email",
    address="old@example.org",
    given_name="Ana",
    family_name="Ruiz",
    email_before="old@example.org",
    email_after="brandnew@families.example.org",
    mobile_before="+12065550101",
    mobile_after="+12065550102",
)
TO_NEW = CHANGE._replace(address="brandnew@families.example.org")
TO_OLD_MOBILE = CHANGE._replace(channel="sms", address="+12065550101", email_before="", email_after="")


def text(name: str, change: ContactChange, folder: Path = Path("there-is-none")) -> str:
    return load(folder).render(name, variables(change, "Maple Valley"))


def written(folder: Path, name: str, content: str) -> Path:
    (folder / name).write_text(content, encoding="utf-8")
    return folder


def refusal(folder: Path) -> str:
    with pytest.raises(ConfigurationError) as refused:
        load(folder)
    assert "\n" not in str(refused.value)
    assert "nothing was changed" in str(refused.value)
    return str(refused.value)


def test_every_variable_has_a_meaning():
    for sample in SAMPLES:
        assert set(variables(sample, "District")) == set(MEANINGS)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("", ""),
        ("ana.ruiz@families.example.org", "a***@f***.org"),
        ("al@ex.org", "***@***.org"),
        ("x@district.local", "***@d***.local"),
        ("+12065550102", "***02"),
    ],
)
def test_a_masked_value_tells_only_who_knows_it(value: str, shown: str):
    assert masked(value) == shown


def test_the_old_address_does_not_learn_the_new_values_nor_the_name():
    said = text(EMAIL, CHANGE)
    assert "old@example.org -> b***@f***.org" in said
    assert "***01 -> ***02" in said
    for secret in ("brandnew", "families", "5550101", "5550102", "Ana", "Ruiz"):
        assert secret not in said


def test_the_new_address_sees_itself_and_not_the_old_one():
    said = text(EMAIL, TO_NEW)
    assert "o***@e***.org -> brandnew@families.example.org" in said
    assert "Hello Ana," in said
    for secret in ("old@", "5550101", "5550102"):
        assert secret not in said


def test_an_sms_to_the_old_number_does_not_learn_the_new_one():
    said = text(SMS, TO_OLD_MOBILE)
    assert "+12065550101 -> ***02" in said
    assert "E-mail" not in said
    assert "\n" not in said


def test_only_what_changed_is_told():
    said = text(EMAIL, TO_NEW._replace(mobile_after=TO_NEW.mobile_before))
    assert "E-mail:" in said
    assert "Mobile" not in said


def test_a_value_that_is_gone_is_none():
    assert "old@example.org -> none" in text(EMAIL, CHANGE._replace(email_after=""))


@pytest.mark.parametrize("sample", SAMPLES, ids=range(len(SAMPLES)))
@pytest.mark.parametrize("name", NAMES)
def test_the_wording_that_comes_along_fits_every_change(name: str, sample: ContactChange):
    said = text(name, sample)
    assert said.startswith(("Maple Valley", "Hello"))
    assert "  " not in said
    assert "None" not in said


def test_a_file_of_the_same_name_replaces_one_template_alone(tmp_path: Path):
    folder = written(tmp_path, SMS, "{{ district }} <b> {{ mobile_after }}")
    assert load(folder).own == (SMS,)
    assert text(SMS, TO_OLD_MOBILE, folder) == "Maple Valley <b> ***02"
    assert text(SUBJECT, CHANGE, folder) == text(SUBJECT, CHANGE)


def test_a_copy_of_what_comes_along_says_the_same(tmp_path: Path):
    for name in NAMES:
        written(tmp_path, name, (DEFAULTS / name).read_text(encoding="utf-8"))
    assert [text(name, CHANGE, tmp_path) for name in NAMES] == [text(name, CHANGE) for name in NAMES]


def test_texts_are_not_escaped_and_values_are_no_templates(tmp_path: Path):
    folder = written(tmp_path, EMAIL, "{{ given_name }}")
    assert text(EMAIL, CHANGE._replace(given_name="O'Neil & {{ district }}"), folder) == "O'Neil & {{ district }}"


@pytest.mark.parametrize(
    ("content", "line", "what"),
    [
        ("one\ntwo {{ district", 2, "end of print statement"),
        ("{% if email_changed %}\nx", 2, "endif"),
        ("one\n\n{{ emial_after }}", 3, "there is no variable emial_after, the nearest is email_after"),
        ("{% if to_old_address %}\n{{ password }}\n{% endif %}", 2, "there is no variable password"),
        ("{{ given_name | shout }}", 1, "shout"),
        ("x\n{% include 'other.j2' %}", 2, "one file alone"),
        ("x\n{{ given_name.first }}", 2, "first"),
        ("x\n{{ 1 // email_after.count('z') }}", 2, "zero"),
        ("{{ given_name.__class__.__mro__ }}", 1, "unsafe"),
        ("{{ lipsum() }}", 1, "there is no variable lipsum"),
    ],
)
def test_a_template_that_does_not_work_is_refused_with_file_and_line(
    tmp_path: Path, content: str, line: int, what: str
):
    said = refusal(written(tmp_path, EMAIL, content))
    assert said.startswith(f"{tmp_path / EMAIL}, line {line}: ")
    assert what in said


def test_a_file_with_the_name_of_no_template_is_refused(tmp_path: Path):
    said = refusal(written(tmp_path, "contact-update.email.txt.j2", "x"))
    assert EMAIL in said


def test_other_files_beside_them_are_let_be(tmp_path: Path):
    written(tmp_path, "README.txt", "{{ nothing")
    assert load(tmp_path).own == ()


def test_a_file_that_is_no_utf_8_is_refused(tmp_path: Path):
    (tmp_path / EMAIL).write_bytes("Zoë".encode("latin-1"))
    assert "UTF-8" in refusal(tmp_path)


def test_a_folder_that_is_a_file_is_refused(tmp_path: Path):
    written(tmp_path, "templates", "")
    assert "messages.templates" in refusal(tmp_path / "templates")


def test_a_template_that_fails_on_somebody_tells_nothing_of_them(tmp_path: Path):
    folder = written(tmp_path, EMAIL, "\n{% if given_name == 'Zoe' %}{{ (email_after | int(1)) // 0 }}{% endif %}")
    with pytest.raises(ConfigurationError) as refused:
        text(EMAIL, TO_NEW._replace(given_name="Zoe"), folder)
    assert f"{EMAIL}, line 2: ZeroDivisionError" in str(refused.value)
    assert "Zoe" not in str(refused.value)
    assert "brandnew" not in str(refused.value)
