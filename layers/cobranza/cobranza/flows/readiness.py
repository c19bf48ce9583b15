"""Whether the people of an import could be messaged as things are, and what keeps the others from it."""

from collections import Counter
from collections.abc import Collection, Container, Iterable, Sequence
from dataclasses import dataclass

from cobranza.flows.person import Person, answer_of, told_of
from cobranza.ledger.borrower import Borrower
from cobranza.policy import contact_rules
from cobranza.policy.due import StrategyOf
from cobranza.policy.portfolio import Portfolio
from cobranza.store.book import Book

type Found = tuple[Person, Borrower]


@dataclass(frozen=True, slots=True)
class Ready:
    """`rows` counts rows by the fields of files.results.Readiness; `no_consent` has the name and the number of
    rows of each borrower, by id, who may still be asked for consent."""

    rows: Counter[str]
    no_consent: dict[str, tuple[str, int]]


@dataclass(frozen=True, slots=True)
class Judge:
    """`templates` are the (name, language) that exist."""

    book: Book
    strategy_of: StrategyOf
    templates: Collection[tuple[str, str]]

    def judge(self, found: Iterable[Found], heard: Container[str], portfolio: Portfolio | None) -> Ready:
        """What files tell of most people is all there is; those `heard` may have said something else since."""
        found = list(found)
        exact = self.book.people(person.ref for person, _ in found if person.ref in heard)
        languages = self.languages(portfolio) if portfolio else frozenset[str]()
        rows: Counter[str] = Counter()
        no_consent: dict[str, tuple[str, int]] = {}
        for person, told in found:
            somebody = exact.get(person.ref, told)
            rows[readiness_of(somebody, portfolio, languages)] += len(person.rows)
            if somebody.consent is None and not somebody.opted_out_at:
                no_consent[person.last.borrower_id] = (somebody.name, len(person.rows))
        return Ready(rows, no_consent)

    def as_known(self, people: Sequence[Person], heard: Container[str]) -> list[Found]:
        """People whose rows change nothing; of those `heard` only what their rows tell."""
        silent = (p.ref for p in people if not (p.last.phone and answer_of(p.rows).consent_declared))
        known = self.book.people(ref for ref in silent if ref not in heard)
        return [(p, known.get(p.ref) or told_of(p, answer_of(p.rows).consent)) for p in people]

    def languages(self, portfolio: Portfolio) -> frozenset[str]:
        """Those in which there is each template that the portfolio's strategy may use."""
        needed = self.strategy_of(portfolio.portfolio_id).templates
        spoken = {language for _, language in self.templates}
        return frozenset(one for one in spoken if all((name, one) in self.templates for name in needed))


def readiness_of(person: Borrower, portfolio: Portfolio | None, languages: Container[str]) -> str:
    """The field of files.results.Readiness that a borrower counts in."""
    if portfolio is None:
        return "no_portfolio"
    if not person.phone or person.wrong_number or person.unreachable:
        return "bad_phone"
    if person.consent is None or person.opted_out_at:
        return "no_consent"
    rules = contact_rules.rules_for(person.country)
    if rules is None or not rules.allows_messages or person.country not in portfolio.countries:
        return "country_off"
    return "messageable" if portfolio.template_language(person.language) in languages else "no_template"
