"""Writes the schema of each event, and the table of all of them with an example each: python -m local.events"""

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from inspect import cleandoc
from pathlib import Path
from typing import Any

from cobranza.conversation.intent import Intent
from cobranza.events.event import (
    KINDS,
    SOURCE,
    AnsweredData,
    CaseData,
    ClosedData,
    ConsentData,
    Data,
    DecidedData,
    Event,
    ImportData,
    MessageData,
    PaymentData,
    PromiseData,
    ReceiptData,
    ReplyData,
    UnmatchedData,
)
from cobranza.ledger.case import CaseQueue, Result
from local import marked

FOLDER = Path(__file__).parents[1] / "docs" / "events"
PAGE = FOLDER / "README.md"
BEGIN = "<!-- events: written by `python -m local.events` -->"
END = "<!-- end of events -->"
BORROWER, MESSAGE, PAYMENT, RECEIPT = (
    "QG3VY5JZ7DPLXWN2TKRB4MHAEC",
    "M5XK2QWPZ7LTA3VJRN6YCHDBGE",
    "PZ4NLT6WQX2KJ7VBRD5MYHCGAE",
    "RT2WQX5KZ7LNPVJ3MB6YDHCGAE",
)
DEBT = "tienda#F-1001#"
DAY = date(2026, 11, 27)
DISPUTE = CaseData(code="DISPUTE", queue=CaseQueue.COLLECTIONS, message=MESSAGE)
REMINDER = MessageData(kind="reminder", template="saldo_vencido", step=3, message=MESSAGE)
# What each may carry.
EXAMPLES: dict[str, Data] = {
    "message.sent": REMINDER,
    "message.delivered": REMINDER,
    "message.read": REMINDER,
    "message.failed": REMINDER.model_copy(update={"code": "FAILED_131026"}),
    "message.unknown": MessageData(kind="reminder", code="UNKNOWN", template="saldo_vencido", step=3),
    "reply.received": ReplyData(message=MESSAGE, type="text", intent=Intent.PROMISE, bot_paused=False),
    "reply.answered": AnsweredData(message=MESSAGE, answer="OWED", queue=CaseQueue.COLLECTIONS),
    "receipt.received": ReceiptData(receipt=RECEIPT, state="TO_VERIFY", message=MESSAGE),
    "receipt.accepted": DecidedData(receipt=RECEIPT),
    "receipt.rejected": DecidedData(receipt=RECEIPT),
    "payment.applied": PaymentData(
        payment=PAYMENT,
        amount=Decimal("1234.50"),
        currency="MXN",
        allocations={DEBT: Decimal("1234.50")},
        credit=Decimal(0),
        included=Decimal(0),
    ),
    "payment.unmatched": UnmatchedData(payment=PAYMENT, code="NO_SUCH_DEBT"),
    "promise.made": PromiseData(day=DAY),
    "promise.taken_back": PromiseData(),
    "promise.kept": PromiseData(day=DAY),
    "promise.broken": PromiseData(day=DAY),
    "consent.given": ConsentData(action="opt_in"),
    "consent.withdrawn": ConsentData(action="opt_out"),
    "case.opened": DISPUTE,
    "case.taken": DISPUTE,
    "case.handed_back": DISPUTE,
    "case.answered": DISPUTE,
    "case.closed": DISPUTE.model_copy(update={"result": Result.RESOLVED}),
    "debt.closed": ClosedData(payment=PAYMENT),
    "import.finished": ImportData(
        kind="debts",
        read=1200,
        created=40,
        updated=900,
        unchanged=250,
        refused=10,
        closed=0,
        refused_by_code={"BAD_PHONE": 10},
    ),
}


def file_of(name: str) -> str:
    return f"{name}.v1.json"


def schema(name: str) -> str:
    """The JSON Schema of an event's detail, as it leaves. It lets more in: fields may come."""
    data, sentence = KINDS[name]
    told: dict[str, Any] = Event[data].model_json_schema(mode="serialization")
    for each in (told, *told["$defs"].values()):
        if each.get("additionalProperties") is False:
            del each["additionalProperties"]
    told |= {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": file_of(name), "title": name}
    return json.dumps(told | {"description": f"{sentence}. {cleandoc(Event.__doc__ or '')}"}, indent=2) + "\n"


def example(name: str) -> dict[str, Any]:
    """A whole event, as a rule's target gets it from the bus."""
    is_of_borrower = name not in ("import.finished", "payment.unmatched")
    detail = Event[KINDS[name][0]](
        id="ID" + "7" * 24,
        order="111222300000000012345678901",
        at=datetime(2026, 11, 24, 17, 0, tzinfo=UTC),
        portfolio="tienda",
        borrower=BORROWER if is_of_borrower else None,
        debts=(DEBT,) if is_of_borrower else (),
        data=EXAMPLES[name],
    )
    return {"source": SOURCE, "detail-type": name, "detail": json.loads(detail.model_dump_json())}


def block() -> str:
    rows = (f"| [`{name}`]({file_of(name)}) | {sentence} |" for name, (_, sentence) in KINDS.items())
    shown = (f"`{name}`\n\n```json\n{json.dumps(example(name))}\n```" for name in KINDS)
    return "\n".join(("| event | what it says |", "|---|---|", *rows)) + "\n\n## Examples\n\n" + "\n\n".join(shown)


def page() -> str:
    """The page with its block as the code is now. Raises ValueError where the marks are missing."""
    return marked.renewed(PAGE.read_text(), BEGIN, block(), END)


if __name__ == "__main__":
    for event in KINDS:
        (FOLDER / file_of(event)).write_text(schema(event))
    PAGE.write_text(page())
