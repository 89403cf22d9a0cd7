from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rostersync.importers.contacts import emails, phones
from rostersync.model.contacts import normalise_email, normalise_name, normalise_phone


@pytest.mark.parametrize(
    ("cell", "stored"),
    [
        ("ada@school.example", "ada@school.example"),
        ("  Ada.Birch@School.EXAMPLE ", "ada.birch@school.example"),
        ("ada+roster@sub.school.org", "ada+roster@sub.school.org"),
        ("o'neil@school.org", "o'neil@school.org"),
        ("ada@district.local", "ada@district.local"),
        ("ada@mail.test", "ada@mail.test"),
        ("ada@ＳＣＨＯＯＬ.org", "ada@school.org"),
        ("josé@escuela.org", "josé@escuela.org"),
        ("JOSÉ@escuela.org", "josé@escuela.org"),
        ("ada@xn--mnchen-3ya.de", "ada@münchen.de"),
        ("ada@school", None),
        ("ada@localhost", None),
        ("ada", None),
        ("@school.org", None),
        ("ada@@school.org", None),
        ("ada..birch@school.org", None),
        (".ada@school.org", None),
        ("ada@school..org", None),
        ("ada@-school.org", None),
        ("ada birch@school.org", None),
        ("Ada <ada@school.org>", None),
        ('"ada birch"@school.org', None),
        ("ada@school.org, bo@school.org", None),
        ("ada@10.0.0.1", None),
        ("ada@[10.0.0.1]", None),
        ("n/a", None),
        ("x" * 250 + "@school.org", None),
    ],
)
def test_e_mail_addresses(cell: str, stored: str | None):
    assert normalise_email(cell) == stored
    assert emails(pl.Series([cell.strip(), None])).to_list() == [stored, None]


@pytest.mark.parametrize(
    ("cell", "region", "stored"),
    [
        ("206-555-0101", "US", "+12065550101"),
        ("(206) 555.0101", "US", "+12065550101"),
        ("1 206 555 0101", "US", "+12065550101"),
        ("+1 206 555 0101", "US", "+12065550101"),
        ("2065550101", "CA", "+12065550101"),
        ("555-010-0001", "US", "+15550100001"),
        ("+44 20 7183 8750", "US", "+442071838750"),
        ("020 7183 8750", "GB", "+442071838750"),
        ("030 901820", "DE", "+4930901820"),
        ("２０６-555-0101", "US", "+12065550101"),
        ("000-000-0000", "US", None),
        ("123-456-7890", "US", None),
        ("555-0101", "US", None),
        ("206-555-01011", "US", None),
        ("1-800-FLOWERS", "US", None),
        ("206-555-0101 mom", "US", None),
        ("206-555-0101 / 206-555-0102", "US", None),
        ("none", "US", None),
        ("-", "US", None),
        ("2" * 80, "US", None),
    ],
)
def test_phone_numbers(cell: str, region: str, stored: str | None):
    assert normalise_phone(cell, region, allow_extension=False) == stored
    assert normalise_phone(cell, region, allow_extension=True) == stored
    assert phones(pl.Series([cell, None]), region, allow_extension=False).to_list() == [stored, None]


@pytest.mark.parametrize(
    "cell", ["206-555-0101 x12", "206-555-0101 ext. 12", "(206) 555-0101 #12", "2065550101;ext=12"]
)
def test_an_extension_is_kept_for_a_phone_and_no_mobile(cell: str):
    assert normalise_phone(cell, "US", allow_extension=True) == "+12065550101 ext. 12"
    assert normalise_phone(cell, "US", allow_extension=False) is None
    assert phones(pl.Series([cell]), "US", allow_extension=True).to_list() == ["+12065550101 ext. 12"]


@pytest.mark.parametrize(
    ("text", "stored"),
    [("  Ada \t Birch ", "Ada Birch"), ("Jose\u0301", "José"), ("\u00a0", None), ("", None), ("Null", "Null")],
)
def test_names(text: str, stored: str | None):
    assert normalise_name(text) == stored


address = st.builds(
    "{}@{}".format,
    st.text(st.sampled_from("abzAZ09._+'-éßŁſİ!#é"), max_size=8),
    st.text(st.sampled_from("abzAZ09.-éx"), max_size=10),
)


@given(st.lists(address | st.text(st.sampled_from("ab@.-_éA "), max_size=9), min_size=1, max_size=30))
@settings(max_examples=200, deadline=None)
def test_law_a_column_of_addresses_is_read_as_one_by_one(cells: list[str]):
    cells = [cell.strip() or "x" for cell in cells]
    assert emails(pl.Series(cells)).to_list() == [normalise_email(cell) for cell in cells]


@given(address)
@settings(max_examples=200, deadline=None)
def test_law_a_stored_address_stays_as_it_is(cell: str):
    stored = normalise_email(cell)
    assert stored is None or normalise_email(stored) == stored


number = st.text(st.sampled_from("0123456789 ()+-./x#"), max_size=18) | st.builds(
    "{}{}{}{}{}".format,
    st.sampled_from(["", "1", "+1", "+1 ", "1-", "(", "+", "011 "]),
    st.from_regex(r"\A[0-9]{3}\Z"),
    st.sampled_from(["", "-", ") ", ".", " / ", "--"]),
    st.from_regex(r"\A[0-9]{3}[-. ]?[0-9]{4}\Z"),
    st.sampled_from(["", " ", "-", " x1", ".", ")"]),
)


@given(
    cells=st.lists(number, min_size=1, max_size=30),
    region=st.sampled_from(["US", "CA", "JM", "DO", "us"]),
    allowed=st.booleans(),
)
@settings(max_examples=300, deadline=None)
def test_law_a_column_of_numbers_is_read_as_one_by_one(cells: list[str], region: str, *, allowed: bool):
    expected = [normalise_phone(cell, region, allow_extension=allowed) for cell in cells]
    assert phones(pl.Series(cells), region, allow_extension=allowed).to_list() == expected


@given(number, st.sampled_from(["US", "GB", "DE"]))
@settings(max_examples=200, deadline=None)
def test_law_a_stored_number_stays_as_it_is_anywhere(cell: str, region: str):
    stored = normalise_phone(cell, region, allow_extension=True)
    assert stored is None or normalise_phone(stored, "FR", allow_extension=True) == stored
