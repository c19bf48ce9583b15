"""What a day will bring a portfolio's borrowers: the open book is walked, the sender's decision taken for each."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import cache, partial
from itertools import batched

from cobranza.files.day_plan import PlanRow
from cobranza.flows.broken_promises import note_broken
from cobranza.flows.decide_fully import decide_fully
from cobranza.flows.faults import Faults, nobody_knows
from cobranza.flows.hands import hands
from cobranza.flows.in_force import in_force
from cobranza.ledger.debt import Debt
from cobranza.policy import contact_rules
from cobranza.policy.decision import Policies, Send
from cobranza.policy.due import Due
from cobranza.policy.outcomes import SEND, TOLD_ELSEWHERE
from cobranza.policy.planning import Planned, heal, planned
from cobranza.policy.portfolio import Portfolio
from cobranza.policy.segment import segment_of
from cobranza.store.book import Book
from cobranza.store.journal import Journal
from cobranza.store.ledger import Ledger, Loaded
from cobranza.whatsapp.messages import reminder_parameters
from cobranza.whatsapp.templates import shipped_templates

# Borrowers who are in memory at once.
CHUNK = 500


@dataclass(frozen=True, slots=True)
class Planner:
    """`portfolio` tells of each in the countries alone that the stack has switched on, `only_to` are the only
    phones that may get anything (None: all may). `heals`: whoever would be looked at too late by the strategies in
    force is looked at sooner; else nothing is written. `faults` tells why texts cannot be sent as Meta has
    them. `journal` is where promises that were broken are noted on the way; None: nothing is."""

    ledger: Ledger
    book: Book
    portfolio: Callable[[str], Portfolio | None]
    only_to: frozenset[str] | None
    heals: bool = False
    workers: int = 16
    faults: Faults = nobody_knows
    journal: Journal | None = None

    def rows(self, portfolio_id: str, day: date, now: datetime) -> Iterator[PlanRow]:
        """The portfolio's rows of a local day, today or later, in the order of the book; flat in memory. One book
        of rules for all of them: what changes under way counts the next time. Reads may be as of a moment ago,
        because the sender decides again."""
        policies_of = partial(
            in_force,
            now=now,
            portfolio=cache(self.portfolio),
            strategy_of=cache(self.ledger.strategy),
            feed=cache(self.ledger.feed),
            breakers=self.ledger.breakers(),
            faults=self.faults(),
            only_to=self.only_to,
            room=None,
        )

        def of(borrower: str) -> list[PlanRow]:
            loaded = self.ledger.load(borrower, consistent=False)
            return self._of_one(portfolio_id, loaded, policies_of(loaded.book), day, now) if loaded else []

        with hands(self.workers) as many:
            for some in batched(self.book.borrowers(portfolio_id), CHUNK, strict=False):
                for rows in many.map(of, some):
                    yield from rows

    def _of_one(
        self, portfolio_id: str, loaded: Loaded, policies: Policies, day: date, now: datetime
    ) -> list[PlanRow]:
        book = loaded.book
        if self.journal:
            note_broken(self.journal, self.ledger, book, portfolio_id, policies, now)
        due_at = now if loaded.lease else _moment(loaded.due_at)
        if self.heals and (sooner := heal(book, policies, day, due_at, now)):
            self.ledger.look_at(book.borrower.ref, sooner)
        decide = partial(decide_fully, self.ledger, consistent=False)
        plan = planned(book, policies, day, due_at, now, decide)
        return list(_rows_of(plan, portfolio_id, policies, loaded.borrower_id)) if plan else []


def _moment(text: str) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _rows_of(plan: Planned, portfolio_id: str, policies: Policies, borrower_id: str) -> Iterator[PlanRow]:
    decision = plan.decision
    if isinstance(decision, Send):
        writer, outcomes = decision.portfolio.portfolio_id, decision.others
        if writer == portfolio_id:
            yield _message(plan, decision, policies, borrower_id)
        else:
            told = (
                _row(plan, due, policies, borrower_id, TOLD_ELSEWHERE) for due in _of(portfolio_id, decision.dues)
            )
            yield from (replace(row, portfolio=writer) for row in told)
    else:
        outcomes = decision.debts
    for due in _of(portfolio_id, plan.dues):
        if outcome := outcomes.get(due.debt.terms.key):
            yield _row(plan, due, policies, borrower_id, outcome)


def _of(portfolio_id: str, dues: Iterable[Due]) -> Iterator[Due]:
    return (due for due in dues if due.debt.terms.portfolio == portfolio_id)


def _message(plan: Planned, send: Send, policies: Policies, borrower_id: str) -> PlanRow:
    template = shipped_templates()[send.template, send.language]
    return replace(
        _row(plan, send.lead, policies, borrower_id, SEND),
        debts=tuple(map(_debt_id, send.debts)),
        amounts=() if send.is_first_contact else send.totals,
        template=send.template,
        language=send.language,
        text=template.render(reminder_parameters(send, plan.book.borrower)),
    )


def _row(plan: Planned, due: Due, policies: Policies, borrower_id: str, outcome: str) -> PlanRow:
    who, debt = plan.book.borrower, due.debt
    strategy, rules = policies.strategy_of(debt.terms.portfolio), contact_rules.rules_for(who.country)
    return PlanRow(
        outcome=outcome,
        borrower_id=borrower_id,
        name=who.name,
        phone=who.phone,
        debts=(_debt_id(debt),),
        amounts=(debt.owed,),
        days_past_due=due.days_past_due,
        at=plan.at.astimezone(contact_rules.zone_of(who.country, who.region)),
        step=due.step,
        rule=due.rule.name,
        priority=due.rule.priority,
        segment=segment_of(plan.book.debts, strategy.segments),
        strategy=strategy.label,
        contact_rules=f"{rules.country} {rules.version}" if rules else "",
        template=due.template,
        portfolio=debt.terms.portfolio,
    )


def _debt_id(debt: Debt) -> str:
    """With the instalment where there is one: `F-1`, `L-7#3`."""
    terms = debt.terms
    return f"{terms.debt_id}#{terms.instalment}" if terms.instalment else terms.debt_id
