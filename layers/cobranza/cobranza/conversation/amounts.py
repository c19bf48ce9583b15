"""Amounts as a borrower writes them, to be read by a person or compared with care."""

import re
from decimal import Decimal

_AMOUNT = re.compile(
    r"""(?:R\$|US\$|S/\.?|\$|€)\ ?\d[\d.,]{0,14}(?:\ ?mil\b)?
    | \b\d[\d.,]{0,14}\ ?(?:mil\ )?(?:pesos|reais|real|soles|d[oó]lares|dollars|lucas|euros|bs|quetzales|lempiras
        |mxn|cop|usd|brl|ars|clp|pen)\b
    | \b\d{1,3}\ ?mil\b | \b\d{1,3}k\b
    | \b\d{1,3}(?:[.,]\d{3})+(?:[.,]\d{2})?\b
    | (?<![\d/.-])\b\d{3,9}(?:[.,]\d{2})?\b(?![/\d-])
    | \bmil\ pesos\b | \bla\ mitad\b | \bmetade\b | \bhalf\b""",
    re.IGNORECASE | re.VERBOSE,
)
_YEAR = re.compile(r"20\d\d")


def amount_said(text: str) -> str:
    """The first amount in a text, as it stands ("R$ 200", "la mitad", "1,200.50"); "" if there is none."""
    said = (found[0].rstrip(".,") for found in _AMOUNT.finditer(text))
    return next((each for each in said if not _YEAR.fullmatch(each)), "")


_FIGURES = re.compile(r"(?P<whole>\d{1,3}(?:\.\d{3})+|\d{1,3}(?:,\d{3})+|\d+)(?:[.,](?P<cents>\d{2}))?")
_CURRENCY = re.compile(
    r"R\$|US\$|S/\.?|\$|€|pesos|reais|real|soles|d[oó]lares|dollars|euros|bs|quetzales|lempiras"
    r"|mxn|cop|usd|brl|ars|clp|pen",
    re.IGNORECASE,
)


def amount_in_figures(said: str) -> Decimal | None:
    """What `amount_said` found, where it is plain figures ("1.200,50", "500 pesos"); None for "mil", "la mitad",
    "20k". Three digits after a point or a comma are thousands: nobody writes three decimals of these currencies.
    """
    found = _FIGURES.fullmatch(_CURRENCY.sub("", said).strip())
    if found is None:
        return None
    whole = found["whole"].replace(".", "").replace(",", "")
    return Decimal(f"{whole}.{found['cents'] or '0'}")
