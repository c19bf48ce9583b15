"""Events as they leave, one model for the data of each. Every text in them is bound to a shape that neither a
phone nor a name, a wamid, a document or words can have: what does not fit is refused, and never leaves.

`python -m local.events` writes their JSON Schemas; a change that breaks a consumer is another `v`.
"""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from cobranza.conversation.intent import Intent
from cobranza.ledger.case import CaseQueue, Result

SOURCE = "cobranza"


def _number(value: object) -> object:
    """A number of the journal; a text that looks like one is none."""
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        return int(value)
    raise ValueError("not a number")


def _text(pattern: str, description: str) -> Any:
    return Field(pattern=pattern, description=description)


type Ref = Annotated[
    str, _text("^[A-Z2-7]{26}$", "A reference: stands for one thing always, and tells nothing of it")
]
type PortfolioId = Annotated[str, StringConstraints(pattern="^[a-z0-9-]{1,40}$")]
type DebtKey = Annotated[
    str,
    _text(
        "^[a-z0-9-]{1,40}#[^#]{1,64}#[^#]{0,64}$",
        "<portfolio>#<debt_id>#<instalment>, the creditor's own ids; it ends in # where there is no instalment",
    ),
]
type Code = Annotated[str, StringConstraints(pattern="^[A-Z]+(_[A-Z]+)*$", max_length=40)]
type Outcome = Annotated[
    str,
    _text(r"^(UNKNOWN|FAILED_\d{1,7})$", "UNKNOWN, or FAILED_ and WhatsApp's code"),
]
type Name = Annotated[str, StringConstraints(pattern="^[a-z][a-z_]{0,59}$")]
type TemplateName = Annotated[str, StringConstraints(pattern="^[a-z][a-z0-9_]{0,511}$")]
type Currency = Annotated[str, StringConstraints(pattern="^[A-Z]{3}$")]
type Trace = Annotated[str, _text("^[a-z0-9-]{0,40}[a-z-][a-z0-9-]{0,40}$", "What our logs of it carry")]
type Count = Annotated[int, BeforeValidator(_number)]
type Amount = Annotated[Decimal, Field(strict=True)]


