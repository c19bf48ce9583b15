"""What follows from what a borrower wrote: what to keep of it, and what to answer. One pure function.

Whoever asks again after having kept what it says gets the same reply: nothing here depends on what the same
message has left behind.
"""

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal

from cobranza.conversation.amounts import amount_in_figures
from cobranza.conversation.answers import Answer
from cobranza.conversation.buttons import STANDS, Buttons, of_button, of_promise, pay_or_stop, stands_or_changes
from cobranza.conversation.channels import channel_asked
from cobranza.conversation.hours import HANDS_OVER, is_closed, midnight, opening
from cobranza.conversation.intent import NEVER_LOST, Because, Intent, Meaning, understand
from cobranza.ledger.borrower import Borrower
from cobranza.ledger.debt import Debt
from cobranza.ledger.money import Money, totals
from cobranza.ledger.promise import HORIZON, MOST_PER_DEBT
from cobranza.ledger.standing import OPEN_END, WHATSAPP, Action, Said, Word
from cobranza.policy.credit import credited
from cobranza.policy.decision import Book, less_credit
from cobranza.policy.due import local_date
from cobranza.policy.message_classes import MANNERS, MessageClass, Obstacle
from cobranza.policy.portfolio import Portfolio

# So long a case keeps reminders back: a person who has not answered by then has left the borrower waiting too.
CASE = timedelta(hours=48)
# So long a person who was asked for answers alone.
IN_CHARGE = timedelta(hours=48)
# Meta's: after that a free text is refused.
SERVICE_WINDOW = timedelta(hours=24)
# A notice that says nothing new is said once in so long.
NOTICE = timedelta(hours=24)
_MAX_CONSENT = 4000


