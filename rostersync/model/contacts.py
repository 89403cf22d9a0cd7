"""Contact details in the form they are compared and stored in (policies.md, Contact details).

Here are the exact rules, one value at a time; the importer has a faster way for columns that must agree.
"Valid" means valid in form: nobody asks whether an address or a number is in use.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import ModuleType

    from phonenumbers import PhoneNumber

_EMAIL_LIMIT = 254  # characters of an address that mail servers have to accept (RFC 5321)
_PHONE_LIMIT = 64  # no phone number with its extension is longer; longer cells are not worth parsing
_EXTENSION = re.compile(r"\s*(?:[,;]?\s*ext(?:ension)?[.:]?|[,;]?\s*x[.:]?|#|;ext=)\s*(\d{1,9})#?\s*$", re.IGNORECASE)

_STEERING = re.compile(r"[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]")
"""Control characters, and those that turn the reading direction."""


def normalise_name(text: str) -> str | None:
    """`text` as NFC with runs of blanks collapsed, without what steers a terminal; None if nothing is left."""
    return " ".join(_STEERING.sub("", unicodedata.normalize("NFC", " ".join(text.split()))).split()) or None


def normalise_email(text: str) -> str | None:
    """`text` trimmed, NFKC, lower case; None if it is no valid e-mail address in form.

    Special-use domains such as `.local` pass; a domain without a dot, a display name or a quoted local part
    do not.
    """
    wanted = _folded(text)
    if "@" not in wanted or len(wanted) > _EMAIL_LIMIT:
        return None
    validator = _email_validator()
    try:
        checked = validator.validate_email(wanted, check_deliverability=False)
        result = _folded(str(checked.normalized))
        if result != wanted:
            validator.validate_email(result, check_deliverability=False)
    except (validator.EmailNotValidError, UnicodeError):
        return None
    return result if result == _folded(result) and len(result) <= _EMAIL_LIMIT else None


def normalise_phone(text: str, region: str, *, allow_extension: bool) -> str | None:
    """`text` as E.164, without a country code a number of `region`; None if it is no valid number in form.

    Valid in form is a number of a possible full length that the numbering plan of its country could give out.
    With `allow_extension` a number with one becomes "+12065550100 ext. 12"; without it is no valid number.
    """
    wanted = unicodedata.normalize("NFKC", text).strip()
    if len(wanted) > _PHONE_LIMIT:
        return None
    found = _EXTENSION.search(wanted)
    extension = found.group(1) if found else None
    digits = wanted[: found.start()] if found else wanted
    if any(character.isalpha() for character in digits) or (extension and not allow_extension):
        return None
    import phonenumbers

    try:
        number = phonenumbers.parse(digits, region.upper())
    except phonenumbers.NumberParseException:
        return None
    if number.extension or not (_of_the_numbering_plan(number) or phonenumbers.is_valid_number(number)):
        return None
    formatted = str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))
    return f"{formatted} ext. {extension}" if extension else formatted


def _folded(text: str) -> str:
    """`text` in the form e-mail addresses are compared in; lower case can undo NFKC, so twice."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).strip().lower()).strip()


@cache
def _email_validator() -> ModuleType:
    """The validator, told that names like `.local` and `.test` are in use inside school districts."""
    import email_validator

    email_validator.SPECIAL_USE_DOMAIN_NAMES.clear()  # the documented way to let them pass
    return email_validator


def _of_the_numbering_plan(number: PhoneNumber) -> bool:
    """Whether its country could give out `number`: made-up ranges such as 555-010-xxxx count."""
    import phonenumbers
    from phonenumbers.phonemetadata import PhoneMetadata

    if phonenumbers.is_possible_number_with_reason(number) != phonenumbers.ValidationResult.IS_POSSIBLE:
        return False
    country = number.country_code or 0
    region = phonenumbers.region_code_for_country_code(country)
    metadata = PhoneMetadata.metadata_for_region_or_calling_code(country, region)
    plan = metadata.general_desc if metadata else None
    pattern = plan.national_number_pattern if plan else None
    return bool(pattern and re.fullmatch(pattern, phonenumbers.national_significant_number(number)))
