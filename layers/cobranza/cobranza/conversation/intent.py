"""What a borrower means: the phrases that are in a text, and which of them counts most.

Nothing is guessed and nothing learnt: a phrase of `phrases/*.yaml` is there or is not, the longer one hides those
inside it, and a meaning tells the words that decided it. docs/conversation.md tells it to people.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from itertools import islice, pairwise, takewhile

from cobranza.conversation.amounts import amount_said
from cobranza.conversation.dates import Told, days_told
from cobranza.conversation.phrases import NOTHING, POLITE, Phrase, When, phrases
from cobranza.conversation.words import readable, words_of


class Intent(StrEnum):
    """In the order in which they count where a text says several. First what must never be overheard; a payment
    before a promise. Then what a person has to hear, how somebody wants to be reached, and what a machine can
    answer. START is late: a stop that was not lifted can be lifted still. HELP and THANKS count alone.
    """

    STOP = "STOP"
    WRONG_PERSON = "WRONG_PERSON"
    DECEASED = "DECEASED"
    DISPUTE = "DISPUTE"
    PAID = "PAID"
    PROMISE = "PROMISE"
    COMPLAINT = "COMPLAINT"
    PERSON = "PERSON"
    PROBLEM = "PROBLEM"
    CHANNEL = "CHANNEL"
    STATUS = "STATUS"
    PAY = "PAY"
    BALANCE = "BALANCE"
    START = "START"
    CANCEL_ASK = "CANCEL_ASK"
    RIGHT_PERSON = "RIGHT_PERSON"
    HELP = "HELP"
    THANKS = "THANKS"
    UNKNOWN = "UNKNOWN"


_RANK = {intent: rank for rank, intent in enumerate(Intent)}
_ALONE_ONLY = frozenset({Intent.HELP, Intent.THANKS})
# What must not be lost beside the intent that counts: its words, its case.
NEVER_LOST = frozenset(
    {
        Intent.WRONG_PERSON,
        Intent.DECEASED,
        Intent.DISPUTE,
        Intent.COMPLAINT,
        Intent.PERSON,
        Intent.PROBLEM,
        Intent.CHANNEL,
    }
)


@dataclass(frozen=True, slots=True)
class Because:
    """The words, as they were written, that say an intent."""

    intent: Intent
    words: str


@dataclass(frozen=True, slots=True)
class Meaning:
    """`because` has one entry for each intent found, the one that counts first; it is empty for UNKNOWN. `day` and
    `amount` (as it was written, "" where none was) are those of a promise."""

    because: tuple[Because, ...] = ()
    day: date | None = None
    amount: str = ""

    @property
    def intent(self) -> Intent:
        return self.because[0].intent if self.because else Intent.UNKNOWN

    @property
    def others(self) -> tuple[Intent, ...]:
        return tuple(each.intent for each in self.because[1:])

    @property
    def must_be_heard(self) -> bool:
        """Whether it counts also where it is written below a picture or a file."""
        return self.intent is Intent.STOP or not NEVER_LOST.isdisjoint(each.intent for each in self.because)


def understand(text: str, today: date, language: str = "") -> Meaning:
    """The meaning of a message's text; its first 4,096 characters (WhatsApp's limit) are read.

    `today` is the borrower's local date; `language` ("es", "pt", "en", also "es_AR") says who is right where two
    languages disagree: "cancelei" is no payment, "cancelé" is one.
    """
    return _Reading(readable(text), today, language[:2].lower()).meaning()


class _Reading:
    """One text while it is read. Everything is looked up by place, so that the work grows with the text alone."""

    def __init__(self, text: str, today: date, language: str) -> None:
        known = phrases()
        self._text = text
        self._words = words_of(text, known.short)
        self._links = known.links
        self._days = days_told(self._words, today, language)
        self._asking = {word.sentence for word in self._words if word.asks}
        self._clauses = _ranges(word.clause for word in self._words)
        self._sentences = _ranges(word.sentence for word in self._words)
        found = _of_its_language(list(known.found(self._words)), language or "es")
        self._begin = {each.first for each in found if each.means != NOTHING and each.when is not When.ALONE}
        self._polite = {place for place, word in enumerate(self._words) if word.sound in known.small}
        self._polite |= _places(each for each in found if each.means == POLITE)
        self._phrases = _unhidden([each for each in found if each.means != POLITE and self._may_count(each)])

    def meaning(self) -> Meaning:
        by_intent: dict[Intent, Phrase] = {}
        promises: list[Phrase] = []
        for phrase in self._counting():
            intent = self._intent(phrase)
            by_intent.setdefault(intent, phrase)
            promises += [phrase] if intent is Intent.PROMISE else []
        ranked = sorted(by_intent, key=lambda intent: _RANK[intent])
        if Intent.CANCEL_ASK in by_intent and _same_words(by_intent, Intent.CANCEL_ASK, Intent.PAY):
            ranked.remove(Intent.PAY)
        ranked = [each for each in ranked if each not in _ALONE_ONLY] or ranked
        because = tuple(Because(intent, self._written(by_intent[intent])) for intent in ranked)
        if not because and (only := self._only_a_day()):
            return Meaning((Because(Intent.PROMISE, self._text.strip()),), only)
        if Intent.PROMISE not in ranked:
            return Meaning(because)
        days = filter(None, map(self._day_of, promises))  # "me pagan el viernes y le pago el sábado"
        # "Ya pagué 500, el resto el viernes": what was said to be paid is not promised.
        amount = "" if Intent.PAID in ranked else amount_said(self._sentence_of(promises[0]))
        return Meaning(because, max(days, default=None), amount)

    def _intent(self, phrase: Phrase) -> Intent:
        """Who only asks whether they have paid wants to know what became of the payment."""
        clause = self._clauses[self._words[phrase.last].clause]
        told = {*_span(phrase), *self._polite, *_places(self._days)}
        if phrase.means == Intent.PAID and self._words[phrase.last].asks and told.issuperset(clause):
            return Intent.STATUS
        return Intent(phrase.means)

    def _may_count(self, phrase: Phrase) -> bool:
        if phrase.means == Intent.START and self._is_refused(phrase):
            return False
        match phrase.when:
            case When.ENDING:
                return self._ends(phrase)
            case When.DATED:
                return not self._is_condition(phrase) and any(not told.is_over for told in self._days_near(phrase))
            case When.CLAUSE:
                clause = self._clauses[self._words[phrase.first].clause]
                return all(place in self._polite or place in _span(phrase) for place in clause)
            case When.PAST:
                return any(told.is_over for told in self._days_near(phrase))
            case _:
                return True

    def _is_refused(self, phrase: Phrase) -> bool:
        """ "No quiero recibir avisos" is no new consent, nor is "¿quiero recibir avisos?"; "¿me pueden volver a
        escribir?" is one."""
        clause = [self._words[place].sound for place in self._clauses[self._words[phrase.first].clause]]
        before = clause[: phrase.first - self._clauses[self._words[phrase.first].clause].start]
        asks = self._words[phrase.first].asks and _CAN.isdisjoint(clause)
        return asks or not _NOT.isdisjoint(before)

    def _ends(self, phrase: Phrase) -> bool:
        """Nothing follows in its clause but politeness, a known phrase or a linking word."""
        for place in range(phrase.last + 1, self._clauses[self._words[phrase.last].clause].stop):
            if place in self._begin or self._words[place].sound in self._links:
                return True
            if place not in self._polite:
                return False
        return True

    def _is_condition(self, phrase: Phrase) -> bool:
        """ "Si pago el viernes, ¿me quitan el recargo?" promises nothing."""
        word = self._words[phrase.first]
        begin = self._clauses[word.clause].start
        return word.sentence in self._asking and self._words[begin].sound in _IF

    def _counting(self) -> Iterator[Phrase]:
        """Those that mean something here, in the order of the text."""
        sure = self._polite | _places(
            each for each in self._phrases if each.means != NOTHING and each.when is not When.ALONE
        )
        said: dict[str, set[int]] = defaultdict(set)
        for each in self._phrases:
            if each.when is When.ALONE:
                said[each.means] |= set(_span(each))
        all_known = sure.union(*said.values()).issuperset(range(len(self._words)))
        stand: dict[tuple[str, int], bool] = {}
        for each in self._phrases:
            if each.when is When.ALONE:
                word = self._words[each.first]
                key = each.means, word.clause if all_known else word.sentence
                if key not in stand:
                    stand[key] = self._stands_alone(each, said[each.means], sure, all_known=all_known)
                if stand[key]:
                    yield each
            elif each.means != NOTHING:
                yield each

    def _stands_alone(self, phrase: Phrase, said: set[int], sure: set[int], *, all_known: bool) -> bool:
        """It is a whole sentence, with others that mean the same; or, in a text of which every word is known, a
        clause, with others that count wherever they stand."""
        word = self._words[phrase.first]
        if all_known:
            return all(place in said or place in sure for place in self._clauses[word.clause])
        if word.sentence in self._asking:
            return False
        return all(place in said or place in self._polite for place in self._sentences[word.sentence])

    def _days_near(self, phrase: Phrase) -> list[Told]:
        """Those of its clause, else of its sentence."""
        word = self._words[phrase.last]
        for places in (self._clauses[word.clause], self._sentences[word.sentence]):
            if near := self._days_within(places):
                return near
        return []

    def _days_within(self, places: range) -> list[Told]:
        begin = bisect_left(self._days, places.start, key=lambda told: told.first)
        within = takewhile(lambda told: told.first < places.stop, islice(self._days, begin, None))
        return [told for told in within if not self._is_denied(told)]

    def _day_of(self, promise: Phrase) -> date | None:
        """The first that follows the promise, else the last before it, else one that begins the next sentence."""
        near = [told for told in self._days_near(promise) if told.day]
        after = [told for told in near if told.first >= promise.first] or near[-1:]
        if not after:
            following = self._sentences.get(self._words[promise.last].sentence + 1, range(0))
            after = [told for told in self._days_within(following)[:1] if told.first <= following.start + 1]
        return self._chosen(after)

    def _only_a_day(self) -> date | None:
        """The day, where the text is nothing else: who answers a reminder with "el viernes" says when they pay."""
        rest = set(range(len(self._words))) - _places(self._days) - self._polite
        if self._asking or any(self._words[place].sound not in _UNTIL for place in rest):
            return None
        return self._chosen([told for told in self._days_within(range(len(self._words))) if told.day])

    def _chosen(self, days: list[Told]) -> date | None:
        """The first; of "lunes o martes" the later, and of "entre el 15 y el 20" the one that is told last."""
        if len(days) < 2 or not (joined := self._joined(*days[:2])):
            return days[0].day if days else None
        those = [told.day for told in days[:2] if told.day]
        return max(those) if joined == "or" else those[-1]

    def _is_denied(self, told: Told) -> bool:
        """ "No el viernes", "el viernes no", "el viernes no puedo"; "no dia 5" is Portuguese for on the fifth."""
        clause = self._clauses[self._words[told.last].clause]
        before = [word.sound for word in self._words[max(told.first - 2, clause.start) : told.first + 1]]
        after = [word.sound for word in self._words[told.last + 1 : clause.stop]][:2]
        if any(pair[0] == "no" and pair[1] in _ARTICLES for pair in pairwise(before)):
            return True
        return bool(after) and after[0] in _NOT and (len(after) == 1 or after[1] in _ABLE)

    def _joined(self, one: Told, other: Told) -> str:
        """ "or" and "to" by what stands between them; empty where they are about two things."""
        between = {word.sound for word in self._words[one.last + 1 : other.first]}
        if not between <= _OR | _TO | _ARTICLES | _UNTIL | {"mas"}:
            return ""
        return "or" if not between.isdisjoint(_OR) else "to" if not between or not between.isdisjoint(_TO) else ""

    def _sentence_of(self, phrase: Phrase) -> str:
        places = self._sentences[self._words[phrase.first].sentence]
        return self._text[self._words[places.start].start : self._words[places.stop - 1].end + 1]

    def _written(self, phrase: Phrase) -> str:
        return self._text[self._words[phrase.first].start : self._words[phrase.last].end]


