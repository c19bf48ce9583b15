"""What to do about a borrower now: one pure function, one outcome for each due debt, always with a code.

The same function serves the sender, every plan and the replay.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import NamedTuple

from cobranza.ledger.borrower import Borrower
from cobranza.ledger.confirmation import Subject
from cobranza.ledger.money import totals
from cobranza.ledger.standing import WHATSAPP
from cobranza.policy import contact_rules
from cobranza.policy.breaker import Breaker, keeps_number, keeps_template
from cobranza.policy.caps import too_often, went_elsewhere
from cobranza.policy.contact_rules import ContactRules
from cobranza.policy.credit import credited
from cobranza.policy.decision import Book, Decision, Defer, Policies, Rest, Send, Skip, less_credit
from cobranza.policy.due import TOP, Due, due_on, local_date, not_before, opening
from cobranza.policy.feed import PAUSE_LOOK, Feed, Pause
from cobranza.policy.message import FIRST_CONTACT, Message, State
from cobranza.policy.portfolio import Portfolio
from cobranza.policy.promised import promised_for
from cobranza.policy.strategy import Strategy, is_true

# So long after we hear of it, what somebody wrote is understood, or a person has it: the queue gives a reply six
# times, three minutes apart.
UNDERSTOOD = timedelta(minutes=30)
# Where the queue stands still it waits longer, and at most so long: as long as any case.
UNREAD = timedelta(hours=48)


class _Facts(NamedTuple):
    book: Book
    policies: Policies
    rules: ContactRules | None
    now: datetime
    today: date

    @property
    def borrower(self) -> Borrower:
        return self.book.borrower

    def strategy(self, due: Due) -> Strategy:
        return self.policies.strategy_of(due.debt.terms.portfolio)

    def portfolio(self, due: Due) -> Portfolio | None:
        return self.policies.portfolios.get(due.debt.terms.portfolio)

    def feed(self, due: Due) -> Feed:
        return self.policies.feeds.get(due.debt.terms.portfolio) or Feed()

    def soon(self) -> datetime:
        """The next moment to look again at what waits for somebody."""
        later = self.now + PAUSE_LOOK
        return (self.rules and contact_rules.next_open(self.rules, self.borrower.region, later)) or later


def decide(book: Book, policies: Policies, now: datetime) -> Decision:
    """Send, Skip, Defer, or Rest when nothing is due. `now` is aware.

    Debts drop out one reason after the other; the reason that takes the last ones is the borrower's.
    """
    borrower = book.borrower
    facts = _Facts(book, policies, contact_rules.rules_for(borrower.country), now, local_date(borrower, now))
    due = due_on(borrower, book.debts, book.messages, policies.strategy_of, facts.today)
    if not due or _had_a_message(book.messages, facts.today):
        return Rest()
    sieve = _Sieve(due)
    if sieve.drops_all(*(partial(check, facts) for check in _CHECKS)):
        return sieve.verdict
    taken = credited((d.debt for d in sieve.left), book.credits)
    if sieve.drops_all(partial(_covered, taken)):
        return sieve.verdict
    send = _one_message(facts, sieve, taken)
    if sieve.drops_all(lambda _: _unanswered(facts, send), lambda _: _last_word(facts, sieve.left, send)):
        return sieve.verdict
    return send


class _Sieve:
    """The due debts that are left, and why each of the others is not."""

    def __init__(self, due: Sequence[Due]) -> None:
        self.left = tuple(due)
        self.outcomes: dict[str, str] = {}
        self._pauses: list[Pause] = []
        self._last: Skip | Defer | None = None

    def drops_all(self, *checks: Callable[[Due], Skip | Defer | None]) -> bool:
        """Takes out the debts for which a check has a reason, one check after the other."""
        for check in checks:
            reasons = {due.debt.terms.key: why for due in self.left if (why := check(due))}
            self.outcomes |= {key: why.outcome for key, why in reasons.items()}
            self.left = tuple(due for due in self.left if due.debt.terms.key not in reasons)
            for why in reasons.values():
                self._last = self._stronger(why)
                self._pauses += why.pauses if isinstance(why, Defer) else ()
            if not self.left:
                return True
        return False

    @property
    def verdict(self) -> Skip | Defer:
        """The borrower's outcome once no debt is left."""
        if self._last is None:
            raise ValueError("debts are left")
        if isinstance(self._last, Defer):
            return replace(self._last, debts=self.outcomes, pauses=tuple(dict.fromkeys(self._pauses)))
        return replace(self._last, debts=self.outcomes)

    def _stronger(self, why: Skip | Defer) -> Skip | Defer:
        """What waits is looked at again, and soonest first; else the later reason tells more."""
        if isinstance(self._last, Defer):
            return min(self._last, why, key=lambda one: one.until) if isinstance(why, Defer) else self._last
        return why


# What is checked of each due debt, in this order. What waits for somebody comes after what nobody changes today.


def _about_the_debt(facts: _Facts, due: Due) -> Skip | None:
    debt = due.debt
    if not debt.is_open:
        return Skip("PAID")
    return Skip("RECALLED") if debt.recalled else None


