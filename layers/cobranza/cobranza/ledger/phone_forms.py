"""The forms in which WhatsApp may report a phone number.

Apart from where numbers are read: whoever answers Meta needs no numbering plans, which cost a start 10 ms.
"""

import re

MEXICO_WITH_1 = re.compile(r"(\+|00)?521([0-9]{10})")

# Country code, digits before the one that comes and goes, that digit, digits after it.
_OPTIONAL_DIGITS = (
    ("52", 2, "1", 10),
    ("54", 2, "9", 10),
    ("55", 4, "9", 8),
)


def phone_variants(e164: str) -> tuple[str, ...]:
    """The forms in which WhatsApp may report this number as `wa_id`: digits only, E.164 first.

    Meta calls the change "a standard behavior" for Brazil and Mexico; Argentina is seen in practice.
    Brazilian landlines have the shape of mobiles without their ninth digit, so a variant may meet somebody
    else's number: who matches by variants and finds two borrowers must not choose.
    """
    digits = e164.removeprefix("+")
    for country, prefix, optional, rest in _OPTIONAL_DIGITS:
        if not digits.startswith(country):
            continue
        head, tail = digits[:prefix], digits[prefix:]
        if len(tail) == rest:
            return digits, head + optional + tail
        if len(tail) == rest + 1 and tail.startswith(optional):
            return digits, head + tail[1:]
    return (digits,)


def kept_forms(wa_id: str) -> tuple[str, ...]:
    """Those of its variants under which a borrower can be kept: `parse_phone` leaves no Mexican number its 1."""
    return tuple(form for form in phone_variants(wa_id) if not MEXICO_WITH_1.fullmatch(form))
