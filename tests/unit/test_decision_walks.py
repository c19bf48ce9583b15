"""Forty days of a borrower, looked at when the scheduler would, also where it stands still for days."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from cobranza.ledger.borrower import Borrower
from cobranza.ledger.debt import Debt
from cobranza.policy.decide import decide
from cobranza.policy.decision import Book, Defer, Send
from cobranza.policy.due import local_date
from cobranza.policy.message import Message, State
from cobranza.policy.strategy import Strategy
from tests.unit.books import FINAL, message, next_moment
from tests.unit.test_decision_over_time import borrowers, both, debts_about, ladders, moments

HOUR, DAYS = timedelta(hours=1), 40


@dataclass(frozen=True)
class Walk:
    """`results` are what becomes of its messages in turn; in `outages`, each from an hour on and so many hours
    long, nobody is looked at."""

    who: Borrower
    debts: tuple[Debt, ...]
    start: datetime
    strategy: Strategy
    results: list[State]
    outages: list[tuple[int, int]]

    def runs(self, look: datetime) -> datetime:
        """When the scheduler makes a look that is due."""
        for begins, hours in sorted(self.outages):
            if self.start + begins * HOUR <= look < self.start + (begins + hours) * HOUR:
                look = self.start + (begins + hours) * HOUR
        return look


outages = st.lists(st.tuples(st.integers(0, 24 * DAYS), st.integers(1, 24 * 12)), max_size=5)


@st.composite
def walks(draw: st.DrawFn) -> Walk:
    who, start = draw(borrowers), draw(moments)
    debts = tuple(replace(each, step=None) for each in draw(debts_about(local_date(who, start), open_only=True)))
    results = draw(st.lists(st.sampled_from(FINAL), min_size=1, max_size=5))
    return Walk(who, debts, start, draw(ladders), results, draw(outages))


def walked(walk: Walk, *, debts_are_told: bool) -> list[Send]:
    """The messages of the forty days. With `debts_are_told` the consumed steps are written on the debts and claims
    vanish after 14 days; without, the claims alone must hold."""
    debts, sends, claims = walk.debts, list[Send](), list[Message]()
    now, end = walk.start, walk.start + timedelta(days=DAYS)
    look = next_moment(walk.who, debts, lambda _: walk.strategy, first=local_date(walk.who, now))
    looks = 0
    # A look that was planned for the past is made at once.
    while look and (now := walk.runs(max(now, look))) < end:
        looks += 1
        assert looks <= 3 * DAYS
        today = local_date(walk.who, now)
        kept = [c for c in claims if not debts_are_told or (today - c.day).days <= 14]
        decision = decide(Book(walk.who, debts, tuple(kept)), both(now, walk.strategy), now)
        if isinstance(decision, Send):
            assert decision.day == today
            state = walk.results[len(claims) % len(walk.results)]
            claims.append(message(today, state, dict(decision.consumes)))
            sends.append(decision)
            if debts_are_told:
                debts = tuple(_told(each, decision) for each in debts)
        until = decision.until if isinstance(decision, Defer) else None
        book = Book(walk.who, debts, tuple(claims))
        tomorrow = today + timedelta(days=1)
        look = until or next_moment(walk.who, book.debts, lambda _: walk.strategy, first=tomorrow)
        assert look is None or look > now
    return sends


def _told(each: Debt, send: Send) -> Debt:
    consumed = send.consumes.get(each.terms.key)
    return replace(each, step=consumed.step) if consumed else each


@settings(max_examples=100, deadline=None)
@given(walks(), st.booleans())
def test_whenever_the_scheduler_runs_each_step_goes_once_or_is_superseded(
    walk: Walk, debts_are_told: bool
) -> None:
    sends = walked(walk, debts_are_told=debts_are_told)
    days = [send.day for send in sends]
    assert days == sorted(set(days))
    steps = [step.days for step in walk.strategy.rules[0].steps]
    for debt in walk.debts:
        dues = [due for send in sends for due in send.dues if due.debt.terms.key == debt.terms.key]
        sent = [due.consumed.step for due in dues]
        stood_for = [step for due in dues for step in due.superseded]
        assert sent == sorted(set(sent))
        reached = [step for step in steps if sent and step <= sent[-1]]
        assert sorted(sent + stood_for) == reached
