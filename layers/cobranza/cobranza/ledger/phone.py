"""Phone numbers as people write them, read once into E.164."""

import re
from dataclasses import dataclass
from functools import lru_cache

import phonenumbers
from phonenumbers import COUNTRY_CODE_TO_REGION_CODE, PhoneMetadata, PhoneNumber, PhoneNumberType

from cobranza.errors import InvalidInput
from cobranza.ledger.phone_forms import MEXICO_WITH_1

MAX_TEXT = 40

# What people and address books write between digits: blanks, dashes, dots, brackets, invisible marks. A slash
# or a comma separates two numbers and is not here.
_PUNCTUATION = dict.fromkeys(
    map(
        ord,
        " \t\u00a0\u2007\u2009\u202f-\u2010\u2011\u2012\u2013\u2014.()'\u200b\u200e\u200f\u202a\u202c\ufeff",
    )
)
_NUMBER = re.compile(r"\+?[0-9]+")
_SCIENTIFIC = re.compile(r"[0-9]+(?:[.,][0-9]+)?[eE]\+?[0-9]+")
# 5255550100.0 would become another number without its point.
_DECIMAL = re.compile(r"\+?[0-9]{7,}[.,][0-9]+")
_WORLD = "001"  # libphonenumber's region of numbers without a country


@dataclass(frozen=True, slots=True)
class Phone:
    """`e164` has its plus; `country` is the number's own, which may differ from where its owner lives."""

    e164: str
    country: str


# Files name a borrower's phone again for each of the debts.
@lru_cache(4096)
def parse_phone(text: str, country: str) -> Phone:
    """Read a number that can receive WhatsApp messages; one without country code is read as of `country`.

    Raises InvalidInput: BAD_PHONE, or LANDLINE where the numbering plan tells landlines from mobiles.
    """
    text = text.strip()
    if len(text) > MAX_TEXT:
        raise _bad("demasiado largo", "it is too long")
    if _SCIENTIFIC.fullmatch(text):
        raise _bad(
            "una hoja de cálculo lo acortó a notación científica y se perdieron dígitos",
            "a spreadsheet shortened it to scientific notation and digits are lost",
        )
    if _DECIMAL.fullmatch(text):
        raise _bad("tiene decimales", "it is a number with decimals")
    digits = text.translate(_PUNCTUATION)
    if not _NUMBER.fullmatch(digits):
        raise _bad(
            "escriba un solo número, con su código de país: +525555550100",
            "write one number, with digits only and its country code, such as +525555550100",
        )
    # Mexico dropped the 1 after 52 in 2019. Address books, and WhatsApp itself, still carry it.
    mexican = MEXICO_WITH_1.fullmatch(digits)
    if mexican and (mexican[1] or country == "MX"):
        digits = f"+52{mexican[2]}"
    try:
        number, kind = _read(digits, country)
    except phonenumbers.NumberParseException as error:
        raise _bad(f"no se lee como número de {country}", f"it cannot be read as a number of {country}") from error
    region = phonenumbers.region_code_for_number(number)
    # The type in the region's own plan is UNKNOWN exactly where the number is not valid there.
    if region is None or region == _WORLD or kind == PhoneNumberType.UNKNOWN:
        raise _bad("ese número no existe en su país", "no such number exists in the numbering plan of its country")
    if kind == PhoneNumberType.FIXED_LINE:
        raise InvalidInput(
            "LANDLINE",
            "Es el número de un teléfono fijo · This is the number of a landline, WhatsApp needs a mobile number",
            "phone",
        )
    return Phone(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164), region)


def _read(digits: str, country: str) -> tuple[PhoneNumber, int]:
    """The number and its type. Raises NumberParseException."""
    number = _international(digits)
    if number and (kind := phonenumbers.number_type(number)) != PhoneNumberType.UNKNOWN:
        return number, kind
    number = phonenumbers.parse(digits, country)
    return number, phonenumbers.number_type(number)


def _international(digits: str) -> PhoneNumber | None:
    """What parse would make of +<calling code><number>, in a third of its time: None unless there is nothing in it
    that parse might strip or keep apart (national prefixes, leading zeros). It need not be a valid number."""
    if digits[0] != "+":
        return None
    for end in (2, 3, 4):
        code, rest = digits[1:end], digits[end:]
        if code in _CALLING_CODES:
            break
    else:
        return None
    metadata = PhoneMetadata.metadata_for_region(_CALLING_CODES[code])
    if metadata is None or not rest or rest[0] == "0":
        return None
    prefix = metadata.national_prefix_for_parsing
    if prefix and re.compile(prefix).match(rest):
        return None
    return PhoneNumber(country_code=int(code), national_number=int(rest))


# The main region of each calling code; those of no country ("001") are left out.
_CALLING_CODES = {
    str(code): regions[0] for code, regions in COUNTRY_CODE_TO_REGION_CODE.items() if regions[0] != _WORLD
}


def _bad(es: str, en: str) -> InvalidInput:
    reason = f"No es un teléfono utilizable: {es} · This is not a usable phone number: {en}"
    return InvalidInput("BAD_PHONE", reason, "phone")