type Owed = list[tuple[Debt, Money]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A message to be answered: its moment, Meta's type, words, button's payload, and the case it would open."""

    at: datetime
    type: str
    text: str = ""
    payload: str = ""
    case: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What to keep: `says`, and `tagged`, the tags that it leaves; `takes_back`, the moment of a promise that no
    longer counts; `case`, its kind, for a person; `looked_into`, until when no reminder goes; `hands_over`, until
    when a person answers alone; `silences`, that the phone is to be left in peace by whoever has it.

    What to answer: nothing without an `answer`; `buttons` by payload; `once`, what it counts as, and the moment
    after which it must not have been said before; `opens`, when a person reads it, in the borrower's zone;
    `promised` and `day` are what a promise is about.
    """

    says: tuple[Said, ...] = ()
    tagged: tuple[Said, ...] = ()
    takes_back: datetime | None = None
    case: str = ""
    looked_into: datetime | None = None
    hands_over: datetime | None = None
    silences: bool = False
    answer: Answer | None = None
    message_class: MessageClass = MessageClass.ANSWER
    buttons: Buttons = ()
    once: tuple[str, datetime] | None = None
    opens: datetime | None = None
    promised: Money | None = None
    day: date | None = None


def meaning_of(asked: Asked, borrower: Borrower | None, language: str) -> Meaning:
    """A button's before its words."""
    if pressed := of_button(asked.payload):
        return Meaning((Because(pressed, asked.text),))
    today = local_date(borrower, asked.at) if borrower else asked.at.date()
    return understand(asked.text, today, language)


def reply_to(asked: Asked, meaning: Meaning, book: Book, portfolio: Portfolio | None, now: datetime) -> Reply:
    """To the only borrower who has the phone. Without a valid portfolio what was said is kept all the same."""
    return sayable(asked, _Reading(asked, meaning, book, portfolio).reply(), book.borrower, now)


def owed_to(asked: Asked, book: Book, portfolio: Portfolio | None, now: datetime) -> Reply:
    """To a borrower who told the last digits of their document: what they owe."""
    reading = _Reading(asked, Meaning(), book, portfolio)
    reply = _unknown(asked, "WRONG_NUMBER") if book.borrower.wrong_number else reading.owed()
    return sayable(asked, reply, book.borrower, now)


def sayable(asked: Asked, reply: Reply, borrower: Borrower, now: datetime) -> Reply:
    """The reply without its answer where nothing may be said; then nobody is reminded meanwhile."""
    if _may_go(asked, reply, borrower, now):
        return _once(asked, reply, borrower)
    until = reply.looked_into or (asked.at + CASE if reply.answer else None)
    return replace(reply, answer=None, buttons=(), looked_into=until)


def _once(asked: Asked, reply: Reply, borrower: Borrower) -> Reply:
    """That a person looks at it is said once in the same words, and while nobody is there once whatever is
    written; all that is kept is kept."""
    answer, since = reply.answer, asked.at - NOTICE
    if answer is None or answer not in HANDS_OVER:
        return reply
    if is_closed(borrower, asked.at):
        return replace(reply, once=("closed", since), opens=opening(borrower, asked.at, answer))
    return replace(reply, once=reply.once or (answer.lower(), since))


def reply_to_stranger(asked: Asked, meaning: Meaning, now: datetime, *, is_taken: bool = False) -> Reply:
    """To a number that nobody has: nothing but a stop is done, and a person looks at it, or does: `is_taken`."""
    stops = meaning.intent is Intent.STOP
    reply = _stop_confirmed(asked, None) if stops else _unknown(asked, "UNKNOWN_SENDER")
    is_said = now - asked.at < SERVICE_WINDOW and (stops or not is_taken)
    return reply if is_said else replace(reply, answer=None)


def reply_to_receipt(asked: Asked, borrower: Borrower, now: datetime, *, is_kept: bool) -> Reply:
    """To a file that may be a receipt, and whether it was kept: thanks, or what to send instead."""
    answer = Answer.RECEIPT_RECEIVED if is_kept else Answer.RECEIPT_UNREADABLE
    return sayable(asked, Reply(answer=answer, once=(answer.lower(), asked.at - NOTICE)), borrower, now)


def reply_to_shared(asked: Asked, meaning: Meaning, borrower: Borrower, now: datetime) -> Reply:
    """To a phone that two borrowers have, of whom `borrower` is one: who writes is not known, so nothing of either
    is told, and nothing but a stop is believed of either. Somebody else there is not reminded of them any more."""
    if meaning.intent is Intent.STOP:
        reply = _stop_confirmed(asked, borrower)
    else:
        asks = meaning.intent in (Intent.BALANCE, Intent.PAY)
        to = looked_into if asks else _notice
        reply = to(asked, "SHARED_PHONE", Answer.SHARED_BALANCE if asks else Answer.SHARED)
        reply = replace(reply, silences=meaning.intent is Intent.WRONG_PERSON)
    return reply if _may_go(asked, reply, borrower, now) else replace(reply, answer=None)


def _may_go(asked: Asked, reply: Reply, borrower: Borrower, now: datetime) -> bool:
    """A stop that came with the message, or after it, says more than the message; but not the message's own."""
    stopped_at = borrower.opted_out_at
    is_own = reply.silences and stopped_at == asked.at
    is_stopped = stopped_at is not None and stopped_at >= asked.at and not is_own
    confirms = reply.message_class is MessageClass.STOP_CONFIRMATION
    yields = Obstacle.PERSON_IN_CHARGE in MANNERS[reply.message_class].obeys
    in_window = now - asked.at < SERVICE_WINDOW
    return in_window and (confirms or not is_stopped) and not (yields and _in_charge(borrower, asked, now))


def _in_charge(borrower: Borrower, asked: Asked, now: datetime) -> bool:
    """Whether a person had taken over before this message: the one that asks for them is answered."""
    until = borrower.human_until
    return until is not None and now < until and (borrower.human_since or until - IN_CHARGE) < asked.at


def _stop_confirmed(asked: Asked, borrower: Borrower | None) -> Reply:
    """The recorder has stopped already. Who stops twice on a local date is told once."""
    since = midnight(borrower, asked.at) if borrower else asked.at - NOTICE
    once = ("stopped", since)
    return Reply(answer=Answer.STOPPED, message_class=MessageClass.STOP_CONFIRMATION, once=once)


def _unknown(asked: Asked, case: str) -> Reply:
    """To somebody who is no borrower: kept, for a person."""
    return Reply(case=case, answer=Answer.STRANGER, once=("stranger", asked.at - NOTICE))


def looked_into(asked: Asked, case: str, answer: Answer) -> Reply:
    return Reply(case=case, answer=answer, looked_into=asked.at + CASE)


def _notice(asked: Asked, case: str, answer: Answer) -> Reply:
    return replace(looked_into(asked, case, answer), once=(case.lower(), asked.at - NOTICE))


_FILES = frozenset({"image", "document"})
# What a machine reads. Whatever comes in another form is for a person.
_READ = _FILES | {"text", "button", "interactive", "sticker"}
# What a strategy may ask for later. A team's file takes a tag away again.
TAGS = {
    Intent.PAID: "dice_que_pago",
    Intent.PROMISE: "promesa",
    Intent.PROBLEM: "problema",
    Intent.DISPUTE: "disputa",
    Intent.COMPLAINT: "queja",
    Intent.PERSON: "pide_persona",
}
# What a promise may stand beside: what it is of is theirs, and they pay it.
_BESIDE_A_PROMISE = frozenset({Intent.STOP, Intent.PAID})
# What is answered with what is owed, or shows it.
_OF_MONEY = frozenset({Intent.BALANCE, Intent.PAY, Intent.PROMISE})


@dataclass(frozen=True, slots=True)
class _Reading:
    asked: Asked
    meaning: Meaning
    book: Book
    portfolio: Portfolio | None

    def reply(self) -> Reply:
        if promise := of_promise(self.asked.payload):
            return self._pressed(*promise)
        has_words = self.meaning.must_be_heard
        if self.asked.type not in _READ and not has_words:
            return self._case("MEDIA", Answer.IN_WRITING)
        if self.asked.type in _FILES and not has_words:
            return self._case("FILE", Answer.RECEIPT_UNREADABLE)
        if self.asked.type == "sticker":
            return Reply()
        reply = self._to(self.meaning.intent)
        for other in self.meaning.others:
            if other in NEVER_LOST:
                reply = _with(reply, self._to(other))
            elif other is Intent.PROMISE and self.meaning.intent in _BESIDE_A_PROMISE:
                reply = replace(reply, says=reply.says + self._to(other).says)
        return replace(reply, tagged=self._tags)

    @property
    def _tags(self) -> tuple[Said, ...]:
        """Not of somebody else who has the borrower's number."""
        heard = () if self.book.borrower.wrong_number else (self.meaning.intent, *self.meaning.others)
        return tuple(Said(Action.TAG, Word(self.asked.at, TAGS[each], WHATSAPP)) for each in heard if each in TAGS)

    def _to(self, intent: Intent) -> Reply:
        if self.book.borrower.wrong_number and intent not in (Intent.STOP, Intent.WRONG_PERSON):
            return _unknown(self.asked, "WRONG_NUMBER")
        if intent in _OF_MONEY and not self._is_identified:
            return self._case("NOT_IDENTIFIED", Answer.NOT_IDENTIFIED)
        match intent:
            case Intent.STOP:
                return self._stopped()
            case Intent.START:
                return self._start()
            case Intent.BALANCE | Intent.PAY:
                return self.owed()
            case Intent.PAID:
                owes = any(debt.is_open for debt in self.book.debts)
                answer = Answer.SEND_RECEIPT if owes else Answer.NOTHING_OWED
                return Reply(answer=answer, looked_into=self.asked.at + CASE)
            case Intent.PROMISE:
                return self._promise()
            case Intent.DISPUTE:
                return self._marked(Action.DISPUTE, intent, Answer.DISPUTED)
            case Intent.WRONG_PERSON:
                return self._marked(Action.WRONG_NUMBER, intent, Answer.WRONG_PERSON)
            case Intent.DECEASED:
                return self._marked(Action.HOLD, intent, Answer.DECEASED, until=OPEN_END)
            case Intent.COMPLAINT:
                return self._marked(Action.HOLD, intent, Answer.COMPLAINT, until=OPEN_END)
            case Intent.CHANNEL:
                if not self._channel:  # no calls, which we do not make
                    return self._case(intent, Answer.LOOKED_INTO)
                wish = Said(Action.CHANNEL, Word(self.asked.at, self._channel, WHATSAPP))
                return replace(self._case(intent, Answer.OTHER_CHANNEL), says=(wish,))
            case Intent.PERSON:
                answer = Answer.PERSON_LATER if self._is_closed else Answer.PERSON
                return replace(self._case(intent, answer), hands_over=self.asked.at + IN_CHARGE)
            case Intent.PROBLEM | Intent.STATUS:
                return self._case(intent, Answer.LOOKED_INTO)
            case Intent.CANCEL_ASK:
                return replace(self._case(intent, Answer.PAY_OR_STOP), buttons=pay_or_stop(self.asked.case))
            case Intent.RIGHT_PERSON:
                return Reply(answer=Answer.RIGHT_PERSON)
            case Intent.HELP:
                return Reply(answer=Answer.HELP)
            case Intent.THANKS:
                return Reply()
            case Intent.UNKNOWN:
                answer = Answer.READ_LATER if self._is_closed else Answer.NOT_UNDERSTOOD
                return _notice(self.asked, intent, answer)

    @property
    def _is_identified(self) -> bool:
        """Amounts go to a phone of which it is known who answers, as with reminders."""
        borrower = self.book.borrower
        given = self.portfolio is not None and self.portfolio.knows_number(borrower.number_from)
        return borrower.is_known or given

    @property
    def _channel(self) -> str:
        because = self.meaning.because
        decided = next((each.words for each in because if each.intent is Intent.CHANNEL), "")
        return channel_asked(decided, self.asked.text)

    @property
    def _tomorrow(self) -> datetime:
        """When the borrower's next local day begins."""
        return midnight(self.book.borrower, self.asked.at) + timedelta(days=1)

    @property
    def _is_closed(self) -> bool:
        return is_closed(self.book.borrower, self.asked.at)

    def _case(self, kind: str, answer: Answer) -> Reply:
        return looked_into(self.asked, kind, answer)

    def _marked(self, action: Action, kind: Intent, answer: Answer, *, until: date | None = None) -> Reply:
        """Until the case is closed, or a file lifts it."""
        word = Word(self.asked.at, source=WHATSAPP, case=self.asked.case)
        return replace(self._case(kind, answer), says=(Said(action, word, until),))

    def _stopped(self) -> Reply:
        """Nothing where they have come back since, and this is a stop that WhatsApp told late."""
        borrower = self.book.borrower
        agreed_at = borrower.consent.at if borrower.consent and not borrower.opted_out_at else None
        is_back = agreed_at is not None and agreed_at > self.asked.at
        return Reply() if is_back else _stop_confirmed(self.asked, borrower)

    def _start(self) -> Reply:
        """A new consent in the borrower's words, to messages on WhatsApp. Nothing is sent on the same day."""
        says = (
            Said(Action.CONSENT, Word(self.asked.at, self.asked.text[:_MAX_CONSENT], WHATSAPP)),
            Said(Action.OPT_IN, Word(self.asked.at, "", WHATSAPP)),
        )
        if self.book.borrower.channel != WHATSAPP:
            says += (Said(Action.CHANNEL, Word(self.asked.at, WHATSAPP, WHATSAPP)),)
        return Reply(says=says, looked_into=self._tomorrow, answer=Answer.STARTED)

    def owed(self) -> Reply:
        open_debts = [debt for debt in self.book.debts if debt.is_open]
        if owed_on(self.book):
            recalled = any(debt.recalled for debt in open_debts)
            return Reply(answer=Answer.OWED, case="RECALLED" if recalled else "")
        if any(debt.disputed and not debt.recalled for debt in open_debts):
            return Reply(answer=Answer.IN_DISPUTE)
        if any(debt.recalled for debt in open_debts):
            return self._case("RECALLED", Answer.RECALLED)
        return Reply(answer=Answer.NOTHING_OWED)

    def _promise(self) -> Reply:
        owed, day = owed_on(self.book), self.meaning.day
        if not owed:
            return self.owed()
        if day is None:
            return Reply(answer=Answer.WHICH_DAY, looked_into=self._tomorrow)
        part, today = self._part_of(owed), local_date(self.book.borrower, self.asked.at)
        if part is None or not today <= day <= today + HORIZON or self._has_promised_enough(owed):
            return self._case("PROPOSAL", Answer.PROPOSAL)
        return Reply(
            says=(Said(Action.PROMISE, Word(self.asked.at, part, WHATSAPP), day),),
            answer=Answer.PROMISED,
            buttons=stands_or_changes(self.asked.at),
            promised=Money(Decimal(part), owed[0][1].currency) if part else None,
            day=day,
        )

    def _part_of(self, owed: Owed) -> str | None:
        """How much is promised, empty for all of it. None for a part that cannot be read, or is of several debts:
        a person has to agree."""
        if not self.meaning.amount:
            return ""
        sums, amount = totals(left for _, left in owed), amount_in_figures(self.meaning.amount)
        if not amount or len(sums) != 1:
            return None
        if amount >= sums[0].amount:
            return ""
        return str(amount) if len(owed) == 1 else None

    def _has_promised_enough(self, owed: Owed) -> bool:
        """A third promise of a debt keeps no reminder back, so that it is not noted as if it did."""
        given = (self.book.promises.get(debt.terms.key, ()) for debt, _ in owed)
        return any(
            len([each for each in those if each.made_at < self.asked.at]) >= MOST_PER_DEBT for those in given
        )

    def _pressed(self, word: str, made_at: datetime) -> Reply:
        if word == STANDS:
            return Reply(answer=Answer.PROMISE_STANDS)
        answer = Answer.PROMISE_TAKEN_BACK  # which asks for another day
        return Reply(takes_back=made_at, answer=answer, looked_into=self._tomorrow)


def _with(reply: Reply, other: Reply) -> Reply:
    """What is kept of both, and the first one's answer."""
    return replace(
        reply,
        says=reply.says + other.says,
        case=reply.case or other.case,
        looked_into=reply.looked_into or other.looked_into,
        hands_over=reply.hands_over or other.hands_over,
    )


def owed_on(book: Book) -> Owed:
    """The debts that we may tell of, oldest first, with what is left of each: open, not taken back by the
    creditor, not contested, and not covered by what the creditor owes the borrower."""
    those = [debt for debt in book.debts if debt.is_open and not debt.recalled and not debt.disputed]
    debts = sorted(those, key=lambda debt: (debt.terms.due_date, debt.terms.key))
    taken = credited(debts, book.credits)
    left = [(debt, less_credit(debt.owed, taken.get(debt.terms.key))) for debt in debts]
    return [(debt, money) for debt, money in left if money.amount > 0]
