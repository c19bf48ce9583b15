"""Amounts as people and programs write them, and what each can mean with a decimal point or a decimal comma."""

import re
from decimal import Decimal
from functools import lru_cache
from typing import Literal

from babel.numbers import get_currency_precision

from cobranza.errors import InvalidInput
from cobranza.files.codes import refuse
from cobranza.files.damaged import is_shortened
from cobranza.ledger.money import MAX_AMOUNT, MAX_DIGITS

MAX_TEXT = 60

# Reads as nothing but itself with a decimal point; the most frequent shape, so it goes first.
_PLAIN = re.compile(r"[0-9]{1,16}\.(?:[0-9]{1,2}|[0-9]{4})")
_CENTS = re.compile(r"[0-9]{1,15}\.[0-9]{1,2}")
_SHAPE = re.compile(r"([^0-9]*?)([.,]?[0-9](?:[0-9.,' ]*[0-9])?)([^0-9]*)")
_WITH_POINT = re.compile(r"(?:([0-9]+)|([1-9][0-9]{0,2}([ ,'])[0-9]{3}(?:\3[0-9]{3})*))?(?:\.([0-9]+))?")
_WITH_COMMA = re.compile(r"(?:([0-9]+)|([1-9][0-9]{0,2}([ .'])[0-9]{3}(?:\3[0-9]{3})*))?(?:,([0-9]+))?")
_THOUSANDS = re.compile(r"[1-9][0-9]{0,2}([ .,'])[0-9]{3}(?:\1[0-9]{3})*")
_THREE_LAST = re.compile(r".*[ .,'][0-9]{3}")
_SEPARATORS = str.maketrans("", "", " .,'")
_MINUS = "-−–"
_TIDY = str.maketrans({"\u00a0": " ", "\u2007": " ", "\u2009": " ", "\u202f": " ", "\t": " ", "’": "'", "´": "'"})
_OUTSIDE = str.maketrans("", "", " ()" + _MINUS)

_PESOS = frozenset(("ARS", "CLP", "COP", "CUP", "DOP", "MXN", "UYU"))
_PESOS_AND_DOLLARS = _PESOS | {"AUD", "BBD", "BSD", "CAD", "HKD", "NZD", "SGD", "USD"}
# Signs of one currency; `$` alone is each of the above's.
_SIGNS: dict[str, tuple[str, ...]] = {
    "ARS": ("AR$",),
    "BOB": ("BS", "BS."),
    "BRL": ("R$", "REAIS"),
    "CLP": ("CL$",),
    "COP": ("COL$", "CO$"),
    "CRC": ("₡", "¢"),
    "DOP": ("RD$",),
    "EUR": ("€", "EUROS"),
    "GBP": ("£",),
    "GTQ": ("Q", "Q."),
    "HNL": ("L", "L.", "LPS", "LPS."),
    "MXN": ("MX$", "M.N.", "MN", "$M.N.", "M.N"),
    "NIO": ("C$",),
    "PAB": ("B/.",),
    "PEN": ("S/", "S/.", "SOLES"),
    "PYG": ("₲", "GS", "GS."),
    "USD": ("US$", "U$S", "U$D", "US", "DLLS", "DLS"),
    "UYU": ("$U",),
    "VES": ("BS", "BS.", "BS.S", "BSS"),
}
_ALL_SIGNS = frozenset({"$", "PESOS", *(sign for signs in _SIGNS.values() for sign in signs)})

type Values = tuple[Decimal | None, Decimal | None]


@lru_cache(1024)
def precision(currency: str) -> int:
    """How many decimals the currency has; 2 where it is not known."""
    return get_currency_precision(currency.strip().upper() or "XXX")


def readings(text: str, currency: str = "") -> Values:
    """What the text is worth with a decimal point, and with a decimal comma; None where it is no amount.

    `currency` may be any text; where it names a currency, another one's sign beside the amount is no amount.
    Decimals beyond the currency's are not looked at here.
    """
    if _PLAIN.fullmatch(text):
        return Decimal(text), None
    text = text.strip()
    if text.isascii() and text.isdigit():
        value = Decimal(text) if len(text) <= MAX_DIGITS else None
        return value, value
    parts = _split(text, currency)
    if parts is None:
        return None, None
    negative, body = parts
    if precision(currency) == 0 and _THREE_LAST.fullmatch(body):
        # 1.234 is a thousand and more; 1234.567, with its three decimals, would say that 1.234 is not.
        whole = Decimal(body.translate(_SEPARATORS)) if _THOUSANDS.fullmatch(body) else None
        value = -whole if negative and whole is not None else whole
        return value, value
    return _value(_WITH_POINT, body, negative), _value(_WITH_COMMA, body, negative)