def _about_the_borrower(facts: _Facts, due: Due) -> Skip | None:
    borrower = facts.borrower
    if borrower.opted_out_at:
        return Skip("OPTED_OUT")
    if borrower.wrong_number:
        return Skip("WRONG_NUMBER")
    if borrower.unreachable:
        return Skip("UNREACHABLE")
    return None if borrower.phone else Skip("NO_PHONE")


def _contested(facts: _Facts, due: Due) -> Skip | None:
    return Skip("DISPUTED") if due.debt.disputed else None


def _kept_back(facts: _Facts, due: Due) -> Skip | None:
    borrower, today = facts.borrower, facts.today
    if _holds(due.debt.held_until, today) or _holds(borrower.held_until, today):
        return Skip("HELD")
    if _is_promised(facts, due):
        return Skip("PROMISED")
    if borrower.channel != WHATSAPP:
        return Skip("OTHER_CHANNEL")
    if _holds(borrower.receipt_until, today):
        return Skip("RECEIPT_PENDING")
    if any(until and facts.now < until for until in (borrower.case_until, borrower.human_until)):
        return Skip("OPEN_CASE")
    return None


def _untold(facts: _Facts, due: Due) -> Skip | None:
    if due.debt.refused_row:
        return Skip("ROW_REFUSED")
    return None if due.is_timely(facts.strategy(due)) else Skip("TOO_LATE")


def _not_allowed(facts: _Facts, due: Due) -> Skip | None:
    if (portfolio := facts.portfolio(due)) is None:
        return Skip("NO_PORTFOLIO")
    if facts.policies.only_to is not None and facts.borrower.phone not in facts.policies.only_to:
        return Skip("TEST_STAGE")
    if facts.borrower.consent is None:
        return Skip("NO_CONSENT")
    if facts.rules is None or not facts.rules.allows_messages or facts.borrower.country not in portfolio.countries:
        return Skip("COUNTRY_OFF")
    if held_out(facts.borrower.ref, facts.strategy(due).hold_out_percent):
        return Skip("HOLD_OUT")
    if portfolio.needs_payment_link and not portfolio.has_way_to_pay(due.debt.terms.payment_url):
        return Skip("NO_WAY_TO_PAY")
    return None


def _waits(facts: _Facts, due: Due) -> Skip | Defer | None:
    portfolio, feed = facts.portfolio(due), facts.feed(due)
    soon = facts.soon()
    if portfolio and feed.is_stale(portfolio, facts.now):
        is_today = local_date(facts.borrower, soon) == facts.today
        return Defer("STALE_DATA", soon) if is_today else Skip("STALE_DATA")
    if feed.pause:
        return Defer("PAUSED", soon, (feed.pause,))
    if portfolio and (open_one := keeps_number(facts.policies.breakers, portfolio.phone_number_id)):
        return _stopped(open_one, soon)
    return None if feed.is_approved(facts.strategy(due), facts.today) else Defer("APPROVAL", soon)


_CHECKS = (_about_the_debt, _about_the_borrower, _contested, _kept_back, _untold, _not_allowed, _waits)


def _covered(taken: Mapping[str, Decimal], due: Due) -> Skip | None:
    left = less_credit(due.debt.owed, taken.get(due.debt.terms.key))
    return None if left.amount > 0 else Skip("CREDIT_COVERS")


def _unanswered(facts: _Facts, send: Send) -> Skip | None:
    """Who answers at this phone was asked, and nobody has said it yet."""
    asked = (m.phone_ref for m in facts.book.messages if m.is_first_contact and m.uses_up_steps)
    return Skip("NOT_IDENTIFIED") if send.is_first_contact and facts.borrower.phone_ref in asked else None


def _last_word(facts: _Facts, left: Sequence[Due], send: Send) -> Skip | Defer | None:
    """What is asked of the message as a whole. Who else has the phone comes last: it takes a look at other people,
    which nobody takes for a message that does not leave anyway."""
    if why := _gate(facts, left) or _wording(facts, send) or _limit(facts, send):
        return why
    return Skip("SHARED_PHONE") if facts.borrower.shares_phone else None


def _gate(facts: _Facts, left: Sequence[Due]) -> Skip | Defer | None:
    """Whether the borrower may have a message at this moment."""
    rules, borrower, now = facts.rules, facts.borrower, facts.now
    if rules is None:
        return Skip("COUNTRY_OFF")
    had = (facts.book.contacts, facts.book.touches, facts.today)
    if any(too_often(rules, *had, facts.strategy(due).caps) for due in left):
        return Skip("FREQUENCY_CAP")
    if went_elsewhere(facts.book.told, facts.today, borrower.phone_ref):
        return Skip("FREQUENCY_CAP")
    if too_soon := _too_soon(facts, rules, left):
        return too_soon
    if borrower.heard_noted_at and now < (understood := borrower.heard_noted_at + UNDERSTOOD):
        return Defer("JUST_HEARD", understood)
    if borrower.unread_at and now < borrower.unread_at + UNREAD:
        return Defer("JUST_HEARD", facts.soon())
    if code := contact_rules.closed(rules, borrower.region, now):
        opens = contact_rules.next_open(rules, borrower.region, now) or now + timedelta(days=1)
        return Defer(code, not_before(rules, borrower.region, opens, _hour(left)))
    later = not_before(rules, borrower.region, now, _hour(left))
    return Defer("WINDOW", later) if later > now else None


