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
from cobranza.ledger.promise import Promise
from cobranza.policy import contact_rules
from cobranza.policy.breaker import Breaker
from cobranza.policy.decide import decide
from cobranza.policy.decision import Book, Decision, Policies, Send
from cobranza.policy.due import Due, StrategyOf, due_on, next_look
from cobranza.policy.feed import Feed
from cobranza.policy.message import Consumed, Message, State
from cobranza.policy.portfolio import ConsentWording, Creditor, Portfolio
from cobranza.policy.strategy import Announces, Rule, Step, Strategy, standard
from cobranza.whatsapp.templates import announced, stand_ins, with_document

MEXICO, BOGOTA, SAO_PAULO = (ZoneInfo(f"America/{city}") for city in ("Mexico_City", "Bogota", "Sao_Paulo"))

TODAY = date(2026, 11, 24)  # a Tuesday that is a holiday nowhere
NOON = datetime(2026, 11, 24, 12, 0, tzinfo=MEXICO)
LONG_AGO = datetime(2026, 1, 2, 12, 0, tzinfo=UTC)
CONSENT = Consent(source="solicitud", at=LONG_AGO, text="Acepto recibir recordatorios")


def ladder(*days: int, **changes: Any) -> Strategy:
    """Nobody has to agree to it, and one day lies between two messages."""
    steps = tuple(Step(days=day, template="saldo_vencido", past_due_template="saldo_vencido") for day in days)
    told: dict[str, Any] = {"name": "mine", "approval": "never", "min_gap_hours": 24}
    told["rules"] = (Rule(name="all", steps=steps),)
    return Strategy(**told | changes)


# The standard ladder, for which nobody has to agree to a plan first.
LADDER = standard().model_copy(update={"approval": "never"})
DAILY = LADDER.model_copy(update={"min_gap_hours": 24})
STEPS = tuple(step.days for step in LADDER.rules[0].steps)
TEMPLATES = announced()
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
        phone_ref="P" * 26,
        number_from=(CONSENT.source,),
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
        "numbers_given_by_borrower": ("solicitud",),
    }
    return Portfolio(**values | changes)


def decided(
    *debts: Debt,
    of: Borrower | None = None,
    messages: Iterable[Message] = (),
    portfolios: Iterable[Portfolio] = (portfolio(),),
    strategy: Strategy | None = None,
    templates: Mapping[tuple[str, str], Announces] = TEMPLATES,
    credits: Iterable[Credit] = (),
    touches: Iterable[date] = (),
    promises: Mapping[str, tuple[Promise, ...]] | None = None,
    feeds: Mapping[str, Feed] | None = None,
    room: Mapping[str, int] | None = None,
    breakers: Iterable[Breaker] = (),
    only_to: frozenset[str] | None = None,
    faults: Mapping[tuple[str, str], str] | None = None,
    now: datetime = NOON,
) -> Decision:
    book = Book(of or borrower(), debts, tuple(messages), tuple(credits), tuple(touches), promises or {})
    policies = in_force(*portfolios, strategy=strategy, templates=templates, feeds=feeds, now=now)
    open_ones = {breaker.scope: breaker for breaker in breakers}
    more = replace(policies, room=room or {}, breakers=open_ones, only_to=only_to, faults=faults or {})
    return decide(book, more, now)


def in_force(
    *portfolios: Portfolio,
    strategy: Strategy | None = None,
    templates: Mapping[tuple[str, str], Announces] = TEMPLATES,
    feeds: Mapping[str, Feed] | None = None,
    now: datetime = NOON,
) -> Policies:
    """With fresh data for all of them, unless `feeds` tells otherwise; one strategy for all."""
    names = [each.portfolio_id for each in portfolios]
    return Policies(
        portfolios={each.portfolio_id: each for each in portfolios},
        only_to=None,
        strategy_of=lambda _: strategy or LADDER,
        feeds=feeds if feeds is not None else dict.fromkeys(names, Feed(as_of=now)),
        templates=templates,
        stand_ins=stand_ins(),
        with_document=with_document(),
    )


def sent(*debts: Debt, **facts: Any) -> Send:
    decision = decided(*debts, **facts)
    assert isinstance(decision, Send), decision
    return decision


def step_on(*debts: Debt, messages: Iterable[Message] = (), day: date = TODAY) -> list[int]:
    return [due.step for due in dues(*debts, messages=messages, day=day)]


def dues(
    *debts: Debt,
    of: Borrower | None = None,
    messages: Iterable[Message] = (),
    strategy: Strategy | None = None,
    day: date = TODAY,
) -> tuple[Due, ...]:
    book = Book(of or borrower(), debts, tuple(messages))
    return due_on(book.borrower, book.debts, book.messages, lambda _: strategy or LADDER, day)


def rules_of(who: Borrower) -> contact_rules.ContactRules:
    rules = contact_rules.rules_for(who.country)
    assert rules
    return rules


def next_moment(who: Borrower, debts: Iterable[Debt], strategy_of: StrategyOf, *, first: date) -> datetime | None:
    """When the next look is, whatever its priority."""
    look = next_look(who, tuple(debts), strategy_of, first=first)
    return look.at if look else None