def read_amount(text: str, currency: str, decimal: Literal[".", ",", ""], column: str) -> Decimal:
    """Raises InvalidInput (BAD_AMOUNT); see Formats.amount."""
    if decimal == "." and _CENTS.fullmatch(text) and precision(currency) >= 2:
        return Decimal(text)
    point, comma = readings(text, currency)
    if point != comma and not decimal:
        raise _bad(text, column, "`decimal` is not decided", "`decimal` no está decidido")
    value = comma if decimal == "," else point
    if value is None:
        raise _why(text, currency, decimal, column)
    if value.is_signed():
        if value:
            raise _negative(text, column)
        return abs(value)
    if value >= MAX_AMOUNT:
        raise _bad(text, column, "too large", "demasiado grande")
    decimals = precision(currency)
    if value != round(value, decimals):
        raise _bad(text, column, f"{currency} has {decimals} decimals", f"{currency} tiene {decimals} decimales")
    if point is not None and comma is not None and point != comma and decimals < 3 and value == min(point, comma):
        # A thousand and a half or one and a half? Whatever the other cells look like, this one may mean either.
        raise _bad(text, column, "three digits after the sign", "tres cifras después del signo")
    return value


def _split(text: str, currency: str) -> tuple[bool, str] | None:
    """Whether it is negative, and its digits with what stands between them."""
    if len(text) > MAX_TEXT:
        return None
    shape = _SHAPE.fullmatch(text.translate(_TIDY))
    if shape is None or sum(map(str.isdigit, shape[2])) > MAX_DIGITS:
        return None
    before, body, after = shape.groups()
    if body[0] in ".," and _is_sign(before + body[0], currency):
        before, body = before + body[0], body[1:]  # Bs.100
    around = before + after
    brackets = "(" in before and ")" in after
    if around.count("(") + around.count(")") != 2 * brackets:
        return None
    minus = sum(around.count(dash) for dash in _MINUS)
    if minus + brackets > 1:
        return None
    if not all(_is_sign(part, currency) for part in (before.removeprefix("+"), after)):
        return None
    return bool(minus or brackets), body


@lru_cache(4096)
def _is_sign(text: str, currency: str) -> bool:
    """Whether this beside an amount is nothing, or a sign or code that the currency has."""
    sign, code = text.translate(_OUTSIDE).upper(), currency.strip().upper()
    if not sign or sign == code:
        return True
    if len(code) != 3:
        return sign in _ALL_SIGNS or (len(sign) == 3 and sign.isascii() and sign.isalpha())
    if code in _PESOS_AND_DOLLARS and sign in ("$", f"${code}", f"{code}$", "PESOS"):
        return sign != "PESOS" or code in _PESOS
    return sign in _SIGNS.get(code, ())


def _value(pattern: re.Pattern[str], body: str, negative: bool) -> Decimal | None:
    parts = pattern.fullmatch(body)
    if parts is None:
        return None
    whole = parts[1] or (parts[2] or "0").translate(_SEPARATORS)
    value = Decimal(f"{whole}.{parts[4]}") if parts[4] else Decimal(whole)
    return -value if negative else value


def _why(text: str, currency: str, decimal: str, column: str) -> InvalidInput:
    if is_shortened(text.strip()):
        return _bad(text, column, "shortened by a spreadsheet", "acortado por una hoja de cálculo")
    example = f"{currency} 1234" + (f"{decimal or '.'}50" if precision(currency) else "")
    return _bad(text, column, example, example)


def _negative(text: str, column: str) -> InvalidInput:
    return _bad(
        text,
        column,
        "negative; a balance in the borrower's favour goes into `credit`, without sign",
        "negativo; un saldo a favor va en `credit`, sin signo",
    )


def _bad(text: str, column: str, detail: str, es: str) -> InvalidInput:
    shown = repr(text.strip()[:40])
    return refuse("BAD_AMOUNT", f"{shown}: {detail}", column, es=f"{shown}: {es}")
