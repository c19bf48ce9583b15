"""What WhatsApp makes of a phone number."""

import hashlib
import re
from datetime import UTC, datetime, timedelta, timezone

# Only in these Brazilian area codes does a wa_id keep the ninth digit of a mobile number.
_NINE_DIGIT_AREAS = {"11", "12", "13", "14", "15", "16", "17", "18", "19", "21", "22", "24", "27", "28"}

# Hours from UTC, without summer time: good enough to tell one day's messages from the next day's.
_HOURS = {"+52": -6, "+57": -5, "+55": -3, "+54": -3, "+51": -5, "+56": -4, "+593": -5, "+1": -5}

_COUNTRIES = {
    "+52": "MX",
    "+57": "CO",
    "+55": "BR",
    "+54": "AR",
    "+51": "PE",
    "+56": "CL",
    "+593": "EC",
    "+502": "GT",
    "+1": "US",
}


def canonical(number: str) -> str:
    """One person, one number: +521… is +52…, and a mobile number of Argentina or Brazil has its nine.

    Raises ValueError for what is no international number.
    """
    digits = re.sub(r"[ ()+-]", "", number)
    if not re.fullmatch(r"[1-9][0-9]{7,14}", digits):
        raise ValueError(f"{number!r} is no phone number")
    if re.fullmatch(r"521\d{10}", digits):
        digits = "52" + digits[3:]
    elif re.fullmatch(r"54[1-8]\d{9}", digits):  # no area code of Argentina begins with a nine
        digits = "549" + digits[2:]
    elif re.fullmatch(r"55\d{2}[5-9]\d{7}", digits):  # five as well: invented numbers are 9 5555 …
        digits = f"{digits[:4]}9{digits[4:]}"
    return "+" + digits


def wa_id(number: str) -> str:
    """The id WhatsApp reports for a number, which for Mexico and Brazil may differ from what was dialled."""
    digits = canonical(number)[1:]
    if re.fullmatch(r"52\d{10}", digits):
        return "521" + digits[2:]
    if re.fullmatch(r"55\d{2}9\d{8}", digits) and digits[2:4] not in _NINE_DIGIT_AREAS:
        return digits[:4] + digits[5:]
    return digits


def user_id(number: str) -> str:
    """The business-scoped user id of a person, which WhatsApp tells beside or instead of the number."""
    phone = canonical(number)
    country = next((name for prefix, name in _COUNTRIES.items() if phone.startswith(prefix)), "US")
    return f"{country}.{int.from_bytes(hashlib.sha256(phone.encode()).digest()[:7]):017}"


def is_user_id(text: str) -> bool:
    """Whether it has the form of a business-scoped user id, as US.13491208655302741918 or US.ENT.1181579921."""
    return re.fullmatch(r"[A-Z]{2}\.(?:ENT\.)?[A-Za-z0-9]{1,128}", text) is not None


def local_time(number: str, at: float) -> datetime:
    """That moment on the borrower's own clock."""
    prefixes = (hours for prefix, hours in _HOURS.items() if number.startswith(prefix))
    zone = timezone(timedelta(hours=next(prefixes, 0)))
    return datetime.fromtimestamp(at, UTC).astimezone(zone)


def local_day(number: str, at: float) -> str:
    """The borrower's own date at that moment."""
    return local_time(number, at).date().isoformat()
