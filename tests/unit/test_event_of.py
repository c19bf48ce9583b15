import json
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cobranza.events.event import KINDS
from cobranza.flows.event_of import ANNOUNCED, event_of
from cobranza.store.journal import Line
from tests.unit.streams import patterns

AT = datetime(2026, 11, 24, 17, 0, tzinfo=UTC)
WHO, MESSAGE, PAYMENT, RECEIPT = "A" * 26, "M" * 26, "P" * 26, "R" * 26
B, CHAT, SHOP = f"B#{WHO}", f"CHAT#{WHO}", "PORTFOLIO#tienda"
DEBT, OTHER = "tienda#F-1#", "tienda#F-2#3"
DAY = "2026-11-24"
OF_REPLY = {"portfolio": "tienda", "number": "100000000000001", "message": MESSAGE, "debts": [DEBT]}
CASE = "20261124T170000ZABCDEFGHIJKLM"
OF_CASE = {
    "portfolio": "tienda",
    "case": CASE,
    "code": "DISPUTE",
    "queue": "collections",
    "message": MESSAGE,
    "debts": [DEBT],
    "by": "ana|1",
}
BY_API = "api-DDDDDDDDDDDDDDDDDDDDDDDDDD"
STATUS = {
    "portfolio": "tienda",
    "step": Decimal(0),
    "template": "saldo_vencido",
    "debts": [DEBT],
    "message": MESSAGE,
}
SENT = {"code": "SENT", "trace": "t-1", "template": "saldo_vencido", "step": Decimal(-3), "portfolio": "tienda"}
PAID = {
    "portfolio": "tienda",
    "amount": Decimal("1000.00"),
    "currency": "MXN",
    "allocations": {DEBT: Decimal("900.00")},
    "credit": Decimal("100.00"),
    "included": Decimal(0),
}
COUNTS = {name: Decimal(n) for n, name in enumerate(("created", "updated", "unchanged", "refused", "closed"), 1)}
IMPORTED = {"read": Decimal(10), **COUNTS, "codes": {"BAD_PHONE": Decimal(4)}}


def line(event: str, identity: str, facts: dict[str, Any], subject: str = B) -> Line:
    return Line(subject=subject, event=event, identity=identity, at=AT, facts=facts)


def with_(of: Line, **facts: Any) -> Line:
    return replace(of, facts={**of.facts, **facts})


def of_message(kind: str, **told: Any) -> dict[str, Any]:
    return {"kind": kind, "code": None, "template": None, "step": None, "message": None, **told}


