"""The API of cases as others see it: what may be asked, what is told, and how it is refused.

API Gateway has checked the token; its claims say who asks (`sub`), and which portfolios they may see.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import (
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    ValidationInfo,
    field_validator,
)

from cobranza.errors import InvalidInput
from cobranza.files.codes import CODES
from cobranza.flows.case_desk import Caller, CaseRefused, Shown
from cobranza.flows.decide_receipt import ReceiptShown
from cobranza.http_api import body_of
from cobranza.ledger.case import CaseQueue, CaseState, Result
from cobranza.ledger.confirmation import Subject

MAX_BYTES = 16 * 1024
MAX_NAME = 200
_CASE = re.compile(r"[0-9A-V]{26}")
_RECEIPT = re.compile(r"[A-Z2-7]{26}")

# The status and the sentence of each code.
REFUSALS: Mapping[str, tuple[int, str]] = {
    "UNAUTHORIZED": (401, "The token says nobody's name."),
    "NOT_FOUND": (404, "There is nothing here that you may see."),
    "BAD_REQUEST": (422, "What was sent cannot be read."),
    "BAD_UNTIL": (422, "The moment must lie ahead, at most 14 days."),
    "BAD_HOLD": (422, "The last day of the hold is over."),
    "TOO_LARGE": (413, "What was sent is too large."),
    "ALREADY_CLOSED": (409, "The case is closed."),
    "TAKEN": (409, "Somebody else is in charge of the case."),
    "CHANGED": (409, "The case changed meanwhile: read it again."),
    "OUTSIDE_WINDOW": (409, "Nothing came in the last 24 hours: WhatsApp takes these templates alone."),
    "INSIDE_WINDOW": (409, "The person wrote in the last 24 hours: answer in free words."),
    "NOT_ALLOWED": (409, "Nobody may write to this person first; the reason says why."),
    "NOT_NOW": (409, "Nobody may write to this person first now; the reason says why, and until when at least."),
    "OPTED_OUT": (409, "The person asked us to stop and has not written since."),
    "TEST_STAGE": (409, "This stack is for tests and writes to the phones on its list alone."),
    "MAY_HAVE_LEFT": (409, "These words may have left: they are not sent again."),
    "TRY_LATER": (503, "WhatsApp did not take it now: try again in some seconds."),
    "NOT_TAKEN": (502, "WhatsApp refused it."),
}


# What may be asked.


class _Asked(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Reply(_Asked):
    """Free words, or the name of a template."""

    text: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=1000)] | None = None
    template: Annotated[Literal[Subject.CASE] | None, Field(validate_default=True)] = None

    @field_validator("template")
    @classmethod
    def _instead_of_words(cls, template: str | None, told: ValidationInfo) -> str | None:
        if "text" in told.data and (template is None) == (told.data["text"] is None):
            raise ValueError("one of the two")
        return template


class Taking(_Asked):
    until: AwareDatetime


class Ending(_Asked):
    result: Literal[Result.RESOLVED, Result.STANDS]
    hold_until: date | None = None


class Decision(_Asked):
    """The other cells of a receipts file's row, as texts: what is in them is judged as there."""

    borrower_id: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=64)]
    decision: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=40)]
    amount: Annotated[str, StringConstraints(max_length=60)] = ""
    currency: Annotated[str, StringConstraints(max_length=10)] = ""
    operation: Annotated[str, StringConstraints(max_length=128)] = ""
    reason: Annotated[str, StringConstraints(max_length=1000)] = ""


type _Portfolio = Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]{1,40}$")]


class WaitingReceipts(_Asked):
    portfolio: _Portfolio
    cursor: Annotated[str, StringConstraints(pattern=r"^([A-Z2-7]{26})?$")] = ""


class OpenCases(_Asked):
    portfolio: _Portfolio
    state: Literal[CaseState.OPEN, CaseState.TAKEN] | None = None
    queue: CaseQueue | None = None
    cursor: Annotated[str, StringConstraints(pattern=r"^([0-9A-V]{26})?$")] = ""


def asked_of[T: _Asked](event: Mapping[str, Any], what: type[T]) -> T:
    """A question, by its query. Raises ValidationError."""
    return what.model_validate(event.get("queryStringParameters") or {})


def order_of[T: _Asked](event: Mapping[str, Any], what: type[T]) -> T:
    """An order, by its body. Raises ValidationError, or CaseRefused (TOO_LARGE)."""
    body = body_of(event)
    if len(body) > MAX_BYTES:
        raise CaseRefused("TOO_LARGE")
    return what.model_validate_json(body)