_IF = frozenset({"si", "se", "if"})
_OR = frozenset({"o", "ou", "or"})
_TO = frozenset({"y", "e", "and", "a", "al", "ao", "to", "tardar"})
_ARTICLES = frozenset({"el", "este", "the", "la"})
_ABLE = frozenset({"puedo", "podre", "puede", "alkanso", "poso", "konsigo", "kan"})
_NOT = frozenset({"no", "nao", "nunka", "jamas", "jamais", "ni", "nem", "not", "neber", "tampoko", "sin", "sem"})
_CAN = frozenset({"pueden", "puede", "podrian", "podria", "puedes", "podem", "pode", "poderia", "kan", "kould"})
_UNTIL = frozenset(
    {
        "mejor",
        "melor",
        "beter",
        "para",
        "asta",
        "por",
        "antes",
        "del",
        "ate",
        "by",
        "until",
        "on",
        "em",
        "no",
        "na",
        "de",
        "sin",
    }
)


def _same_words(found: dict[Intent, Phrase], one: Intent, other: Intent) -> bool:
    return other in found and _span(found[one]) == _span(found[other])


def _span(each: Phrase | Told) -> range:
    return range(each.first, each.last + 1)


def _places(those: Iterable[Phrase] | Iterable[Told]) -> set[int]:
    return {place for each in those for place in _span(each)}


