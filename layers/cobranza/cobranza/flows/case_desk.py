"""Cases as the creditor's own people see and handle them: what waits, who is in charge, and how it ends."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from operator import itemgetter
from typing import Any

from cobranza.flows.close_case import CaseCloser, facts_of, subject_of
from cobranza.ledger.case import Case, CaseQueue, CaseState, Closing
from cobranza.policy.closing import home_zone
from cobranza.policy.portfolio import Portfolio
from cobranza.store.conversations import REFUSED, Conversations
from cobranza.store.journal import CASE_ANSWERED
from cobranza.store.keys import moment_of
from cobranza.store.table import Item, utc

# A page looks at so many open cases, and shows those that are wanted.
PAGE = 50
# Messages of a conversation that are shown with a case.
SHOWN = 10
# So long one person may be in charge without taking it again.
LONGEST_CHARGE = timedelta(days=14)


class CaseRefused(Exception):
    """What was asked for is not done; `told` is what else there is to know."""

    def __init__(self, code: str, told: Mapping[str, Any] | None = None) -> None:
        super().__init__(code)
        self.code = code
        self.told = told or {}


@dataclass(frozen=True, slots=True)
class Caller:
    """Somebody of the creditor's team by their name in its own directory, and the portfolios they may see; None:
    all."""

    name: str
    portfolios: frozenset[str] | None = field(default=frozenset())

    def sees(self, portfolio: str) -> bool:
        return self.portfolios is None or portfolio in self.portfolios


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which open cases: of a portfolio, in a state and queue if told, `after` the last one of the page before."""

    portfolio: str
    state: CaseState | None = None
    queue: CaseQueue | None = None
    after: str = ""


