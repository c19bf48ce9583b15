"""What is in force for somebody who is decided about. The sender, every plan and `cobranza why` take it from here,
so that none of them decides by less than another."""

from collections.abc import Callable, Mapping
from datetime import datetime

from cobranza.flows.room import Room
from cobranza.policy.breaker import Breaker
from cobranza.policy.decision import Book, Policies
from cobranza.policy.due import StrategyOf, local_date
from cobranza.policy.feed import Feed
from cobranza.policy.portfolio import Portfolio
from cobranza.whatsapp.templates import announced, stand_ins, with_document


def in_force(
    book: Book,
    now: datetime,
    *,
    portfolio: Callable[[str], Portfolio | None],
    strategy_of: StrategyOf,
    feed: Callable[[str], Feed],
    breakers: Mapping[str, Breaker],
    faults: Mapping[tuple[str, str], str],
    only_to: frozenset[str] | None,
    room: Room | None,
) -> Policies:
    """For the portfolios of a book. `room` is None for a plan: who comes first is known when they are sent."""
    names = {debt.terms.portfolio for debt in book.debts}
    portfolios = {name: found for name in names if (found := portfolio(name))}
    today, left = local_date(book.borrower, now), dict[str, int]()
    if room:
        left = {name: room.left(one, strategy_of(name).ramp, today, now) for name, one in portfolios.items()}
    return Policies(
        portfolios=portfolios,
        strategy_of=strategy_of,
        feeds={name: feed(name) for name in names},
        room=left,
        templates=announced(),
        stand_ins=stand_ins(),
        with_document=with_document(),
        faults=faults,
        breakers=breakers,
        only_to=only_to,
    )
