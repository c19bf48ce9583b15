"""What people said about a borrower or a debt, beside what is owed: stops, holds, disputes, recalls, channels.

Rows of contacts/ and recalls/ files, and the borrower's own words, come late, twice and in any order. Whatever
the order, the same rows end in the same standing: the later moment wins, and of two at one moment the one that
stops. Only a word with a source lifts what another one stopped.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple

from cobranza.ledger.promise import Promise

WHATSAPP = "whatsapp"
# A hold that a person or a file ends; far from the last day that can be counted with.
OPEN_END = date(9999, 1, 1)
# The last day of what was taken back.
_NEVER = date.min
# Of a borrower; the sender reads them before every message.
MOST_TAGS = 20
MOST_STOPS = 20
MOST_LOOKED_INTO = 50


class Action(StrEnum):
    """What a row of a contacts/ file may say of a borrower."""

    OPT_OUT = "opt_out"
    OPT_IN = "opt_in"
    CONSENT = "consent"
    NO_CONSENT = "no_consent"
    HOLD = "hold"
    RELEASE = "release"
    DISPUTE = "dispute"
    RESOLVED = "resolved"
    WRONG_NUMBER = "wrong_number"
    PHONE = "phone"
    SECOND_PHONE = "second_phone"
    CHANNEL = "channel"
    CALL = "call"
    VISIT = "visit"
    ERASE = "erase"
    PROMISE = "promise"
    TAG = "tag"
    UNTAG = "untag"


OF_ONE_DEBT = frozenset({Action.DISPUTE, Action.RESOLVED, Action.HOLD, Action.RELEASE, Action.PROMISE})


class RecallKind(StrEnum):
    """Why the creditor took a debt back."""

    SOLD = "sold"
    WITHDRAWN = "withdrawn"
    AGENCY = "agency"
    COURT = "court"


@dataclass(frozen=True, slots=True, order=True)
class Word:
    """Something said at an aware moment; `source` is where ("call centre", "WhatsApp"), `text` what: the new
    phone, the kind of a recall, a consent's wording. `until` is the last day of a hold, and `case` the id of the
    case that takes back what its message stopped."""

    at: datetime
    text: str = ""
    source: str = ""
    until: date = date.max
    case: str = ""

    def __post_init__(self) -> None:
        if self.at.tzinfo is None:
            raise ValueError("a word's moment must be aware")


@dataclass(frozen=True, slots=True)
class Mark:
    """Something that stops reminders (an opt-out, a dispute, a hold), and the last word that lifted it.

    The lift is kept, so that a stop that comes after its later lift does not stop again. So is each stop that may
    outlast the others, because it ends later, or because a case takes them back."""

    stops: frozenset[Word] = frozenset()
    lifted: Word | None = None

    @property
    def standing(self) -> list[Word]:
        """The stops that nobody has lifted or taken back."""
        lifted = self.lifted
        return [stop for stop in self.stops if stop.until > _NEVER and (not lifted or stop.at >= lifted.at)]

    @property
    def stands(self) -> bool:
        return bool(self.standing)

    @property
    def stopped(self) -> Word | None:
        """The last stop, also one that was lifted."""
        return max(self.stops, default=None)

    @property
    def since(self) -> datetime | None:
        """The moment of the last stop while it stands."""
        return max((stop.at for stop in self.standing), default=None)

    @property
    def until(self) -> date | None:
        """The last day of all the stops, while one stands."""
        return max((stop.until for stop in self.standing), default=None)

    def stop(self, word: Word) -> "Mark":
        stops = {*self.stops, word}
        kept = [each for each in stops if not any(_covers(other, each) for other in stops)]
        return replace(self, stops=frozenset(sorted(kept, key=_reach)[-MOST_STOPS:]))

    def lift(self, word: Word) -> "Mark":
        """Unchanged by a word without a source."""
        return replace(self, lifted=_later(self.lifted, word)) if word.source else self

    def take_back(self, at: datetime, case: str) -> "Mark":
        """Without what the message of that moment stopped, which opened the case, also where it is heard later."""
        nameless = {stop for stop in self.stops if not stop.case and (stop.at, stop.source) == (at, WHATSAPP)}
        return replace(self, stops=self.stops - nameless).stop(Word(at, "", WHATSAPP, _NEVER, case))


@dataclass(frozen=True, slots=True)
class Said:
    """One statement of a row, or of a message, ready for `hear` or `hear_of_debt`."""

    action: Action
    word: Word
    until: date | None = None


class LookedInto(NamedTuple):
    """Until when a person looks into a message, and the id of the case that it opened, or would have."""

    until: datetime
    case: str = ""


class Touch(NamedTuple):
    """A call or a visit that somebody made elsewhere."""

    at: datetime
    action: Action


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """All that was said of a borrower. Of `consent` the stop is a "no" and the lift a "yes"; `phone`,
    `second_phone` and `channel` are the last word on each; a `dispute` is of all debts. `unreachable` is what
    WhatsApp told of phones, by their references: that one cannot be reached (the text is Meta's code), and that a
    message arrived there. `stopped_phones` are those whose owners asked us to stop, by their references, and when:
    a stop of theirs holds at that phone alone, until a later opt-in. `looked_into` are the messages that a person
    looks into. `tagged` are tags that somebody, or a reply, gave the borrower (the stop) or took away."""

    opt_out: Mark = Mark()
    consent: Mark = Mark()
    wrong_number: Mark = Mark()
    dispute: Mark = Mark()
    hold: Mark = Mark()
    phone: Word | None = None
    second_phone: Word | None = None
    channel: Word | None = None
    touches: frozenset[Touch] = frozenset()
    promises: frozenset[Promise] = frozenset()
    erased: Word | None = None
    unreachable: Mapping[str, Mark] = field(default_factory=dict[str, Mark])
    stopped_phones: Mapping[str, datetime] = field(default_factory=dict[str, datetime])
    looked_into: frozenset[LookedInto] = frozenset()
    tagged: Mapping[str, Mark] = field(default_factory=dict[str, Mark])

    @property
    def tags(self) -> tuple[str, ...]:
        return tuple(sorted(tag for tag, mark in self.tagged.items() if mark.stands))

    @property
    def agreed(self) -> Word | None:
        """The last "yes" to reminders on WhatsApp, unless a "no" came with it or after it."""
        return None if self.consent.stands else self.consent.lifted

    def is_reached(self, phone_ref: str, told_at: datetime) -> bool:
        """Whether a phone that was told at that moment may be tried: only a later word brings back one that could
        not be reached. What arrived at the same moment has arrived."""
        mark = self.unreachable.get(phone_ref, Mark())
        if mark.stopped is None or (mark.lifted and mark.lifted.at >= mark.stopped.at):
            return True
        return told_at > mark.stopped.at

    @property
    def held_until(self) -> date | None:
        return self.hold.until

    @property
    def looked_into_until(self) -> datetime | None:
        return max((message.until for message in self.looked_into), default=None)

    @property
    def channel_name(self) -> str:
        return self.channel.text if self.channel else WHATSAPP


@dataclass(frozen=True, slots=True, kw_only=True)
class DebtStanding:
    """What was said of one debt. The text of the recall's word is its RecallKind."""

    recall: Mark = Mark()
    dispute: Mark = Mark()
    hold: Mark = Mark()
    promises: frozenset[Promise] = frozenset()

    @property
    def held_until(self) -> date | None:
        return self.hold.until


def hear(standing: Standing, action: Action, word: Word, until: date | None = None) -> Standing:
    """The borrower's standing after a row of a contacts/ file that names no debt. Raises ValueError for a hold
    or a promise without its day."""
    match action:
        case Action.OPT_OUT:
            return replace(standing, opt_out=standing.opt_out.stop(word))
        case Action.OPT_IN:
            return replace(standing, opt_out=standing.opt_out.lift(word))
        case Action.CONSENT:
            return replace(standing, consent=standing.consent.lift(word))
        case Action.NO_CONSENT:
            return replace(standing, consent=standing.consent.stop(word))
        case Action.WRONG_NUMBER:
            return replace(standing, wrong_number=standing.wrong_number.stop(word))
        case Action.PHONE:  # a new number is what lifts the mark of the old one
            lifted = standing.wrong_number.lift(word)
            return replace(standing, phone=_later(standing.phone, word), wrong_number=lifted)
        case Action.SECOND_PHONE:
            return replace(standing, second_phone=_later(standing.second_phone, word))
        case Action.CHANNEL:
            return replace(standing, channel=_later_channel(standing.channel, word))
        case Action.CALL | Action.VISIT:
            return replace(standing, touches=standing.touches | {Touch(word.at, action)})
        case Action.ERASE:
            return replace(standing, erased=_later(standing.erased, word))
        case Action.TAG | Action.UNTAG:
            return _tagged(standing, action, word)
        case _:
            return _hear_of_either(standing, action, word, until)


def _tagged(standing: Standing, action: Action, word: Word) -> Standing:
    """The word's text is the tag."""
    known, said = standing.tagged.get(word.text, Mark()), replace(word, text="")
    mark = known.stop(said) if action is Action.TAG else known.lift(said)
    if mark == Mark():
        return standing
    newest = sorted({**standing.tagged, word.text: mark}.items(), key=_last_said)[-MOST_TAGS:]
    return replace(standing, tagged=dict(newest))


def _last_said(tagged: tuple[str, Mark]) -> tuple[datetime, str]:
    tag, mark = tagged
    return max(word.at for word in (mark.stopped, mark.lifted) if word), tag


def not_reached(standing: Standing, phone_ref: str, word: Word) -> Standing:
    """WhatsApp says that this phone cannot be reached."""
    mark = standing.unreachable.get(phone_ref, Mark()).stop(word)
    return replace(standing, unreachable={**standing.unreachable, phone_ref: mark})


def reached(standing: Standing, phone_ref: str, word: Word) -> Standing:
    """A message arrived at this phone; `word` has a source."""
    mark = standing.unreachable.get(phone_ref, Mark()).lift(word)
    return replace(standing, unreachable={**standing.unreachable, phone_ref: mark})


def phones_stopped(standing: Standing, phone_refs: Iterable[str], at: datetime) -> Standing:
    """Whoever has one of these phones asked us to stop; the last moment counts."""
    known = standing.stopped_phones
    later = {ref: max(known.get(ref, at), at) for ref in phone_refs}
    return replace(standing, stopped_phones={**known, **later})


def looked_into(standing: Standing, until: datetime, case: str) -> Standing:
    """A person looks into what they told us; no reminder before `until`, to the second. Of many the last ones."""
    newest = sorted(standing.looked_into | {LookedInto(until.replace(microsecond=0), case)})[-MOST_LOOKED_INTO:]
    return replace(standing, looked_into=frozenset(newest))


def hear_of_debt(standing: DebtStanding, action: Action, word: Word, until: date | None = None) -> DebtStanding:
    """The debt's standing after a row of a contacts/ file that names it: disputes, holds and promises alone are of
    one debt. Raises ValueError for another action, or for a hold or a promise without its day."""
    return _hear_of_either(standing, action, word, until)


def _hear_of_either[S: (Standing, DebtStanding)](standing: S, action: Action, word: Word, until: date | None) -> S:
    """What may be said of a borrower, or of one debt (OF_ONE_DEBT)."""
    match action:
        case Action.DISPUTE:
            return replace(standing, dispute=standing.dispute.stop(word))
        case Action.RESOLVED:
            return replace(standing, dispute=standing.dispute.lift(word))
        case Action.HOLD:
            return replace(standing, hold=standing.hold.stop(_held(word, until)))
        case Action.RELEASE:
            return replace(standing, hold=standing.hold.lift(word))
        case Action.PROMISE:
            return replace(standing, promises=standing.promises | {_promised(word, until)})
        case _:
            raise ValueError(f"{action} is not of one debt")


def recall(standing: DebtStanding, kind: RecallKind, at: datetime, source: str) -> DebtStanding:
    """The creditor took the debt back. No snapshot brings it home, only `lift` does."""
    return replace(standing, recall=standing.recall.stop(Word(at, kind.value, source)))


def lift(standing: DebtStanding, at: datetime, source: str) -> DebtStanding:
    return replace(standing, recall=standing.recall.lift(Word(at, "", source)))


def _held(word: Word, until: date | None) -> Word:
    if until is None:
        raise ValueError("a hold has a last day")
    return replace(word, text="", until=until)


def _covers(one: Word, other: Word) -> bool:
    """Whether whatever ends the one ends the other too. Of a case's two words what takes back stays."""
    if one.case:
        return one.case == other.case and one.until < other.until
    return one.at >= other.at and one.until >= other.until and (bool(other.case) or one > other)


def _reach(stop: Word) -> tuple[bool, date, Word]:
    """What no case takes back reaches furthest."""
    return not stop.case, stop.until, stop


def _promised(word: Word, until: date | None) -> Promise:
    """The text of a promise's word is its amount, empty for all that is owed."""
    if until is None:
        raise ValueError("a promise has a day")
    return Promise(word.at, until, Decimal(word.text) if word.text else None, word.source)


def _later(known: Word | None, word: Word) -> Word:
    return max(known, word) if known else word


def _later_channel(known: Word | None, word: Word) -> Word:
    """At the same moment another channel wins over WhatsApp: it is the one that stops us."""

    def rank(said: Word) -> tuple[datetime, bool, Word]:
        return said.at, said.text != WHATSAPP, said

    return max(known, word, key=rank) if known else word