@dataclass(frozen=True, slots=True)
class Shown:
    """A case, the creditor's own numbers of its borrowers, and its age; `messages` are the last ones of its
    conversation, the oldest first, where one case alone is shown."""

    case: Case
    borrower_ids: Sequence[str]
    age: timedelta
    messages: Sequence[Item] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseDesk:
    """Every method raises CaseRefused (NOT_FOUND) for what the caller may not see."""

    closer: CaseCloser
    conversations: Conversations
    portfolio: Callable[[str], Portfolio | None]

    def page(self, caller: Caller, wanted: Wanted, now: datetime) -> tuple[list[Shown], str]:
        """Some of the open cases, the longest waiting first, and what to go on after; empty at the end."""
        if not caller.sees(wanted.portfolio):
            raise CaseRefused("NOT_FOUND")
        looked, following = self.closer.cases.page(wanted.portfolio, wanted.after, PAGE)
        found = [case for case in looked if _is_wanted(case, wanted)]
        ids = self.closer.ledger.borrower_ids(ref for case in found for ref in case.borrowers)
        return [_shown(case, ids, now) for case in found], following

    def show(self, caller: Caller, case_id: str, now: datetime) -> Shown:
        case = self.find(caller, case_id)
        messages = last_words(self.conversations, case)
        return _shown(case, self.closer.ledger.borrower_ids(case.borrowers), now, messages)

    def find(self, caller: Caller, case_id: str) -> Case:
        case = self.closer.cases.find(case_id)
        if case is None or not caller.sees(case.portfolio):
            raise CaseRefused("NOT_FOUND")
        return case

    def find_open(self, caller: Caller, case_id: str) -> Case:
        """Raises CaseRefused (ALREADY_CLOSED) too."""
        case = self.find(caller, case_id)
        if not case.is_open:
            raise CaseRefused("ALREADY_CLOSED")
        return case

    def take(self, caller: Caller, case_id: str, until: datetime, now: datetime) -> None:
        """Puts the caller in charge: the machine is silent until then. Raises CaseRefused (BAD_UNTIL,
        ALREADY_CLOSED, TAKEN, CHANGED)."""
        if not now < until <= now + LONGEST_CHARGE:
            raise CaseRefused("BAD_UNTIL")
        case = self.find_open(caller, case_id)
        if not case.may_be_taken(caller.name, now):
            raise CaseRefused("TAKEN", {"taken_by": case.taken_by})
        self._note(case, caller, "case.taken", now, {"until": utc(until)})
        if not self.closer.cases.take(case, caller.name, until):
            raise CaseRefused("CHANGED")
        for borrower in case.borrowers:
            self.closer.ledger.words.take_over(borrower, now, until)
        if not case.borrowers:
            self.closer.ledger.words.take_over_stranger(case.chat, until)

    def hand_back(self, caller: Caller, case_id: str, now: datetime) -> None:
        """The machine answers again. Raises CaseRefused (ALREADY_CLOSED, CHANGED)."""
        case = self.find_open(caller, case_id)
        self._note(case, caller, "case.handed_back", now, {})
        for borrower in case.borrowers:
            self.closer.ledger.words.hand_back(borrower)
        if not case.borrowers:
            self.closer.ledger.words.hand_back_stranger(case.chat)
        if not self.closer.cases.hand_back(case):
            raise CaseRefused("CHANGED")
        self.closer.wake(case, now)

    def close(self, caller: Caller, case_id: str, closing: Closing, now: datetime) -> None:
        """The same end again changes nothing. Raises CaseRefused (BAD_HOLD, ALREADY_CLOSED, CHANGED)."""
        case = self.find(caller, case_id)
        if case.closing == closing:
            self.closer.wake(case, now)  # who closed it may have died before
            return
        if not case.is_open:
            raise CaseRefused("ALREADY_CLOSED")
        today = now.astimezone(home_zone(self.portfolio(case.portfolio))).date()
        if closing.hold_until and closing.hold_until < today:
            raise CaseRefused("BAD_HOLD")
        if not self.closer.close(case, closing, "", now, by=caller.name):
            raise CaseRefused("CHANGED")

    def note_answer(self, case: Case, caller: Caller, identity: str, told: Item, now: datetime) -> None:
        """What became of what the caller wrote to the borrower; `told` has it as type."""
        if told["type"] != REFUSED and case.first_answer_at is None:
            self.closer.cases.answered(case.id, now)
        facts = facts_of(case, caller.name) | told
        self.closer.journal.append(subject_of(case), now, CASE_ANSWERED, identity, facts)

    def _note(self, case: Case, caller: Caller, event: str, now: datetime, told: Item) -> None:
        facts = facts_of(case, caller.name) | told
        self.closer.journal.append(subject_of(case), now, event, f"{case.id}#{utc(now)}", facts)


def last_words(conversations: Conversations, case: Case, *, consistent: bool = True) -> list[Item]:
    """The last messages of a case's conversation, the oldest first."""
    # The words of a reminder stand at the beginning of its day, so that more are read than shown.
    items = conversations.newest(case.chat, 2 * SHOWN, consistent=consistent)
    return sorted((told for item in items for told in _messages(item)), key=itemgetter("at"))[-SHOWN:]


def _is_wanted(case: Case, wanted: Wanted) -> bool:
    return wanted.state in (None, case.state) and wanted.queue in (None, case.queue)


def _shown(case: Case, ids: Mapping[str, str], now: datetime, messages: Sequence[Item] = ()) -> Shown:
    return Shown(case, [ids[ref] for ref in case.borrowers if ref in ids], now - case.opened_at, messages)


def _messages(item: Item) -> list[Item]:
    """What an item of a conversation has of it: direction, at (ISO 8601, UTC), who wrote, what kind, its words."""
    if item["direction"] == "out":
        writer = "person" if "by" in item else "reminder"
        return [_message("out", item["at"], writer, "text", item["text"])]
    came = _message("in", utc(moment_of(item["sk"])), "borrower", item["type"], item["text"])
    if not item.get("answer_text"):
        return [came]
    answered_at = utc(datetime.fromisoformat(item["answered_at"]))
    return [came, _message("out", answered_at, "machine", "text", item["answer_text"])]


def _message(direction: str, at: str, writer: str, kind: str, text: str) -> Item:
    return {"direction": direction, "at": at, "from": writer, "type": kind, "text": text}