def case_id_of(event: Mapping[str, Any]) -> str:
    """Raises CaseRefused (NOT_FOUND) for what can be no case's."""
    return _id_of(event, _CASE)


def receipt_id_of(event: Mapping[str, Any]) -> str:
    """Raises CaseRefused (NOT_FOUND) for what can be no receipt's."""
    return _id_of(event, _RECEIPT)


def named_in(event: Mapping[str, Any]) -> dict[str, Any]:
    """The case or the receipt that a call names, for its line in the log; nothing where it can be none."""
    told = str((event.get("pathParameters") or {}).get("id", ""))
    shapes = {"case": _CASE, "receipt": _RECEIPT}
    return {
        what: told
        for what, shape in shapes.items()
        if f"/{what}s/" in event.get("routeKey", "") and shape.fullmatch(told)
    }


def _id_of(event: Mapping[str, Any], shape: re.Pattern[str]) -> str:
    told = event["pathParameters"]["id"]
    if not shape.fullmatch(told):
        raise CaseRefused("NOT_FOUND")
    return told


def caller_of(event: Mapping[str, Any]) -> Caller:
    """Raises CaseRefused (UNAUTHORIZED) where API Gateway has put nobody's name."""
    context = event.get("requestContext") or {}
    claims = ((context.get("authorizer") or {}).get("jwt") or {}).get("claims") or {}
    name = str(claims.get("sub") or "")
    if not 0 < len(name) <= MAX_NAME or not name.isprintable():
        raise CaseRefused("UNAUTHORIZED")
    return Caller(name, _portfolios(claims.get("portfolios")))


def _portfolios(claim: object) -> frozenset[str] | None:
    """API Gateway writes a list as one text: [norte sur]."""
    listed: list[object] = claim if isinstance(claim, list) else [claim or ""]  # pyright: ignore[reportUnknownVariableType]
    names = frozenset(re.findall(r"[^\s,\"\[\]]+", " ".join(map(str, listed))))
    return None if "*" in names else names


# What is told.


def told_of_case(shown: Shown) -> dict[str, Any]:
    case, closing = shown.case, shown.case.closing
    told: dict[str, Any] = {
        "id": case.id,
        "portfolio": case.portfolio,
        "queue": case.queue,
        "topic": case.topic,
        "state": case.state,
        "borrower_ids": shown.borrower_ids,
        "debts": _debt_ids(case.debts),
        "opened_at": case.opened_at,
        "age_hours": int(shown.age.total_seconds() // 3600),
        "taken_by": case.taken_by or None,
        "taken_until": case.taken_until,
        "first_answer_at": case.first_answer_at,
        "result": closing and closing.result,
        "hold_until": closing and closing.hold_until,
        "closed_at": case.closed_at,
    }
    return told | ({"messages": shown.messages} if shown.messages else {})


def told_of_receipt(shown: ReceiptShown) -> dict[str, Any]:
    receipt = shown.receipt
    return {
        "id": receipt.id,
        "portfolio": receipt.portfolio,
        "borrower_id": shown.borrower_id,
        "debts": _debt_ids(receipt.debts),
        "state": receipt.state,
        "file": receipt.file or None,
        "received_at": receipt.received_at,
        "paused_until": receipt.until,
        "currency": receipt.currency or None,
        "decision": receipt.decision,
    }


def _debt_ids(debts: Sequence[str]) -> list[str]:
    return [key.partition("#")[2].removesuffix("#") for key in debts]


# How it is refused.


def told_of_refusal(refused: CaseRefused | InvalidInput | ValidationError) -> tuple[int, dict[str, Any]]:
    """The status, and the code with its sentence; nothing of what was sent but the names of its fields."""
    match refused:
        case ValidationError():
            fields = sorted({str(each["loc"][0]) for each in refused.errors() if each["loc"]})
            return _refusal("BAD_REQUEST", {"fields": fields})
        case InvalidInput():
            return _refused_row(refused)
        case _:
            return _refusal(refused.code, refused.told)


def _refusal(code: str, told: Mapping[str, Any]) -> tuple[int, dict[str, Any]]:
    status, sentence = REFUSALS[code]
    return status, {"code": code, "sentence": sentence, **told}


def _refused_row(error: InvalidInput) -> tuple[int, dict[str, Any]]:
    """As a file's row is refused, by its code; without its reason, which has what was sent."""
    status = 409 if error.code in ("ALREADY_DECIDED", "OPERATION_KNOWN") else 422
    fields = {"fields": [error.column]} if error.column else {}
    return status, {"code": error.code, "sentence": f"{CODES[error.code].en}.", **fields}