def _too_soon(facts: _Facts, rules: ContactRules, left: Sequence[Due]) -> Skip | Defer | None:
    """The minimum time since the last message, or since a receipt was rejected, and since the last payment."""
    gap = timedelta(hours=max(facts.strategy(due).min_gap_hours for due in left))
    sent = [message.claimed_at for message in facts.book.contacts if message.state is not State.RETRY]
    sent += [one.at for one in facts.book.confirmations if one.subject is Subject.RECEIPT_REJECTED]
    sent += [each.claimed_at for each in facts.book.told if each.confirms.startswith(Subject.RECEIPT_REJECTED)]
    paid = [moment for debt in facts.book.debts for moment, _ in debt.paid.values()]
    for code, moments in (("FREQUENCY_CAP", sent), ("JUST_PAID", paid)):
        free = max(moments, default=facts.now - gap) + gap
        if free > facts.now:
            is_today = local_date(facts.borrower, free) == facts.today
            is_open = contact_rules.closed(rules, facts.borrower.region, free) is None
            return Defer("GAP", free) if is_today and is_open else Skip(code)
    return None


def _wording(facts: _Facts, send: Send) -> Skip | Defer | None:
    announces = facts.policies.templates.get((send.template, send.language))
    if announces is None or not is_true(announces, send.lead.days_past_due):
        return Skip("NO_TEMPLATE")
    if send.template in facts.policies.with_document and not send.document:
        return Skip("NO_DOCUMENT")
    if fault := facts.policies.faults.get((send.template, send.language)):
        return Defer("TEMPLATE", facts.soon(), mend=f"{send.template} {send.language}: {fault}")
    open_one = keeps_template(facts.policies.breakers, send.template)
    return _stopped(open_one, facts.soon()) if open_one else None


def _stopped(by: Breaker, until: datetime) -> Defer:
    return Defer("PAUSED" if by.is_by_hand else "BREAKER", until, (by.pause,))


def _limit(facts: _Facts, send: Send) -> Defer | None:
    """As many people as WhatsApp or the portfolio's ramp allows: tomorrow they come first."""
    if facts.policies.room.get(send.portfolio.portfolio_id, 1) > 0:
        return None
    tomorrow = facts.today + timedelta(days=1)
    opens = opening(facts.borrower.country, facts.borrower.region, tomorrow, _hour(send.dues))
    return Defer("LIMIT", opens, priority=TOP)


def _is_promised(facts: _Facts, due: Due) -> bool:
    promises = facts.book.promises.get(due.debt.terms.key, ())
    known_at = facts.feed(due).as_of
    return promised_for(facts.borrower, due.debt, promises, facts.strategy(due), known_at) is not None


def _hour(left: Sequence[Due]) -> int:
    return 0 if any(due.requested for due in left) else left[0].rule.hour or 0


def _one_message(facts: _Facts, sieve: _Sieve, taken: Mapping[str, Decimal]) -> Send:
    lead = sieve.left[0]
    portfolio = facts.policies.portfolios[lead.debt.terms.portfolio]
    told = {due.debt.terms.key for due in sieve.left}
    template = _text_of(facts, portfolio, lead)
    document = lead.debt.terms.document_url if template in facts.policies.with_document else ""
    return Send(
        day=facts.today,
        lead=lead,
        dues=sieve.left,
        template=template,
        language=portfolio.template_language(facts.borrower.language),
        portfolio=portfolio,
        strategy=facts.strategy(lead).label,
        phone_ref=facts.borrower.phone_ref,
        document=document if portfolio.approves_link(document) else "",
        totals=totals(less_credit(due.debt.owed, taken.get(due.debt.terms.key)) for due in sieve.left),
        credited={key: amount for key, amount in taken.items() if key in told},
        others=dict(sieve.outcomes),
    )


def _text_of(facts: _Facts, portfolio: Portfolio, lead: Due) -> str:
    """The step's text, or the one that stands in for it where its button would lead nowhere. Nothing is told of
    what is owed at a phone of which nobody knows who answers."""
    if not (facts.borrower.is_known or portfolio.knows_number(facts.borrower.number_from)):
        return FIRST_CONTACT
    stand_in = facts.policies.stand_ins.get(lead.template)
    return lead.template if not stand_in or portfolio.fits_button(lead.debt.terms.payment_url) else stand_in


def held_out(ref: str, percent: int) -> bool:
    """Whether a borrower is of the hold-out group: always the same ones, and the same when it grows."""
    digest = hashlib.blake2b(f"hold-out|{ref}".encode(), digest_size=4).digest()
    return int.from_bytes(digest) % 100 < percent


def _holds(until: date | None, today: date) -> bool:
    """Whether something that lasts up to and including `until` is still on."""
    return until is not None and today <= until


def _had_a_message(messages: Sequence[Message], day: date) -> bool:
    return any(message.day == day and message.state is not State.RETRY for message in messages)
