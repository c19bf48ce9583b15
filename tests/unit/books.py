"""Borrowers, debts and messages to decide about."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from cobranza.ledger.borrower import Borrower, Consent
from cobranza.ledger.debt import Debt, Terms
from cobranza.ledger.payment import Credit
from cobranza.policy import contact_rules
from cobranza.policy.decision import (
    Book,
    Decision,
    Send,
    decide,
    due_on,
)
from cobranza.policy.feed import Feed
from cobranza.policy.message import Consumed, Message, State
from cobranza.policy.portfolio import ConsentWording, Creditor, Portfolio
from cobranza.policy.strategy import Strategy, standard
from cobranza.whatsapp.templates import shipped_templates

MEXICO, BOGOTA, SAO_PAULO = (ZoneInfo(f"America/{city}") for city in ("Mexico_City", "Bogota", "Sao_Paulo"))

TODAY = date(2026, 11, 24)  # a Tuesday that is a holiday nowhere
NOON = datetime(2026, 11, 24, 12, 0, tzinfo=MEXICO)
LONG_AGO = datetime(2026, 1, 2, 12, 0, tzinfo=UTC)
CONSENT = Consent(source="solicitud", at=LONG_AGO, text="Acepto recibir recordatorios")
STEPS = tuple(step.days for step in standard().steps)
TEMPLATES = shipped_templates().keys()
FINAL = [state for state in State if state is not State.RETRY]


def borrower(**changes: Any) -> Borrower:
    ana = Borrower(
        ref="A" * 26,
        name="Ana Ejemplo",
        phone="+525555550100",
        country="MX",
        region="CMX",
        language="es",
        consent=CONSENT,
    )
    return replace(ana, **changes)


ANYWHERE = [
    borrower(),
    borrower(region=""),
    borrower(region="BCN"),
    borrower(phone="+573005550100", country="CO", region=""),
    borrower(phone="+5511955550100", country="BR", region="SP", language="pt-BR"),
    borrower(phone="+5511955550101", country="BR", region="", language="pt-BR"),
]


def debt(days_past_due: int = 0, *, step: int | None = None, **terms: Any) -> Debt:
    """A debt of 100 pesos, so many days past due on TODAY. `terms` may name fields of Terms and of Debt."""
    told: dict[str, Any] = {
        "portfolio": "tarjetas",
        "debt_id": "F-1",
        "amount": Decimal("100.00"),
        "balance": Decimal("100.00"),
        "currency": "MXN",
        "due_date": TODAY - timedelta(days=days_past_due),
        "as_of": LONG_AGO,
    }
    ours = {name: terms.pop(name) for name in tuple(terms) if name not in Terms.__dataclass_fields__}
    return Debt(terms=Terms(**told | terms), step=step, **ours)


def paid(days_past_due: int = 0, **terms: Any) -> Debt:
    return debt(days_past_due, balance=Decimal(0), **terms)


def message(day: date, state: State = State.DELIVERED, debts: dict[str, Consumed] | None = None) -> Message:
    return Message(day=day, state=state, claimed_at=LONG_AGO, attempts=1, debts=debts or {})


def messages(*days_ago: int, state: State = State.DELIVERED) -> tuple[Message, ...]:
    return tuple(message(TODAY - timedelta(days=days), state) for days in days_ago)


def credit(amount: str, currency: str = "MXN", portfolio: str = "tarjetas") -> Credit:
    return Credit(portfolio=portfolio, currency=currency, declared=Decimal(amount))


def portfolio(portfolio_id: str = "tarjetas", **changes: Any) -> Portfolio:
    values: dict[str, Any] = {
        "portfolio_id": portfolio_id,
        "creditor": Creditor(
            legal_name="Muebles Aurora S.A.", shown_name="Muebles Aurora", complaints_channel="800 000 0000"
        ),
        "creditor_type": "first_party",
        "phone_number_id": "100000000000001",
        "countries": ("MX", "CO", "BR"),
        "language": "es",
        "consent": ConsentWording(text="Acepto recibir recordatorios", source="solicitud"),
    }
    return Portfolio(**values | changes)


def decided(
    *debts: Debt,
    of: Borrower | None = None,
    messages: Iterable[Message] = (),
    portfolios: Iterable[Portfolio] = (portfolio(),),
    strategy: Strategy | None = None,
    templates: Iterable[tuple[str, str]] = TEMPLATES,
    credits: Iterable[Credit] = (),
    touches: Iterable[date] = (),
    feeds: Mapping[str, Feed] | None = None,
    now: datetime = NOON,
) -> Decision:
    book = Book(of or borrower(), debts, tuple(messages), tuple(credits), tuple(touches))
    known = {each.portfolio_id: each for each in portfolios}
    return decide(book, known, strategy or standard(), set(templates), now, feeds)


def sent(*debts: Debt, **facts: Any) -> Send:
    decision = decided(*debts, **facts)
    assert isinstance(decision, Send), decision
    return decision


def step_on(*debts: Debt, messages: Iterable[Message] = (), day: date = TODAY) -> list[int]:
    return [due.step.days for due in due_on(Book(borrower(), debts, tuple(messages)).debts, standard(), day)]


def rules_of(who: Borrower) -> contact_rules.ContactRules:
    rules = contact_rules.rules_for(who.country)
    assert rules
    return rules