def _ranges(numbers: Iterable[int]) -> dict[int, range]:
    """Where each number stands, given in order: [4, 4, 7] is {4: range(0, 2), 7: range(2, 3)}."""
    ranges: dict[int, range] = {}
    for place, number in enumerate(numbers):
        ranges[number] = range(ranges[number].start if number in ranges else place, place + 1)
    return ranges


def _of_its_language(found: list[Phrase], language: str) -> list[Phrase]:
    """Where the same words mean something in two languages, what they mean in the borrower's."""
    own = {(each.first, each.last) for each in found if each.language == language and each.means != POLITE}
    return [each for each in found if each.language == language or (each.first, each.last) not in own]


def _unhidden(found: list[Phrase]) -> list[Phrase]:
    """Those inside no longer one, and not begun inside one that means nothing ("no dejen de mandar mensajes"). One
    that must be alone hides nothing; it and a stop give way to one of the same words that means nothing."""
    kept: list[Phrase] = []
    longest, negated = (-1, -1), (-1, -1)
    for each in sorted(found, key=lambda each: (each.first, -each.last, each.means != NOTHING)):
        first, last = each.first, each.last
        if first > negated[0] and first <= negated[1]:
            continue
        if last < longest[1] or (last == longest[1] and first > longest[0]):
            continue
        if each.when in (When.ALONE, When.CLAUSE):
            kept += [each] if (first, last) != negated else []
            continue
        if each.means == Intent.STOP and (first, last) == negated:
            continue
        kept.append(each)
        longest = (first, last)
        if each.means == NOTHING:
            negated = (first, last)
    return kept
