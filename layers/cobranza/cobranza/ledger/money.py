"""Exact money: a Decimal and its currency, never a float."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

from babel.numbers import get_currency_precision, list_currencies

from cobranza.errors import InvalidInput

MAX_AMOUNT = Decimal(10) ** 15
MAX_DIGITS = 20


@dataclass(frozen=True, slots=True)
class Money:
    amount: Decimal
    currency: str


def totals(amounts: Iterable[Money]) -> tuple[Money, ...]:
    """One total for each currency, in order of currency code: currencies are never added up."""
    sums: dict[str, Decimal] = {}
    for money in amounts:
        sums[money.currency] = sums.get(money.currency, Decimal(0)) + money.amount
    return tuple(Money(amount, currency) for currency, amount in sorted(sums.items()))


@lru_cache(1024)
def parse_currency(text: str) -> str:
    """An ISO 4217 code, upper case."""
    code = text.strip().upper()
    if code not in list_currencies():
        raise InvalidInput("BAD_CURRENCY", f"{text[:20]!r} → MXN (ISO 4217)", "currency")
    return code


def parse_amount(text: str, currency: str, column: str = "amount") -> Decimal:
    """A canonical amount: digits, a point for decimals, no thousands separator, no more decimals than the
    currency has (`1234.50` MXN, `1234` CLP). Anything else is refused, never guessed."""
    digits = text.strip()
    if len(digits) > MAX_DIGITS:
        raise InvalidInput("BAD_AMOUNT", f"> {MAX_DIGITS} dígitos/digits", column)
    whole, point, decimals = digits.partition(".")
    precision = get_currency_precision(currency)
    if not (whole.isascii() and whole.isdigit()) or (point and not (decimals.isascii() and decimals.isdigit())):
        raise InvalidInput("BAD_AMOUNT", f"{text!r} → 1234.50", column)
    if len(decimals.rstrip("0")) > precision:
        raise InvalidInput("BAD_AMOUNT", f"{text!r}: {currency} {precision} decimales/decimals", column)
    amount = Decimal(digits)
    if amount >= MAX_AMOUNT:
        raise InvalidInput("BAD_AMOUNT", f"{text!r}: demasiado grande / too large", column)
    return amount