ONE_DEBT = {"debts": {DEBT: "SENT", OTHER: "SKIPPED_HELD"}}
REMINDER = of_message("reminder", template="saldo_vencido")
# A line, and what it leaves as: the event's name and its data.
TOLD: list[tuple[Line, str, dict[str, Any]]] = [
    (
        line(
            "outcome", DAY, {"code": "UNKNOWN", "trace": "t-1", "debts": {DEBT: "UNKNOWN", OTHER: "SKIPPED_HELD"}}
        ),
        "message.unknown",
        of_message("reminder", code="UNKNOWN"),
    ),
    (
        line("outcome", DAY, SENT | {"code": "FAILED_131026", "debts": {DEBT: "FAILED_131026"}}),
        "message.failed",
        REMINDER | {"code": "FAILED_131026", "step": -3},
    ),
    (
        line("confirmation", f"payment#{PAYMENT}", {"code": "UNKNOWN", "template": "pago_recibido"}),
        "message.unknown",
        of_message("confirmation", code="UNKNOWN", template="pago_recibido"),
    ),
    (
        line("answer", MESSAGE, OF_REPLY | {"code": "FAILED_131047", "type": "OWED", "trace": "t-1"}),
        "message.failed",
        of_message("answer", code="FAILED_131047", message=MESSAGE),
    ),
    (line("message.sent", DAY, STATUS), "message.sent", REMINDER | {"step": 0, "message": MESSAGE}),
    (line("message.delivered", f"told {DAY}", STATUS), "message.delivered", {"kind": "confirmation"}),
    (line("message.read", MESSAGE, {"message": MESSAGE}, CHAT), "message.read", {"kind": "answer"}),
    (line("message.failed", DAY, STATUS | {"code": "FAILED_131026"}), "message.failed", {"code": "FAILED_131026"}),
    (
        line("reply", MESSAGE, {"type": "text", "number": "1", "message": MESSAGE, "debts": [DEBT]}),
        "reply.received",
        {"message": MESSAGE, "type": "text", "intent": None, "bot_paused": None},
    ),
    (
        line("reply", MESSAGE, OF_REPLY | {"type": "text", "intent": "PROMISE", "bot_paused": True}),
        "reply.received",
        {"message": MESSAGE, "type": "text", "intent": "PROMISE", "bot_paused": True},
    ),
    (line("reply", MESSAGE, OF_REPLY | {"type": "Lucía?"}, CHAT), "reply.received", {"type": "other"}),
    (
        line("answer", MESSAGE, OF_REPLY | {"code": "SENT", "type": "OWED", "queue": "collections"}),
        "reply.answered",
        {"message": MESSAGE, "answer": "OWED", "queue": "collections"},
    ),
    (
        line("receipt", f"2026-11-24T17:00:00Z#{MESSAGE}", {"state": "TO_VERIFY", "message": MESSAGE}),
        "receipt.received",
        {"state": "TO_VERIFY", "message": MESSAGE},
    ),
    (line("receipt.accepted", RECEIPT, {"source": "i-1"}), "receipt.accepted", {"receipt": RECEIPT}),
    (line("receipt.rejected", RECEIPT, {"source": "i-1"}), "receipt.rejected", {"receipt": RECEIPT}),
    (
        line("payment.applied", PAYMENT, PAID | {"source": "gateway"}),
        "payment.applied",
        {
            "payment": PAYMENT,
            "amount": "1000.00",
            "currency": "MXN",
            "allocations": {DEBT: "900.00"},
            "credit": "100.00",
            "included": "0",
        },
    ),
    (
        line("payment.unmatched", PAYMENT, {"source": "gateway", "code": "NO_SUCH_DEBT"}, SHOP),
        "payment.unmatched",
        {"payment": PAYMENT, "code": "NO_SUCH_DEBT"},
    ),
    (line("promise", MESSAGE, OF_REPLY | {"until": "2026-11-27"}), "promise.made", {"day": "2026-11-27"}),
    (line("promise.taken_back", MESSAGE, OF_REPLY), "promise.taken_back", {"day": None}),
    (line("promise.kept", f"{DEBT}#1", {"debts": [DEBT], "until": DAY}), "promise.kept", {"day": DAY}),
    (line("promise.broken", f"{DEBT}#1", {"debts": [DEBT], "until": DAY}), "promise.broken", {"day": DAY}),
    (line("consent", MESSAGE, OF_REPLY), "consent.given", {"action": "consent", "scope": "person"}),
    (line("opt_in", MESSAGE, OF_REPLY), "consent.given", {"action": "opt_in", "scope": "person"}),
    (line("no_consent", MESSAGE, OF_REPLY), "consent.withdrawn", {"action": "no_consent", "scope": "person"}),
    (line("opt_out", MESSAGE, OF_REPLY), "consent.withdrawn", {"action": "opt_out", "scope": "person"}),
    (
        line("opt_out", MESSAGE, OF_REPLY | {"scope": "phone"}),
        "consent.withdrawn",
        {"action": "opt_out", "scope": "phone"},
    ),
    (
        line("case.opened", MESSAGE, OF_REPLY | {"code": "DISPUTE"}),
        "case.opened",
        {"code": "DISPUTE", "queue": None},
    ),
    (line("case.opened", MESSAGE, OF_CASE), "case.opened", {"code": "DISPUTE", "queue": "collections"}),
    (
        line("case.taken", f"{CASE}#2026-11-24T17:00:00Z", OF_CASE | {"until": "2026-11-25T17:00:00Z"}),
        "case.taken",
        {"code": "DISPUTE", "queue": "collections", "message": MESSAGE, "result": None},
    ),
    (
        line("case.handed_back", f"{CASE}#2026-11-24T17:05:00Z", OF_CASE),
        "case.handed_back",
        {"code": "DISPUTE", "queue": "collections", "message": MESSAGE, "result": None},
    ),
    (
        line("case.answered", f"{RECEIPT}#2026-11-24T17:00:00Z", OF_CASE | {"type": "SENT", "answers": RECEIPT}),
        "case.answered",
        {"code": "DISPUTE", "queue": "collections", "message": MESSAGE, "result": None},
    ),
    (
        line("case.answered", RECEIPT, OF_CASE | {"type": "UNKNOWN", "template": "consulta_respondida"}),
        "case.answered",
        {"code": "DISPUTE", "queue": "collections", "message": MESSAGE, "result": None},
    ),
    (
        line("case.closed", CASE, OF_CASE | {"type": "resolved"}),
        "case.closed",
        {"code": "DISPUTE", "queue": "collections", "message": MESSAGE, "result": "resolved"},
    ),
    (
        line(
            "case.closed", MESSAGE, {"portfolio": "tienda", "code": "DISPUTE", "debts": [DEBT], "type": "stands"}
        ),
        "case.closed",
        {"code": "DISPUTE", "message": None, "result": "stands"},
    ),
    (
        line("payment.applied", RECEIPT, PAID | {"source": BY_API}),
        "payment.applied",
        {"payment": RECEIPT, "amount": "1000.00"},
    ),
    (
        line("debt.closed", f"{DEBT}#{RECEIPT}", {"source": BY_API, "debts": [DEBT], "payment": RECEIPT}),
        "debt.closed",
        {"payment": RECEIPT},
    ),
    (
        line("debt.closed", f"{DEBT}#{PAYMENT}", {"source": "gateway", "debts": [DEBT], "payment": PAYMENT}),
        "debt.closed",
        {"payment": PAYMENT},
    ),
    (
        line("import", "debts#0123456789abcdef#ff#20261124T170000Z", IMPORTED, SHOP),
        "import.finished",
        {"kind": "debts", "read": 10, "closed": 5, "refused_by_code": {"BAD_PHONE": 4}, "code": None},
    ),
    (
        line("import", "debts#0123456789abcdef##20261124T170000Z", IMPORTED | {"code": "NOT_A_TABLE"}, SHOP),
        "import.finished",
        {"code": "NOT_A_TABLE"},
    ),
]
# What rows of files told, what sent nothing, and what is our own.
SILENT = [
    line("outcome", "2026-11-24T17:15:00Z", {"code": "SKIPPED_HELD", "debts": {DEBT: "SKIPPED_HELD"}}),
    line("outcome", "2026-11-24T17:15:00Z", {"code": "DEFERRED_RATE", "debts": {DEBT: "DEFERRED_RATE"}}),
    line("confirmation", f"payment#{PAYMENT}", {"code": "SKIPPED_SHARED_PHONE"}),
    line("outcome", DAY, SENT | ONE_DEBT),
    line("confirmation", f"payment#{PAYMENT}", {"code": "SENT", "template": "pago_recibido"}),
    line("payment.applied", PAYMENT, PAID | {"source": "0f" * 13}),
    line("debt.closed", f"{DEBT}#{PAYMENT}", {"source": "0f" * 13, "debts": [DEBT], "payment": PAYMENT}),
    *(
        line(action, f"2026-11-24T17:00:00Z#{DEBT}", {"source": "i-1", "portfolio": "tienda", "debts": [DEBT]})
        for action in ("promise", "consent", "opt_in", "no_consent", "opt_out", "hold", "call", "recall.sold")
    ),
    line("case.answered", f"{RECEIPT}#2026-11-24T17:00:00Z", OF_CASE | {"type": "REFUSED"}),
    line("paused", "2026-11-24T17:00:00Z", {}, SHOP),
    line("approved", DAY, {"digest": "d", "outcomes": {"SEND": Decimal(3)}}, SHOP),
]


