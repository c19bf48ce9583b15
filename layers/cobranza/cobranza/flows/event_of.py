"""Which lines of the journal are told to others, and as what: one table.

What rows of files told is not in it: whoever dropped them knows, and hears of the whole file once. Receipts are,
because a person decides about them for us.
"""

import base64
import hashlib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from cobranza.events.event import (
    KINDS,
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
from cobranza.flows.applied import BY_API
from cobranza.flows.take_payment import SOURCE as GATEWAY
from cobranza.store import keys
from cobranza.store.journal import (
    CASE_ANSWERED,
    DEBT_CLOSED,
    PAYMENT_APPLIED,
    PAYMENT_UNMATCHED,
    PROMISE_BROKEN,
    PROMISE_KEPT,
    Line,
)

_KIND_OF = {"outcome": "reminder", "confirmation": "confirmation", "answer": "answer"}
# Not SENT: what WhatsApp took, WhatsApp tells of.
_TOLD = {"UNKNOWN": "message.unknown", "FAILED_": "message.failed"}
# How the source of money begins that no file told.
_BOOKED_BY = (GATEWAY, BY_API)
# What a person wrote and WhatsApp took, or may have; what it refused reached nobody.
_WROTE = ("SENT", "UNKNOWN")
_DAY = re.compile(r"(told )?\d{4}-\d{2}-\d{2}")
_WORD = re.compile(r"[a-z][a-z_]{0,39}")


@dataclass(frozen=True, slots=True)
class Announced:
    """Lines of the journal called `line` leave as `event`: all, or those alone that have the fact `fact`, which
    begins with `begins`."""

    line: str
    event: str
    data: Callable[[Line], Data]
    fact: str = ""
    begins: str = ""

    def is_for(self, line: Line) -> bool:
        if not self.fact:
            return True
        told = line.facts.get(self.fact)
        return isinstance(told, str) and told.startswith(self.begins)


def event_of(line: Line, order: str) -> tuple[str, Event[Data]] | None:
    """The event's name and the event; None of what is nobody's business. `order` as of an Event. Raises
    ValueError, or what a missing fact raises, of a line that cannot be told."""
    found = next((each for each in _BY_LINE.get(line.event, ()) if each.is_for(line)), None)
    if found is None:
        return None
    event = Event[KINDS[found.event][0]](
        id=_id(line),
        order=order,
        at=line.at,
        portfolio=line.portfolio or None,
        borrower=keys.borrower_of(line.subject) if keys.is_borrower(line.subject) else None,
        debts=tuple(line.debts),
        trace=line.facts.get("trace"),
        data=found.data(line),
    )
    return found.event, event


def _id(line: Line) -> str:
    told = json.dumps([line.subject, line.event, line.identity])
    return base64.b32encode(hashlib.sha256(told.encode()).digest())[:26].decode()


# What each says.


def _message(line: Line) -> MessageData:
    facts = line.facts
    return MessageData.model_validate(
        {
            "kind": _KIND_OF.get(line.event) or _kind_of_status(line),
            "code": facts.get("code"),
            "template": facts.get("template"),
            "step": facts.get("step"),
            "message": facts.get("message"),
        }
    )


def _kind_of_status(line: Line) -> str:
    """A status is of a day's message, or of what we answered."""
    day = _DAY.fullmatch(line.identity)
    return "answer" if day is None else "confirmation" if day[1] else "reminder"


def _reply(line: Line) -> ReplyData:
    told = line.facts["type"]
    return ReplyData(
        message=line.facts["message"],
        type=told if _WORD.fullmatch(told) else "other",
        intent=line.facts.get("intent"),
        bot_paused=line.facts.get("bot_paused"),
    )


def _answered(line: Line) -> AnsweredData:
    facts = line.facts
    return AnsweredData(message=facts["message"], answer=facts["type"], queue=facts.get("queue"))


def _receipt(line: Line) -> ReceiptData:
    return ReceiptData(
        receipt=keys.receipt_id(keys.chat_of(line.subject), line.identity),
        state=line.facts["state"],
        message=line.facts["message"],
    )


def _decided(line: Line) -> DecidedData:
    return DecidedData(receipt=line.identity)


def _payment(line: Line) -> PaymentData:
    names = ("amount", "currency", "allocations", "credit", "included")
    return PaymentData(payment=line.identity, **{name: line.facts[name] for name in names})


def _unmatched(line: Line) -> UnmatchedData:
    return UnmatchedData(payment=line.identity, code=line.facts["code"])


def _promise(line: Line) -> PromiseData:
    return PromiseData(day=line.facts.get("until"))


def _consent(line: Line) -> ConsentData:
    return ConsentData(action=line.event, scope=line.facts.get("scope", "person"))


def _case(line: Line) -> CaseData:
    facts = line.facts
    result = facts["type"] if line.event == "case.closed" else None
    return CaseData(code=facts.get("code"), queue=facts.get("queue"), message=facts.get("message"), result=result)


def _closed(line: Line) -> ClosedData:
    return ClosedData(payment=line.facts["payment"])


def _import(line: Line) -> ImportData:
    facts = line.facts
    counts = {name: facts.get(name) for name in ("read", "created", "updated", "unchanged", "refused", "closed")}
    kind, by_code = line.identity.partition("#")[0], facts["codes"]
    return ImportData.model_validate(
        {"kind": kind, "code": facts.get("code"), "refused_by_code": by_code, **counts}
    )


ANNOUNCED: tuple[Announced, ...] = (
    *(
        Announced(line, event, _message, fact="code", begins=code)
        for line in _KIND_OF
        for code, event in _TOLD.items()
    ),
    Announced("message.sent", "message.sent", _message),
    Announced("message.delivered", "message.delivered", _message),
    Announced("message.read", "message.read", _message),
    Announced("message.failed", "message.failed", _message),
    Announced("reply", "reply.received", _reply),
    Announced("receipt", "receipt.received", _receipt),
    Announced("receipt.accepted", "receipt.accepted", _decided),
    Announced("receipt.rejected", "receipt.rejected", _decided),
    *(Announced(PAYMENT_APPLIED, "payment.applied", _payment, fact="source", begins=by) for by in _BOOKED_BY),
    Announced(PAYMENT_UNMATCHED, "payment.unmatched", _unmatched),
    Announced("promise", "promise.made", _promise, fact="message"),
    Announced("promise.taken_back", "promise.taken_back", _promise),
    Announced(PROMISE_KEPT, "promise.kept", _promise),
    Announced(PROMISE_BROKEN, "promise.broken", _promise),
    # Whatever did not leave is told above.
    Announced("answer", "reply.answered", _answered, fact="message"),
    Announced("consent", "consent.given", _consent, fact="message"),
    Announced("opt_in", "consent.given", _consent, fact="message"),
    Announced("no_consent", "consent.withdrawn", _consent, fact="message"),
    Announced("opt_out", "consent.withdrawn", _consent, fact="message"),
    Announced("case.opened", "case.opened", _case),
    Announced("case.taken", "case.taken", _case),
    Announced("case.handed_back", "case.handed_back", _case),
    *(Announced(CASE_ANSWERED, "case.answered", _case, fact="type", begins=state) for state in _WROTE),
    Announced("case.closed", "case.closed", _case),
    *(Announced(DEBT_CLOSED, "debt.closed", _closed, fact="source", begins=by) for by in _BOOKED_BY),
    Announced("import", "import.finished", _import),
)

_BY_LINE: Mapping[str, tuple[Announced, ...]] = {
    line: tuple(each for each in ANNOUNCED if each.line == line) for line in {each.line for each in ANNOUNCED}
}