class Data(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class MessageData(Data):
    """`kind`: what the message is. `step` is in days from the due date; `message` names it among those of
    WhatsApp, where WhatsApp has told of it; `code` is our outcome, of a status that of a failure."""

    kind: Literal["reminder", "confirmation", "answer"]
    code: Outcome | None = None
    template: TemplateName | None = None
    step: Count | None = None
    message: Ref | None = None


class ReplyData(Data):
    """`type` as WhatsApp calls it (text, image, button). `intent` is what a machine heard in it; `bot_paused`: a
    person has the conversation, and no machine answers. `bot_paused` is null where nobody knows the number."""

    message: Ref
    type: Name
    intent: Intent | None = None
    bot_paused: Annotated[bool, Field(strict=True)] | None = None


class AnsweredData(Data):
    """`answer`: which of our texts; `queue`: who of the creditor's team the borrower is for, whom a machine has
    answered now."""

    message: Ref
    answer: Code
    queue: CaseQueue | None = None


class ReceiptData(Data):
    """`receipt` as in receipts.csv. `state`: TO_VERIFY or REVIEW where there is a picture to look at."""

    receipt: Ref
    state: Code
    message: Ref


class DecidedData(Data):
    receipt: Ref


class PaymentData(Data):
    """`allocations` is what each debt got, `credit` what is left for the borrower, `included` what balances hold
    already."""

    payment: Ref
    amount: Amount
    currency: Currency
    allocations: Mapping[DebtKey, Amount]
    credit: Amount
    included: Amount


class UnmatchedData(Data):
    """`code`: why the money belongs to nobody."""

    payment: Ref
    code: Code


class PromiseData(Data):
    """`day`: by the end of which it was to be paid."""

    day: date | None = None


class ConsentData(Data):
    """`action`: what was said, as rows of a contacts file call it. `scope`: the `person`, or a `phone` of several:
    nobody knows who of them said it, and it holds for each at that phone alone."""

    action: Name
    scope: Literal["person", "phone"] = "person"


class CaseData(Data):
    """`code`: why a person has to look at it; `queue`: who of the creditor's team does; `result`: how it ended."""

    code: Code | None = None
    queue: CaseQueue | None = None
    message: Ref | None = None
    result: Result | None = None


class ClosedData(Data):
    """`payment`: by which nothing is left to pay."""

    payment: Ref


class ImportData(Data):
    """`kind` as files are dropped: debts, snapshots, payments. read = created + updated + unchanged + refused, and
    `closed` are the debts that a snapshot does not list any more. `code` is of a file that was refused whole."""

    kind: Name
    code: Code | None = None
    read: Count
    created: Count | None = None
    updated: Count | None = None
    unchanged: Count | None = None
    refused: Count
    closed: Count | None = None
    refused_by_code: Mapping[Code, Count]


class Event[D: Data](BaseModel):
    """The detail of an event. `id` is that of the fact: whoever hears it twice drops the second. Of two events of
    one borrower the one with the greater `order`, as a number, was noted later; the bus keeps no order. `at` is
    when it happened."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    v: Literal[1] = 1
    id: Ref
    order: Annotated[str, StringConstraints(pattern=r"^\d{1,40}$")]
    at: AwareDatetime
    portfolio: PortfolioId | None = None
    borrower: Ref | None = None
    debts: tuple[DebtKey, ...] = ()
    trace: Trace | None = None
    data: D


# Every event there is: its data, and the sentence that docs/events/ says of it.
KINDS: Mapping[str, tuple[type[Data], str]] = {
    "message.sent": (MessageData, "WhatsApp says that it left"),
    "message.delivered": (MessageData, "It is on the borrower's phone"),
    "message.read": (MessageData, "The borrower has seen it"),
    "message.failed": (MessageData, "It did not leave, or did not arrive; `code` says why"),
    "message.unknown": (MessageData, "It may or may not have left; it is never sent again"),
    "reply.received": (ReplyData, "A borrower, or an unknown number, wrote"),
    "reply.answered": (AnsweredData, "A machine has answered it; `queue` says whose of your team it would be"),
    "receipt.received": (ReceiptData, "A picture or PDF came as proof of a payment"),
    "receipt.accepted": (DecidedData, "A person found its money"),
    "receipt.rejected": (DecidedData, "A person did not find its money"),
    "payment.applied": (
        PaymentData,
        "A payment was booked that a gateway told, or a person who accepted a receipt by the API",
    ),
    "payment.unmatched": (UnmatchedData, "A payment that a gateway told belongs to nobody"),
    "promise.made": (PromiseData, "A borrower promised on WhatsApp to pay"),
    "promise.taken_back": (PromiseData, "A borrower took the promise back"),
    "promise.kept": (PromiseData, "A payment, whoever told it, is what was promised"),
    "promise.broken": (PromiseData, "The day and its grace have passed, and it is not paid, or in part"),
    "consent.given": (ConsentData, "A borrower agreed on WhatsApp to be written to"),
    "consent.withdrawn": (ConsentData, "A borrower told us on WhatsApp to stop"),
    "case.opened": (CaseData, "A person has to look at something"),
    "case.taken": (CaseData, "A person is in charge: the machine is silent"),
    "case.handed_back": (CaseData, "Nobody is in charge any more: the machine answers again"),
    "case.answered": (CaseData, "A person wrote to the borrower: in free words, or by a template"),
    "case.closed": (CaseData, "Nobody has to look at it any more"),
    "debt.closed": (ClosedData, "Nothing is left to pay of a debt, by such a payment as `payment.applied` tells"),
    "import.finished": (ImportData, "A file was worked through, or refused whole"),
}
