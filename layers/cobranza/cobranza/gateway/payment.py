"""A payment as a gateway tells it.

    {"id": "tx-1", "portfolio": "tienda", "borrower_id": "C1", "amount": "123.45", "currency": "MXN",
     "paid_at": "2026-11-24T09:00:00-06:00"}

Every value is a text. `debt_id` (with `instalment` if need be) or `reference` may stand beside `borrower_id`, or
instead of it.
"""

import json
from collections.abc import Callable
from datetime import datetime, timedelta, tzinfo
from typing import Annotated, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    ValidationError,
    model_validator,
)
from pydantic_core import ErrorDetails, PydanticCustomError

from cobranza.errors import InvalidInput
from cobranza.ledger.debt import MAX_ID
from cobranza.ledger.money import Money, parse_amount, parse_currency
from cobranza.ledger.payment import Payment
from cobranza.policy.portfolio import valid_portfolio_id

MAX_BYTES = 64 * 1024
# Clocks of two systems differ by minutes.
AHEAD = timedelta(minutes=10)
# As in a payments file.
MAX_METHOD, FIRST_YEAR = 40, 2000


def _fits(most: int) -> Callable[[str], str]:
    def check(text: str) -> str:
        if len(text) > most or not text.isprintable():
            raise PydanticCustomError("text", "at most {most} visible characters", {"most": most})
        return text

    return check


def _id(text: str) -> str:
    if "#" in text:
        raise PydanticCustomError("id", "must not have a #")
    return _fits(MAX_ID)(text)


def _portfolio(text: str) -> str:
    if not valid_portfolio_id(text):
        raise PydanticCustomError("portfolio", "1 to 40 of a-z, 0-9 and -")
    return text


def _moment(text: str) -> str:
    try:
        at = datetime.fromisoformat(text)
        is_moment = at.tzinfo is not None and at.year >= FIRST_YEAR
    except ValueError:
        is_moment = False
    if not is_moment:
        raise PydanticCustomError("moment", "must be a moment with its zone: 2026-11-24T09:00:00-06:00")
    return text


type Id = Annotated[str, AfterValidator(_id)]


class GatewayPayment(BaseModel):
    """`id` is the gateway's, once ever in the portfolio."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, str_strip_whitespace=True)

    id: Id
    portfolio: Annotated[str, AfterValidator(_portfolio)]
    borrower_id: Id = ""
    debt_id: Id = ""
    instalment: Id = ""
    reference: Annotated[str, AfterValidator(_fits(MAX_ID))] = ""
    amount: str
    currency: str
    paid_at: Annotated[str, AfterValidator(_moment)]
    method: Annotated[str, AfterValidator(_fits(MAX_METHOD))] = ""

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if not self.id:
            raise PydanticCustomError("id", "id: must not be empty")
        if not (self.borrower_id or self.debt_id or self.reference):
            raise PydanticCustomError("payer", "one of borrower_id, debt_id and reference must be there")
        if self.instalment and not self.debt_id:
            raise PydanticCustomError("payer", "instalment: needs debt_id")
        try:
            money = self.money
        except InvalidInput as error:
            told = {"field": error.column, "reason": error.reason}
            raise PydanticCustomError("money", "{field}: {reason}", told) from error
        if money.amount <= 0:
            raise PydanticCustomError("money", "amount: must be more than nothing")
        return self

    @property
    def money(self) -> Money:
        currency = parse_currency(self.currency)
        return Money(parse_amount(self.amount, currency), currency)

    @property
    def moment(self) -> datetime:
        return datetime.fromisoformat(self.paid_at)

    def payment(self, zone: tzinfo) -> Payment:
        """`zone` is the one in which its day is told to people."""
        return Payment(
            payment_id=self.id,
            portfolio=self.portfolio,
            borrower_id=self.borrower_id,
            debt_id=self.debt_id,
            instalment=self.instalment,
            reference=self.reference,
            amount=self.money,
            paid_at=self.moment.astimezone(zone),
            method=self.method,
            source="gateway",
        )


class BadPayment(Exception):
    """`problems` are all that is wrong: {"field", "problem"}."""

    def __init__(self, problems: list[dict[str, str]]) -> None:
        super().__init__(f"{len(problems)} problems")
        self.problems = problems


def parse(body: bytes, now: datetime) -> GatewayPayment:
    """Raises BadPayment for what is no JSON object of these fields, and for a payment of the future."""
    try:
        told = GatewayPayment.model_validate_json(body)
    except ValidationError as error:
        raise BadPayment([_problem(each) for each in error.errors(include_url=False)]) from None
    if told.moment > now + AHEAD:
        raise BadPayment([{"field": "paid_at", "problem": "is in the future"}])
    return told


def payer_in(body: bytes) -> str:
    """The borrower whom a body names, whatever is wrong with the rest of it; empty where it names none."""
    try:
        told = json.loads(body)
    except ValueError:
        return ""
    payer = told.get("borrower_id") if isinstance(told, dict) else None
    return payer.strip() if isinstance(payer, str) else ""


def _problem(error: ErrorDetails) -> dict[str, str]:
    """A fault between fields begins with the field's name itself."""
    field, problem = ".".join(map(str, error["loc"])), error["msg"]
    return {"field": field, "problem": problem}