def told(of: Line, order: str = "17") -> tuple[str, dict[str, Any]]:
    found = event_of(of, order)
    assert found
    return found[0], json.loads(found[1].model_dump_json())


@pytest.mark.parametrize(("of", "name", "data"), TOLD, ids=lambda each: each if isinstance(each, str) else "")
def test_a_line_leaves_as_its_event(of: Line, name: str, data: dict[str, Any]) -> None:
    event, detail = told(of)
    assert event == name
    assert detail["data"] | data == detail["data"]
    assert (detail["v"], detail["order"], detail["at"]) == (1, "17", "2026-11-24T17:00:00Z")
    assert detail["borrower"] == (WHO if of.subject == B else None)


def test_every_event_and_every_line_of_the_table_is_shown_here() -> None:
    assert {name for _, name, _ in TOLD} == set(KINDS) == {each.event for each in ANNOUNCED}
    assert {of.event for of, _, _ in TOLD} == {each.line for each in ANNOUNCED}


@pytest.mark.parametrize("of", SILENT, ids=lambda of: f"{of.event} {of.facts.get('code', '')}")
def test_the_rest_is_nobodys_business(of: Line) -> None:
    assert event_of(of, "17") is None


def test_a_message_is_about_the_debts_that_it_told_of() -> None:
    assert told(TOLD[0][0])[1]["debts"] == [DEBT]


def test_a_portfolio_is_the_lines_own_or_that_of_its_first_debt_or_nobodys() -> None:
    reply = line("reply", MESSAGE, {"type": "text", "message": MESSAGE, "debts": [OTHER, "alfa#F-9#"]})
    assert told(reply)[1]["portfolio"] == "alfa"
    assert told(with_(reply, portfolio="tienda"))[1]["portfolio"] == "tienda"
    assert told(with_(reply, debts=[]))[1]["portfolio"] is None
    assert told(line("import", "debts#0#0#0", IMPORTED, SHOP))[1]["portfolio"] == "tienda"


def test_the_same_fact_has_the_same_id_and_no_other_has_it() -> None:
    ids = {told(of)[1]["id"] for of, _, _ in TOLD}
    facts = {(of.subject, of.event, of.identity) for of, _, _ in TOLD}
    assert len(ids) == len(facts)
    again = [told(replace(of, at=datetime.now(UTC)), order="99")[1]["id"] for of, _, _ in TOLD]
    assert set(again) == ids
    assert told(TOLD[4][0])[1]["id"] == "W52TSSM3QYJQQWY3MBHQNWLPNV"  # another one would be heard as another fact


# ── nothing of a person ──────────────────────────────────────────────────────────────────────────────

PERSONAL = (
    "+525555550101",
    "Lucía Ejemplo",
    "Ana",
    "wamid.HBgNNTI1NTU1NTUwMTAxFQIAERgS",
    "EJEL900101MDFXXX09",
    "ya pagué el viernes",
    "MX.13491208655302741918",
)
FACTS = sorted({name for of, _, _ in TOLD for name in of.facts} - {"debts", "allocations"})
MORE = (
    "name",
    "phone",
    "to",
    "text",
    "title",
    "details",
    "reason",
    "wamid",
    "document_id",
    "borrower_id",
    "words",
)


@given(st.sampled_from(TOLD), st.sampled_from([*FACTS, *MORE]), st.sampled_from(PERSONAL), st.booleans())
def test_nothing_of_a_person_leaves_whatever_a_line_has_in_it(
    one: tuple[Line, str, dict[str, Any]], fact: str, planted: str, nested: bool
) -> None:
    of = one[0]
    found = with_(of, **{fact: {"words": planted} if nested else planted})
    assert planted not in _left(found)


@given(st.sampled_from(TOLD), st.sampled_from(PERSONAL))
def test_nor_where_a_line_is_named_by_it(one: tuple[Line, str, dict[str, Any]], planted: str) -> None:
    for found in (replace(one[0], identity=planted), replace(one[0], subject=f"B#{planted}")):
        assert planted not in _left(found)


def _left(of: Line) -> str:
    """What leaves of a line; nothing where it is refused."""
    try:
        found = event_of(of, "17")
    except (ValueError, KeyError, TypeError, AttributeError):
        return ""
    return found[1].model_dump_json() if found else ""


# ── the stream lets through the same ─────────────────────────────────────────────────────────────────


def lets_through(of: Line) -> bool:
    texts = {name: value for name, value in of.facts.items() if isinstance(value, str)}
    facts = {"event": of.event, "noted_on": "2026-11-24#03"} | texts

    def fits(name: str, wanted: list[Any]) -> bool:
        found = facts.get(name)
        return found is not None and any(
            found == each if isinstance(each, str) else found.startswith(each.get("prefix", "")) for each in wanted
        )

    return any(
        all(fits(name, wanted["S"]) for name, wanted in pattern["dynamodb"]["NewImage"].items())
        for pattern in patterns()
    )


@pytest.mark.parametrize("of", [*(of for of, _, _ in TOLD), *SILENT], ids=lambda of: of.event)
def test_the_stream_lets_through_exactly_what_is_told(of: Line) -> None:
    assert lets_through(of) == (event_of(of, "17") is not None)
